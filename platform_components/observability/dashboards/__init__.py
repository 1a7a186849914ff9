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

UIDS = (OVERVIEW, CLUSTER, MESH, SLO, CI, COST, TENANT)
"""Every dashboard, in the order of the links between them."""


@cache
def text(uid: str) -> str:
    """A dashboard as Grafana reads it: JSON, as it is checked in."""
    return files(__package__).joinpath(f"{uid}.json").read_text(encoding="utf-8")


def load() -> Mapping[str, Mapping[str, Any]]:
    """Every dashboard by its uid."""
    return MappingProxyType({uid: json.loads(text(uid)) for uid in UIDS})
