"""Documents of the cost side: who may publish to the topic and use its key, what a monitor watches. Pure functions on plain strings.

Sources: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html and .../ad-SNS.html.
"""

from collections.abc import Sequence
from typing import Any

from platform_components.place import Place

PUBLISHERS: Sequence[str] = ("budgets.amazonaws.com", "costalerts.amazonaws.com")
"""AWS Budgets and Cost Anomaly Detection, as they publish."""


def topic_policy(place: Place, topic_arn: str) -> dict[str, Any]:
    """Policy of the topic: both services publish for this account, and nobody does in the clear. Who subscribes is said in IAM."""
    return _document(
        {
            "Sid": "CostServicesPublish",
            "Effect": "Allow",
            "Principal": {"Service": list(PUBLISHERS)},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def key_policy(place: Place) -> dict[str, Any]:
    """Policy of the topic's key. AWS's own key for SNS lets no other service in, so that what they publish would be lost unseen."""
    return _document(
        # Without it only this document could ever change the key; IAM policies of the account decide instead, as AWS advises.
        {"Sid": "AccountOwnsKey", "Effect": "Allow", "Principal": {"AWS": place.root}, "Action": "kms:*", "Resource": "*"},
        {
            "Sid": "CostServicesEncrypt",
            "Effect": "Allow",
            "Principal": {"Service": list(PUBLISHERS)},
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
        },
    )


def tag_filter(key: str, value: str) -> str:
    """A tag as a budget's filter names it; `user:` marks tags that are no AWS ones."""
    return f"user:{key}${value}"


def tag_monitor(key: str, value: str) -> dict[str, Any]:
    """What a monitor of one tag watches. With every key, as AWS answers it: a difference in form would replace the monitor each time."""
    return {
        "And": None,
        "CostCategories": None,
        "Dimensions": None,
        "Not": None,
        "Or": None,
        "Tags": {"Key": key, "MatchOptions": None, "Values": [value]},
    }


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
