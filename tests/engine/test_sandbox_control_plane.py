"""The sandbox's Kubernetes APIs: real ones, one for each cluster, that refuse what a cluster refuses and end with the sandbox."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
import urllib3
import yaml

from platformctl.engine.cli import find_tool
from platformctl.engine.toolbox import KUBECTL
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.kubernetes.definitions import at_hand

PATIENCE = 60.0
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass(frozen=True)
class Api:
    """A Kubernetes API as somebody sees it."""

    server: str
    authority: str
    token: str | None

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        with urllib3.PoolManager(ca_certs=self.authority, retries=False, timeout=urllib3.Timeout(90)) as pool:
            answer = pool.request(method, f"{self.server}{path}", headers=headers, body=None if body is None else json.dumps(body))
        try:
            return answer.status, answer.json()
        except ValueError:
            return answer.status, answer.data.decode()

    def named(self, token: str | None) -> "Api":
        return Api(self.server, self.authority, token)


def facts(sandbox: lifecycle.Sandbox, address: str) -> dict[str, Any]:
    answer = SandboxClient(sandbox.url, timeout=180).request("GET", "kubernetes", address)
    assert answer.ok, answer.error
    found: dict[str, Any] = answer.body
    return found


def api_of(sandbox: lifecycle.Sandbox, address: str) -> Api:
    api = facts(sandbox, address)["api"]
    return Api(api["server"], api["certificateAuthority"], api["token"])


def eks(sandbox: lifecycle.Sandbox) -> Any:
    return boto3.client("eks", "eu-west-1", endpoint_url=sandbox.url, aws_access_key_id="x", aws_secret_access_key="x")


def make_cluster(sandbox: lifecycle.Sandbox, name: str) -> dict[str, Any]:
    vpc = {"subnetIds": ["subnet-1", "subnet-2"]}
    role = "arn:aws:iam::123456789012:role/eks"
    made: dict[str, Any] = eks(sandbox).create_cluster(name=name, version="1.35", roleArn=role, resourcesVpcConfig=vpc)["cluster"]
    return made


def eventually(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example/main@sha256:" + "0" * 64}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def children(sandbox: lifecycle.Sandbox) -> list[psutil.Process]:
    found = psutil.Process(sandbox.pid).children(recursive=True)
    assert {process.name() for process in found} >= {"etcd", "kube-apiserver"}
    return found


@pytest.fixture(scope="module")
def sandbox(kubernetes_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.Sandbox]:
    with lifecycle.temporary(tmp_path_factory.mktemp("root"), "control", lambda _: None) as started:
        yield started


@pytest.fixture(scope="module")
def dev(sandbox: lifecycle.Sandbox) -> Api:
    return api_of(sandbox, make_cluster(sandbox, "dev")["endpoint"])


def test_a_cluster_has_an_api_of_its_version(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    status, version = dev("GET", "/version")
    assert (status, version["gitVersion"].startswith("v1.35."), version["minor"]) == (200, True, "35")
    assert dev("GET", "/readyz")[0] == 200
    assert dev("GET", "/api/v1/namespaces/kube-system/serviceaccounts/default")[0] == 200
    assert dev.server.startswith("https://127.0.0.1:")


def test_every_listener_is_on_loopback(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    listening = [c for process in children(sandbox) for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert len(listening) >= 3
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_secrets_on_disk_are_for_nobody_else(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    secret = [path for path in sandbox.directory.rglob("*") if path.suffix in {".key", ".csv"} or path.name == "kubeconfig"]
    assert len(secret) >= 6
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}


def test_a_cluster_is_born_with_what_eks_puts_into_it(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    classes = dev("GET", "/apis/storage.k8s.io/v1/storageclasses")[1]["items"]
    assert [item["metadata"]["name"] for item in classes] == ["gp2"]
    definitions = dev("GET", DEFINITIONS)[1]["items"]
    assert {item["metadata"]["name"] for item in definitions} >= {"securitygrouppolicies.vpcresources.k8s.aws"}
    other = api_of(sandbox, "default")
    assert other("GET", "/apis/storage.k8s.io/v1/storageclasses")[1]["items"] == []


def test_it_is_asked_twice_and_is_the_same(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    address = eks(sandbox).describe_cluster(name="dev")["cluster"]["endpoint"]
    assert api_of(sandbox, address) == dev


def test_two_clusters_know_nothing_of_each_other(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    prod = api_of(sandbox, make_cluster(sandbox, "prod")["endpoint"])
    assert prod.server != dev.server
    assert dev("POST", "/api/v1/namespaces", namespace("only-dev"))[0] == 201
    assert dev("GET", "/api/v1/namespaces/only-dev")[0] == 200
    assert prod("GET", "/api/v1/namespaces/only-dev")[0] == 404
    assert prod.named(dev.token)("GET", "/api/v1/namespaces")[0] == 401
    with pytest.raises(urllib3.exceptions.SSLError):
        Api(prod.server, dev.authority, prod.token)("GET", "/version")

    written = yaml.safe_load((sandbox.directory / "kubeconfig").read_text())
    assert [context["name"] for context in written["contexts"] if context["name"] in {"dev", "prod"}] == ["dev", "prod"]
    assert written["current-context"] == "dev"
    held = {process.name() for process in children(sandbox)}
    assert held == {"etcd", "kube-apiserver", "kube-controller-manager"}
    assert sum(process.name() == "kube-apiserver" for process in children(sandbox)) == len(written["contexts"])
    assert sum(process.name() == "etcd" for process in children(sandbox)) == 1

    prod_processes = [p for p in children(sandbox) if prod.server.rsplit(":", 1)[1] in " ".join(p.cmdline())]
    eks(sandbox).delete_cluster(name="prod")
    assert "prod" not in [cluster["name"] for cluster in sandbox.status().clusters]
    assert prod_processes
    assert [process for process in prod_processes if process.is_running()] == []


def test_a_provider_without_a_kubeconfig_has_a_cluster_too(sandbox: lifecycle.Sandbox) -> None:
    assert api_of(sandbox, "default")("GET", "/readyz")[0] == 200


def test_nobody_may_do_what_roles_do_not_say(dev: Api) -> None:
    status, refusal = dev.named(None)("GET", "/api/v1/namespaces")
    assert (status, 'User "system:anonymous" cannot list resource "namespaces"' in refusal["message"]) == (403, True)
    assert dev.named("guessed")("GET", "/api/v1/namespaces")[0] == 401

    dev("POST", "/api/v1/namespaces", namespace("roles"))
    eventually(lambda: dev("GET", "/api/v1/namespaces/roles/serviceaccounts/default")[0] == 200)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    status, answer = dev("POST", "/api/v1/namespaces/roles/serviceaccounts/default/token", request)
    assert status == 201
    account = dev.named(answer["status"]["token"])
    assert account("GET", "/api/v1/namespaces/roles/configmaps")[0] == 403
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"}, "rules": [rule]}
    assert dev("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/roles/roles", role)[0] == 201
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "roles"}],
    }
    assert dev("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/roles/rolebindings", binding)[0] == 201
    assert eventually(lambda: account("GET", "/api/v1/namespaces/roles/configmaps")[0] == 200)


def test_tokens_are_issued_in_the_name_of_the_clusters_oidc_provider(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    issuer = eks(sandbox).describe_cluster(name="dev")["cluster"]["identity"]["oidc"]["issuer"]
    assert dev("GET", "/.well-known/openid-configuration")[1]["issuer"] == issuer


def test_pod_security_is_enforced(dev: Api) -> None:
    dev("POST", "/api/v1/namespaces", namespace("strict", **RESTRICTED))
    eventually(lambda: dev("GET", "/api/v1/namespaces/strict/serviceaccounts/default")[0] == 200)
    status, refusal = dev("POST", "/api/v1/namespaces/strict/pods", pod("root", hostNetwork=True))
    assert (status, 'violates PodSecurity "restricted:latest": host namespaces' in refusal["message"]) == (403, True)


def test_a_workload_that_admission_refuses_says_so(dev: Api) -> None:
    dev("POST", "/api/v1/namespaces", namespace("refused", **RESTRICTED))
    eventually(lambda: dev("GET", "/api/v1/namespaces/refused/serviceaccounts/default")[0] == 200)
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod("x")["spec"]}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    path = "/apis/apps/v1/namespaces/refused/deployments"
    assert dev("POST", path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})[0] == 201

    def failure() -> Any:
        conditions = dev("GET", f"{path}/web")[1].get("status", {}).get("conditions", [])
        return next((condition["message"] for condition in conditions if condition["type"] == "ReplicaFailure"), None)

    assert "violates PodSecurity" in eventually(failure)


def test_admission_policies_are_evaluated(dev: Api) -> None:
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "named"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
                "namespaceSelector": {"matchLabels": {"judged": "yes"}},
            },
            "validations": [{"expression": "object.metadata.name.startsWith('good')", "message": "only good names"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "named"},
        "spec": {"policyName": "named", "validationActions": ["Deny"]},
    }
    root = "/apis/admissionregistration.k8s.io/v1"
    assert dev("POST", f"{root}/validatingadmissionpolicies", policy)[0] == 201
    assert dev("POST", f"{root}/validatingadmissionpolicybindings", binding)[0] == 201
    dev("POST", "/api/v1/namespaces", namespace("judged", judged="yes"))

    def refusal(name: str) -> str:
        status, answer = dev("POST", "/api/v1/namespaces/judged/configmaps?dryRun=All", {"metadata": {"name": name}})
        return "" if status == 201 else str(answer["message"])

    assert "only good names" in eventually(lambda: refusal("bad"))
    assert refusal("good") == ""
    checked = eventually(lambda: dev("GET", f"{root}/validatingadmissionpolicies/named")[1].get("status", {}).get("observedGeneration"))
    assert checked == 1


def test_a_quota_counts_and_refuses(dev: Api) -> None:
    # Secrets, not config maps: the namespace's own bundle comes at its own time, and a count taken before it stays until the next resync.
    dev("POST", "/api/v1/namespaces", namespace("bounded"))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"secrets": "1"}}}
    path = "/api/v1/namespaces/bounded"
    assert dev("POST", f"{path}/resourcequotas", quota)[0] == 201

    def used() -> Any:
        return dev("GET", f"{path}/resourcequotas/few")[1].get("status", {}).get("used")

    eventually(lambda: used() == {"secrets": "0"})
    # The server refuses everything until its own view of the quota has a count.
    eventually(lambda: dev("POST", f"{path}/secrets", {"metadata": {"name": "first"}})[0] == 201)
    assert used() == {"secrets": "1"}
    status, refusal = dev("POST", f"{path}/secrets", {"metadata": {"name": "second"}})
    assert (status, "exceeded quota: few" in refusal["message"]) == (403, True)


def test_a_namespace_goes_with_all_it_holds(dev: Api) -> None:
    dev("POST", "/api/v1/namespaces", namespace("passing"))
    claim = {
        "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    assert dev("POST", "/api/v1/namespaces/passing/configmaps", {"metadata": {"name": "held"}})[0] == 201
    assert dev("POST", "/api/v1/namespaces/passing/persistentvolumeclaims", claim)[0] == 201
    assert dev("DELETE", "/api/v1/namespaces/passing")[0] == 200
    eventually(lambda: dev("GET", "/api/v1/namespaces/passing")[0] == 404)


def test_what_belongs_to_a_deleted_object_goes_with_it(dev: Api) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    owner = dev("POST", path, {"metadata": {"name": "owner"}})[1]["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner}
    assert dev("POST", path, {"metadata": {"name": "owned", "ownerReferences": [reference]}})[0] == 201
    dev("DELETE", f"{path}/owner")
    eventually(lambda: dev("GET", f"{path}/owned")[0] == 404)


def test_the_status_counts_what_people_made(sandbox: lifecycle.Sandbox, kubernetes_programs: dict[str, Path]) -> None:
    census = api_of(sandbox, make_cluster(sandbox, "counted")["endpoint"])

    def counted() -> Any:
        return next(cluster for cluster in sandbox.status().clusters if cluster["name"] == "counted")

    assert counted()["objects"] == {}
    assert counted()["version"].startswith("1.35.")
    assert set(counted()["processes"]) == set(kubernetes_programs)
    census("POST", "/api/v1/namespaces", namespace("mine"))
    census("POST", "/api/v1/namespaces/mine/configmaps", {"metadata": {"name": "mine"}, "data": {"a": "b"}})
    names = {"kind": "Widget", "plural": "widgets"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.test", "labels": {"sandbox.platform/unchecked": "true"}},
        "spec": {"group": "example.test", "names": names, "scope": "Namespaced", "versions": [version]},
    }
    assert census("POST", DEFINITIONS, definition)[0] == 201
    widget = {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"anything": 1}}
    eventually(lambda: census("POST", "/apis/example.test/v1/namespaces/mine/widgets", widget)[0] == 201)
    assert counted()["objects"] == {
        "ConfigMap": 1,
        "CustomResourceDefinition.apiextensions.k8s.io": 1,
        "Namespace": 1,
        "Widget.example.test": 1,
    }
    assert counted()["unchecked"] == {"Widget.example.test": 1}


def test_kubectl_works_in_the_sandboxs_environment(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    kubectl = find_tool(KUBECTL)
    if kubectl is None and not os.environ.get("CI"):
        pytest.skip("no kubectl: run `platformctl tools install kubectl`")
    assert kubectl is not None
    environ = {**os.environ, **sandbox.environ()}
    command = [str(kubectl.path), "--context", "dev", "get", "namespaces", "-o", "name"]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert "namespace/kube-system" in run.stdout.splitlines()


def test_a_program_that_died_is_started_again_and_knows_what_it_knew(sandbox: lifecycle.Sandbox, dev: Api) -> None:
    assert dev("POST", "/api/v1/namespaces", namespace("kept"))[0] == 201
    address = eks(sandbox).describe_cluster(name="dev")["cluster"]["endpoint"]
    (server,) = [p for p in children(sandbox) if dev.server.rsplit(":", 1)[1] in " ".join(p.cmdline())]
    (store,) = [p for p in children(sandbox) if p.name() == "etcd"]
    for process in (server, store):
        process.kill()
    eventually(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in (server, store)))
    assert api_of(sandbox, address) == dev
    assert dev("GET", "/api/v1/namespaces/kept")[0] == 200


def test_every_published_definition_is_accepted(dev: Api) -> None:
    published = at_hand()
    definitions = [definition for group in published.groups for definition in published.of_group(group)]
    assert len(definitions) > 100
    with ThreadPoolExecutor(4) as together:
        answers = list(together.map(lambda definition: dev("POST", f"{DEFINITIONS}?dryRun=All", definition), definitions))
    assert [answer for status, answer in answers if status not in {201, 409}] == []


def test_a_custom_resource_is_checked_by_its_published_definition(dev: Api) -> None:
    (definition,) = [each for each in at_hand().of_group("karpenter.sh") if each["spec"]["names"]["kind"] == "NodePool"]
    assert dev("POST", DEFINITIONS, definition)[0] == 201
    eventually(lambda: dev("GET", "/apis/karpenter.sh/v1/nodepools")[0] == 200)
    broken = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "p"}, "spec": {"weight": 1000}}
    status, refusal = dev("POST", "/apis/karpenter.sh/v1/nodepools", broken)
    assert (status, "spec.weight: Invalid value" in refusal["message"]) == (422, True)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_nothing_outlives_the_sandbox_and_the_next_one_is_empty(how: str, kubernetes_programs: dict[str, Path], tmp_path: Path) -> None:
    first = lifecycle.start(tmp_path, announce=lambda _: None)
    try:
        assert api_of(first, "default")("POST", "/api/v1/namespaces", namespace("before"))[0] == 201
        running = children(first)
        if how == "stop":
            first.stop()
            assert [process for process in running if process.is_running()] == []
            assert not (first.directory / "kubernetes").exists()
        else:
            os.kill(first.pid, signal.SIGKILL)
            _, alive = psutil.wait_procs(running, timeout=5)
            assert alive == []
        second = lifecycle.start(tmp_path, announce=lambda _: None)
        assert api_of(second, "default")("GET", "/api/v1/namespaces/before")[0] == 404
    finally:
        lifecycle.stop(tmp_path)


def test_what_the_kernel_did_not_end_is_ended_by_the_next_start(kubernetes_programs: dict[str, Path], tmp_path: Path) -> None:
    """As on systems whose kernel does not tell a child of its parent's death."""
    first = lifecycle.start(tmp_path, announce=lambda _: None)
    with subprocess.Popen(["sleep", "600"]) as left:
        try:
            api_of(first, "default")
            record = first.directory / "processes.json"
            entries = json.loads(record.read_text())
            entries.append({"pid": left.pid, "created": psutil.Process(left.pid).create_time()})
            record.write_text(json.dumps(entries))
            os.kill(first.pid, signal.SIGKILL)
            lifecycle.start(tmp_path, announce=lambda _: None)
            assert not psutil.pid_exists(left.pid)
        finally:
            left.kill()
            lifecycle.stop(tmp_path)
