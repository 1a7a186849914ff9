"""What a tenant has of a GitOps engine: Argo CD's project and application, or Flux's source, account and Kustomization.

Either delivers into the team's namespace alone, with the rights of its pipelines: neither quotas nor roles nor policies.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.records import argo_cd as argo_cd_chart
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.delivery import argo_cd, flux
from platform_components.delivery.args import Delivery
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.tenancy.args import TenantArgs
from platform_components.tenancy.rights import TeamRole

_ARGO = "argoproj.io/v1alpha1"
_MINUTES = 5
"""How often Flux looks at a team's repository."""


def create_delivery(component: PlatformComponent, name: str, args: TenantArgs, namespace: k8s.core.v1.Namespace, called: str) -> None:
    """Create what delivers, where the team names a repository and the cluster has an engine.

    Args:
        component: the tenant.
        name: the tenant's own name.
        args: what the tenant is given.
        namespace: the team's namespace.
        called: its name.
    """
    team, wanted = args.declaration, args.declaration.delivery
    if wanted is None or args.gitops is None:
        return
    delivery = Delivery(
        repositories=(wanted.repository,),
        namespaces=(called,),
        branch=wanted.branch,
        path="/".join(part for part in (wanted.path.strip("/"), args.environment) if part != "."),
        groups=team.groups_of(TeamRole.DEVELOPER),
    )
    if args.gitops == "argo-cd":
        objects = CustomResources(component, name, argo_cd_chart.ADDON.namespace)
        project = objects.create(
            "project", _ARGO, "AppProject", team.team, argo_cd.team_project(team.team, delivery), [namespace], labels=owned()
        )
        spec = argo_cd.team_application(team.team, delivery)
        objects.create("application", _ARGO, "Application", team.team, spec, [project], labels=owned())
        return
    objects = CustomResources(component, name, namespace.metadata.name)
    account = _account(component, name, namespace.metadata.name)
    source = objects.create(
        "source",
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        "team",
        flux.source(delivery.repositories[0], delivery.branch, _MINUTES),
        labels=owned(),
    )
    spec = flux.team_kustomization(delivery, _MINUTES, called)
    objects.create("kustomization", "kustomize.toolkit.fluxcd.io/v1", "Kustomization", team.team, spec, [source, account], labels=owned())


def _account(component: PlatformComponent, name: str, namespace: pulumi.Output[Any]) -> k8s.rbac.v1.RoleBinding:
    """The account that Flux applies a team's objects as, with the role of its pipelines."""
    metadata: Any = {"name": flux.TEAM_ACCOUNT, "namespace": namespace, "labels": owned()}
    role: Any = {"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": TeamRole.CI.value}
    subject: Any = {"kind": "ServiceAccount", "name": flux.TEAM_ACCOUNT, "namespace": namespace}
    account = k8s.core.v1.ServiceAccount(
        child_name(name, "delivery"), metadata=metadata, automount_service_account_token=False, opts=component.child_options()
    )
    return k8s.rbac.v1.RoleBinding(
        child_name(name, "delivery"),
        metadata=metadata,
        role_ref=role,
        subjects=[subject],
        opts=component.child_options(depends_on=[account]),
    )
