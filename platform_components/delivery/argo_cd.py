"""Argo CD's objects: projects, application sets, rights and alerts. Pure.

Sources: https://argo-cd.readthedocs.io/en/stable/operator-manual/ (declarative-setup, rbac, applicationset/Security,
project-specification) and https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_components.delivery.args import ArgoCd, Delivery, SingleSignOn, SyncWindow
from platform_components.observability import dashboards
from platform_components.observability.alerts import Alert, Group, Links, Severity, rule_spec

PLATFORM = "platform"
"""Project and application set of the platform itself."""
HERE = "https://kubernetes.default.svc"

Spec = dict[str, Any]

_SYNC: Spec = {
    "automated": {"prune": True, "selfHeal": True},
    "syncOptions": ["ServerSideApply=true", "RespectIgnoreDifferences=true", "PruneLast=true", "FailOnSharedResource=true"],
    "retry": {"limit": 5, "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}},
}
"""FailOnSharedResource: two applications that claim one object would prune each other's (argo-cd #16114)."""

_GUARDED = (("", "ResourceQuota"), ("", "LimitRange"), ("networking.k8s.io", "NetworkPolicy"))
"""What bounds a namespace is the platform's: a team's repository cannot deliver it."""


def login(settings: SingleSignOn, domain: str) -> Spec:
    """Entries of `argocd-cm`; the secret is named, not held (`$name:key`)."""
    secret = f"${settings.client_secret.name}:{settings.client_secret.key}"
    lines = [
        "name: SSO",
        f"issuer: {settings.issuer}",
        f"clientID: {settings.client_id}",
        f"clientSecret: {secret}",
        "requestedScopes: [openid, profile, email, groups]",
    ]
    return {"url": f"https://argocd.{domain}", "oidc.config": "\n".join(lines) + "\n"}


def rights(settings: SingleSignOn | None) -> Spec:
    """Entries of `argocd-rbac-cm`: nobody has a role that no group gives; roles of teams stand in their projects."""
    if settings is None:
        return {}
    rows = [f"g, {group}, role:admin" for group in settings.admin_groups] + [
        f"g, {group}, role:readonly" for group in settings.viewer_groups
    ]
    return {"policy.csv": "".join(f"{row}\n" for row in rows)}


def platform_project(engine: ArgoCd) -> Spec:
    """The platform's project: its own repository, everything in this cluster."""
    return {
        "description": "The platform's own applications",
        "sourceRepos": [engine.repository],
        "destinations": [{"server": HERE, "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "orphanedResources": {"warn": False},
    }


def team_project(team: str, delivery: Delivery) -> Spec:
    """A team's project: its repositories into its namespaces, nothing of the cluster, and nothing that bounds it."""
    role = {
        "name": "deployer",
        "description": f"People of {team}",
        "policies": [f"p, proj:{team}:deployer, applications, {action}, {team}/*, allow" for action in ("get", "sync", "action/*")],
        "groups": list(delivery.groups),
    }
    return {
        "description": f"Applications of {team}",
        "sourceRepos": list(delivery.repositories),
        "destinations": [{"server": HERE, "namespace": namespace} for namespace in delivery.namespaces],
        "clusterResourceWhitelist": [],
        "namespaceResourceBlacklist": [{"group": group, "kind": kind} for group, kind in _GUARDED],
        "roles": [role] if delivery.groups else [],
        **({"syncWindows": [_window(window) for window in delivery.windows]} if delivery.windows else {}),
    }


def platform_applications(engine: ArgoCd) -> Spec:
    """An application for each folder of the platform's repository; the set's end leaves them running (argo-cd #9227)."""
    generator = {"git": {"repoURL": engine.repository, "revision": engine.branch, "directories": [{"path": f"{engine.path}/*"}]}}
    template = _application(
        "{{.path.basename}}", PLATFORM, engine.repository, engine.branch, "{{.path.path}}", "{{.path.basename}}", create_namespace=True
    )
    return _application_set([generator], template)


def team_applications(teams: Mapping[str, Delivery]) -> Spec:
    """An application for each team. The list, and with it the project, comes from here: no team can write itself into another's."""
    elements = [
        {
            "team": team,
            "repository": delivery.repositories[0],
            "branch": delivery.branch,
            "folder": delivery.path,
            "namespace": delivery.namespaces[0],
        }
        for team, delivery in sorted(teams.items())
    ]
    template = _application("{{.team}}", "{{.team}}", "{{.repository}}", "{{.branch}}", "{{.folder}}", "{{.namespace}}")
    return _application_set([{"list": {"elements": elements}}], template)


def team_application(team: str, delivery: Delivery) -> Spec:
    """A team's application by itself, in its own project."""
    spec: Spec = _application(team, team, delivery.repositories[0], delivery.branch, delivery.path, delivery.namespaces[0])["spec"]
    return spec


def alerts(links: Links) -> Spec:
    """Applications that are out of step, or broken, for longer than a sync takes."""
    rules = [
        _alert("ApplicationOutOfSync", 'max by (name, project) (argocd_app_info{sync_status!="Synced"}) == 1', "1h", "is not as Git says"),
        _alert("ApplicationDegraded", 'max by (name, project) (argocd_app_info{health_status="Degraded"}) == 1', "15m", "is degraded"),
    ]
    return rule_spec([Group("gitops", rules)], links)


def _alert(name: str, expression: str, lasting: str, what: str) -> Alert:
    summary = f"Application {{{{ $labels.name }}}} of {{{{ $labels.project }}}} {what}"
    return Alert(name, expression, Severity.TICKET, summary, dashboard=dashboards.OVERVIEW, lasting=lasting)


def _application_set(generators: Sequence[Spec], template: Spec) -> Spec:
    return {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": list(generators),
        "syncPolicy": {"preserveResourcesOnDeletion": True, "applicationsSync": "create-update"},
        "template": template,
    }


def _application(
    name: str, project: str, repository: str, branch: str, path: str, namespace: str, *, create_namespace: bool = False
) -> Spec:
    options = [*_SYNC["syncOptions"], *(["CreateNamespace=true"] if create_namespace else [])]
    return {
        "metadata": {"name": name},
        "spec": {
            "project": project,
            "source": {"repoURL": repository, "targetRevision": branch, "path": path},
            "destination": {"server": HERE, "namespace": namespace},
            "syncPolicy": {**_SYNC, "syncOptions": options},
        },
    }


def _window(window: SyncWindow) -> Spec:
    return {
        "kind": window.kind,
        "schedule": window.schedule,
        "duration": f"{window.hours}h",
        "timeZone": "UTC",
        "applications": ["*"],
        "manualSync": window.manual,
    }
