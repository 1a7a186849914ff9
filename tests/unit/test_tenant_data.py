"""A team's data: what a claim becomes in an environment, who may use it, how its pods reach it and are told of it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from platform_components.declarations.data import PROFILE_DEFAULTS
from platform_components.identity.args import ClusterRef
from platform_components.labels import OWNED
from platform_components.profile import Profile
from platform_components.tenancy.args import TenantArgs
from platform_components.tenancy.claims import PLANS, DataClaim, DataKind, TenantData, settings_of
from platform_components.tenancy.networks import SERVICE_LABEL
from platform_components.tenancy.stores import COMPONENTS
from platform_components.tenancy.tenant import Tenant
from tests.support import Deployment, deploy

CLUSTER = ClusterRef(name="shop", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop")
DATA = TenantData(
    vpc_id="vpc-1",
    security_group_id="sg-nodes",
    subnet_ids={"database": ("subnet-1", "subnet-2"), "cache": ("subnet-3", "subnet-4")},
    addresses={"database": ("10.0.32.0/21",), "cache": ("10.0.64.0/22",)},
    endpoints=("10.0.128.0/19",),
)
CLAIMS = {
    "entries": {"kind": "database", "plan": "medium"},
    "events": {"kind": "queue", "plan": "ordered"},
    "receipts": {"kind": "bucket"},
    "sessions": {"kind": "cache", "plan": "small"},
}
SERVICES = {
    "api": {"needs": {"entries": ["read", "write"], "events": ["write"], "sessions": ["write"]}},
    "mail": {"needs": {"events": ["read"], "receipts": ["write"]}},
    "web": {},
}


def tenant(data: TenantData | None = DATA, claims: Any = None, services: Any = None) -> Deployment[Tenant]:
    declared = {"team": "ledger", "owners": ["@a"], "group": "sso-ledger", "environments": ["prod"]}
    declared |= {"data": CLAIMS if claims is None else claims, "services": SERVICES if services is None else services}
    given = {"declaration": declared, "environment": "prod", "cluster": CLUSTER, "data": data}
    return deploy(lambda: Tenant("ledger", TenantArgs(**given)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made() -> Deployment[Tenant]:
    return tenant()


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("kind", "plan"), [(kind, plan) for kind in DataKind for plan in PLANS[kind]])
@pytest.mark.parametrize("removal", ["keep", "delete"])
def test_every_plan_is_a_store_in_every_profile(profile: Profile, kind: DataKind, plan: str, removal: str) -> None:
    defaults = PROFILE_DEFAULTS[profile].get("defaults", {})
    claim = DataClaim.model_validate({"kind": kind, "plan": plan, "removal": removal})
    network = (
        {"network": {"vpc_id": "vpc-1", "subnet_ids": ("subnet-1", "subnet-2")}} if kind in (DataKind.DATABASE, DataKind.CACHE) else {}
    )
    args = COMPONENTS[kind][1](**settings_of(claim, defaults), **network)
    assert args.keeps is (removal == "keep")


def test_the_environment_has_the_last_word_on_a_plan() -> None:
    claim = DataClaim(kind=DataKind.DATABASE, plan="large")
    assert settings_of(claim, {}) == {"size": "large"}
    cheap = settings_of(claim, PROFILE_DEFAULTS[Profile.DEV]["defaults"])
    assert (cheap["size"], cheap["removal"], cheap["standby"]) == ("micro", "delete", False)
    kept = settings_of(DataClaim(kind=DataKind.BUCKET, plan="scratch"), PROFILE_DEFAULTS[Profile.REGULATED]["defaults"])
    assert (kept["expire_days"], kept["versions_days"]) == (30, 400)


def test_a_plan_that_is_none_names_the_choices() -> None:
    with pytest.raises(ValidationError, match="there is no plan 'ordered' for a bucket; choose from standard, archive, scratch"):
        DataClaim(kind=DataKind.BUCKET, plan="ordered")


def test_stores_are_called_after_the_namespace_and_cost_what_their_team_costs(made: Deployment[Tenant]) -> None:
    queue = made.one("aws:sqs/queue:Queue", "ledger-prod-events").inputs
    assert (queue["name"], queue["fifoQueue"]) == ("ledger-prod-events.fifo", True)
    assert queue["tags"].items() >= {"Team": "ledger", "Tenant": "ledger-prod"}.items()
    assert made.one("aws:rds/instance:Instance").inputs["instanceClass"] == "db.m7g.large"
    assert set(made.names("aws:elasticache/replicationGroup:ReplicationGroup")) == {"ledger-prod-sessions"}


def test_a_service_may_do_what_it_needs_and_nothing_else(made: Deployment[Tenant]) -> None:
    policies = {node.name: json.loads(node.inputs["policy"]) for node in made.graph.of_type("aws:iam/rolePolicy:RolePolicy")}
    assert set(policies) == {
        "ledger-prod-entries-read-ledger--api",
        "ledger-prod-entries-write-ledger--api",
        "ledger-prod-events-write-ledger--api",
        "ledger-prod-sessions-write-ledger--api",
        "ledger-prod-events-read-ledger--mail",
        "ledger-prod-receipts-write-ledger--mail",
    }
    sends = policies["ledger-prod-events-write-ledger--api"]["Statement"][0]
    assert "sqs:SendMessage" in sends["Action"]
    assert "sqs:ReceiveMessage" not in sends["Action"]


def test_pods_are_let_out_to_their_own_stores_and_no_further(made: Deployment[Tenant]) -> None:
    policies = {
        node.inputs["metadata"]["name"]: node.inputs["spec"]
        for node in made.graph.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        if node.inputs["metadata"]["name"].startswith("allow-data-")
    }
    assert set(policies) == {"allow-data-api", "allow-data-mail"}
    assert policies["allow-data-api"]["podSelector"] == {"matchLabels": {SERVICE_LABEL: "api"}}
    exits = {rule["ports"][0]["port"]: [to["ipBlock"]["cidr"] for to in rule["to"]] for rule in policies["allow-data-api"]["egress"]}
    assert exits == {5432: ["10.0.32.0/21"], 6379: ["10.0.64.0/22"], 443: ["10.0.128.0/19", "0.0.0.0/0", "::/0"]}
    assert [rule["ports"][0]["port"] for rule in policies["allow-data-mail"]["egress"]] == [443]
    public = next(to["ipBlock"] for to in policies["allow-data-mail"]["egress"][0]["to"] if to["ipBlock"]["cidr"] == "0.0.0.0/0")
    assert "10.0.0.0/8" in public["except"]


def test_pods_are_told_of_their_stores_and_of_no_secret(made: Deployment[Tenant]) -> None:
    maps = {node.inputs["metadata"]["name"]: node for node in made.graph.of_type("kubernetes:core/v1:ConfigMap")}
    assert set(maps) == {"data-api", "data-mail", "tenant"}
    assert all(node.inputs["metadata"]["labels"][OWNED] == "platform" for node in maps.values())
    told = maps["data-api"].inputs["data"]
    assert told.keys() >= {"ENTRIES_ENDPOINT", "ENTRIES_PORT", "ENTRIES_USER", "EVENTS_ENDPOINT", "SESSIONS_USER"}
    assert (told["ENTRIES_PORT"], told["SESSIONS_PORT"], told["EVENTS_KIND"]) == ("5432", "6379", "queue")
    assert not [key for key in told if "SECRET" in key or "PASSWORD" in key]


def test_a_teams_program_is_told_the_same(made: Deployment[Tenant]) -> None:
    (node,) = (one for one in made.graph.of_type("kubernetes:core/v1:ConfigMap") if one.inputs["metadata"]["name"] == "tenant")
    services = json.loads(node.inputs["data"]["context.json"])["services"]
    assert services["api"]["data"]["entries"]["access"] == ["read", "write"]
    assert services["mail"]["data"].keys() == {"events", "receipts"}
    assert (services["mail"]["dataConfigMap"], services["web"]["dataConfigMap"]) == ("data-mail", None)
    entities = [json.loads(part) for part in node.inputs["data"]["catalog-info.yaml"].split("\n---\n")]
    (api,) = (one for one in entities if one["metadata"]["name"] == "ledger-api")
    assert api["spec"]["dependsOn"] == ["resource:ledger-entries", "resource:ledger-events", "resource:ledger-sessions"]
    assert {one["spec"]["type"] for one in entities if one["kind"] == "Resource"} == {"database", "queue", "bucket", "cache"}


def test_without_an_environment_for_data_a_claim_is_refused() -> None:
    with pytest.raises(ValidationError, match="data is needed: ledger claims entries"):
        tenant(data=None, claims={"entries": {"kind": "database"}}, services={})


def test_what_is_to_be_deleted_can_be_and_nothing_else() -> None:
    done = tenant(claims={"kept": {"kind": "bucket"}, "scratch": {"kind": "bucket", "removal": "delete"}}, services={})
    found = {node.name: node.inputs["forceDestroy"] for node in done.graph.of_type("aws:s3/bucket:Bucket")}
    assert (found["ledger-prod-kept"], found["ledger-prod-scratch"]) == (False, True)
