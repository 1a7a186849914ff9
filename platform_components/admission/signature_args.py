"""What SignedImages is given, and what an environment may say of it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from platform_components.admission.args import NamespaceName, Registry
from platform_components.admission.policy import Mode
from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs

KeyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,29}$")]
PublicKey = Annotated[str, StringConstraints(pattern=r"^-----BEGIN PUBLIC KEY-----\n")]


class SignatureRules(Args):
    """What is asked of images."""

    mode: Mode = Field(
        default=Mode.ENFORCE,
        description="Whether an image without a signature is refused, or admitted with a warning and a note in the audit log; disabled "
        "installs the verifier and no rule. Omitted: enforce.",
    )
    exempt_namespaces: tuple[NamespaceName, ...] = Field(
        default=(),
        description="Namespaces in which nothing is asked, beside kube-system, Kyverno's own and, in the delivery layer, those of the "
        "add-ons. Omitted: none.",
    )


class SignedImagesSettings(SignatureRules):
    """What an environment says of signatures."""

    public_keys: Mapping[KeyName, PublicKey] = Field(
        default={},
        description="Public keys in PEM, by names of your own, of registries elsewhere. Omitted: only that of the environment's registry, "
        "which is called `registry`.",
    )
    unsigned: tuple[Registry, ...] = Field(
        default=(),
        description="Registries, with or without a path, whose images need no signature, such as that of a cache. Omitted: none.",
    )


class SignedImagesArgs(SignatureRules, InstallationArgs):
    """Verification of images in one cluster."""

    public_keys: Mapping[KeyName, Late[PublicKey]] = Field(
        min_length=1,
        description="Public keys in PEM by names of your own (letters and digits): `ArtifactRegistry.signing_public_key`. One of them has "
        "to have signed; give the old and the new one while a key is replaced. Required.",
    )
    unsigned: Late[Sequence[Registry]] = Field(
        default=(),
        description="Registries, with or without a path, whose images need no signature, such as that of a cache. Omitted: none.",
    )
