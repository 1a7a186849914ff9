"""What Certificates is given."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.profile import Profile


class AcmeIssuer(Args):
    """Certificates of a public authority, by a DNS record in the environment's zone (DNS-01): works for wildcards and private endpoints."""

    kind: Literal["acme"] = Field(description="`acme`: a public authority such as Let's Encrypt.")
    server: str = Field(
        default="https://acme-v02.api.letsencrypt.org/directory",
        pattern=r"^https://\S+$",
        description="Directory of the authority. Omitted: Let's Encrypt's production service.",
    )
    email: str | None = Field(
        default=None, pattern=r"^[^@\s]+@[^@\s]+$", description="Address the authority warns before a certificate expires. Omitted: none."
    )


class PrivateCaIssuer(Args):
    """Certificates of an AWS Private CA: trusted where its root is installed."""

    kind: Literal["acm-pca"] = Field(description="`acm-pca`: an authority of AWS Private CA.")
    arn: str = Field(
        pattern=r"^arn:[a-z-]+:acm-pca:[a-z0-9-]+:[0-9]{12}:certificate-authority/[0-9a-f-]+$",
        description="ARN of the authority. Required.",
    )


class InternalIssuer(Args):
    """Certificates of the platform's own authority: browsers warn, services that trust the platform's bundle do not."""

    kind: Literal["internal"] = Field(description="`internal`: the platform's own certificate authority.")


Issuer = Annotated[AcmeIssuer | PrivateCaIssuer | InternalIssuer, Field(discriminator="kind")]
"""Who signs certificates of public names."""


class CertificatesSettings(Args):
    """Certificates, as an environment file declares them."""

    issuer: Issuer | None = Field(
        default=None,
        description="Who signs the certificates of public names. Omitted: Let's Encrypt where there is a zone, else the platform itself.",
    )
    root_years: int = Field(
        default=10, ge=2, le=30, description="Lifetime of the platform's own root, in years; it renews in its last. Omitted: 10."
    )


class CertificatesArgs(CertificatesSettings, InstallationArgs):
    """Certificates in one cluster."""

    zones: Mapping[str, Late[str]] = Field(
        default={}, description="Route 53 zone ids by domain, for issuer acme: those, and no others, may be changed. Omitted: none."
    )

    def chosen(self) -> AcmeIssuer | PrivateCaIssuer | InternalIssuer:
        """Who signs: what was chosen, else what the zones allow."""
        if self.issuer is not None:
            return self.issuer
        return AcmeIssuer(kind="acme") if self.zones else InternalIssuer(kind="internal")

    @model_validator(mode="after")
    def _issuer_can(self) -> "CertificatesArgs":
        problems = list(issuer_problems(self.issuer, self.zones))
        if problems:
            raise ValueError("; ".join(problems))
        return self


def issuer_problems(issuer: AcmeIssuer | PrivateCaIssuer | InternalIssuer | None, zones: Mapping[str, Any]) -> Iterator[str]:
    """What an issuer lacks."""
    if isinstance(issuer, AcmeIssuer) and not zones:
        yield "issuer acme proves names by DNS records and needs a Route 53 zone; give zones, or choose issuer internal or acm-pca"


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    Profile.DEV: {"issuer": {"kind": "internal"}},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {},
}
"""A profile's values where they differ from the fields' own defaults. YAML form."""
