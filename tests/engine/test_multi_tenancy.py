"""Tenants on a real API server, as their own users: the multi-tenancy benchmark, what it forgets, and each tenant against all others."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from platform_components.charts.records import vcluster
from platform_components.identity.args import ClusterRef
from platform_components.labels import NODE_POOL, OWNED, POOL_LABEL
from platform_components.tenancy.args import TenantArgs
from platform_components.tenancy.isolation import pool_name
from platform_components.tenancy.rights import TeamRole, access_group
from platform_components.tenancy.tenant import Tenant
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.kubernetes.definitions import at_hand
from tests.engine.admission_cases import named
from tests.engine.isolation_cases import CONTROL_PLANE, ESCAPES, INTRUSIONS, NODES, SYNCER, as_root, at_home, deployment, toleration
from tests.engine.kubernetes_api import Answer, Api, eventually
from tests.engine.multi_tenancy import (
    CHECKS,
    SELF_REVIEWS,
    VERBS,
    Object,
    Resource,
    Side,
    Who,
    allowed,
    judge,
    may,
    pod,
    rules,
    served,
    with_pod,
    without,
)
from tests.engine.test_admission import OPERATOR, install
from tests.support import deploy

CLUSTER = ClusterRef(name="judge", arn="arn:aws:eks:eu-west-1:123456789012:cluster/judge")
TEAMS = tuple(f"team-{index:02d}" for index in range(20))
ONE, TWO = TEAMS[:2]
ISOLATED = {TEAMS[2]: "node_pool", TEAMS[3]: "virtual_cluster"}
"""Teams that are kept further from the others."""
HOUSED, VIRTUAL = TEAMS[2:4]
POOL = pool_name(f"{HOUSED}-prod")
_RBAC = "rbac.authorization.k8s.io"


DEFINED = (
    "argoproj.io",
    "external-secrets.io",
    "karpenter.k8s.aws",
    "karpenter.sh",
    "kustomize.toolkit.fluxcd.io",
    "monitoring.coreos.com",
    "source.toolkit.fluxcd.io",
)
"""Groups of kinds that charts bring, as their projects define them."""
SERVED = (
    "argoproj.io/v1alpha1 AppProject",
    "external-secrets.io/v1 SecretStore",
    "karpenter.k8s.aws/v1 EC2NodeClass",
    "karpenter.sh/v1 NodePool",
    "monitoring.coreos.com/v1 PrometheusRule",
    "source.toolkit.fluxcd.io/v1 GitRepository",
)


def tenant_objects(team: str) -> list[Object]:
    """What Tenant makes in the cluster for a default team with one service, which is held to an objective, and its part of the secrets."""
    declared = {"team": team, "owners": [f"@{team}"], "group": f"sso-{team}", "environments": ["prod"], "services": {"web": {"slo": {}}}}
    declared["isolation"] = ISOLATED.get(team, "namespace")
    around = {"cluster": CLUSTER, "environment": "prod", "region": "eu-west-1", "vpc_id": "vpc-1"}
    given: dict[str, Any] = {"declaration": declared, "environment": "prod", "cluster": CLUSTER, "nodes": NODES, "installation": around}
    return objects_of(team, TenantArgs(**given, secrets=secrets(team), objective_days=28))


def secrets(team: str) -> Any:
    return {"team": team, "clusters": {"prod": {"namespaces": [f"{team}-prod"]}}, "server": {"address": "https://vault.vault.svc:8200"}}


def objects_of(team: str, args: TenantArgs) -> list[Object]:
    graph = deploy(lambda: Tenant(team, args)).graph
    made = [dict(node.inputs) for node in graph if node.custom and node.type.startswith("kubernetes:") and "apiVersion" in node.inputs]
    return sorted(made, key=lambda one: one["kind"] != "Namespace")


def admin(team: str) -> Who:
    return Who(f"ana-of-{team}", (f"sso-{team}",))


@pytest.fixture(scope="module")
def api(kubernetes_programs: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A cluster with the admission policies enforced and twenty tenants."""
    with lifecycle.temporary(tmp_path_factory.mktemp("root"), "tenants", lambda _: None) as sandbox:
        answer = SandboxClient(sandbox.url, timeout=180).request("GET", "kubernetes", "https://tenants.example.com")
        assert answer.ok, answer.error
        facts = answer.body["api"]
        api = Api(facts["server"], facts["certificateAuthority"], facts["token"])
        everything = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
        operator = {"kind": "User", "name": OPERATOR["user"], "apiGroup": _RBAC}
        binding = {**named(f"{_RBAC}/v1", "ClusterRoleBinding", name="operator"), "roleRef": everything, "subjects": [operator]}
        assert api.create(binding).admitted
        eventually(lambda: api.request("GET", "/api/v1/nodes", **OPERATOR).admitted, "the operator has its rights")
        install(api)
        for definition in (one for group in DEFINED for one in at_hand().of_group(group)):
            assert api.create(definition).admitted
        for kind in SERVED:
            version, _, name = kind.partition(" ")
            served_kind = {"apiVersion": version, "kind": name}
            eventually(lambda kind=served_kind: api.serves(kind), f"{kind} is served")  # type: ignore[misc]
        for team in TEAMS:
            for made in tenant_objects(team):
                answered = api.create(made, made["metadata"].get("namespace", ""), **OPERATOR)
                assert answered.admitted, f"{made['kind']} {made['metadata']['name']}: {answered.message}"
        for team in TEAMS:
            one = at_home(POOL) if team == HOUSED else pod()
            who = OPERATOR if team == VIRTUAL else admin(team).options
            # As the operator where the team's own pods are made in another API.
            eventually(
                lambda t=team, one=one, who=who: api.create(one, f"{t}-prod", **who, dryRun="All").admitted, f"{team} can make a pod"
            )
        eventually(lambda: not side(api, ONE).create(pod(imagePullPolicy="Never"), dryRun="All").admitted, "policies are enforced")
        yield api
        api.close()


def side(api: Api, team: str, other: str = TWO) -> Side:
    return Side(api, admin(team), f"{team}-prod", f"{other}-prod")


# --- the benchmark


@pytest.mark.parametrize(("team", "other"), [(ONE, TWO), (TWO, ONE)])
def test_a_default_tenant_passes_every_check(api: Api, team: str, other: str) -> None:
    assert len(CHECKS) == 18
    assert judge(side(api, team, other)) == {}


def test_the_authorizer_says_the_same_one_by_one(api: Api) -> None:
    """The checks read rules; here each question is put to the authorizer by itself."""
    here = side(api, ONE)
    cluster = [one for one in here.resources if not one.namespaced and one.name not in SELF_REVIEWS]
    inside = [one for one in here.resources if one.namespaced]
    assert len(cluster) > 20
    assert len(inside) > 60
    found = [f"{verb} {one}" for one in cluster for verb in VERBS if may(api, here.who, verb, one, "")]
    found += [f"{verb} {one} elsewhere" for one in inside for verb in VERBS if may(api, here.who, verb, one, here.other)]
    assert found == []
    own = rules(api, here.who, here.namespace)
    picked = random.Random(7).sample([(verb, one) for one in inside for verb in VERBS], 120)  # noqa: S311 -- a sample
    said = [(f"{verb} {one}", may(api, here.who, verb, one, here.namespace)) for verb, one in picked]
    assert said == [(f"{verb} {one}", bool(allowed(own, [one], [verb]))) for verb, one in picked]
    assert {True, False} == {answer for _, answer in said}


GUARDS: Mapping[str, str] = {
    "CPI-3": "!object.spec.containers.exists(c, c.?securityContext.?capabilities.?add.orValue([]).size() > 0)",
    "CPI-4": "object.spec.containers.all(c, c.?securityContext.?runAsNonRoot.orValue(false))",
    "CPI-5": "!object.spec.containers.exists(c, c.?securityContext.?privileged.orValue(false))",
    "CPI-6": "object.spec.containers.all(c, c.?securityContext.?privileged.orValue(false) || "
    "!c.?securityContext.?allowPrivilegeEscalation.orValue(true))",
    "HI-1 block host paths": "!object.spec.?volumes.orValue([]).exists(v, has(v.hostPath))",
    "HI-3": "!object.spec.?hostNetwork.orValue(false) && "
    "!object.spec.containers.exists(c, c.?ports.orValue([]).exists(p, p.?hostPort.orValue(0) > 0))",
    "HI-4": "!object.spec.?hostPID.orValue(false)",
    "HI-5": "!object.spec.?hostIPC.orValue(false)",
}
"""Pod Security's restricted level, control by control: a level cannot lose one control, so that a mutant has these in its place but one."""


@contextmanager
def pod_security_without(api: Api, control: str) -> Iterator[None]:
    """The tenant's namespace without Pod Security, and every control by itself but one."""
    kept = [{"expression": text, "reason": "Forbidden"} for name, text in GUARDS.items() if not name.startswith(control)]
    assert len(kept) == len(GUARDS) - 1
    match = {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}
    # By a name of its own: the last one's is still heeded for a while after it is deleted.
    name = f"without-{control.partition(' ')[0].lower()}"
    policy = named("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", name=name)
    policy["spec"] = {"failurePolicy": "Fail", "matchConstraints": match, "validations": kept}
    binding = named("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", name=name)
    binding["spec"] = {"policyName": name, "validationActions": ["Deny"]}
    level = "pod-security.kubernetes.io/enforce"
    namespace = named("v1", "Namespace", name=f"{ONE}-prod")
    for made in (policy, binding):
        assert api.create(made, **OPERATOR).admitted
    canary = with_pod(hostPID=True, hostIPC=True)
    try:
        # In a namespace without Pod Security only the policy can refuse it.
        eventually(lambda: name in api.create(canary, "default", **OPERATOR, dryRun="All").message, "the controls are enforced")
        assert api.patch(namespace, {"metadata": {"labels": {level: "privileged"}}}, **OPERATOR).admitted
        yield
    finally:
        assert api.patch(namespace, {"metadata": {"labels": {level: "restricted"}}}, **OPERATOR).admitted
        for made in (binding, policy):
            api.delete(made, **OPERATOR)


@contextmanager
def with_policy(api: Api, name: str, mode: str, works: Callable[[], bool]) -> Iterator[None]:
    install(api, policies={name: mode})
    eventually(works, f"{name} is {mode}")
    try:
        yield
    finally:
        install(api)
        eventually(lambda: not works(), f"{name} is enforced")


@contextmanager
def with_changed(api: Api, kind: str, name: str, change: Callable[[Object], Object]) -> Iterator[None]:
    """One of the tenant's objects, written otherwise by the platform."""
    made = next(one for one in tenant_objects(ONE) if (one["kind"], one["metadata"]["name"]) == (kind, name))
    at = api.path(made, f"{ONE}-prod", named=True)

    def put(wanted: Object) -> None:
        present = api.request("GET", at).body
        body = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": present["metadata"]["resourceVersion"]}}
        answer = api.request("PUT", at, body, **OPERATOR)
        assert answer.admitted, answer.message

    put(change(made))
    try:
        yield
    finally:
        put(made)


@contextmanager
def with_extra(api: Api, *objects: tuple[Object, str], works: Callable[[], bool]) -> Iterator[None]:
    for made, namespace in objects:
        answer = api.create(made, namespace, **OPERATOR)
        assert answer.admitted, answer.message
    eventually(works, "what was granted is known")
    try:
        yield
    finally:
        for made, namespace in objects:
            assert api.delete(made, namespace, **OPERATOR).admitted
        eventually(lambda: not works(), "what was granted is taken back")


def grant(api: Api, where: str, resource: str, verbs: list[str], team: str = ONE) -> Any:
    """A right more for the tenant's admins, in a namespace or (empty) in the cluster."""
    prefix = "" if where else "Cluster"
    role = {**named(f"{_RBAC}/v1", f"{prefix}Role", name="mutant"), "rules": [{"apiGroups": [""], "resources": [resource], "verbs": verbs}]}
    binding = {
        **named(f"{_RBAC}/v1", f"{prefix}RoleBinding", name="mutant"),
        "roleRef": {"apiGroup": _RBAC, "kind": f"{prefix}Role", "name": "mutant"},
        "subjects": [{"kind": "Group", "name": f"sso-{team}", "apiGroup": _RBAC}],
    }
    one = Resource("", resource, namespaced=bool(where))
    return with_extra(api, (role, where), (binding, where), works=lambda: may(api, admin(team), verbs[0], one, where))


def without_rules(resource: str) -> Callable[[Object], Object]:
    """A role that may only read a resource."""

    def change(role: Object) -> Object:
        kept = [rule for rule in role["rules"] if resource not in rule["resources"] or "create" not in rule["verbs"]]
        assert len(kept) < len(role["rules"])
        return {**role, "rules": kept}

    return change


def node_ports(api: Api) -> Iterator[None]:
    raised = lambda made: {**made, "spec": {"hard": {**made["spec"]["hard"], "services.nodeports": "5"}}}  # noqa: E731
    service = named("v1", "Service", {"type": "NodePort", "selector": {"app": "probe"}, "ports": [{"port": 80}]})
    with (
        with_changed(api, "ResourceQuota", "platform", raised),
        with_policy(api, "node-port-services", "audit", lambda: side(api, ONE).create(service, dryRun="All").admitted),
    ):
        yield


def unguarded(api: Api) -> Any:
    """The platform's label without the policy behind it: RBAC lets admins annotate and delete roles and NetworkPolicies."""
    here = side(api, ONE)
    at = f"/apis/networking.k8s.io/v1/namespaces/{here.namespace}/networkpolicies/default-deny"
    return with_policy(api, "owned-objects", "audit", lambda: here.ask("DELETE", at, dryRun="All").admitted)


def pulled(api: Api) -> Any:
    return with_policy(
        api, "image-pull-policy", "audit", lambda: side(api, ONE).create(pod(imagePullPolicy="Never"), dryRun="All").admitted
    )


MUTANTS: Mapping[str, Callable[[Api], Any]] = {
    "CPI-1 block access to cluster resources": lambda api: grant(api, "", "nodes", ["list"]),
    "CPI-2 block multitenant resources": unguarded,
    "CPI-3 block added capabilities": lambda api: pod_security_without(api, "CPI-3"),
    "CPI-4 require running as non-root": lambda api: pod_security_without(api, "CPI-4"),
    "CPI-5 block privileged containers": lambda api: pod_security_without(api, "CPI-5"),
    "CPI-6 block privilege escalation": lambda api: pod_security_without(api, "CPI-6"),
    "HI-1 block host paths": lambda api: pod_security_without(api, "HI-1"),
    "HI-1 block NodePort services": contextmanager(node_ports),
    "HI-3 block host networking and ports": lambda api: pod_security_without(api, "HI-3"),
    "HI-4 block host PID": lambda api: pod_security_without(api, "HI-4"),
    "HI-5 block host IPC": lambda api: pod_security_without(api, "HI-5"),
    "DI-1 require imagePullPolicy Always": pulled,
    "FNS-1 configure resource quotas": lambda api: with_changed(
        api, "ResourceQuota", "platform", lambda made: without(made, "requests.ephemeral-storage", "limits.ephemeral-storage")
    ),
    "FNS-2 configure object limits": lambda api: with_changed(
        api, "ResourceQuota", "platform", lambda made: without(made, "replicationcontrollers")
    ),
    "TI-1 block modification of quotas": lambda api: grant(api, f"{ONE}-prod", "resourcequotas", ["patch"]),
    "TI-2 block access to other tenants": lambda api: grant(api, f"{TWO}-prod", "pods", ["get"]),
    "OPS-3 create role bindings": lambda api: with_changed(api, "Role", "team-admin", without_rules("rolebindings")),
    "OPS-4 create network policies": lambda api: with_changed(api, "Role", "team-admin", without_rules("networkpolicies")),
}


@pytest.mark.parametrize("broken", CHECKS)
def test_a_mutant_fails_its_own_check_and_no_other(api: Api, broken: str) -> None:
    with MUTANTS[broken](api):
        eventually(lambda: bool(list(CHECKS[broken](side(api, ONE)))), f"the mutant of {broken} is noticed")
        assert set(judge(side(api, ONE))) == {broken}


# --- what the benchmark does not ask


def ceiling(**fields: Any) -> Object:
    return named("v1", "Service", {"selector": {"app": "probe"}, "ports": [{"port": 80}], **fields})


def bound_to(subject: str) -> Object:
    role = {"apiGroup": _RBAC, "kind": "Role", "name": "viewer"}
    who = {"kind": "Group", "name": subject, "apiGroup": _RBAC}
    return {**named(f"{_RBAC}/v1", "RoleBinding"), "roleRef": role, "subjects": [who]}


def network_policy(peer: Object) -> Object:
    return named("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [peer]})


LOOPHOLES: Mapping[str, tuple[Object, Object, str]] = {
    "a priority of the system": (pod(), with_pod(priorityClassName="system-node-critical"), "priority-classes"),
    "a node of its choice": (pod(), with_pod(nodeName="node-1"), "node-name"),
    "every toleration": (pod(), with_pod(tolerations=[{"operator": "Exists"}]), "tolerations"),
    "external addresses": (ceiling(), ceiling(externalIPs=["10.0.0.1"]), "external-ips"),
    "another tenant's service by another name": (
        ceiling(),
        ceiling(type="ExternalName", externalName=f"web.{TWO}-prod.svc.cluster.local"),
        "external-name-services",
    ),
    "a role for everybody": (bound_to(f"sso-{ONE}"), bound_to("system:authenticated"), "bindings-to-everyone"),
    "the platform's label": (
        named("v1", "ConfigMap"),
        named("v1", "ConfigMap", labels={OWNED: "platform"}),
        "owned-objects",
    ),
    "a network without walls": (network_policy({"from": [{"podSelector": {}}]}), network_policy({}), "open-network-policies"),
}
"""What Pod Security and a full quota still admit: the sound object, the same with the flaw, and the policy that refuses it."""


@pytest.mark.parametrize("loophole", LOOPHOLES)
def test_what_pod_security_and_quotas_admit_is_refused(api: Api, loophole: str) -> None:
    sound, flawed, policy = LOOPHOLES[loophole]
    admitted = side(api, ONE).create(sound, dryRun="All")
    assert admitted.admitted, admitted.message
    refused = side(api, ONE).create(flawed, dryRun="All")
    assert (refused.code, refused.reason) == (403, "Forbidden"), refused.message
    assert f"platform-{policy}" in refused.message


OWN = tuple((made["kind"], made["metadata"]["name"]) for made in tenant_objects(ONE))


@pytest.mark.parametrize(("kind", "name"), OWN)
def test_its_admins_cannot_touch_what_the_platform_made(api: Api, kind: str, name: str) -> None:
    made = next(one for one in tenant_objects(ONE) if (one["kind"], one["metadata"]["name"]) == (kind, name))
    here, at = side(api, ONE), api.path(made, f"{ONE}-prod", named=True)
    before = api.request("GET", at).body
    changes: list[Object] = [
        {"metadata": {"labels": {OWNED: None}}},
        {"metadata": {"labels": None}},
        {"metadata": {"annotations": {"probe": "yes"}}},
        {"metadata": {"finalizers": ["example.com/kept"]}},
    ]
    answers = [here.ask("PATCH", at, change, content_type="application/merge-patch+json") for change in changes]
    answers += [here.ask("PUT", at, {**before, "metadata": {**before["metadata"], "labels": {}}}), here.ask("DELETE", at)]
    answers.append(here.ask("DELETE", at.rpartition("/")[0]))
    assert [answer.code for answer in answers] == [403] * len(answers), [answer.message for answer in answers if answer.code != 403]
    assert api.request("GET", at).body["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


@pytest.mark.parametrize("engine", ["argo-cd", "flux"])
def test_what_delivers_is_as_its_project_defines_it_and_no_tenants_to_change(api: Api, engine: str) -> None:
    declared = {
        "team": ONE,
        "owners": ["@a"],
        "group": f"sso-{ONE}",
        "environments": ["prod"],
        "delivery": {"repository": "https://git.example.com/a"},
    }
    args = TenantArgs(declaration=declared, environment="prod", cluster=CLUSTER, gitops=engine)  # type: ignore[arg-type]
    made = [one for one in objects_of(ONE, args) if one["apiVersion"].partition("/")[0] in DEFINED]
    assert len(made) == 2
    if engine == "argo-cd":
        assert api.create(named("v1", "Namespace", name="argocd"), **OPERATOR).admitted
    for one in made:
        wrong = {**one, "spec": dict.fromkeys(one["spec"], 7)}
        place = one["metadata"]["namespace"]
        assert api.create(wrong, place, **OPERATOR, dryRun="All").code == 422
        answer = api.create(one, place, **OPERATOR)
        assert answer.admitted, answer.message
        at = api.path(one, place, named=True)
        here = side(api, ONE)
        change = {"metadata": {"labels": {OWNED: None}}}
        answers = [here.ask("DELETE", at), here.ask("PATCH", at, change, content_type="application/merge-patch+json")]
        assert [told.code for told in answers] == [403, 403]


def test_no_admin_gives_itself_more_than_it_has(api: Api) -> None:
    here = side(api, ONE)
    wide = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    tokens = [{"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}]
    for extra in (wide, tokens):
        assert here.create({**named(f"{_RBAC}/v1", "Role"), "rules": extra}, dryRun="All").code == 403
    for role in ("admin", "edit", "cluster-admin"):
        binding = {**bound_to(f"sso-{ONE}"), "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role}}
        assert here.create(binding, dryRun="All").code == 403
    account = f"system:serviceaccount:{ONE}-prod:web"
    assert not may(api, here.who, "impersonate", Resource("", "serviceaccounts", namespaced=True), here.namespace)
    assert here.ask("POST", f"/api/v1/namespaces/{ONE}-prod/serviceaccounts/web/token", {}).code == 403, account


# --- nodes of a tenant's own


def refused_by(answer: Answer) -> str:
    assert (answer.code, answer.reason) == (403, "Forbidden"), answer.message
    return answer.message


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_tenant_with_nodes_of_its_own_runs_on_no_others(api: Api, escape: str) -> None:
    """Neither its people nor a controller that makes pods of an old template; and it is told at the template."""
    leaving = ESCAPES[escape](POOL)
    here = side(api, HOUSED)
    controller = {"user": "system:serviceaccount:kube-system:replicaset-controller", "groups": ("system:serviceaccounts:kube-system",)}
    answers = [here.create(leaving, dryRun="All"), here.create(deployment(leaving), dryRun="All")]
    answers.append(api.create(leaving, here.namespace, **controller, dryRun="All"))
    for answer in answers:
        assert "platform-node-pools" in refused_by(answer)
        assert POOL in answer.message
    for home in (at_home(POOL), deployment(at_home(POOL))):
        assert here.create(home, dryRun="All").admitted


@pytest.mark.parametrize("intrusion", INTRUSIONS)
def test_nobody_else_runs_on_them(api: Api, intrusion: str) -> None:
    entering, policy = INTRUSIONS[intrusion](POOL)
    for team in (*TEAMS[:2], *TEAMS[4:]):
        assert f"platform-{policy}" in refused_by(side(api, team).create(entering, dryRun="All"))
    assert f"platform-{policy}" in refused_by(side(api, ONE).create(deployment(entering), dryRun="All"))


def test_pools_that_are_no_tenants_stay_open_to_all(api: Api) -> None:
    shared = with_pod(tolerations=[toleration("gpu")], nodeSelector={POOL_LABEL: "gpu"})
    assert side(api, ONE).create(shared, dryRun="All").admitted
    assert not side(api, HOUSED).create(shared, dryRun="All").admitted


def test_it_is_the_policy_that_keeps_them(api: Api) -> None:
    """Nothing else does: without it, both directions are open."""
    leaving, (entering, _) = ESCAPES["no selector"](POOL), INTRUSIONS["its selector and its taint"](POOL)

    def open_() -> bool:
        return side(api, HOUSED).create(leaving, dryRun="All").admitted and side(api, ONE).create(entering, dryRun="All").admitted

    assert not open_()
    with with_policy(api, "node-pools", "audit", open_):
        assert open_()


def test_which_nodes_are_whose_no_tenant_says(api: Api) -> None:
    here = side(api, HOUSED)
    at = f"/api/v1/namespaces/{here.namespace}"
    assert api.request("GET", at).body["metadata"]["annotations"][NODE_POOL] == POOL
    change = {"metadata": {"annotations": {NODE_POOL: None}}}
    assert here.ask("PATCH", at, change, content_type="application/merge-patch+json").code == 403
    with grant(api, here.namespace, "namespaces", ["patch"], HOUSED):
        told = refused_by(here.ask("PATCH", at, change, content_type="application/merge-patch+json"))
        assert "platform-namespaces" in told or "platform-owned-objects" in told
    for pools in (f"/apis/karpenter.sh/v1/nodepools/{POOL}", f"/apis/karpenter.k8s.aws/v1/ec2nodeclasses/{POOL}"):
        assert api.request("GET", pools).admitted
        for method in ("GET", "DELETE"):
            assert here.ask(method, pools).code == 403


# --- a virtual cluster


@pytest.mark.parametrize("made", CONTROL_PLANE)
def test_the_pods_of_a_virtual_cluster_are_as_restricted_as_any(api: Api, made: str) -> None:
    """As the controllers and the syncer make them; and the chart's own settings are not."""
    sound = CONTROL_PLANE[made]
    assert api.create(sound, f"{VIRTUAL}-prod", **SYNCER, dryRun="All").admitted, api.create(
        sound, f"{VIRTUAL}-prod", **SYNCER, dryRun="All"
    ).message
    refused = api.create(as_root(sound), f"{VIRTUAL}-prod", **SYNCER, dryRun="All")
    assert refused.code == 403
    assert "violates PodSecurity" in refused.message


def test_its_people_have_its_door_and_nothing_else(api: Api) -> None:
    here = side(api, VIRTUAL)
    role = "team-admin"
    for name in ("team-admin", "viewer"):
        secret = named("v1", "Secret", name=vcluster.kubeconfig_secret(name))
        assert api.create(secret, here.namespace, **OPERATOR).admitted
    own, others = (f"/api/v1/namespaces/{here.namespace}/secrets/{vcluster.kubeconfig_secret(name)}" for name in (role, "viewer"))
    assert here.ask("GET", own).admitted
    assert here.ask("GET", others).code == 403
    assert here.create(pod(), dryRun="All").code == 403
    resolved = rules(api, here.who, here.namespace)
    kinds = [one for one in here.resources if one.namespaced and one.name not in SELF_REVIEWS]
    changing = {one.partition(" ")[2] for one in allowed(resolved, kinds, [verb for verb in VERBS if verb not in ("get", "list", "watch")])}
    assert changing == {"pods/portforward"}
    doors = [rule["resourceNames"] for rule in resolved if "pods/portforward" in rule["resources"]]
    assert doors
    assert all(door == [vcluster.POD] for door in doors)


# --- each against all others

SPECIAL = {
    "impersonate": ("users", "groups", "serviceaccounts", "uids"),
    "escalate": ("roles", "clusterroles"),
    "bind": ("roles", "clusterroles"),
    "use": ("podsecuritypolicies",),
    "approve": ("signers",),
    "sign": ("signers",),
}
"""Verbs beside those of every resource."""


def everybody(team: str) -> list[Who]:
    """Whoever has a role in a team, by way of the login and by way of IAM."""
    return [admin(team), *(Who(f"{role.value}-of-{team}", (access_group(team, role),)) for role in TeamRole)]


def token_of(api: Api, team: str) -> str:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    answer = api.request("POST", f"/api/v1/namespaces/{team}-prod/serviceaccounts/web/token", request)
    assert answer.admitted, answer.message
    return str(answer.body["status"]["token"])


def test_nobody_of_a_tenant_may_do_anything_in_another(api: Api) -> None:
    """Every verb on every kind, resolved by the API server's own authorizer once for each person and namespace."""
    kinds = [one for one in served(api) if one.name not in SELF_REVIEWS]
    special = [(verb, Resource(group, name, namespaced=True)) for verb, names in SPECIAL.items() for name in names for group in ("", _RBAC)]
    # Exec, port-forward, secrets, tokens and debug containers are resources of their own, and so among the kinds.
    assert {"pods/exec", "pods/portforward", "pods/attach", "secrets", "serviceaccounts/token", "pods/ephemeralcontainers"} <= {
        one.name for one in kinds
    }
    found, asked = [], 0
    for team in TEAMS:
        for who in everybody(team):
            for other in (*(other for other in TEAMS if other != team), ""):
                resolved = rules(api, who, f"{other}-prod" if other else "default")
                asked += len(kinds) * len(VERBS) + len(special)
                found += [f"{who.user} in {other}: {one}" for one in allowed(resolved, kinds)]
                found += [f"{who.user} in {other}: {verb} {one}" for verb, one in special if allowed(resolved, [one], [verb])]
    assert found == []
    assert asked > 1_000_000


def test_the_matrix_would_see_a_hole(api: Api) -> None:
    kinds = [one for one in served(api) if one.name not in SELF_REVIEWS]
    with grant(api, f"{TWO}-prod", "pods/exec", ["create"]):
        assert allowed(rules(api, admin(ONE), f"{TWO}-prod"), kinds) == ["create pods/exec"]


REQUESTS = (
    ("GET", "/api/v1/namespaces/{0}/secrets"),
    ("GET", "/api/v1/namespaces/{0}/pods"),
    ("POST", "/api/v1/namespaces/{0}/pods/web/exec"),
    ("POST", "/api/v1/namespaces/{0}/pods/web/portforward"),
    ("GET", "/api/v1/namespaces/{0}/pods/web/log"),
    ("POST", "/api/v1/namespaces/{0}/serviceaccounts/web/token"),
    ("DELETE", "/api/v1/namespaces/{0}/configmaps"),
    ("DELETE", "/apis/networking.k8s.io/v1/namespaces/{0}/networkpolicies/default-deny"),
    ("GET", "/apis/rbac.authorization.k8s.io/v1/namespaces/{0}/rolebindings"),
    ("GET", "/api/v1/namespaces/{0}"),
    ("GET", "/api/v1/secrets"),
)


def test_requests_into_other_namespaces_are_forbidden(api: Api) -> None:
    """The same, asked for real: a sample, as people and with tokens of service accounts."""
    chosen = random.Random(11)  # noqa: S311 -- a sample
    pairs = [chosen.sample([team for team in TEAMS if team != VIRTUAL], 2) for _ in range(20)]
    for team, other in pairs:
        for method, path in REQUESTS:
            answer = side(api, team).ask(method, path.format(f"{other}-prod"), {} if method == "POST" else None)
            assert answer.code == 403, f"{team} {method} {path} in {other}: {answer.code}"
    for team, other in pairs[:5]:
        account = Api(api.server, api.authority, token_of(api, team))
        for method, path in REQUESTS:
            for place in (other, team):
                answer = account.request(method, path.format(f"{place}-prod"), {} if method == "POST" else None)
                assert answer.code == 403, f"account of {team} {method} {path} in {place}: {answer.code}"
        account.close()


# --- the end


def test_a_namespace_goes_whole(api: Api) -> None:
    """The platform's label on what a namespace holds does not keep it in Terminating."""
    gone = TEAMS[-1]
    at = f"/api/v1/namespaces/{gone}-prod"
    assert api.request("DELETE", at, **OPERATOR).admitted
    eventually(lambda: api.request("GET", at).code == 404, f"{gone}-prod is gone")
