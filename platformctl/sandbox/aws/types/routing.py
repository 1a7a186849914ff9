"""Route tables, routes, their associations, NAT gateways and elastic addresses."""

import zlib
from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Row, Scope, Update, arn, parts, rows, text
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, filters, specification, tag_adopted

_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "networkInterfaceId": "NetworkInterfaceId",
    "carrierGatewayId": "CarrierGatewayId",
    "vpcEndpointId": "VpcEndpointId",
}
_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_ROUTE_KEY = {"RouteTableId": "$routeTableId", **{api: f"${prop}" for prop, api in _DESTINATIONS.items()}}
_ROUTE_TARGET = {api: f"${prop}" for prop, api in _TARGETS.items()}
REGIONAL_NAT = "aws:ec2/natGateway:NatGateway"


def _destination(values: Any) -> str:
    return next((str(values[prop]) for prop in _DESTINATIONS if values.get(prop)), "")


def _find_route(scope: Scope) -> Any:
    wanted = _destination(scope.new)
    for route in scope.item["Routes"]:
        if wanted in {route.get(api) for api in _DESTINATIONS.values()}:
            return route
    return None


def _route_target(prop: str) -> F:
    api = _TARGETS[prop]

    def compute(scope: Scope) -> Any:
        route = scope.item["route"]
        found = route.get("GatewayId") if prop == "vpcEndpointId" and str(route.get("GatewayId")).startswith("vpce-") else route.get(api)
        if found is None and prop == "natGatewayId" and scope.new.get(prop):
            # moto drops the target of a route when it does not know the gateway: a regional one is known to the recorded store only.
            return scope.new[prop] if scope.region.cloud.server.get(REGIONAL_NAT, scope.new[prop]) else None
        return found

    return F(compute)


def _parse_route(text_: str) -> dict[str, str]:
    table, _, destination = text_.partition("_")
    if destination.startswith("pl-"):
        return {"routeTableId": table, "destinationPrefixListId": destination}
    return {"routeTableId": table, "destinationIpv6CidrBlock" if ":" in destination else "destinationCidrBlock": destination}


def _inline_route_calls(scope: Scope, operation: str, routes: list[dict[str, Any]]) -> None:
    for route in routes:
        key = {
            "DestinationCidrBlock": route.get("cidrBlock"),
            "DestinationIpv6CidrBlock": route.get("ipv6CidrBlock"),
            "DestinationPrefixListId": route.get("destinationPrefixListId"),
        }
        target = {api: route.get(prop) for prop, api in _TARGETS.items()} if operation == "create_route" else {}
        given = {name: value for name, value in {**key, **target}.items() if value}
        scope.call("ec2", operation, RouteTableId=scope.id, **given)


def inline_routes(scope: Scope) -> list[dict[str, Any]]:
    """Routes of a table in the SDK's form, without the ones that AWS adds by itself."""
    found = []
    for route in scope.item["Routes"]:
        if (
            route.get("GatewayId") == "local"
            or route.get("Origin") == "EnableVgwRoutePropagation"
            or str(route.get("GatewayId", "")).startswith("vpce-")
        ):
            continue
        entry = {
            "cidrBlock": route.get("DestinationCidrBlock"),
            "ipv6CidrBlock": route.get("DestinationIpv6CidrBlock"),
            "destinationPrefixListId": route.get("DestinationPrefixListId"),
            **{prop: route.get(api) for prop, api in _TARGETS.items()},
        }
        found.append({name: value for name, value in entry.items() if value})
    return found


def _set_routes(scope: Scope) -> None:
    wanted = [{name: value for name, value in route.items() if value} for route in scope.new.get("routes") or ()]
    held = inline_routes(_with_table(scope))
    _inline_route_calls(scope, "delete_route", [route for route in held if route not in wanted])
    _inline_route_calls(scope, "create_route", [route for route in wanted if route not in held])


def _with_table(scope: Scope) -> Scope:
    table = scope.call("ec2", "describe_route_tables", RouteTableIds=[scope.id])["RouteTables"][0]
    return Scope(scope.region, scope.subject, scope.new, scope.old, scope.id, scope.out, table)


def _main_association(scope: Scope, vpc: str) -> dict[str, Any]:
    tables = scope.call("ec2", "describe_route_tables", Filters=filters(vpc_id=vpc))["RouteTables"]
    return next(entry for table in tables for entry in table["Associations"] if entry.get("Main"))


def _replace_main(scope: Scope, table: str) -> None:
    held = _main_association(scope, scope.new["vpcId"])
    if held["RouteTableId"] != table:
        scope.call("ec2", "replace_route_table_association", AssociationId=held["RouteTableAssociationId"], RouteTableId=table)


def _restore_main(scope: Scope) -> None:
    original = scope.out.get("originalRouteTableId")
    if original:
        _replace_main(scope, original)


def _association(scope: Scope) -> dict[str, Any]:
    return next(
        entry
        for entry in scope.item["Associations"]
        if entry.get("SubnetId") == scope.new.get("subnetId") or entry["RouteTableAssociationId"] == scope.id
    )


def _reassociate(scope: Scope) -> None:
    held = _association(scope)["RouteTableAssociationId"]
    scope.call("ec2", "replace_route_table_association", AssociationId=held, RouteTableId=scope.new["routeTableId"])


def _disassociate(scope: Scope) -> None:
    subnet = scope.new.get("subnetId")
    tables = scope.call("ec2", "describe_route_tables", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    for table in tables:
        for entry in table["Associations"]:
            if entry.get("SubnetId") == subnet:
                scope.call("ec2", "disassociate_route_table", AssociationId=entry["RouteTableAssociationId"])


_REGIONAL = Row(
    REGIONAL_NAT,
    "ec2",
    emulated=False,
    create=Call(
        "create_nat_gateway",
        {
            "VpcId": "$vpcId",
            "AvailabilityMode": "$availabilityMode",
            "ConnectivityType": "$connectivityType",
            "AvailabilityZoneAddresses": F(
                lambda scope: (
                    [
                        {
                            "AvailabilityZone": entry.get("availabilityZone"),
                            "AvailabilityZoneId": entry.get("availabilityZoneId"),
                            "AllocationIds": entry.get("allocationIds"),
                        }
                        for entry in scope.new.get("availabilityZoneAddresses") or ()
                    ]
                    or None
                )
            ),
            "TagSpecifications": specification("natgateway"),
        },
    ),
    id=F(lambda scope: f"nat-1{zlib.crc32(scope.subject.urn.encode()):08x}{zlib.adler32(scope.subject.urn.encode()):08x}"),
    props={
        "autoProvisionZones": F(lambda scope: "disabled" if scope.new.get("availabilityZoneAddresses") else "enabled"),
        "regionalNatGatewayAutoMode": F(lambda scope: "disabled" if scope.new.get("availabilityZoneAddresses") else "enabled"),
        "routeTableId": F(lambda scope: f"rtb-1{zlib.crc32(scope.subject.urn.encode()):08x}{zlib.adler32(scope.subject.urn.encode()):08x}"),
    },
    force_new=frozenset({"vpcId", "availabilityMode", "connectivityType"}),
    tags=EC2_TAGS,
)

ROWS = rows(
    Row(
        "aws:ec2/routeTable:RouteTable",
        "ec2",
        create=Call("create_route_table", {"VpcId": "$vpcId", "TagSpecifications": specification("route-table")}),
        id="RouteTable.RouteTableId",
        read=Call("describe_route_tables", {"RouteTableIds": ["$id"]}, at="RouteTables[0]"),
        props={"arn": arn("ec2", "route-table/{id}"), "vpcId": "VpcId", "ownerId": "OwnerId", "routes": F(inline_routes)},
        updates=(Update(("routes",), (_set_routes,), on_create=True),),
        delete=(Call("delete_route_table", {"RouteTableId": "$id"}),),
        tags=EC2_TAGS,
        shared=frozenset({"routes"}),
    ),
    Row(
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        "ec2",
        create=Call("describe_route_tables", {"RouteTableIds": ["$defaultRouteTableId"]}),
        id="RouteTables[0].RouteTableId",
        read=Call("describe_route_tables", {"RouteTableIds": ["$id"]}, at="RouteTables[0]"),
        props={
            "arn": arn("ec2", "route-table/{id}"),
            "vpcId": "VpcId",
            "ownerId": "OwnerId",
            "defaultRouteTableId": "RouteTableId",
            "routes": F(inline_routes),
        },
        after_create=(_set_routes, tag_adopted),
        updates=(Update(("routes",), (_set_routes,)),),
        defaults={"routes": []},
        tags=EC2_TAGS,
        delete_first=True,
    ),
    Row(
        "aws:ec2/route:Route",
        "ec2",
        create=Call("create_route", {**_ROUTE_KEY, **_ROUTE_TARGET}),
        id=F(lambda scope: f"r-{scope.new['routeTableId']}{zlib.crc32(_destination(scope.new).encode())}"),
        read=Call("describe_route_tables", {"RouteTableIds": ["$routeTableId"]}, at="RouteTables[0]"),
        extras=(Extra("route", _find_route),),
        gone="route == `null`",
        props={
            "routeTableId": "RouteTableId",
            **{prop: f"route.{api}" for prop, api in _DESTINATIONS.items()},
            **{prop: _route_target(prop) for prop in _TARGETS},
            "origin": "route.Origin",
            "state": "route.State",
            "instanceId": "route.InstanceId",
        },
        updates=(Update(tuple(_TARGETS), (Call("replace_route", {**_ROUTE_KEY, **_ROUTE_TARGET}),)),),
        delete=(Call("delete_route", _ROUTE_KEY),),
        parse=_parse_route,
        delete_first=True,
    ),
    Row(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "ec2",
        create=Call("associate_route_table", {"RouteTableId": "$routeTableId", "SubnetId": "$subnetId", "GatewayId": "$gatewayId"}),
        id="AssociationId",
        # By subnet, not by id: replacing the table gives the association a new id, which an update cannot report.
        read=Call(
            "describe_route_tables",
            {"Filters": [{"Name": "association.subnet-id", "Values": ["$subnetId"]}]},
            at="RouteTables[0]",
        ),
        props={"routeTableId": "RouteTableId", "subnetId": F(lambda scope: _association(scope).get("SubnetId"))},
        updates=(Update(("routeTableId",), (_reassociate,)),),
        delete=(_disassociate,),
        parse=parts("subnetId", "routeTableId"),
        delete_first=True,
    ),
    Row(
        "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
        "ec2",
        create=Call(
            "describe_route_tables",
            {"Filters": filters(vpc_id="$vpcId")},
        ),
        id=F(lambda scope: f"rtbassoc-main-{scope.new['vpcId']}"),
        read=Call(
            "describe_route_tables",
            {"Filters": filters(vpc_id="$vpcId")},
            at="RouteTables[?Associations[?Main]] | [0]",
        ),
        props={"routeTableId": "RouteTableId", "vpcId": "VpcId"},
        from_create={"originalRouteTableId": "RouteTables[?Associations[?Main]] | [0].RouteTableId"},
        after_create=(lambda scope: _replace_main(scope, scope.new["routeTableId"]),),
        updates=(Update(("routeTableId",), (lambda scope: _replace_main(scope, scope.new["routeTableId"]),)),),
        delete=(_restore_main,),
        parse=parts("vpcId"),
        delete_first=True,
    ),
    Row(
        "aws:ec2/eip:Eip",
        "ec2",
        create=Call(
            "allocate_address",
            {"Domain": "$domain", "PublicIpv4Pool": "$publicIpv4Pool", "TagSpecifications": specification("elastic-ip")},
        ),
        id="AllocationId",
        read=Call("describe_addresses", {"AllocationIds": ["$id"]}, at="Addresses[0]"),
        # Who uses an address is the user's business to tell: it changes after the address was made.
        props={
            "arn": arn("ec2", "elastic-ip/{id}"),
            "allocationId": "AllocationId",
            "publicIp": "PublicIp",
            "domain": "Domain",
            "publicDns": F(lambda scope: f"ec2-{scope.item['PublicIp'].replace('.', '-')}.{scope.region.name}.compute.amazonaws.com"),
        },
        delete=(Call("release_address", {"AllocationId": "$id"}),),
        defaults={"domain": "vpc"},
        tags=EC2_TAGS,
        force_new=frozenset({"domain", "networkBorderGroup", "address"}),
    ),
    Row(
        REGIONAL_NAT,
        "ec2",
        create=Call(
            "create_nat_gateway",
            {
                "SubnetId": "$subnetId",
                "AllocationId": "$allocationId",
                "ConnectivityType": "$connectivityType",
                "TagSpecifications": specification("natgateway"),
            },
        ),
        id="NatGateway.NatGatewayId",
        read=Call("describe_nat_gateways", {"NatGatewayIds": ["$id"]}, at="NatGateways[0]"),
        gone="contains(['deleted', 'deleting'], State)",
        props={
            "subnetId": "SubnetId",
            "connectivityType": "ConnectivityType",
            "allocationId": "NatGatewayAddresses[0].AllocationId",
            "publicIp": "NatGatewayAddresses[0].PublicIp",
            "privateIp": "NatGatewayAddresses[0].PrivateIp",
            "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
            "availabilityMode": text("zonal"),
        },
        delete=(Call("delete_nat_gateway", {"NatGatewayId": "$id"}),),
        defaults={"connectivityType": "public"},
        tags=EC2_TAGS,
        force_new=frozenset({"availabilityMode", "privateIp", "vpcId"}),
        variant=lambda inputs: _REGIONAL if inputs.get("availabilityMode") == "regional" else None,
        requires=lambda inputs: (
            None
            if inputs.get("availabilityMode") == "regional" or inputs.get("subnetId") is not None
            else "a zonal NAT gateway needs subnetId"
        ),
    ),
)
