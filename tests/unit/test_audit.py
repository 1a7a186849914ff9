"""AuditTrail: how long records are kept, who may write them and nobody else, what is recorded, and what is told at once."""

import json
from datetime import date
from typing import Any

import pytest
from platform_policies.catalogue import RULES
from platform_policies.evaluate import evaluate
from pydantic import ValidationError

from platform_components.audit import documents
from platform_components.audit.args import RETENTION_DAYS, AuditTrailArgs, RetentionClass
from platform_components.audit.audit_trail import AuditTrail
from platform_components.place import Place
from tests.support import Deployment, deploy

PLACE = Place("123456789012", "eu-west-1", "aws")
TRAIL = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/prod-trail"
BUCKET = "arn:aws:s3:::records"


def made(preview: bool = False, **fields: Any) -> Deployment[AuditTrail]:
    return deploy(lambda: AuditTrail("prod", AuditTrailArgs.model_validate(fields)), preview=preview)


def by_sid(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in document["Statement"]}


# --- how long


@pytest.mark.parametrize(("retention", "days"), [("soc2", 365), ("pci", 365), ("hipaa", 2192)])
def test_records_are_kept_as_long_as_is_asked(retention: str, days: int) -> None:
    done = made(retention=retention)
    for role in ("records", "accesses"):
        (rule,) = done.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", role).value("rules")
        assert rule["expiration"] == {"days": days}
        assert rule["transitions"] == [{"days": 90, "storageClass": "GLACIER_IR"}]
    lock = done.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert lock.value("rule.defaultRetention") == {"mode": "GOVERNANCE", "days": days}
    assert done.one("aws:s3/bucket:Bucket", "records").value("objectLockEnabled") is True
    assert done.one("aws:s3/bucket:Bucket", "accesses").value("objectLockEnabled") is None, "S3 writes no access logs into a locked bucket"


def test_six_years_hold_their_leap_days() -> None:
    longest = max((date(year + 6, 3, 1) - date(year, 3, 1)).days for year in range(2024, 2100))
    assert RETENTION_DAYS[RetentionClass.HIPAA] >= longest


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"retention": "hipaa", "retention_days": 365}, "hipaa asks for at least 2192"),
        ({"archive_after_days": 300}, "at most 275"),
        ({"trail": None, "guardduty": None}, "nothing is recorded"),
        ({"filters": {"eks": "x"}}, "filters names eks"),
        ({"log_groups": {"EKS": "x"}}, "log_groups"),
        ({"retention": "sox"}, "retention"),
    ],
)
def test_what_would_not_keep_what_is_asked_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AuditTrailArgs.model_validate(fields)


def test_without_a_lock_there_is_none_and_what_goes_with_the_component_goes() -> None:
    done = made(lock="none", keep_on_destroy=False)
    assert not done.names("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert done.one("aws:s3/bucket:Bucket", "records").value("forceDestroy") is True
    assert made().one("aws:s3/bucket:Bucket", "records").value("forceDestroy") is False


# --- who may write


def test_every_service_writes_for_this_account_and_one_source_only() -> None:
    found = by_sid(documents.bucket_policy(PLACE, BUCKET, trail="prod-trail", guardduty=True))
    for sid, statement in found.items():
        if statement["Effect"] == "Deny":
            assert statement["Principal"] == "*", sid
            continue
        source = {**statement["Condition"].get("ArnLike", {}), **statement["Condition"]["StringEquals"]}
        assert source["aws:SourceArn"], sid
        assert "123456789012" in source["aws:SourceArn"], sid
        assert statement["Principal"].keys() == {"Service"}, sid
    assert found["TrailWrites"]["Condition"]["StringEquals"]["aws:SourceArn"] == TRAIL
    assert found["TrailWrites"]["Resource"] == f"{BUCKET}/cloudtrail/AWSLogs/123456789012/*"
    assert found["FlowLogsWrite"]["Resource"] == f"{BUCKET}/flow-logs/AWSLogs/123456789012/*"
    assert found["FindingsWrite"]["Resource"] == f"{BUCKET}/guardduty/*"
    assert {statement["Action"] for statement in found.values()} == {"s3:*", "s3:GetBucketAcl", "s3:PutObject", "s3:GetBucketLocation"}


def test_who_is_not_asked_for_may_not_write() -> None:
    found = by_sid(documents.bucket_policy(PLACE, BUCKET, trail=None, guardduty=False))
    assert set(found) == {"TlsOnly", "ModernTls", "FlowLogsCheck", "FlowLogsWrite"}
    assert set(by_sid(documents.key_policy(PLACE, trail=None, guardduty=False, topic=False))) == {
        "AccountOwnsKey",
        "LogDeliveryEncrypts",
        "LogGroupsEncrypt",
    }


def test_the_key_serves_only_what_writes() -> None:
    found = by_sid(documents.key_policy(PLACE, trail="prod-trail", guardduty=True, topic=True))
    assert found["TrailEncrypts"]["Condition"]["StringEquals"] == {
        "kms:EncryptionContext:aws:cloudtrail:arn": TRAIL,
        "aws:SourceArn": TRAIL,
    }
    for sid, statement in found.items():
        assert sid == "AccountOwnsKey" or statement["Condition"], sid
        assert sid == "AccountOwnsKey" or statement["Action"] != "kms:*", sid


def test_documents_are_known_in_a_preview() -> None:
    done = made(preview=True)
    assert json.loads(done.one("aws:kms/key:Key").value("policy"))["Statement"]


# --- what is recorded


def test_the_trail_records_every_region_and_can_be_trusted() -> None:
    trail = made().one("aws:cloudtrail/trail:Trail")
    assert trail.value("isMultiRegionTrail") is trail.value("includeGlobalServiceEvents") is trail.value("enableLogFileValidation") is True
    assert trail.value("s3KeyPrefix") == "cloudtrail"
    assert [one["insightType"] for one in trail.value("insightSelectors")] == ["ApiCallRateInsight", "ApiErrorRateInsight"]
    assert len(trail.value("advancedEventSelectors")) == 1
    assert trail.value("cloudWatchLogsGroupArn").endswith(":*")


def test_objects_and_functions_are_recorded_where_they_are_named() -> None:
    found = documents.selectors(["arn:aws:s3:::health"], ["arn:aws:lambda:eu-west-1:1:function:f"])
    assert [one["name"] for one in found] == ["Management events", "Objects", "Functions"]
    assert found[1]["field_selectors"][2] == {"field": "resources.ARN", "starts_withs": ["arn:aws:s3:::health/"]}


def test_guardduty_watches_and_exports() -> None:
    done = made()
    assert {node.value("name") for node in done.graph.of_type("aws:guardduty/detectorFeature:DetectorFeature")} == {
        "S3_DATA_EVENTS",
        "EKS_AUDIT_LOGS",
        "RDS_LOGIN_EVENTS",
        "LAMBDA_NETWORK_LOGS",
    }
    assert done.one("aws:guardduty/publishingDestination:PublishingDestination").value("destinationArn").endswith("/guardduty")
    there = made(guardduty={"detector_id": "abc"})
    assert not there.names("aws:guardduty/detector:Detector")
    assert not there.names("aws:guardduty/detectorFeature:DetectorFeature")
    assert there.value("detector_id") == "abc"


def test_a_log_group_is_kept_in_its_folder_by_roles_of_its_own() -> None:
    done = made(log_groups={"eks": "/aws/eks/prod/cluster"}, filters={"eks": '{ $.apiVersion = "audit.k8s.io/*" }'})
    stream = done.one("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
    assert stream.value("extendedS3Configuration.prefix").startswith("logs/eks/")
    forward = done.one("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter")
    assert forward.value("logGroup") == "/aws/eks/prod/cluster"
    assert forward.value("filterPattern") == '{ $.apiVersion = "audit.k8s.io/*" }'
    written = json.loads(done.one("aws:iam/rolePolicy:RolePolicy", "logs-eks").value("policy"))
    assert by_sid(written)["Write"]["Resource"].endswith("/logs/eks/*")
    trust = json.loads(done.one("aws:iam/role:Role", "logs-eks").value("assumeRolePolicy"))["Statement"][0]
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":deliverystream/prod-logs-eks")


# --- what is told at once


def test_findings_the_root_user_and_attempts_on_the_trail_are_told() -> None:
    done = made(guardduty={"alert_severity": 4})
    patterns = {
        node.value("name"): json.loads(node.value("eventPattern")) for node in done.graph.of_type("aws:cloudwatch/eventRule:EventRule")
    }
    assert set(patterns) == {"prod-root-user", "prod-trail-changes", "prod-findings"}
    assert patterns["prod-findings"]["detail"] == {"severity": [{"numeric": [">=", 4.0]}]}
    assert {"StopLogging", "DeleteTrail", "ScheduleKeyDeletion"} <= set(patterns["prod-trail-changes"]["detail"]["eventName"])
    policy = by_sid(json.loads(done.one("aws:sns/topic:Topic").value("policy")))
    assert {arn.rpartition("/")[2] for arn in policy["RulesPublish"]["Condition"]["ArnEquals"]["aws:SourceArn"]} == set(patterns)


def test_people_hear_of_it_by_mail() -> None:
    done = made(notify=["security@example.com"])
    told = done.one("aws:sns/topicSubscription:TopicSubscription")
    assert (told.value("protocol"), told.value("endpoint"), told.value("topic")) == (
        "email",
        "security@example.com",
        done.value("topic_arn"),
    )


def test_a_topic_that_is_there_is_used() -> None:
    arn = "arn:aws:sns:eu-west-1:123456789012:pager"
    done = made(topic_arn=arn)
    assert not done.names("aws:sns/topic:Topic")
    assert {node.value("arn") for node in done.graph.of_type("aws:cloudwatch/eventTarget:EventTarget")} == {arn}
    assert done.value("topic_arn") == arn


def test_the_rules_have_nothing_to_say_but_what_is_listed() -> None:
    judgement = evaluate(made(log_groups={"eks": "x"}, tags={"Environment": "prod"}).graph, RULES)
    inline = ("aws-iam-no-inline-policies", "policies of one role, made and deleted with it")
    told = {one.rule.id: one.message for one in judgement.findings if one.rule.id != inline[0] and one.status == "fail"}
    assert told == {}
    assert {"aws-cloudtrail-multiregion", "aws-cloudtrail-cmk", "aws-s3-object-lock-for-logs", "aws-s3-access-logging"} <= set(
        judgement.passed_by_rule
    )
