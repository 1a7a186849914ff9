"""Pods and pod templates, wherever a Kubernetes resource holds them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.types import canonical


@dataclass(frozen=True, slots=True)
class Container:
    """A container of any of a pod's three lists."""

    path: str
    name: str
    body: Any
    """Its fields; `UNKNOWN` where the container, or its whole list, is not known yet."""
    context: str = "securityContext"
    """Name its security context stands under."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod or a pod template, where it stands in a resource."""

    path: str
    """Path of its spec; empty for values that are no whole pod."""
    spec: Any
    metadata_path: str = "metadata"
    metadata: Any = None
    containers: Sequence[Container] = ()
    partial: bool = False
    """Only a part of the pod is seen (values of a chart): what is absent here says nothing."""
    volumes: str = "volumes"
    """Name its volumes stand under."""


def opaque(value: Any) -> bool:
    """Whether a value cannot be read: not known yet, or a secret."""
    if isinstance(value, dict):
        return len(value) == 1 and value == SECRET
    return isinstance(value, str) and value == UNKNOWN


def dig(value: Any, *keys: str) -> Any:
    """A nested field: None where it is absent, `UNKNOWN` where it, or anything it stands in, cannot be read."""
    for key in keys:
        if value is None:
            return None
        if opaque(value):
            return UNKNOWN
        # Plain dictionaries first: this runs hundreds of times for each pod, and asking an abstract class is slow.
        if not isinstance(value, dict) and not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return UNKNOWN if value is not None and opaque(value) else value


def items(value: Any) -> Sequence[Any]:
    """Items of a list; one unknown item where the list itself cannot be read."""
    if opaque(value):
        return (UNKNOWN,)
    return value if isinstance(value, (list, tuple)) else ()


def containers_of(spec: Any, path: str) -> Sequence[Container]:
    """Every container of a pod's spec: init, main and ephemeral ones, in the order Kubernetes visits them."""
    found = []
    if opaque(spec):
        return (Container(f"{path}.containers", "?", UNKNOWN),)
    for field in ("initContainers", "containers", "ephemeralContainers"):
        listed = dig(spec, field)
        if listed == UNKNOWN:
            found.append(Container(f"{path}.{field}", "?", UNKNOWN))
            continue
        for index, body in enumerate(items(listed)):
            name = dig(body, "name")
            found.append(Container(f"{path}.{field}.{index}", name if isinstance(name, str) and name != UNKNOWN else str(index), body))
    return found


def pod(spec: Any, path: str = "spec", metadata: Any = None, metadata_path: str = "metadata") -> Pod:
    """A pod of its spec and metadata, which stand at these paths."""
    return Pod(path, spec, metadata_path, metadata, containers_of(spec, path))


TEMPLATES: Mapping[str, Sequence[str]] = {
    "kubernetes:core:Pod": ("",),
    "kubernetes:core:PodTemplate": ("template",),
    "kubernetes:core:ReplicationController": ("spec.template",),
    "kubernetes:apps:Deployment": ("spec.template",),
    "kubernetes:apps:ReplicaSet": ("spec.template",),
    "kubernetes:apps:StatefulSet": ("spec.template",),
    "kubernetes:apps:DaemonSet": ("spec.template",),
    "kubernetes:batch:Job": ("spec.template",),
    "kubernetes:batch:CronJob": ("spec.jobTemplate.spec.template",),
    # Custom resources that carry pod templates; a Rollout may refer to a Deployment's instead (workloadRef) and then has none.
    "kubernetes:argoproj.io:Rollout": ("spec.template",),
    "kubernetes:argoproj.io:AnalysisTemplate": ("spec.metrics.*.provider.job.spec.template",),
    "kubernetes:argoproj.io:ClusterAnalysisTemplate": ("spec.metrics.*.provider.job.spec.template",),
    "kubernetes:argoproj.io:AnalysisRun": ("spec.metrics.*.provider.job.spec.template",),
    "kubernetes:keda.sh:ScaledJob": ("spec.jobTargetRef.template",),
    "kubernetes:serving.knative.dev:Service": ("spec.template",),
}
"""Where the pod templates of a kind stand; `*` is every item of a list. Objects of a ConfigFile, a ConfigGroup or a rendered chart are
resources of their own in the graph, as their components' children."""

NAMESPACE = "kubernetes:core:Namespace"

RELEASE = "kubernetes:helm.sh:Release"
"""A chart that Helm renders: of its pods only the values are seen."""

WORKLOADS = tuple(TEMPLATES)

OPTIONAL = frozenset(kind for kind, paths in TEMPLATES.items() if "*" in paths[0] or kind == "kubernetes:argoproj.io:Rollout")
"""Kinds that need not hold a template."""

DEPTH = 32
"""Nesting of a chart's values that is followed."""


def pods(node: Node, graph: ResourceGraph) -> Sequence[Pod]:
    """Every pod template of a resource; of a Helm release the parts of pods that stand in its values."""
    # While the engine registers resources there is no graph yet; a rule that asks it nothing else can answer all the same.
    known: dict[str, Sequence[Pod]] = graph.memo.setdefault("pods", {}) if isinstance(graph, ResourceGraph) else {}
    found = known.get(node.urn)
    if found is None:
        kind = canonical(node.type)
        found = tuple(_in_values(node) if kind == RELEASE else _templates(node, kind))
        known[node.urn] = found
    return found


def _templates(node: Node, kind: str) -> Iterator[Pod]:
    for pattern in TEMPLATES.get(kind, ()):
        for path, template in _at(node.inputs, pattern.split(".") if pattern else [], ""):
            if template is None and kind in OPTIONAL:
                continue
            prefix = f"{path}." if path else ""
            yield pod(dig(template, "spec"), f"{prefix}spec", dig(template, "metadata"), f"{prefix}metadata")


def _at(value: Any, keys: Sequence[str], path: str) -> Iterator[tuple[str, Any]]:
    """(path, value) of everything at a pattern; what cannot be read counts as one unknown value where it stands."""
    if not keys:
        yield path, UNKNOWN if opaque(value) else value
        return
    if keys[0] != "*":
        yield from _at(dig(value, keys[0]), keys[1:], f"{path}.{keys[0]}" if path else keys[0])
    elif opaque(value):
        yield path, UNKNOWN
    else:
        for index, item in enumerate(items(value)):
            yield from _at(item, keys[1:], f"{path}.{index}")


def _in_values(node: Node) -> Iterator[Pod]:
    """Parts of pods in a chart's values, as charts name them by custom. Only what is set there can be judged: the chart is not rendered."""
    values = node.inputs.get("values")
    if opaque(values):
        yield _part("values", UNKNOWN, containers=(Container("values", "?", UNKNOWN),))
    else:
        yield from _parts(values, "values", DEPTH)


def _part(path: str, spec: Any, *, containers: Sequence[Container] = (), volumes: str = "volumes") -> Pod:
    """What a chart's values show of a pod."""
    return Pod(path, spec, containers=containers, partial=True, volumes=volumes)


def _parts(value: Any, path: str, depth: int) -> Iterator[Pod]:
    if isinstance(value, (list, tuple)) and depth:
        for index, item in enumerate(value):
            yield from _parts(item, f"{path}.{index}", depth - 1)
    if not isinstance(value, Mapping) or not depth or value.get("enabled") is False:
        return
    shared = {key: value[key] for key in ("hostNetwork", "hostPID", "hostIPC") if value.get(key) in (True, UNKNOWN)}
    if shared:
        yield _part(path, shared)
    for key, item in value.items():
        if key.lower().endswith("securitycontext"):
            if dig(item, "enabled") is not False:
                yield _part("", {}, containers=(Container(path, key, {"securityContext": item}, key),))
        elif key.lower().endswith("volumes") and isinstance(item, (list, tuple)):
            yield _part(path, {"volumes": item}, volumes=key)
        else:
            yield from _parts(item, f"{path}.{key}", depth - 1)


def namespace_of(node: Node, graph: ResourceGraph) -> Node | None:
    """The Namespace a resource stands in, where the graph has it: by dependency, or by its name, first of all in the same cluster."""
    field = "namespace" if canonical(node.type) == RELEASE else "metadata.namespace"
    name = node.value(field)
    if name is None:
        return None
    if name == UNKNOWN:
        return next((one for one in graph.referred(node, field) if canonical(one.type) == NAMESPACE), None)
    candidates = namespaces_by_name(graph).get(str(name), ())
    same = [one for one in candidates if one.provider == node.provider]
    if same or len(candidates) != 1:
        return same[0] if same else None
    return candidates[0]


def namespaces_by_name(graph: ResourceGraph) -> Mapping[str, Sequence[Node]]:
    """Every Namespace whose name is known, by its name."""
    found: dict[str, list[Node]] | None = graph.memo.get("namespaces")
    if found is None:
        found = graph.memo["namespaces"] = {}
        for one in graph.of_type(NAMESPACE):
            found.setdefault(name_of(one), []).append(one)
        found.pop(UNKNOWN, None)
    return found


def name_of(node: Node) -> str:
    """Name of a Kubernetes object: as declared, else as the cluster gave it, else `UNKNOWN`."""
    for holder in (node.inputs, node.outputs):
        name = dig(holder, "metadata", "name")
        if isinstance(name, str) and name not in ("", UNKNOWN):
            return name
    return UNKNOWN
