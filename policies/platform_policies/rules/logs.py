"""CloudWatch Logs: how long groups keep what they get, and who can read it."""

from collections.abc import Iterator, Mapping
from typing import Any

from platform_policies.checks import number, own_key, verdict
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Severity, Verdict, rule

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


@rule(
    "aws-logs-retention",
    title="Log groups keep logs for a stated time, under a key of one's own",
    severity=Severity.LOW,
    types=(LOG_GROUP,),
    fix="Set retentionInDays to min_days or more, and kmsKeyId to a KMS key whose policy lets CloudWatch Logs use it",
    sub_ids=("retention", "cmk"),
    defaults={"min_days": 7},
)
def retention(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Without a retention logs are kept, and paid for, for ever; with AWS's key, no key policy says who may read them."""
    if node.value("logGroupClass") != "DELIVERY":  # this class always keeps two days
        days = number(node, "retentionInDays", 0)
        if days == 0:
            yield verdict(False, "retentionInDays", "retentionInDays is not set: logs are kept for ever", sub_id="retention")
        else:
            message = f"retentionInDays is {days or 0:g}, less than {settings['min_days']}"
            yield verdict(None if days is None else days >= settings["min_days"], "retentionInDays", message, sub_id="retention")
    yield verdict(own_key(node, graph, "kmsKeyId"), "kmsKeyId", "kmsKeyId is not set: logs are encrypted with AWS's own key", sub_id="cmk")


RULES = (retention,)
