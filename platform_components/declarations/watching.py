"""What the observability layer is told of the teams: each is declared once, in its own file, and heard of even while that is broken."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from platform_components.args import Args
from platform_components.declarations.document import read
from platform_components.declarations.team import load_teams, team_files
from platform_components.errors import DeclarationError
from platform_components.observability.receivers import TeamSettings
from platform_components.tenancy.alerts import TeamAlerts, TeamLogs, team_settings
from platform_components.tenancy.args import NAME_PATTERN, RESERVED_TEAMS, TEAM_MAX, namespace_of

A = TypeVar("A", bound=Args)


def watched_teams(directory: Path, environment: str) -> dict[str, TeamSettings]:
    """The teams of an environment, as ObservabilityStack takes them, by name.

    A broken file takes nobody's alerts away: what of it is sound counts, the platform's people stand in for whom it does not tell, and logs
    stay as long as any team's.

    Args:
        directory: holds the team files.
        environment: name of the environment.
    """
    files = team_files(directory)
    teams = load_teams(files)
    found = {
        name: team_settings(name, namespace_of(name, environment), declared.team.alerts, declared.team.logs)
        for name, declared in teams.sound.items()
        if environment in declared.team.environments
    }
    longest = max((declared.team.logs.retention_days or 0 for declared in teams.sound.values()), default=0)
    for name in teams.broken:
        data = _data(files[name])
        if not _may_be_here(name, data, environment):
            continue
        alerts = _sound(TeamAlerts, data.get("alerts", {})) or TeamAlerts()
        logs = _sound(TeamLogs, data.get("logs", {})) if data else None
        found[name] = team_settings(name, namespace_of(name, environment), alerts, logs or TeamLogs(retention_days=longest or None))
    return dict(sorted(found.items()))


def _may_be_here(name: str, data: Mapping[str, Any], environment: str) -> bool:
    """Whether a team of this name may have something in the environment; one that never could has nothing."""
    if not re.fullmatch(NAME_PATTERN, name) or not 1 < len(name) <= TEAM_MAX or name.partition("-")[0] in RESERVED_TEAMS:
        return False
    named = data.get("environments")
    return not isinstance(named, list) or environment in named


def _data(path: Path) -> Mapping[str, Any]:
    """What a file holds; nothing where it cannot be read."""
    try:
        return read(path, str(path)).data
    except DeclarationError:
        return {}


def _sound(model: type[A], section: Any) -> A | None:
    try:
        return model.model_validate(section)
    except ValidationError:
        return None
