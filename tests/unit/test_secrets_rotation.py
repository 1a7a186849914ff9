"""Rotation: nobody is without a credential, and a bounded number changes at once."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_components.errors import DeclarationError
from platform_components.secrets.rotation import MINUTES, Period, aws_cron, bound, cron, lease, minute_of, schedule
from platform_components.secrets.tenancy import MAX_TTL_SECONDS

PERIODS = st.sampled_from(Period)


@given(rollout=st.integers(0, 6000), outage=st.integers(0, 900), propagation=st.integers(0, 600))
def test_the_old_credential_outlives_a_rollout_and_an_outage(rollout: int, outage: int, propagation: int) -> None:
    try:
        found = lease(rollout, outage_seconds=outage, propagation_seconds=propagation)
    except DeclarationError:
        assert rollout + outage + propagation > MAX_TTL_SECONDS - 300
        return
    assert found.overlap_seconds >= rollout + outage
    assert found.ttl_seconds <= MAX_TTL_SECONDS
    assert found.refresh_seconds >= 300


def test_a_rollout_that_takes_too_long_is_refused_with_the_way_out() -> None:
    with pytest.raises(DeclarationError, match=r"7200 s is outside 0 to 2880 s.*static role with two users"):
        lease(7200)


@settings(max_examples=40, deadline=None)
@given(names=st.sets(st.text(min_size=1, max_size=8), max_size=400), period=PERIODS)
def test_every_secret_has_a_minute_and_none_has_too_many(names: set[str], period: Period) -> None:
    given_minutes = schedule(names, period)
    assert set(given_minutes) == names
    assert all(0 <= minute < MINUTES[period] for minute in given_minutes.values())
    assert max(Counter(given_minutes.values()).values(), default=0) <= bound(len(names), period)


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 10**9))
def test_ten_thousand_secrets_never_change_in_the_same_minute(seed: int) -> None:
    names = [f"team-{seed}-{number}/service/login" for number in range(10_000)]
    for period, most in ((Period.DAILY, 7), (Period.WEEKLY, 1), (Period.MONTHLY, 1)):
        assert bound(len(names), period) == most
        assert max(Counter(schedule(names, period).values()).values()) <= most


@settings(max_examples=4, deadline=None)
@given(st.data())
def test_names_that_all_fall_on_one_minute_are_spread_too(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 10**6))
    on_one = [name for name in map(str, range(start, start + 15_000)) if minute_of(name, Period.DAILY) == MINUTES[Period.DAILY] - 1][:20]
    assert len(on_one) > 1
    assert max(Counter(schedule(on_one, Period.DAILY).values()).values()) == 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=60))
def test_order_does_not_matter(names: list[str]) -> None:
    assert schedule(names, Period.WEEKLY) == schedule(reversed(names), Period.WEEKLY)


def test_another_secret_moves_few() -> None:
    names = [f"team/service-{number}" for number in range(2000)]
    before, after = schedule(names, Period.WEEKLY), schedule([*names, "team/another"], Period.WEEKLY)
    assert sum(before[name] != after[name] for name in names) < 20


def test_minutes_as_cron() -> None:
    assert cron(0, Period.DAILY) == "0 0 * * *"
    assert cron(24 * 60 * 3 + 61, Period.WEEKLY) == "1 1 * * 3"
    assert cron(MINUTES[Period.MONTHLY] - 1, Period.MONTHLY) == "59 23 28 * *"
    assert aws_cron(24 * 60 * 3 + 61, Period.WEEKLY) == "cron(0 1 ? * 4 *)"
    assert aws_cron(MINUTES[Period.MONTHLY] - 1, Period.MONTHLY) == "cron(0 23 28 * ? *)"
