"""Jenkins' configuration as code: who logs in and as what, and the pods that builds run in. Pure.

Sources: setters of KubernetesCloud, PodTemplate and ContainerTemplate (jenkinsci/kubernetes-plugin) and of OicSecurityRealm
(jenkinsci/oic-auth-plugin), which the configurators are made from; demos of jenkinsci/configuration-as-code-plugin.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Final

from ruamel.yaml import YAML

from platform_components.charts.hardening import pod_security
from platform_components.ci.args import Jenkins, RunnerPool
from platform_components.ci.pods import Mounts, Spec, mounts, node_selector, pod, size, volumes

SECRET_KEY: Final = "oidc-client-secret"  # noqa: S105 -- the key of a Secret
"""Key of the Secret `jenkins` that logins need; Jenkins reads it where `${...}` names it."""
USER_RIGHTS: Final = ("Overall/Read", "Job/Read", "Job/Build", "Job/Cancel", "Job/Workspace", "View/Read")
"""What people who build may do. What a job does is in its repository, so that nobody configures one here."""
START_SECONDS: Final = 600
"""How long a pod may take to start: a node has to be launched for it, at times."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the controller and its agents are."""

    service: str
    """URL of the controller inside the cluster."""
    namespace: str
    """Namespace of agents."""
    image: str
    """Image of agents."""
    uid: int
    """Their user."""
    variables: Mapping[str, str]
    """Environment variables of every build."""
    secrets: Mounts
    """Secrets that every build has, and where."""
    bucket: str | None
    """Bucket that artifacts and stashes go to, by addresses that the controller signs. None: they stay on its volume."""
    region: str


def configuration(settings: Jenkins, pools: Mapping[str, RunnerPool], place: Place, url: str) -> Spec:
    """All of it.

    Args:
        settings: what the environment says.
        pools: the pools that have agents, the first of which takes builds that name none.
        place: where it runs.
        url: address that people use.
    """
    return {
        "jenkins": {
            "numExecutors": 0,
            "mode": "EXCLUSIVE",
            "disableRememberMe": True,
            "markupFormatter": "plainText",
            "slaveAgentPort": -1,
            "crumbIssuer": {"standard": {"excludeClientIPFromCrumb": False}},
            "securityRealm": {"oic": _login(settings)},
            "authorizationStrategy": {"globalMatrix": {"entries": list(_rights(settings))}},
            "clouds": [{"kubernetes": _cloud(pools, place)}],
        },
        "security": {
            "apiToken": {
                "creationOfLegacyTokenEnabled": False,
                "tokenGenerationOnCreationEnabled": False,
                "usageStatisticsEnabled": True,
            }
        },
        "unclassified": {"location": {"url": f"{url}/"}, **(_ARTIFACTS if place.bucket else {})},
        **({"aws": {"awsCredentials": {"region": place.region}, "s3": _bucket(place)}} if place.bucket else {}),
    }


_ARTIFACTS: Final = {"artifactManager": {"artifactManagerFactories": [{"jclouds": {"provider": "s3"}}]}}


def _bucket(place: Place) -> Spec:
    return {"container": place.bucket, "prefix": "jenkins/"}


def as_yaml(told: Spec) -> str:
    """As the chart takes it: block style, for people who look at what a controller was given."""
    text = StringIO()
    YAML(typ="safe", pure=True).dump(told, text)
    return text.getvalue()


def _login(settings: Jenkins) -> Spec:
    login = settings.login
    return {
        "clientId": login.client_id,
        "clientSecret": f"${{{SECRET_KEY}}}",
        "serverConfiguration": {
            "wellKnown": {
                "wellKnownOpenIDConfigurationUrl": f"{login.issuer.rstrip('/')}/.well-known/openid-configuration",
                "scopesOverride": "openid profile email groups",
            }
        },
        "userNameField": login.user_claim,
        "groupsFieldName": login.groups_claim,
        "logoutFromOpenidProvider": True,
        "properties": ["pkce"],
    }


def _rights(settings: Jenkins) -> Iterator[Spec]:
    for group in settings.login.admin_groups:
        yield {"group": {"name": group, "permissions": ["Overall/Administer"]}}
    for group in settings.login.user_groups:
        yield {"group": {"name": group, "permissions": list(USER_RIGHTS)}}


def _cloud(pools: Mapping[str, RunnerPool], place: Place) -> Spec:
    return {
        "name": "kubernetes",
        "serverUrl": "https://kubernetes.default",
        "namespace": place.namespace,
        "jenkinsUrl": place.service,
        "webSocket": True,
        "restrictedPssSecurityContext": True,
        "containerCapStr": str(sum(pool.max for pool in pools.values())),
        "maxRequestsPerHostStr": "64",
        "waitForPodSec": START_SECONDS,
        "podRetention": "never",
        "templates": [_template(name, pool, place, first=name == next(iter(pools))) for name, pool in pools.items()],
    }


def _template(name: str, pool: RunnerPool, place: Place, *, first: bool) -> Spec:
    """One pool's agents, which take one build and go."""
    sizes = size(pool)
    agent = {
        "name": "jnlp",
        "image": place.image,
        "workingDir": "/home/jenkins/agent",
        "privileged": False,
        "resourceRequestCpu": sizes["requests"]["cpu"],
        "resourceRequestMemory": sizes["requests"]["memory"],
        "resourceLimitMemory": sizes["limits"]["memory"],
        "resourceRequestEphemeralStorage": sizes["requests"]["ephemeral-storage"],
        "resourceLimitEphemeralStorage": sizes["limits"]["ephemeral-storage"],
    }
    described = pod(name, pool)
    described["spec"] |= {"securityContext": pod_security(place.uid, fs_group=place.uid)}
    if place.secrets:
        described["spec"] |= {"volumes": volumes(place.secrets)}
        described["spec"] |= {"containers": [{"name": "jnlp", "volumeMounts": mounts(place.secrets)}]}
    return {
        # Else the plugin makes one up at each start, and every template is new.
        "id": name,
        "name": name,
        "label": name,
        "nodeUsageMode": "NORMAL" if first else "EXCLUSIVE",
        "instanceCap": pool.max,
        "idleMinutes": 0,
        "podRetention": "never",
        "showRawYaml": False,
        "slaveConnectTimeout": START_SECONDS,
        "nodeSelector": ",".join(f"{key}={value}" for key, value in node_selector(pool).items()),
        "yaml": json.dumps({"apiVersion": "v1", "kind": "Pod", **described}, sort_keys=True),
        "yamlMergeStrategy": "override",
        "envVars": [{"envVar": {"key": key, "value": value}} for key, value in place.variables.items()],
        "containers": [agent],
    }
