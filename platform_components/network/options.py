"""The parts of VpcArgs: one model per feature, each frozen and complete by itself."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from platform_components.args import Args, Late
from platform_components.network.addresses import Tier
from platform_components.network.zones import ZONE_ID_PATTERN, zone_id_problem

LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Retentions that CloudWatch Logs takes, in days (API reference of PutRetentionPolicy)."""

FLOW_LOG_FIELDS = (
    "version",
    "account-id",
    "vpc-id",
    "subnet-id",
    "az-id",
    "instance-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "tcp-flags",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "flow-direction",
    "traffic-path",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
)
"""Fields of a flow log record, versions 2 to 5: with pkt-srcaddr and traffic-path a pod's flow through NAT or an endpoint can be told."""


def _zone_id(value: str) -> str:
    problem = zone_id_problem(value)
    if problem:
        raise PydanticCustomError("zone_id", "{problem}", {"problem": problem})
    return value


def _cidr(value: Any) -> Any:
    """Refuse what ipaddress would take for a block by accident (numbers), and say which block was probably meant."""
    if isinstance(value, (IPv4Network, IPv6Network)):
        return value
    network = IPv6Network if ":" in str(value) else IPv4Network
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError  # noqa: TRY301 -- a block without a prefix length is a single address by accident
        loose = network(value, strict=False)
    except ValueError:
        message = f"{value!r} is no CIDR block; write one such as 10.0.0.0/16"
        raise PydanticCustomError("cidr", "{message}", {"message": message}) from None
    if str(loose.network_address) != value.partition("/")[0].lower():
        message = f"{value} has bits set beyond its prefix length; did you mean {loose}?"
        raise PydanticCustomError("cidr", "{message}", {"message": message})
    return loose


def _ipv4_cidr(value: Any) -> Any:
    block = _cidr(value)
    if isinstance(block, IPv6Network):
        message = f"{str(block)!r} is an IPv6 block; write an IPv4 block such as 10.0.0.0/16"
        raise PydanticCustomError("cidr", "{message}", {"message": message})
    return block


def _retention(value: int) -> int:
    if value not in LOG_RETENTION_DAYS:
        message = f"CloudWatch Logs cannot keep logs for {value} days; choose from {', '.join(map(str, LOG_RETENTION_DAYS))}"
        raise PydanticCustomError("retention", "{message}", {"message": message})
    return value


ZoneId: TypeAlias = Annotated[str, AfterValidator(_zone_id), Field(json_schema_extra={"pattern": ZONE_ID_PATTERN})]
Ipv4Cidr: TypeAlias = Annotated[IPv4Network, BeforeValidator(_ipv4_cidr)]
Cidr: TypeAlias = Annotated[IPv4Network | IPv6Network, BeforeValidator(_cidr)]
Key: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,18}[a-z0-9]$")]
"""A name people give to one of several things; becomes part of resource names."""
TierName: TypeAlias = Key
"""A tier, or the name of a secondary block, which is a tier too."""
Domain: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=255)
]
RetentionDays: TypeAlias = Annotated[int, AfterValidator(_retention), Field(json_schema_extra={"enum": list(LOG_RETENTION_DAYS)})]


class Nat(StrEnum):
    """How the private tier reaches IPv4 addresses outside."""

    NONE = "none"
    """Not at all."""
    SINGLE = "single"
    """One gateway for all zones: cheapest; its zone's failure cuts off all, and traffic between zones is billed."""
    PER_ZONE = "per-zone"
    """One gateway in each zone."""
    REGIONAL = "regional"
    """One gateway that AWS spreads over the zones in use; needs no public subnet."""


class Ipam(Args):
    """Take the VPC's IPv4 block from an IPAM pool."""

    pool_id: Late[str] = Field(description="Id of the IPv4 pool. Required.")
    netmask_length: int | None = Field(
        None,
        ge=16,
        le=24,
        description="Prefix length to ask the pool for, 16 to 24. The block is then known at `up` only, but the plan is not: subnets keep "
        "their "
        "places within it. Omitted: the pool must give exactly `cidr`.",
    )


class Ipv6Pool(Args):
    """Take the VPC's IPv6 block from an IPAM pool."""

    pool_id: Late[str] = Field(description="Id of the IPv6 pool. Required.")
    netmask_length: Literal[44, 48, 52, 56] = Field(
        56, description="Prefix length to ask the pool for. Omitted: /56, which is 256 subnets."
    )


class LayoutArgs(Args):
    """How the address plan shares the VPC out. Changing it on a living VPC replaces subnets."""

    zone_slots: Literal[1, 2, 4, 8] = Field(
        4, description="Zones each tier has room for, in use or not. Omitted: 4. More slots, smaller subnets; a /24 takes 1 or 2."
    )
    zone_order: Mapping[ZoneId, int] = Field(
        default_factory=dict, description="Slot of a zone, from 0. Omitted: the number at the end of the zone id, less one."
    )
    blocks: Mapping[Tier, Mapping[ZoneId, Ipv4Cidr]] = Field(
        default_factory=dict,
        description="Subnet blocks set by hand, by tier and zone, for a VPC that was laid out elsewhere. Omitted: all blocks are planned.",
    )


class SecondaryCidr(Args):
    """A further IPv4 block of the VPC: a tier of its own, routed like the private tier. Typically 100.64.0.0/16 for pods."""

    cidr: Ipv4Cidr | None = Field(None, description="The block, /16 to /28. Omitted: it comes from `ipam`.")
    ipam: Ipam | None = Field(None, description="Pool the block comes from. Omitted: none; `cidr` is required.")


class EndpointSettings(Args):
    """Where interface endpoints lie and whom they serve."""

    tier: Tier = Field(Tier.PRIVATE, description="Tier that holds the interfaces of the endpoints. Omitted: private.")
    restrict: bool = Field(
        True,
        description="Attach a policy that lets in only identities of this account (or those below), where the service takes a policy. "
        "Omitted: true. Which resources they reach stays with their own permissions.",
    )
    account_ids: tuple[Annotated[str, StringConstraints(pattern=r"^\d{12}$")], ...] = Field(
        (), description="Further accounts whose identities may pass. Omitted: only the VPC's own account."
    )
    organization_id: Annotated[str, StringConstraints(pattern=r"^o-[a-z0-9]{10,32}$")] | None = Field(
        None, description="Let in identities of this whole organization instead. Omitted: accounts decide."
    )
    policy_services: tuple[str, ...] = Field(
        (),
        description="Extra endpoints, by short name, that get the policy as well: this version knows which services take one, but not all. "
        "Omitted: none; the endpoint of a service it does not know has no policy, which is full access.",
    )
    service_zones: Mapping[str, Annotated[tuple[ZoneId, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Zones of a service's endpoint by short name, for services that AWS does not offer in each zone of the region: it "
        "refuses their endpoint as a whole if one subnet lies elsewhere. Zones without an interface still reach it, across zones. "
        "Omitted: every zone.",
    )
    service_names: Mapping[str, str] = Field(
        default_factory=dict,
        description="Full endpoint service name by short name, where it is not `com.amazonaws.REGION.NAME` (some services in China). "
        "Omitted: none.",
    )


class LogsEncryption(Args):
    """Which key encrypts the log groups of this network."""

    owned_key: bool = Field(
        True,
        description="Create a KMS key with yearly rotation for them, whose policy says who reads them. Omitted: true, without `key_arn`.",
    )
    key_arn: Late[str] | None = Field(
        None,
        description="ARN of an existing key, whose policy must admit CloudWatch Logs. Omitted: the owned key, else the key AWS owns.",
    )

    @property
    def creates_key(self) -> bool:
        """Whether a key is to be made."""
        return self.owned_key and self.key_arn is None


class FlowLogs(Args):
    """Records of the traffic of the whole VPC."""

    destination: Literal["cloudwatch", "s3", "none"] = Field(
        "cloudwatch", description="Where they go. Omitted: a CloudWatch log group of their own."
    )
    retention_days: RetentionDays = Field(
        90, description="Days the log group keeps them. Omitted: 90 days. No use with S3: its bucket decides."
    )
    keep_on_destroy: bool = Field(
        False, description="Leave the log group (and an owned key, else it could not be read) behind on destroy. Omitted: false."
    )
    bucket_arn: Late[str] | None = Field(None, description="ARN of the bucket, and optionally a folder, for S3. Omitted: none.")
    traffic: Literal["ALL", "ACCEPT", "REJECT"] = Field("ALL", description="Which traffic is recorded. Omitted: ALL.")
    interval_seconds: Literal[60, 600] = Field(
        600, description="Longest time a flow is gathered before it is written. Omitted: 600 seconds."
    )
    fields: tuple[str, ...] = Field(
        tuple(FLOW_LOG_FIELDS),
        min_length=1,
        description="Fields of a record, in order. Omitted: all fields of versions 2 to 5 of use in a VPC.",
    )
    parquet: bool = Field(True, description="For S3: write Parquet, partitioned for Hive by the hour. Omitted: true; else plain text.")


class QueryLogs(Args):
    """Records of every DNS question asked in the VPC, in a log group of their own."""

    enabled: bool = Field(False, description="Whether to record them. Omitted: false.")
    retention_days: RetentionDays = Field(90, description="Days the log group keeps them. Omitted: 90 days.")
    keep_on_destroy: bool = Field(False, description="Leave the log group behind on destroy. Omitted: false.")


class NetworkAcls(Args):
    """What network ACLs refuse, whatever security groups let in.

    Tiers that are closed let in and out nothing but the VPC's own blocks; gateway endpoints (S3, DynamoDB) are then out of their reach, as
    their addresses lie outside the VPC. All other tiers are open but for SSH and Remote Desktop.
    """

    tiers: tuple[Literal[Tier.INTRA, Tier.DATABASE, Tier.CACHE], ...] = Field(
        (),
        description="Tiers that are closed. Closing one that runs cuts it off for some seconds, between the open ACL and its own; opening "
        "one does not. Omitted: none.",
    )
    refuse_admin_ports: bool = Field(
        True,
        description="Refuse SSH and Remote Desktop (TCP 22 and 3389) in open tiers, from all addresses but the VPC's and `allowed_cidrs`. "
        "Omitted: true. An ACL knows no connections: of those that leave through NAT, whose ports are drawn from 1024 to 65535, one in "
        "64,512 draws 3389 and times out; set false where that weighs more.",
    )
    allowed_cidrs: tuple[Cidr, ...] = Field(
        (),
        max_length=8,
        description="Blocks beyond the VPC (peers, on-premises) that closed tiers let in as well, and open ones to SSH and Remote Desktop. "
        "Omitted: none.",
    )
