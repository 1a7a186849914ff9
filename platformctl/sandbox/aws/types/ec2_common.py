"""What the EC2 types share: tags."""

import dataclasses
from typing import Any

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Scope, Tags, given, tag_list


def specification(resource_type: str) -> F:
    """Tags of a create call."""
    return given("tags", [{"ResourceType": resource_type, "Tags": TAG_LIST}])


EC2_TAGS = Tags(
    add=Call("create_tags", {"Resources": ["$id"], "Tags": TAG_LIST}),
    remove=Call("delete_tags", {"Resources": ["$id"], "Tags": F(lambda scope: [{"Key": key} for key in scope.new["goneTags"]])}),
)
"""Tags of everything in EC2."""

RULE_TAGS = dataclasses.replace(EC2_TAGS, at="rule.Tags")
"""Tags of a security group rule, which is read back as a part of the answer."""


def filters(**values: Any) -> list[dict[str, Any]]:
    """Filters of a describe call; the underscores of a name are dashes."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


def tag_adopted(scope: Scope) -> None:
    """Put the declared tags on a resource that was there before."""
    if scope.new.get("tags"):
        scope.call("ec2", "create_tags", Resources=[scope.id], Tags=tag_list(scope.new["tags"]))
