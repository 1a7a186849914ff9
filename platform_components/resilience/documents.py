"""Policies and patterns of the backups' own topic, and names of their reports. Pure functions on plain strings.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-backup.html and
https://docs.aws.amazon.com/aws-backup/latest/devguide/working-with-audit-reports.html.
"""

from typing import Any

from platform_components.data.documents import service_publishes
from platform_components.place import Place

Document = dict[str, Any]

ENDED_BADLY = ("FAILED", "ABORTED", "EXPIRED")

REPORTS = {
    "controls": "CONTROL_COMPLIANCE_REPORT",
    "resources": "RESOURCE_COMPLIANCE_REPORT",
    "jobs": "BACKUP_JOB_REPORT",
    "copies": "COPY_JOB_REPORT",
    "restores": "RESTORE_JOB_REPORT",
}
"""Reports by a name of ours: AWS Backup's own templates."""

REPORTER, REPORTER_NAME = "reports.backup.amazonaws.com", "AWSServiceRoleForBackupReports"
"""Service whose role writes reports, and the role; an account has it once."""


def events_encrypt() -> Document:
    """EventBridge publishes to a topic with this key. Conditions on who caused it are not supported there."""
    return {
        "Sid": "EventsEncrypt",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }


def events_publish(place: Place, topic_arn: str, rule_name: str) -> Document:
    """One rule of events publishes to the topic."""
    return service_publishes("events", topic_arn, {"ArnEquals": {"aws:SourceArn": place.arn("events", f"rule/{rule_name}")}})


def ended_badly(role_arn: str) -> Document:
    """Pattern of the jobs of one plan, known by its role, that did not end well: backups, copies, and the restores of drills."""
    # Backup and copy jobs have a state, restore jobs a status.
    return {
        "source": ["aws.backup"],
        "detail-type": ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"],
        "detail": {"iamRoleArn": [role_arn], "$or": [{"state": list(ENDED_BADLY)}, {"status": list(ENDED_BADLY)}]},
    }
