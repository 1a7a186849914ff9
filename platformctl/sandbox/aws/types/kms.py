"""KMS keys and aliases."""

import json
from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Name, Row, Scope, Tags, Update, arn, rows, tag_list, untag

_KEY = {"KeyId": "$id"}


def _kms_tags(scope: Scope) -> Any:
    return tag_list(scope.new.get("tags"), "TagKey", "TagValue")


def _set_rotation(scope: Scope) -> None:
    if scope.new.get("enableKeyRotation"):
        period = scope.new.get("rotationPeriodInDays")
        scope.call("kms", "enable_key_rotation", KeyId=scope.id, **({"RotationPeriodInDays": period} if period else {}))
    elif scope.old:
        scope.call("kms", "disable_key_rotation", KeyId=scope.id)


def _set_enabled(scope: Scope) -> None:
    scope.call("kms", "enable_key" if scope.new.get("isEnabled", True) else "disable_key", KeyId=scope.id)


def _alias(scope: Scope) -> Any:
    return next((entry for entry in scope.item["value"] if entry["AliasName"] == scope.id), None)


def _target(scope: Scope) -> Any:
    """The key as the program named it, by id or by ARN."""
    held, declared = scope.item["alias"].get("TargetKeyId"), scope.new.get("targetKeyId")
    return declared if isinstance(declared, str) and held and declared.endswith(held) else held


def _grant(scope: Scope) -> Any:
    return next((entry for entry in scope.item["value"] if entry["GrantId"] == scope.id.partition(":")[2]), None)


def _default_policy(scope: Scope) -> str:
    """What a key has that was made without a policy: the account's own policies decide."""
    principal = {"AWS": f"arn:{scope.region.partition}:iam::{scope.region.account}:root"}
    statement = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


_PUT_POLICY = Call("put_key_policy", {"KeyId": "$keyId", "PolicyName": "default", "Policy": "$policy"})

ROWS = rows(
    Row(
        "aws:kms/key:Key",
        "kms",
        create=Call(
            "create_key",
            {
                "Policy": "$policy",
                "Description": "$description",
                "KeyUsage": "$keyUsage",
                "KeySpec": "$customerMasterKeySpec",
                "MultiRegion": "$multiRegion",
                "BypassPolicyLockoutSafetyCheck": "$bypassPolicyLockoutSafetyCheck",
                "Tags": F(_kms_tags, ("tags",)),
            },
        ),
        id="KeyMetadata.KeyId",
        read=Call("describe_key", _KEY, at="KeyMetadata"),
        gone="KeyState == 'PendingDeletion'",
        extras=(
            Extra("policy", Call("get_key_policy", {**_KEY, "PolicyName": "default"}, at="Policy")),
            Extra("rotation", Call("get_key_rotation_status", _KEY)),
        ),
        props={
            "arn": "Arn",
            "keyId": "KeyId",
            "description": "Description",
            "keyUsage": "KeyUsage",
            "customerMasterKeySpec": "KeySpec || CustomerMasterKeySpec",
            "isEnabled": "Enabled",
            "multiRegion": "MultiRegion",
            "policy": "policy",
            "enableKeyRotation": "rotation.KeyRotationEnabled",
        },
        updates=(
            Update(("enableKeyRotation", "rotationPeriodInDays"), (_set_rotation,), on_create=True),
            Update(("isEnabled",), (_set_enabled,), on_create=True),
            Update(("policy",), (Call("put_key_policy", {**_KEY, "PolicyName": "default", "Policy": "$policy"}),)),
            Update(
                ("description",),
                (Call("update_key_description", {**_KEY, "Description": F(lambda scope: scope.new.get("description", ""))}),),
            ),
        ),
        delete=(
            Call("schedule_key_deletion", {**_KEY, "PendingWindowInDays": F(lambda scope: scope.new.get("deletionWindowInDays", 30))}),
        ),
        defaults={
            "description": "Managed by Pulumi",
            "isEnabled": True,
            "enableKeyRotation": False,
            "keyUsage": "ENCRYPT_DECRYPT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        },
        tags=Tags(
            read=Call("list_resource_tags", _KEY, at="Tags"),
            add=Call("tag_resource", {**_KEY, "Tags": F(_kms_tags)}),
            remove=Call("untag_resource", {**_KEY, "TagKeys": F(untag)}),
        ),
        local=frozenset({"deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"}),
        # moto rotates yearly, whatever it is told.
        recorded=frozenset({"rotationPeriodInDays"}),
    ),
    Row(
        "aws:kms/alias:Alias",
        "kms",
        create=Call("create_alias", {"AliasName": "$name", "TargetKeyId": "$targetKeyId"}),
        id=F(lambda scope: scope.new["name"]),
        read=Call("list_aliases", at="Aliases"),
        extras=(Extra("alias", _alias),),
        gone="alias == `null`",
        props={
            "arn": arn("kms", "{id}"),
            "name": "alias.AliasName",
            "targetKeyId": F(_target),
            "targetKeyArn": F(
                lambda scope: (
                    f"arn:{scope.region.partition}:kms:{scope.region.name}:{scope.region.account}:key/{scope.item['alias']['TargetKeyId']}"
                )
            ),
        },
        updates=(Update(("targetKeyId",), (Call("update_alias", {"AliasName": "$id", "TargetKeyId": "$targetKeyId"}),)),),
        delete=(Call("delete_alias", {"AliasName": "$id"}),),
        name=Name(prefix="alias/", max_length=256),
        local=frozenset({"namePrefix"}),
        parse=lambda name: {"name": name},
        changing=frozenset({"targetKeyArn"}),
    ),
    Row(
        "aws:kms/keyPolicy:KeyPolicy",
        "kms",
        create=_PUT_POLICY,
        id=F(lambda scope: scope.new["keyId"]),
        read=Call("get_key_policy", {**_KEY, "PolicyName": "default"}),
        props={"policy": "Policy"},
        updates=(Update(("policy",), (_PUT_POLICY,)),),
        delete=(Call("put_key_policy", {**_KEY, "PolicyName": "default", "Policy": F(_default_policy)}),),
        local=frozenset({"bypassPolicyLockoutSafetyCheck"}),
        parse=lambda key: {"keyId": key},
        delete_first=True,
    ),
    Row(
        "aws:kms/grant:Grant",
        "kms",
        create=Call(
            "create_grant",
            {
                "KeyId": "$keyId",
                "GranteePrincipal": "$granteePrincipal",
                "Operations": "$operations",
                "RetiringPrincipal": "$retiringPrincipal",
                "Name": "$name",
            },
        ),
        id=F(lambda scope: f"{scope.new['keyId']}:{scope.item['GrantId']}"),
        read=Call("list_grants", {"KeyId": F(lambda scope: scope.id.partition(":")[0])}, at="Grants"),
        extras=(Extra("grant", _grant),),
        gone="grant == `null`",
        props={
            "grantId": "grant.GrantId",
            "keyId": F(lambda scope: scope.id.partition(":")[0]),
            "granteePrincipal": "grant.GranteePrincipal",
            "retiringPrincipal": "grant.RetiringPrincipal",
            "operations": "grant.Operations",
            "name": "grant.Name",
        },
        delete=(
            Call(
                "revoke_grant",
                {"KeyId": F(lambda scope: scope.id.partition(":")[0]), "GrantId": F(lambda scope: scope.id.partition(":")[2])},
            ),
        ),
        force_new=frozenset({"keyId", "granteePrincipal", "operations", "retiringPrincipal", "name"}),
        parse=lambda both: {"keyId": both.partition(":")[0]},
    ),
)
