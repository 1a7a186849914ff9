"""Pod Security Standards, for every pod template in the graph."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pod_security import (
    BASELINE,
    BASELINE_FAMILIES,
    PRIVILEGED,
    RESTRICTED,
    RESTRICTED_FAMILIES,
    Check,
    Family,
    checks,
    parse_level,
    parse_version,
)
from platform_policies.pods import RELEASE, WORKLOADS, dig, namespace_of, pods
from platform_policies.rule import Answer, Severity, Verdict, fail, passed, rule, unknown

LABEL = "pod-security.kubernetes.io/enforce"

_PASSED = {family.sub_id: passed(sub_id=family.sub_id) for family in (*BASELINE_FAMILIES, *RESTRICTED_FAMILIES)}
_NEWEST = max(since for family in (*BASELINE_FAMILIES, *RESTRICTED_FAMILIES) for since, _ in family.versions)
_IN_FORCE: dict[str, Sequence[Sequence[tuple[str, Check]]]] = {
    level: tuple(checks(families, minor) for minor in range(_NEWEST + 1))
    for level, families in ((BASELINE, BASELINE_FAMILIES), (RESTRICTED, RESTRICTED_FAMILIES))
}
"""Checks by level and minor version."""


def _standard(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> tuple[str, int, bool]:
    """(level, minor version, whether both are known) that a resource's pods are held to."""
    level, version = settings["level"], settings["version"]
    namespace = namespace_of(node, graph)
    labels = dig(namespace.inputs, "metadata", "labels") if namespace else None
    known = True
    if labels == UNKNOWN or dig(labels, LABEL) == UNKNOWN:
        known = False
    elif dig(labels, LABEL) is not None:
        level, version = dig(labels, LABEL), dig(labels, f"{LABEL}-version") or "latest"
        if version == UNKNOWN:
            known, version = False, "latest"
    return parse_level(level), parse_version(version), known


def _judge(node: Node, graph: ResourceGraph, settings: Mapping[str, Any], rule_level: str) -> Iterator[Verdict]:
    """Verdicts of each family; nothing where the namespace asks for less than this level."""
    level, minor, known = _standard(node, graph, settings)
    if level == PRIVILEGED or (level == BASELINE and rule_level == RESTRICTED):
        return
    found = pods(node, graph)
    for sub_id, check in _IN_FORCE[rule_level][min(minor, _NEWEST)] if found else ():
        faults = [fault for pod in found for fault in check(pod) if not (pod.partial and fault.absent)]
        if not faults:
            yield _PASSED[sub_id]
        for fault in faults:
            if fault.undecided or not known:
                yield unknown(fault.path if fault.undecided else "metadata.namespace", sub_id=sub_id)
            else:
                yield fail(fault.path, fault.message, sub_id=sub_id)


def _sub_ids(families: Sequence[Family]) -> Sequence[str]:
    return [family.sub_id for family in families]


@rule(
    "k8s-pss-baseline",
    title="Pods keep to the baseline Pod Security Standard",
    severity=Severity.HIGH,
    types=(*WORKLOADS, RELEASE),
    fix="Remove the setting, or run the pod in a namespace whose pod-security.kubernetes.io/enforce label is privileged, and say why there",
    sub_ids=_sub_ids(BASELINE_FAMILIES),
    defaults={"level": RESTRICTED, "version": "latest"},
)
def pss_baseline(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A pod beyond baseline can take over its node: it shares the node's namespaces, files, ports or devices, or sheds its confinement."""
    return _judge(node, graph, settings, BASELINE)


@rule(
    "k8s-pss-restricted",
    title="Pods keep to what the restricted Pod Security Standard asks",
    severity=Severity.MEDIUM,
    types=(*WORKLOADS, RELEASE),
    fix="Set runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities.drop: [ALL] and seccompProfile.type: RuntimeDefault",
    sub_ids=_sub_ids(RESTRICTED_FAMILIES),
    defaults={"level": RESTRICTED, "version": "latest"},
)
def pss_restricted(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A process that is root, can gain rights or may make any system call turns a fault in an application into one of the node."""
    return _judge(node, graph, settings, RESTRICTED)


RULES = (pss_baseline, pss_restricted)
