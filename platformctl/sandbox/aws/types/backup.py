"""Backup vaults and their locks; plans, selections, restore tests, frameworks and reports, which moto has in part or not at all."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Name, Row, Scope, Tags, arn, pascal, rows, text, untag

_VAULT = {"BackupVaultName": "$id"}

_LOCK = {
    "BackupVaultName": "$backupVaultName",
    "MinRetentionDays": "$minRetentionDays",
    "MaxRetentionDays": "$maxRetentionDays",
    "ChangeableForDays": "$changeableForDays",
}


def _lifecycle(given: Any) -> Any:
    names = {"deleteAfter": "DeleteAfterDays", "coldStorageAfter": "MoveToColdStorageAfterDays"}
    return {names[key]: value for key, value in given.items() if value is not None} if given else None


def _plan(scope: Scope) -> dict[str, Any]:
    found = []
    for rule in scope.new["rules"]:
        copies = [
            {"DestinationBackupVaultArn": one["destinationVaultArn"], "Lifecycle": _lifecycle(one.get("lifecycle")) or {}}
            for one in rule.get("copyActions") or ()
        ]
        entry = {
            "RuleName": rule["ruleName"],
            "TargetBackupVaultName": rule["targetVaultName"],
            "ScheduleExpression": rule.get("schedule"),
            "StartWindowMinutes": rule.get("startWindow"),
            "CompletionWindowMinutes": rule.get("completionWindow"),
            "Lifecycle": _lifecycle(rule.get("lifecycle")),
            "CopyActions": copies or None,
        }
        found.append({key: value for key, value in entry.items() if value is not None})
    return {"BackupPlanName": scope.new["name"], "Rules": found}


def _selection(scope: Scope) -> dict[str, Any]:
    tags = [
        {"ConditionType": one["type"], "ConditionKey": one["key"], "ConditionValue": one["value"]}
        for one in scope.new.get("selectionTags") or ()
    ]
    wanted = {"SelectionName": scope.new["name"], "IamRoleArn": scope.new["iamRoleArn"], "ListOfTags": tags}
    return {**wanted, **({"Resources": scope.new["resources"]} if scope.new.get("resources") else {})}


def _drill(scope: Scope) -> dict[str, Any]:
    wanted = {
        "RestoreTestingPlanName": scope.new["name"],
        "ScheduleExpression": scope.new["scheduleExpression"],
        "StartWindowHours": scope.new.get("startWindowHours"),
        "RecoveryPointSelection": pascal(scope.new["recoveryPointSelection"]),
    }
    return {key: value for key, value in wanted.items() if value is not None}


def _tested(scope: Scope) -> dict[str, Any]:
    wanted = {
        "RestoreTestingSelectionName": scope.new["name"],
        "ProtectedResourceType": scope.new["protectedResourceType"],
        "IamRoleArn": scope.new["iamRoleArn"],
        "ProtectedResourceArns": scope.new.get("protectedResourceArns"),
        "ProtectedResourceConditions": pascal(scope.new.get("protectedResourceConditions")),
        "ValidationWindowHours": scope.new.get("validationWindowHours"),
    }
    return {key: value for key, value in wanted.items() if value is not None}


def _framework(scope: Scope) -> list[dict[str, Any]]:
    found = []
    for control in scope.new["controls"]:
        parameters = [{"ParameterName": one["name"], "ParameterValue": one["value"]} for one in control.get("inputParameters") or ()]
        # Keys of tags are the user's own, and keep their letters.
        scope_ = {"Tags": control["scope"]["tags"]} if control.get("scope") else None
        kept = {"ControlName": control["name"], "ControlInputParameters": parameters, "ControlScope": scope_}
        found.append({key: value for key, value in kept.items() if value})
    return found


def _delivery(scope: Scope) -> dict[str, Any]:
    channel = scope.new["reportDeliveryChannel"]
    wanted = {"S3BucketName": channel["s3BucketName"], "S3KeyPrefix": channel.get("s3KeyPrefix"), "Formats": channel.get("formats")}
    return {key: value for key, value in wanted.items() if value is not None}


ROWS = rows(
    Row(
        "aws:backup/vault:Vault",
        "backup",
        create=Call("create_backup_vault", {"BackupVaultName": "$name", "EncryptionKeyArn": "$kmsKeyArn", "BackupVaultTags": TAG_MAP}),
        id="BackupVaultName",
        read=Call("describe_backup_vault", _VAULT),
        props={
            "arn": "BackupVaultArn",
            "name": "BackupVaultName",
            "kmsKeyArn": "EncryptionKeyArn",
            "recoveryPoints": "NumberOfRecoveryPoints",
        },
        delete=(Call("delete_backup_vault", _VAULT),),
        defaults={"forceDestroy": False},
        name=Name(max_length=50),
        tags=Tags(
            read=Call("list_tags", {"ResourceArn": F(lambda scope: scope.item["BackupVaultArn"])}, at="Tags"),
            add=Call("tag_resource", {"ResourceArn": "$out.arn", "Tags": TAG_MAP}),
            remove=Call("untag_resource", {"ResourceArn": "$out.arn", "TagKeyList": F(untag)}),
        ),
        local=frozenset({"forceDestroy"}),
        # Backups come and go by themselves.
        sticky=frozenset({"recoveryPoints"}),
        parse=lambda name: {"name": name},
    ),
    Row(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "backup",
        create=Call("put_backup_vault_lock_configuration", _LOCK),
        id=F(lambda scope: scope.new["backupVaultName"]),
        read=Call("describe_backup_vault", _VAULT),
        gone="Locked != `true`",
        props={
            "backupVaultName": "BackupVaultName",
            "backupVaultArn": "BackupVaultArn",
            "minRetentionDays": "MinRetentionDays",
            "maxRetentionDays": "MaxRetentionDays",
        },
        delete=(Call("delete_backup_vault_lock_configuration", _VAULT),),
        parse=lambda name: {"backupVaultName": name},
        delete_first=True,
    ),
    # moto cannot change a plan.
    Row(
        "aws:backup/plan:Plan",
        "backup",
        emulated=False,
        create=Call("create_backup_plan", {"BackupPlan": F(_plan, ("rules", "name")), "BackupPlanTags": TAG_MAP}),
        id=text("{name}-01234567-89ab-cdef-0123-456789abcdef", "name"),
        props={"arn": arn("backup", "backup-plan:{id}"), "version": "v1"},
        name=Name(),
    ),
    Row(
        "aws:backup/selection:Selection",
        "backup",
        emulated=False,
        create=Call(
            "create_backup_selection",
            {"BackupPlanId": "$planId", "BackupSelection": F(_selection, ("name", "iamRoleArn", "selectionTags", "resources"))},
        ),
        id=text("{planId}.{name}", "planId", "name"),
        name=Name(max_length=50),
        force_new=frozenset({"planId", "name", "iamRoleArn", "selectionTags", "resources", "notResources", "conditions"}),
    ),
    Row(
        "aws:backup/restoreTestingPlan:RestoreTestingPlan",
        "backup",
        emulated=False,
        create=Call("create_restore_testing_plan", {"RestoreTestingPlan": F(_drill, ("name", "scheduleExpression")), "Tags": TAG_MAP}),
        id=F(lambda scope: scope.new["name"]),
        props={"arn": arn("backup", "restore-testing-plan:{name}", "name")},
        force_new=frozenset({"name"}),
    ),
    Row(
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        "backup",
        emulated=False,
        create=Call(
            "create_restore_testing_selection",
            {"RestoreTestingPlanName": "$restoreTestingPlanName", "RestoreTestingSelection": F(_tested, ("name", "protectedResourceType"))},
        ),
        id=text("{name}:{restoreTestingPlanName}", "name", "restoreTestingPlanName"),
        force_new=frozenset({"name", "restoreTestingPlanName", "protectedResourceType"}),
    ),
    Row(
        "aws:backup/framework:Framework",
        "backup",
        emulated=False,
        create=Call(
            "create_framework",
            {
                "FrameworkName": "$name",
                "FrameworkDescription": "$description",
                "FrameworkControls": F(_framework, ("controls",)),
                "FrameworkTags": TAG_MAP,
            },
        ),
        id=F(lambda scope: scope.new["name"]),
        props={"arn": arn("backup", "framework:{name}-01234567-89ab-cdef-0123-456789abcdef", "name"), "status": "ACTIVE"},
        force_new=frozenset({"name"}),
    ),
    # moto cannot change a report plan.
    Row(
        "aws:backup/reportPlan:ReportPlan",
        "backup",
        emulated=False,
        create=Call(
            "create_report_plan",
            {
                "ReportPlanName": "$name",
                "ReportPlanDescription": "$description",
                "ReportDeliveryChannel": F(_delivery, ("reportDeliveryChannel",)),
                "ReportSetting": F(lambda scope: pascal(scope.new["reportSetting"]), ("reportSetting",)),
                "ReportPlanTags": TAG_MAP,
            },
        ),
        id=F(lambda scope: scope.new["name"]),
        props={"arn": arn("backup", "report-plan:{name}-01234567-89ab-cdef-0123-456789abcdef", "name"), "deploymentStatus": "COMPLETED"},
        force_new=frozenset({"name"}),
    ),
)
