"""S3 rules, case by case."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from platform_policies.graph import UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import s3

from tests.policies.cases import Case, judge, node
from tests.policies.table import Table, case_id, prove

PASS, FAIL, UNDECIDED = Status.PASS, Status.FAIL, Status.UNKNOWN
BUCKET, BLOCK, ACCOUNT = s3.BUCKET, s3.BLOCK, s3.ACCOUNT_BLOCK
ON = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}


def of_subject(type_: str, inputs: Mapping[str, Any], path: str = "bucket") -> Node:
    """Another resource that means the judged bucket, as a preview sees it."""
    return node(type_, "other", inputs, {path: ["subject"]})


def unresolved(type_: str, path: str = "bucket") -> Node:
    """Another resource that means a bucket which is not known yet."""
    return node(type_, "other", {path: UNKNOWN})


def document(**changes: Any) -> dict[str, Any]:
    """A policy that refuses plain HTTP, with changes to its statement."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **changes,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def granting(**changes: Any) -> str:
    """A policy that lets everyone read, with changes to its statement."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", **changes}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _block() -> list[Case]:
    rule = "aws-s3-public-access-block"
    cases = [
        Case(rule, "passing", BUCKET, {}, PASS, others=[of_subject(BLOCK, ON)]),
        Case(
            rule,
            "passing",
            BUCKET,
            {"bucket": "b"},
            PASS,
            others=[node(BLOCK, "other", {**ON, "bucket": "b"})],
            name="by name, as in a state",
        ),
        Case(
            rule, "passing", BUCKET, {}, PASS, outputs={"id": "b-1"}, others=[node(BLOCK, "other", {**ON, "bucket": "b-1"})], name="by id"
        ),
        Case(rule, "passing", "aws:s3/bucketV2:BucketV2", {}, PASS, others=[of_subject(BLOCK, ON)], name="old type"),
        Case(rule, "passing", BUCKET, {}, PASS, others=[node(ACCOUNT, "account", ON)], name="account"),
        Case(
            rule,
            "passing",
            BUCKET,
            {},
            PASS,
            others=[of_subject(BLOCK, {}), node(ACCOUNT, "account", ON)],
            name="account, whatever its own",
        ),
        Case(rule, "passing", BUCKET, {}, PASS, others=[node(ACCOUNT, "account", dict.fromkeys(ON, "true"))], name="booleans as text"),
        Case(rule, "failing", BUCKET, {}, FAIL, others=[of_subject(BLOCK, {})], name="block without switches", property="blockPublicAcls"),
        Case(rule, "failing", BUCKET, {"bucket": "b"}, FAIL, others=[node(BLOCK, "other", {**ON, "bucket": "c"})], name="another's"),
        Case(rule, "failing", BUCKET, {}, FAIL, others=[replace(node(ACCOUNT, "account", ON), provider="urn::x")], name="another account"),
        Case(rule, "absent", BUCKET, {}, FAIL, property=""),
        Case(
            rule,
            "unknown",
            BUCKET,
            {},
            UNDECIDED,
            others=[of_subject(BLOCK, {**ON, "ignorePublicAcls": UNKNOWN})],
            property="ignorePublicAcls",
        ),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[unresolved(BLOCK)], name="whose"),
        Case(rule, "passing", ACCOUNT, ON, PASS, name="the account's"),
        Case(rule, "failing", ACCOUNT, {}, FAIL, name="the account's"),
        Case(rule, "passing", BLOCK, {**ON, "bucket": "elsewhere"}, PASS, name="of a bucket elsewhere"),
        Case(rule, "failing", BLOCK, {"bucket": "elsewhere"}, FAIL, name="of a bucket elsewhere"),
        Case(rule, "passing", BLOCK, {"bucket": "b"}, None, others=[node(BUCKET, "b", {"bucket": "b"})], name="judged with its bucket"),
    ]
    cases += [Case(rule, "failing", BUCKET, {}, FAIL, others=[of_subject(BLOCK, {**ON, key: False})], property=key, name=key) for key in ON]
    return cases


def _public() -> list[Case]:
    rule = "aws-s3-no-public-policy"
    cases: list[Case] = []
    policy = Table(cases, rule, s3.POLICY, "policy")
    policy.passing({"policy": granting(Principal={"AWS": "arn:aws:iam::1:root"})})
    policy.passing({"policy": granting(Effect="Deny")}, "deny")
    policy.passing({"policy": granting(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})}, "own organisation")
    policy.failing({"policy": granting()}, at="policy")
    policy.failing({"policy": json.loads(granting(Principal={"AWS": "*"}))}, "map")
    policy.failing({"policy": granting()}, "inline", of=BUCKET)
    policy.failing({"policy": granting(Condition={"StringEquals": {"aws:UserAgent": "x"}})}, "condition that keeps nobody out")
    policy.absent(PASS, of=BUCKET)
    policy.unknown({"policy": UNKNOWN}, at="policy")
    policy.unknown({"policy": granting(Principal=UNKNOWN)}, "principal")
    acl, group = Table(cases, rule, s3.ACL, "acl"), "http://acs.amazonaws.com/groups/global/"
    world, known = {"uri": f"{group}AllUsers", "permissions": ["READ"]}, {"uri": f"{group}AuthenticatedUsers"}
    mine = {"id": "abc", "type": "CanonicalUser", "permissions": ["READ"]}
    acl.passing({"acl": "private"})
    acl.passing({"acl": "log-delivery-write"}, "log delivery")
    acl.failing({"acl": "public-read"}, at="acl")
    acl.failing({"acl": "public-read-write"}, "inline", of=BUCKET)
    acl.failing({"acl": "authenticated-read"}, "old type", of="aws:s3/bucketAclV2:BucketAclV2")
    acl.failing({"grants": [mine, world]}, "grants", of=BUCKET, at="grants")
    acl.failing({"grants": [known]}, "any AWS account", of=BUCKET, at="grants")
    acl.passing({"grants": [mine]}, "grants", of=BUCKET)
    acl.passing({"grants": [{"uri": "http://acs.amazonaws.com/groups/s3/LogDelivery"}]}, "log group", of=BUCKET)
    separate = {"grants": [{"grantee": {"type": "Group", "uri": f"{group}AllUsers"}, "permission": "READ"}]}
    acl.failing({"accessControlPolicy": separate}, "access control policy", at="accessControlPolicy.grants")
    acl.absent(PASS, of=BUCKET)
    acl.unknown({"acl": UNKNOWN}, at="acl")
    for name, grants in {"grants": UNKNOWN, "grant": [UNKNOWN], "group": [{"uri": UNKNOWN}]}.items():
        acl.unknown({"grants": grants}, name, of=BUCKET, at="grants")
    return cases


def _tls() -> list[Case]:
    rule = "aws-s3-tls-only"

    def split(value: Any) -> list[Node]:
        return [of_subject(s3.POLICY, {"policy": value})]

    bad: dict[str, dict[str, Any]] = {
        "allow": {"Effect": "Allow"},
        "one principal": {"Principal": {"AWS": "arn:aws:iam::1:root"}},
        "all but some": {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}},
        "reads only": {"Action": "s3:Get*"},
        "bucket only": {"Resource": "arn:aws:s3:::b"},
        "objects only": {"Resource": "arn:aws:s3:::b/*"},
        "no condition": {"Condition": {}},
        "another condition too": {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}}},
        "when TLS": {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        "another key": {"Condition": {"Bool": {"aws:ViaAWSService": "false"}}},
        "another operator": {"Condition": {"Null": {"aws:SecureTransport": "false"}}},
    }
    good: dict[str, dict[str, Any]] = {
        "all actions": {"Action": "*"},
        "boolean": {"Condition": {"Bool": {"aws:SecureTransport": False}}},
        "if exists": {"Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}},
        "star": {"Resource": "*"},
        "principal map": {"Principal": {"AWS": "*"}},
    }
    open_ended: dict[str, dict[str, Any]] = {
        "effect": {"Effect": UNKNOWN},
        "principal": {"Principal": UNKNOWN},
        "action": {"Action": UNKNOWN},
        "resource": {"Resource": [UNKNOWN]},
        "condition": {"Condition": UNKNOWN},
        "condition's value": {"Condition": {"Bool": {"aws:SecureTransport": UNKNOWN}}},
    }
    return [
        Case(rule, "passing", BUCKET, {}, PASS, others=split(json.dumps(document()))),
        Case(rule, "passing", BUCKET, {"policy": document()}, PASS, name="inline"),
        Case(rule, "absent", BUCKET, {}, FAIL, property="policy"),
        Case(rule, "absent", BUCKET, {"policy": ""}, FAIL, property="policy", name="empty"),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=split(UNKNOWN)),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[unresolved(s3.POLICY)], name="whose"),
        Case(rule, "failing", BUCKET, {}, FAIL, others=split(json.dumps(document(Action="s3:Put*")))),
        *(Case(rule, "passing", BUCKET, {"policy": document(**change)}, PASS, name=name) for name, change in good.items()),
        *(Case(rule, "failing", BUCKET, {"policy": document(**change)}, FAIL, name=name) for name, change in bad.items()),
        *(Case(rule, "unknown", BUCKET, {"policy": document(**change)}, UNDECIDED, name=name) for name, change in open_ended.items()),
    ]


def _encryption() -> list[Case]:
    rule = "aws-s3-encryption"

    def by(algorithm: Any) -> dict[str, Any]:
        return {"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}

    def split(algorithm: Any) -> list[Node]:
        return [of_subject(s3.ENCRYPTION, {"rules": [by(algorithm)]})]

    old_shape = {
        "serverSideEncryptionConfigurations": [{"rules": [{"applyServerSideEncryptionByDefaults": [{"sseAlgorithm": "aws:kms"}]}]}]
    }
    return [
        Case(rule, "passing", BUCKET, {}, PASS, others=split("aws:kms")),
        Case(rule, "passing", BUCKET, {}, PASS, others=split("aws:kms:dsse"), name="twice"),
        Case(rule, "passing", BUCKET, {"serverSideEncryptionConfiguration": {"rule": by("aws:kms")}}, PASS, name="inline"),
        Case(rule, "passing", "aws:s3/bucketV2:BucketV2", old_shape, PASS, name="old shape"),
        Case(rule, "failing", BUCKET, {}, FAIL, others=split("AES256")),
        Case(
            rule,
            "failing",
            BUCKET,
            {"serverSideEncryptionConfiguration": {"rule": by("AES256")}},
            FAIL,
            property="serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault",
            name="inline",
        ),
        Case(rule, "passing", BUCKET, {}, PASS, others=split("AES256"), settings={"algorithms": ["AES256"]}, name="setting"),
        Case(rule, "absent", BUCKET, {}, FAIL),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=split(UNKNOWN)),
        Case(rule, "unknown", BUCKET, {"serverSideEncryptionConfiguration": UNKNOWN}, UNDECIDED, name="inline"),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[unresolved(s3.ENCRYPTION)], name="whose"),
        Case(rule, "passing", BUCKET, {}, None, others=[of_subject(s3.LOGGING, {}, "targetBucket")], name="target of access logs"),
        Case(
            rule,
            "passing",
            BUCKET,
            {"bucket": "b"},
            None,
            others=[node("aws:alb/loadBalancer:LoadBalancer", "lb", {"accessLogs": {"bucket": "b"}})],
            name="target of a load balancer",
        ),
    ]


def _versioning() -> list[Case]:
    rule = "aws-s3-versioning"

    def split(status: Any) -> list[Node]:
        return [of_subject(s3.VERSIONING, {"versioningConfiguration": {"status": status}})]

    old = "aws:s3/bucketVersioningV2:BucketVersioningV2"
    return [
        Case(rule, "passing", BUCKET, {}, PASS, others=split("Enabled")),
        Case(
            rule, "passing", BUCKET, {}, PASS, others=[of_subject(old, {"versioningConfiguration": {"status": "Enabled"}})], name="old type"
        ),
        Case(rule, "passing", BUCKET, {"versioning": {"enabled": True}}, PASS, name="inline"),
        Case(rule, "passing", "aws:s3/bucketV2:BucketV2", {"versionings": [{"enabled": True}]}, PASS, name="old shape"),
        Case(rule, "failing", BUCKET, {}, FAIL, others=split("Suspended")),
        Case(rule, "failing", BUCKET, {"versioning": {"enabled": False}}, FAIL, property="versioning.enabled", name="inline"),
        Case(rule, "absent", BUCKET, {}, FAIL, property="versioning.enabled"),
        Case(rule, "absent", BUCKET, {}, FAIL, others=[of_subject(s3.VERSIONING, {})], name="status"),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=split(UNKNOWN)),
        Case(rule, "unknown", BUCKET, {"versioning": {"enabled": UNKNOWN}}, UNDECIDED, name="inline"),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[unresolved(s3.VERSIONING)], name="whose"),
    ]


def _logging() -> list[Case]:
    rule = "aws-s3-access-logging"
    return [
        Case(rule, "passing", BUCKET, {}, PASS, others=[of_subject(s3.LOGGING, {"targetBucket": "logs"})]),
        Case(rule, "passing", BUCKET, {"logging": {"targetBucket": "logs"}}, PASS, name="inline"),
        Case(rule, "passing", "aws:s3/bucketV2:BucketV2", {"loggings": [{"targetBucket": "logs"}]}, PASS, name="old shape"),
        Case(
            rule,
            "passing",
            BUCKET,
            {},
            PASS,
            others=[node(BUCKET, "logs", {}), node(s3.LOGGING, "other", {}, {"bucket": ["subject"], "targetBucket": ["logs"]})],
            name="target made in the same run",
        ),
        Case(rule, "failing", BUCKET, {"logging": {}}, FAIL, property="logging.targetBucket"),
        Case(
            rule,
            "failing",
            BUCKET,
            {"bucket": "b"},
            FAIL,
            others=[node(s3.LOGGING, "other", {"bucket": "c", "targetBucket": "d"})],
            name="another's",
        ),
        Case(rule, "absent", BUCKET, {}, FAIL),
        Case(rule, "unknown", BUCKET, {"logging": {"targetBucket": UNKNOWN}}, UNDECIDED),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[unresolved(s3.LOGGING)], name="whose"),
        Case(rule, "passing", BUCKET, {}, None, others=[of_subject(s3.LOGGING, {"bucket": "app"}, "targetBucket")], name="receives logs"),
        Case(
            rule,
            "passing",
            BUCKET,
            {"bucket": "b"},
            None,
            others=[node(BUCKET, "app", {"logging": {"targetBucket": "b"}})],
            name="receives, inline",
        ),
    ]


def _lifecycle() -> list[Case]:
    rule, abort = "aws-s3-lifecycle", "aws-s3-abort-multipart"

    def split(*rules: Any) -> list[Node]:
        return [of_subject(s3.LIFECYCLE, {"rules": list(rules)})]

    def part(days: Any, **changes: Any) -> dict[str, Any]:
        return {"id": "x", "status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": days}, **changes}

    on, off = {"status": "Enabled"}, {"status": "Disabled"}
    inline = {"enabled": True, "abortIncompleteMultipartUploadDays": 7}
    limited: dict[str, dict[str, Any]] = {
        "prefix": {"prefix": "tmp/"},
        "filter": {"filter": {"prefix": "tmp/"}},
        "tags": {"filter": {"tag": {"key": "a", "value": "b"}}},
        "off": {"status": "Disabled"},
    }
    whole: dict[str, dict[str, Any]] = {
        "empty prefix": {"prefix": ""},
        "empty filter": {"filter": {}},
        "filter with an empty prefix": {"filter": {"prefix": ""}},
    }
    return [
        Case(rule, "passing", BUCKET, {}, PASS, others=split(off, on)),
        Case(rule, "passing", BUCKET, {"lifecycleRules": [{"enabled": True}]}, PASS, name="inline"),
        Case(rule, "failing", BUCKET, {}, FAIL, others=split(off)),
        Case(rule, "failing", BUCKET, {"lifecycleRules": [{"enabled": False}]}, FAIL, name="inline"),
        Case(rule, "absent", BUCKET, {}, FAIL, property="lifecycleRules"),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=split({"status": UNKNOWN})),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=split(UNKNOWN), name="rule"),
        Case(rule, "unknown", BUCKET, {"lifecycleRules": UNKNOWN}, UNDECIDED, name="all"),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[unresolved(s3.LIFECYCLE)], name="whose"),
        Case(abort, "passing", BUCKET, {}, PASS, others=split(part(7)), name="the last day"),
        Case(abort, "passing", BUCKET, {}, PASS, others=split(part(1)), name="the first day"),
        Case(abort, "failing", BUCKET, {}, FAIL, others=split(part(8)), name="a day too long"),
        Case(abort, "failing", BUCKET, {}, FAIL, others=split(part(0)), name="zero"),
        Case(abort, "passing", BUCKET, {}, PASS, others=split(part(8)), settings={"max_days": 8}, name="setting"),
        Case(abort, "passing", BUCKET, {"lifecycleRules": [inline]}, PASS, name="inline"),
        Case(abort, "failing", BUCKET, {"lifecycleRules": [{**inline, "prefix": "a"}]}, FAIL, name="inline with a prefix"),
        Case(abort, "failing", BUCKET, {"lifecycleRules": [{**inline, "tags": {"a": "b"}}]}, FAIL, name="inline with tags"),
        *(Case(abort, "failing", BUCKET, {}, FAIL, others=split(part(7, **change)), name=name) for name, change in limited.items()),
        *(Case(abort, "passing", BUCKET, {}, PASS, others=split(part(7, **change)), name=name) for name, change in whole.items()),
        Case(abort, "absent", BUCKET, {}, FAIL),
        Case(abort, "absent", BUCKET, {}, FAIL, others=split(on), name="days"),
        Case(abort, "unknown", BUCKET, {}, UNDECIDED, others=split(part(UNKNOWN))),
        Case(abort, "unknown", BUCKET, {}, UNDECIDED, others=split(part(7, filter=UNKNOWN)), name="filter"),
        Case(abort, "unknown", BUCKET, {}, UNDECIDED, others=split(UNKNOWN), name="rule"),
    ]


def _object_lock() -> list[Case]:
    rule = "aws-s3-object-lock-for-logs"
    trail = node(s3.TRAIL, "trail", {}, {"s3BucketName": ["subject"]})
    retention = {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 365}}}

    def lock(**inputs: Any) -> Node:
        return node(s3.OBJECT_LOCK, "lock", inputs, {"bucket": ["subject"]})

    return [
        Case(rule, "passing", BUCKET, {"objectLockEnabled": True}, PASS, others=[trail, lock(**retention)]),
        Case(
            rule,
            "passing",
            BUCKET,
            {"objectLockConfiguration": {"objectLockEnabled": "Enabled", **retention}},
            PASS,
            others=[trail],
            name="inline",
        ),
        Case(rule, "failing", BUCKET, {"objectLockEnabled": True}, FAIL, others=[trail, lock()], name="no retention"),
        Case(rule, "absent", BUCKET, {}, FAIL, others=[trail]),
        Case(rule, "unknown", BUCKET, {"objectLockConfiguration": UNKNOWN}, UNDECIDED, others=[trail]),
        Case(rule, "unknown", BUCKET, {}, UNDECIDED, others=[trail, node(s3.OBJECT_LOCK, "lock", {"bucket": UNKNOWN})], name="whose"),
        Case(rule, "passing", BUCKET, {}, None, name="keeps no trail"),
        Case(rule, "failing", BUCKET, {}, FAIL, settings={"buckets": ["sub*"]}, name="by setting"),
        Case(rule, "passing", BUCKET, {}, None, settings={"buckets": ["logs*"]}, name="not of the setting"),
    ]


CASES: list[Case] = [*_block(), *_public(), *_tls(), *_encryption(), *_versioning(), *_logging(), *_lifecycle(), *_object_lock()]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_case(case: Case) -> None:
    prove(s3.RULES, case)


def test_messages_name_what_is_there() -> None:
    case = Case("aws-s3-no-public-policy", "failing", s3.ACL, {"acl": "public-read"}, FAIL, sub_id="acl")
    assert judge(s3.no_public_policy, case)[1][0].message == "acl is public-read: it grants access to strangers"
