"""Network ACLs, and the default one of a VPC, which is adopted and locked down."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Row, Scope, Update, arn, parts, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, filters, specification, tag_adopted

_DIRECTIONS = ("ingress", "egress")


def _entry(rule: Mapping[str, Any], *, egress: bool) -> dict[str, Any]:
    protocol = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}.get(str(rule["protocol"]).lower(), str(rule["protocol"]))
    entry = {
        "RuleNumber": int(rule["ruleNo"]),
        "Protocol": protocol,
        "RuleAction": str(rule["action"]).lower(),
        "Egress": egress,
        "CidrBlock": rule.get("cidrBlock") or None,
        "Ipv6CidrBlock": rule.get("ipv6CidrBlock") or None,
        "PortRange": {"From": int(rule["fromPort"]), "To": int(rule["toPort"])} if protocol in {"6", "17"} else None,
        "IcmpTypeCode": {"Type": int(rule["icmpType"]), "Code": int(rule["icmpCode"])} if protocol in {"1", "58"} else None,
    }
    return {key: value for key, value in entry.items() if value is not None}


_DEFAULT_ENTRIES = {32767, 32768}
"""Numbers of the deny-all entries that every ACL has."""


def _held_entries(acl: Mapping[str, Any], *, egress: bool) -> list[dict[str, Any]]:
    keys = ("RuleNumber", "Protocol", "RuleAction", "Egress", "CidrBlock", "Ipv6CidrBlock", "PortRange", "IcmpTypeCode")
    return [
        {key: entry[key] for key in keys if entry.get(key) is not None}
        for entry in acl["Entries"]
        if entry["Egress"] == egress and entry["RuleNumber"] not in _DEFAULT_ENTRIES
    ]


def _wire_entries(direction: str) -> F:
    def compute(scope: Scope) -> list[dict[str, Any]]:
        egress = direction == "egress"
        held, declared = _held_entries(scope.item, egress=egress), scope.new.get(direction)
        if declared is not None:
            wanted = [_entry(rule, egress=egress) for rule in declared]
            if len(wanted) == len(held) and all(entry in held for entry in wanted):
                return list(declared)
        return [
            {
                "ruleNo": entry["RuleNumber"],
                "protocol": entry["Protocol"],
                "action": entry["RuleAction"],
                "fromPort": entry.get("PortRange", {}).get("From", 0),
                "toPort": entry.get("PortRange", {}).get("To", 0),
                **({"cidrBlock": entry["CidrBlock"]} if "CidrBlock" in entry else {}),
                **({"ipv6CidrBlock": entry["Ipv6CidrBlock"]} if "Ipv6CidrBlock" in entry else {}),
            }
            for entry in held
        ]

    return F(compute)


def _acl(scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = scope.call("ec2", "describe_network_acls", NetworkAclIds=[scope.id])["NetworkAcls"][0]
    return found


def _set_entries(scope: Scope) -> None:
    acl = _acl(scope)
    for direction in _DIRECTIONS:
        egress = direction == "egress"
        wanted = [_entry(rule, egress=egress) for rule in scope.new.get(direction) or ()]
        held = _held_entries(acl, egress=egress)
        for entry in held:
            if entry not in wanted:
                scope.call("ec2", "delete_network_acl_entry", NetworkAclId=scope.id, RuleNumber=entry["RuleNumber"], Egress=egress)
        for entry in wanted:
            if entry not in held:
                scope.call("ec2", "create_network_acl_entry", NetworkAclId=scope.id, **entry)


def _default_acl(scope: Scope) -> str:
    acls = scope.call("ec2", "describe_network_acls", Filters=filters(vpc_id=_acl(scope)["VpcId"], default="true"))["NetworkAcls"]
    return str(acls[0]["NetworkAclId"])


def _associate_subnets(scope: Scope, subnets: Iterable[str], acl: str) -> None:
    for subnet in subnets:
        held = scope.call("ec2", "describe_network_acls", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"]
        for association in itertools.chain.from_iterable(found["Associations"] for found in held):
            if association["SubnetId"] == subnet and association["NetworkAclId"] != acl:
                scope.call("ec2", "replace_network_acl_association", AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)


def _set_subnets(scope: Scope) -> None:
    wanted = scope.new.get("subnetIds") or []
    _associate_subnets(scope, wanted, scope.id)
    left = [subnet for subnet in scope.old.get("subnetIds") or () if subnet not in wanted]
    if left:
        _associate_subnets(scope, left, _default_acl(scope))


def _release_subnets(scope: Scope) -> None:
    held = [association["SubnetId"] for association in _acl(scope)["Associations"]]
    if held:
        _associate_subnets(scope, held, _default_acl(scope))


_RULE = {
    "ruleNumber": "ruleNo",
    "protocol": "protocol",
    "ruleAction": "action",
    "cidrBlock": "cidrBlock",
    "ipv6CidrBlock": "ipv6CidrBlock",
    "fromPort": "fromPort",
    "toPort": "toPort",
    "icmpType": "icmpType",
    "icmpCode": "icmpCode",
}
"""What a rule of its own calls the fields of a rule inside an ACL."""


def _rule(scope: Scope) -> dict[str, Any]:
    return _entry({inner: scope.new.get(prop) for prop, inner in _RULE.items()}, egress=bool(scope.new.get("egress")))


def _of_rule(field: str) -> F:
    return F(lambda scope: _rule(scope).get(field), (*_RULE, "egress"))


def _held_rule(scope: Scope) -> dict[str, Any] | None:
    wanted = _rule(scope)
    held = _held_entries(scope.item, egress=wanted["Egress"])
    return next((entry for entry in held if entry["RuleNumber"] == wanted["RuleNumber"]), None)


_ACL_PROPS: dict[str, str | F] = {
    "arn": arn("ec2", "network-acl/{id}"),
    "vpcId": "VpcId",
    "ownerId": "OwnerId",
    "ingress": _wire_entries("ingress"),
    "egress": _wire_entries("egress"),
    "subnetIds": "Associations[].SubnetId",
}
_ACL_UPDATES = (Update(("ingress", "egress"), (_set_entries,), on_create=True), Update(("subnetIds",), (_set_subnets,), on_create=True))

ROWS = rows(
    Row(
        "aws:ec2/networkAcl:NetworkAcl",
        "ec2",
        create=Call("create_network_acl", {"VpcId": "$vpcId", "TagSpecifications": specification("network-acl")}),
        id="NetworkAcl.NetworkAclId",
        read=Call("describe_network_acls", {"NetworkAclIds": ["$id"]}, at="NetworkAcls[0]"),
        props=_ACL_PROPS,
        updates=_ACL_UPDATES,
        delete=(_release_subnets, Call("delete_network_acl", {"NetworkAclId": "$id"})),
        tags=EC2_TAGS,
        shared=frozenset({"subnetIds", "ingress", "egress"}),
    ),
    Row(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "ec2",
        create=Call("describe_network_acls", {"NetworkAclIds": ["$defaultNetworkAclId"]}),
        id="NetworkAcls[0].NetworkAclId",
        read=Call("describe_network_acls", {"NetworkAclIds": ["$id"]}, at="NetworkAcls[0]"),
        props={**_ACL_PROPS, "defaultNetworkAclId": "NetworkAclId"},
        after_create=(_set_entries, tag_adopted),
        updates=(Update(("ingress", "egress"), (_set_entries,)), Update(("subnetIds",), (_set_subnets,), on_create=True)),
        defaults={"ingress": [], "egress": []},
        tags=EC2_TAGS,
        shared=frozenset({"subnetIds"}),
        delete_first=True,
    ),
    Row(
        "aws:ec2/networkAclRule:NetworkAclRule",
        "ec2",
        create=Call(
            "create_network_acl_entry",
            {
                "NetworkAclId": "$networkAclId",
                **{
                    field: _of_rule(field)
                    for field in (
                        "RuleNumber",
                        "Protocol",
                        "RuleAction",
                        "Egress",
                        "CidrBlock",
                        "Ipv6CidrBlock",
                        "PortRange",
                        "IcmpTypeCode",
                    )
                },
            },
        ),
        id=F(lambda scope: "{networkAclId}:{ruleNumber}:{protocol}:{egress}".format_map({"egress": False, **scope.new})),
        read=Call("describe_network_acls", {"NetworkAclIds": ["$networkAclId"]}, at="NetworkAcls[0]"),
        extras=(Extra("rule", _held_rule),),
        gone="rule == `null`",
        props={
            "networkAclId": "NetworkAclId",
            "ruleAction": "rule.RuleAction",
            "cidrBlock": "rule.CidrBlock",
            "ipv6CidrBlock": "rule.Ipv6CidrBlock",
        },
        delete=(
            Call(
                "delete_network_acl_entry",
                {"NetworkAclId": "$networkAclId", "RuleNumber": "$ruleNumber", "Egress": F(lambda scope: bool(scope.new.get("egress")))},
            ),
        ),
        defaults={"egress": False},
        parse=parts("networkAclId", "ruleNumber", "protocol", "egress", separator=":"),
        # A number is taken until the rule that has it is gone.
        delete_first=True,
    ),
)
