"""Transit gateways, their VPC attachments and routes."""

from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Row, Scope, Update, added, arn, parts, removed, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, specification, tag_adopted

_GATEWAY_OPTIONS = {
    "amazonSideAsn": "AmazonSideAsn",
    "autoAcceptSharedAttachments": "AutoAcceptSharedAttachments",
    "defaultRouteTableAssociation": "DefaultRouteTableAssociation",
    "defaultRouteTablePropagation": "DefaultRouteTablePropagation",
    "dnsSupport": "DnsSupport",
    "multicastSupport": "MulticastSupport",
    "vpnEcmpSupport": "VpnEcmpSupport",
    "transitGatewayCidrBlocks": "TransitGatewayCidrBlocks",
}
_ATTACHMENT_OPTIONS = {
    "applianceModeSupport": "ApplianceModeSupport",
    "dnsSupport": "DnsSupport",
    "ipv6Support": "Ipv6Support",
    "securityGroupReferencingSupport": "SecurityGroupReferencingSupport",
}
_ROUTE = {"TransitGatewayRouteTableId": "$transitGatewayRouteTableId", "DestinationCidrBlock": "$destinationCidrBlock"}


def _find_route(scope: Scope) -> Any:
    wanted = scope.new["destinationCidrBlock"]
    found = scope.call(
        "ec2",
        "search_transit_gateway_routes",
        TransitGatewayRouteTableId=scope.new["transitGatewayRouteTableId"],
        Filters=[{"Name": "type", "Values": ["static"]}],
    )["Routes"]
    return next((route for route in found if route["DestinationCidrBlock"] == wanted and route.get("State") != "deleted"), None)


ROWS = rows(
    Row(
        "aws:ec2transitgateway/transitGateway:TransitGateway",
        "ec2",
        create=Call(
            "create_transit_gateway",
            {
                "Description": "$description",
                "Options": {api: f"${prop}" for prop, api in _GATEWAY_OPTIONS.items()},
                "TagSpecifications": specification("transit-gateway"),
            },
        ),
        id="TransitGateway.TransitGatewayId",
        read=Call("describe_transit_gateways", {"TransitGatewayIds": ["$id"]}, at="TransitGateways[0]"),
        gone="contains(['deleted', 'deleting'], State)",
        props={
            "arn": "TransitGatewayArn",
            "ownerId": "OwnerId",
            "description": "Description",
            "associationDefaultRouteTableId": "Options.AssociationDefaultRouteTableId",
            "propagationDefaultRouteTableId": "Options.PropagationDefaultRouteTableId",
            **{prop: f"Options.{api}" for prop, api in _GATEWAY_OPTIONS.items() if prop != "transitGatewayCidrBlocks"},
        },
        updates=(Update(("description",), (Call("modify_transit_gateway", {"TransitGatewayId": "$id", "Description": "$description"}),)),),
        delete=(Call("delete_transit_gateway", {"TransitGatewayId": "$id"}),),
        tags=EC2_TAGS,
    ),
    Row(
        "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
        "ec2",
        create=Call(
            "create_transit_gateway_vpc_attachment",
            {
                "TransitGatewayId": "$transitGatewayId",
                "VpcId": "$vpcId",
                "SubnetIds": "$subnetIds",
                "Options": {api: f"${prop}" for prop, api in _ATTACHMENT_OPTIONS.items()},
                "TagSpecifications": specification("transit-gateway-attachment"),
            },
        ),
        id="TransitGatewayVpcAttachment.TransitGatewayAttachmentId",
        read=Call(
            "describe_transit_gateway_vpc_attachments",
            {"TransitGatewayAttachmentIds": ["$id"]},
            at="TransitGatewayVpcAttachments[0]",
        ),
        gone="contains(['deleted', 'deleting'], State)",
        props={
            "arn": arn("ec2", "transit-gateway-attachment/{id}"),
            "transitGatewayId": "TransitGatewayId",
            "vpcId": "VpcId",
            "vpcOwnerId": "VpcOwnerId",
            "subnetIds": "SubnetIds",
            **{prop: f"Options.{api}" for prop, api in _ATTACHMENT_OPTIONS.items()},
        },
        after_create=(tag_adopted,),
        updates=(
            Update(
                ("subnetIds", *_ATTACHMENT_OPTIONS),
                (
                    Call(
                        "modify_transit_gateway_vpc_attachment",
                        {
                            "TransitGatewayAttachmentId": "$id",
                            "AddSubnetIds": added("subnetIds"),
                            "RemoveSubnetIds": removed("subnetIds"),
                            "Options": {api: f"${prop}" for prop, api in _ATTACHMENT_OPTIONS.items()},
                        },
                    ),
                ),
            ),
        ),
        delete=(Call("delete_transit_gateway_vpc_attachment", {"TransitGatewayAttachmentId": "$id"}),),
        tags=EC2_TAGS,
        shared=frozenset(_ATTACHMENT_OPTIONS),
    ),
    Row(
        "aws:ec2transitgateway/route:Route",
        "ec2",
        create=Call(
            "create_transit_gateway_route",
            {**_ROUTE, "TransitGatewayAttachmentId": "$transitGatewayAttachmentId", "Blackhole": "$blackhole"},
        ),
        id=F(lambda scope: f"{scope.new['transitGatewayRouteTableId']}_{scope.new['destinationCidrBlock']}"),
        read=Call(
            "describe_transit_gateway_route_tables",
            {"TransitGatewayRouteTableIds": ["$transitGatewayRouteTableId"]},
            at="TransitGatewayRouteTables[0]",
        ),
        extras=(Extra("route", _find_route),),
        gone="route == `null`",
        props={
            "destinationCidrBlock": "route.DestinationCidrBlock",
            "transitGatewayRouteTableId": "TransitGatewayRouteTableId",
            # moto keeps the attachment in a form that its own answer drops.
            "transitGatewayAttachmentId": F(lambda scope: scope.new.get("transitGatewayAttachmentId")),
            "blackhole": "route.State == 'blackhole'",
        },
        delete=(Call("delete_transit_gateway_route", _ROUTE),),
        parse=parts("transitGatewayRouteTableId", "destinationCidrBlock", separator="_"),
        delete_first=True,
    ),
)
