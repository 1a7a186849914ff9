"""AdmissionPolicies on a real API server: what they refuse, what they let through, and who may pass."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_components.admission.admission_policies import AdmissionPolicies
from platform_components.admission.args import AdmissionPoliciesArgs
from platform_components.admission.catalogue import POLICIES
from platform_components.admission.policy import Reason
from platform_components.labels import DOMAINS, OWNED, PLATFORM_GROUP, PUBLIC_LOAD_BALANCERS, owned
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.kubernetes.definitions import at_hand
from tests.engine import admission_cases as cases
from tests.engine.admission_cases import CASES, DIGEST, DOMAIN, NAMESPACE, REGISTRY, Case, Object, named
from tests.engine.conftest import ROOT, Repository
from tests.engine.kubernetes_api import MERGE, Answer, Api, eventually
from tests.go_modules import refuse
from tests.support import deploy

EXEMPT = "ingress"
TENANT = "dana"
"""May do everything by RBAC, so that whatever refuses her is a policy."""
OPERATOR: Mapping[str, Any] = {"user": "casey", "groups": (PLATFORM_GROUP,)}
"""Acts for the platform. The cluster's administrator does not here, nor do the controllers, which the sandbox makes administrators: so they
pass for being Kubernetes' own."""

CUSTOM = frozenset(
    {
        ("argoproj.io", "Rollout"),
        ("cert-manager.io", "Certificate"),
        ("external-secrets.io", "ExternalSecret"),
        ("externaldns.k8s.io", "DNSEndpoint"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GRPCRoute"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("gateway.networking.k8s.io", "ListenerSet"),
        ("gateway.networking.k8s.io", "TLSRoute"),
        ("networking.istio.io", "Gateway"),
        ("networking.istio.io", "VirtualService"),
    }
)
"""Kinds of add-ons, as their projects define them: what the policies read has to be there."""


def definitions() -> list[Object]:
    published = at_hand()
    found = [made for group in {group for group, _ in CUSTOM} for made in published.of_group(group)]
    return [made for made in found if (made["spec"]["group"], made["spec"]["names"]["kind"]) in CUSTOM]


def policy_objects(**arguments: Any) -> list[Object]:
    """What the component would make, as the API takes it."""
    fixed = {"registries": [REGISTRY], "exempt_namespaces": [EXEMPT], "identities": {"groups": [PLATFORM_GROUP]}}
    args = AdmissionPoliciesArgs(**{**fixed, **arguments})
    graph = deploy(lambda: AdmissionPolicies("shop", args)).graph
    return [{"apiVersion": "admissionregistration.k8s.io/v1", **node.inputs} for node in graph if node.custom]


def install(api: Api, **arguments: Any) -> None:
    """Make the policies, or make them anew with other arguments."""
    for made in policy_objects(**arguments):
        answer = api.create(made)
        if answer.code == 409:
            answer = api.patch(made, {"spec": made["spec"]})
        assert answer.admitted, answer.message


def ready(api: Api, namespace: str, **metadata: Any) -> None:
    """A namespace with its service account, without which no pod is admitted."""
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, **metadata}}
    assert api.create(made, **OPERATOR).admitted
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    eventually(lambda: api.read(account, namespace).admitted, f"a service account in {namespace}")


def flawed_workload(name: str, kind: str = "Deployment") -> Object:
    spec = cases.pod_spec(containers=[cases.container(image="docker.io/library/nginx:1.29")])
    made = cases.workload(kind, spec)
    return {**made, "metadata": {**made["metadata"], "name": name}}


OLD_DEPLOYMENT, OLD_POD = flawed_workload("old"), flawed_workload("old", "Pod")
OLD_SERVICE = {**cases.service(type="NodePort"), "metadata": {"name": "old", "finalizers": ["example.com/kept"]}}


@pytest.fixture(scope="module")
def bare_cluster(kubernetes_programs: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A cluster of a sandbox, with nothing in it."""
    with lifecycle.temporary(tmp_path_factory.mktemp("root"), "admission", lambda _: None) as sandbox:
        answer = SandboxClient(sandbox.url, timeout=180).request("GET", "kubernetes", "https://admission.example.com")
        assert answer.ok, answer.error
        facts = answer.body["api"]
        api = Api(facts["server"], facts["certificateAuthority"], facts["token"])
        yield api
        api.close()


@pytest.fixture(scope="module")
def api(bare_cluster: Api) -> Api:
    """A cluster with a tenant's namespace, objects from before the policies, and the policies."""
    if len(definitions()) < len(CUSTOM):
        refuse("the definitions of add-ons are not at hand: run `platformctl tools install kubernetes`")
    for made in definitions():
        assert bare_cluster.create(made).admitted
    users = [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"} for user in (TENANT, OPERATOR["user"])]
    everything = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = named("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name="all-by-rbac")
    assert bare_cluster.create({**binding, "roleRef": everything, "subjects": users}).admitted
    for user in users:
        eventually(
            lambda user=user: bare_cluster.request("GET", "/api/v1/nodes", user=user["name"]).admitted, "RBAC lets both do everything"
        )
    ready(bare_cluster, NAMESPACE, annotations={DOMAINS: f"{DOMAIN}, shop.example.org"})
    ready(bare_cluster, EXEMPT)
    assert bare_cluster.create({**named("scheduling.k8s.io/v1", "PriorityClass", name="platform"), "value": 1000}).admitted
    for old in (OLD_DEPLOYMENT, OLD_POD, OLD_SERVICE):
        assert bare_cluster.create(old, NAMESPACE).admitted
    for made in (case.sound for case in CASES):
        eventually(lambda made=made: bare_cluster.serves(made), f"the API serves {made['kind']}")
    install(bare_cluster)
    for policy in POLICIES:
        eventually(lambda policy=policy: not attempt(bare_cluster, one_case(policy).flawed).admitted, f"{policy} is enforced")
    return bare_cluster


def attempt(api: Api, made: Object, namespace: str = NAMESPACE) -> Answer:
    """Whether the tenant may create an object; nothing is kept."""
    return api.create(made, namespace, user=TENANT, dryRun="All")


def one_case(policy: str) -> Case:
    return next(case for case in CASES if case.policy == policy)


def refused_by(answer: Answer, policy: str) -> bool:
    return not answer.admitted and f"ValidatingAdmissionPolicy 'platform-{policy}' with binding" in answer.message


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_flaw_alone_is_refused(api: Api, case: Case) -> None:
    sound = attempt(api, case.sound)
    assert sound.admitted, sound.message
    assert not sound.warnings
    flawed = attempt(api, case.flawed)
    assert refused_by(flawed, case.policy), flawed.message or "admitted"
    assert case.says in flawed.message
    reason = POLICIES[case.policy].reason
    assert (flawed.code, flawed.reason) == ((403, "Forbidden") if reason is Reason.FORBIDDEN else (422, "Invalid"))


def test_every_policy_has_a_case() -> None:
    assert {case.policy for case in CASES} == set(POLICIES)


EXEMPTED = [case for case in CASES if not POLICIES[case.policy].everywhere and case.sound["kind"] != "ClusterRoleBinding"]


def test_exempt_namespaces_are_exempt(api: Api) -> None:
    refusals = [(str(case), answer.message) for case in EXEMPTED if not (answer := attempt(api, case.flawed, EXEMPT)).admitted]
    assert refusals == []


def as_validations(made: Object) -> Object:
    """A policy that nothing binds, with every expression of another as a validation: the type checker reads no others."""
    spec = made["spec"]
    conditions = [condition["expression"] for condition in spec["matchConditions"]]
    expressions = [*conditions, *(variable["expression"] for variable in spec["variables"])]
    validations = [*spec["validations"], *({"expression": f"[{expression}].size() == 1"} for expression in expressions)]
    checked = {**spec, "validations": validations, "matchConditions": []}
    return {**made, "metadata": {"name": f"checked-{made['metadata']['name']}"}, "spec": checked}


def test_the_type_checker_finds_nothing(api: Api) -> None:
    probes = [as_validations(made) for made in policy_objects() if made["kind"] == "ValidatingAdmissionPolicy"]
    for probe in probes:
        assert api.create(probe).admitted
    for probe in probes:
        eventually(lambda probe=probe: "typeChecking" in api.read(probe).body["status"], f"{probe['metadata']['name']} is type-checked")
    found = {probe["metadata"]["name"]: api.read(probe).body["status"]["typeChecking"] for probe in probes}
    assert found == {name: {} for name in found}
    for probe in probes:
        assert api.delete(probe).admitted


# --- audit


@pytest.fixture
def audited(api: Api) -> Iterator[Api]:
    install(api, mode="audit")
    for policy in POLICIES:
        eventually(lambda policy=policy: attempt(api, one_case(policy).flawed).admitted, f"{policy} only warns")
    yield api
    install(api)
    for policy in POLICIES:
        eventually(lambda policy=policy: not attempt(api, one_case(policy).flawed).admitted, f"{policy} is enforced")


def test_audit_warns_and_admits(audited: Api) -> None:
    for case in CASES:
        answer = attempt(audited, case.flawed)
        assert answer.admitted, f"{case}: {answer.message}"
        warned = [warning for warning in answer.warnings if f"ValidatingAdmissionPolicy 'platform-{case.policy}'" in warning]
        assert warned, f"{case}: {answer.warnings}"
        assert case.says.replace("`", "") in warned[0].replace("`", "")
    counted = audited.text("/metrics")
    assert 'apiserver_validating_admission_policy_check_total{enforcement_action="audit"' in counted


# --- objects from before the policies


def test_what_is_older_can_be_labelled_scaled_and_finalized(api: Api) -> None:
    for change in ({"metadata": {"labels": {"team": "shop"}}}, {"spec": {"replicas": 2}}):
        answer = api.patch(OLD_DEPLOYMENT, change, NAMESPACE, user=TENANT)
        assert answer.admitted, answer.message
    assert api.patch(OLD_POD, {"metadata": {"labels": {"team": "shop"}}}, NAMESPACE, user=TENANT).admitted
    assert api.delete(OLD_SERVICE, NAMESPACE, user=TENANT).admitted
    assert api.patch(OLD_SERVICE, {"metadata": {"finalizers": None}}, NAMESPACE, user=TENANT).admitted
    eventually(lambda: api.read(OLD_SERVICE, NAMESPACE).code == 404, "the old service is gone")


def test_what_is_older_is_judged_once_its_template_changes(api: Api) -> None:
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}}
    answer = api.patch(OLD_DEPLOYMENT, change, NAMESPACE, user=TENANT, dryRun="All")
    assert refused_by(answer, "image-registries")


def test_the_pods_of_an_old_template_are_refused_and_the_controller_is_told_why(api: Api) -> None:
    def told() -> bool:
        sets = api.request("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets").body["items"]
        conditions = [condition for one in sets for condition in one["status"].get("conditions", ())]
        return any("platform-image-registries" in condition.get("message", "") for condition in conditions)

    answer = api.patch(OLD_DEPLOYMENT, {"spec": {"replicas": 3}}, NAMESPACE, user=TENANT)
    assert answer.admitted, answer.message
    eventually(told, "the ReplicaSet says which policy refused its pods")


YOUNG_POD = {**cases.workload("Pod", cases.pod_spec()), "metadata": {"name": "young"}}


@pytest.mark.parametrize("pod", [OLD_POD, YOUNG_POD], ids=["old pod", "sound pod"])
def test_debug_containers_are_judged_by_themselves(api: Api, pod: Object) -> None:
    if pod is YOUNG_POD:
        assert api.create(pod, NAMESPACE, user=TENANT).admitted
    path = f"{api.path(pod, NAMESPACE, named=True)}/ephemeralcontainers"

    def debug(**fields: Any) -> Answer:
        added = {"spec": {"ephemeralContainers": [cases.container(**{"name": "debug", **fields})]}}
        kind = "application/strategic-merge-patch+json"
        return api.request("PATCH", path, added, user=TENANT, dryRun="All", content_type=kind)

    assert debug().admitted, debug().message
    assert refused_by(debug(image="docker.io/library/busybox:1.37"), "image-registries")
    assert refused_by(debug(image=f"{REGISTRY}/debug"), "image-tags")
    assert refused_by(debug(imagePullPolicy="IfNotPresent"), "image-pull-policy")


# --- the platform's own objects

QUOTA = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits", "labels": owned()}, "data": {"pods": "10"}}


@pytest.fixture
def guarded(api: Api) -> Iterator[Object]:
    assert api.create(QUOTA, NAMESPACE, **OPERATOR).admitted
    yield QUOTA
    assert api.delete(QUOTA, NAMESPACE, **OPERATOR).admitted


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"pods": "1000"}},
        {"metadata": {"labels": {OWNED: None}}},
        {"metadata": {"labels": {OWNED: "shop"}}},
        {"metadata": {"labels": None}},
        {"metadata": {"labels": {OWNED: None}}, "data": {"pods": "1000"}},
        {"metadata": {"finalizers": ["example.com/kept"]}},
    ],
    ids=str,
)
def test_a_tenant_changes_nothing_of_the_platforms_objects(api: Api, guarded: Object, change: Mapping[str, Any]) -> None:
    assert refused_by(api.patch(guarded, change, NAMESPACE, user=TENANT, dryRun="All"), "owned-objects")
    assert api.patch(guarded, change, NAMESPACE, **OPERATOR, dryRun="All").admitted


def test_a_tenant_deletes_nothing_of_the_platforms_objects(api: Api, guarded: Object) -> None:
    assert refused_by(api.delete(guarded, NAMESPACE, user=TENANT), "owned-objects")
    every = api.request("DELETE", api.path(guarded, NAMESPACE), user=TENANT)
    assert refused_by(every, "owned-objects")
    assert api.read(guarded, NAMESPACE).admitted


def test_the_label_cannot_be_written_by_way_of_the_status(api: Api) -> None:
    service = {**cases.service(), "metadata": {"name": "gateway", "labels": owned()}}
    assert api.create(service, NAMESPACE, **OPERATOR).admitted
    status = f"{api.path(service, NAMESPACE, named=True)}/status"
    entered = {"status": {"loadBalancer": {}}}

    def write(change: Mapping[str, Any]) -> Answer:
        return api.request("PATCH", status, change, user=TENANT, content_type=MERGE)

    assert refused_by(write({**entered, "metadata": {"labels": {OWNED: None}}}), "owned-objects")
    assert write(entered).admitted
    assert api.delete(service, NAMESPACE, **OPERATOR).admitted


def test_a_tenant_puts_the_label_on_nothing(api: Api) -> None:
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own"}}
    assert api.create(own, NAMESPACE, user=TENANT).admitted
    for labels in (owned(), {OWNED: "dana"}, {OWNED: ""}):
        assert refused_by(api.patch(own, {"metadata": {"labels": labels}}, NAMESPACE, user=TENANT), "owned-objects")
    assert api.delete(own, NAMESPACE, user=TENANT).admitted


@pytest.mark.parametrize(
    ("groups", "admitted"),
    [
        ((PLATFORM_GROUP,), True),
        (("system:masters",), False),
        (("system:nodes",), True),
        (("system:serviceaccounts:kube-system",), True),
        (("system:serviceaccounts:cert-manager",), True),
        (("system:serviceaccounts:velero",), True),
        (("system:serviceaccounts:argocd",), False),
        (("shop",), False),
        ((), False),
    ],
)
def test_who_acts_for_the_platform(api: Api, guarded: Object, groups: tuple[str, ...], admitted: bool) -> None:
    answer = api.delete(guarded, NAMESPACE, user=TENANT, groups=groups, dryRun="All")
    assert answer.admitted is admitted


def test_a_namespace_with_the_platforms_objects_can_be_deleted(api: Api) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "leaving"}}
    ready(api, "leaving")
    assert api.create(QUOTA, "leaving", **OPERATOR).admitted
    assert api.delete(namespace, user=TENANT).admitted
    eventually(lambda: api.read(namespace).code == 404, "the namespace is gone")


def test_an_owned_namespace_is_the_platforms(api: Api) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": owned()}}
    assert not api.create(namespace, user=TENANT, dryRun="All").admitted
    assert api.create(namespace, **OPERATOR).admitted
    assert refused_by(api.delete(namespace, user=TENANT), "owned-objects")
    assert api.delete(namespace, **OPERATOR).admitted


def test_controllers_make_what_the_platforms_templates_say(api: Api) -> None:
    made = cases.workload("Deployment", cases.pod_spec(), owned())
    made["metadata"] = {"name": "gateway"}
    assert api.create(made, NAMESPACE, **OPERATOR).admitted
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    eventually(lambda: bool(api.request("GET", pods, labelSelector=f"{OWNED}=platform").body["items"]), "a labelled pod of the platform")
    assert api.delete(made, NAMESPACE).admitted


def test_controllers_make_pods_of_a_sound_template(api: Api) -> None:
    made = cases.workload("Deployment", cases.pod_spec(), {"probe": "controllers"})
    made["metadata"] = {"name": "sound"}
    assert api.create(made, NAMESPACE, user=TENANT).admitted
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    eventually(lambda: bool(api.request("GET", pods, labelSelector="probe=controllers").body["items"]), "a pod of a sound template")
    assert api.delete(made, NAMESPACE, user=TENANT).admitted


def test_what_operators_make_cannot_carry_the_platforms_label(api: Api) -> None:
    issuer = {"name": "public", "kind": "ClusterIssuer"}
    for kind, version, path, rest in (
        (
            "Gateway",
            "gateway.networking.k8s.io/v1",
            ("infrastructure", "labels"),
            {"gatewayClassName": "istio", "listeners": [cases.listener(cases.HOST)]},
        ),
        (
            "ExternalSecret",
            "external-secrets.io/v1",
            ("target", "template", "metadata", "labels"),
            {"secretStoreRef": {"name": "vault"}, "dataFrom": [{"extract": {"key": "shop"}}]},
        ),
        (
            "Certificate",
            "cert-manager.io/v1",
            ("secretTemplate", "labels"),
            {"secretName": "web", "issuerRef": issuer, "dnsNames": [cases.HOST]},
        ),
    ):
        for labels, admitted in (({"team": "shop"}, True), (owned(), False)):
            spec: Object = {}
            place = spec
            for key in path[:-1]:
                place = place.setdefault(key, {})
            place[path[-1]] = labels
            answer = attempt(api, named(version, kind, {**rest, **spec}))
            assert answer.admitted is admitted, answer.message
            assert admitted or refused_by(answer, "template-labels")


# --- namespaces

HELD = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": "held",
        "labels": {"pod-security.kubernetes.io/enforce": "restricted", "team": "held"},
        "annotations": {DOMAINS: "held.example.com"},
    },
}


@pytest.fixture(scope="module")
def held(api: Api) -> Object:
    assert api.create(HELD, **OPERATOR).admitted
    return HELD


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": None}}},
        {"metadata": {"labels": None}},
        {"metadata": {"labels": {"istio.io/dataplane-mode": "none"}}},
        {"metadata": {"annotations": {DOMAINS: "held.example.com,other.example.com"}}},
        {"metadata": {"annotations": {DOMAINS: None}}},
        {"metadata": {"annotations": {PUBLIC_LOAD_BALANCERS: "true"}}},
        {"metadata": {"labels": None, "annotations": None}},
    ],
    ids=str,
)
def test_only_the_platform_changes_what_holds_a_namespace(api: Api, held: Object, change: Mapping[str, Any]) -> None:
    assert refused_by(api.patch(held, change, user=TENANT, dryRun="All"), "namespaces")
    assert api.patch(held, change, **OPERATOR, dryRun="All").admitted


@pytest.mark.parametrize("part", ["status", "finalize"])
def test_what_holds_a_namespace_is_not_written_by_way_of_its_parts(api: Api, held: Object, part: str) -> None:
    whole = api.read(held).body
    whole["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"
    answer = api.request("PUT", f"{api.path(held, '', named=True)}/{part}", whole, user=TENANT)
    assert refused_by(answer, "namespaces")


def test_other_labels_of_a_namespace_are_its_owners(api: Api, held: Object) -> None:
    assert api.patch(held, {"metadata": {"labels": {"team": "web", "cost": "7"}, "annotations": {"contact": "dana"}}}, user=TENANT).admitted


def test_an_exempt_namespaces_labels_are_held_too(api: Api) -> None:
    kube_system = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}
    change = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    assert refused_by(api.patch(kube_system, change, user=TENANT, dryRun="All"), "namespaces")


def test_no_label_makes_a_namespace_exempt(api: Api, held: Object) -> None:
    """The name's own label is set anew by the API server, whatever the request says."""
    api.patch(held, {"metadata": {"labels": {"kubernetes.io/metadata.name": EXEMPT}}}, user=TENANT)
    assert api.read(held).body["metadata"]["labels"]["kubernetes.io/metadata.name"] == "held"
    flawed = one_case("external-ips").flawed
    assert refused_by(attempt(api, flawed, "held"), "external-ips")


# --- what a namespace is granted


def test_a_namespace_may_have_several_domains_and_none_by_default(api: Api, held: Object) -> None:
    assert attempt(api, cases.ingress("a.shop.example.org")).admitted
    assert attempt(api, cases.ingress("shop.example.com")).admitted
    ready(api, "bare")
    answer = attempt(api, cases.ingress(cases.HOST), "bare")
    assert refused_by(answer, "host-names")
    assert cases.HOST in answer.message


def test_routes_of_a_mesh_and_plain_ports_need_no_host_name(api: Api) -> None:
    mesh = named("gateway.networking.k8s.io/v1", "HTTPRoute", {"parentRefs": [{"group": "", "kind": "Service", "name": "web"}]})
    assert attempt(api, mesh).admitted
    tcp = named("gateway.networking.k8s.io/v1", "Gateway", {"gatewayClassName": "istio", "listeners": [cases.listener(None, "TCP")]})
    assert attempt(api, tcp).admitted
    short = named("networking.istio.io/v1", "VirtualService", {"hosts": ["web", f"web.{NAMESPACE}.svc"]})
    assert attempt(api, short).admitted


def test_load_balancers_face_the_internet_where_the_namespace_may(api: Api) -> None:
    public = one_case("public-load-balancers").flawed
    ready(api, "edge", annotations={PUBLIC_LOAD_BALANCERS: "true"})
    assert attempt(api, public, "edge").admitted


def test_digests_need_no_tag_and_no_pull_policy(api: Api) -> None:
    for image in (f"{REGISTRY}/app@{DIGEST}", f"{REGISTRY}/app:latest@{DIGEST}"):
        spec = cases.pod_spec(containers=[cases.container(image=image, imagePullPolicy="IfNotPresent")])
        answer = attempt(api, cases.workload("Pod", spec))
        assert answer.admitted, answer.message


def test_a_tag_without_a_pull_policy_is_refused_with_the_reason(api: Api) -> None:
    container = cases.container()
    del container["imagePullPolicy"]
    answer = attempt(api, cases.workload("Pod", cases.pod_spec(containers=[container])))
    assert refused_by(answer, "image-pull-policy")
    assert "app (IfNotPresent)" in answer.message


def test_some_tolerations_are_fine(api: Api) -> None:
    tolerations = [{"key": "dedicated", "operator": "Exists"}, {"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}]
    assert attempt(api, cases.workload("Deployment", cases.pod_spec(tolerations=tolerations))).admitted


def test_the_namespaces_own_pods_may_be_named_as_a_whole(api: Api) -> None:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        answer = attempt(api, cases.network(direction, {peers: [{"podSelector": {}}, cases.block("203.0.113.0/24")]}))
        assert answer.admitted, answer.message
        dns = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
        assert attempt(api, cases.network(direction, {peers: [dns]})).admitted
    assert attempt(api, named("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})).admitted


def test_the_platform_may_open_networks_and_bind_everybody(api: Api) -> None:
    for policy in ("open-network-policies", "bindings-to-everyone"):
        assert api.create(one_case(policy).flawed, NAMESPACE, **OPERATOR, dryRun="All").admitted


def test_the_largest_objects_are_judged_within_the_limits(api: Api) -> None:
    """The API server stops judging at a cost, and then refuses."""
    many = [cases.container(name=f"c{number}", image=f"{REGISTRY}/{'a' * 100}{number}:1.2.3") for number in range(300)]
    deployment = cases.workload("Deployment", cases.pod_spec(containers=many))
    hosts = [f"{'a' * 50}{number}.{DOMAIN}" for number in range(1000)]
    peers = [cases.block(f"203.0.{number % 256}.0/24") for number in range(1000)]
    for made in (
        deployment,
        cases.ingress(*hosts),
        named("networking.istio.io/v1", "VirtualService", {"hosts": hosts}),
        cases.network("egress", {"to": peers}),
    ):
        answer = attempt(api, made)
        assert answer.admitted, answer.message[:500]
    made = deployment
    made["metadata"]["name"] = "large"
    made["spec"]["replicas"] = 0
    assert api.create(made, NAMESPACE).admitted
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}}
    answer = api.patch(made, change, NAMESPACE, user=TENANT, dryRun="All")
    assert answer.admitted, answer.message[:500]
    assert api.delete(made, NAMESPACE).admitted


# --- settings


PINNED = cases.container(image=f"{REGISTRY}/app@{DIGEST}")
OTHERWISE: Mapping[str, tuple[Object, bool]] = {
    "a tag": (cases.workload("Pod", cases.pod_spec()), False),
    "a digest": (cases.workload("Pod", cases.pod_spec(containers=[PINNED])), True),
    "a digest from a cache": (cases.workload("Pod", cases.pod_spec(containers=[{**PINNED, "imagePullPolicy": "IfNotPresent"}])), False),
    "a reserved priority": (cases.workload("Deployment", cases.pod_spec(containers=[PINNED], priorityClassName="gold")), False),
    "every taint": (cases.workload("Pod", cases.pod_spec(containers=[PINNED], tolerations=[{"operator": "Exists"}])), True),
    "a private range": (cases.network("egress", {"to": [cases.block("10.0.0.0/8")]}), True),
    "a guarded range": (cases.network("egress", {"to": [cases.block("203.0.0.0/16")]}), False),
    "a name outside": (named("v1", "Service", {"type": "ExternalName", "externalName": "api.example.com"}), True),
}
"""What other settings make of objects."""


@pytest.fixture
def strict(api: Api) -> Iterator[Api]:
    """Other settings, and one policy that is left in audit mode."""
    install(
        api,
        require_digests=True,
        pull_digests=True,
        external_names_outside=True,
        reserved_priority_classes=["gold"],
        guarded_ranges=["203.0.113.0/24"],
        policies={"tolerations": "audit"},
    )
    for name, (made, admitted) in OTHERWISE.items():
        eventually(lambda made=made, admitted=admitted: attempt(api, made).admitted is admitted, f"{name} is judged otherwise")
    yield api
    install(api)
    for policy in POLICIES:
        eventually(lambda policy=policy: not attempt(api, one_case(policy).flawed).admitted, f"{policy} is enforced")


def test_settings_change_what_is_refused(strict: Api) -> None:
    refusals = {name: attempt(strict, made) for name, (made, _) in OTHERWISE.items()}
    assert {name: answer.admitted for name, answer in refusals.items()} == {name: admitted for name, (_, admitted) in OTHERWISE.items()}
    assert refused_by(refusals["a tag"], "image-tags")
    assert refused_by(refusals["a digest from a cache"], "image-pull-policy")
    assert refused_by(refusals["a reserved priority"], "priority-classes")
    assert refused_by(refusals["a guarded range"], "open-network-policies")
    # One policy was left in audit mode.
    assert any("platform-tolerations" in warning for warning in refusals["every taint"].warnings)
    for name, admitted in NAMES.items():
        answer = attempt(strict, named("v1", "Service", {"type": "ExternalName", "externalName": name}))
        assert answer.admitted is admitted, f"{name}: {answer.message}"


NAMES = {
    "api.example.com": True,
    "notcluster.local.example.com": True,
    "db.other.svc.cluster.local": False,
    "db.other.svc.cluster.local.": False,
    "db.other.svc": False,
    "kubernetes": False,
    "169.254.169.254": False,
    "localhost": False,
}
"""Names of hosts outside, and of what only looks so."""


# --- by way of the engine


def test_the_example_does_what_its_page_says(kubernetes_programs: Mapping[str, Path], repository: Repository, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "admission-policies-adopt", tmp_path / "example")
    repository.platformctl("sandbox", "start")
    example = Repository(tmp_path / "example", repository.sandbox_environ())
    example.pulumi("stack", "init", "demo")
    example.pulumi("up", "-s", "demo", "--yes", "--skip-preview")
    # What the API server made of the policies is what was declared.
    example.pulumi("up", "-s", "demo", "--yes", "--skip-preview", "--expect-no-changes")

    written = yaml.safe_load(Path(example.environ["KUBECONFIG"]).read_text(encoding="utf-8"))
    server, user = written["clusters"][0]["cluster"], written["users"][0]["user"]
    api = Api(server["server"], server["certificate-authority"], user["token"])
    tagless = cases.workload("Deployment", cases.pod_spec(containers=[cases.container(image="nginx")]))
    taken = cases.service(externalIPs=["203.0.113.7"])
    eventually(lambda: refused_by(api.create(taken, "storefront", dryRun="All"), "external-ips"), "external-ips is enforced")
    eventually(lambda: len(api.create(tagless, "storefront", dryRun="All").warnings) > 1, "images are audited")
    answer = api.create(tagless, "storefront", dryRun="All")
    assert answer.admitted
    warned = " ".join(answer.warnings)
    assert [policy for policy in POLICIES if f"'platform-{policy}'" in warned] == ["image-registries", "image-tags"]

    example.pulumi("destroy", "-s", "demo", "--yes", "--skip-preview")
    eventually(lambda: api.create(taken, dryRun="All").admitted, "nothing is refused any more")
    api.close()
