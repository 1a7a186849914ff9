"""IAM: users with their keys and policies, and what an account demands of passwords."""

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Name, Row, Scope, Tags, Update, parts, rows, untag
from platformctl.sandbox.aws.types.iam import document_at

_USER = {"UserName": "$id"}
_POLICY = {"UserName": "$user", "PolicyName": "$name"}
_PASSWORDS = {
    "allowUsersToChangePassword": "AllowUsersToChangePassword",
    "hardExpiry": "HardExpiry",
    "maxPasswordAge": "MaxPasswordAge",
    "minimumPasswordLength": "MinimumPasswordLength",
    "passwordReusePrevention": "PasswordReusePrevention",
    "requireLowercaseCharacters": "RequireLowercaseCharacters",
    "requireNumbers": "RequireNumbers",
    "requireSymbols": "RequireSymbols",
    "requireUppercaseCharacters": "RequireUppercaseCharacters",
}
_SET_PASSWORDS = Call("update_account_password_policy", {api: f"${prop}" for prop, api in _PASSWORDS.items()})


def _set_boundary(scope: Scope) -> None:
    if scope.new.get("permissionsBoundary"):
        scope.call("iam", "put_user_permissions_boundary", UserName=scope.id, PermissionsBoundary=scope.new["permissionsBoundary"])
    elif scope.old.get("permissionsBoundary"):
        scope.call("iam", "delete_user_permissions_boundary", UserName=scope.id)


def _release(scope: Scope) -> None:
    """Keys and policies that others made go with the user only where the program says so, as on AWS."""
    if not scope.new.get("forceDestroy"):
        return
    for key in scope.call("iam", "list_access_keys", UserName=scope.id)["AccessKeyMetadata"]:
        scope.call("iam", "delete_access_key", UserName=scope.id, AccessKeyId=key["AccessKeyId"])
    for name in scope.call("iam", "list_user_policies", UserName=scope.id)["PolicyNames"]:
        scope.call("iam", "delete_user_policy", UserName=scope.id, PolicyName=name)


def _key(scope: Scope) -> object:
    keys = scope.call("iam", "list_access_keys", UserName=scope.new["user"])["AccessKeyMetadata"]
    return next((key for key in keys if key["AccessKeyId"] == scope.id), None)


ROWS = rows(
    Row(
        "aws:iam/user:User",
        "iam",
        create=Call("create_user", {"UserName": "$name", "Path": "$path", "PermissionsBoundary": "$permissionsBoundary", "Tags": TAG_LIST}),
        id="User.UserName",
        read=Call("get_user", _USER, at="User"),
        props={"arn": "Arn", "name": "UserName", "path": "Path", "uniqueId": "UserId"},
        updates=(
            Update(("path",), (Call("update_user", {**_USER, "NewPath": "$path"}),)),
            Update(("permissionsBoundary",), (_set_boundary,)),
        ),
        delete=(_release, Call("delete_user", _USER)),
        defaults={"path": "/", "forceDestroy": False},
        name=Name(max_length=64),
        tags=Tags(add=Call("tag_user", {**_USER, "Tags": TAG_LIST}), remove=Call("untag_user", {**_USER, "TagKeys": F(untag)})),
        local=frozenset({"forceDestroy"}),
        parse=lambda name: {"name": name},
    ),
    Row(
        "aws:iam/userPolicy:UserPolicy",
        "iam",
        create=Call("put_user_policy", {**_POLICY, "PolicyDocument": "$policy"}),
        id=F(lambda scope: f"{scope.new['user']}:{scope.new['name']}"),
        read=Call("get_user_policy", _POLICY),
        props={"user": "UserName", "name": "PolicyName", "policy": document_at("PolicyDocument")},
        updates=(Update(("policy",), (Call("put_user_policy", {**_POLICY, "PolicyDocument": "$policy"}),)),),
        delete=(Call("delete_user_policy", _POLICY),),
        name=Name(max_length=128),
        local=frozenset({"namePrefix"}),
        parse=parts("user", "name", separator=":"),
    ),
    Row(
        "aws:iam/accessKey:AccessKey",
        "iam",
        create=Call("create_access_key", {"UserName": "$user"}),
        id="AccessKey.AccessKeyId",
        from_create={"secret": "AccessKey.SecretAccessKey"},
        read=Call("get_user", {"UserName": "$user"}, at="User.{UserName: UserName}"),
        extras=(Extra("key", _key),),
        gone="key == `null`",
        props={
            "user": "UserName",
            "status": "key.Status",
            "createDate": F(lambda scope: scope.item["key"]["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")),
        },
        updates=(
            Update(
                ("status",), (Call("update_access_key", {"UserName": "$user", "AccessKeyId": "$id", "Status": "$status"}),), on_create=True
            ),
        ),
        delete=(Call("delete_access_key", {"UserName": "$user", "AccessKeyId": "$id"}),),
        defaults={"status": "Active"},
    ),
    Row(
        "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
        "iam",
        create=_SET_PASSWORDS,
        id=F(lambda _: "iam-account-password-policy"),
        read=Call("get_account_password_policy", at="PasswordPolicy"),
        props={**_PASSWORDS, "expirePasswords": "ExpirePasswords"},
        updates=(Update(tuple(_PASSWORDS), (_SET_PASSWORDS,)),),
        delete=(Call("delete_account_password_policy"),),
        defaults={"allowUsersToChangePassword": True, "minimumPasswordLength": 6},
        changing=frozenset({"expirePasswords"}),
        delete_first=True,
    ),
)
