"""A team's virtual cluster: a Kubernetes API of its own, whose pods run in the team's namespace.

What it gives: definitions, cluster roles, namespaces and webhooks of the team's own, which nobody else sees; a kubeconfig for each role.
What it has to keep: everything that bounds the namespace. Its pods are made there by the syncer, with the syncer's rights, which end at
the namespace; quota, Pod Security, admission policies and NetworkPolicies judge them like any others. A pod that the host refuses stays
pending in the virtual cluster, and an event there says why.
What it does not give: nodes or a kernel of its own; more than one replica of the API; Gateway API routes, External Secrets and the
monitors of Prometheus inside (on the host, routes may be written by the team's roles); delivery by the platform's GitOps engine; what
the platform writes for the team as objects, such as connections to data, which lie in the namespace and not inside.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import pulumi_kubernetes as k8s

from platform_components.charts.args import InstallationArgs
from platform_components.charts.records import vcluster
from platform_components.charts.release import install
from platform_components.component import PlatformComponent
from platform_components.tenancy.rights import TeamRole

GRANTED: Final[Mapping[TeamRole, str]] = MappingProxyType(
    {TeamRole.ADMIN: "cluster-admin", TeamRole.DEVELOPER: "edit", TeamRole.VIEWER: "view", TeamRole.CI: "cluster-admin"}
)
"""ClusterRole of the virtual cluster by role: pipelines install definitions there, and bind roles."""


def create_virtual_cluster(
    component: PlatformComponent, name: str, installation: InstallationArgs, namespace: k8s.core.v1.Namespace
) -> k8s.helm.v3.Release:
    """Install the virtual cluster.

    Args:
        component: the tenant.
        name: the tenant's own name.
        installation: what the chart is told of the cluster.
        namespace: the team's namespace.
    """
    # A tenant's pod like any other: neither the platform's priority nor its nodes.
    site = replace(installation.site(), tolerations=(), priority_class=None)
    values = vcluster.values(site, {role.value: granted for role, granted in GRANTED.items()})
    return install(component, name, vcluster.ADDON, values, installation, namespace=namespace.metadata.name, depends_on=[namespace])
