"""Route 53 Resolver: DNS firewall and query logs. moto has neither whole, so they are recorded."""

import hashlib

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, rows


def _id(prefix: str) -> F:
    return F(lambda scope: f"{prefix}-{hashlib.sha256(scope.subject.urn.encode()).hexdigest()[:16]}")


def _arn(kind: str) -> F:
    return F(lambda scope: f"arn:{scope.region.partition}:route53resolver:{scope.region.name}:{scope.region.account}:{kind}/{scope.id}")


def _request(scope: Scope) -> str:
    return hashlib.sha256(scope.subject.urn.encode()).hexdigest()[:32]


_REQUEST = {"CreatorRequestId": F(_request)}
_OWNED = {"ownerId": F(lambda scope: scope.region.account), "shareStatus": F(lambda _: "NOT_SHARED")}
_RULE = {
    "FirewallRuleGroupId": "$firewallRuleGroupId",
    "FirewallDomainListId": "$firewallDomainListId",
    "Name": "$name",
    "Priority": "$priority",
    "Action": "$action",
    "BlockResponse": "$blockResponse",
    "BlockOverrideDomain": "$blockOverrideDomain",
    "BlockOverrideDnsType": "$blockOverrideDnsType",
    "BlockOverrideTtl": "$blockOverrideTtl",
    "FirewallDomainRedirectionAction": "$firewallDomainRedirectionAction",
    "Qtype": "$qType",
    "DnsThreatProtection": "$dnsThreatProtection",
    "ConfidenceThreshold": "$confidenceThreshold",
}

ROWS = rows(
    Row(
        "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
        "route53resolver",
        emulated=False,
        create=Call("create_firewall_domain_list", {**_REQUEST, "Name": "$name", "Tags": TAG_LIST}),
        id=_id("rslvr-fdl"),
        props={"arn": _arn("firewall-domain-list")},
        name=Name(max_length=64),
        force_new=frozenset({"name"}),
    ),
    Row(
        "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
        "route53resolver",
        emulated=False,
        create=Call("create_firewall_rule_group", {**_REQUEST, "Name": "$name", "Tags": TAG_LIST}),
        id=_id("rslvr-frg"),
        props={"arn": _arn("firewall-rule-group"), **_OWNED},
        name=Name(max_length=64),
        force_new=frozenset({"name"}),
    ),
    Row(
        "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        "route53resolver",
        emulated=False,
        create=Call("create_firewall_rule", {**_REQUEST, **_RULE}),
        id=F(lambda scope: f"{scope.new['firewallRuleGroupId']}:{scope.new.get('firewallDomainListId') or _request(scope)}"),
        props={},
        name=Name(max_length=64),
        force_new=frozenset({"firewallRuleGroupId", "firewallDomainListId", "dnsThreatProtection", "qType"}),
    ),
    Row(
        "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        "route53resolver",
        emulated=False,
        create=Call(
            "associate_firewall_rule_group",
            {
                **_REQUEST,
                "FirewallRuleGroupId": "$firewallRuleGroupId",
                "VpcId": "$vpcId",
                "Priority": "$priority",
                "Name": "$name",
                "MutationProtection": "$mutationProtection",
                "Tags": TAG_LIST,
            },
        ),
        id=_id("rslvr-frgassoc"),
        props={"arn": _arn("firewall-rule-group-association"), "mutationProtection": F(lambda _: "DISABLED")},
        name=Name(max_length=64),
        force_new=frozenset({"firewallRuleGroupId", "vpcId"}),
    ),
    Row(
        "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
        "route53resolver",
        emulated=False,
        create=Call(
            "update_firewall_config",
            {"ResourceId": "$resourceId", "FirewallFailOpen": F(lambda scope: scope.new.get("firewallFailOpen") or "DISABLED")},
        ),
        id=_id("rslvr-fc"),
        props={"ownerId": F(lambda scope: scope.region.account), "firewallFailOpen": F(lambda _: "DISABLED")},
        force_new=frozenset({"resourceId"}),
        delete_first=True,
    ),
    Row(
        "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
        "route53resolver",
        emulated=False,
        create=Call(
            "create_resolver_query_log_config", {**_REQUEST, "Name": "$name", "DestinationArn": "$destinationArn", "Tags": TAG_LIST}
        ),
        id=_id("rqlc"),
        props={"arn": _arn("resolver-query-log-config"), **_OWNED},
        name=Name(max_length=64),
        force_new=frozenset({"name", "destinationArn"}),
    ),
    Row(
        "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
        "route53resolver",
        emulated=False,
        create=Call(
            "associate_resolver_query_log_config",
            {"ResolverQueryLogConfigId": "$resolverQueryLogConfigId", "ResourceId": "$resourceId"},
        ),
        id=_id("rqlca"),
        props={},
        force_new=frozenset({"resolverQueryLogConfigId", "resourceId"}),
    ),
)
