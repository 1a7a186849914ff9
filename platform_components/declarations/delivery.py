"""DeliverySettings: the `delivery` section of an environment: what brings changes into its cluster. One field per capability."""

from typing import Self

from pydantic import Field, model_validator

from platform_components.admission.signature_args import SignedImagesSettings
from platform_components.args import Args
from platform_components.ci.args import CiSettings
from platform_components.delivery.progressive_args import ProgressiveSettings
from platform_components.delivery.registry_args import ArtifactRegistrySettings


class DeliverySettings(Args):
    """What brings changes into the cluster."""

    ci: CiSettings | None = Field(default=None, description="Runners of CI jobs; see the page of CiRunners. Omitted: none.")
    progressive: ProgressiveSettings | None = Field(
        default=None, description="How releases of teams come in; see the page of ProgressiveDelivery. Omitted: all at once, at any time."
    )
    registry: ArtifactRegistrySettings | None = Field(
        default=None,
        description="The registry of the environment's account, which an account has once in a region; see the page of ArtifactRegistry. "
        "Omitted: it is another's.",
    )
    signed_images: SignedImagesSettings | None = Field(
        default=None, description="That nothing unsigned runs; see the page of SignedImages. Omitted: nobody asks for signatures."
    )

    @model_validator(mode="after")
    def _signatures_have_a_key(self) -> Self:
        own = self.registry is not None and self.registry.signing
        if self.signed_images is not None and not own and not self.signed_images.public_keys:
            raise ValueError("signed_images has no key to ask for; declare a registry that signs, or name public_keys")
        return self
