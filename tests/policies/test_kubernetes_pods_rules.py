"""Rules of Kubernetes pods, case by case."""

from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import Status
from platform_policies.rules import kubernetes_pods as pods

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []

POD, DEPLOYMENT, JOB = "kubernetes:core/v1:Pod", "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"
ROLLOUT, ACCOUNT = "kubernetes:argoproj.io/v1alpha1:Rollout", "kubernetes:core/v1:ServiceAccount"
AT = "spec.containers.0"
NO_TEMPLATE = {"spec": {"workloadRef": {"name": "a"}}}


def pod(container: Any = None, **spec: Any) -> dict[str, Any]:
    """A pod of one container, whose fields these are."""
    body = {"name": "main", **container} if isinstance(container, dict) else container
    return {"metadata": {"namespace": "app"}, "spec": {"containers": [body if body is not None else {"name": "main"}], **spec}}


def deployed(container: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": pod(container)}}


def init(container: Any) -> dict[str, Any]:
    return {"spec": {"initContainers": container, "containers": []}}


FULL = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}


def _resources() -> None:
    table = Table(CASES, "k8s-resource-requests-limits", POD)
    table.passing(pod({"resources": FULL}))
    table.passing(deployed({"resources": FULL}), "deployment", of=DEPLOYMENT)
    limits = f"{AT}.resources.limits.memory"
    requests = {"requests": FULL["requests"]}
    table.failing(pod({"resources": requests}), "no limit", at=limits)
    table.failing(pod({"resources": {**requests, "limits": {"cpu": 1}}}), "another limit", at=limits)
    table.unknown(pod({"resources": {**requests, "limits": {"memory": UNKNOWN}}}), "limit", at=limits)
    table.unknown(pod({"resources": {**requests, "limits": UNKNOWN}}), "limits", at=limits)
    table.failing(pod({"resources": {**FULL, "requests": {"memory": "1Mi"}}}), "no cpu", at=f"{AT}.resources.requests.cpu")
    table.passing(pod({"resources": {**FULL, "requests": {"cpu": 1}}}), "a request equals its limit")
    table.passing(pod({"resources": {**FULL, "requests": {"cpu": 1, "memory": UNKNOWN}}}), "an unknown request beside a limit")
    table.unknown(pod({"resources": {**FULL, "requests": {"cpu": UNKNOWN}}}), "request", at=f"{AT}.resources.requests.cpu")
    table.failing(pod({"resources": {"limits": {"memory": "1Gi"}}}), "a limit of another resource", at=f"{AT}.resources.requests.cpu")
    table.absent(Status.FAIL, pod())
    table.failing(init([{"name": "i"}]), "init container", at="spec.initContainers.0.resources.requests.cpu")
    table.passing({"spec": {"ephemeralContainers": [{}], "containers": []}}, "ephemeral containers have none")
    table.unknown(pod({"resources": UNKNOWN}), at=f"{AT}.resources.requests.cpu")
    table.passing(pod(resources=FULL), "of the pod")
    table.failing(pod({"resources": FULL}), "setting", settings={"required": ["limits.cpu"]}, at=f"{AT}.resources.limits.cpu")
    table.skipped(NO_TEMPLATE, "no pods", of=ROLLOUT)


def _images() -> None:
    table, path = Table(CASES, "k8s-image-registry-allowlist", POD), f"{AT}.image"
    for image in ("public.ecr.aws/a/b:1", "registry.k8s.io/pause:3.10", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a@sha256:0"):
        table.passing(pod({"image": image}), image)
    for image in (
        "nginx:1.27",
        "acme/web:1",
        "quay.io/a/b:1",
        "localhost/a",
        "localhost:5000/a",
        "public.ecr.aws.example.org/a:1",
        "docker.io/a",
    ):
        table.failing(pod({"image": image}), image, at=path)
    table.failing(init([{"image": "nginx"}]), "init container", at="spec.initContainers.0.image")
    table.failing({"spec": {"ephemeralContainers": [{"image": "nginx"}]}}, "ephemeral container")
    table.absent(None, pod())
    table.unknown(pod({"image": UNKNOWN}), at=path)
    table.unknown({"spec": UNKNOWN}, "spec", at=None)
    ours = {"settings": {"registries": ["ghcr.io/acme/*", "docker.io", "localhost:5000"]}}
    table.passing(pod({"image": "ghcr.io/acme/web:1"}), "by path", **ours)
    table.failing(pod({"image": "ghcr.io/other/web:1"}), "another path", **ours)
    table.passing(pod({"image": "nginx"}), "docker.io without its name", **ours)
    local = {"settings": {"registries": ["localhost", "localhost:5000"]}}
    table.passing(pod({"image": "localhost:5000/a:1"}), "a port", **local)
    table.passing(pod({"image": "localhost/a:1"}), "this host", **local)
    table.failing(pod({"image": "acme/a:1"}), "not a host", **local)
    table.failing(pod({"image": "ghcr.io/acme/web:1"}), "no registries", settings={"registries": []})


def _tags() -> None:
    table, path = Table(CASES, "k8s-image-tag-fixed", POD, "tag"), f"{AT}.image"
    for image in ("nginx:1.27", "a.example.org:5000/b/c:v1", "nginx@sha256:0", "nginx:latest@sha256:0"):
        table.passing(pod({"image": image}), image)
    for image in ("nginx:latest", "a.example.org:5000/b/c:latest"):
        table.failing(pod({"image": image}), image, at=path)
    for image in ("nginx", "a.example.org:5000/b/c"):
        table.absent(Status.FAIL, pod({"image": image}), image, at=path)
    table.failing(pod({"image": "nginx:main"}), "setting", settings={"floating": ["main"]})
    table.absent(None, pod(), "image")
    table.unknown(pod({"image": UNKNOWN}), at=path)
    table = Table(CASES, "k8s-image-tag-fixed", POD, "digest")
    required: dict[str, Any] = {"settings": {"require_digest": True}}
    table.passing(pod({"image": "nginx@sha256:0"}), **required)
    table.failing(pod({"image": "nginx:1.27"}), at=path, **required)
    table.absent(Status.FAIL, pod({"image": "nginx"}), **required)
    table.unknown(pod({"image": UNKNOWN}), at=path, **required)
    table.skipped(pod({"image": "nginx:1.27"}), "not required")


def _probes() -> None:
    for kind in ("liveness", "readiness"):
        table, path = Table(CASES, "k8s-probes", DEPLOYMENT, kind), f"spec.template.{AT}.{kind}Probe"
        table.passing(deployed({f"{kind}Probe": {"httpGet": {"port": 80}}}))
        table.failing(deployed({f"{kind}Probe": None}), at=path)
        table.absent(Status.FAIL, deployed({}), at=path)
        table.unknown(deployed({f"{kind}Probe": UNKNOWN}), at=path)
        table.failing(pod(), "pod", of=POD, at=f"{AT}.{kind}Probe")
        for policy, expect in (("Never", Status.PASS), ("OnFailure", Status.PASS), ("Always", Status.FAIL)):
            add = table.passing if expect is Status.PASS else table.failing
            add(pod(restartPolicy=policy), policy, of=POD)
        table.passing(init([{"name": "i"}]), "init containers need none", of=POD)
        table.skipped(NO_TEMPLATE, "no pods", of=ROLLOUT)


def _rootfs() -> None:
    table, path = Table(CASES, "k8s-readonly-rootfs", POD), f"{AT}.securityContext.readOnlyRootFilesystem"
    table.passing(pod({"securityContext": {"readOnlyRootFilesystem": True}}))
    table.failing(pod({"securityContext": {"readOnlyRootFilesystem": False}}), at=path)
    table.absent(Status.FAIL, pod(), at=path)
    table.unknown(pod({"securityContext": {"readOnlyRootFilesystem": UNKNOWN}}), at=path)
    table.passing(pod(os={"name": "windows"}), "windows")
    table.failing(pod(os={"name": "linux"}), "linux")
    table.failing(init([{}]), "init container")
    table.failing({"spec": {"ephemeralContainers": [{}]}}, "ephemeral container")
    table.skipped(NO_TEMPLATE, "no pods", of=ROLLOUT)


def _secrets() -> None:
    table = Table(CASES, "k8s-secrets-not-in-env", POD)

    def env(*entries: Any) -> dict[str, Any]:
        return pod({"env": list(entries)})

    first = f"{AT}.env.0"
    table.passing(env({"name": "MODE", "value": "a"}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c"}}}))
    table.failing(env({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}), at=f"{first}.valueFrom.secretKeyRef")
    table.failing(pod({"envFrom": [{"secretRef": {"name": "s"}}]}), "envFrom", at=f"{AT}.envFrom.0.secretRef")
    table.passing(pod({"envFrom": [{"configMapRef": {"name": "c"}}]}), "envFrom of a ConfigMap")
    table.failing(env({"name": "A", "value": SECRET}), "a secret in the manifest", at=f"{first}.value")
    table.failing(env({"name": "DB_PASSWORD", "value": "x"}), "by its name", at=f"{first}.value")
    table.failing(env({"name": "api_key", "value": "x"}), "by its name in small letters")
    table.passing(env({"name": "DB_PASSWORD", "value": ""}), "an empty one")
    table.passing(env({"name": "DB_PASSWORD_FILE", "value": "/run/x"}), "a file's name")
    table.failing(env({"name": "PIN", "value": "1"}), "setting", settings={"names": ["PIN"]})
    table.absent(Status.PASS, pod())
    table.unknown(pod({"env": UNKNOWN}), at=f"{AT}.env")
    table.unknown(pod({"envFrom": UNKNOWN}), "envFrom", at=f"{AT}.envFrom")
    table.unknown(env(UNKNOWN), "a variable", at=first)
    table.unknown(env(SECRET), "a secret variable", at=first)
    table.unknown(env({"name": "A", "valueFrom": UNKNOWN}), "source", at=first)
    table.unknown(pod({"envFrom": [UNKNOWN]}), "an envFrom", at=f"{AT}.envFrom.0.secretRef")
    table.passing(env({"name": "HOST", "value": UNKNOWN}), "an unknown value")
    table.failing(env({"name": "A_TOKEN", "value": UNKNOWN}), "an unknown value of a secret's name")
    for field in ("initContainers", "ephemeralContainers"):
        table.failing({"spec": {field: [{"envFrom": [{"secretRef": {}}]}]}}, field)
    table.skipped(NO_TEMPLATE, "no pods", of=ROLLOUT)


def account(name: str, mount: Any = None, namespace: str = "app") -> Any:
    return node(ACCOUNT, "account", {"metadata": {"name": name, "namespace": namespace}, "automountServiceAccountToken": mount})


def _default_account() -> None:
    table, path = Table(CASES, "k8s-sa-default-not-used", POD, "default"), "spec.serviceAccountName"
    mount = "spec.automountServiceAccountToken"
    table.passing(pod(serviceAccountName="web"))
    table.passing(pod(serviceAccount="web"), "by its former name")
    table.failing(pod(serviceAccountName="default"), at=path)
    table.failing(pod(serviceAccountName="", automountServiceAccountToken=True), "empty", at=path)
    table.passing(pod(automountServiceAccountToken=False), "without its token")
    table.passing(pod(), "whose token is not mounted", others=[account("default", False)])
    table.failing(pod(), "of another namespace", others=[account("default", False, "other")])
    table.failing(pod(), "another account", others=[account("web", False)])
    table.failing(pod(automountServiceAccountToken=True), "the pod's word goes first", others=[account("default", False)])
    table.absent(Status.FAIL, pod(), at=path)
    table.unknown(pod(serviceAccountName=UNKNOWN), at=path)
    table.unknown(pod(automountServiceAccountToken=UNKNOWN), "mount", at=mount)
    table.passing(pod(serviceAccountName="web", automountServiceAccountToken=UNKNOWN), "an account of its own")
    own = {"others": [account("web")], "refers": {"spec": ["account"]}}
    table.passing(pod(serviceAccountName=UNKNOWN), "of the program", **own)
    other = {"others": [node("kubernetes:core/v1:Secret", "s", {})], "refers": {"spec": ["s"]}}
    table.unknown(pod(serviceAccountName=UNKNOWN), "no account", **other)
    table.unknown({"spec": UNKNOWN}, "spec")
    table.skipped(NO_TEMPLATE, "no pods", of=ROLLOUT)


def _token() -> None:
    table, path = Table(CASES, "k8s-sa-default-not-used", POD, "token-automount"), "spec.automountServiceAccountToken"
    table.passing(pod(serviceAccountName="web", automountServiceAccountToken=False))
    table.passing(pod(serviceAccountName="web", automountServiceAccountToken=True), "asked for")
    table.passing(pod(serviceAccountName="web"), "the account asks for it", others=[account("web", True)])
    table.passing(pod(serviceAccountName="web"), "the account forbids it", others=[account("web", False)])
    table.failing(pod(serviceAccountName="web"), at=path)
    table.failing(pod(serviceAccountName="web"), "the account says nothing", others=[account("web")], at=path)
    table.absent(Status.FAIL, pod(), at=path)
    table.unknown(pod(automountServiceAccountToken=UNKNOWN), at=path)
    table.unknown(pod(serviceAccountName=UNKNOWN), "name", at=path)
    table.unknown(pod(serviceAccountName="web"), "the account's", others=[account("web", UNKNOWN)], at=path)
    own = {"others": [account("web", False)], "refers": {"spec": ["account"]}}
    table.passing(pod(serviceAccountName=UNKNOWN), "of the program", **own)
    field = "automountServiceAccountToken"
    named = {"metadata": {"name": "default"}}
    table.passing({**named, field: False}, "default account", of=ACCOUNT)
    table.failing({**named, field: True}, "default account", of=ACCOUNT, at=field)
    table.absent(Status.FAIL, named, "default account", of=ACCOUNT, at=field)
    table.unknown({**named, field: UNKNOWN}, "default account", of=ACCOUNT, at=field)
    table.skipped({"metadata": {"name": "web"}}, "another account", of=ACCOUNT)


_resources()
_images()
_tags()
_probes()
_rootfs()
_secrets()
_default_account()
_token()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(pods.RULES, case)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("nginx", ("docker.io", "nginx", "", "")),
        ("acme/web:1.2", ("docker.io", "acme/web", "1.2", "")),
        ("localhost/web", ("localhost", "web", "", "")),
        ("host:5000/a/b:c@sha256:0", ("host:5000", "a/b", "c", "sha256:0")),
        ("ghcr.io/a/b@sha256:0", ("ghcr.io", "a/b", "", "sha256:0")),
    ],
)
def test_parts_of_an_image(reference: str, parts: tuple[str, ...]) -> None:
    assert pods.parse_image(reference) == parts


class NoGraph:
    """What stands for the graph while resources register: asking it anything is an error."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.mark.parametrize(
    "rule", [pods.resources, pods.image_registry, pods.image_tag, pods.probes, pods.readonly_rootfs, pods.secrets_not_in_env]
)
def test_rules_of_one_pod_need_no_graph(rule: Any) -> None:
    subject = node(DEPLOYMENT, "subject", deployed({"image": "nginx", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {}}}]}))
    assert {verdict.status for verdict in rule(subject, NoGraph())} == {Status.FAIL}
