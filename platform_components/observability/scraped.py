"""What Prometheus scrapes on this platform: every metric that a rule or a panel may name, with its exporter, type and labels. Pure.

The list is data (`scraped_metrics.json`), read from each exporter's own documentation or source at the version that is named there. A test
holds every rule and dashboard to it: a metric or label that nothing exports makes a rule silent for ever and a panel empty.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from platform_components.labels import TEAM

TARGET_LABELS: frozenset[str] = frozenset({"job", "instance", "namespace", "pod", "container", "service", "endpoint"})
"""Labels that the operator gives every target. An exporter's own of the same name becomes `exported_<name>`, unless it honours labels."""

TOLD_LABELS: Mapping[str, Sequence[str]] = {
    "namespaces": (TEAM,),
    "nodes": (
        "topology.kubernetes.io/zone",
        "topology.k8s.aws/zone-id",
        "karpenter.sh/nodepool",
        "karpenter.sh/capacity-type",
        "node.kubernetes.io/instance-type",
    ),
}
"""Labels of Kubernetes objects that kube-state-metrics tells, by resource: whose a namespace is, and where and what a node is."""

_SUFFIXES = ("_bucket", "_sum", "_count")


class Kind(StrEnum):
    """Type of a metric."""

    COUNTER = "counter"
    """Only grows: read through rate or increase."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    """Three series: `_bucket`, `_sum` and `_count`, all of them counters."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A series as it can be selected."""

    name: str
    kind: Kind
    labels: frozenset[str]
    exporter: str


@cache
def exporters() -> Mapping[str, Mapping[str, object]]:
    """Version and source of each exporter, by its name."""
    listed: Mapping[str, Mapping[str, object]] = json.loads(_text())["exporters"]
    return MappingProxyType({name: {key: value for key, value in one.items() if key != "metrics"} for name, one in listed.items()})


@cache
def scraped() -> Mapping[str, Metric]:
    """Every series that is scraped, by name; those of a histogram one by one."""
    found: dict[str, Metric] = {}
    for exporter, listed in json.loads(_text())["exporters"].items():
        for name, written in listed["metrics"].items():
            kind, *labels = written.split()
            every = frozenset(labels) | TARGET_LABELS
            if kind == Kind.HISTOGRAM:
                for suffix in _SUFFIXES:
                    extra = {"le"} if suffix == "_bucket" else set()
                    found[name + suffix] = Metric(name + suffix, Kind.COUNTER, every | extra, exporter)
            else:
                found[name] = Metric(name, Kind(kind), every, exporter)
    return MappingProxyType(found)


def labels_allowlist() -> list[str]:
    """The `metricLabelsAllowlist` of kube-state-metrics: `nodes=[a,b]`. Without it `kube_node_labels` and its like have no labels."""
    return [f"{resource}=[{','.join(labels)}]" for resource, labels in TOLD_LABELS.items()]


def _text() -> str:
    return files(__package__).joinpath("scraped_metrics.json").read_text(encoding="utf-8")
