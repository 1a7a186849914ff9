"""Site: what a chart's values may know of the cluster they are for. Pure; late values are handed through and never read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mirror:
    """One registry that holds a copy of every image and chart."""

    registry: str
    """Host and prefix; an image lies at `<registry>/<its own host>/<its path>`."""
    charts: str
    """OCI folder of the charts; a chart lies at `<charts>/<name>`."""


@dataclass(frozen=True, slots=True)
class Site:
    """The cluster an add-on is installed into."""

    environment: str
    """Name of the environment; a label, never a condition."""
    cluster_name: Any
    region: Any
    vpc_id: Any
    replicas: int
    """Replicas of a controller: 2 or more where high availability is wanted, else 1."""
    domain: str | None = None
    mirror: Mirror | None = None
    monitors: bool = True
    """Whether ServiceMonitor and PodMonitor kinds exist, so that charts may make them."""
    priority_class: Any = None
    """PriorityClass of platform pods. None: the charts' own choice."""
    node_selector: Mapping[str, str] | None = None
    """Labels of the nodes that platform pods run on. None: any node."""
    tolerations: Sequence[Mapping[str, str]] = ({"key": "CriticalAddonsOnly", "operator": "Exists"},)
    """Tolerations of platform pods."""

    @property
    def highly_available(self) -> bool:
        """Whether more than one replica runs, so that disruption budgets and spread make sense."""
        return self.replicas > 1
