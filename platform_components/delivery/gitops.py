"""GitOps: Argo CD or Flux, the platform's own delivery and that of teams.

Builds the engine's namespace and release, projects or sources, application sets, teams' accounts, alerts. Does not build repositories,
credentials (Secrets that others keep are named) or teams' namespaces.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import Addon
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import argo_cd as argo_cd_chart
from platform_components.charts.records import flux2
from platform_components.charts.release import install
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.delivery import argo_cd, flux
from platform_components.delivery.args import ArgoCd, Delivery, Flux, GitOpsArgs
from platform_components.names import child_name

_ARGO = "argoproj.io/v1alpha1"
_SOURCE = "source.toolkit.fluxcd.io/v1"
_KUSTOMIZE = "kustomize.toolkit.fluxcd.io/v1"


class GitOps(PlatformComponent):
    """What runs in a cluster is what Git says, and each team can deliver into its own namespaces only.

    Example::

        GitOps("prod", GitOpsArgs(cluster=cluster.ref(), ..., engine={
            "kind": "argo-cd", "repository": "git@example.com:platform/apps.git",
            "teams": {"payments": {"repositories": ["https://git.example.com/payments/deploy"], "namespaces": ["payments"]}}}))

    With Argo CD each folder below `path` of the platform's repository is one application, and project `default`, which allows everything,
    cannot be used; with Flux nothing refers across namespaces, and a team's objects are applied as an account with the role `edit` there.
    Argo CD finds a repository's credentials by the label `argocd.argoproj.io/secret-type` of a Secret that somebody else keeps.
    """

    namespace: pulumi.Output[str]
    """Namespace of the engine."""
    project_names: pulumi.Output[Sequence[str]]
    """Argo CD's projects, the platform's first; with Flux the names of the Kustomizations."""

    def __init__(self, name: str, args: GitOpsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        engine = args.engine
        if isinstance(engine, ArgoCd):
            self._create_argo_cd(engine)
        else:
            self._create_flux(engine)
        self.project_names = pulumi.Output.from_input(["platform", *engine.teams])
        self.register()

    # -- Argo CD

    def _create_argo_cd(self, engine: ArgoCd) -> None:
        sso = engine.single_sign_on
        settings = argo_cd.login(sso, self._args.domain or self._args.environment) if sso else {}
        values = argo_cd_chart.values(self._site, settings, argo_cd.rights(sso))
        release = self._install(argo_cd_chart.ADDON, values)
        guard = self._forbid_default_project(release)
        platform = self._objects.create("project", _ARGO, "AppProject", argo_cd.PLATFORM, argo_cd.platform_project(engine), [release])
        self._objects.create(
            "applications", _ARGO, "ApplicationSet", argo_cd.PLATFORM, argo_cd.platform_applications(engine), [platform, guard]
        )
        projects = [
            self._objects.create(child_name("project", team), _ARGO, "AppProject", team, argo_cd.team_project(team, delivery), [release])
            for team, delivery in engine.teams.items()
        ]
        if projects:
            self._objects.create(
                "team-applications", _ARGO, "ApplicationSet", "teams", argo_cd.team_applications(engine.teams), [*projects, guard]
            )
        self._create_alerts(argo_cd.alerts(self._args.links), release)

    def _forbid_default_project(self, release: pulumi.Resource) -> pulumi.Resource:
        """Argo CD makes the project `default` itself, for everything and everybody, and makes it again: so nothing may name it."""
        policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            child_name(self._name, "no-default-project"),
            metadata={"name": "gitops-no-default-project"},
            spec={
                "failure_policy": "Fail",
                "match_constraints": {
                    "resource_rules": [
                        {
                            "api_groups": ["argoproj.io"],
                            "api_versions": ["*"],
                            "operations": ["CREATE", "UPDATE"],
                            "resources": ["applications"],
                        }
                    ]
                },
                "validations": [
                    {
                        "expression": "object.spec.project != 'default'",
                        "message": "project default allows everything; name the team's project",
                    }
                ],
            },
            opts=self.child_options(depends_on=[release]),
        )
        return k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            child_name(self._name, "no-default-project"),
            metadata={"name": "gitops-no-default-project"},
            spec={"policy_name": policy.metadata.name, "validation_actions": ["Deny"]},
            opts=self.child_options(),
        )

    # -- Flux

    def _create_flux(self, engine: Flux) -> None:
        release = self._install(flux2.ADDON, flux2.values(self._site))
        spec = flux.source(engine.repository, engine.branch, engine.interval_minutes, engine.credentials)
        origin = self._objects.create("source", _SOURCE, "GitRepository", flux.PLATFORM, spec, [release])
        self._objects.create("kustomization", _KUSTOMIZE, "Kustomization", flux.PLATFORM, flux.platform_kustomization(engine), [origin])
        for team, delivery in engine.teams.items():
            self._create_team(team, delivery, engine.interval_minutes, release)
        self._create_alerts(flux.alerts(self._args.links), release)

    def _create_team(self, team: str, delivery: Delivery, minutes: int, release: pulumi.Resource) -> None:
        """A team's account in each of its namespaces, and what is applied as it."""
        source = flux.source(delivery.repositories[0], delivery.branch, minutes, delivery.credentials)
        home = delivery.namespaces[0]
        for namespace in delivery.namespaces:
            self._create_account(team, namespace, home)
        role = child_name("source", team)
        origin = self._objects.create(role, _SOURCE, "GitRepository", "team", source, [release], namespace=home)
        spec = flux.team_kustomization(delivery, minutes, home)
        self._objects.create(child_name("kustomization", team), _KUSTOMIZE, "Kustomization", team, spec, [origin], namespace=home)

    def _create_account(self, team: str, namespace: str, home: str) -> None:
        """The right to deliver into a namespace, for the one account that lives in the team's first."""
        if namespace == home:
            k8s.core.v1.ServiceAccount(
                child_name(self._name, "account", team),
                metadata={"name": flux.TEAM_ACCOUNT, "namespace": home},
                automount_service_account_token=False,
                opts=self.child_options(),
            )
        k8s.rbac.v1.RoleBinding(
            child_name(self._name, "deployer", namespace),
            metadata={"name": flux.TEAM_ACCOUNT, "namespace": namespace},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": flux.TEAM_ROLE},
            subjects=[{"kind": "ServiceAccount", "name": flux.TEAM_ACCOUNT, "namespace": home}],
            opts=self.child_options(),
        )

    # -- both

    def _install(self, addon: Addon, values: Mapping[str, Any]) -> k8s.helm.v3.Release:
        namespace = create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)
        self.namespace = namespace.metadata.name.apply(str)
        self._objects = CustomResources(self, self._name, self.namespace)
        return install(self, self._name, addon, values, self._args, namespace=namespace.metadata.name)

    def _create_alerts(self, spec: Mapping[str, Any], release: pulumi.Resource) -> None:
        if self._site.monitors:
            self._objects.create("alerts", "monitoring.coreos.com/v1", "PrometheusRule", "gitops", spec, [release])
