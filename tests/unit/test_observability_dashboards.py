"""The dashboards as they are shipped: made from their sources, whole, linked, and the same for every reader."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboards import generate
from platform_components.observability import dashboards

BOARDS = dashboards.load()


def panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (panel for panel in board["panels"] if panel["type"] != "row")


def test_the_checked_in_files_are_what_the_sources_make_and_twice_the_same() -> None:
    made = generate.documents()
    assert made == generate.documents()
    assert {path: path.read_text(encoding="utf-8") for path in made} == made
    assert {path.stem for path in made} == set(dashboards.UIDS) == {path.stem for path in generate.FOLDER.glob("*.json")}


def test_a_stale_or_foreign_file_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate"])
    assert generate.main() == 0
    monkeypatch.setattr("sys.argv", ["generate", "--check"])
    assert generate.main() == 0
    (tmp_path / "platform-ci.json").write_text("{}", encoding="utf-8")
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    assert generate.main() == 1
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == {"platform-ci.json", "old.json"}


@pytest.mark.parametrize("uid", dashboards.UIDS)
def test_a_dashboard_stands_on_its_own(uid: str) -> None:
    board = BOARDS[uid]
    assert board["uid"] == uid
    assert board["title"]
    assert board["description"]
    assert [variable["name"] for variable in board["templating"]["list"]][:3] == ["datasource", "team", "namespace"]
    assert {link["url"] for link in board["links"]} == {f"/d/{other}" for other in dashboards.UIDS if other != uid}
    assert all(link["includeVars"] and link["keepTime"] for link in board["links"]), "a link keeps team and time"
    identities = [panel["id"] for panel in board["panels"]]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("uid", dashboards.UIDS)
def test_panels_say_what_they_show_in_which_unit_and_from_where(uid: str) -> None:
    for panel in panels(BOARDS[uid]):
        assert panel["title"], panel
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None, panel["title"]
        kind = "loki" if panel["datasource"]["type"] == "loki" else "prometheus"
        assert panel["datasource"] == {"type": kind, "uid": "${logs}" if kind == "loki" else "${datasource}"}, panel["title"]
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        assert panel["targets"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize("team", ["payments", "a" * 30])
def test_a_team_has_its_own_copy_of_each(team: str) -> None:
    own = {uid: json.loads(text) for uid, text in dashboards.for_team(team).items()}
    assert set(own) == {dashboards.team_uid(uid, team) for uid in dashboards.UIDS}
    assert all(len(uid) <= 40 for uid in own), "Grafana's limit"
    assert dashboards.for_team(team) == dashboards.for_team(team)
    for uid, board in own.items():
        assert board["uid"] == uid
        assert board["title"].endswith(f": {team}")
        assert {link["url"].removeprefix("/d/") for link in board["links"]} == own.keys() - {uid}, "from one to all others"
        (variable,) = [one for one in board["templating"]["list"] if one["name"] == "team"]
        assert variable["current"]["value"] == team
        assert (variable["regex"], variable["includeAll"], variable["hide"]) == (f"/^{team}$/", False, 2)
        for source in (one for one in board["templating"]["list"] if one["name"] == "logs"):
            assert (source["regex"], source["hide"]) == (f"/^Logs of {team}$/", 2), "its own logs, not those of all"
    assert dashboards.load()[dashboards.MESH]["title"] == "Mesh", "the platform's own are as they were"


@pytest.mark.parametrize("uid", dashboards.UIDS)
def test_panels_do_not_lie_on_each_other(uid: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[uid]["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("uid", dashboards.UIDS)
def test_variables_that_are_named_exist(uid: str) -> None:
    board = BOARDS[uid]
    known = {variable["name"] for variable in board["templating"]["list"]} | {"__auto", "__rate_interval", "__range"}
    written = [target["expr"] for panel in panels(board) for target in panel["targets"]]
    written += [str(variable.get("query", "")) for variable in board["templating"]["list"]]
    assert {name for text in written for name in re.findall(r"\$\{?(\w+)", text)} <= known
