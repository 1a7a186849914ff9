"""Cases of what an audit trail adds: detectors, their features and exports, delivery streams, subscriptions of log groups."""

from typing import Any

from tests.unit.aws_cases import A, B, Case, World
from tests.unit.aws_sandbox import REGION

_ROLE = "arn:aws:iam::123456789012:role/writer"
_STREAM = f"arn:aws:firehose:{REGION}:123456789012:deliverystream/records"


def _destination(size: int) -> dict[str, Any]:
    return {"roleArn": _ROLE, "bucketArn": "arn:aws:s3:::records", "prefix": "logs/", "bufferingSize": size, "bufferingInterval": 300}


def _detector(world: World) -> str:
    return str(world.make("aws:guardduty/detector:Detector", "watch", {"enable": True}).id)


AUDIT = [
    Case(
        "aws:guardduty/detector:Detector",
        lambda _: {"enable": True, "findingPublishingFrequency": "FIFTEEN_MINUTES", "tags": A},
        lambda _: {"findingPublishingFrequency": "ONE_HOUR", "tags": B},
    ),
    Case(
        "aws:guardduty/detectorFeature:DetectorFeature",
        lambda w: {"detectorId": _detector(w), "name": "S3_DATA_EVENTS", "status": "ENABLED"},
        lambda _: {"status": "DISABLED"},
    ),
    Case(
        "aws:guardduty/publishingDestination:PublishingDestination",
        lambda w: {
            "detectorId": _detector(w),
            "destinationArn": "arn:aws:s3:::records/guardduty",
            "kmsKeyArn": f"arn:aws:kms:{REGION}:123456789012:key/1",
            "destinationType": "S3",
        },
        lambda _: {"destinationArn": "arn:aws:s3:::records/findings"},
    ),
    Case(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        lambda _: {"name": "records", "destination": "extended_s3", "extendedS3Configuration": _destination(5), "tags": A},
        lambda _: {"extendedS3Configuration": _destination(64), "tags": B},
    ),
    Case(
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        lambda _: {"name": "forward", "logGroup": "group", "destinationArn": _STREAM, "roleArn": _ROLE, "filterPattern": ""},
        lambda _: {"filterPattern": "{ $.a = 1 }"},
    ),
]
