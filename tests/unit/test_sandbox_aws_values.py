"""When two values mean the same to AWS, as rules over generated values."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from platformctl.sandbox.aws.naming import is_automatic, physical_name
from platformctl.sandbox.aws.rows import Name
from platformctl.sandbox.aws.values import covers, equal, laid_over, reconcile
from platformctl.sandbox.plugin import UNKNOWN, Subject, property_changes

scalars = st.booleans() | st.integers(0, 99) | st.text("abc", min_size=1, max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_a_value_equals_itself_and_covers_itself(value: Any):
    assert equal(value, value)
    assert covers(value, value)
    assert reconcile(value, value) == value
    assert property_changes({"a": value}, {"a": value}) == {}


@given(st.lists(scalars, max_size=5), st.randoms())
def test_lists_are_sets_unless_ordered(value: list[Any], random: Any):
    shuffled = list(value)
    random.shuffle(shuffled)
    assert equal(value, shuffled)
    assert equal(value, shuffled, ordered=True) == (list(map(_text, value)) == list(map(_text, shuffled)))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=2), scalars, min_size=1, max_size=3), scalars)
def test_what_aws_adds_to_an_object_is_no_drift_what_it_changes_is(declared: dict[str, Any], other: Any):
    assert covers(declared, {**declared, "added by AWS": 1})
    key = next(iter(declared))
    if not equal(declared[key], other) and declared[key] not in (False, 0):
        changed = {**declared, key: other}
        assert not covers(declared, changed)
        assert reconcile(declared, changed) == changed


@given(
    st.dictionaries(
        st.text("xyz", min_size=1, max_size=2),
        st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    )
)
def test_documents_are_compared_by_content(content: dict[str, Any]):
    assert equal(json.dumps(content), json.dumps(dict(reversed(content.items())), indent=2))
    assert equal(json.dumps(content), json.dumps({key: value[0] if len(value) == 1 else value[::-1] for key, value in content.items()}))


@given(values)
def test_unknown_equals_nothing(value: Any):
    assert not equal(UNKNOWN, value)
    assert not equal({"a": [UNKNOWN]}, {"a": [UNKNOWN]})


@given(st.text("abcXYZ-_.09", min_size=1, max_size=120), st.integers(20, 128), st.booleans())
def test_names_fit_and_are_known_again(logical: str, limit: int, lower: bool):
    rule = Name(max_length=limit, lower=lower)
    subject = Subject("urn:x", "t", logical)
    name = physical_name(rule, subject, {"a": 1}, {})
    assert name is not None
    assert len(name) <= limit
    assert is_automatic(name, f"{logical}-")
    assert physical_name(rule, subject, {"a": 2}, {"name": name}) == name
    assert not lower or name == name.lower()


def test_outputs_show_what_aws_added_inside_a_block_that_was_declared():
    declared = {"subnetIds": ["subnet-1"], "deep": {"a": 1}}
    actual = {"subnetIds": ["subnet-1"], "clusterSecurityGroupId": "sg-1", "publicAccessCidrs": None, "deep": {"a": 1, "b": 2}}
    assert laid_over(actual, declared) == {"subnetIds": ["subnet-1"], "clusterSecurityGroupId": "sg-1", "deep": {"a": 1, "b": 2}}
    assert laid_over(None, declared) == declared
    assert laid_over({"x": 1}, "text") == "text"
