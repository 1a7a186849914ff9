"""Every add-on's values against the description of its chart: no value that the chart does not know, no container without a size.

A description (`fixtures/<add-on>.json`) is written from the chart at its pinned version by `platformctl addons bump NAME --chart DIR`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_components.charts.addon import Addon
from platform_components.charts.records import ADDONS
from platform_components.charts.site import Mirror, Site
from platformctl.addons.description import Description

FIXTURES = Path(__file__).parent / "fixtures"
MIRROR = Mirror("registry.internal:5000/copy", "oci://registry.internal:5000/copy/charts")
SITE = Site(
    environment="dev", cluster_name="dev-1a2b3c", region="eu-west-1", vpc_id="vpc-1", replicas=2, domain="dev.example.com", mirror=MIRROR
)
SITES = st.builds(
    Site,
    environment=st.sampled_from(("dev", "prod")),
    cluster_name=st.just("cluster-1"),
    region=st.just("eu-west-1"),
    vpc_id=st.just("vpc-1"),
    replicas=st.integers(1, 5),
    domain=st.sampled_from((None, "dev.example.com")),
    mirror=st.sampled_from((None, MIRROR)),
    monitors=st.booleans(),
    priority_class=st.sampled_from((None, "platform")),
    node_selector=st.sampled_from((None, {"platform.pool/name": "system"})),
)
every_addon = pytest.mark.parametrize("addon", ADDONS.values(), ids=list(ADDONS))


@cache
def load(name: str) -> Description:
    return Description.load(FIXTURES / f"{name}.json")


def description(addon: Addon) -> Description:
    return load(addon.name)


def at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for part in path.split("."):
        if isinstance(found, (list, tuple)):
            found = next((item for item in found if item.get("name") == part), None)
            continue
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def by_kind(sizes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sizes as Kubernetes has them; Linkerd's charts take them the other way round, `memory.limit` for `limits.memory`."""
    if not {"cpu", "memory"} & set(sizes):
        return sizes
    return {f"{kind}s": {name: size[kind] for name, size in sizes.items() if kind in size} for kind in ("request", "limit")}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for below in value.values():
            yield from texts(below)
    elif isinstance(value, (list, tuple)):
        for below in value:
            yield from texts(below)
    elif isinstance(value, str):
        yield value


def test_every_description_belongs_to_an_addon() -> None:
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(ADDONS)


@every_addon
def test_the_description_is_of_the_records_version(addon: Addon) -> None:
    found = description(addon)
    assert (found.chart, found.version) == (addon.chart, addon.version)
    assert found.app_version.lstrip("v") == addon.app_version.lstrip("v")
    assert addon.version in found.source


@every_addon
@settings(deadline=None)  # a machine that is busy is not at fault
@given(site=SITES)
def test_no_value_is_unknown_to_the_chart(addon: Addon, site: Site) -> None:
    assert description(addon).unknown(addon.values(site)) == []


@every_addon
@settings(deadline=None)  # a machine that is busy is not at fault
@given(site=SITES)
def test_every_container_has_requests_and_a_memory_limit(addon: Addon, site: Site) -> None:
    found = description(addon)
    values = addon.values(site)
    for container, path in found.containers.items():
        sizes = at(values, path)
        assert isinstance(sizes, Mapping), f"{container}: nothing at {path}"
        sizes = by_kind(sizes)
        assert {"cpu", "memory"} <= set(sizes.get("requests", {})), container
        assert "memory" in sizes.get("limits", {}), container


@every_addon
def test_a_chart_with_images_has_containers(addon: Addon) -> None:
    found = description(addon)
    assert bool(addon.images) == bool(found.containers or found.no_resources)


@every_addon
def test_with_a_mirror_nothing_comes_from_elsewhere(addon: Addon) -> None:
    hosts = {image.registry for image in addon.images}
    reached = [text for text in texts(addon.values(SITE)) for host in hosts if text.startswith(host)]
    assert reached == []
    assert addon.source(MIRROR) == (f"{MIRROR.charts}/{addon.chart}", None)
    if addon.images:
        assert any(MIRROR.registry.partition("/")[0] in text for text in texts(addon.values(SITE)))


def classes(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every class that values name, by path."""
    if isinstance(values, Mapping):
        for key, below in values.items():
            yield from (
                [(path, below)] if key in ("priorityClassName", "podPriorityClassName") else classes(below, f"{path}.{key}".lstrip("."))
            )


@every_addon
def test_pods_name_the_platforms_class_or_one_of_kubernetes_own(addon: Addon) -> None:
    named = dict(classes(addon.values(dataclasses.replace(SITE, priority_class="platform"))))
    own = addon.exceptions.get("priorityClass", "")
    if own:
        assert own.startswith(("system-cluster-critical", "system-node-critical"))
        assert set(named.values()) <= {own.partition(",")[0]}
    else:
        assert bool(named) == bool(addon.images)
        assert set(named.values()) <= {"platform"}
    assert not any(name == "platform" for _, name in classes(addon.values(SITE))), "without one, the chart's own choice"


def test_where_a_chart_has_a_class_for_each_part_every_part_names_it() -> None:
    for name, parts in {
        "argo-cd": {"global", "redis-ha", "redis-ha.haproxy"},
        "flux2": {"helmController", "kustomizeController", "notificationController", "sourceController"},
        "kube-prometheus-stack": {
            "alertmanager.alertmanagerSpec", "grafana", "kube-state-metrics", "prometheus-node-exporter", "prometheus.prometheusSpec",
            "prometheusOperator",
        },
    }.items():  # fmt: skip
        assert {path for path, _ in classes(ADDONS[name].values(dataclasses.replace(SITE, priority_class="platform")))} == parts


@every_addon
def test_what_an_addon_needs_is_there(addon: Addon) -> None:
    assert set(addon.needs) <= set(ADDONS)
    assert len(addon.role) <= 23


@every_addon
def test_values_are_deterministic(addon: Addon) -> None:
    assert addon.values(SITE) == addon.values(dataclasses.replace(SITE))
