"""The description of a chart: what it takes from values file, schema, templates and subcharts, and what it then calls unknown."""

from pathlib import Path

import pytest

from platform_components.errors import DeclarationError
from platformctl.addons.description import Description, describe


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(
        "name: shop\nversion: 1.2.3\nappVersion: v9\ndependencies: [{name: cache, alias: redis}, {name: absent}]\n"
    )
    (folder / "values.yaml").write_text(
        "replicas: 1\nimage: {tag: '', pull: null}\nextra: {}\nargs: []\n"
        "nodeSelector: {kubernetes.io/os: linux}\npolicy: {limits: {cpu: 1}}\n"
    )
    (folder / "templates" / "a.yaml").write_text("{{ .Values.hidden.flag }} {{ toYaml .Values.image }} {{ .Values.policy | quote }}")
    (folder / "values.schema.json").write_text('{"properties": {"mode": {"type": "string"}, "replicas": {}}}')
    inner = folder / "charts" / "cache"
    inner.mkdir(parents=True)
    (inner / "Chart.yaml").write_text("name: cache\nversion: 1.0.0\n")
    (inner / "values.yaml").write_text("size: 1\n")
    return folder


def test_every_source_of_keys_counts(chart: Path) -> None:
    found = describe(chart, "here at 1.2.3")
    assert (found.chart, found.version, found.app_version, found.unchecked) == ("shop", "1.2.3", "v9", ("absent",))
    assert found.keys == {
        "replicas": "int",
        "image.tag": "str",
        "image.pull": "any",
        "extra": "map",
        "args": "list",
        "nodeSelector.kubernetes.io/os": "str",
        "policy.limits.cpu": "int",
        "hidden.flag": "any",
        "mode": "any",
        "redis.size": "int",
        "redis.enabled": "bool",
    }


def test_templates_of_a_library_speak_of_the_chart_around_it(chart: Path) -> None:
    library = chart / "charts" / "partials"
    (library / "templates").mkdir(parents=True)
    (library / "Chart.yaml").write_text("name: partials\nversion: 0.1.0\n")
    (library / "values.yaml").write_text("")
    (library / "templates" / "_proxy.tpl").write_text("{{ .Values.proxy.accessLog }}")
    assert describe(chart, "here").unknown({"proxy": {"accessLog": "json", "accessLogs": "json"}}) == ["proxy.accessLogs"]


def test_defaults_kept_under_a_name_of_their_own_are_set_without_it(chart: Path) -> None:
    (chart / "values.yaml").write_text("_internal_defaults_do_not_set: {tag: latest, cni: {enabled: false}}\n")
    found = describe(chart, "here")
    assert (found.keys["tag"], found.keys["cni.enabled"]) == ("str", "bool")
    assert found.unknown({"cni": {"enabled": True, "other": 1}}) == ["cni.other"]


@pytest.mark.parametrize(
    ("values", "unknown"),
    [
        ({"replicas": 2, "image": {"tag": "x"}, "extra": {"any": {"thing": 1}}, "mode": "a"}, []),
        ({"replcias": 2}, ["replcias"]),
        ({"image": {"tga": "x"}}, ["image.tga"]),
        ({"image": {"pull": {"policy": "x"}}}, []),
        ({"hidden": {"flag": True, "other": 1}}, ["hidden.other"]),
        ({"nodeSelector": {"pool": "system"}}, []),
        ({"policy": {"limits": {"memory": "1Gi"}}}, []),
        ({"policy": {"limit": {"memory": "1Gi"}}}, ["policy.limit.memory"]),
        ({"redis": {"size": 2, "enabled": True}}, []),
        ({"redis": {"sizes": 2}}, ["redis.sizes"]),
        ({"absent": {"whatever": 1}, "global": {"x": 1}}, []),
    ],
)
def test_what_the_chart_does_not_know_is_named(chart: Path, values: dict[str, object], unknown: list[str]) -> None:
    assert describe(chart, "here").unknown(values) == unknown


def test_a_description_survives_its_file(chart: Path, tmp_path: Path) -> None:
    found = describe(chart, "here")
    (tmp_path / "shop.json").write_text(found.text())
    assert Description.load(tmp_path / "shop.json") == found


def test_a_folder_without_a_chart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"holds no chart: there is no Chart\.yaml"):
        describe(tmp_path, "here")
