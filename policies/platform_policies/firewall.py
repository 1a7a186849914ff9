"""Firewall rules of security groups and network ACLs in one form, wherever they stand: inline, or as resources of their own."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platform_policies.checks import all_of, any_of, items
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import is_unknown
from platform_policies.types import canonical

GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_LIST_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"

ALL_PROTOCOLS = "-1"
LAST_PORT = 65535
_NUMBERS = {"6": "tcp", "17": "udp", "all": ALL_PROTOCOLS}
_WIDEST_V4 = 8
"""Blocks wider than /8 always hold public addresses: two halves of the Internet are the Internet."""
_WIDEST_V6 = 16
_LOCAL_V6 = ipaddress.IPv6Network("fc00::/7")


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule lets through; a value that is not known is None in ports and UNKNOWN in texts."""

    path: str
    """Where it stands in the resource; empty where it is the resource."""
    sources: Sequence[tuple[str, Any]]
    """(path, block or UNKNOWN): who is let in, or where to."""
    protocol: str
    ports: tuple[int, int] | None
    """First and last port; all ports where the rule names none."""
    described: Any = None

    def at(self, name: str) -> str:
        """Path of one of its properties."""
        return f"{self.path}.{name}" if self.path else name

    def label(self) -> str:
        """Protocol and ports as a message says them."""
        if self.protocol == ALL_PROTOCOLS:
            return "all protocols"
        if self.protocol == UNKNOWN:
            return "a protocol not known yet"
        if self.ports is None:
            return self.protocol
        first, last = self.ports
        return f"{self.protocol} {first}" if first == last else f"{self.protocol} {first}-{last}"

    def reaches(self, port: int, *protocols: str) -> bool | None:
        """Whether a port of one of these protocols is let through."""
        if self.protocol == ALL_PROTOCOLS:
            return True
        if self.protocol == UNKNOWN:
            return None
        if self.protocol not in protocols:
            return False
        return None if self.ports is None else self.ports[0] <= port <= self.ports[1]

    def whole(self) -> bool | None:
        """Whether all ports of all protocols, of TCP or of UDP are let through."""
        return any_of(all_of(self.reaches(port, name) for port in (1, LAST_PORT)) for name in ("tcp", "udp"))


def block_is_world(block: Any) -> bool | None:
    """Whether an address block holds the Internet, or a share of it that nobody chose: wider than /8, in IPv6 than /16."""
    if not isinstance(block, str) or block == UNKNOWN:
        return None
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv4Network):
        return network.prefixlen < _WIDEST_V4
    return network.prefixlen < _WIDEST_V6 and not network.subnet_of(_LOCAL_V6)


def world(opening: Opening) -> tuple[bool | None, str, Any]:
    """Whether anyone is let in, by which input, and its value."""
    answers = [(block_is_world(block), path, block) for path, block in opening.sources]
    for wanted in (True, None):
        for answer in answers:
            if answer[0] is wanted:
                return answer
    return False, opening.path, None


def group_openings(node: Node, graph: ResourceGraph, direction: str) -> list[Opening] | None:
    """Rules of one direction in a resource: a group's inline rules, or the rule that it is; None where they are not known."""
    kind = canonical(node.type)
    if kind in {GROUP, DEFAULT_GROUP}:
        listed = items(node.value(direction))
        if listed is None:
            return None
        return [_inline(node, graph, f"{direction}.{index}", rule) for index, rule in enumerate(listed)]
    if kind == GROUP_RULE:
        given = node.value("type")
        if is_unknown(given):
            return None
        return [_inline(node, graph, "", node.inputs)] if given == direction else []
    wanted = INGRESS_RULE if direction == "ingress" else EGRESS_RULE
    return [_separate(node, graph)] if kind == wanted else []


def _inline(node: Node, graph: ResourceGraph, path: str, rule: Any) -> Opening:
    """A rule with lists of blocks: inline, or aws.ec2.SecurityGroupRule."""
    prefix = f"{path}." if path else ""
    if not isinstance(rule, Mapping):
        return Opening(path, [(path, UNKNOWN)], UNKNOWN, None, UNKNOWN)
    sources: list[tuple[str, Any]] = []
    for name in ("cidrBlocks", "ipv6CidrBlocks"):
        listed = items(rule.get(name))
        sources.extend((f"{prefix}{name}", block) for block in ((UNKNOWN,) if listed is None else listed))
    if rule.get("prefixListIds"):
        sources.extend(_prefix_list(node, graph, f"{prefix}prefixListIds"))
    return _opening(path, sources, rule, "protocol")


def _separate(node: Node, graph: ResourceGraph) -> Opening:
    """aws.vpc.SecurityGroupIngressRule and EgressRule: one block each."""
    sources = [(name, node.value(name)) for name in ("cidrIpv4", "cidrIpv6") if node.value(name) is not None]
    if node.value("prefixListId") is not None:
        sources.extend(_prefix_list(node, graph, "prefixListId"))
    return _opening("", sources, node.inputs, "ipProtocol")


def _prefix_list(node: Node, graph: ResourceGraph, path: str) -> Iterator[tuple[str, Any]]:
    """Blocks of a prefix list of this graph; what another one holds is not known."""
    lists = [one for one in graph.referred(node, path) if canonical(one.type) == PREFIX_LIST]
    if not lists:
        yield path, UNKNOWN
    for one in lists:
        entries = items(one.value("entries"))
        for entry in (UNKNOWN,) if entries is None else entries:
            yield path, entry.get("cidr") if isinstance(entry, Mapping) else UNKNOWN
        for separate in graph.referring(one, PREFIX_LIST_ENTRY, "prefixListId"):
            yield path, separate.value("cidr")


def _opening(path: str, sources: Sequence[tuple[str, Any]], rule: Mapping[str, Any], protocol: str) -> Opening:
    name = _protocol(rule.get(protocol))
    return Opening(path, sources, name, port_range(rule), rule.get("description"))


def _protocol(value: Any) -> str:
    name = UNKNOWN if value is None else str(_whole_number(value) if isinstance(value, (int, float)) else value).lower()
    return _NUMBERS.get(name, name)


def _whole_number(value: Any) -> int | None:
    """A port as a number: JSON brings floats, YAML programs bring texts."""
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return None


def port_range(rule: Mapping[str, Any]) -> tuple[int, int] | None:
    """First and last port; no port, or -1, is every port; None where one is not known."""
    first, last = (rule.get(name, -1) for name in ("fromPort", "toPort"))
    ends = _whole_number(-1 if first is None else first), _whole_number(-1 if last is None else last)
    if ends[0] is None or ends[1] is None:
        return None
    return (0, LAST_PORT) if ends[0] < 0 else (ends[0], LAST_PORT if ends[1] < 0 else ends[1])


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a network ACL: entries are tried in the order of their numbers, and the first that fits decides."""

    number: int | None
    action: Any
    opening: Opening


def acl_entries(listed: Sequence[Any], path: str, names: tuple[str, str]) -> list[Entry]:
    """Entries from blocks (`ruleNo`, `action`) or from rules of their own (`ruleNumber`, `ruleAction`)."""
    entries = []
    for index, block in enumerate(listed):
        here = f"{path}.{index}" if path else ""
        prefix = f"{here}." if here else ""
        if not isinstance(block, Mapping):
            entries.append(Entry(None, UNKNOWN, Opening(here, [(here, UNKNOWN)], UNKNOWN, None)))
            continue
        sources = [(f"{prefix}{name}", block[name]) for name in ("cidrBlock", "ipv6CidrBlock") if block.get(name)]
        opening = _opening(here, sources, block, "protocol")
        entries.append(Entry(_whole_number(block.get(names[0])), block.get(names[1]), opening))
    return entries


def shadowed(entry: Entry, others: Sequence[Entry], port: int, protocol: str) -> bool:
    """Whether an earlier entry of the same ACL refuses the same port to the same block, or to everyone of that family."""
    _, _, block = world(entry.opening)
    family = "::/0" if ":" in str(block) else "0.0.0.0/0"
    return any(
        other.action == "deny"
        and other.number is not None
        and entry.number is not None
        and other.number < entry.number
        and other.opening.reaches(port, protocol) is True
        and any(source in (block, family) for _, source in other.opening.sources)
        for other in others
    )
