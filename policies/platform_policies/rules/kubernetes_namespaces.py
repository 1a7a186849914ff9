"""Kubernetes namespaces: what each must hold before a workload comes into it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pods import NAMESPACE, RELEASE, WORKLOADS, dig, items, name_of, namespace_of, opaque
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical

NETWORK_POLICY = "kubernetes:networking.k8s.io:NetworkPolicy"
QUOTA = "kubernetes:core:ResourceQuota"
LIMIT_RANGE = "kubernetes:core:LimitRange"

SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
"""Namespaces of Kubernetes itself."""

ENFORCE = "pod-security.kubernetes.io/enforce"

NAMESPACED = (
    *(kind for kind in WORKLOADS if kind != "kubernetes:argoproj.io:ClusterAnalysisTemplate"),
    *(f"kubernetes:core:{kind}" for kind in ("Service", "ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim")),
    *(f"kubernetes:rbac.authorization.k8s.io:{kind}" for kind in ("Role", "RoleBinding")),
    *("kubernetes:networking.k8s.io:Ingress", "kubernetes:autoscaling:HorizontalPodAutoscaler", "kubernetes:policy:PodDisruptionBudget"),
    RELEASE,
)
"""Kinds that belong in a namespace of their own."""


def _residents(graph: ResourceGraph, kind: str) -> tuple[Mapping[str, Sequence[Node]], bool]:
    """Resources of a kind by the URN of their Namespace, and whether some of them stand in one that is not known."""
    known: dict[str, tuple[Mapping[str, Sequence[Node]], bool]] = graph.memo.setdefault("residents", {})
    if kind not in known:
        found: dict[str, list[Node]] = {}
        loose = False
        for node in graph.of_type(kind):
            home = namespace_of(node, graph)
            if home:
                found.setdefault(home.urn, []).append(node)
            loose = loose or (home is None and node.value("metadata.namespace") == UNKNOWN)
        known[kind] = (found, loose)
    return known[kind]


def _has(node: Node, graph: ResourceGraph, kind: str, good: Callable[[Node], bool | None]) -> bool | None:
    """Whether a Namespace holds a resource of a kind that is good; None where that cannot be said."""
    found, loose = _residents(graph, kind)
    answers = [good(one) for one in found.get(node.urn, ())]
    if True in answers:
        return True
    return None if None in answers or loose else False


def _exempt(node: Node, settings: Mapping[str, Any]) -> bool:
    return name_of(node) in settings["exempt"]


@rule(
    "k8s-namespace-psa-labels",
    title="Namespaces enforce a Pod Security level",
    severity=Severity.HIGH,
    types=[NAMESPACE],
    fix="Set the label pod-security.kubernetes.io/enforce to restricted, or to baseline where a workload needs it",
    defaults={"levels": ("baseline", "restricted"), "exempt": SYSTEM},
)
def psa_labels(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Without the label the cluster admits any pod, privileged ones included, whoever creates it and however."""
    if _exempt(node, settings):
        return None
    path, level = f"metadata.labels.{ENFORCE}", dig(node.inputs, "metadata", "labels", ENFORCE)
    if level == UNKNOWN:
        return unknown(path)
    if level in settings["levels"]:
        return PASS
    return fail(path, f"{ENFORCE} is {level or 'not set'}: no Pod Security standard is enforced here")


@rule(
    "k8s-netpol-default-deny-per-namespace",
    title="Namespaces deny traffic that no policy allows",
    severity=Severity.HIGH,
    types=[NAMESPACE],
    fix="Add a NetworkPolicy with podSelector: {} and policyTypes: [Ingress, Egress] and no rules to the namespace",
    sub_ids=("ingress", "egress"),
    defaults={"directions": ("ingress", "egress"), "exempt": SYSTEM},
)
def default_deny(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Where nothing denies, a pod that is taken over reaches every other pod, the node's metadata and the internet."""
    if _exempt(node, settings):
        return None
    return [_denied(node, graph, direction) for direction in settings["directions"]]


def _denied(node: Node, graph: ResourceGraph, direction: str) -> Verdict:
    held = _has(node, graph, NETWORK_POLICY, lambda policy: _denies(policy, direction))
    if held is None:
        return unknown("", sub_id=direction)
    if held:
        return passed(sub_id=direction)
    return fail("", f"no NetworkPolicy denies {direction} by default in namespace {node.name}", sub_id=direction)


def _denies(policy: Node, direction: str) -> bool | None:
    """Whether a policy denies one direction to every pod of its namespace; None where that cannot be said."""
    spec = dig(policy.inputs, "spec")
    selector, rules, types = dig(spec, "podSelector"), dig(spec, direction), dig(spec, "policyTypes")
    chosen = [part for part in (dig(selector, "matchLabels"), dig(selector, "matchExpressions")) if part]
    if any(part != UNKNOWN for part in chosen) or (rules and rules != UNKNOWN):
        return False
    if types is None:
        # Absent, every policy is one of ingress, and one of egress only where it has rules for that.
        concerned: bool | None = direction == "ingress"
    else:
        concerned = True if direction.title() in items(types) else None if any(map(opaque, items(types))) else False
    if concerned is False:
        return False
    return None if concerned is None or chosen or rules == UNKNOWN else True


@rule(
    "k8s-quota",
    title="Namespaces have a quota and default limits",
    severity=Severity.MEDIUM,
    types=[NAMESPACE],
    fix="Add a ResourceQuota with spec.hard and a LimitRange with spec.limits to the namespace",
    sub_ids=("quota", "limitrange"),
    defaults={"exempt": SYSTEM},
)
def quota(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without a quota one team's mistake takes the whole cluster; without a LimitRange pods that say nothing take all they can."""
    if _exempt(node, settings):
        return None
    return list(_bounds(node, graph))


def _bounds(node: Node, graph: ResourceGraph) -> Iterator[Verdict]:
    for kind, field, sub_id in ((QUOTA, "hard", "quota"), (LIMIT_RANGE, "limits", "limitrange")):
        held = _has(node, graph, kind, lambda one, field=field: _filled(dig(one.inputs, "spec", field)))  # type: ignore[misc]
        if held is None:
            yield unknown("", sub_id=sub_id)
        elif held:
            yield passed(sub_id=sub_id)
        else:
            yield fail("", f"namespace {node.name} has no {kind.rpartition(':')[2]} with spec.{field}", sub_id=sub_id)


def _filled(value: Any) -> bool | None:
    return None if value == UNKNOWN else bool(value)


@rule(
    "k8s-no-default-namespace",
    title="Nothing is put into the default namespace",
    severity=Severity.LOW,
    types=NAMESPACED,
    fix="Set metadata.namespace (of a Release: namespace) to a namespace of the application's own",
)
def no_default_namespace(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """The default namespace has no owner: no quota, no policy, and everybody's rights."""
    path = "namespace" if canonical(node.type) == RELEASE else "metadata.namespace"
    name = dig(node.inputs, *path.split("."))
    if name in (None, ""):
        provider = graph.by_urn.get(node.provider.rpartition("::")[0])
        name = dig(provider.inputs, "namespace") if provider else None
    if name == UNKNOWN:
        # A namespace that the program itself makes is never the default one, which is there before.
        home = namespace_of(node, graph)
        return unknown(path) if home is None or name_of(home) == "default" else PASS
    if name in (None, "", "default"):
        return fail(path, f"{path} names no namespace other than the default one")
    return PASS


RULES = (psa_labels, default_deny, quota, no_default_namespace)
