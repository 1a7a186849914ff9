"""Custom resources of a component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.component import PlatformComponent
from platform_components.names import child_name


@dataclass(frozen=True, slots=True)
class CustomResources:
    """What one component makes of kinds that a chart brings; under fixed names, for others refer to them by these."""

    component: PlatformComponent
    name: str
    """The component's own name."""
    namespace: pulumi.Input[str] | None = None
    """Where they lie unless another is named; None for kinds that lie in none."""

    def create(  # noqa: PLR0913 -- one for each part of an object
        self,
        role: str,
        api_version: str,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        after: Sequence[pulumi.Resource] = (),
        *,
        namespace: pulumi.Input[str] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        others_write: Sequence[str] = (),
    ) -> k8s.apiextensions.CustomResource:
        """Create one.

        Args:
            role: what the component calls it.
            api_version: group and version.
            kind: its kind.
            name: its name in the cluster.
            spec: its content.
            after: what has to be there first, and on destroy goes later.
            namespace: where it lies, if elsewhere.
            labels: its labels.
            annotations: its annotations.
            others_write: paths of what a controller writes later, and an `up` leaves as it is.
        """
        place = self.namespace if namespace is None else namespace
        metadata = {"name": name, "namespace": place, "labels": labels, "annotations": annotations}
        return k8s.apiextensions.CustomResource(
            child_name(self.name, role),
            api_version=api_version,
            kind=kind,
            metadata={key: value for key, value in metadata.items() if value is not None},
            spec=spec,
            opts=self.component.child_options(depends_on=list(after), ignore_changes=list(others_write) or None),
        )
