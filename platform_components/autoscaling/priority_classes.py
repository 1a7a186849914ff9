"""PriorityClasses: who goes first where there is no room for all.

Builds the cluster's PriorityClasses. Comes before whatever names one: Kubernetes refuses a pod whose class is not there.
"""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from platform_components.autoscaling.priorities import DEFAULT_CLASS, PLATFORM_CLASS, PriorityClassesArgs
from platform_components.component import PlatformComponent
from platform_components.names import child_name


class PriorityClasses(PlatformComponent):
    """The order of a cluster's pods: the platform before production, production before the rest, and work that can wait last.

    Give `platform_class` to the components that install charts: their pods then name it, and come after it.
    """

    names: pulumi.Output[Sequence[str]]
    """Names of the PriorityClasses."""
    platform_class: pulumi.Output[str | None]
    """Class of what the platform itself runs; none where `classes` leaves it out."""

    def __init__(self, name: str, args: PriorityClassesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        made = {
            role: k8s.scheduling.v1.PriorityClass(
                child_name(name, "priority", role),
                metadata={"name": role},
                value=priority.value,
                global_default=role == DEFAULT_CLASS,
                preemption_policy="PreemptLowerPriority" if priority.preempts else "Never",
                description=priority.description,
                opts=self.child_options(),
            )
            for role, priority in args.classes.items()
        }
        self.names = pulumi.Output.from_input(list(made))
        own = made.get(PLATFORM_CLASS)
        self.platform_class = pulumi.Output.from_input(None) if own is None else own.metadata.name.apply(str)
        self.register()
