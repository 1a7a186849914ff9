"""DeliverySettings: the `delivery` section of an environment: what brings changes into its cluster. One field per capability."""

from pydantic import Field

from platform_components.args import Args
from platform_components.ci.args import CiSettings


class DeliverySettings(Args):
    """What brings changes into the cluster."""

    ci: CiSettings | None = Field(default=None, description="Runners of CI jobs; see the page of CiRunners. Omitted: none.")
