"""What an environment may say of its add-ons, and what an AddonRelease is given."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from platform_components.args import Args, Late
from platform_components.charts.addon import Addon
from platform_components.charts.records import ADDONS
from platform_components.charts.site import Mirror, Site
from platform_components.identity.args import ClusterRef
from platform_components.observability.alerts import RUNBOOKS, Links, grafana_address


def _known(name: str) -> str:
    if name not in ADDONS:
        raise PydanticCustomError("addon", "{message}", {"message": f"there is no add-on {name!r}; choose from {', '.join(ADDONS)}"})
    return name


AddonName = Annotated[str, AfterValidator(_known)]
"""Name of an add-on of the catalogue."""


class MirrorSettings(Args):
    """One registry that holds a copy of every image and chart, for clusters that reach no other."""

    registry: str = Field(
        pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$",
        description="Host and prefix, such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror. An image lies at "
        "<registry>/<its own host>/<its path>. Required.",
    )
    charts: str | None = Field(
        default=None,
        pattern=r"^oci://[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$",
        description="OCI folder of the charts, where a chart lies at <charts>/<name>. Omitted: oci://<registry>/charts.",
    )

    def mirror(self) -> Mirror:
        """As values builders take it."""
        return Mirror(self.registry, self.charts or f"oci://{self.registry}/charts")


class AddonSettings(Args):
    """What differs from an add-on's record, in one environment."""

    enabled: bool | None = Field(default=None, description="Whether it is installed. Omitted: as its record says.")
    version: str | None = Field(
        default=None,
        description="Version of the chart, to hold it back or try it ahead of its record. Omitted: the record's, which is tested.",
    )
    values: Mapping[str, Any] = Field(
        default={}, description="Helm values laid over those of the platform, key by key; unchecked. Omitted: none."
    )


class InstallationArgs(Args):
    """What every component that installs charts is told of the cluster around it."""

    cluster: ClusterRef = Field(description="The cluster: `EksCluster.ref()`, or values of one built elsewhere. Required.")
    environment: str = Field(description="Name of the environment, for labels. Required.")
    region: Late[str] = Field(description="AWS region of the cluster. Required.")
    vpc_id: Late[str] = Field(description="Id of the cluster's VPC. Required.")
    replicas: int = Field(default=2, ge=1, description="Replicas of every controller. Omitted: 2.")
    domain: str | None = Field(default=None, description="DNS domain of the environment. Omitted: none.")
    mirror: MirrorSettings | None = Field(default=None, description="Registry to take images and charts from. Omitted: each from its own.")
    addons: Mapping[AddonName, AddonSettings] = Field(default={}, description="What differs from an add-on's record. Omitted: nothing.")
    monitors: bool = Field(default=True, description="Whether the kinds of the Prometheus operator exist. Omitted: yes.")
    runbooks: str = Field(
        default=RUNBOOKS,
        min_length=1,
        description="Address under which the runbooks of alerts lie. Omitted: their path in this repository.",
    )
    dashboards: str | None = Field(default=None, description="Address of Grafana, for links of alerts. Omitted: grafana.<domain>.")
    priority_class: Late[str | None] = Field(
        default=None,
        description="PriorityClass of the add-ons' pods, which has to be there: `PriorityClasses.platform_class`. Charts that bring a "
        "class of Kubernetes' own keep it. Omitted: none is named.",
    )

    @property
    def links(self) -> Links:
        """Where alerts send people."""
        return Links(self.runbooks, self.dashboards or grafana_address(self.domain))

    def site(self) -> Site:
        """As values builders take it."""
        return Site(
            environment=self.environment,
            cluster_name=self.cluster.name,
            region=self.region,
            vpc_id=self.vpc_id,
            replicas=self.replicas,
            domain=self.domain,
            mirror=self.mirror.mirror() if self.mirror else None,
            monitors=self.monitors,
            priority_class=self.priority_class,
        )

    def enabled(self, addon: Addon) -> bool:
        """Whether an add-on is installed: as its record says, unless the environment says otherwise."""
        own = self.addons.get(addon.name, AddonSettings())
        return own.enabled if own.enabled is not None else not addon.optional


class AddonReleaseArgs(InstallationArgs):
    """One add-on of the catalogue in one cluster."""

    addon: AddonName = Field(description="Name in the catalogue (`platformctl addons list`). Required.")


def range_problems(version: str, settings: Mapping[str, AddonSettings], chosen: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Add-ons whose range leaves a Kubernetes version out, with the reason; those that are switched off may.

    Args:
        version: Kubernetes version of the cluster.
        settings: what the environment says of its add-ons.
        chosen: optional add-ons that something else in the environment brings.
    """
    for name, addon in ADDONS.items():
        own = settings.get(name, AddonSettings())
        wanted = own.enabled if own.enabled is not None else not addon.optional
        if (wanted or name in chosen) and (problem := addon.kubernetes.problem(version)):
            yield name, f"{addon.name} {own.version or addon.version} {problem}; hold the cluster back, or bump the add-on"
