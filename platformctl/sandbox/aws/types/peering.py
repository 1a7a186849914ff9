"""VPC peering, and public access blocks."""

import zlib
from typing import Any

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, Update, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, specification, tag_adopted

_OPTION = {"allowRemoteVpcDnsResolution": "AllowDnsResolutionFromRemoteVpc"}


def _side(prop: str) -> F:
    """One side's options as the API takes them."""

    def compute(scope: Scope) -> Any:
        given = scope.new.get(prop)
        return {name: bool(given.get(wire)) for wire, name in _OPTION.items()} if given else None

    return F(compute, (prop,))


def _read_side(prop: str, api: str) -> F:
    def compute(scope: Scope) -> Any:
        held = (scope.item.get(api) or {}).get("PeeringOptions") or {}
        if prop not in scope.new:
            return None
        return {wire: str(held.get(name, False)).lower() == "true" for wire, name in _OPTION.items()}

    return F(compute)


_SIDES = {"accepter": "AccepterVpcInfo", "requester": "RequesterVpcInfo"}
_MODIFY = Call(
    "modify_vpc_peering_connection_options",
    {
        "VpcPeeringConnectionId": "$id",
        "AccepterPeeringConnectionOptions": _side("accepter"),
        "RequesterPeeringConnectionOptions": _side("requester"),
    },
)
_READ = Call("describe_vpc_peering_connections", {"VpcPeeringConnectionIds": ["$id"]}, at="VpcPeeringConnections[0]")
_GONE = "contains(['deleted', 'deleting', 'rejected', 'expired', 'failed'], Status.Code)"
_ENDS: dict[str, str | F] = {
    "acceptStatus": "Status.Code",
    "vpcId": "RequesterVpcInfo.VpcId",
    "peerVpcId": "AccepterVpcInfo.VpcId",
    "peerOwnerId": "AccepterVpcInfo.OwnerId",
    "peerRegion": "AccepterVpcInfo.Region",
    **{prop: _read_side(prop, api) for prop, api in _SIDES.items()},
}


def _accept(scope: Scope) -> None:
    if not scope.new.get("autoAccept"):
        return
    held = scope.call("ec2", "describe_vpc_peering_connections", VpcPeeringConnectionIds=[scope.id])["VpcPeeringConnections"][0]
    if held["Status"]["Code"] != "active":
        scope.call("ec2", "accept_vpc_peering_connection", VpcPeeringConnectionId=scope.id)


def _excluded_arn(scope: Scope) -> str:
    resource = f"vpc/{scope.new['vpcId']}" if scope.new.get("vpcId") else f"subnet/{scope.new['subnetId']}"
    return f"arn:{scope.region.partition}:ec2:{scope.region.name}:{scope.region.account}:{resource}"


ROWS = rows(
    Row(
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "ec2",
        create=Call(
            "create_vpc_peering_connection",
            {
                "VpcId": "$vpcId",
                "PeerVpcId": "$peerVpcId",
                "PeerOwnerId": "$peerOwnerId",
                "PeerRegion": "$peerRegion",
                "TagSpecifications": specification("vpc-peering-connection"),
            },
        ),
        id="VpcPeeringConnection.VpcPeeringConnectionId",
        read=_READ,
        gone=_GONE,
        props=_ENDS,
        after_create=(_accept,),
        updates=(Update(("accepter", "requester"), (_MODIFY,), on_create=True),),
        delete=(Call("delete_vpc_peering_connection", {"VpcPeeringConnectionId": "$id"}),),
        tags=EC2_TAGS,
        local=frozenset({"autoAccept"}),
        # Whoever accepts it changes the status later.
        sticky=frozenset({"acceptStatus"}),
    ),
    Row(
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        "ec2",
        create=Call("describe_vpc_peering_connections", {"VpcPeeringConnectionIds": ["$vpcPeeringConnectionId"]}),
        id="VpcPeeringConnections[0].VpcPeeringConnectionId",
        read=_READ,
        gone=_GONE,
        props={
            "vpcPeeringConnectionId": "VpcPeeringConnectionId",
            **_ENDS,
            "vpcId": "AccepterVpcInfo.VpcId",
            "peerVpcId": "RequesterVpcInfo.VpcId",
            "peerOwnerId": "RequesterVpcInfo.OwnerId",
            "peerRegion": "RequesterVpcInfo.Region",
        },
        after_create=(_accept, tag_adopted),
        updates=(Update(("accepter", "requester"), (_MODIFY,), on_create=True),),
        tags=EC2_TAGS,
        local=frozenset({"autoAccept"}),
        delete_first=True,
    ),
    Row(
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        "ec2",
        create=Call("describe_vpc_peering_connections", {"VpcPeeringConnectionIds": ["$vpcPeeringConnectionId"]}),
        id="VpcPeeringConnections[0].VpcPeeringConnectionId",
        read=_READ,
        gone=_GONE,
        props={
            "vpcPeeringConnectionId": "VpcPeeringConnectionId",
            **{prop: _read_side(prop, api) for prop, api in _SIDES.items()},
        },
        updates=(Update(("accepter", "requester"), (_MODIFY,), on_create=True),),
        delete_first=True,
    ),
    Row(
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
        "ec2",
        emulated=False,
        create=Call("modify_vpc_block_public_access_options", {"InternetGatewayBlockMode": "$internetGatewayBlockMode"}),
        id=F(lambda scope: scope.region.name),
        props={"awsAccountId": F(lambda scope: scope.region.account), "awsRegion": F(lambda scope: scope.region.name)},
        delete_first=True,
    ),
    Row(
        "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion",
        "ec2",
        emulated=False,
        create=Call(
            "create_vpc_block_public_access_exclusion",
            {
                "InternetGatewayExclusionMode": "$internetGatewayExclusionMode",
                "VpcId": "$vpcId",
                "SubnetId": "$subnetId",
                "TagSpecifications": specification("vpc-block-public-access-exclusion"),
            },
        ),
        id=F(lambda scope: f"vpcbpa-exclude-0{zlib.crc32(scope.subject.urn.encode()):08x}{zlib.adler32(scope.subject.urn.encode()):08x}"),
        props={"resourceArn": F(_excluded_arn)},
        force_new=frozenset({"vpcId", "subnetId"}),
    ),
)
