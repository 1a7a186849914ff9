"""GuardDuty: moto knows detectors; their features and the export of findings are recorded."""

import uuid

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, Update, rows

_DETECTOR = {"Enable": "$enable", "FindingPublishingFrequency": "$findingPublishingFrequency"}
_EXISTS = Call("get_detector", {"DetectorId": "$detectorId"})


def _arn(scope: Scope) -> str:
    return f"arn:{scope.region.partition}:guardduty:{scope.region.name}:{scope.region.account}:detector/{scope.id}"


def _destination(scope: Scope) -> str:
    """The id that the provider gives: detector and destination."""
    return f"{scope.new['detectorId']}:{uuid.uuid5(uuid.NAMESPACE_URL, scope.subject.urn).hex}"


ROWS = rows(
    Row(
        "aws:guardduty/detector:Detector",
        "guardduty",
        create=Call("create_detector", _DETECTOR),
        id="DetectorId",
        read=Call("get_detector", {"DetectorId": "$id"}),
        props={
            "arn": F(_arn),
            "accountId": F(lambda scope: scope.region.account),
            "enable": "Status == 'ENABLED'",
            "findingPublishingFrequency": "FindingPublishingFrequency",
        },
        updates=(Update(("enable", "findingPublishingFrequency"), (Call("update_detector", {"DetectorId": "$id", **_DETECTOR}),)),),
        delete=(Call("delete_detector", {"DetectorId": "$id"}),),
        defaults={"enable": True, "findingPublishingFrequency": "SIX_HOURS"},
        sticky=frozenset({"arn", "accountId"}),
        parse=lambda _: {},
    ),
    Row(
        "aws:guardduty/detectorFeature:DetectorFeature",
        "guardduty",
        emulated=False,
        needs=(_EXISTS,),
        create=Call("update_detector", {"DetectorId": "$detectorId", "Features": [{"Name": "$name", "Status": "$status"}]}),
        id=F(lambda scope: f"{scope.new['detectorId']}/{scope.new['name']}"),
        force_new=frozenset({"detectorId", "name"}),
    ),
    Row(
        "aws:guardduty/publishingDestination:PublishingDestination",
        "guardduty",
        emulated=False,
        needs=(_EXISTS,),
        create=Call(
            "create_publishing_destination",
            {
                "DetectorId": "$detectorId",
                "DestinationType": "$destinationType",
                "DestinationProperties": {"DestinationArn": "$destinationArn", "KmsKeyArn": "$kmsKeyArn"},
            },
        ),
        id=F(_destination),
        defaults={"destinationType": "S3"},
        force_new=frozenset({"detectorId", "destinationType"}),
    ),
)
