"""The platform's Grafana dashboards, as JSON that `dashboards/generate.py` writes, and the uids that links name. Pure.

A uid is a promise: links in alerts, tickets and bookmarks hold it.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

OVERVIEW = "platform-overview"
CLUSTER = "platform-cluster"
MESH = "platform-mesh"
SLO = "platform-slo"
CI = "platform-ci"
COST = "platform-cost"
TENANT = "platform-tenant"

_OURS = "platform-"
_HIDDEN = 2
"""Grafana's number for a variable without a control."""

UIDS = (OVERVIEW, CLUSTER, MESH, SLO, CI, COST, TENANT)
"""Every dashboard, in the order of the links between them."""


@cache
def text(uid: str) -> str:
    """A dashboard as Grafana reads it: JSON, as it is checked in."""
    return files(__package__).joinpath(f"{uid}.json").read_text(encoding="utf-8")


def load() -> Mapping[str, Mapping[str, Any]]:
    """Every dashboard by its uid."""
    return MappingProxyType({uid: json.loads(text(uid)) for uid in UIDS})


def for_team(team: str) -> Mapping[str, str]:
    """The dashboards as they lie in a team's folder: its own copies, fixed to the team and linked to each other.

    Args:
        team: name of the team, at most 30 characters: a uid has 40.

    Returns:
        JSON by uid.
    """
    found = {}
    for board in load().values():
        own = json.loads(json.dumps(board))
        own |= {"uid": team_uid(board["uid"], team), "title": f"{board['title']}: {team}", "tags": [*board["tags"], team]}
        for variable in own["templating"]["list"]:
            if variable["name"] == "team":
                # Of every team that there is, this one; hidden, since nothing is left to choose.
                variable |= {"regex": f"/^{team}$/", "hide": _HIDDEN, "includeAll": False, "multi": False}
                variable["current"] = {"selected": True, "text": team, "value": team}
                variable.pop("allValue", None)
            if variable["name"] == "logs":
                source = log_source(team)
                variable |= {"regex": f"/^{source}$/", "hide": _HIDDEN, "current": {"selected": True, "text": source, "value": source}}
        for link in own["links"]:
            link["url"] = f"/d/{team_uid(link['url'].removeprefix('/d/'), team)}"
        found[own["uid"]] = json.dumps(own, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    return found


def log_source(tenant: str) -> str:
    """Name of the data source of a tenant's logs."""
    return f"Logs of {tenant}"


def team_uid(uid: str, team: str) -> str:
    """Uid of a team's copy of a dashboard: `payments-mesh`."""
    return f"{team}-{uid.removeprefix(_OURS)}"
