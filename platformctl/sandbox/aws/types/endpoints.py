"""VPC endpoints and flow logs."""

from typing import Any

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, Update, added, arn, pascals, removed, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, filters, specification
from platformctl.sandbox.plugin import ProviderError

_FLOW_SOURCES = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
}


def _flow_source(scope: Scope) -> tuple[str, str]:
    return next((kind, scope.new[prop]) for prop, kind in _FLOW_SOURCES.items() if scope.new.get(prop))


def _flow_resource(prop: str) -> F:
    """The id of what is logged, under the property that fits its kind."""
    prefix = {
        "vpcId": "vpc-",
        "subnetId": "subnet-",
        "eniId": "eni-",
        "transitGatewayId": "tgw-",
        "transitGatewayAttachmentId": "tgw-attach-",
    }[prop]

    def compute(scope: Scope) -> Any:
        found = scope.item["ResourceId"]
        if prop == "transitGatewayId" and found.startswith("tgw-attach-"):
            return None
        return found if found.startswith(prefix) else None

    return F(compute)


def _destination(scope: Scope) -> Any:
    """Where logs go; of an S3 destination the bucket only, as moto takes a prefix for a part of the bucket's name."""
    given = scope.new.get("logDestination")
    return given.split("/")[0] if given and ":s3:::" in given else given


def _declared_destination(scope: Scope) -> Any:
    held, declared = scope.item.get("LogDestination"), scope.new.get("logDestination")
    return declared if held == _destination(scope) else held


def _flow_created(scope: Scope) -> str:
    refused = scope.item.get("Unsuccessful") or []
    if refused:
        raise ProviderError(f"CreateFlowLogs: {refused[0]['Error']['Code']}: {refused[0]['Error']['Message']}")
    return str(scope.item["FlowLogIds"][0])


def _prefix_list(scope: Scope) -> Any:
    if scope.item.get("VpcEndpointType") != "Gateway":
        return None
    lists = scope.call("ec2", "describe_managed_prefix_lists", Filters=filters(prefix_list_name=scope.item["ServiceName"]))["PrefixLists"]
    return lists[0]["PrefixListId"] if lists else None


def _move_routes(scope: Scope) -> None:
    """Routes of a gateway endpoint in the tables that it gained and lost: AWS does this itself, moto only on create and delete."""
    prefix_list = _prefix_list(scope)
    if prefix_list is None:
        return
    old, new = scope.old.get("routeTableIds") or (), scope.new.get("routeTableIds") or ()
    for table in new:
        if table not in old:
            scope.call("ec2", "create_route", RouteTableId=table, DestinationPrefixListId=prefix_list, GatewayId=scope.id)
    for table in old:
        if table not in new:
            scope.call("ec2", "delete_route", RouteTableId=table, DestinationPrefixListId=prefix_list)


_SET_POLICY = Call("modify_vpc_endpoint", {"VpcEndpointId": "$vpcEndpointId", "PolicyDocument": "$policy"})

ROWS = rows(
    Row(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "ec2",
        create=Call(
            "create_vpc_endpoint",
            {
                "VpcId": "$vpcId",
                "ServiceName": "$serviceName",
                "VpcEndpointType": "$vpcEndpointType",
                "PolicyDocument": "$policy",
                "RouteTableIds": "$routeTableIds",
                "SubnetIds": "$subnetIds",
                "SecurityGroupIds": "$securityGroupIds",
                "PrivateDnsEnabled": "$privateDnsEnabled",
                "TagSpecifications": specification("vpc-endpoint"),
            },
        ),
        id="VpcEndpoint.VpcEndpointId",
        read=Call("describe_vpc_endpoints", {"VpcEndpointIds": ["$id"]}, at="VpcEndpoints[0]"),
        gone="contains(['deleted', 'deleting'], State)",
        props={
            "arn": arn("ec2", "vpc-endpoint/{id}"),
            "vpcId": "VpcId",
            "serviceName": "ServiceName",
            "vpcEndpointType": "VpcEndpointType",
            "policy": "PolicyDocument",
            "routeTableIds": "RouteTableIds",
            "subnetIds": "SubnetIds",
            "securityGroupIds": "Groups[].GroupId",
            "privateDnsEnabled": F(
                lambda scope: scope.item.get("PrivateDnsEnabled") if scope.item.get("VpcEndpointType") == "Interface" else None
            ),
            "networkInterfaceIds": "NetworkInterfaceIds",
            "dnsEntries": "DnsEntries[].{dnsName: DnsName, hostedZoneId: HostedZoneId}",
            "prefixListId": F(_prefix_list),
            "ownerId": "OwnerId",
            "state": "State",
            "requesterManaged": "RequesterManaged",
        },
        updates=(
            Update(
                ("routeTableIds", "subnetIds", "securityGroupIds", "policy"),
                (
                    Call(
                        "modify_vpc_endpoint",
                        {
                            "VpcEndpointId": "$id",
                            "PolicyDocument": "$policy",
                            "ResetPolicy": F(lambda scope: True if scope.old.get("policy") and not scope.new.get("policy") else None),
                            "AddRouteTableIds": added("routeTableIds"),
                            "RemoveRouteTableIds": removed("routeTableIds"),
                            "AddSubnetIds": added("subnetIds"),
                            "RemoveSubnetIds": removed("subnetIds"),
                            "AddSecurityGroupIds": added("securityGroupIds"),
                            "RemoveSecurityGroupIds": removed("securityGroupIds"),
                        },
                    ),
                ),
            ),
            Update(("routeTableIds",), (_move_routes,)),
        ),
        delete=(Call("delete_vpc_endpoints", {"VpcEndpointIds": ["$id"]}),),
        defaults={"vpcEndpointType": "Gateway"},
        tags=EC2_TAGS,
        shared=frozenset({"policy", "routeTableIds", "subnetIds", "securityGroupIds", "privateDnsEnabled"}),
        recorded_on_update=frozenset({"privateDnsEnabled"}),
        local=frozenset({"autoAccept"}),
        force_new=frozenset({"serviceRegion"}),
    ),
    Row(
        "aws:ec2/flowLog:FlowLog",
        "ec2",
        create=Call(
            "create_flow_logs",
            {
                "ResourceIds": [F(lambda scope: _flow_source(scope)[1], tuple(_FLOW_SOURCES))],
                "ResourceType": F(lambda scope: _flow_source(scope)[0]),
                "TrafficType": "$trafficType",
                "LogDestinationType": "$logDestinationType",
                "LogDestination": F(_destination, ("logDestination",)),
                "DeliverLogsPermissionArn": "$iamRoleArn",
                "LogFormat": "$logFormat",
                "MaxAggregationInterval": "$maxAggregationInterval",
                "DestinationOptions": pascals("destinationOptions"),
                "TagSpecifications": specification("vpc-flow-log"),
            },
        ),
        id=F(_flow_created),
        read=Call("describe_flow_logs", {"FlowLogIds": ["$id"]}, at="FlowLogs[0]"),
        props={
            "arn": arn("ec2", "vpc-flow-log/{id}"),
            "trafficType": "TrafficType",
            "logDestinationType": "LogDestinationType",
            "logDestination": F(_declared_destination),
            "iamRoleArn": "DeliverLogsPermissionArn",
            "logFormat": "LogFormat",
            "maxAggregationInterval": "MaxAggregationInterval",
            **{prop: _flow_resource(prop) for prop in _FLOW_SOURCES},
        },
        delete=(Call("delete_flow_logs", {"FlowLogIds": ["$id"]}),),
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        tags=EC2_TAGS,
        requires=lambda inputs: (
            None
            if sum(inputs.get(prop) is not None for prop in _FLOW_SOURCES) == 1
            else f"a flow log needs one of {', '.join(_FLOW_SOURCES)}"
        ),
        force_new=frozenset({"deliverCrossAccountRole", "regionalNatGatewayId", "tagFieldSpecifications"}),
    ),
    Row(
        "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
        "ec2",
        create=_SET_POLICY,
        id=F(lambda scope: scope.new["vpcEndpointId"]),
        read=Call("describe_vpc_endpoints", {"VpcEndpointIds": ["$id"]}, at="VpcEndpoints[0]"),
        gone="PolicyDocument == `null`",
        props={"vpcEndpointId": "VpcEndpointId", "policy": "PolicyDocument"},
        updates=(Update(("policy",), (_SET_POLICY,)),),
        delete=(Call("modify_vpc_endpoint", {"VpcEndpointId": "$id", "ResetPolicy": True}),),
        parse=lambda endpoint: {"vpcEndpointId": endpoint},
        delete_first=True,
    ),
)
