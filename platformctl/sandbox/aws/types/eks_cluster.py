"""EKS clusters."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Name, Row, Scope, Tags, Update, arn, rows, untag
from platformctl.sandbox.plugin import ProviderError

_LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_CLUSTER_ARN = arn("eks", "cluster/{id}")


def _vpc_config(scope: Scope) -> dict[str, Any] | None:
    given = scope.new.get("vpcConfig")
    if given is None:
        return None
    keys = ("subnetIds", "securityGroupIds", "endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs", "controlPlaneEgressMode")
    return {key: given[key] for key in keys if given.get(key) is not None}


def _logging(scope: Scope) -> dict[str, Any] | None:
    enabled = scope.new.get("enabledClusterLogTypes")
    if enabled is None and not scope.old:
        return None
    off = [name for name in _LOG_TYPES if name not in (enabled or ())]
    settings = [{"types": list(names), "enabled": state} for names, state in ((enabled or (), True), (off, False)) if names]
    return {"clusterLogging": settings}


def _encryption(scope: Scope) -> list[dict[str, Any]] | None:
    given = scope.new.get("encryptionConfig")
    return [given] if given else None


def _remote_networks(scope: Scope) -> dict[str, Any] | None:
    given = scope.new.get("remoteNetworkConfig")
    if not given:
        return None
    return {key: [given[key]] if isinstance(given[key], Mapping) else given[key] for key in given if given[key] is not None}


def _security_group(scope: Scope) -> str | None:
    """The cluster's own security group, which EKS makes and moto does not."""
    found = scope.call(
        "ec2",
        "describe_security_groups",
        Filters=[{"Name": "tag:aws:eks:cluster-name", "Values": [scope.id]}],
    )["SecurityGroups"]
    return str(found[0]["GroupId"]) if found else None


def _cluster_vpc(scope: Scope) -> str | None:
    subnets = (scope.new.get("vpcConfig") or {}).get("subnetIds") or (scope.item or {}).get("resourcesVpcConfig", {}).get("subnetIds")
    if not subnets:
        return None
    return str(scope.call("ec2", "describe_subnets", SubnetIds=subnets[:1])["Subnets"][0]["VpcId"])


def _make_security_group(scope: Scope) -> None:
    if _security_group(scope) is not None:
        return
    vpc = _cluster_vpc(scope)
    if vpc is None:
        return
    digest = int(hashlib.sha256(scope.subject.urn.encode()).hexdigest()[:8], 16)
    tags = {"Name": f"eks-cluster-sg-{scope.id}-{digest}", "aws:eks:cluster-name": scope.id, f"kubernetes.io/cluster/{scope.id}": "owned"}
    group = scope.call(
        "ec2",
        "create_security_group",
        GroupName=f"eks-cluster-sg-{scope.id}-{digest}",
        Description="EKS created security group applied to ENI that is attached to EKS Control Plane master nodes",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}],
    )["GroupId"]
    permission = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    scope.call("ec2", "authorize_security_group_ingress", GroupId=group, IpPermissions=[permission])


def _drop_security_group(scope: Scope) -> None:
    group = _security_group(scope)
    if group is not None:
        scope.call("ec2", "delete_security_group", GroupId=group)


def _refuse_protected(scope: Scope) -> None:
    if scope.new.get("deletionProtection"):
        raise ProviderError(
            f"DeleteCluster: InvalidRequestException: Cannot delete cluster {scope.id} because deletion protection is enabled; "
            "set deletionProtection to false and bring the stack up first"
        )


def _vpc_config_read(scope: Scope) -> dict[str, Any]:
    held = dict(scope.item.get("resourcesVpcConfig") or {})
    held.update(clusterSecurityGroupId=_security_group(scope), vpcId=_cluster_vpc(scope))
    held.setdefault("endpointPublicAccess", True)
    held.setdefault("endpointPrivateAccess", False)
    if not held.get("publicAccessCidrs") and held["endpointPublicAccess"]:
        held["publicAccessCidrs"] = ["0.0.0.0/0"]
    return {key: value for key, value in held.items() if value is not None}


def _time(expression: str) -> F:
    return F(lambda scope: scope.item[expression].isoformat(timespec="seconds").replace("+00:00", "Z"))


def _network_config(scope: Scope) -> dict[str, Any]:
    return {
        "ipFamily": "ipv4",
        **{key: value for key, value in (scope.item.get("kubernetesNetworkConfig") or {}).items() if value is not None},
    }


_EKS_TAGS = Tags(
    add=Call("tag_resource", {"resourceArn": "$out.arn", "tags": TAG_MAP}),
    remove=Call("untag_resource", {"resourceArn": "$out.arn", "tagKeys": F(untag)}),
    at="tags",
)

_CLUSTER = Row(
    "aws:eks/cluster:Cluster",
    "eks",
    create=Call(
        "create_cluster",
        {
            "name": "$name",
            "version": "$version",
            "roleArn": "$roleArn",
            "resourcesVpcConfig": F(_vpc_config, ("vpcConfig",)),
            "kubernetesNetworkConfig": "$kubernetesNetworkConfig",
            "logging": F(_logging, ("enabledClusterLogTypes",)),
            "encryptionConfig": F(_encryption, ("encryptionConfig",)),
            "remoteNetworkConfig": F(_remote_networks, ("remoteNetworkConfig",)),
            "accessConfig": "$accessConfig",
            "bootstrapSelfManagedAddons": "$bootstrapSelfManagedAddons",
            "upgradePolicy": "$upgradePolicy",
            "zonalShiftConfig": "$zonalShiftConfig",
            "computeConfig": "$computeConfig",
            "storageConfig": "$storageConfig",
            "deletionProtection": "$deletionProtection",
            "controlPlaneScalingConfig": "$controlPlaneScalingConfig",
            "tags": TAG_MAP,
        },
    ),
    id="cluster.name",
    read=Call("describe_cluster", {"name": "$id"}, at="cluster"),
    props={
        "arn": "arn",
        "name": "name",
        "version": "version",
        "roleArn": "roleArn",
        "status": "status",
        "platformVersion": "platformVersion",
        "createdAt": _time("createdAt"),
        "endpoint": "endpoint",
        "certificateAuthority": "certificateAuthority.{data: data}",
        "certificateAuthorities": "[certificateAuthority.{data: data}]",
        "identities": "[{oidcs: [{issuer: identity.oidc.issuer}]}]",
        "vpcConfig": F(_vpc_config_read),
        "kubernetesNetworkConfig": F(_network_config),
        "enabledClusterLogTypes": "logging.clusterLogging[?enabled].types[]",
        "encryptionConfig": "encryptionConfig[0]",
        "remoteNetworkConfig": "remoteNetworkConfig && {remoteNodeNetworks: remoteNetworkConfig.remoteNodeNetworks[0], "
        "remotePodNetworks: remoteNetworkConfig.remotePodNetworks[0]}",
    },
    after_create=(_make_security_group,),
    updates=(
        Update(
            ("vpcConfig",),
            (Call("update_cluster_config", {"name": "$id", "resourcesVpcConfig": F(_vpc_config)}),),
        ),
        Update(("enabledClusterLogTypes",), (Call("update_cluster_config", {"name": "$id", "logging": F(_logging)}),)),
        Update(
            ("remoteNetworkConfig",),
            (Call("update_cluster_config", {"name": "$id", "remoteNetworkConfig": F(_remote_networks)}),),
        ),
    ),
    delete=(_refuse_protected, Call("delete_cluster", {"name": "$id"}), _drop_security_group),
    name=Name(max_length=100),
    tags=_EKS_TAGS,
    # Sent with the create call, where botocore checks them; moto forgets them.
    recorded=frozenset(
        {
            "accessConfig",
            "bootstrapSelfManagedAddons",
            "upgradePolicy",
            "zonalShiftConfig",
            "computeConfig",
            "storageConfig",
            "deletionProtection",
            "controlPlaneScalingConfig",
        }
    ),
    # moto has no UpdateClusterVersion.
    recorded_on_update=frozenset({"version"}),
    local=frozenset({"forceUpdateVersion"}),
    force_new=frozenset(
        {
            "roleArn",
            "encryptionConfig.provider",
            "kubernetesNetworkConfig",
            "bootstrapSelfManagedAddons",
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
            "outpostConfig",
        }
    ),
    added={"vpcConfig": ("clusterSecurityGroupId", "vpcId")},
    changing=frozenset({"platformVersion"}),
)

ROWS = rows(_CLUSTER)
