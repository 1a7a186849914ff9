"""Cases of names and of what guards public entries."""

from tests.unit.aws_cases import A, B, Case

NAMES = [
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": "x.example.com", "vpcs": [{"vpcId": w.vpc.id}], "forceDestroy": True, "tags": A},
        lambda w: {"vpcs": [{"vpcId": w.vpc.id}, {"vpcId": w.other_vpc.id}], "comment": "c", "tags": B},
    ),
    Case(
        "aws:route53/zoneAssociation:ZoneAssociation",
        lambda w: {"zoneId": w.private_zone, "vpcId": w.other_vpc.id},
        lambda w: {"vpcId": w.vpc.id},
        ("vpcId",),
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": w.zone, "name": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1", "192.0.2.2"]},
        lambda _: {"ttl": 30, "records": ["192.0.2.1"]},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": w.zone, "name": "world.example.com", "type": "TXT", "ttl": 60, "records": ["v=spf1 -all"]},
        lambda _: {"name": "other.world.example.com"},
        ("name",),
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {
            "zoneId": w.zone,
            "name": "",
            "type": "A",
            "aliases": [{"name": "lb.example.com", "zoneId": "Z1", "evaluateTargetHealth": True}],
        },
        lambda _: {"aliases": [{"name": "lb2.example.com", "zoneId": "Z1", "evaluateTargetHealth": False}]},
    ),
    Case(
        "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
        lambda _: {"domains": ["x.example."], "tags": A},
        lambda _: {"domains": ["y.example."], "tags": B},
    ),
    Case("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", lambda _: {"tags": A}, lambda _: {"name": "n"}, ("name",)),
    Case(
        "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        lambda w: {
            "action": "BLOCK",
            "blockResponse": "NODATA",
            "firewallDomainListId": w.domain_list,
            "firewallRuleGroupId": w.rule_group,
            "priority": 100,
        },
        lambda _: {"action": "ALERT", "blockResponse": None},
    ),
    Case(
        "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        lambda w: {"firewallRuleGroupId": w.rule_group, "priority": 101, "vpcId": w.vpc.id},
        lambda _: {"priority": 102},
    ),
    Case(
        "aws:route53/resolverFirewallConfig:ResolverFirewallConfig",
        lambda w: {"resourceId": w.vpc.id, "firewallFailOpen": "ENABLED"},
        lambda _: {"firewallFailOpen": "DISABLED"},
    ),
    Case(
        "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
        lambda w: {"destinationArn": w.log_group},
        lambda _: {"destinationArn": "arn:aws:s3:::b"},
        ("destinationArn",),
    ),
    Case(
        "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
        lambda w: {"resourceId": w.vpc.id, "resolverQueryLogConfigId": w.query_log},
        lambda w: {"resourceId": w.other_vpc.id},
        ("resourceId",),
    ),
    Case(
        "aws:route53/queryLog:QueryLog",
        lambda w: {"zoneId": w.zone, "cloudwatchLogGroupArn": w.dns_log_group},
        lambda w: {"zoneId": w.private_zone},
        ("zoneId",),
    ),
    Case(
        "aws:route53/keySigningKey:KeySigningKey",
        lambda w: {"hostedZoneId": w.zone, "keyManagementServiceArn": w.signing_key, "name": "platform"},
        lambda _: {"status": "INACTIVE"},
    ),
    Case(
        "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec",
        lambda w: {"hostedZoneId": w.zone},
        lambda _: {"signingStatus": "NOT_SIGNING"},
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        lambda _: {
            "scope": "REGIONAL",
            "defaultAction": {"allow": {}},
            "visibilityConfig": {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": False},
            "rules": [
                {
                    "name": "limit",
                    "priority": 0,
                    "action": {"block": {}},
                    "statement": {"rateBasedStatement": {"aggregateKeyType": "IP", "limit": 100}},
                    "visibilityConfig": {"cloudwatchMetricsEnabled": True, "metricName": "l", "sampledRequestsEnabled": False},
                }
            ],
            "tags": A,
        },
        lambda _: {"defaultAction": {"block": {}}, "tags": B},
    ),
]
