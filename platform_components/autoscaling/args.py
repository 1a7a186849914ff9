"""What Autoscaling is given."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.cluster.node_pools.args import KarpenterPoolsArgs
from platform_components.profile import Profile

PRIORITY_MAX = 1_000_000_000
"""Highest value of a user's PriorityClass (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/)."""


def _not_of_kubernetes(name: str) -> str:
    if name.startswith("system-"):
        raise PydanticCustomError(
            "priority", "{message}", {"message": f"{name}: names that begin with system- are Kubernetes' own; choose another"}
        )
    return name


ClassName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"), AfterValidator(_not_of_kubernetes)]
"""Name of a PriorityClass."""


class Priority(Args):
    """A PriorityClass."""

    value: int = Field(
        ge=-PRIORITY_MAX, le=PRIORITY_MAX, description="Who goes first where there is no room for all; higher wins. Required."
    )
    preempts: bool = Field(default=True, description="Whether its pods may push others out. Omitted: yes.")
    description: str = Field(min_length=1, description="What it is for. Required.")


PRIORITIES: Mapping[str, Priority] = {
    "platform": Priority(value=900_000_000, description="What the platform itself runs: without it nothing else works."),
    "production": Priority(value=100_000, description="Services that serve users."),
    "standard": Priority(value=1_000, description="What names no class: everything else that is wanted now."),
    "batch": Priority(
        value=-1_000, preempts=False, description="Work that can wait: takes room that is left, and gives it up to everybody."
    ),
}
"""The platform's classes; an environment may add to them."""

DEFAULT_CLASS = "standard"


class AutoscalingSettings(Args):
    """Autoscaling, as an environment file declares it. Add-ons are switched under `addons`."""

    priorities: Mapping[ClassName, Priority] = Field(
        default=PRIORITIES, description="PriorityClasses of the cluster, by name. Omitted: platform, production, standard and batch."
    )


class KarpenterController(Args):
    """Karpenter's controller and its pools, where this layer installs them."""

    pools: KarpenterPoolsArgs = Field(description="The pools, and what their nodes stand on. Required.")
    interruption_queue_name: Late[str] = Field(description="`EksCluster.karpenter_queue_name`. Required.")
    namespace: str = Field(
        default="kube-system", description="Namespace of the controller; its identity is bound to it. Omitted: kube-system."
    )
    service_account: str = Field(default="karpenter", description="Service account of the controller. Omitted: karpenter.")


class AutoscalingArgs(AutoscalingSettings, InstallationArgs):
    """Autoscaling in one cluster."""

    karpenter: KarpenterController | None = Field(
        default=None,
        description="Karpenter's controller and pools. Omitted: none here; the cluster's own layer has them, or Auto Mode does.",
    )


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {Profile.DEV: {}, Profile.PRODUCTION: {}, Profile.REGULATED: {}}
"""A profile's values where they differ from the fields' own defaults. YAML form."""
