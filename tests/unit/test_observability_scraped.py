"""The list of what is scraped: whole, sourced, and in step with what the charts are told to scrape."""

import json
import re
from pathlib import Path

from platform_components.charts.records import kube_prometheus_stack
from platform_components.charts.site import Site
from platform_components.observability import scraped as scraped_module
from platform_components.observability.scraped import TARGET_LABELS, Kind, exporters, labels_allowlist, scraped

SITE = Site(environment="dev", cluster_name="c", region="eu-west-1", vpc_id="v", replicas=2)


def test_every_exporter_has_a_version_and_a_source() -> None:
    assert len(exporters()) >= 15
    for name, one in exporters().items():
        assert re.match(r"\d", str(one["version"])), name
        assert str(one["source"]).startswith("https://"), name
        assert isinstance(one["honor_labels"], bool)
    assert {metric.exporter for metric in scraped().values()} == set(exporters())


def test_nothing_is_listed_twice() -> None:
    """Of two entries of one name JSON keeps the last: what the first lists would be forgotten without a word."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        assert sorted(set(names)) == sorted(names), names
        return dict(pairs)

    json.loads(Path(scraped_module.__file__).with_name("scraped_metrics.json").read_text(encoding="utf-8"), object_pairs_hook=unique)


def test_a_histogram_is_its_three_series() -> None:
    names = {f"coredns_dns_request_duration_seconds_{part}" for part in ("bucket", "sum", "count")}
    assert names <= scraped().keys()
    assert "coredns_dns_request_duration_seconds" not in scraped()
    assert all(scraped()[name].kind is Kind.COUNTER for name in names)
    assert [name for name in sorted(names) if "le" in scraped()[name].labels] == ["coredns_dns_request_duration_seconds_bucket"]


def test_labels_of_objects_are_those_that_the_chart_is_told_to_tell() -> None:
    values = kube_prometheus_stack.values(SITE)
    assert values["kube-state-metrics"]["metricLabelsAllowlist"] == labels_allowlist()
    told = dict(re.fullmatch(r"(\w+)=\[(.*)\]", one).groups() for one in labels_allowlist())  # type: ignore[union-attr]
    for resource, metric in (("namespaces", "kube_namespace_labels"), ("nodes", "kube_node_labels")):
        named = {"label_" + re.sub(r"\W", "_", label) for label in told[resource].split(",")}
        assert {label for label in scraped()[metric].labels if label.startswith("label_")} == named


def test_the_cni_is_scraped_with_its_node() -> None:
    (monitor,) = kube_prometheus_stack.values(SITE)["prometheus"]["additionalPodMonitors"]
    assert monitor["selector"] == {"matchLabels": {"k8s-app": "aws-node"}}
    assert monitor["podMetricsEndpoints"][0]["relabelings"][0]["targetLabel"] == "node"
    assert "node" in scraped()["awscni_total_ip_addresses"].labels - TARGET_LABELS
