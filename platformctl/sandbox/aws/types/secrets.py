"""Secrets of Secrets Manager."""

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, rows, untag

_SECRET = {"SecretId": "$id"}


def _delete(scope: Scope) -> None:
    """At once where the window is nothing; else the name is kept until the window is over, as on AWS."""
    window = scope.new.get("recoveryWindowInDays", 30)
    how = {"ForceDeleteWithoutRecovery": True} if window == 0 else {"RecoveryWindowInDays": window}
    scope.call("secretsmanager", "delete_secret", SecretId=scope.id, **how)


def _set_policy(scope: Scope) -> None:
    if scope.new.get("policy"):
        scope.call("secretsmanager", "put_resource_policy", SecretId=scope.id, ResourcePolicy=scope.new["policy"])
    elif scope.old.get("policy"):
        scope.call("secretsmanager", "delete_resource_policy", SecretId=scope.id)


ROWS = rows(
    Row(
        "aws:secretsmanager/secret:Secret",
        "secretsmanager",
        create=Call("create_secret", {"Name": "$name", "Description": "$description", "KmsKeyId": "$kmsKeyId", "Tags": TAG_LIST}),
        id="ARN",
        read=Call("describe_secret", _SECRET),
        gone="DeletedDate != `null`",
        props={
            "arn": "ARN",
            "name": "Name",
            "description": "Description",
            "kmsKeyId": "KmsKeyId",
            "policy": F(lambda scope: scope.call("secretsmanager", "get_resource_policy", SecretId=scope.id).get("ResourcePolicy")),
        },
        updates=(
            Update(
                ("description", "kmsKeyId"),
                (
                    Call(
                        "update_secret",
                        {**_SECRET, "Description": F(lambda scope: scope.new.get("description") or ""), "KmsKeyId": "$kmsKeyId"},
                    ),
                ),
            ),
            Update(("policy",), (_set_policy,), on_create=True),
        ),
        delete=(_delete,),
        defaults={"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
        name=Name(max_length=512),
        tags=Tags(
            add=Call("tag_resource", {**_SECRET, "Tags": TAG_LIST}),
            remove=Call("untag_resource", {**_SECRET, "TagKeys": F(untag)}),
        ),
        shared=frozenset({"policy"}),
        local=frozenset({"namePrefix", "recoveryWindowInDays", "forceOverwriteReplicaSecret"}),
    ),
)
