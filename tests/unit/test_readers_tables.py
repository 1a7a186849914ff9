"""The tables a mock run answers from, and the values on the wire: what is made up is marked, and a secret never leaves its value."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_policies.graph import SECRET, UNKNOWN

from platformctl.readers import wire
from platformctl.readers.computed import AWS, OTHERS, Place, computed_type, stand_ins
from platformctl.readers.lookups import zone_prefix
from platformctl.sdk_types import check_inputs
from tests.support import deploy


@pytest.mark.parametrize("token", sorted([*AWS, *OTHERS]))
def test_every_type_of_the_tables_exists_and_its_stand_ins_are_marked(token: str) -> None:
    assert check_inputs(token, {}) == []
    place, urn, named = Place("eu-west-1", mark=f"+{UNKNOWN}"), f"urn:pulumi:s::p::{token}::n", computed_type(token).named
    settings = {"clusterName": "c", "ipv4IpamPoolId": "p", "assignGeneratedIpv6CidrBlock": True}
    for inputs in (settings, {**settings, named: "fixed"} if named else settings):
        identity, outputs = stand_ins(token, urn, inputs, place)
        assert (identity, outputs) == stand_ins(token, urn, inputs, place)
        # An id made of inputs alone, or of digits, has no place for a mark.
        assert wire.is_stand_in(identity) or "hex" not in computed_type(token).id
        made_up = [value for key, value in _texts(outputs) if key not in inputs and key not in CONSTANTS]
        # Of a bucket with a name, everything is known: its ARN names no account.
        if token != "aws:s3/bucket:Bucket" or "bucket" not in inputs:
            assert [value for value in made_up if not wire.is_stand_in(value) and value not in inputs.values() and value != identity] == []


CONSTANTS = {
    "acceptStatus",
    "availabilityZone",
    "clusterId",
    "dec",
    "name",
    "nameServers",
    "namespace",
    "origin",
    "primaryNameServer",
    "shareStatus",
    "state",
    "status",
    "userName",
}
"""Outputs that have a known value even before `up`, or one no program goes by."""


def _texts(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Every text in a value, with the key it stands under."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in _texts(item, name)]
    if isinstance(value, list):
        return [found for item in value for found in _texts(item, key)]
    return [(key, value)] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("text", "stand_in"),
    [
        ("240.90.254.10", True),
        ("from 240.90.0.0/16", True),
        ("10.240.90.5", False),
        ("1240.90.1.1", False),
        ("2001:db8:5afe:ab00::/64", True),
        ("2001:db8::1", False),
        (f"arn:aws:iam::1:role/x+{UNKNOWN}", True),
        ("", False),
    ],
)
def test_a_stand_in_is_told_from_what_looks_like_one(text: str, stand_in: bool) -> None:
    assert wire.is_stand_in(text) is stand_in


def test_an_arn_is_known_only_where_the_account_is_declared() -> None:
    inputs = {"name": "fixed"}
    marked = f"+{UNKNOWN}"
    anywhere = stand_ins("aws:eks/cluster:Cluster", "u::c", inputs, Place("eu-west-1", mark=marked))[1]
    declared = stand_ins("aws:eks/cluster:Cluster", "u::c", inputs, Place("eu-west-1", account="210987654321", mark=marked))[1]
    assert wire.is_stand_in(anywhere["arn"])
    assert declared["arn"] == "arn:aws:eks:eu-west-1:210987654321:cluster/fixed"


def test_the_account_a_provider_is_bound_to_is_the_account() -> None:
    def build() -> Any:
        bound = aws.Provider("p", region="eu-west-1", allowed_account_ids=["210987654321"])
        return aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=bound)).account_id

    assert deploy(lambda: {"account": build()}, preview=True).value("account") == "210987654321"


@pytest.mark.parametrize(
    ("region", "prefix"),
    [
        ("eu-west-1", "euw1"),
        ("us-east-1", "use1"),
        ("ap-southeast-2", "apse2"),
        ("ap-northeast-1", "apne1"),
        ("ca-central-1", "cac1"),
        ("us-gov-west-1", "usgw1"),
        ("me-south-1", "mes1"),
    ],
)
def test_zone_ids_begin_with_the_short_name_of_their_region(region: str, prefix: str) -> None:
    assert zone_prefix(region) == prefix


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5))
def test_values_survive_the_wire(values: dict[str, Any]) -> None:
    struct = wire.to_struct(values)
    assert wire.raw(struct) == values
    assert wire.plain(struct, collapse=False) == values


@given(JSON_VALUES)
def test_a_secret_never_leaves_its_value(value: Any) -> None:
    struct = wire.to_struct({"a": [wire.secret(value)], "b": {"c": wire.secret(value)}})
    assert wire.plain(struct, collapse=False) == {"a": [SECRET], "b": {"c": SECRET}}
