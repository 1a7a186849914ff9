"""Security groups and their rules, and the default group of a VPC, which is adopted and locked down."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Name, Row, Scope, Update, arn, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, RULE_TAGS, filters, specification, tag_adopted

Rule = dict[str, Any]
_SOURCES = (
    ("cidrBlocks", "IpRanges", "CidrIp"),
    ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6"),
    ("prefixListIds", "PrefixListIds", "PrefixListId"),
    ("securityGroups", "UserIdGroupPairs", "GroupId"),
)
_ANY_PROTOCOL = {"-1", "all"}


def atoms(rules: Iterable[Mapping[str, Any]], group: str) -> list[Rule]:
    """Rules in the SDK's form, taken apart to one source each, as AWS's parameters."""
    found = []
    for rule in rules:
        protocol = str(rule.get("protocol", "-1")).lower()
        base: Rule = {"IpProtocol": "-1" if protocol in _ANY_PROTOCOL else protocol}
        if base["IpProtocol"] != "-1":
            base.update(FromPort=int(rule["fromPort"]), ToPort=int(rule["toPort"]))
        note = {"Description": rule["description"]} if rule.get("description") else {}
        for prop, api, key in _SOURCES:
            sources = list(rule.get(prop) or ())
            if prop == "securityGroups" and rule.get("self"):
                sources.append(group)
            found += [{**base, api: [{key: source, **note}]} for source in sources]
    return found


def _permission_atoms(permissions: Iterable[Mapping[str, Any]]) -> list[Rule]:
    found = []
    for permission in permissions:
        base = {"IpProtocol": permission["IpProtocol"]}
        if permission["IpProtocol"] != "-1":
            base.update(FromPort=permission.get("FromPort", -1), ToPort=permission.get("ToPort", -1))
        for _, api, key in _SOURCES:
            for source in permission.get(api) or ():
                note = {"Description": source["Description"]} if source.get("Description") else {}
                found.append({**base, api: [{key: source[key], **note}]})
    return found


def _wire_rules(found: list[Rule], group: str) -> list[Rule]:
    """Atoms in the SDK's form, one rule for each."""
    rules = []
    for atom in found:
        rule: Rule = {"protocol": atom["IpProtocol"], "fromPort": atom.get("FromPort", 0), "toPort": atom.get("ToPort", 0)}
        for prop, api, key in _SOURCES:
            for source in atom.get(api, ()):
                rule.update({"self": True} if source[key] == group else {prop: [source[key]]})
                if source.get("Description"):
                    rule["description"] = source["Description"]
        rules.append(rule)
    return rules


_DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def _held(scope: Scope, direction: str) -> list[Rule]:
    group = scope.call("ec2", "describe_security_groups", GroupIds=[scope.id])["SecurityGroups"][0]
    return _permission_atoms(group[_DIRECTIONS[direction]])


def set_rules(scope: Scope, direction: str) -> None:
    """Make the group's rules of one direction the declared ones."""
    wanted, held = atoms(scope.new.get(direction) or (), scope.id), _held(scope, direction)
    for rule in held:
        if rule not in wanted:
            scope.call("ec2", f"revoke_security_group_{direction}", GroupId=scope.id, IpPermissions=[rule])
    for rule in wanted:
        if rule not in held:
            scope.call("ec2", f"authorize_security_group_{direction}", GroupId=scope.id, IpPermissions=[rule])


def _inline(direction: str) -> F:
    """Rules read back: the declared ones if they are what AWS has, else AWS's, one source each."""

    def compute(scope: Scope) -> list[Rule]:
        held, declared = _permission_atoms(scope.item[_DIRECTIONS[direction]]), scope.new.get(direction)
        if declared is not None:
            wanted = atoms(declared, scope.id)
            if len(wanted) == len(held) and all(rule in held for rule in wanted):
                return list(declared)
        return _wire_rules(held, scope.id)

    return F(compute)


def _without_default_egress(scope: Scope) -> None:
    """AWS opens a new group to everywhere; the provider closes it, unless rules are declared."""
    set_rules(scope, "egress")


_SET_RULES = tuple(Update((direction,), (partial(set_rules, direction=direction),)) for direction in _DIRECTIONS)
_GROUP_PROPS: dict[str, str | F] = {
    "arn": arn("ec2", "security-group/{id}"),
    "vpcId": "VpcId",
    "name": "GroupName",
    "description": "Description",
    "ownerId": "OwnerId",
    "ingress": _inline("ingress"),
    "egress": _inline("egress"),
}


# -- rules as resources of their own


def _permission(scope: Scope) -> list[Rule]:
    new = scope.new
    base: Rule = {"IpProtocol": str(new["ipProtocol"])}
    if base["IpProtocol"] != "-1":
        base.update(FromPort=new.get("fromPort"), ToPort=new.get("toPort"))
    note = {"Description": new["description"]} if new.get("description") else {}
    for prop, api, key in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if new.get(prop):
            base[api] = [{key: new[prop], **note}]
    return [base]


_RULE_INPUTS = (
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
    "description",
)
_CHANGED_RULE = {
    "SecurityGroupRuleId": "$id",
    "SecurityGroupRule": {
        "IpProtocol": "$ipProtocol",
        "FromPort": F(lambda scope: scope.new.get("fromPort", -1)),
        "ToPort": F(lambda scope: scope.new.get("toPort", -1)),
        "CidrIpv4": "$cidrIpv4",
        "CidrIpv6": "$cidrIpv6",
        "PrefixListId": "$prefixListId",
        "ReferencedGroupId": "$referencedSecurityGroupId",
        "Description": "$description",
    },
}


def _described(scope: Scope, direction: str) -> Any:
    """A rule's description; that of a rule whose source is a group moto tells with the group only."""
    rule = scope.item["rule"]
    source = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    if source is None:
        return rule.get("Description")
    group = scope.call("ec2", "describe_security_groups", GroupIds=[rule["GroupId"]])["SecurityGroups"][0]
    for permission in group[_DIRECTIONS[direction]]:
        if (permission["IpProtocol"], permission.get("FromPort")) == (rule["IpProtocol"], rule.get("FromPort")):
            for pair in permission["UserIdGroupPairs"]:
                if pair["GroupId"] == source:
                    return pair.get("Description")
    return None


def _rule_row(direction: str) -> Row:
    title = "Ingress" if direction == "ingress" else "Egress"
    return Row(
        f"aws:vpc/securityGroup{title}Rule:SecurityGroup{title}Rule",
        "ec2",
        create=Call(
            f"authorize_security_group_{direction}",
            {
                "GroupId": "$securityGroupId",
                "IpPermissions": F(_permission, _RULE_INPUTS),
                "TagSpecifications": specification("security-group-rule"),
            },
        ),
        id="SecurityGroupRules[0].SecurityGroupRuleId",
        read=Call(
            "describe_security_group_rules",
            {"Filters": filters(group_id="$securityGroupId")},
            at="SecurityGroupRules",
        ),
        extras=(
            Extra(
                "rule",
                lambda scope: next((rule for rule in scope.item["value"] if rule["SecurityGroupRuleId"] == scope.id), None),
            ),
        ),
        gone="rule == `null`",
        props={
            "arn": arn("ec2", "security-group-rule/{id}"),
            "securityGroupRuleId": "rule.SecurityGroupRuleId",
            "securityGroupId": "rule.GroupId",
            "ipProtocol": "rule.IpProtocol",
            "fromPort": "rule.IpProtocol != '-1' && rule.FromPort || `null`",
            "toPort": "rule.IpProtocol != '-1' && rule.ToPort || `null`",
            "cidrIpv4": "rule.CidrIpv4",
            "cidrIpv6": "rule.CidrIpv6",
            "prefixListId": "rule.PrefixListId",
            "referencedSecurityGroupId": "rule.ReferencedGroupInfo.GroupId",
            "description": F(partial(_described, direction=direction)),
        },
        updates=(
            Update(
                _RULE_INPUTS,
                (Call("modify_security_group_rules", {"GroupId": "$securityGroupId", "SecurityGroupRules": [_CHANGED_RULE]}),),
            ),
        ),
        delete=(Call(f"revoke_security_group_{direction}", {"GroupId": "$securityGroupId", "SecurityGroupRuleIds": ["$id"]}),),
        tags=RULE_TAGS,
        force_new=frozenset({"securityGroupId"}),
    )


def _old_rule_permissions(scope: Scope) -> list[Rule]:
    return atoms(
        [{**scope.new, "securityGroups": [scope.new["sourceSecurityGroupId"]] if scope.new.get("sourceSecurityGroupId") else []}],
        scope.new["securityGroupId"],
    )


def _old_rule_call(action: str) -> Any:
    def run(scope: Scope) -> None:
        scope.call(
            "ec2",
            f"{action}_security_group_{scope.new['type']}",
            GroupId=scope.new["securityGroupId"],
            IpPermissions=_old_rule_permissions(scope),
        )

    return run


def _old_rule_exists(scope: Scope) -> bool | None:
    scope_ = Scope(scope.region, scope.subject, scope.new, id=scope.new["securityGroupId"])
    held = _held(scope_, scope.new["type"])
    return all(rule in held for rule in _old_rule_permissions(scope)) or None


def _old_rule_id(scope: Scope) -> str:
    from platformctl.sandbox.aws.interpreter import input_digest  # noqa: PLC0415 -- the interpreter imports no rows, rows are imported late

    return f"sgrule-{int(input_digest(_old_rule_permissions(scope)[0])[:8], 16)}{scope.new['type'][0]}"


ROWS = rows(
    Row(
        "aws:ec2/securityGroup:SecurityGroup",
        "ec2",
        create=Call(
            "create_security_group",
            {"GroupName": "$name", "Description": "$description", "VpcId": "$vpcId", "TagSpecifications": specification("security-group")},
        ),
        id="GroupId",
        read=Call("describe_security_groups", {"GroupIds": ["$id"]}, at="SecurityGroups[0]"),
        props=_GROUP_PROPS,
        after_create=(_without_default_egress, lambda scope: set_rules(scope, "ingress")),
        updates=_SET_RULES,
        delete=(Call("delete_security_group", {"GroupId": "$id"}),),
        defaults={"description": "Managed by Pulumi"},
        name=Name(),
        tags=EC2_TAGS,
        shared=frozenset(_DIRECTIONS),
        local=frozenset({"revokeRulesOnDelete", "namePrefix"}),
    ),
    Row(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "ec2",
        create=Call("describe_security_groups", {"Filters": filters(vpc_id="$vpcId", group_name="default")}),
        id="SecurityGroups[0].GroupId",
        read=Call("describe_security_groups", {"GroupIds": ["$id"]}, at="SecurityGroups[0]"),
        props=_GROUP_PROPS,
        after_create=(lambda scope: set_rules(scope, "ingress"), lambda scope: set_rules(scope, "egress"), tag_adopted),
        updates=_SET_RULES,
        defaults={"ingress": [], "egress": []},
        tags=EC2_TAGS,
        local=frozenset({"revokeRulesOnDelete"}),
        delete_first=True,
    ),
    _rule_row("ingress"),
    _rule_row("egress"),
    Row(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "ec2",
        create=Call("describe_security_groups", {"GroupIds": ["$securityGroupId"]}),
        id=F(_old_rule_id),
        after_create=(_old_rule_call("authorize"),),
        read=Call("describe_security_groups", {"GroupIds": ["$securityGroupId"]}, at="SecurityGroups[0]"),
        extras=(Extra("exists", _old_rule_exists),),
        gone="exists == `null`",
        delete=(_old_rule_call("revoke"),),
        updates=(),
        force_new=frozenset(
            {
                "type",
                "protocol",
                "fromPort",
                "toPort",
                "cidrBlocks",
                "ipv6CidrBlocks",
                "prefixListIds",
                "sourceSecurityGroupId",
                "self",
                "securityGroupId",
                "description",
            }
        ),
        local=frozenset(
            {
                "type",
                "protocol",
                "fromPort",
                "toPort",
                "cidrBlocks",
                "ipv6CidrBlocks",
                "prefixListIds",
                "sourceSecurityGroupId",
                "self",
                "description",
            }
        ),
    ),
)
