import json
from typing import Any

import pytest
from platform_policies.documents import Statement, allows_action, has_condition, matches, principals_public, statements
from platform_policies.graph import SECRET, UNKNOWN


def one(**elements: Any) -> Statement:
    found = statements({"Statement": {"Effect": "Allow", **elements}})
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    "value", [UNKNOWN, SECRET, "no json", "[]", 3, {"Version": "2012-10-17"}, {"Statement": UNKNOWN}, {"Statement": ["x"]}]
)
def test_what_is_no_document(value: Any) -> None:
    assert statements(value) is None


@pytest.mark.parametrize("value", [None, "", {"Statement": []}])
def test_no_statements(value: Any) -> None:
    assert statements(value) == []


def test_text_and_mapping_are_read_alike() -> None:
    document = {
        "Statement": [
            {
                "Sid": "A",
                "Effect": "Deny",
                "Principal": "*",
                "NotAction": ["s3:GetObject"],
                "NotResource": "arn:x",
                "Condition": {"Bool": {"aws:SecureTransport": False}},
            },
            {"Effect": "Allow", "NotPrincipal": {"AWS": ["a", "b"], "Service": "c"}, "Action": "s3:*", "Resource": ["x", UNKNOWN]},
        ]
    }
    read = statements(document)
    assert read == statements(json.dumps(document))
    assert read is not None
    first, second = read
    assert (first.effect, first.sid, first.label, first.allows, first.unknown) == ("Deny", "A", "statement A", False, False)
    assert first.principals == (("AWS", "*"),)
    assert (first.not_actions, first.not_resources) == (("s3:GetObject",), ("arn:x",))
    assert first.conditions == (("bool", "aws:securetransport", ("false",)),)
    assert second.not_principals == (("AWS", "a"), ("AWS", "b"), ("Service", "c"))
    assert second.resources == ("x", UNKNOWN)
    assert (second.label, second.allows, second.unknown) == ("a statement", True, True)


def test_elements_in_the_typed_form() -> None:
    read = statements({"statement": [{"effect": "allow", "action": "a:b"}]})
    assert read is not None
    assert (read[0].effect, read[0].actions) == ("Allow", ("a:b",))


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ["arn:x", "*"]}}, True),
        ({"Principal": {"Federated": "*"}}, True),
        ({"NotPrincipal": {"AWS": "arn:x"}}, True),
        ({"Principal": {"AWS": "arn:x", "Service": "ec2.amazonaws.com"}}, False),
        ({}, False),
        ({"Principal": {"AWS": UNKNOWN}}, None),
        ({"Principal": UNKNOWN}, None),
        ({"Principal": SECRET}, None),
        ({"Principal": {"AWS": [UNKNOWN, "*"]}}, True),
    ],
)
def test_principals_public(elements: dict[str, Any], expected: bool | None) -> None:
    assert principals_public(one(**elements)) is expected


@pytest.mark.parametrize(
    ("elements", "action", "expected"),
    [
        ({"Action": "s3:Get*"}, "s3:GetObject", True),
        ({"Action": "S3:getobject"}, "s3:GetObject", True),
        ({"Action": "s3:Get*"}, "s3:*", False),
        ({"Action": "*"}, "s3:*", True),
        ({"Action": ["ec2:*", "s3:?et*"]}, "s3:GetObject", True),
        ({"Action": "s3:Put[x]"}, "s3:Putx", False),
        ({"NotAction": "iam:*"}, "s3:GetObject", True),
        ({"NotAction": "s3:*"}, "s3:GetObject", False),
        ({"NotAction": UNKNOWN}, "s3:GetObject", None),
        ({"NotAction": [UNKNOWN, "s3:*"]}, "s3:GetObject", False),
        ({"Action": UNKNOWN}, "s3:GetObject", None),
        ({"Action": [UNKNOWN, "*"]}, "s3:GetObject", True),
        ({}, "s3:GetObject", False),
        ({"Effect": "Deny", "Action": "*"}, "s3:GetObject", False),
        ({"Effect": UNKNOWN, "Action": "*"}, "s3:GetObject", None),
        ({"Effect": UNKNOWN, "Action": "ec2:*"}, "s3:GetObject", False),
    ],
)
def test_allows_action(elements: dict[str, Any], action: str, expected: bool | None) -> None:
    assert allows_action(one(**elements), action) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"AWS:SourceAccount": "1"}}, True),
        ({"ForAnyValue:StringLike": {"aws:SourceAccount": "1*"}}, True),
        ({"ForAllValues:StringLike": {"aws:SourceAccount": "1*"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, False),
        ({"Null": {"aws:SourceAccount": "false"}}, False),
        ({"StringLike": {"aws:SourceAccount": ["1", "*"]}}, False),
        ({"StringEquals": {"aws:SourceAccount": []}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "x"}}, True),
        ({"StringEquals": {"aws:SourceVpc": "x"}}, False),
        (None, False),
        (UNKNOWN, None),
        (SECRET, None),
        ({"StringEquals": UNKNOWN}, None),
        ({"StringEquals": {"aws:SourceAccount": UNKNOWN}}, None),
        ({"StringEquals": {"aws:SourceVpc": UNKNOWN}}, False),
    ],
)
def test_has_condition(condition: Any, expected: bool | None) -> None:
    assert has_condition(one(Condition=condition), ["aws:SourceAccount", "aws:PrincipalTag/"]) is expected


def test_patterns() -> None:
    assert matches("arn:aws:s3:::b?/*", "ARN:aws:s3:::b1/x")
    assert not matches("a.c", "abc")
