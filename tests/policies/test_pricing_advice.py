"""How far pools may grow, and what would cost less."""

from decimal import Decimal
from typing import Any

import pytest
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pricing.advice import advise
from platform_policies.pricing.catalogue import load
from platform_policies.pricing.ceilings import ceilings
from platform_policies.pricing.estimate import estimate

from tests.policies.cases import node
from tests.policies.test_pricing import ENDPOINT, NAT, TODAY, eks, group, priced
from tests.policies.test_pricing_stacks import stack


def pool(limit: Any = "32", families: Any = ("m7g", "m6g"), operator: str = "In") -> Node:
    requirements = [{"key": "karpenter.k8s.aws/instance-family", "operator": operator, "values": families}]
    return node(
        "kubernetes:karpenter.sh/v1:NodePool",
        "p",
        {"spec": {"limits": {"cpu": limit}, "template": {"spec": {"requirements": requirements}}}},
    )


@pytest.mark.parametrize(
    ("subject", "monthly", "reason"),
    [
        (pool(), "1062.88", ""),  # 32 vCPU / 2 per m7g.large x 0.091 x 730; m6g is cheaper
        (pool("500m"), "16.6075", ""),
        (pool(UNKNOWN), None, "it has no limit of vCPU that is known"),
        (pool(None), None, "it has no limit of vCPU that is known"),
        (pool(operator="NotIn"), None, "its instance families are open"),
        (pool(families=[UNKNOWN]), None, "its instance families are open"),
        (pool(families=["m7g", "x9z"]), None, "no source for prices of x9z in eu-west-1"),
    ],
)
def test_ceilings(subject: Node, monthly: str | None, reason: str) -> None:
    (ceiling,) = ceilings(ResourceGraph((subject,)), load("eu-west-1"))
    assert (ceiling.monthly, ceiling.reason) == (None if monthly is None else Decimal(monthly), reason)
    assert not priced(subject, region="eu-west-1").lines


def advice_of(*nodes: Node, region: str = "us-east-1") -> dict[str, Decimal | None]:
    graph = ResourceGraph(nodes)
    return {advice.title: advice.saving for advice in advise(graph, estimate(graph, region, today=TODAY))}


def test_advice_has_the_saving_where_both_prices_are_known() -> None:
    found = advice_of(group(instanceTypes=["m6i.large"], scalingConfig={"minSize": 2, "desiredSize": 5}))
    assert found == {
        "right-size: 3 more nodes are started than the minimum of 2": Decimal("0.096") * 730 * 3,
        "m7g.large (Graviton) in place of m6i.large": (Decimal("0.096") - Decimal("0.0816")) * 730 * 2,
        "spot instances; their price changes by the hour, so no saving is stated": None,
    }
    assert list(found)[-1].startswith("spot"), "what has no number comes last"


def test_advice_on_disks_and_versions() -> None:
    assert advice_of(node("aws:ebs/volume:Volume", "v", {"size": 100})) == {"gp3 in place of gp2 for 100 GB": Decimal(2)}
    assert advice_of(node("aws:ebs/volume:Volume", "v", {"size": 100, "type": "gp3"})) == {}
    assert advice_of(eks("1.24")) == {"upgrade Kubernetes out of extended support": Decimal(365)}
    assert advice_of(eks("1.35")) == {}


def test_advice_on_machines_by_themselves() -> None:
    root = {"volumeType": "gp2", "volumeSize": 50}
    assert advice_of(node("aws:ec2/instance:Instance", "i", {"instanceType": "m6i.large", "rootBlockDevice": root})) == {
        "m7g.large (Graviton) in place of m6i.large": (Decimal("0.096") - Decimal("0.0816")) * 730,
        "gp3 in place of gp2 for 50 GB": Decimal(1),
    }
    assert advice_of(node("aws:ec2/instance:Instance", "i", {"instanceType": "m7g.large"})) == {}, "what is not declared is no choice"
    spot = {"instanceType": "m6i.large", "instanceMarketOptions": {"marketType": "spot"}}
    assert advice_of(node("aws:ec2/instance:Instance", "i", spot)) == {}
    assert advice_of(node("aws:rds/instance:Instance", "d", {"engine": "mysql", "instanceClass": "db.m5.large"})) == {
        "db.m6g.large (Graviton) in place of db.m5.large": None
    }
    assert advice_of(node("aws:elasticache/cluster:Cluster", "c", {"nodeType": "cache.m5.large"})) == {
        "cache.m6g.large (Graviton) in place of cache.m5.large": None
    }


def test_advice_on_the_network_outside_production() -> None:
    endpoints = [node(ENDPOINT, s, {"serviceName": f"com.amazonaws.us-east-1.{s}"}) for s in ("s3", "dynamodb")]
    assert advice_of(node(NAT, "a", {}), *endpoints) == {}
    two = advice_of(node(NAT, "a", {}), node(NAT, "b", {}), endpoints[0])
    assert two == {
        "one NAT gateway in place of 2: enough where an outage of one zone may be felt": Decimal("0.045") * 730,
        "gateway endpoints for dynamodb: free, and past the NAT gateway ($0.045 for each GB they carry)": None,
    }


def test_production_is_not_told_to_give_up_a_zone() -> None:
    graph = stack("prod.network")
    assert not [advice for advice in advise(graph, estimate(graph, "eu-west-1", today=TODAY)) if "NAT" in advice.title]
