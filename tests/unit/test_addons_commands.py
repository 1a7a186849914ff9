"""`platformctl addons`: the list, an environment's values, repositories that answer and those that do not, and moving a record."""

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from platform_components.charts.records import ADDONS
from platformctl.__main__ import run
from platformctl.addons import repository
from platformctl.addons.description import Description
from platformctl.addons.record import with_keywords
from platformctl.commands import addons as commands

ROOT = Path(__file__).parents[2]
INDEXED = "https://charts.example.com"
OCI = "oci://registry.example.com/charts"
DIGEST = "ab" * 32


def ok(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["-C", str(ROOT), "addons", *arguments]) == 0
    return capsys.readouterr().out


def test_the_list_names_every_addon_with_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(ok(capsys, "list", "--json"))
    assert [row["name"] for row in rows] == list(ADDONS)
    assert {"name", "chart", "repository", "version", "digest", "kubernetes"} <= set(rows[0])
    text = ok(capsys, "list")
    assert all(name in text for name in ADDONS)


def test_the_values_are_those_of_the_environments_program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "stacks" / "environments" / "dev.yaml"
    text = file.read_text()
    assert "platform:\n" in text
    file.write_text(
        text.replace("platform:\n", "platform:\n  addons: {prometheus-operator-crds: {values: {crds: {annotations: {a: b}}}}}\n")
    )
    assert run(["-C", str(tmp_path), "addons", "values", "prometheus-operator-crds", "--env", "dev"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == {"crds": {"annotations": {"a": "b"}}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["values", "keba", "--env", "dev"], "keba  is no add-on; choose from"),
        (["values", "prometheus-operator-crds", "--env", "nosuch"], "there is no environment 'nosuch'"),
        (["outdated", "keba", "kebab"], "keba  is no add-on"),
        (["bump", "metrics-server", "new"], "metrics-server  'new' is no version"),
        (["bump", "metrics-server", "9.9.9", "--chart", "tests"], "tests  holds no chart"),
    ],
)
def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(["-C", str(ROOT), "addons", *arguments]) == 2
    assert message in capsys.readouterr().err


# --- repositories


def transport(pages: Mapping[str, Any]) -> httpx.MockTransport:
    """A repository's answers by URL: text, JSON, or a status with headers."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = pages.get(str(request.url))
        if callable(found):
            found = found(request)
        if found is None:
            return httpx.Response(404)
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(200, text=found) if isinstance(found, str) else httpx.Response(200, json=found)

    return httpx.MockTransport(answer)


def guarded(body: Any, headers: Mapping[str, str] | None = None) -> Any:
    """A page of an OCI registry that wants its anonymous token first."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") != "Bearer anybody":
            challenge = 'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:charts/shop:pull"'
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        return httpx.Response(200, json=body, headers=headers or {})

    return answer


INDEX = yaml.safe_dump(
    {
        "entries": {
            "shop": [
                {"version": "1.10.0", "digest": DIGEST, "appVersion": "v2"},
                {"version": "1.9.0"},
                {"version": "2.0.0-rc.1"},
                {"version": "nightly"},
            ]
        }
    }
)
TOKEN = "https://auth.example.com/token?service=registry&scope=repository%3Acharts%2Fshop%3Apull"
TAGS = "https://registry.example.com/v2/charts/shop/tags/list"
PAGES: Mapping[str, Any] = {
    f"{INDEXED}/index.yaml": INDEX,
    TOKEN: {"token": "anybody"},
    TAGS: guarded({"tags": ["1.9.0", "latest"]}, {"Link": '</v2/charts/shop/tags/list?last=latest>; rel="next"'}),
    f"{TAGS}?last=latest": guarded({"tags": ["1.10.0", "2.0.0-rc.1"]}),
    "https://registry.example.com/v2/charts/shop/manifests/1.10.0": guarded(
        {"layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": f"sha256:{DIGEST}"}]}
    ),
}


@pytest.mark.parametrize("place", [INDEXED, OCI])
def test_both_kinds_of_repository_tell_versions_and_digest(place: str) -> None:
    client = httpx.Client(transport=transport(PAGES))
    versions = [release.version for release in repository.releases(client, place, "shop")]
    assert versions == ["1.9.0", "1.10.0", "2.0.0-rc.1"]
    assert commands.newest("1.9.0", versions) == "1.10.0"
    assert commands.newest("1.10.0", versions) is None
    assert repository.digest_of(client, place, "shop", "1.10.0") == DIGEST


@pytest.mark.parametrize(
    ("place", "chart", "pages"),
    [
        (INDEXED, "nosuch", PAGES),
        (INDEXED, "shop", {}),
        (INDEXED, "shop", {f"{INDEXED}/index.yaml": "<html>"}),
        (INDEXED, "shop", {f"{INDEXED}/index.yaml": ": : :"}),
        (OCI, "shop", {}),
        (OCI, "shop", {TAGS: "no json"}),
        (OCI, "shop", {TAGS: httpx.Response(401)}),
    ],
)
def test_a_repository_that_does_not_answer_as_one_is_unreachable(place: str, chart: str, pages: Mapping[str, Any]) -> None:
    client = httpx.Client(transport=transport(pages))
    with pytest.raises(repository.UnreachableError, match=r"^(https|oci)://"):
        repository.releases(client, place, chart)
    with pytest.raises(repository.UnreachableError):
        repository.digest_of(client, place, chart, "1.10.0")


def answering(monkeypatch: pytest.MonkeyPatch, pages: Mapping[str, Any]) -> None:
    monkeypatch.setattr(repository, "new_client", lambda: httpx.Client(transport=transport(pages)))


METRICS_INDEX = "https://kubernetes-sigs.github.io/metrics-server/index.yaml"


def test_outdated_tells_newer_versions_and_names_what_did_not_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, {METRICS_INDEX: yaml.safe_dump({"entries": {"metrics-server": [{"version": "99.0.0"}]}})})
    assert "-> 99.0.0" in ok(capsys, "outdated", "metrics-server")
    assert run(["addons", "outdated", "metrics-server", "prometheus-operator-crds", "--json"]) == 3
    output = capsys.readouterr()
    rows = {row["name"]: row for row in json.loads(output.out)}
    assert rows["metrics-server"]["newest"] == "99.0.0"
    assert "cannot be read" in rows["prometheus-operator-crds"]["error"]
    assert "1 of 2 repositories could not be asked" in output.err


# --- records


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    for folder in ("platform_components/charts/records", "tests/charts/fixtures", "stacks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def record(checkout: Path) -> Any:
    spec = importlib.util.spec_from_file_location("moved", checkout / "platform_components/charts/records/metrics_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ADDON


def chart(folder: Path, version: str) -> Path:
    folder.mkdir()
    (folder / "Chart.yaml").write_text(f"name: metrics-server\nversion: {version}\nappVersion: 0.9.0\n")
    (folder / "values.yaml").write_text("replicas: 1\n")
    return folder


def test_a_bump_moves_record_and_description_together(checkout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = (checkout / "platform_components/charts/records/metrics_server.py").read_text().splitlines()
    assert run(["-C", str(checkout), "addons", "bump", "metrics-server", "3.14.0", "--chart", str(chart(tmp_path / "c", "3.14.0"))]) == 0
    moved, found = record(checkout), Description.load(checkout / "tests/charts/fixtures/metrics-server.json")
    assert (moved.version, moved.app_version, moved.digest) == ("3.14.0", "0.9.0", None)
    assert (found.version, found.app_version, dict(found.keys)) == ("3.14.0", "0.9.0", {"replicas": "int"})
    assert found.containers == Description.load(ROOT / "tests/charts/fixtures/metrics-server.json").containers
    after = (checkout / "platform_components/charts/records/metrics_server.py").read_text().splitlines()
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 2, "only the words that change are changed"
    assert "metrics-server.json  3.13.1 -> 3.14.0" in capsys.readouterr().out


def test_a_bump_without_the_chart_says_what_is_missing(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_pulled", lambda *_: None)
    assert run(["-C", str(checkout), "addons", "bump", "metrics-server", "3.14.0"]) == 0
    assert "tests/charts fails until it is described" in capsys.readouterr().out
    assert record(checkout).version == "3.14.0"
    assert Description.load(checkout / "tests/charts/fixtures/metrics-server.json").version == "3.13.1"


def test_a_chart_of_another_version_is_refused_and_nothing_is_written(
    checkout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = chart(tmp_path / "c", "3.15.0")
    assert run(["-C", str(checkout), "addons", "bump", "metrics-server", "3.14.0", "--chart", str(folder)]) == 2
    assert "holds metrics-server 3.15.0, and metrics-server 3.14.0 is wanted" in capsys.readouterr().err
    assert record(checkout).version == "3.13.1"


def test_lock_writes_the_digest_and_never_over_another_one(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"version": "3.13.1", "digest": hashlib.sha256(b"chart").hexdigest()}
    answering(monkeypatch, {METRICS_INDEX: yaml.safe_dump({"entries": {"metrics-server": [entry]}})})
    assert run(["-C", str(checkout), "addons", "lock", "metrics-server"]) == 0
    assert record(checkout).digest == entry["digest"]
    monkeypatch.setattr(commands, "selected", lambda _: [record(checkout)])
    answering(monkeypatch, {METRICS_INDEX: yaml.safe_dump({"entries": {"metrics-server": [{**entry, "digest": DIGEST}]}})})
    capsys.readouterr()
    assert run(["-C", str(checkout), "addons", "lock"]) == 3
    assert f"3.13.1 is sha256:{DIGEST} in its repository" in capsys.readouterr().err
    assert record(checkout).digest == entry["digest"]


def test_keywords_are_set_replaced_and_taken_back() -> None:
    source = '"""é"""\nADDON = Addon(\n    name="a", version="1",  # kept\n    digest="x",\n)\nREST = 1\n'
    assert with_keywords(source, {"version": "2", "digest": None}) == source.replace('"1"', '"2"').replace('"x"', "None")
    assert with_keywords(source, {"app_version": "9"}) == source.replace(")\nREST", '    app_version="9",\n)\nREST')
