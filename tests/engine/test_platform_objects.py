"""Every Kubernetes object of the layers above the cluster, in every environment and with every engine, is taken by a real API server.

The programs run offline; their objects are sent to one API server, which judges them as it would on `up`: namespaces and definitions for
good, everything else as a dry run. A kind whose definition is in no Go module cannot be judged: it is listed, and the list is held.
"""

import json
import shutil
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from platform_components.admission.policy import Mode
from platform_components.admission.signatures import API_VERSION, KIND, NAME, image_policy, needs_signature
from platform_components.observability.slo.args import SloArgs
from platform_components.observability.slo.slo import Slo
from platform_components.resilience import cluster_documents
from platform_components.resilience.cluster_documents import DRILL
from platformctl.project import Project, find_project
from platformctl.readers.mock_run import run_stack
from platformctl.sandbox import lifecycle
from platformctl.sandbox.kubernetes import definitions
from tests.engine.test_sandbox_control_plane import api_of, eventually, make_cluster
from tests.support import deploy

pytestmark = pytest.mark.long

ROOT: Final = Path(__file__).parents[2]
ENVIRONMENTS: Final = tuple(sorted(path.stem for path in (ROOT / "stacks" / "environments").glob("*.yaml")))
GIT: Final = "git@git.example.com:platform/apps.git"
TEAMS: Final = {
    "payments": {"repositories": ["https://git.example.com/payments"], "namespaces": ["payments"], "groups": ["sso-payments"]},
    "ledger": {"repositories": ["https://git.example.com/ledger"], "namespaces": ["ledger", "ledger-jobs"]},
}
WINDOW: Final = {"kind": "deny", "schedule": "0 16 * * 5", "hours": 64}
AUTHORITY: Final = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/12345678-1234-1234-1234-123456789012"
VARIANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "as it stands": {},
    "flux": {"gitops": {"kind": "flux", "repository": GIT, "credentials": "apps", "teams": TEAMS}},
    "argo cd with teams": {
        "gitops": {"kind": "argo-cd", "repository": GIT, "teams": {**TEAMS, "payments": {**TEAMS["payments"], "windows": [WINDOW]}}}
    },
    "private authority": {"certificates": {"issuer": {"kind": "acm-pca", "arn": AUTHORITY}}},
    "own authority": {"certificates": {"issuer": {"kind": "internal"}}},
    "everything on": {"addons": {name: {"enabled": True} for name in ("descheduler", "nvidia-device-plugin")}, "replicas": 3},
}
DELIVERY: Final[Mapping[str, Mapping[str, Any]]] = {
    "everything on": {
        "ci": {
            "pools": {"standard": {"max": 4}},
            "github": {"url": "https://github.com/example"},
            "gitlab": {},
            "cache": {},
            "builds": {},
            "jenkins": {"login": {"issuer": "https://login.example.com", "client_id": "jenkins", "admin_groups": ["sso-platform"]}},
        }
    },
}
"""What a variant says of delivery."""
UNCHECKED: Final = {"AWSPCAClusterIssuer", "IngressClassParams"}
"""Kinds of vendors whose definitions are in no Go module."""

_ELSEWHERE: Final = ("payments", "ledger", "ledger-jobs")
"""Namespaces that teams bring."""


IN_THE_CLOUD: Final[Mapping[str, Mapping[str, Any]]] = {
    "network": {
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": {tier: ["subnet-0123456789abcdef0"] for tier in ("public", "private", "intra", "database", "cache")},
    },
    "cluster": {
        "cluster_name": "judge-0a1b2c3",
        "cluster_arn": "arn:aws:eks:eu-west-1:123456789012:cluster/judge-0a1b2c3",
        "cluster_security_group_id": "sg-0123456789abcdef0",
        "key_arn": "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
        "karpenter_instance_profile_name": "judge-karpenter-node-0a1b2c3",
        "karpenter_queue_name": "judge-interruptions-0a1b2c3",
    },
}
"""What only AWS knows before `up`, by layer: in the form it has there, for the definitions hold ids to patterns."""


@cache
def upstream(environment: str) -> dict[str, Any]:
    """What the layers below export; no variant changes those."""
    project, exports = find_project(ROOT), {}
    for below in project.stacks_below(f"{environment}.delivery"):
        found = run_stack(project, below, upstream=exports, preview=False).exports
        exports[below] = {**found, **IN_THE_CLOUD.get(below.partition(".")[2], {})}
    return exports


def objects(project: Project, environment: str) -> list[dict[str, Any]]:
    """The Kubernetes objects that an environment's layers above the cluster register, but for those of its teams."""
    layers = (f"{environment}.platform", f"{environment}.observability", f"{environment}.delivery")
    graphs = [run_stack(project, layer, upstream=upstream(environment), preview=False).graph for layer in layers]
    return [
        # A graph holds no secret, and the judge wants some text in its place.
        {**node.inputs, "stringData": {"key": "value"}} if "stringData" in node.inputs else dict(node.inputs)
        for graph in graphs
        for node in graph
        if node.custom and node.type.startswith("kubernetes:") and "apiVersion" in node.inputs and "helm.sh" not in node.type
    ]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """The platform repository, once for every variant of its environments."""
    made: dict[str, Project] = {}
    for variant, overlay in VARIANTS.items():
        root = tmp_path_factory.mktemp(variant.replace(" ", "-"))
        shutil.copy(ROOT / "Pulumi.yaml", root)
        shutil.copytree(ROOT / "stacks", root / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
        for path in (root / "stacks" / "environments").glob("*.yaml"):
            declared = yaml.safe_load(path.read_text(encoding="utf-8"))
            declared["platform"] = {**declared.get("platform", {}), **overlay}
            declared["delivery"] = {**declared.get("delivery", {}), **DELIVERY.get(variant, {})}
            path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
        made[variant] = find_project(root)
    return made


@pytest.fixture(scope="module")
def documents(copies: Mapping[str, Project]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Objects by environment and variant."""
    cases = [(environment, variant) for environment in ENVIRONMENTS for variant in copies]
    return {(environment, variant): objects(copies[variant], environment) for environment, variant in cases}


@dataclass(frozen=True)
class Judge:
    """The API server, through one connection."""

    client: httpx.Client

    def __call__(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        content = None if body is None else json.dumps(body)
        answer = self.client.request(method, path, content=content, headers={"Content-Type": kind})
        return answer.status_code, answer.json() if answer.headers["Content-Type"].startswith("application/json") else answer.text


@pytest.fixture(scope="module")
def api(
    kubernetes_programs: dict[str, Path],
    documents: Mapping[tuple[str, str], list[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Judge]:
    """One API server with the published definitions of every group that the objects are of."""
    groups = {document["apiVersion"].rpartition("/")[0] for found in documents.values() for document in found}
    groups.add(API_VERSION.partition("/")[0])
    with lifecycle.temporary(tmp_path_factory.mktemp("root"), "objects", lambda _: None) as sandbox:
        place = api_of(sandbox, make_cluster(sandbox, "judge")["endpoint"])
        trusted = ssl.create_default_context(cafile=place.authority)
        client = httpx.Client(base_url=place.server, verify=trusted, headers={"Authorization": f"Bearer {place.token}"}, timeout=60)
        found, served = Judge(client), []
        published = definitions.at_hand()
        for group in sorted(groups & set(published.groups)):
            for definition in published.of_group(group):
                status, answer = found("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
                assert status in (201, 409), answer
                version = next(one["name"] for one in definition["spec"]["versions"] if one["served"])
                served.append(f"/apis/{group}/{version}/{definition['spec']['names']['plural']}?limit=1")
        for path in served:
            eventually(lambda at=path: found("GET", at)[0] == 200)  # type: ignore[misc]
        for namespace in _ELSEWHERE:
            assert found("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})[0] == 201
        yield found
        client.close()


def listed(api: Judge, place: str) -> Any:
    """The kinds of a group version; none while it is listed and not served yet."""
    status, answer = api("GET", place)
    return answer["resources"] if status == 200 else None


@pytest.fixture(scope="module")
def kinds(api: Judge) -> dict[tuple[str, str], tuple[str, bool]]:
    """Path of every kind the API server knows, and whether it lives in namespaces."""
    found: dict[tuple[str, str], tuple[str, bool]] = {}
    groups = [version["groupVersion"] for group in api("GET", "/apis")[1]["groups"] for version in group["versions"]]
    for version in ("v1", *groups):
        place = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        for resource in eventually(partial(listed, api, place)):
            if "/" not in resource["name"]:
                found[version, resource["kind"]] = (f"{place}/{{namespace}}{resource['name']}", resource["namespaced"])
    return found


def put(api: Judge, kinds: Mapping[tuple[str, str], tuple[str, bool]], document: Mapping[str, Any], *, dry: bool) -> tuple[int, Any]:
    place, namespaced = kinds[document["apiVersion"], document["kind"]]
    metadata = document["metadata"]
    path = place.format(namespace=f"namespaces/{metadata.get('namespace', 'default')}/" if namespaced else "")
    query = "?fieldManager=test&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry else "")
    return api("PATCH", f"{path}/{metadata['name']}{query}", document, "application/apply-patch+yaml")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_is_accepted(
    environment: str,
    variant: str,
    api: Judge,
    kinds: Mapping[tuple[str, str], tuple[str, bool]],
    documents: Mapping[tuple[str, str], list[dict[str, Any]]],
) -> None:
    found = documents[environment, variant]
    checked = [document for document in found if (document["apiVersion"], document["kind"]) in kinds]
    unchecked = {document["kind"] for document in found} - {document["kind"] for document in checked}
    assert unchecked <= UNCHECKED
    assert len(checked) > 40
    refused = []
    for document in sorted(checked, key=lambda one: one["kind"] != "Namespace"):
        status, answer = put(api, kinds, document, dry=document["kind"] != "Namespace")
        if status not in (200, 201):
            refused.append(f"{document['kind']} {document['metadata']['name']}: {status} {answer.get('message', answer)}")
    assert refused == []


def test_the_judge_refuses_what_is_wrong(
    api: Judge, kinds: Mapping[tuple[str, str], tuple[str, bool]], documents: Mapping[tuple[str, str], list[dict[str, Any]]]
) -> None:
    """The same objects with one word misspelt: else the test above would prove nothing."""
    taken = []
    for document in documents["prod", "as it stands"]:
        if (document["apiVersion"], document["kind"]) in kinds and isinstance(document.get("spec"), Mapping) and document["spec"]:
            wrong = json.loads(json.dumps(document))
            wrong["spec"] = {"misspelt": True, **wrong["spec"]}
            status, _ = put(api, kinds, wrong, dry=True)
            if status in (200, 201):
                taken.append(document["kind"])
    assert set(taken) <= {"Namespace"}


def test_the_rules_of_an_objective_are_accepted(api: Judge, kinds: Mapping[tuple[str, str], tuple[str, bool]]) -> None:
    """As they stand; and what is none is refused, so that the definition is known to judge."""
    indicator = {"kind": "latency", "metric": "http_request_duration_seconds", "within": "0.3", "buckets": "native"}
    args = SloArgs.model_validate(
        {"service": "shop", "objective": "99.9", "indicator": indicator, "namespace": "default", "minimum_events": 9}
    )
    document = dict(deploy(lambda: Slo("checkout", args)).one("kubernetes:monitoring.coreos.com/v1:PrometheusRule").inputs)
    status, answer = put(api, kinds, document, dry=True)
    assert status in (200, 201), answer
    first, *rest = document["spec"]["groups"]
    broken = {**document, "spec": {"groups": [{**first, "interval": "soon"}, *rest]}}
    status, answer = put(api, kinds, broken, dry=True)
    assert status == 422
    assert "spec.groups[0].interval" in answer["message"]


def test_a_drill_may_restore_and_compare_and_nothing_else(
    api: Judge, kinds: Mapping[tuple[str, str], tuple[str, bool]], documents: Mapping[tuple[str, str], list[dict[str, Any]]]
) -> None:
    """What the drill sends is a Restore that the definition takes; and its account's rights are asked of the API server itself."""
    assert api("POST", "/api/v1/namespaces", {"metadata": {"name": "velero"}})[0] in (201, 409)
    status, answer = put(api, kinds, cluster_documents.restore("daily"), dry=True)
    assert status in (200, 201), answer
    wrong = cluster_documents.restore("daily")
    wrong["spec"]["namespaceMappings"] = wrong["spec"].pop("namespaceMapping")
    status, answer = put(api, kinds, wrong, dry=True)
    assert status >= 400
    assert "namespaceMappings" in answer["message"]
    own = [one for one in documents["prod", "as it stands"] if one["apiVersion"].startswith("rbac.") and one["metadata"]["name"] == DRILL]
    assert {one["kind"] for one in own} == {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    for document in own:
        status, answer = put(api, kinds, document, dry=False)
        assert status in (200, 201), answer

    def may(verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> bool:
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name}
        spec = {"user": f"system:serviceaccount:velero:{DRILL}", "resourceAttributes": asked}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        return bool(api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)[1]["status"]["allowed"])

    assert eventually(lambda: may("create", "velero.io", "restores", "velero"))
    assert may("delete", "velero.io", "restores", "velero", DRILL)
    assert may("delete", "", "namespaces", name=cluster_documents.RESTORED)
    assert may("get", "", "configmaps", cluster_documents.RESTORED, cluster_documents.CANARY)
    assert not may("delete", "velero.io", "restores", "velero", "of-somebody")
    assert not may("create", "velero.io", "restores", "payments")
    assert not may("delete", "velero.io", "backups", "velero", "daily-1")
    assert not may("delete", "", "namespaces", name="payments")
    assert not may("get", "", "configmaps", "payments", "settings")
    assert not may("get", "", "secrets", cluster_documents.RESTORED, "login")


PUBLIC_KEY: Final = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
def test_the_rule_on_signatures_is_accepted(mode: Mode, api: Judge, kinds: Mapping[tuple[str, str], tuple[str, bool]]) -> None:
    """As it stands; and none of its own fields is one that the definition would let through misspelt."""
    spec = image_policy({"images": PUBLIC_KEY, "old": PUBLIC_KEY}, mode, needs_signature(["registry.example/hub"]), ("kube-system",))
    document = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": NAME}, "spec": spec}
    status, answer = put(api, kinds, document, dry=True)
    assert status in (200, 201), answer
    assert answer["spec"]["attestors"][0]["cosign"]["key"]["data"] == PUBLIC_KEY
    taken = []
    for field in spec:
        wrong = {**spec, f"{field}x": spec[field]}
        if put(api, kinds, {**document, "spec": wrong}, dry=True)[0] in (200, 201):
            taken.append(field)
    assert taken == []
    status, answer = put(api, kinds, {**document, "spec": {**spec, "failurePolicy": "Perhaps"}}, dry=True)
    assert (status, "failurePolicy" in answer["message"]) == (422, True)
