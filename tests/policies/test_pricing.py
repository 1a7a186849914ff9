"""Pricing: what each resource is charged for; nothing without a source has a number."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pricing import support
from platform_policies.pricing.catalogue import PRICES, PricingError, load, regions
from platform_policies.pricing.estimate import Estimate, estimate
from platform_policies.pricing.free import FREE, is_free
from platform_policies.pricing.quantities import QUANTITIES
from platform_policies.pricing.usage import Usage, parse_usage

from platform_components.cluster.versions import SUPPORT
from tests.policies.cases import node

TODAY = date(2026, 11, 23)
ROOT = Path(__file__).parents[2]


def priced(*nodes: Node, region: str = "us-east-1", today: date = TODAY, usage: Mapping[str, Mapping[str, Any]] | None = None) -> Estimate:
    given_usage = parse_usage({"version": 1, "resource_usage": usage}) if usage else Usage()
    return estimate(ResourceGraph(nodes), region, today=today, usage=given_usage)


def charges(result: Estimate) -> dict[str, Decimal | None]:
    return {line.price.sku: line.monthly for line in result.lines}


# Month of 730 hours; eu-west-1. (resource, price, quantity, US dollars a month, whose price it is)
def test_what_has_no_price_is_named() -> None:
    result = priced(node(NAT, "nat", {}), node("aws:cloudwatch/dashboard:Dashboard", "board", {}), region="eu-west-1")
    assert result.unpriced_types == ["aws:cloudwatch/dashboard:Dashboard"]
    assert {gap.node.name: gap.reason for gap in result.gaps} == {"board": "no source for the price dashboard in eu-west-1"}
    assert result.coverage == "1 of 2 resource types priced"
    assert result.unpriced_percent == 50
    assert not result.is_complete


def test_a_regional_nat_gateway_is_charged_in_one_zone_at_least() -> None:
    (line, data) = priced(node(NAT, "r", {"availabilityMode": "regional"}), region="eu-west-1").lines
    assert (line.price.sku, line.monthly, line.at_least) == ("nat.regional.hour", Decimal("35.04"), True)
    assert data.price.sku == "nat.regional.gb"
    assert priced(node(NAT, "r", {"availabilityMode": "regional"})).unpriced_types == [NAT]
    assert not priced(node(NAT, "z", {"availabilityMode": "zonal"})).lines[0].at_least
    assert [gap.reason for gap in priced(node(NAT, "u", {"availabilityMode": UNKNOWN})).gaps] == [
        "its availability mode is not known before `up`"
    ]


def test_a_resource_of_another_region_has_the_prices_of_that_region() -> None:
    gateway = node("aws:ec2/natGateway:NatGateway", "far", {"region": "us-east-1"})
    lost = node("aws:ec2/natGateway:NatGateway", "lost", {"region": "eu-north-1"})
    result = priced(gateway, lost, region="eu-west-1")
    assert result.monthly == Decimal("0.045") * 730
    assert {gap.node.name for gap in result.gaps} == {"lost"}


@pytest.mark.parametrize(("name", "reference"), [("far", "{urn}::id"), ("far", "{urn}"), ("default_7", "")])
def test_the_region_of_a_provider_counts(name: str, reference: str) -> None:
    provider = node("pulumi:providers:aws", name, {"region": "us-east-1"})
    gateway = Node("urn:pulumi:a.b::p::aws:ec2/natGateway:NatGateway::n", NAT, "n", {}, provider=reference.format(urn=provider.urn))
    assert priced(provider, gateway, region="eu-west-1").lines[0].region == "us-east-1"


@pytest.mark.parametrize("region", regions())
def test_every_price_says_where_it_is_from(region: str) -> None:
    rows = json.loads((PRICES / f"{region}.json").read_text())["prices"]
    assert len(rows) > 50
    for sku, row in rows.items():
        assert set(row) == {"unit", "usd", "source", "source_date", "confidence"}, sku
        assert row["usd"] > 0
        assert len(row["source"]) > 20
        assert date(2020, 1, 1) < date.fromisoformat(row["source_date"]) <= load(region).compiled
        assert row["confidence"] in ("primary", "secondary")


def test_old_prices_are_warned_of_from_the_day_after_180_days() -> None:
    gateway = node("aws:ec2/natGateway:NatGateway", "n", {})
    oldest = load("eu-west-1").prices["nat.hour"].source_date
    assert not priced(gateway, region="eu-west-1", today=date.fromordinal(oldest.toordinal() + 180)).warnings
    warnings = priced(gateway, region="eu-west-1", today=date.fromordinal(oldest.toordinal() + 181)).warnings
    assert warnings == ("2 of the prices used are older than 180 days, the oldest of 2026-09-25: look at the sources again",)


def test_free_and_priced_do_not_overlap_and_an_unknown_type_is_neither() -> None:
    assert not FREE & set(QUANTITIES)
    assert is_free("kubernetes:apps/v1:Deployment")
    assert is_free("aws:iam/role:Role")
    assert not is_free("azure-native:network:NatGateway")
    result = priced(node("aws:redshift/cluster:Cluster", "dw", {}), node("aws:ec2/vpc:Vpc", "v", {}))
    assert result.unpriced_types == ["aws:redshift/cluster:Cluster"]
    assert result.unpriced_percent == 100
    assert result.coverage == "0 of 1 resource types priced"


def test_support_dates_are_those_of_the_cluster_component() -> None:
    assert dict(support.EKS_STANDARD_UNTIL) == {version: dates.standard_until for version, dates in SUPPORT.items()}


def eks(version: Any, **more: Any) -> Node:
    return node("aws:eks/cluster:Cluster", "c", {"version": version, **more})


@pytest.mark.parametrize(
    ("cluster", "day", "sku"),
    [
        (eks("1.33"), date(2026, 7, 29), "eks.standard"),
        (eks("1.33"), date(2026, 7, 30), "eks.extended"),
        (eks("1.33", upgradePolicy={"supportType": "STANDARD"}), date(2026, 7, 30), "eks.standard"),
        (eks("1.33", upgradePolicy={"supportType": "EXTENDED"}), date(2026, 7, 30), "eks.extended"),
        (eks("1.24"), TODAY, "eks.extended"),
        (eks("1.99"), TODAY, "eks.standard"),
        (eks(UNKNOWN), TODAY, "eks.standard"),
        (node("aws:eks/cluster:Cluster", "c", {}), TODAY, "eks.standard"),
    ],
)
def test_a_control_plane_costs_what_its_version_costs(cluster: Node, day: date, sku: str) -> None:
    result = priced(cluster, today=day)
    assert charges(result) == {sku: Decimal({"eks.standard": "73.00", "eks.extended": "438.00"}[sku])}
    assert result.lines[0].at_least == (cluster.value("version") == UNKNOWN)


TEMPLATE = node(
    "aws:ec2/launchTemplate:LaunchTemplate",
    "t",
    {
        "instanceType": "m5.large",
        "blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": "100", "iops": 4000, "throughput": 225}}],
    },
)


def group(refers: bool = False, **inputs: Any) -> Node:
    return node("aws:eks/nodeGroup:NodeGroup", "g", inputs, {"launchTemplate": ["t"]} if refers else None)


def test_nodes_and_their_disks_come_from_the_launch_template() -> None:
    result = priced(TEMPLATE, group(True, scalingConfig={"minSize": 3, "maxSize": 9}))
    assert charges(result) == {
        "ec2.m5.large": Decimal("0.096") * 730 * 3,
        "ebs.gp3.gb": Decimal("0.08") * 300,
        "ebs.gp3.iops": Decimal("0.005") * 3000,
        "ebs.gp3.mbps": Decimal("0.04") * 300,
    }
    assert result.is_complete


@pytest.mark.parametrize(
    ("inputs", "expected", "complete"),
    [
        ({"scalingConfig": {"minSize": 1}}, {"ec2.t3.medium": "30.368", "ebs.gp3.gb": "1.60"}, False),
        ({"scalingConfig": {"minSize": 0}}, {}, True),
        ({"scalingConfig": {"minSize": UNKNOWN}}, {}, True),
        (
            {"scalingConfig": {"minSize": 2}, "instanceTypes": ["m7g.large", "m6g.large"], "diskSize": 50},
            {"ec2.m7g.large": "119.136", "ebs.gp3.gb": "8"},
            False,
        ),
        ({"scalingConfig": {"minSize": 2}, "capacityType": "SPOT"}, {"ebs.gp3.gb": "3.2"}, False),
        ({"scalingConfig": {"minSize": 2}, "instanceTypes": UNKNOWN}, {"ebs.gp3.gb": "3.2"}, False),
    ],
)
def test_a_node_group_costs_its_minimum(inputs: dict[str, Any], expected: dict[str, str], complete: bool) -> None:
    result = priced(group(**inputs))
    assert charges(result) == {sku: Decimal(usd) for sku, usd in expected.items()}
    assert result.is_complete == complete


def test_spot_has_no_number() -> None:
    result = priced(group(scalingConfig={"minSize": 2}, capacityType="SPOT"))
    assert [(gap.component, gap.reason) for gap in result.gaps] == [("2 spot instances", "spot prices change by the hour; none is assumed")]


NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        (ENDPOINT, {}, {}),
        (ENDPOINT, {"vpcEndpointType": "Gateway"}, {}),
        (ENDPOINT, {"vpcEndpointType": "Interface"}, {"endpoint.interface.hour": "7.30", "endpoint.interface.gb": None}),
        (
            ENDPOINT,
            {"vpcEndpointType": "Interface", "subnetIds": [UNKNOWN] * 2},
            {"endpoint.interface.hour": "14.60", "endpoint.interface.gb": None},
        ),
        (
            ENDPOINT,
            {"vpcEndpointType": "GatewayLoadBalancer", "subnetIds": ["a"]},
            {"endpoint.gwlb.hour": "7.30", "endpoint.gwlb.gb": None},
        ),
        (ENDPOINT, {"vpcEndpointType": UNKNOWN}, {}),
        ("aws:ec2/eip:Eip", {}, {"ipv4.hour": "3.65"}),
        ("aws:ec2/eip:Eip", {"publicIpv4Pool": "ipv4pool-ec2-1"}, {}),
        ("aws:alb/loadBalancer:LoadBalancer", {}, {"lb.application.hour": "16.425", "lb.application.lcu": None}),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}, {"lb.network.hour": "16.425", "lb.network.lcu": None}),
        ("aws:elb/loadBalancer:LoadBalancer", {}, {"lb.classic.hour": "18.25", "lb.classic.gb": None}),
        ("aws:secretsmanager/secret:Secret", {}, {"secret.month": "0.40", "secret.requests": None}),
        ("aws:route53/zone:Zone", {}, {"route53.zone": "0.50"}),
        ("aws:route53/resolverEndpoint:ResolverEndpoint", {"ipAddresses": [{}, {}, {}]}, {"route53.resolver": "273.75"}),
        ("aws:sqs/queue:Queue", {}, {"sqs.standard": None}),
        ("aws:sqs/queue:Queue", {"fifoQueue": True}, {"sqs.fifo": None}),
        ("aws:sns/topic:Topic", {}, {"sns.requests": None}),
        ("aws:budgets/budget:Budget", {"budgetType": "COST"}, {}),
        ("aws:s3/bucketV2:BucketV2", {}, {"s3.standard.gb": None, "s3.standard.put": None, "s3.standard.get": None}),
        ("aws:ecr/repository:Repository", {}, {"ecr.gb": None}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 60}, {"alarm.standard": "0.10"}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 59}, {"alarm.high": "0.30"}),
        ("aws:cloudwatch/dashboard:Dashboard", {}, {"dashboard": "3"}),
        ("aws:cloudwatch/logGroup:LogGroup", {"logGroupClass": "INFREQUENT_ACCESS"}, {}),
        ("aws:ec2/vpnConnection:VpnConnection", {}, {"vpn.hour": "36.50"}),
        ("aws:eks/fargateProfile:FargateProfile", {}, {"fargate.vcpu": None, "fargate.memory": None}),
        ("aws:ebs/volume:Volume", {"size": 100}, {"ebs.gp2.gb": "10"}),
        ("aws:ebs/volume:Volume", {"size": 100, "type": "io2", "iops": 100}, {"ebs.io2.gb": "12.5", "ebs.io2.iops": "6.5"}),
        ("aws:ebs/volume:Volume", {"size": 1, "type": "gp3", "iops": 3000, "throughput": 125}, {"ebs.gp3.gb": "0.08"}),
        (
            "aws:ebs/volume:Volume",
            {"size": 1, "type": "gp3", "iops": 3001, "throughput": 126},
            {"ebs.gp3.gb": "0.08", "ebs.gp3.iops": "0.005", "ebs.gp3.mbps": "0.04"},
        ),
        ("aws:ec2/instance:Instance", {"instanceType": "t3.medium"}, {"ec2.t3.medium": "30.368", "ebs.gp2.gb": "0.8"}),
        (
            "aws:ec2/instance:Instance",
            {"instanceType": "t3.medium", "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 30}},
            {"ec2.t3.medium": "30.368", "ebs.gp3.gb": "2.4"},
        ),
        (
            "aws:rds/instance:Instance",
            {"engine": "mysql", "instanceClass": "db.t3.large", "allocatedStorage": 30},
            {"rds.mysql.db.t3.large": "99.28", "rds.gp2.gb": "3.45", "rds.backup.gb": None},
        ),
        (
            "aws:rds/instance:Instance",
            {"engine": "mysql", "instanceClass": "db.t3.large", "allocatedStorage": 30, "multiAz": True},
            {"rds.mysql.db.t3.large.multi-az": "198.56", "rds.gp2.gb.multi-az": "6.9", "rds.backup.gb": None},
        ),
        (
            "aws:rds/instance:Instance",
            {"engine": "mysql", "instanceClass": "db.t3.large", "allocatedStorage": 100, "iops": 1200},
            {"rds.mysql.db.t3.large": "99.28", "rds.io1.gb": "12.5", "rds.io1.iops": "120", "rds.backup.gb": None},
        ),
        (
            "aws:elasticache/cluster:Cluster",
            {"nodeType": "cache.m4.large", "numCacheNodes": 2},
            {"cache.cache.m4.large": "227.76", "cache.backup.gb": None},
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"nodeType": "cache.m4.large", "numNodeGroups": 4, "replicasPerNodeGroup": 3},
            {"cache.cache.m4.large": "1822.08", "cache.backup.gb": None},
        ),
        ("aws:elasticache/cluster:Cluster", {"replicationGroupId": UNKNOWN}, {}),
        ("kubernetes:core/v1:Service", {"spec": {"type": "ClusterIP"}}, {}),
    ],
)
def test_what_a_resource_is_charged_for(kind: str, inputs: dict[str, Any], expected: dict[str, str | None]) -> None:
    # Amounts are those of infracost's golden files and of AWS's pages, for us-east-1.
    assert charges(priced(node(kind, "x", inputs))) == {sku: None if usd is None else Decimal(usd) for sku, usd in expected.items()}


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        (ENDPOINT, {"vpcEndpointType": UNKNOWN}, "its type is not known"),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": UNKNOWN}, "its type is not known"),
        ("aws:ec2/instance:Instance", {"instanceType": UNKNOWN}, "their type is not known"),
        ("aws:ec2/instance:Instance", {"instanceType": "z9.nano"}, "no source for the price ec2.z9.nano in us-east-1"),
        ("aws:rds/instance:Instance", {"engine": UNKNOWN, "instanceClass": "db.t3.large"}, "its engine or class is not known"),
        (
            "aws:rds/instance:Instance",
            {"engine": "postgres", "engineVersion": "12.4", "instanceClass": "db.t3.large"},
            "charged for each vCPU",
        ),
        ("aws:eks/cluster:Cluster", {"computeConfig": {"enabled": True}}, "what Auto Mode starts"),
        ("aws:elasticache/cluster:Cluster", {}, "no node type is named"),
        ("aws:elasticache/cluster:Cluster", {"nodeType": "cache.m4.large", "engine": UNKNOWN}, "its engine is not known"),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"nodeType": "cache.m4.large", "engine": "valkey"},
            "no source for the price cache.valkey.cache.m4.large in us-east-1",
        ),
        ("aws:budgets/budgetAction:BudgetAction", {}, "free for the first two budgets with actions"),
        ("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}}, "its kind is decided by the cluster's controller"),
    ],
)
def test_what_cannot_be_priced_says_why(kind: str, inputs: dict[str, Any], reason: str) -> None:
    assert [gap.reason for gap in priced(node(kind, "x", inputs)).gaps if gap.reason.startswith(reason)], reason


def test_autoscaling_groups_cost_their_minimum() -> None:
    asg = node("aws:autoscaling/group:Group", "asg", {"minSize": 2}, {"launchTemplate": ["t"]})
    assert charges(priced(TEMPLATE, asg))["ec2.m5.large"] == Decimal("0.096") * 1460


@pytest.mark.parametrize(
    ("kind", "inputs", "usage", "sku", "monthly"),
    [
        (NAT, {}, {"monthly_data_processed_gb": 100}, "nat.gb", "4.5"),
        ("aws:sqs/queue:Queue", {}, {"monthly_requests": 1_000_000, "request_size_kb": 65}, "sqs.standard", "0.8"),
        ("aws:sns/topic:Topic", {}, {"monthly_requests": 1_000_000, "request_size_kb": 128}, "sns.requests", "1.0"),
        ("aws:sns/topic:Topic", {}, {"monthly_requests": 1000, "http_subscriptions": 200}, "sns.http", "0.12"),
        ("aws:sns/topic:Topic", {}, {"monthly_requests": 1000, "email_subscriptions": 300}, "sns.email", "6.0"),
        ("aws:s3/bucket:Bucket", {}, {"standard": {"storage_gb": 10}}, "s3.standard.gb", "0.23"),
        ("aws:kms/key:Key", {}, {"monthly_requests": 10_000}, "kms.requests", "0.03"),
        ("aws:lb/loadBalancer:LoadBalancer", {}, {"processed_bytes_gb": 1460, "new_connections": 25}, "lb.application.lcu", "11.68"),
        ("aws:lb/loadBalancer:LoadBalancer", {}, {"active_connections": 9000, "new_connections": 25}, "lb.application.lcu", "17.52"),
    ],
)
def test_a_usage_file_gives_the_number(kind: str, inputs: dict[str, Any], usage: dict[str, Any], sku: str, monthly: str) -> None:
    subject = node(kind, "x", inputs)
    assert charges(priced(subject, usage={subject.urn: usage}))[sku] == Decimal(monthly)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must be a mapping with `version: 1`"),
        ({"version": 2, "resource_usage": {}}, "must be a mapping with `version: 1`"),
        ({"version": 1}, "resource_usage must map"),
        ({"version": 1, "resource_usage": {"u": 3}}, "resource_usage must map"),
        ({"version": 1, "resource_usage": {}, "defaults": {}}, "defaults is no key"),
        ({"version": 1, "resource_usage": {"u": {"k": "many"}}}, "u: k must be a number of zero or more, not 'many'"),
        ({"version": 1, "resource_usage": {"u": {"k": -1}}}, "u: k must be a number of zero or more, not -1"),
        ({"version": 1, "resource_usage": {"u": {"k": True}}}, "u: k must be a number"),
        ({"version": 1, "resource_usage": {"u": {"a": {"k": "nan"}}}}, "u: a.k must be a number"),
    ],
)
def test_a_broken_usage_file_is_refused(content: Any, message: str) -> None:
    with pytest.raises(PricingError, match=message):
        parse_usage(content)


def test_a_usage_of_nothing_is_a_number() -> None:
    gateway = node(NAT, "n", {})
    assert charges(priced(gateway, usage={gateway.urn: {"monthly_data_processed_gb": 0}}))["nat.gb"] == 0


def test_usage_of_a_resource_that_is_not_there_is_warned_of() -> None:
    result = priced(node("aws:ec2/eip:Eip", "x", {}), usage={"urn:gone": {"k": 1}})
    assert "the usage file speaks of urn:gone, which is not there" in result.warnings


@given(st.lists(st.sampled_from(sorted(QUANTITIES)), max_size=8), st.sampled_from(regions()))
def test_an_estimate_is_the_sum_of_its_lines_and_every_charge_is_a_line_or_a_gap(kinds: list[str], region: str) -> None:
    nodes = [node(kind, f"n{position}", {}) for position, kind in enumerate(kinds)]
    result = priced(*nodes, region=region)
    assert result.monthly == sum((line.monthly for line in result.lines if line.monthly is not None), Decimal(0))
    assert result.monthly >= 0
    assert set(result.unpriced_types) <= set(result.billable_types)
    json.dumps(result.to_json())


def test_a_deployed_node_group_finds_its_template_by_id() -> None:
    deployed = Node("urn:pulumi:a.b::p::t::lt", TEMPLATE.type, "lt", TEMPLATE.inputs, outputs={"id": "lt-0abc"})
    nodes = group(scalingConfig={"minSize": 1}, launchTemplate={"id": "lt-0abc", "version": "1"})
    assert charges(priced(deployed, nodes))["ec2.m5.large"] == Decimal("0.096") * 730
    other = group(scalingConfig={"minSize": 1}, launchTemplate={"id": "lt-0def", "version": "1"})
    assert "ec2.m5.large" not in charges(priced(deployed, other))


def test_the_parts_of_several_stacks() -> None:
    two = [Node(f"urn:pulumi:dev.{layer}::p::t::{layer}", "t", layer, {}) for layer in ("network", "cluster")]
    assert {name: [part.name for part in graph] for name, graph in ResourceGraph(two).by_stack.items()} == {
        "dev.network": ["network"],
        "dev.cluster": ["cluster"],
    }
    alone = ResourceGraph(two[:1])
    assert alone.by_stack["dev.network"] is alone


@pytest.mark.parametrize("policy", [{"mixedInstancesPolicy": {"launchTemplate": {}}}, {}])
@pytest.mark.parametrize("market", ["spot", None])
def test_an_autoscaling_group_on_spot_has_no_number(policy: dict[str, Any], market: str | None) -> None:
    template = node(TEMPLATE.type, "t", {**TEMPLATE.inputs, "instanceMarketOptions": {"marketType": market}})
    asg = node("aws:autoscaling/group:Group", "asg", {"minSize": 1, **policy}, {"launchTemplate": ["t"]})
    on_demand = not policy and market is None
    assert ("ec2.m5.large" in charges(priced(template, asg))) == on_demand


@pytest.mark.parametrize(
    ("inputs", "complete", "gigabytes"),
    [
        ({"rootBlockDevice": {"volumeType": "gp3", "volumeSize": 20}}, True, 20),
        (
            {"rootBlockDevice": {"volumeType": "gp3", "volumeSize": 20}, "ebsBlockDevices": [{"volumeType": "gp3", "volumeSize": 5}]},
            True,
            25,
        ),
        ({"rootBlockDevice": {"volumeType": "gp3", "volumeSize": UNKNOWN}}, False, 8),
        ({}, False, 8),
    ],
)
def test_disks_of_an_instance(inputs: dict[str, Any], complete: bool, gigabytes: int) -> None:
    result = priced(node("aws:ec2/instance:Instance", "i", {"instanceType": "t3.medium", **inputs}))
    assert result.is_complete == complete
    assert sum(line.quantity for line in result.lines if line.price.unit == "GB-month" and line.quantity) == gigabytes


@pytest.mark.parametrize(("size", "complete"), [(10, True), (UNKNOWN, False), (None, False)])
def test_a_volume_of_unknown_size_is_a_lower_bound(size: Any, complete: bool) -> None:
    assert priced(node("aws:ebs/volume:Volume", "v", {"size": size, "type": "gp3"})).is_complete == complete


@pytest.mark.parametrize("key", ["numCacheClusters", "numNodeGroups", "replicasPerNodeGroup"])
def test_a_cache_whose_size_is_not_known_is_a_lower_bound(key: str) -> None:
    kind = "aws:elasticache/replicationGroup:ReplicationGroup"
    assert priced(node(kind, "c", {"nodeType": "cache.m4.large", key: 2})).is_complete
    assert not priced(node(kind, "c", {"nodeType": "cache.m4.large", key: UNKNOWN})).is_complete
