"""EKS node groups and Fargate profiles."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Name, Row, Scope, Update, parts, rows


def _ids(scope: Scope) -> dict[str, str]:
    cluster, _, name = scope.id.partition(":")
    return {"clusterName": cluster, "nodegroupName": name}


def _group_key(scope: Scope, part: str) -> str:
    return _ids(scope)[part]


_GROUP_KEY = {
    "clusterName": F(lambda scope: _group_key(scope, "clusterName")),
    "nodegroupName": F(lambda scope: _group_key(scope, "nodegroupName")),
}


def _changed_labels(scope: Scope) -> dict[str, Any] | None:
    old, new = scope.old.get("labels") or {}, scope.new.get("labels") or {}
    found = {"addOrUpdateLabels": {key: value for key, value in new.items() if old.get(key) != value}}
    gone = [key for key in old if key not in new]
    return {key: value for key, value in {**found, "removeLabels": gone}.items() if value} or None


def _changed_taints(scope: Scope) -> dict[str, Any] | None:
    old, new = scope.old.get("taints") or [], scope.new.get("taints") or []
    found = {
        "addOrUpdateTaints": [taint for taint in new if taint not in old],
        "removeTaints": [
            taint for taint in old if (taint["key"], taint["effect"]) not in {(other["key"], other["effect"]) for other in new}
        ],
    }
    return {key: value for key, value in found.items() if value} or None


def _template(scope: Scope) -> dict[str, str] | None:
    given = scope.new.get("launchTemplate")
    return {key: str(value) for key, value in given.items() if value is not None} if given else None


def _group_resources(scope: Scope) -> list[dict[str, Any]]:
    held = scope.item.get("resources") or {}
    groups = [{"name": group["name"]} for group in held.get("autoScalingGroups") or ()]
    return [{"autoscalingGroups": groups, "remoteAccessSecurityGroupId": ""}]


_GROUP = Row(
    "aws:eks/nodeGroup:NodeGroup",
    "eks",
    create=Call(
        "create_nodegroup",
        {
            "clusterName": "$clusterName",
            "nodegroupName": "$nodeGroupName",
            "nodeRole": "$nodeRoleArn",
            "subnets": "$subnetIds",
            "scalingConfig": "$scalingConfig",
            "instanceTypes": "$instanceTypes",
            "amiType": "$amiType",
            "capacityType": "$capacityType",
            "diskSize": "$diskSize",
            "labels": "$labels",
            "taints": "$taints",
            "launchTemplate": F(_template, ("launchTemplate",)),
            "remoteAccess": "$remoteAccess",
            "version": "$version",
            "releaseVersion": "$releaseVersion",
            "tags": TAG_MAP,
        },
    ),
    id=F(lambda scope: f"{scope.new['clusterName']}:{scope.new['nodeGroupName']}"),
    read=Call("describe_nodegroup", _GROUP_KEY, at="nodegroup"),
    props={
        "arn": "nodegroupArn",
        "clusterName": "clusterName",
        "nodeGroupName": "nodegroupName",
        "nodeRoleArn": "nodeRole",
        "subnetIds": "subnets",
        "scalingConfig": "scalingConfig",
        "instanceTypes": "instanceTypes",
        "amiType": "amiType",
        "capacityType": "capacityType",
        "diskSize": "diskSize",
        "labels": "labels",
        "taints": "taints",
        "launchTemplate": "launchTemplate",
        "updateConfig": "updateConfig",
        "nodeRepairConfig": "nodeRepairConfig",
        "version": "version",
        "releaseVersion": "releaseVersion",
        "status": "status",
        "resources": F(_group_resources),
        "tags": F(lambda scope: scope.item.get("tags") or None),
    },
    updates=(
        Update(("scalingConfig",), (Call("update_nodegroup_config", {**_GROUP_KEY, "scalingConfig": "$scalingConfig"}),)),
        Update(("updateConfig",), (Call("update_nodegroup_config", {**_GROUP_KEY, "updateConfig": "$updateConfig"}),), on_create=True),
        Update(
            ("nodeRepairConfig",),
            (Call("update_nodegroup_config", {**_GROUP_KEY, "nodeRepairConfig": "$nodeRepairConfig"}),),
            on_create=True,
        ),
        Update(("labels",), (Call("update_nodegroup_config", {**_GROUP_KEY, "labels": F(_changed_labels)}),)),
        Update(("taints",), (Call("update_nodegroup_config", {**_GROUP_KEY, "taints": F(_changed_taints)}),)),
    ),
    delete=(Call("delete_nodegroup", _GROUP_KEY),),
    name=Name("nodeGroupName", max_length=63),
    shared=frozenset(
        {"remoteAccess", "diskSize", "instanceTypes", "amiType", "version", "releaseVersion", "launchTemplate", "updateConfig"}
    ),
    local=frozenset({"forceUpdateVersion", "nodeGroupNamePrefix"}),
    # moto has no UpdateNodegroupVersion, and tags clusters only.
    recorded_on_update=frozenset({"version", "releaseVersion", "launchTemplate", "tags"}),
    force_new=frozenset({"launchTemplate.id", "launchTemplate.name"}),
    parse=parts("clusterName", "nodeGroupName", separator=":"),
)

_FARGATE_KEY = {
    "clusterName": F(lambda scope: _group_key(scope, "clusterName")),
    "fargateProfileName": F(lambda scope: _group_key(scope, "nodegroupName")),
}
_FARGATE = Row(
    "aws:eks/fargateProfile:FargateProfile",
    "eks",
    create=Call(
        "create_fargate_profile",
        {
            "clusterName": "$clusterName",
            "fargateProfileName": "$fargateProfileName",
            "podExecutionRoleArn": "$podExecutionRoleArn",
            "selectors": "$selectors",
            "subnets": "$subnetIds",
            "tags": TAG_MAP,
        },
    ),
    id=F(lambda scope: f"{scope.new['clusterName']}:{scope.new['fargateProfileName']}"),
    read=Call("describe_fargate_profile", _FARGATE_KEY, at="fargateProfile"),
    props={
        "arn": "fargateProfileArn",
        "clusterName": "clusterName",
        "fargateProfileName": "fargateProfileName",
        "podExecutionRoleArn": "podExecutionRoleArn",
        "selectors": "selectors",
        "subnetIds": "subnets",
        "status": "status",
        "tags": F(lambda scope: scope.item.get("tags") or None),
    },
    delete=(Call("delete_fargate_profile", _FARGATE_KEY),),
    name=Name("fargateProfileName", max_length=100),
    # moto tags clusters only.
    recorded_on_update=frozenset({"tags"}),
    parse=parts("clusterName", "fargateProfileName", separator=":"),
)

ROWS = rows(_GROUP, _FARGATE)
