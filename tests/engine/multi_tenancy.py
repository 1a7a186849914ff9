"""The checks of the multi-tenancy benchmark (kubernetes-sigs/multi-tenancy, kubectl-mtb), written anew from what it documents.

Each asks a real API server as the tenant's own user. What has to be refused is compared with the same object without the flaw, so that an
object that is merely wrong proves nothing, and it has to be refused as forbidden, or by a policy by name.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from platform_components.labels import OWNED
from tests.engine.admission_cases import IMAGE, named
from tests.engine.kubernetes_api import Answer, Api

Object = dict[str, Any]

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
SELF_REVIEWS = ("selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews")
"""Answer whoever asks about itself; Kubernetes lets everybody create them."""

_RBAC = "rbac.authorization.k8s.io/v1"


@dataclass(frozen=True)
class Resource:
    """A resource that the API server serves."""

    group: str
    name: str
    namespaced: bool

    def __str__(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


@dataclass(frozen=True)
class Who:
    """Somebody the API server is asked as."""

    user: str
    groups: tuple[str, ...]

    @property
    def options(self) -> Mapping[str, Any]:
        return {"user": self.user, "groups": self.groups}


@dataclass(frozen=True)
class Side:
    """A tenant, as its administrator sees it."""

    api: Api
    who: Who
    namespace: str
    other: str
    """Namespace of another tenant."""

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.api.request(method, path, body, **self.who.options, **options)

    def create(self, made: Object, **options: Any) -> Answer:
        return self.api.create(made, self.namespace, **self.who.options, **options)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return served(self.api)


def served(api: Api) -> tuple[Resource, ...]:
    """Every resource and subresource of the API server."""
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in api.request("GET", "/apis").body["groups"])]
    found = []
    for version in versions:
        group = version.rpartition("/")[0]
        place = f"/apis/{version}" if group else f"/api/{version}"
        found += [Resource(group, row["name"], row["namespaced"]) for row in api.request("GET", place).body["resources"]]
    return tuple(found)


def rules(api: Api, who: Who, namespace: str) -> list[Object]:
    """What somebody may do in a namespace, as the API server's own authorizer resolves it, the whole cluster's rules with it."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    answer = api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review, **who.options)
    assert answer.admitted, answer.message
    status = answer.body["status"]
    assert not status["incomplete"], status.get("evaluationError")
    return list(status["resourceRules"])


def may(api: Api, who: Who, verb: str, resource: Resource, namespace: str) -> bool:
    """Whether somebody may do one thing, asked of the authorizer."""
    name, _, subresource = resource.name.partition("/")
    wanted = {"verb": verb, "group": resource.group, "resource": name, "subresource": subresource, "namespace": namespace}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": wanted}}
    answer = api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, **who.options)
    assert answer.admitted, answer.message
    return bool(answer.body["status"]["allowed"])


def granted(rules_: Iterable[Object], verb: str, resource: Resource) -> bool:
    """Whether rules grant a verb on a resource; grants of single names count, too."""
    return any(
        {verb, "*"} & set(rule["verbs"])
        and {resource.group, "*"} & set(rule.get("apiGroups", ()))
        and {resource.name, "*", f"*/{resource.name.partition('/')[2]}"} & set(rule.get("resources", ()))
        for rule in rules_
    )


def allowed(rules_: Sequence[Object], resources: Iterable[Resource], verbs: Sequence[str] = VERBS) -> list[str]:
    return [f"{verb} {resource}" for resource in resources for verb in verbs if granted(rules_, verb, resource)]


# --- pods


def pod(**container: Any) -> Object:
    """A pod that Pod Security's restricted level admits."""
    secure = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return named(
        "v1", "Pod", {"containers": [{"name": "app", "image": IMAGE, "imagePullPolicy": "Always", "securityContext": secure, **container}]}
    )


def with_pod(**fields: Any) -> Object:
    made = pod()
    made["spec"].update(fields)
    return made


def secured(**fields: Any) -> Object:
    """The pod with some fields of its container's security context changed; None takes one out."""
    made = pod()
    context = made["spec"]["containers"][0]["securityContext"]
    context.update(fields)
    for key in [key for key, value in context.items() if value is None]:
        del context[key]
    return made


def _refused(side: Side, *flawed: Object, sound: Object | None = None) -> Iterator[str]:
    """Objects that are not refused as forbidden, or whose sound twin is not admitted."""
    twin = side.create(pod() if sound is None else sound, dryRun="All")
    if not twin.admitted:
        yield f"the sound object is refused: {twin.message}"
    for made in flawed:
        answer = side.create(made, dryRun="All")
        if answer.admitted:
            yield "the flawed object is admitted"
        elif answer.code != 403 and "denied request" not in answer.message:
            yield f"the flawed object is refused with {answer.code}, for another reason: {answer.message}"


# --- the checks


def cluster_resources(side: Side) -> Iterator[str]:
    cluster = [one for one in side.resources if not one.namespaced and one.name not in SELF_REVIEWS]
    yield from allowed(rules(side.api, side.who, "default"), cluster)


def multitenant_resources(side: Side) -> Iterator[str]:
    """Objects with the platform's label can be neither annotated nor deleted."""
    kinds = [("v1", "resourcequotas"), ("v1", "limitranges"), ("networking.k8s.io/v1", "networkpolicies")]
    kinds += [(_RBAC, "roles"), (_RBAC, "rolebindings"), ("v1", "serviceaccounts"), ("v1", "configmaps")]
    seen = 0
    for version, resource in kinds:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        path = f"{root}/namespaces/{side.namespace}/{resource}"
        for item in side.api.request("GET", path, labelSelector=OWNED).body["items"]:
            seen += 1
            at = f"{path}/{item['metadata']['name']}"
            note = {"metadata": {"annotations": {"probe": "yes"}}}
            for method, body in (("PATCH", note), ("DELETE", None)):
                answer = side.ask(method, at, body, dryRun="All", content_type="application/merge-patch+json")
                if answer.code != 403:
                    yield f"{method} {resource}/{item['metadata']['name']} answers {answer.code}"
    if not seen:
        yield "nothing carries the platform's label"


def add_capabilities(side: Side) -> Iterator[str]:
    yield from _refused(side, secured(capabilities={"drop": ["ALL"], "add": ["SYS_TIME"]}))


def run_as_root(side: Side) -> Iterator[str]:
    yield from _refused(side, secured(runAsNonRoot=False))


def privileged(side: Side) -> Iterator[str]:
    yield from _refused(side, secured(privileged=True, allowPrivilegeEscalation=None))


def privilege_escalation(side: Side) -> Iterator[str]:
    yield from _refused(side, secured(allowPrivilegeEscalation=True))


def host_path(side: Side) -> Iterator[str]:
    def volume(kind: Object) -> Object:
        made = with_pod(volumes=[{"name": "data", **kind}])
        made["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        return made

    yield from _refused(side, volume({"hostPath": {"path": "/tmp"}}), sound=volume({"emptyDir": {}}))  # noqa: S108 -- never mounted


def node_port(side: Side) -> Iterator[str]:
    def service(kind: str) -> Object:
        return named("v1", "Service", {"type": kind, "selector": {"app": "probe"}, "ports": [{"port": 80}]})

    yield from _refused(side, service("NodePort"), sound=service("ClusterIP"))


def host_network(side: Side) -> Iterator[str]:
    def listening(**port: Any) -> Object:
        return pod(ports=[{"containerPort": 8086, **port}])

    yield from _refused(side, with_pod(hostNetwork=True), listening(hostPort=8086), sound=listening())


def host_pid(side: Side) -> Iterator[str]:
    yield from _refused(side, with_pod(hostPID=True))


def host_ipc(side: Side) -> Iterator[str]:
    yield from _refused(side, with_pod(hostIPC=True))


def pull_policy(side: Side) -> Iterator[str]:
    yield from _refused(side, pod(imagePullPolicy="Never"))


def _quota_keys(side: Side) -> set[str]:
    answer = side.ask("GET", f"/api/v1/namespaces/{side.namespace}/resourcequotas")
    return {key for item in answer.body.get("items", ()) for key in item["spec"]["hard"]}


def _missing(keys: Iterable[str], wanted: Sequence[str]) -> Iterator[str]:
    present = set(keys)
    yield from (f"no quota for {key}" for key in wanted if not any(key in one for one in present))


def resource_quotas(side: Side) -> Iterator[str]:
    yield from _missing(_quota_keys(side), ("cpu", "memory", "ephemeral-storage"))


OBJECT_KEYS = (
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
)


def object_limits(side: Side) -> Iterator[str]:
    yield from _missing(_quota_keys(side), OBJECT_KEYS)


def quota_changes(side: Side) -> Iterator[str]:
    quota = [Resource("", "resourcequotas", namespaced=True)]
    yield from allowed(rules(side.api, side.who, side.namespace), quota, ("create", "update", "patch", "delete", "deletecollection"))


def other_tenants(side: Side) -> Iterator[str]:
    here = [one for one in side.resources if one.namespaced]
    yield from allowed(rules(side.api, side.who, side.other), here)


def _lives(side: Side, made: Object, change: Mapping[str, Any]) -> Iterator[str]:
    """What fails of creating, reading, changing and deleting an object."""
    steps: list[tuple[str, Callable[[], Answer]]] = [
        ("create", lambda: side.create(made)),
        ("get", lambda: side.ask("GET", side.api.path(made, side.namespace, named=True))),
        ("patch", lambda: side.api.patch(made, change, side.namespace, **side.who.options)),
        ("delete", lambda: side.api.delete(made, side.namespace, **side.who.options)),
    ]
    for verb, step in steps:
        answer = step()
        if not answer.admitted:
            yield f"cannot {verb} a {made['kind']}: {answer.message}"
    side.api.delete(made, side.namespace)


def role_bindings(side: Side) -> Iterator[str]:
    role = {**named(_RBAC, "Role"), "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]}
    bound = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "viewer"}
    people = [{"kind": "User", "name": "erin", "apiGroup": "rbac.authorization.k8s.io"}]
    binding = {**named(_RBAC, "RoleBinding"), "roleRef": bound, "subjects": people}
    note = {"metadata": {"labels": {"probe": "yes"}}}
    yield from _lives(side, role, note)
    yield from _lives(side, binding, note)


def tenant_network_policies(side: Side) -> Iterator[str]:
    inside = {"podSelector": {"matchLabels": {"app": "probe"}}, "policyTypes": ["Ingress"]}
    made = named("networking.k8s.io/v1", "NetworkPolicy", inside)
    yield from _lives(side, made, {"metadata": {"labels": {"probe": "yes"}}})


Check = Callable[[Side], Iterator[str]]

CHECKS: Mapping[str, Check] = {
    "CPI-1 block access to cluster resources": cluster_resources,
    "CPI-2 block multitenant resources": multitenant_resources,
    "CPI-3 block added capabilities": add_capabilities,
    "CPI-4 require running as non-root": run_as_root,
    "CPI-5 block privileged containers": privileged,
    "CPI-6 block privilege escalation": privilege_escalation,
    "HI-1 block host paths": host_path,
    "HI-1 block NodePort services": node_port,
    "HI-3 block host networking and ports": host_network,
    "HI-4 block host PID": host_pid,
    "HI-5 block host IPC": host_ipc,
    "DI-1 require imagePullPolicy Always": pull_policy,
    "FNS-1 configure resource quotas": resource_quotas,
    "FNS-2 configure object limits": object_limits,
    "TI-1 block modification of quotas": quota_changes,
    "TI-2 block access to other tenants": other_tenants,
    "OPS-3 create role bindings": role_bindings,
    "OPS-4 create network policies": tenant_network_policies,
}


def judge(side: Side) -> dict[str, list[str]]:
    """Checks that fail, and why."""
    found = {name: list(check(side)) for name, check in CHECKS.items()}
    return {name: reasons for name, reasons in found.items() if reasons}


def without(made: Object, *keys: str) -> Object:
    """A quota without some of its keys."""
    changed = copy.deepcopy(made)
    changed["spec"]["hard"] = {key: value for key, value in changed["spec"]["hard"].items() if key not in keys}
    return changed
