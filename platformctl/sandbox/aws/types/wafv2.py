"""Web ACLs: moto keeps them without reading their rules, so they are checked against botocore's model and recorded."""

import uuid
from collections.abc import Mapping
from typing import Any

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, pascal, rows

_SPELLED = {"CloudwatchMetricsEnabled": "CloudWatchMetricsEnabled", "Arn": "ARN"}
"""Names that the API spells in its own way."""


def _api(value: Any) -> Any:
    """A block as the API has it: PascalCase, its own spellings, and an empty block where only its name counts."""
    if isinstance(value, Mapping):
        return {_SPELLED.get(key, key): _api(item) for key, item in value.items()}
    return [_api(item) for item in value] if isinstance(value, list) else value


def _block(prop: str) -> F:
    return F(lambda scope: _api(pascal(scope.new.get(prop))), (prop,))


def _rules(scope: Scope) -> Any:
    return _api(pascal(scope.new.get("rules"))) or []


def _uuid(scope: Scope) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, scope.subject.urn))


def _arn(scope: Scope) -> str:
    place = scope.region
    kind = "global" if scope.new.get("scope") == "CLOUDFRONT" else "regional"
    return f"arn:{place.partition}:wafv2:{place.name}:{place.account}:{kind}/webacl/{scope.new['name']}/{scope.id}"


ROWS = rows(
    Row(
        "aws:wafv2/webAcl:WebAcl",
        "wafv2",
        emulated=False,
        create=Call(
            "create_web_acl",
            {
                "Name": "$name",
                "Scope": "$scope",
                "Description": "$description",
                "DefaultAction": _block("defaultAction"),
                "Rules": F(_rules, ("rules",)),
                "VisibilityConfig": _block("visibilityConfig"),
                "Tags": TAG_LIST,
            },
        ),
        id=F(_uuid),
        props={"arn": F(_arn), "capacity": F(lambda _: 0)},
        name=Name(max_length=128),
        local=frozenset({"namePrefix"}),
        force_new=frozenset({"name", "scope", "description"}),
    ),
)
