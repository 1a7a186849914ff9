"""Installing an add-on as a Helm release; and AddonRelease, for an add-on by itself.

`helm.v3.Release` and not `Chart`: twelve of the charts carry hooks, which only Helm itself runs, and uninstalling needs Helm's order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import Addon
from platform_components.charts.args import AddonReleaseArgs, AddonSettings, InstallationArgs
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import ADDONS
from platform_components.component import PlatformComponent
from platform_components.labels import INGRESS
from platform_components.names import child_name
from platform_components.profile import with_defaults

TIMEOUT_SECONDS = 600
"""How long Helm waits until a release's pods are ready: image pulls on a new node included."""


def install(
    component: PlatformComponent,
    name: str,
    addon: Addon,
    values: Mapping[str, Any],
    args: InstallationArgs,
    *,
    namespace: pulumi.Input[str],
    depends_on: Sequence[pulumi.Resource] = (),
) -> k8s.helm.v3.Release:
    """Install an add-on's chart as a Helm release.

    Args:
        component: its parent.
        name: the component's own name.
        addon: its record; with another role where one chart is installed more than once.
        values: what its builder made.
        args: the component's args: registry to take the chart from, and what the environment wants otherwise.
        namespace: where it goes; made by the caller, so that its labels are there before the first pod.
        depends_on: what has to be there first, and on destroy goes later: definitions, identities, other add-ons.
    """
    own = args.addons.get(addon.name, AddonSettings())
    chart, repository = addon.source(args.mirror.mirror() if args.mirror else None)
    return k8s.helm.v3.Release(
        child_name(name, addon.role),
        name=addon.role,
        chart=chart,
        version=own.version or addon.version,
        repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=repository) if repository else None,
        namespace=namespace,
        values=with_defaults(values, own.values),
        # A failed install is taken back whole; the next `up` then finds nothing half-made.
        atomic=True,
        timeout=TIMEOUT_SECONDS,
        opts=component.child_options(depends_on=list(depends_on)),
    )


class AddonRelease(PlatformComponent):
    """One add-on of the catalogue by itself, with its namespace: for clusters that want a single one of them.

    Builds the namespace and the Helm release. Does not build identities: an add-on that calls AWS is installed by its own component.
    """

    namespace: pulumi.Output[str]
    """Namespace it runs in."""
    version: pulumi.Output[str]
    """Version of the chart."""

    def __init__(self, name: str, args: AddonReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        addon = ADDONS[args.addon]
        labels = {INGRESS: "true"} if addon.routed else {}
        namespace = create_namespace(self, name, addon.namespace, addon.pod_security, addon.traffic, labels=labels)
        release = install(self, name, addon, addon.values(args.site()), args, namespace=namespace.metadata.name)
        self.namespace = namespace.metadata.name.apply(str)
        self.version = release.version.apply(str)
        self.register()
