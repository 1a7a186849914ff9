"""IPAM: moto has none, so allocations are recorded with a block derived from the URN."""

import zlib
from typing import Any

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, rows


def _mark(scope: Scope) -> str:
    return f"0{zlib.crc32(scope.subject.urn.encode()):08x}{zlib.adler32(scope.subject.urn.encode()):08x}"


def _block(scope: Scope) -> Any:
    return scope.new.get("cidr") or f"10.{zlib.crc32(scope.subject.urn.encode()) % 256}.0.0/{scope.new.get('netmaskLength') or 24}"


ROWS = rows(
    Row(
        "aws:ec2/vpcIpamPoolCidrAllocation:VpcIpamPoolCidrAllocation",
        "ec2",
        emulated=False,
        create=Call(
            "allocate_ipam_pool_cidr",
            {
                "IpamPoolId": "$ipamPoolId",
                "Cidr": "$cidr",
                "NetmaskLength": "$netmaskLength",
                "Description": "$description",
                "DisallowedCidrs": "$disallowedCidrs",
            },
        ),
        id=F(lambda scope: f"ipam-pool-alloc-{_mark(scope)}_{scope.new['ipamPoolId']}"),
        props={
            "cidr": F(_block),
            "ipamPoolAllocationId": F(lambda scope: f"ipam-pool-alloc-{_mark(scope)}"),
            "resourceType": F(lambda _: "custom"),
            "resourceOwner": F(lambda scope: scope.region.account),
        },
        force_new=frozenset({"ipamPoolId", "cidr", "netmaskLength", "description", "disallowedCidrs"}),
    ),
)
