"""VPCs, their address blocks, subnets, internet gateways and DHCP options."""

import zlib
from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Row, Scope, Update, arn, parts, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, filters, specification, tag_adopted

_V6 = "Ipv6CidrBlockAssociationSet[?Ipv6CidrBlockState.State=='associated'] | [0]"


def allocated_block(scope: Scope) -> Any:
    """The IPv4 block: the one given, or for an IPAM pool, which moto does not have, one derived from the URN."""
    if scope.new.get("cidrBlock") or not scope.new.get("ipv4IpamPoolId"):
        return scope.new.get("cidrBlock")
    return f"10.{zlib.crc32(scope.subject.urn.encode()) % 256}.0.0/{scope.new.get('ipv4NetmaskLength') or 16}"


def _change_ipv6(scope: Scope) -> None:
    held = scope.item and (scope.item.get("Ipv6CidrBlockAssociationSet") or [])
    current = [entry for entry in held or [] if entry["Ipv6CidrBlockState"]["State"] == "associated"]
    for entry in current:
        scope.call("ec2", "disassociate_vpc_cidr_block", AssociationId=entry["AssociationId"])
    if scope.new.get("assignGeneratedIpv6CidrBlock"):
        scope.call("ec2", "associate_vpc_cidr_block", VpcId=scope.id, AmazonProvidedIpv6CidrBlock=True)


def _change_subnet_ipv6(scope: Scope) -> None:
    for entry in (scope.item or {}).get("Ipv6CidrBlockAssociationSet") or []:
        scope.call("ec2", "disassociate_subnet_cidr_block", AssociationId=entry["AssociationId"])
    if scope.new.get("ipv6CidrBlock"):
        scope.call("ec2", "associate_subnet_cidr_block", SubnetId=scope.id, Ipv6CidrBlock=scope.new["ipv6CidrBlock"])


def _associated_block(scope: Scope) -> Any:
    for entry in scope.item["CidrBlockAssociationSet"]:
        if entry["AssociationId"] == scope.id and entry["CidrBlockState"]["State"] in {"associating", "associated"}:
            return entry["CidrBlock"]
    return None


def _attribute(operation: str, key: str, api: str, prop: str) -> Update:
    return Update((prop,), (Call(operation, {key: "$id", api: {"Value": f"${prop}"}}),), on_create=True)


def _vpc_attribute(api: str, prop: str) -> Update:
    return _attribute("modify_vpc_attribute", "VpcId", api, prop)


def _subnet_attribute(api: str, prop: str) -> Update:
    return _attribute("modify_subnet_attribute", "SubnetId", api, prop)


def _read_attribute(name: str, api: str) -> Extra:
    return Extra(name, Call("describe_vpc_attribute", {"VpcId": "$id", "Attribute": name}, at=f"{api}.Value"))


_DHCP = {
    "domainName": "domain-name",
    "domainNameServers": "domain-name-servers",
    "ipv6AddressPreferredLeaseTime": "ipv6-address-preferred-lease-time",
    "netbiosNameServers": "netbios-name-servers",
    "netbiosNodeType": "netbios-node-type",
    "ntpServers": "ntp-servers",
}


def _dhcp_configurations(scope: Scope) -> Any:
    given = {key: scope.new[prop] for prop, key in _DHCP.items() if scope.new.get(prop)}
    return [{"Key": key, "Values": value if isinstance(value, list) else [str(value)]} for key, value in given.items()]


def _dhcp_value(key: str, *, single: bool) -> str:
    return f"DhcpConfigurations[?Key=='{key}'] | [0].Values[].Value" + (" | [0]" if single else "")


def _leave_default_dhcp(scope: Scope) -> None:
    scope.call("ec2", "associate_dhcp_options", DhcpOptionsId="default", VpcId=scope.new["vpcId"])


def _detach(scope: Scope) -> None:
    for attachment in (scope.out.get("vpcId"), scope.new.get("vpcId")):
        if attachment:
            scope.call("ec2", "detach_internet_gateway", InternetGatewayId=scope.id, VpcId=attachment)
            return


def _move_gateway(scope: Scope) -> None:
    if scope.old.get("vpcId"):
        scope.call("ec2", "detach_internet_gateway", InternetGatewayId=scope.id, VpcId=scope.old["vpcId"])
    if scope.new.get("vpcId"):
        scope.call("ec2", "attach_internet_gateway", InternetGatewayId=scope.id, VpcId=scope.new["vpcId"])


ROWS = rows(
    Row(
        "aws:ec2/vpc:Vpc",
        "ec2",
        create=Call(
            "create_vpc",
            {
                "CidrBlock": F(allocated_block, ("cidrBlock",)),
                "InstanceTenancy": "$instanceTenancy",
                "AmazonProvidedIpv6CidrBlock": "$assignGeneratedIpv6CidrBlock",
                "Ipv6CidrBlockNetworkBorderGroup": "$ipv6CidrBlockNetworkBorderGroup",
                "TagSpecifications": specification("vpc"),
            },
        ),
        id="Vpc.VpcId",
        read=Call("describe_vpcs", {"VpcIds": ["$id"]}, at="Vpcs[0]"),
        extras=(
            _read_attribute("enableDnsSupport", "EnableDnsSupport"),
            _read_attribute("enableDnsHostnames", "EnableDnsHostnames"),
            _read_attribute("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics"),
            Extra(
                "group",
                Call("describe_security_groups", {"Filters": filters(vpc_id="$id", group_name="default")}, at="SecurityGroups[0].GroupId"),
            ),
            Extra(
                "acl", Call("describe_network_acls", {"Filters": filters(vpc_id="$id", default="true")}, at="NetworkAcls[0].NetworkAclId")
            ),
            Extra(
                "main",
                Call(
                    "describe_route_tables",
                    {"Filters": [{"Name": "vpc-id", "Values": ["$id"]}, {"Name": "association.main", "Values": ["true"]}]},
                    at="RouteTables[0].RouteTableId",
                ),
            ),
        ),
        props={
            "arn": arn("ec2", "vpc/{id}"),
            "assignGeneratedIpv6CidrBlock": f"({_V6}) != `null`",
            "cidrBlock": "CidrBlock",
            "instanceTenancy": "InstanceTenancy",
            "enableDnsSupport": "enableDnsSupport",
            "enableDnsHostnames": "enableDnsHostnames",
            "enableNetworkAddressUsageMetrics": "enableNetworkAddressUsageMetrics",
            "ipv6CidrBlock": f"{_V6}.Ipv6CidrBlock",
            "ipv6AssociationId": f"{_V6}.AssociationId",
            "defaultSecurityGroupId": "group",
            "defaultNetworkAclId": "acl",
            "defaultRouteTableId": "main",
            "mainRouteTableId": "main",
            "dhcpOptionsId": "DhcpOptionsId",
            "ownerId": "OwnerId",
        },
        updates=(
            _vpc_attribute("EnableDnsSupport", "enableDnsSupport"),
            _vpc_attribute("EnableDnsHostnames", "enableDnsHostnames"),
            _vpc_attribute("EnableNetworkAddressUsageMetrics", "enableNetworkAddressUsageMetrics"),
            Update(("assignGeneratedIpv6CidrBlock",), (_change_ipv6,)),
            Update(("instanceTenancy",), (Call("modify_vpc_tenancy", {"VpcId": "$id", "InstanceTenancy": "$instanceTenancy"}),)),
        ),
        delete=(Call("delete_vpc", {"VpcId": "$id"}),),
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        tags=EC2_TAGS,
        force_new=frozenset({"ipv4IpamPoolId", "ipv4NetmaskLength"}),
        sticky=frozenset({"mainRouteTableId", "defaultRouteTableId", "dhcpOptionsId"}),
        changing=frozenset({"ipv6CidrBlock", "ipv6AssociationId"}),
    ),
    Row(
        "aws:ec2/subnet:Subnet",
        "ec2",
        create=Call(
            "create_subnet",
            {
                "VpcId": "$vpcId",
                "CidrBlock": "$cidrBlock",
                "Ipv6CidrBlock": "$ipv6CidrBlock",
                "AvailabilityZone": "$availabilityZone",
                "AvailabilityZoneId": "$availabilityZoneId",
                "Ipv6Native": "$ipv6Native",
                "TagSpecifications": specification("subnet"),
            },
        ),
        id="Subnet.SubnetId",
        read=Call("describe_subnets", {"SubnetIds": ["$id"]}, at="Subnets[0]"),
        props={
            "arn": "SubnetArn",
            "vpcId": "VpcId",
            "cidrBlock": "CidrBlock",
            "availabilityZone": "AvailabilityZone",
            "availabilityZoneId": "AvailabilityZoneId",
            "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
            "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
            "enableResourceNameDnsARecordOnLaunch": "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord",
            "ipv6Native": "Ipv6Native",
            # moto lists associated blocks only, and garbles their state.
            "ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock",
            "ipv6CidrBlockAssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId",
            "ownerId": "OwnerId",
        },
        updates=(
            _subnet_attribute("MapPublicIpOnLaunch", "mapPublicIpOnLaunch"),
            _subnet_attribute("AssignIpv6AddressOnCreation", "assignIpv6AddressOnCreation"),
            _subnet_attribute("EnableResourceNameDnsARecordOnLaunch", "enableResourceNameDnsARecordOnLaunch"),
            Update(("ipv6CidrBlock",), (_change_subnet_ipv6,)),
        ),
        delete=(Call("delete_subnet", {"SubnetId": "$id"}),),
        defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
        tags=EC2_TAGS,
        force_new=frozenset({"ipv6Native", "outpostArn", "ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength"}),
    ),
    Row(
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        "ec2",
        create=Call("associate_vpc_cidr_block", {"VpcId": "$vpcId", "CidrBlock": F(allocated_block, ("cidrBlock",))}),
        id="CidrBlockAssociation.AssociationId",
        read=Call(
            "describe_vpcs",
            {"Filters": [{"Name": "cidr-block-association.association-id", "Values": ["$id"]}]},
            at="Vpcs[0]",
        ),
        extras=(Extra("held", _associated_block),),
        gone="held == `null`",
        props={"vpcId": "VpcId", "cidrBlock": "held"},
        delete=(Call("disassociate_vpc_cidr_block", {"AssociationId": "$id"}),),
        force_new=frozenset({"ipv4IpamPoolId", "ipv4NetmaskLength"}),
    ),
    Row(
        "aws:ec2/internetGateway:InternetGateway",
        "ec2",
        create=Call("create_internet_gateway", {"TagSpecifications": specification("internet-gateway")}),
        id="InternetGateway.InternetGatewayId",
        read=Call("describe_internet_gateways", {"InternetGatewayIds": ["$id"]}, at="InternetGateways[0]"),
        props={"arn": arn("ec2", "internet-gateway/{id}"), "vpcId": "Attachments[0].VpcId", "ownerId": "OwnerId"},
        updates=(Update(("vpcId",), (_move_gateway,), on_create=True),),
        delete=(_detach, Call("delete_internet_gateway", {"InternetGatewayId": "$id"})),
        tags=EC2_TAGS,
    ),
    Row(
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "ec2",
        create=Call(
            "create_egress_only_internet_gateway",
            {"VpcId": "$vpcId", "TagSpecifications": specification("egress-only-internet-gateway")},
        ),
        id="EgressOnlyInternetGateway.EgressOnlyInternetGatewayId",
        read=Call(
            "describe_egress_only_internet_gateways",
            {"EgressOnlyInternetGatewayIds": ["$id"]},
            at="EgressOnlyInternetGateways[0]",
        ),
        props={"vpcId": "Attachments[0].VpcId"},
        delete=(Call("delete_egress_only_internet_gateway", {"EgressOnlyInternetGatewayId": "$id"}),),
        tags=EC2_TAGS,
    ),
    Row(
        "aws:ec2/vpcDhcpOptions:VpcDhcpOptions",
        "ec2",
        create=Call(
            "create_dhcp_options",
            {"DhcpConfigurations": F(_dhcp_configurations, tuple(_DHCP)), "TagSpecifications": specification("dhcp-options")},
        ),
        id="DhcpOptions.DhcpOptionsId",
        read=Call("describe_dhcp_options", {"DhcpOptionsIds": ["$id"]}, at="DhcpOptions[0]"),
        props={
            "arn": arn("ec2", "dhcp-options/{id}"),
            "ownerId": "OwnerId",
            **{prop: _dhcp_value(key, single=not prop.endswith("Servers")) for prop, key in _DHCP.items()},
        },
        after_create=(tag_adopted,),
        delete=(Call("delete_dhcp_options", {"DhcpOptionsId": "$id"}),),
        tags=EC2_TAGS,
        ordered=frozenset({"domainNameServers", "ntpServers"}),
    ),
    Row(
        "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
        "ec2",
        create=Call("associate_dhcp_options", {"DhcpOptionsId": "$dhcpOptionsId", "VpcId": "$vpcId"}),
        id=F(lambda scope: f"{scope.new['dhcpOptionsId']}-{scope.new['vpcId']}"),
        read=Call("describe_vpcs", {"VpcIds": ["$vpcId"]}, at="Vpcs[0]"),
        props={"vpcId": "VpcId", "dhcpOptionsId": "DhcpOptionsId"},
        delete=(_leave_default_dhcp,),
        parse=parts("vpcId"),
        gone="DhcpOptionsId=='default'",
        delete_first=True,
    ),
)
