"""What Ingress is given."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.profile import Profile


class Firewall(Args):
    """A web application firewall in front of what is public."""

    requests_per_five_minutes: int = Field(
        default=2000, ge=10, le=2_000_000_000, description="Most requests of one address in five minutes; more are refused. Omitted: 2,000."
    )
    mode: Literal["block", "count"] = Field(
        default="block", description="Whether what a rule matches is refused, or only counted. Omitted: block."
    )


class IngressSettings(Args):
    """Ways in, as an environment file declares them."""

    records: Literal["upsert-only", "sync"] = Field(
        default="upsert-only",
        description="Whether records of names that are gone are left (`upsert-only`) or deleted (`sync`). Omitted: left.",
    )
    firewall: Firewall | None = Field(
        default=Firewall(), description="Firewall in front of public load balancers. Omitted: blocks. null: none."
    )


class IngressArgs(IngressSettings, InstallationArgs):
    """Ways into one cluster."""

    zones: Mapping[str, Late[str]] = Field(
        default={}, description="Route 53 zone ids by domain, where names are written. Omitted: no names."
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of load balancers and firewall. Omitted: only the library's own.")


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # A firewall costs by the month whether anybody comes or not.
    Profile.DEV: {"firewall": None},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {},
}
"""A profile's values where they differ from the fields' own defaults. YAML form."""
