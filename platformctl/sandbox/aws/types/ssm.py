"""SSM parameters."""

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, rows, untag
from platformctl.sandbox.plugin import Secret

_PARAMS = {
    "Name": "$name",
    "Type": "$type",
    "Value": F(lambda scope: scope.new.get("value") or scope.new.get("insecureValue"), ("value", "insecureValue")),
    "Description": "$description",
    "KeyId": "$keyId",
    "AllowedPattern": "$allowedPattern",
    "DataType": "$dataType",
    "Tier": "$tier",
}


def _value(scope: Scope) -> object:
    held = scope.item["Value"]
    return None if "insecureValue" in scope.new else held if "value" in scope.new else Secret(held)


ROWS = rows(
    Row(
        "aws:ssm/parameter:Parameter",
        "ssm",
        create=Call(
            "put_parameter",
            {
                **_PARAMS,
                "Overwrite": "$overwrite",
                "Tags": F(lambda scope: None if scope.new.get("overwrite") else TAG_LIST.compute(scope), ("tags",)),
            },
        ),
        id=F(lambda scope: scope.new["name"]),
        read=Call("get_parameter", {"Name": "$id", "WithDecryption": True}, at="Parameter"),
        props={
            "arn": "ARN",
            "name": "Name",
            "type": "Type",
            "value": F(_value),
            "insecureValue": F(lambda scope: scope.item["Value"] if "insecureValue" in scope.new else None),
            "dataType": "DataType",
            "version": "Version",
        },
        updates=(
            Update(
                ("value", "insecureValue", "type", "description", "keyId", "allowedPattern", "tier"),
                (Call("put_parameter", {**_PARAMS, "Overwrite": True}),),
            ),
        ),
        delete=(Call("delete_parameter", {"Name": "$id"}),),
        name=Name(max_length=1011),
        tags=Tags(
            read=Call("list_tags_for_resource", {"ResourceType": "Parameter", "ResourceId": "$id"}, at="TagList"),
            add=Call("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "$id", "Tags": TAG_LIST}),
            remove=Call("remove_tags_from_resource", {"ResourceType": "Parameter", "ResourceId": "$id", "TagKeys": F(untag)}),
        ),
        local=frozenset({"overwrite"}),
        changing=frozenset({"version"}),
        parse=lambda name: {"name": name},
    ),
)
