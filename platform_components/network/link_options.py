"""The parts of VpcArgs that tie the VPC to other networks and to DNS."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from platform_components.args import Args, Late
from platform_components.network.addresses import Tier
from platform_components.network.options import Cidr, Domain, Key, TierName

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]


class TransitGateway(Args):
    """Attach the VPC to a Transit Gateway someone else owns. Its own route tables are not touched."""

    id: Late[str] = Field(description="Id of the gateway. Required.")
    tier: Tier = Field(Tier.PRIVATE, description="Tier whose subnets hold the attachment's interfaces. Omitted: private.")
    destinations: tuple[Cidr, ...] = Field((), description="Blocks routed to the gateway. Omitted: none; attach only.")
    route_tiers: tuple[TierName, ...] = Field((Tier.PRIVATE,), description="Tiers that get these routes. Omitted: private.")
    appliance_mode: bool = Field(False, description="Keep both directions of a flow in one zone, for firewalls. Omitted: false.")
    security_group_references: bool = Field(True, description="Let security groups name groups of other attached VPCs. Omitted: true.")
    default_association: bool | None = Field(
        None,
        description="Join the gateway's default association table. Omitted: the gateway decides; leave out for a gateway shared with you.",
    )
    default_propagation: bool | None = Field(
        None, description="Announce the VPC in the gateway's default propagation table. Omitted: the gateway decides."
    )


class Peering(Args):
    """Ask another VPC for a peering connection.

    In the same account and region it is accepted at once. Otherwise the other side accepts it, in a program with its own provider:
    `aws.ec2.VpcPeeringConnectionAccepter(..., vpc_peering_connection_id=<output peering_ids>, auto_accept=True)`. The way back (routes,
    security groups) is always the other side's.
    """

    vpc_id: Late[str] = Field(description="Id of the other VPC. Required.")
    account_id: AccountId | None = Field(None, description="Account of the other VPC. Omitted: the same account.")
    region: str | None = Field(None, description="Region of the other VPC. Omitted: the same region.")
    destinations: tuple[Cidr, ...] = Field(min_length=1, description="Blocks of the other VPC that are routed there. Required.")
    route_tiers: tuple[TierName, ...] = Field((Tier.PRIVATE,), description="Tiers that get these routes. Omitted: private.")
    dns_resolution: bool = Field(
        False,
        description="Resolve the other VPC's public DNS names to private addresses; the connection must have been accepted. Omitted: "
        "false.",
    )


class AssociatedVpc(Args):
    """Another VPC that may resolve a private zone."""

    vpc_id: Late[str] = Field(description="Id of the VPC. Required.")
    region: str | None = Field(None, description="Its region. Omitted: the same region.")
    other_account: bool = Field(
        False,
        description="Whether it belongs to another account: then only the authorisation is made here, and that account makes the "
        "association "
        "(`aws.route53.ZoneAssociation`). Omitted: false; the association is made here.",
    )


class PrivateZone(Args):
    """A private hosted zone of this VPC."""

    comment: str = Field(
        "Private zone of the platform network.", max_length=256, description="Comment on the zone. Omitted: a general one."
    )
    delete_records: bool = Field(
        False,
        description="On destroy, delete records that others made (external-dns) as well. Omitted: false; the zone then refuses to go.",
    )
    associated_vpcs: Mapping[Key, AssociatedVpc] = Field(
        default_factory=dict, description="Other VPCs that may resolve it, by a name. Omitted: none."
    )


class ManagedList(Args):
    """A domain list someone else keeps (AWS, or a vendor).

    Its id differs per region: `aws route53resolver list-firewall-domain-lists` shows them.
    """

    id: Annotated[str, StringConstraints(pattern=r"^rslvr-fdl-[a-z0-9]+$")] = Field(description="Id of the list. Required.")
    priority: int = Field(ge=1, le=99, description="Order among the managed lists, lowest first; each its own. Required.")


class DnsFirewall(Args):
    """Which names may be asked for in the VPC. Order: allowed, blocked, managed lists, threats, and last `allow_only_listed`."""

    allowed_domains: tuple[str, ...] = Field(
        (), description="Names that are always answered, whatever they are aliases of; `*.` allowed in front. Omitted: none."
    )
    blocked_domains: tuple[str, ...] = Field((), description="Names that are never answered. Omitted: none.")
    managed_lists: Mapping[Key, ManagedList] = Field(default_factory=dict, description="Lists kept by others, by a name. Omitted: none.")
    threats: tuple[Literal["DGA", "DNS_TUNNELING"], ...] = Field(
        ("DGA", "DNS_TUNNELING"),
        description="Behaviour that is recognised (DNS Firewall Advanced, billed per query): names made by malware, data hidden in "
        "queries. Omitted: both.",
    )
    confidence: Literal["LOW", "MEDIUM", "HIGH"] = Field(
        "HIGH", description="How sure to be of a threat; lower finds more and errs more. Omitted: HIGH."
    )
    action: Literal["BLOCK", "ALERT"] = Field(
        "BLOCK", description="What happens to a match: BLOCK answers NODATA, ALERT only logs it. Omitted: BLOCK."
    )
    allow_only_listed: bool = Field(False, description="Refuse every name that is not in `allowed_domains`. Omitted: false.")
    fail_open: bool = Field(
        False, description="Answer when the firewall itself cannot. Omitted: false: better no answer than an unchecked one."
    )
    priority: int = Field(101, ge=101, le=9899, description="Order of this rule group among those of the VPC. Omitted: 101.")
    deletion_protection: bool = Field(False, description="Refuse to take the rule group off the VPC. Omitted: false.")


class BlockPublicAccess(Args):
    """VPC Block Public Access."""

    account_mode: Literal["off", "block-ingress", "block-bidirectional"] | None = Field(
        None,
        description="Set the mode of the whole account and region; only one network of an account may. Omitted: the account's mode is "
        "left alone.",
    )
    exempt: Literal["nothing", "public", "vpc"] = Field(
        "nothing", description="What is exempt from it: the public subnets, or the whole VPC. Omitted: nothing."
    )
    exempt_mode: Literal["allow-egress", "allow-bidirectional"] = Field(
        "allow-egress", description="What the exempt may do. Omitted: allow-egress, connections from inside only."
    )


class DhcpOptions(Args):
    """What DHCP tells the machines of the VPC."""

    domain_name: Domain | None = Field(None, description="Search domain. Omitted: the region's own.")
    domain_name_servers: tuple[str, ...] = Field(
        ("AmazonProvidedDNS",), min_length=1, max_length=4, description="Resolvers. Omitted: Amazon's."
    )
    ntp_servers: tuple[str, ...] = Field((), max_length=4, description="Time servers. Omitted: none; Amazon Time Sync is always there.")
