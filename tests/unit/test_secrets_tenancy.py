"""Policies of teams: nothing of another's is in them, whatever the two are called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_components.errors import DeclarationError
from platform_components.secrets.documents import PROGRAM_ROLE, SNAPSHOT_ROLE
from platform_components.secrets.tenancy import (
    alerts_path,
    alerts_policy,
    alerts_policy_name,
    alerts_role,
    alerts_secret,
    database_role,
    people_policy,
    people_policy_name,
    secret_path,
    team_role,
    vault_policy,
    workload_policy_name,
)

TEAMS = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)


def rules(policy: str) -> dict[str, set[str]]:
    """Capabilities by path, read back from the text."""
    found = re.findall(r'path "([^"]+)" \{\n  capabilities = \[([^\]]*)\]\n\}', policy)
    return {path: set(re.findall(r'"(\w+)"', listed)) for path, listed in found}


def allowed(policy: str, path: str) -> set[str]:
    """Capabilities at a path, by Vault's rule: an exact path, else the longest prefix."""
    found = rules(policy)
    if path in found:
        return found[path]
    prefixes = [rule for rule in found if rule.endswith("*") and path.startswith(rule[:-1])]
    return found[max(prefixes, key=len)] if prefixes else set()


@given(TEAMS, TEAMS)
def test_no_team_reaches_what_is_anothers(one: str, other: str) -> None:
    policy = vault_policy(one)
    theirs = [
        f"teams/data/{secret_path(other, 'ledger')}/login",
        f"database/creds/{database_role(other, 'orders', 'read')}",
        f"database/static-creds/{database_role(other, 'orders', 'read')}",
        f"pki/issue/{other}",
        f"transit/decrypt/{other}",
    ]
    for path in theirs:
        assert bool(allowed(policy, path)) is (one == other), path
    assert bool(allowed(people_policy(one), theirs[0])) is (one == other)


ENDINGS = st.sampled_from(["", "-people", "-alerts", "-role", "-snapshots"])


@given(TEAMS, ENDINGS, TEAMS, ENDINGS)
def test_no_policy_and_no_role_is_two_teams_or_the_platforms(one: str, end: str, other: str, other_end: str) -> None:
    """Who writes last would have what the other was given."""
    teams = {one, one + end, other + other_end, "vault-snapshots", "platform-program"}
    policies = [name(team) for team in teams for name in (workload_policy_name, people_policy_name, alerts_policy_name)]
    roles = [role.name for team in teams for role in (team_role(team, [team], ["app"]), alerts_role(team, "monitoring"))]
    assert len({*policies, PROGRAM_ROLE, SNAPSHOT_ROLE}) == 3 * len(teams) + 2
    assert len({*roles, SNAPSHOT_ROLE}) == 2 * len(teams) + 1


@given(TEAMS, TEAMS)
def test_what_copies_a_teams_keys_for_alerts_reads_nothing_else(one: str, other: str) -> None:
    policy = alerts_policy(one)
    assert allowed(policy, f"teams/data/{alerts_path(one)}") == {"read"}
    for path in (f"{alerts_path(one)}/x", secret_path(one, "alerts"), secret_path(other, "ledger"), f"{other}/alerts"):
        assert allowed(policy, f"teams/data/{path}") == set(), path
    assert bool(allowed(policy, f"teams/data/{alerts_path(other)}")) is (one == other)
    role = alerts_role(one, "monitoring")
    assert (role.namespaces, role.service_accounts, role.policies) == (("monitoring",), (alerts_secret(one),), (alerts_policy_name(one),))
    assert "update" in allowed(people_policy(one), f"teams/data/{alerts_path(one)}")


def test_a_name_that_begins_with_anothers_is_no_way_in() -> None:
    assert allowed(vault_policy("pay"), "teams/data/payments/ledger/login") == set()
    assert allowed(vault_policy("pay"), "database/creds/payments.orders.read") == set()
    assert allowed(vault_policy("pay"), "database/creds/pay-ments.orders.read") == set()


def test_workloads_read_and_people_write() -> None:
    at = "teams/data/payments/ledger/login"
    assert allowed(vault_policy("payments"), at) == {"read"}
    assert allowed(people_policy("payments"), at) == {"create", "update", "patch", "read", "delete"}
    assert allowed(people_policy("payments"), "transit/decrypt/payments") == set()


def test_nothing_of_sys_is_open() -> None:
    for policy in (vault_policy("payments"), people_policy("payments")):
        assert not [path for path in rules(policy) if path.startswith("sys")]


@pytest.mark.parametrize("team", ["", "a", "*", "pay*", "pay/+", 'a"b', "Pay", "pay.x", "pay-", "a" * 41])
def test_a_name_that_means_something_in_a_policy_is_refused(team: str) -> None:
    with pytest.raises(DeclarationError, match="team "):
        vault_policy(team)


@pytest.mark.parametrize(
    ("namespaces", "accounts", "ttl", "said"),
    [
        ((), ("app",), 3600, "namespaces  name at least one"),
        (("payments",), (), 3600, "service_accounts  name at least one"),
        (("*",), ("app",), 3600, "'\\*' is no name of Kubernetes"),
        (("payments",), ("app",), 3601, "3601 s is outside 1 to 3600 s"),
    ],
)
def test_a_role_is_bound_by_name_and_for_an_hour_at_most(
    namespaces: tuple[str, ...], accounts: tuple[str, ...], ttl: int, said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        team_role("payments", namespaces, accounts, ttl)
