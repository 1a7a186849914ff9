"""Pod Security rules, case by case: each family, where pods stand, and whose level and version they are held to."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.pod_security import LATEST, parse_level, parse_version
from platform_policies.rule import Status
from platform_policies.rules import kubernetes_pod_security as rules

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []

POD, DEPLOYMENT, RELEASE = "kubernetes:core/v1:Pod", "kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
BASELINE, RESTRICTED = "k8s-pss-baseline", "k8s-pss-restricted"
CONTEXT = "spec.containers.0.securityContext"


def deep(path: str, value: Any) -> Any:
    """The value at the end of a dotted path; a number is the first item of a list."""
    for key in reversed(path.split(".") if path else []):
        value = [value] if key == "0" else {key: value}
    return value


def put(holder: Any, keys: Sequence[str], value: Any) -> Any:
    """A copy of nested mappings and lists with one value set; None takes it away."""
    if not keys:
        return value
    if keys[0] == "0":
        listed = holder or [{}]
        return [put(listed[0], keys[1:], value), *listed[1:]]
    return {**(holder or {}), keys[0]: put((holder or {}).get(keys[0]), keys[1:], value)}


GOOD: Mapping[str, Any] = {
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {"name": "main", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
        ],
    }
}
"""A pod that keeps to restricted."""


def pod(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The good pod, with values at paths changed; None takes one away."""
    made: Any = GOOD
    for path, value in changes:
        made = put(made, path.split("."), value)
    assert isinstance(made, dict)
    return made


def family(
    rule: str, sub_id: str, path: str, *, good: Sequence[Any], bad: Sequence[Any], absent: Status = Status.PASS, at: str = ""
) -> None:
    """Cases of a field: values that pass, values that fail, the field absent, and not known."""
    table = Table(CASES, rule, POD, sub_id)
    for value in good:
        table.passing(pod((path, value)), f"{path} {value}")
    for value in bad:
        table.failing(pod((path, value)), f"{path} {value}", at=path)
    table.absent(absent, pod((path, None)), path)
    table.unknown(pod((path, UNKNOWN)), path, at=path)
    table.unknown(pod((path, SECRET)), f"{path} secret", at=path)


def _baseline() -> None:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        family(BASELINE, "hostNamespaces", f"spec.{key}", good=[False], bad=[True])
    family(BASELINE, "privileged", f"{CONTEXT}.privileged", good=[False], bad=[True])
    added = [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
    ]
    add = f"{CONTEXT}.capabilities.add"
    family(
        BASELINE,
        "capabilities",
        add,
        good=[[], [*added, "SETPCAP", "SETUID", "SYS_CHROOT"]],
        bad=[["NET_RAW"], ["CHOWN", "SYS_ADMIN"], ["ALL"]],
    )
    unread = pod(("spec.securityContext.capabilities.add", ["SYS_ADMIN"]))
    Table(CASES, BASELINE, POD, "capabilities").passing(unread, "a pod as a whole has no such field, and the API drops it")
    path = "spec.volumes.0.hostPath"
    family(BASELINE, "hostPath", path, good=[], bad=[{"path": "/etc"}, {}])
    table = Table(CASES, BASELINE, POD, "hostPath")
    table.passing(pod(("spec.volumes", [{"name": "a", "emptyDir": {}}])))
    table.unknown(pod(("spec.volumes", UNKNOWN)), "volumes", at="spec.volumes")
    table.unknown(pod(("spec.volumes", [UNKNOWN])), "a volume", at="spec.volumes.0")
    family(BASELINE, "hostPorts", "spec.containers.0.ports.0.hostPort", good=[0], bad=[80])
    table = Table(CASES, BASELINE, POD, "hostPorts")
    table.unknown(pod(("spec.containers.0.ports", UNKNOWN)), "ports", at="spec.containers.0.ports")
    for where in ("spec.securityContext", CONTEXT):
        for key in ("apparmor", "seccomp"):
            field = f"{where}.{'appArmorProfile' if key == 'apparmor' else 'seccompProfile'}"
            family(BASELINE, key, f"{field}.type", good=["RuntimeDefault", "Localhost"], bad=["Unconfined", ""], absent=Status.FAIL)
            Table(CASES, BASELINE, POD, key).absent(Status.PASS, pod((field, None)), field)
            Table(CASES, BASELINE, POD, key).failing(
                pod((field, {"type": ""})), f"{field} empty", says=f"{field.rpartition('.')[2]}.type to nothing"
            )
        allowed = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
        family(BASELINE, "selinux", f"{where}.seLinuxOptions.type", good=allowed, bad=["spc_t"])
        for key in ("user", "role"):
            family(BASELINE, "selinux", f"{where}.seLinuxOptions.{key}", good=[""], bad=["system_u"])
        family(BASELINE, "windowsHostProcess", f"{where}.windowsOptions.hostProcess", good=[False], bad=[True])
    family(BASELINE, "procMount", f"{CONTEXT}.procMount", good=["Default"], bad=["Unmasked"])
    unread = pod(("spec.securityContext.procMount", "Unmasked"))
    Table(CASES, BASELINE, POD, "procMount").passing(unread, "a pod as a whole has no such field, and the API drops it")
    family(
        BASELINE, "sysctls", "spec.securityContext.sysctls.0.name", good=["net.ipv4.tcp_rmem"], bad=["kernel.msgmax"], absent=Status.FAIL
    )
    table = Table(CASES, BASELINE, POD, "sysctls")
    table.unknown(pod(("spec.securityContext.sysctls", UNKNOWN)), "sysctls", at="spec.securityContext.sysctls")
    reserved = pod(("spec.securityContext.sysctls", [{"name": "net.ipv4.ip_local_reserved_ports"}]))
    table.passing(reserved, "allowed from 1.27 on", settings={"version": "v1.27"})
    table.failing(reserved, "not allowed in 1.26", settings={"version": "v1.26"})
    table.passing(pod(("spec.securityContext", "none")), "a context that is none, which the API refuses")
    table.passing({"spec": MappingProxyType({"securityContext": MappingProxyType({"sysctls": []})})}, "mappings of another kind")
    bad = {"securityContext": MappingProxyType({"sysctls": [{"name": "kernel.msgmax"}]})}
    table.failing({"spec": MappingProxyType(bad)}, "mappings of another kind")
    for handler in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"):
        for action in ("httpGet", "tcpSocket"):
            path = f"spec.containers.0.{handler}.{action}.host"
            family(BASELINE, "hostProbesAndHostLifecycle", path, good=[""], bad=["192.0.2.1"])


def _annotations() -> None:
    prefix = "metadata.annotations"
    table = Table(CASES, BASELINE, POD, "apparmor")
    key = "container.apparmor.security.beta.kubernetes.io/main"
    for value in ("", "runtime/default", "localhost/mine"):
        table.passing(pod((prefix, {key: value})), f"annotation {value}")
    table.failing(pod((prefix, {key: "unconfined"})), "annotation", at=f"{prefix}.{key}")
    table.unknown(pod((prefix, {key: UNKNOWN})), "annotation", at=f"{prefix}.{key}")
    table.unknown(pod((prefix, UNKNOWN)), "annotations", at=prefix)
    table.passing(pod((prefix, {"other": "unconfined"})), "another annotation")
    for key in ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/main"):
        table = Table(CASES, BASELINE, POD, "seccomp")
        old = {"settings": {"version": "v1.18"}}
        for value in ("runtime/default", "docker/default", "localhost/mine"):
            table.passing(pod((prefix, {key: value})), f"{key} {value}", **old)
        table.failing(pod((prefix, {key: "unconfined"})), key, at=f"{prefix}.{key}", **old)
        table.failing(pod((prefix, {key: ""})), f"{key} empty", at=f"{prefix}.{key}", **old)
        table.unknown(pod((prefix, {key: SECRET})), key, at=f"{prefix}.{key}", **old)
        table.unknown(pod((prefix, UNKNOWN)), f"{key} all", at=prefix, **old)
        table.passing(pod((prefix, {key: "unconfined"})), f"{key} no longer", settings={"version": "v1.19"})
    other = {"container.seccomp.security.alpha.kubernetes.io/gone": "unconfined"}
    Table(CASES, BASELINE, POD, "seccomp").passing(pod((prefix, other)), "a container that is not there", settings={"version": "v1.0"})


def _restricted() -> None:
    family(RESTRICTED, "allowPrivilegeEscalation", f"{CONTEXT}.allowPrivilegeEscalation", good=[False], bad=[True], absent=Status.FAIL)
    path = f"{CONTEXT}.capabilities.drop"
    family(RESTRICTED, "capabilities", path, good=[["ALL"], ["CHOWN", "ALL"], ["ALL", UNKNOWN]], bad=[["NET_RAW"], []], absent=Status.FAIL)
    Table(CASES, RESTRICTED, POD, "capabilities").unknown(pod((path, ["CHOWN", UNKNOWN])), "one capability", at=path)
    path = f"{CONTEXT}.capabilities.add"
    family(
        RESTRICTED,
        "capabilities",
        path,
        good=[["NET_BIND_SERVICE"]],
        bad=[["CHOWN"], ["NET_BIND_SERVICE", "SYS_ADMIN"], ["CHOWN", UNKNOWN]],
    )
    Table(CASES, RESTRICTED, POD, "capabilities").unknown(pod((path, ["NET_BIND_SERVICE", SECRET])), "one capability", at=path)
    table = Table(CASES, RESTRICTED, POD, "volumeTypes")
    for kind in ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"):
        table.passing(pod(("spec.volumes", [{"name": "a", kind: {}}])), kind)
    for kind in ("hostPath", "nfs", "iscsi", "awsElasticBlockStore", "somethingNew"):
        table.failing(pod(("spec.volumes", [{"name": "a", kind: {}}])), kind, at="spec.volumes.0")
    table.passing(pod(("spec.volumes", [{"name": "a", "nfs": None}])), "no source is an emptyDir")
    table.absent(Status.PASS, pod())
    table.unknown(pod(("spec.volumes", UNKNOWN)), "volumes", at="spec.volumes")
    table.unknown(pod(("spec.volumes", [{"name": "a", "secret": UNKNOWN}])), "a source", at="spec.volumes.0")
    table.failing(pod(("spec.volumes", [UNKNOWN, {"nfs": {}}])), "beside one not known", at="spec.volumes.1")


def _users() -> None:
    whole, own = "spec.securityContext.runAsNonRoot", f"{CONTEXT}.runAsNonRoot"
    table = Table(CASES, RESTRICTED, POD, "runAsNonRoot")
    table.passing(pod())
    table.absent(Status.FAIL, pod((whole, None)), at=own)
    table.passing(pod((whole, None), (own, True)), "by the container")
    table.failing(pod((own, False)), "against the pod", at=own)
    table.failing(pod((whole, False), (own, True)), "the pod, though its container does not", at=whole)
    table.unknown(pod((whole, UNKNOWN)), "pod", at=whole)
    table.unknown(pod((whole, UNKNOWN)), "pod, and so its container", at=own)
    table.unknown(pod((own, UNKNOWN)), "container", at=own)
    table.unknown(pod((whole, UNKNOWN), (own, True)), "pod, though its container is", at=whole)
    for path in ("spec.securityContext.runAsUser", f"{CONTEXT}.runAsUser"):
        family(RESTRICTED, "runAsUser", path, good=[1, 65534], bad=[0, 0.0])
    whole, own = "spec.securityContext.seccompProfile", f"{CONTEXT}.seccompProfile"
    table = Table(CASES, RESTRICTED, POD, "seccomp")
    table.passing(pod())
    table.absent(Status.FAIL, pod((whole, None)), at=own)
    table.passing(pod((whole, None), (own, {"type": "Localhost"})), "by the container")
    table.failing(pod((own, {"type": "Unconfined"})), "against the pod", at=f"{own}.type")
    table.failing(pod((whole, {"type": "Unconfined"})), "pod", at=f"{whole}.type")
    table.unknown(pod((whole, UNKNOWN)), "pod", at=f"{whole}.type")
    table.unknown(pod((whole, None), (own, UNKNOWN)), "container", at=f"{own}.type")
    family(RESTRICTED, "procMount", f"{CONTEXT}.procMount", good=["Default"], bad=["Unmasked"])


def _excuses() -> None:
    windows = ("spec.os.name", "windows")
    for sub_id, missing in (
        ("allowPrivilegeEscalation", f"{CONTEXT}.allowPrivilegeEscalation"),
        ("capabilities", f"{CONTEXT}.capabilities"),
        ("seccomp", "spec.securityContext.seccompProfile"),
    ):
        table = Table(CASES, RESTRICTED, POD, sub_id)
        table.passing(pod(windows, (missing, None)), "windows")
        table.failing(pod(windows, (missing, None)), "windows before 1.25", settings={"version": "v1.24"})
        table.failing(pod(("spec.os.name", "linux"), (missing, None)), "linux")
        table.unknown(pod(("spec.os.name", UNKNOWN), (missing, None)), "system", at="spec.os.name")
        table.passing(pod(("spec.os.name", UNKNOWN)), "well on any system")
    for rule, sub_id, path, value in (
        (RESTRICTED, "runAsNonRoot", "spec.securityContext.runAsNonRoot", False),
        (RESTRICTED, "runAsUser", f"{CONTEXT}.runAsUser", 0),
        (BASELINE, "procMount", f"{CONTEXT}.procMount", "Unmasked"),
    ):
        table = Table(CASES, rule, POD, sub_id)
        table.passing(pod(("spec.hostUsers", False), (path, value)), "in a user namespace")
        table.failing(pod(("spec.hostUsers", True), (path, value)), "in the node's")
        table.failing(pod(("spec.hostUsers", False), (path, value)), "in a user namespace before 1.35", settings={"version": "v1.34"})
        table.unknown(pod(("spec.hostUsers", UNKNOWN), (path, value)), "users", at="spec.hostUsers")
    table = Table(CASES, RESTRICTED, POD, "procMount")
    table.failing(pod(("spec.hostUsers", False), (f"{CONTEXT}.procMount", "Unmasked")), "restricted does not relent")


def _places() -> None:
    bad = {"hostNetwork": True, "containers": [{"name": "a"}]}
    for type_, path in (
        (DEPLOYMENT, "spec.template.spec"),
        ("kubernetes:extensions/v1beta1:Deployment", "spec.template.spec"),
        ("kubernetes:apps/v1:StatefulSet", "spec.template.spec"),
        ("kubernetes:apps/v1:DaemonSet", "spec.template.spec"),
        ("kubernetes:apps/v1:ReplicaSet", "spec.template.spec"),
        ("kubernetes:core/v1:ReplicationController", "spec.template.spec"),
        ("kubernetes:core/v1:PodTemplate", "template.spec"),
        ("kubernetes:batch/v1:Job", "spec.template.spec"),
        ("kubernetes:batch/v1:CronJob", "spec.jobTemplate.spec.template.spec"),
        ("kubernetes:argoproj.io/v1alpha1:Rollout", "spec.template.spec"),
        ("kubernetes:argoproj.io/v1alpha1:AnalysisTemplate", "spec.metrics.0.provider.job.spec.template.spec"),
        ("kubernetes:argoproj.io/v1alpha1:ClusterAnalysisTemplate", "spec.metrics.0.provider.job.spec.template.spec"),
        ("kubernetes:argoproj.io/v1alpha1:AnalysisRun", "spec.metrics.0.provider.job.spec.template.spec"),
        ("kubernetes:keda.sh/v1alpha1:ScaledJob", "spec.jobTargetRef.template.spec"),
        ("kubernetes:serving.knative.dev/v1:Service", "spec.template.spec"),
    ):
        table = Table(CASES, BASELINE, type_, "hostNamespaces")
        table.passing(deep(path, GOOD["spec"]), type_)
        table.failing(deep(path, bad), type_, at=f"{path}.hostNetwork")
        table.unknown(deep(path, UNKNOWN), type_, at=f"{path}.hostNetwork")
        Table(CASES, RESTRICTED, type_, "runAsNonRoot").failing(
            deep(path, bad), type_, at=f"{path}.containers.0.securityContext.runAsNonRoot"
        )
    table = Table(CASES, BASELINE, POD, "privileged")
    for name, said in (("main", "main"), (None, "0"), (UNKNOWN, "0"), (SECRET, "0"), (7, "0")):
        nameless = pod((f"{CONTEXT}.privileged", True), ("spec.containers.0.name", name))
        table.failing(nameless, f"called {name}", says=f"container {said} sets privileged to true")
    for field in ("initContainers", "ephemeralContainers"):
        table.failing(pod((f"spec.{field}.0.securityContext.privileged", True)), field, at=f"spec.{field}.0.securityContext.privileged")
        table.unknown(pod((f"spec.{field}", UNKNOWN)), field, at=f"spec.{field}.securityContext.privileged")
    rollout = "kubernetes:argoproj.io/v1alpha1:Rollout"
    Table(CASES, BASELINE, rollout).skipped({"spec": {"workloadRef": {"kind": "Deployment", "name": "a"}}}, "a Rollout of a Deployment")
    analysis = "kubernetes:argoproj.io/v1alpha1:AnalysisTemplate"
    Table(CASES, BASELINE, analysis).skipped({"spec": {"metrics": [{"provider": {"prometheus": {}}}]}}, "an analysis without jobs")
    Table(CASES, BASELINE, analysis).unknown({"spec": {"metrics": UNKNOWN}}, "metrics")


def _release() -> None:
    table = Table(CASES, BASELINE, RELEASE)
    table.skipped({"chart": "x", "values": {"replicas": 2}}, "values without pods")
    table.skipped({"chart": "x"}, "no values")
    table.passing({"values": {"web": {"securityContext": {"privileged": False}, "hostNetwork": False}}}, "values")
    for path in ("securityContext", "web.containerSecurityContext", "sidecars.0.securityContext"):
        table.failing({"values": deep(f"{path}.privileged", True)}, path, at=f"values.{path}.privileged")
    table.failing({"values": {"web": {"hostNetwork": True}}}, "host network", at="values.web.hostNetwork")
    table.failing({"values": {"extraVolumes": [{"name": "a", "hostPath": {"path": "/"}}]}}, "volumes", at="values.extraVolumes.0.hostPath")
    table.skipped({"values": {"web": {"enabled": False, "hostNetwork": True}}}, "a part that is off")
    table.skipped({"values": {"securityContext": {"enabled": False, "privileged": True}}}, "a context that is off")
    table.unknown({"values": UNKNOWN}, "all values")
    table.unknown({"values": {"hostPID": UNKNOWN}}, "a value", at="values.hostPID")
    table = Table(CASES, RESTRICTED, RELEASE)
    table.passing({"values": {"securityContext": {"runAsUser": 1000}}}, "what is not set may be so in the chart")
    table.failing({"values": {"securityContext": {"runAsNonRoot": False}}}, "values", at="values.securityContext.runAsNonRoot")
    home = {"others": [node(NAMESPACE, "ns", {"metadata": {"name": "a", "labels": {rules.LABEL: "privileged"}}})]}
    Table(CASES, BASELINE, RELEASE).skipped({"namespace": "a", "values": {"hostPID": True}}, "in a privileged namespace", **home)


def _levels() -> None:
    bad = pod(("spec.hostPID", True), ("spec.securityContext.runAsNonRoot", None), ("metadata.namespace", "a"))

    def labelled(labels: Any, name: str = "a") -> dict[str, Any]:
        return {"others": [node(NAMESPACE, "ns", {"metadata": {"name": name, "labels": labels}})]}

    level, version = rules.LABEL, f"{rules.LABEL}-version"
    base, more = Table(CASES, BASELINE, POD, "hostNamespaces"), Table(CASES, RESTRICTED, POD, "runAsNonRoot")
    for table in (base, more):
        table.failing(bad, "restricted by label", **labelled({level: "restricted"}))
        table.failing(bad, "no label", **labelled({}))
        table.failing(bad, "another namespace", **labelled({level: "privileged"}, "b"))
        table.failing(bad, "a level that is none", **labelled({level: "lax"}))
        table.skipped(bad, "privileged by label", **labelled({level: "privileged"}))
        table.skipped(bad, "privileged by setting", settings={"level": "privileged"})
        table.failing(bad, "a label goes before the setting", settings={"level": "privileged"}, **labelled({level: "restricted"}))
        table.unknown(bad, "label", at="metadata.namespace", **labelled({level: UNKNOWN}))
        table.unknown(bad, "labels", at="metadata.namespace", **labelled(UNKNOWN))
        table.unknown(bad, "version", at="metadata.namespace", **labelled({level: "restricted", version: UNKNOWN}))
        table.passing({**GOOD, "metadata": {"namespace": "a"}}, "well at any level", **labelled(UNKNOWN))
    base.failing(bad, "baseline by label", **labelled({level: "baseline"}))
    more.skipped(bad, "baseline by label", **labelled({level: "baseline"}))
    base.failing(bad, "baseline by setting", settings={"level": "baseline"})
    more.skipped(bad, "baseline by setting", settings={"level": "baseline"})
    preview = pod(("spec.hostPID", True), ("metadata.namespace", UNKNOWN))
    base.skipped(preview, "by dependency", refers={"metadata": ["ns"]}, **labelled({level: "privileged"}, UNKNOWN))
    base.failing(preview, "in a namespace not known", **labelled({level: "privileged"}))
    sub = Table(CASES, RESTRICTED, POD, "allowPrivilegeEscalation")
    escalating = pod((f"{CONTEXT}.allowPrivilegeEscalation", None), ("metadata.namespace", "a"))
    sub.skipped(escalating, "no such check in 1.7, by label", **labelled({level: "restricted", version: "v1.7"}))
    sub.failing(escalating, "a check of 1.8, by label", **labelled({level: "restricted", version: "v1.8"}))
    sub.skipped(escalating, "no such check in 1.7, by setting", settings={"version": "v1.7"})
    sub.failing(escalating, "the label's version is the latest", settings={"version": "v1.7"}, **labelled({level: "restricted"}))
    sub.failing(escalating, "a version to come", settings={"version": "v1.99"})


_baseline()
_annotations()
_restricted()
_users()
_excuses()
_places()
_release()
_levels()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(rules.RULES, case)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("v1.0", 0), ("v1.37", 37), ("latest", LATEST), ("1.20", LATEST), ("v1.020", LATEST), ("v2.1", LATEST), (None, LATEST)],
)
def test_versions(text: Any, minor: int) -> None:
    assert parse_version(text) == minor


def test_levels_that_are_none_are_the_strictest() -> None:
    assert [parse_level(one) for one in ("privileged", "baseline", "restricted", "lax", None)] == [
        "privileged",
        "baseline",
        "restricted",
        "restricted",
        "restricted",
    ]
