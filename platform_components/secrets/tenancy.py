"""What a team may do in Vault: its policies, and the names that keep teams apart. Pure.

Vault matches a policy's path by prefix where it ends in `*`, so a name that begins with another team's is the trap here: `pay*` would
match `payments`. Every prefix below therefore ends in a character that no team's name holds: `/` in the key-value store, `.` in the
database engine.

Sources: https://developer.hashicorp.com/vault/docs/concepts/policies; https://developer.hashicorp.com/vault/api-docs/auth/kubernetes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from platform_components.errors import DeclarationError, Problem

AUDIENCE: Final = "vault"
"""Audience of the service account tokens that Vault takes: one that was made for the Kubernetes API is no login here."""
MAX_TTL_SECONDS: Final = 3600
"""Longest life of a token that a workload or a person logs in for, in seconds."""

TEAM_PATTERN: Final = r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$"
"""A team's name, as policies, paths and roles have it."""
_PART: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Mounts:
    """Where the engines that teams share are mounted."""

    kv: str = "teams"
    database: str = "database"
    pki: str = "pki"
    transit: str = "transit"


@dataclass(frozen=True, slots=True)
class TeamRole:
    """Name and settings of a team's role in a cluster's Kubernetes login."""

    name: str
    policies: tuple[str, ...]
    namespaces: tuple[str, ...]
    service_accounts: tuple[str, ...]
    ttl_seconds: int = MAX_TTL_SECONDS
    audience: str = AUDIENCE


def workload_policy_name(team: str) -> str:
    """Name of the policy of a team's workloads."""
    return f"team-{checked(team)}"


def people_policy_name(team: str) -> str:
    """Name of the policy of a team's people; the dot keeps it from being that of a team called so."""
    return f"team-{checked(team)}.people"


def alerts_policy_name(team: str) -> str:
    """Name of the policy of what copies a team's keys to Alertmanager."""
    return f"team-{checked(team)}.alerts"


def alerts_path(team: str) -> str:
    """Path, below the key-value store's mount, of the keys that reach a team's people; no service's, since it has a dot."""
    return f"{checked(team)}/alerts.keys"


def alerts_secret(team: str) -> str:
    """Name of the Secret that they are copied into, for Alertmanager, and of the service account that reads them for it."""
    return f"alerts-{checked(team)}"


def kubernetes_mount(cluster: str) -> str:
    """Where service accounts of a cluster log in; each cluster has a login of its own, so that no token of one is good for another."""
    return f"kubernetes/{_checked_part(cluster, 'cluster')}"


def secret_path(team: str, service: str) -> str:
    """Path of a service's secrets below the key-value store's mount."""
    return f"{checked(team)}/{_checked_part(service, 'service')}"


def database_connection(team: str, database: str) -> str:
    """Name of a connection of the database engine, by the team whose database it is."""
    return f"{checked(team)}.{_checked_part(database, 'database')}"


def database_role(team: str, database: str, access: str, identity: str | None = None) -> str:
    """Name of a role of the database engine; the team that takes its logins comes first and ends at a dot.

    Args:
        team: whose policy lets its workloads take logins of this role.
        database: name of the database.
        access: what its users may do.
        identity: for whom of the team it is; all of them where omitted.
    """
    last = access if identity is None else f"{access}-{identity}"
    return f"{database_connection(team, database)}.{_checked_part(last, 'access')}"


def vault_policy(team: str, mounts: Mounts | None = None) -> str:
    """The policy of a team's workloads: reads its own secrets, takes its own database logins and certificates, uses its own key."""
    at, name = mounts or Mounts(), checked(team)
    return _document(
        {
            f"{at.kv}/data/{name}/*": ("read",),
            f"{at.kv}/metadata/{name}/*": ("read", "list"),
            f"{at.database}/creds/{name}.*": ("read",),
            f"{at.database}/static-creds/{name}.*": ("read",),
            f"{at.pki}/issue/{name}": ("update",),
            f"{at.pki}/sign/{name}": ("update",),
            **{f"{at.transit}/{use}/{name}": ("update",) for use in ("encrypt", "decrypt", "rewrap", "sign", "verify", "hmac")},
            **_OWN_TOKEN,
        }
    )


def people_policy(team: str, mounts: Mounts | None = None) -> str:
    """The policy of a team's people: writes its own secrets, sees their versions, reads no workload's login and decrypts nothing."""
    at, name = mounts or Mounts(), checked(team)
    return _document(
        {
            f"{at.kv}/data/{name}/*": ("create", "update", "patch", "read", "delete"),
            f"{at.kv}/metadata/{name}/*": ("read", "list", "delete"),
            **{f"{at.kv}/{use}/{name}/*": ("update",) for use in ("delete", "undelete", "destroy")},
            # So that its folder can be walked to from the top; names of teams are no secret.
            f"{at.kv}/metadata/": ("list",),
            **_OWN_TOKEN,
        }
    )


def alerts_policy(team: str, mounts: Mounts | None = None) -> str:
    """The policy of what copies a team's keys to Alertmanager: reads these and nothing else of the team's."""
    at = mounts or Mounts()
    return _document({f"{at.kv}/data/{alerts_path(team)}": ("read",), **_OWN_TOKEN})


def team_role(team: str, namespaces: Sequence[str], service_accounts: Sequence[str], ttl_seconds: int = MAX_TTL_SECONDS) -> TeamRole:
    """A team's role in a cluster's login: bound to namespaces and service accounts by name, never by a wildcard.

    Raises:
        DeclarationError: a name is none, none is given, or the token would live too long.
    """
    problems = [*_bound("namespaces", namespaces), *_bound("service_accounts", service_accounts)]
    if not 0 < ttl_seconds <= MAX_TTL_SECONDS:
        problems.append(Problem(f"{ttl_seconds} s is outside 1 to {MAX_TTL_SECONDS} s", field=f"{team}: ttl_seconds"))
    if problems:
        raise DeclarationError(problems)
    return TeamRole(checked(team), (workload_policy_name(team),), tuple(namespaces), tuple(service_accounts), ttl_seconds)


def alerts_role(team: str, namespace: str, ttl_seconds: int = MAX_TTL_SECONDS) -> TeamRole:
    """The role of what copies a team's keys to Alertmanager, in Alertmanager's namespace; the dot keeps it from being a team's."""
    return TeamRole(f"{checked(team)}.alerts", (alerts_policy_name(team),), (namespace,), (alerts_secret(team),), ttl_seconds)


def checked(team: str) -> str:
    """A team's name, which can hold nothing that means something in a policy's path.

    Raises:
        DeclarationError: it could.
    """
    if not re.fullmatch(TEAM_PATTERN, team):
        raise DeclarationError([Problem("use 2 to 40 of a-z, 0-9 and -, a letter first and no - last", field=f"team {team!r}")])
    return team


def _checked_part(name: str, what: str) -> str:
    if not _PART.fullmatch(name):
        raise DeclarationError([Problem("use 1 to 40 of a-z, 0-9 and -, not at either end", field=f"{what} {name!r}")])
    return name


def _bound(field: str, names: Sequence[str]) -> Iterator[Problem]:
    if not names:
        yield Problem("name at least one; a role that is bound to nothing would let anybody in", field=field)
    for name in names:
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", name):
            yield Problem(f"{name!r} is no name of Kubernetes; a wildcard would let others in", field=field)


_OWN_TOKEN: Final[Mapping[str, tuple[str, ...]]] = {
    "auth/token/lookup-self": ("read",),
    "auth/token/renew-self": ("update",),
    "auth/token/revoke-self": ("update",),
}
"""What every token may do with itself. Vault's own `default` policy is left off: it opens a part of `sys/`."""


def _document(paths: Mapping[str, Sequence[str]]) -> str:
    return "".join(_rule(path, allowed) for path, allowed in paths.items())


def _rule(path: str, allowed: Sequence[str]) -> str:
    listed = ", ".join(f'"{capability}"' for capability in allowed)
    return f'path "{path}" {{\n  capabilities = [{listed}]\n}}\n'
