"""VpcArgs: what a Vpc is given, and what each profile presets."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, LiteralString

from pydantic import Field, ModelWrapValidatorHandler, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from platform_components.args import Args, Late
from platform_components.network.addresses import Layout, Tier
from platform_components.network.checks import Finding, findings
from platform_components.network.endpoint_services import PROFILES, EndpointProfile
from platform_components.network.link_options import (
    BlockPublicAccess,
    DhcpOptions,
    DnsFirewall,
    Peering,
    PrivateZone,
    TransitGateway,
)
from platform_components.network.options import (
    Domain,
    EndpointSettings,
    FlowLogs,
    Ipam,
    Ipv4Cidr,
    Ipv6Pool,
    Key,
    LayoutArgs,
    LogsEncryption,
    Nat,
    NetworkAcls,
    QueryLogs,
    SecondaryCidr,
    TierName,
    ZoneId,
)
from platform_components.network.zones import region_of
from platform_components.profile import Profile

PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # Cheaper by two NAT gateways, most of the log storage and a KMS key; everything else is as in production.
    Profile.DEV: {"nat": "single", "flow_logs": {"retention_days": 14}, "logs_encryption": {"owned_key": False}},
    Profile.PRODUCTION: {"nat": "per-zone", "flow_logs": {"retention_days": 90}},
    Profile.REGULATED: {
        "nat": "per-zone",
        "endpoints": "eks-private",
        "flow_logs": {"retention_days": 400, "interval_seconds": 60, "keep_on_destroy": True},
        "query_logs": {"enabled": True, "retention_days": 400, "keep_on_destroy": True},
        "network_acls": {"tiers": ["database"]},
        "dns_firewall": {"threats": ["DGA", "DNS_TUNNELING"], "confidence": "HIGH", "deletion_protection": True},
    },
}
"""What a profile presets, in the form of the environment file; the file's own values go over it."""

_STAND_IN = {"zones": ("euw1-az1",)}
"""Stands in for a required field that is unsound, so that the checks that do not read it can still run."""

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")]
Tags = Mapping[str, str]


class VpcArgs(Args):
    """What a Vpc is given. Only `cidr` and `zones` have to be."""

    cidr: Ipv4Cidr | None = Field(None, description="Primary IPv4 block, /16 to /24. Omitted: it comes from `ipam`.")
    ipam: Ipam | None = Field(None, description="IPAM pool of the primary block. Omitted: none; `cidr` is required.")
    zones: tuple[ZoneId, ...] = Field(
        min_length=1,
        description="Zone ids, not names: names differ per account. Order does not matter. Adding one replaces nothing. Required.",
    )
    region: str | None = Field(
        None,
        description="Region of the zones. Omitted: told by the zone ids, which are then checked; set it for a zone or region newer than "
        "this version.",
    )
    tiers: tuple[Tier, ...] = Field(
        (Tier.PUBLIC, Tier.PRIVATE, Tier.INTRA, Tier.DATABASE),
        min_length=1,
        description="Tiers to build, each a subnet per zone. Omitted: all but cache. Adding one later replaces nothing: its addresses are "
        "reserved.",
    )
    layout: LayoutArgs = Field(LayoutArgs(), description="How the address plan shares the VPC out. Omitted: room for 4 zones.")
    secondary_cidrs: Mapping[TierName, SecondaryCidr] = Field(
        default_factory=dict, description="Further IPv4 blocks, each a tier under its name (`pods`). Omitted: none."
    )

    nat: Nat = Field(Nat.PER_ZONE, description="IPv4 egress of the private tier. Omitted: one gateway per zone.")
    nat_zone: ZoneId | None = Field(
        None,
        description="Zone of the gateway of `nat: single`. Omitted: the zone of the lowest slot; set it before adding a lower zone, else "
        "it moves.",
    )
    nat_eip_ids: Mapping[ZoneId, Late[str]] = Field(
        default_factory=dict, description="Allocation ids of Elastic IPs to reuse, by zone. Omitted: new ones, released with the network."
    )
    ipv6: bool = Field(
        False,
        description="Dual stack: a /64 in every subnet of every tier. Omitted: false. Switching it on replaces nothing; it then stays on: "
        "AWS does not take a block from a VPC whose subnets use it.",
    )
    ipv6_pool: Ipv6Pool | None = Field(None, description="IPAM pool of the IPv6 block. Omitted: a /56 that Amazon provides.")
    ipv6_egress: bool = Field(True, description="With ipv6: route ::/0 of the private tier out, and nothing in. Omitted: true.")
    dns64: bool = Field(
        False,
        description="With ipv6 and NAT: let IPv6-only clients of the private tier reach IPv4-only hosts (DNS64 and 64:ff9b::/96). "
        "Omitted: false, as "
        "it sends dual-stack clients of IPv4-only names, databases in the VPC included, through NAT.",
    )

    endpoints: EndpointProfile = Field(
        EndpointProfile.MINIMAL, description="Which AWS services have an endpoint. Omitted: S3 and DynamoDB gateways."
    )
    extra_endpoints: tuple[ServiceName, ...] = Field(
        (), description="Further interface endpoints by short service name (`codeartifact.api`). Omitted: none."
    )
    endpoint_settings: EndpointSettings = Field(
        EndpointSettings(), description="Where the endpoints lie and whom they serve. Omitted: see its table."
    )

    flow_logs: FlowLogs = Field(FlowLogs(), description="Traffic records. Omitted: to CloudWatch, kept 90 days.")
    query_logs: QueryLogs = Field(QueryLogs(), description="DNS query records. Omitted: off.")
    logs_encryption: LogsEncryption = Field(LogsEncryption(), description="Key of the log groups. Omitted: a KMS key of their own.")
    network_acls: NetworkAcls = Field(
        NetworkAcls(),
        description="What is refused whatever security groups say. Omitted: SSH and Remote Desktop from outside the VPC.",
    )
    dns_firewall: DnsFirewall | None = Field(None, description="Which names may be asked for. Omitted: all.")
    block_public_access: BlockPublicAccess = Field(
        BlockPublicAccess(), description="VPC Block Public Access. Omitted: the account's mode is left alone."
    )

    private_zones: Mapping[Domain, PrivateZone] = Field(default_factory=dict, description="Private hosted zones by domain. Omitted: none.")
    transit_gateway: TransitGateway | None = Field(None, description="Transit Gateway to attach to. Omitted: none.")
    peerings: Mapping[Key, Peering] = Field(default_factory=dict, description="Peering connections to ask for, by a name. Omitted: none.")
    dhcp: DhcpOptions | None = Field(None, description="DHCP options. Omitted: the region's defaults.")

    load_balancer_tags: bool = Field(
        True, description="Tag public and private subnets for the AWS Load Balancer Controller (kubernetes.io/role/...). Omitted: true."
    )
    karpenter_discovery: str | None = Field(
        None, description="Value of the tag karpenter.sh/discovery on private subnets, usually the cluster's name. Omitted: no such tag."
    )
    address_usage_metrics: bool = Field(
        True, description="CloudWatch metrics on how many addresses are in use, at no charge. Omitted: true."
    )
    tags: Tags = Field(default_factory=dict, description="Tags on everything that takes tags. Omitted: only Name and ManagedBy.")
    tier_tags: Mapping[TierName, Tags] = Field(default_factory=dict, description="Further tags on the subnets of a tier. Omitted: none.")
    zone_tags: Mapping[ZoneId, Tags] = Field(default_factory=dict, description="Further tags on the subnets of a zone. Omitted: none.")

    @model_validator(mode="wrap")
    @classmethod
    def _check_whole(cls, data: Any, handler: ModelWrapValidatorHandler["VpcArgs"]) -> "VpcArgs":
        """Report what is wrong in single fields and between fields at once: nobody should have to run it twice."""
        try:
            args = handler(data)
        except ValidationError as error:
            unsound = frozenset(str(entry["loc"][0]) for entry in error.errors() if entry["loc"])
            raise _whole_error(error, _findings_without(data, unsound, handler)) from None
        found = findings(args)
        if found:
            raise _whole_error(None, found)
        return args

    @property
    def address_layout(self) -> Layout:
        """The layout as the address plan takes it."""
        return Layout(self.layout.zone_slots, dict(self.layout.zone_order))

    @property
    def prefix_length(self) -> int | None:
        """Prefix length of the primary block; known before the block is."""
        return self.cidr.prefixlen if self.cidr else self.ipam.netmask_length if self.ipam else None

    @cached_property
    def ordered_zones(self) -> tuple[str, ...]:
        """Zones in the order of their slots: however they were written, the graph is the same."""
        return tuple(sorted(self.zones, key=self.address_layout.slot))

    @property
    def region_name(self) -> str:
        """The region, told by the zones; checked when the args were built."""
        return self.region or region_of(self.zones[0]) or ""

    @property
    def interface_endpoints(self) -> tuple[str, ...]:
        """Short names of the services with an interface endpoint, the profile's first."""
        return tuple(dict.fromkeys((*PROFILES[self.endpoints], *self.extra_endpoints)))


def _findings_without(data: Any, unsound: frozenset[str], handler: ModelWrapValidatorHandler[VpcArgs]) -> list[Finding]:
    """What the checks find that read sound fields only; nothing where not even those can be read."""
    if not isinstance(data, Mapping):
        return []
    try:
        sound = handler(
            {**{key: value for key, value in data.items() if key not in unsound}, **{k: v for k, v in _STAND_IN.items() if k in unsound}}
        )
    except ValidationError:
        return []
    return findings(sound, unsound)


def _whole_error(error: ValidationError | None, found: list[Finding]) -> ValidationError:
    """One error with the faults of fields and the findings between them."""
    faults = error.errors() if error else []
    # Where no item of a list is sound, pydantic calls the list too short as well: a consequence, not a fault.
    broken = {entry["loc"][:-1] for entry in faults}
    details = [
        _detail(entry["type"], {**entry.get("ctx", {}), "message": entry["msg"]}, entry["loc"], entry["input"])
        for entry in faults
        if entry["type"] != "too_short" or entry["loc"] not in broken
    ]
    # The input of a finding is the name of its field: no single value is at fault.
    details += [_detail("network", {"message": message}, path, ".".join(map(str, path))) for path, message in found]
    return ValidationError.from_exception_data("VpcArgs", details)


def _detail(kind: LiteralString, context: dict[str, Any], path: tuple[str | int, ...], value: Any) -> InitErrorDetails:
    """A fault as pydantic takes it; `context` holds its message."""
    return InitErrorDetails(type=PydanticCustomError(kind, "{message}", context), loc=path, input=value)
