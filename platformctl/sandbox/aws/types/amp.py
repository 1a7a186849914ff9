"""Workspaces of Amazon Managed Service for Prometheus."""

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Row, Scope, Tags, Update, rows, untag


def _alias(scope: Scope) -> str:
    """An alias is taken away by an empty one."""
    return str(scope.new.get("alias") or "")


ROWS = rows(
    Row(
        "aws:amp/workspace:Workspace",
        "amp",
        create=Call("create_workspace", {"alias": "$alias", "kmsKeyArn": "$kmsKeyArn", "tags": TAG_MAP}),
        id="workspaceId",
        read=Call("describe_workspace", {"workspaceId": "$id"}, at="workspace"),
        props={
            "arn": "arn",
            "alias": F(lambda scope: scope.item.get("alias") or None),
            "prometheusEndpoint": "prometheusEndpoint",
        },
        updates=(Update(("alias",), (Call("update_workspace_alias", {"workspaceId": "$id", "alias": F(_alias)}),)),),
        delete=(Call("delete_workspace", {"workspaceId": "$id"}),),
        force_new=frozenset({"kmsKeyArn"}),
        local=frozenset({"kmsKeyArn", "loggingConfiguration"}),
        tags=Tags(
            add=Call("tag_resource", {"resourceArn": "$out.arn", "tags": TAG_MAP}),
            at="tags",
            remove=Call("untag_resource", {"resourceArn": "$out.arn", "tagKeys": F(untag)}),
        ),
    ),
)
