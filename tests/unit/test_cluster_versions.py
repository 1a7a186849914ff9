from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_components.cluster.versions import (
    DEFAULT_VERSION,
    SUPPORT,
    WARNING_DAYS,
    node_version_problem,
    support_warning,
    supported_versions,
    version_problem,
)


def test_the_default_version_is_supported():
    assert version_problem(DEFAULT_VERSION) is None


def test_an_unknown_version_is_refused_with_the_choices():
    problem = version_problem("1.20")
    assert problem is not None
    assert "'1.20'" in problem
    assert all(version in problem for version in supported_versions())


def test_versions_stand_in_order_and_extended_support_is_twelve_months_longer():
    minors = [int(version.partition(".")[2]) for version in SUPPORT]
    assert minors == list(range(minors[0], minors[0] + len(minors)))
    for support in SUPPORT.values():
        assert support.extended_until == support.standard_until.replace(year=support.standard_until.year + 1)
    ends = [support.standard_until for support in SUPPORT.values()]
    assert ends == sorted(ends)


def test_a_version_near_its_end_is_named_with_day_and_next_version():
    assert support_warning("1.34", date(2026, 11, 23)) == (
        "EKS 1.34 leaves standard support in 9 days (2026-12-02); upgrade to 1.35, one minor version at a time"
    )


def test_under_the_standard_policy_it_is_told_that_aws_will_upgrade():
    near = support_warning("1.34", date(2026, 11, 23), "standard")
    assert near == (
        "EKS 1.34 leaves standard support in 9 days (2026-12-02), and AWS then upgrades the cluster by itself; "
        "upgrade to 1.35, one minor version at a time"
    )
    past = support_warning("1.33", date(2026, 11, 23), "standard")
    assert past is not None
    assert "left standard support on 2026-07-29: with upgrade_policy standard AWS upgrades the cluster by itself" in past
    assert support_warning("1.36", date(2026, 11, 23), "standard") is None


def test_extended_support_is_called_expensive_and_its_end_is_named():
    warning = support_warning("1.33", date(2026, 11, 23))
    assert warning is not None
    assert "six times" in warning
    assert "2027-07-29" in warning


def test_a_version_past_all_support_says_that_aws_upgrades_it():
    warning = support_warning("1.31", date(2026, 11, 27))
    assert warning is not None
    assert "AWS upgrades such clusters by itself" in warning


def test_the_newest_version_has_nothing_to_upgrade_to():
    newest = supported_versions()[-1]
    warning = support_warning(newest, SUPPORT[newest].standard_until)
    assert warning is not None
    assert "upgrade to" not in warning


def test_an_unknown_version_gets_the_refusal_as_its_warning():
    assert support_warning("2.0", date(2026, 1, 1)) == version_problem("2.0")


@given(version=st.sampled_from(supported_versions()), offset=st.integers(-1_000, 1_000))
def test_there_is_a_warning_exactly_within_sixty_days_of_the_end_or_after(version, offset):
    today = SUPPORT[version].standard_until - timedelta(days=offset)
    assert (support_warning(version, today) is not None) == (offset <= WARNING_DAYS)


@pytest.mark.parametrize(("days", "warned"), [(61, False), (60, True), (1, True), (0, True), (-1, True)])
def test_the_sixtieth_day_before_the_end_is_the_first_with_a_warning(days, warned):
    today = SUPPORT[DEFAULT_VERSION].standard_until - timedelta(days=days)
    assert (support_warning(DEFAULT_VERSION, today) is not None) == warned


@pytest.mark.parametrize(
    ("node", "plane", "says"),
    [
        ("1.35", "1.35", None),
        ("1.32", "1.35", None),
        ("1.31", "1.35", "4 minor versions behind"),
        ("1.36", "1.35", "newer than the control plane"),
    ],
)
def test_nodes_may_lag_three_minor_versions_and_lead_none(node, plane, says):
    problem = node_version_problem(node, plane)
    assert problem is None if says is None else problem is not None and says in problem
