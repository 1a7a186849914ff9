"""CloudTrail: the account's audit trail."""

from collections.abc import Iterator, Mapping
from typing import Any

from platform_policies.checks import all_of, flag, given, own_key, verdict
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Severity, Verdict, rule

TRAIL = "aws:cloudtrail/trail:Trail"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

NOT_RECORDED = {
    "enableLogging": "enableLogging is false: nothing is recorded",
    "isMultiRegionTrail": "isMultiRegionTrail is not true: one region is recorded",
}


@rule(
    "aws-cloudtrail-multiregion",
    title="Trails record every region, and files cannot be changed unseen",
    severity=Severity.HIGH,
    types=(TRAIL,),
    fix="Set isMultiRegionTrail and enableLogFileValidation true, and leave enableLogging true",
    sub_ids=("multiregion", "validation"),
)
def multiregion(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Intruders work in the region nobody watches, and edit the trail afterwards."""
    del graph, settings
    answers = {
        "enableLogging": flag(node, "enableLogging", default=True),
        "isMultiRegionTrail": flag(node, "isMultiRegionTrail", default=False),
    }
    holds = all_of(answers.values())
    path = next(path for path, answer in answers.items() if answer is holds)
    yield verdict(holds, path, NOT_RECORDED[path], sub_id="multiregion")
    validated = flag(node, "enableLogFileValidation", default=False)
    message = "enableLogFileValidation is not true: changed files cannot be told from true ones"
    yield verdict(validated, "enableLogFileValidation", message, sub_id="validation")


@rule(
    "aws-cloudtrail-cmk",
    title="Trails are encrypted with a key of one's own and reach CloudWatch Logs",
    severity=Severity.MEDIUM,
    types=(TRAIL,),
    fix="Set kmsKeyId, and cloudWatchLogsGroupArn with cloudWatchLogsRoleArn",
    sub_ids=("cmk", "cwlogs"),
)
def cmk(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A trail in a bucket alone is read after the fact; in CloudWatch Logs it can raise an alarm."""
    del settings
    yield verdict(
        own_key(node, graph, "kmsKeyId"), "kmsKeyId", "kmsKeyId is not set: whoever reads the bucket reads the trail", sub_id="cmk"
    )
    path = "cloudWatchLogsGroupArn"
    yield verdict(given(node, graph, path, LOG_GROUP), path, f"{path} is not set: no alarm can see an event", sub_id="cwlogs")


RULES = (multiregion, cmk)
