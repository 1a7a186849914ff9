"""Every row of the AWS plugin's table against moto: create, read, no difference, change, read, delete."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from platformctl.sandbox.aws import types
from platformctl.sandbox.aws.rows import Call, Row
from platformctl.sandbox.aws.session import SandboxServer
from platformctl.sandbox.aws.signatures import signature
from platformctl.sandbox.aws.values import equal
from platformctl.sandbox.plugin import UNKNOWN, ProviderError
from tests.unit.aws_cases import Case, World
from tests.unit.aws_cases_audit import AUDIT
from tests.unit.aws_cases_costs import COSTS
from tests.unit.aws_cases_data import DATA
from tests.unit.aws_cases_ec2 import NETWORK
from tests.unit.aws_cases_eks import CLUSTERS
from tests.unit.aws_cases_identity import IDENTITY
from tests.unit.aws_cases_machines import MACHINES
from tests.unit.aws_cases_messaging import MESSAGING
from tests.unit.aws_cases_metrics import METRICS
from tests.unit.aws_cases_registry import REGISTRY
from tests.unit.aws_cases_route53 import NAMES
from tests.unit.aws_cases_storage import STORAGE
from tests.unit.aws_cases_stores import STORES
from tests.unit.aws_sandbox import Resource, provider, running_server

ROWS = types.all_rows()
CASES = [*NETWORK, *IDENTITY, *CLUSTERS, *NAMES, *MESSAGING, *STORAGE, *STORES, *MACHINES, *COSTS, *DATA, *REGISTRY, *METRICS, *AUDIT]
"""One for each row at least."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with running_server() as address:
        yield address


@pytest.fixture(scope="module")
def world(endpoint: str) -> World:
    return World(provider(endpoint))


def broken_promises(foretold: Any, actual: Any, path: str = "") -> list[str]:
    """Where a preview says something else than what then is."""
    if foretold is UNKNOWN:
        return []
    if isinstance(foretold, Mapping) and isinstance(actual, Mapping):
        keys = sorted({*foretold, *actual})
        return [text for key in keys for text in broken_promises(foretold.get(key), actual.get(key), f"{path}.{key}")]
    return [] if equal(foretold, actual) else [f"{path}: {foretold!r}, then {actual!r}"]


def changed(case: Case, world: World) -> dict[str, Any]:
    return {key: value for key, value in {**case.inputs(world), **case.change(world)}.items() if value is not None}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_resource_lives_from_create_to_delete_without_drift(case: Case, world: World, request: pytest.FixtureRequest):
    inputs = case.inputs(world)
    resource = Resource(world.aws, case.type, f"case-{CASES.index(case)}")
    foretold = resource.foretell(inputs)
    resource.create(inputs)
    assert not broken_promises({**foretold, "id": UNKNOWN}, resource.outputs), "a preview tells what is then made, or that it does not know"
    assert resource.inputs.keys() - resource.outputs.keys() == set(), "every input is an output"
    assert not resource.refresh(), "what was just made reads as it was made"
    assert not resource.diff(inputs).changes, "the same program changes nothing"

    news = changed(case, world)
    difference = resource.diff(news)
    assert difference.changes
    assert sorted(difference.replaces) == sorted(case.replaces)
    if not case.replaces:
        foretold = resource.foretell(news)
        resource.update(news)
        assert not broken_promises(foretold, resource.outputs), "a preview tells what the update then does, or that it does not know"
        assert not resource.refresh(), "what was just changed reads as it was changed"
        assert not resource.diff(news).changes

    resource.delete()
    assert case.stays or resource.read() is None
    resource.delete()


def test_a_deleted_resource_leaves_nothing_recorded(world: World, endpoint: str):
    cluster = next(case for case in CASES if case.type == "aws:eks/cluster:Cluster")
    resource = Resource(world.aws, cluster.type, "recorded").create({**cluster.inputs(world), "deletionProtection": False})
    server = SandboxServer(endpoint)
    assert server.get("aws:eks/cluster:Cluster.upgradePolicy", resource.id)["value"] == {"supportType": "STANDARD"}
    resource.delete()
    assert server.get("aws:eks/cluster:Cluster.upgradePolicy", resource.id) is None


def test_an_account_has_one_monitor_of_its_services(world: World):
    inputs = {"monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE"}
    first = Resource(world.aws, "aws:costexplorer/anomalyMonitor:AnomalyMonitor", "first").create(inputs)
    second = Resource(world.aws, first.type, "second")
    with pytest.raises(ProviderError, match="Limit exceeded on dimensional spend monitor creation"):
        second.create(inputs)
    first.delete()
    second.create(inputs).delete()


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        ("AnomalyMonitor", {"monitorType": "CUSTOM", "monitorDimension": "SERVICE"}, "CUSTOM has monitorSpecification"),
        ("AnomalyMonitor", {"monitorType": "DIMENSIONAL"}, "DIMENSIONAL has monitorDimension"),
        (
            "AnomalySubscription",
            {"frequency": "IMMEDIATE", "monitorArnLists": ["a"], "subscribers": [{"type": "EMAIL", "address": "a@example.com"}]},
            "IMMEDIATE takes subscribers of type SNS only",
        ),
        (
            "AnomalySubscription",
            {"frequency": "DAILY", "monitorArnLists": ["a"], "subscribers": [{"type": "SNS", "address": "arn"}]},
            "DAILY takes subscribers of type EMAIL only",
        ),
    ],
)
def test_anomaly_detection_refuses_what_aws_refuses(kind: str, inputs: dict[str, Any], message: str, world: World):
    token = f"aws:costexplorer/{kind[:1].lower()}{kind[1:]}:{kind}"
    checked = world.aws.check(Resource(world.aws, token, "wrong").subject, {}, inputs)
    assert any(message in failure.reason for failure in checked.failures)


def test_subscribers_of_a_budget_can_be_read(world: World):
    case = next(case for case in CASES if case.type == "aws:budgets/budget:Budget")
    inputs = case.inputs(world)
    resource = Resource(world.aws, case.type, "told").create(inputs)
    account, name = resource.id.split(":")
    (declared,) = inputs["notifications"]
    call = world.aws._where({}).call
    (notification,) = call("budgets", "describe_notifications_for_budget", {"AccountId": account, "BudgetName": name})["Notifications"]
    of = {"AccountId": account, "BudgetName": name, "Notification": notification}
    found = call("budgets", "describe_subscribers_for_notification", of)["Subscribers"]
    assert {(one["SubscriptionType"], one["Address"]) for one in found} == {
        ("EMAIL", declared["subscriberEmailAddresses"][0]),
        ("SNS", declared["subscriberSnsTopicArns"][0]),
    }
    resource.delete()


def test_every_row_has_a_case():
    assert {case.type for case in CASES} == set(ROWS)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.type)
def test_a_row_names_only_what_sdk_and_botocore_know(row: Row):
    known = signature(row.type)
    assert known is not None
    assert known.required <= known.inputs
    assert set(row.emulated_inputs()) <= known.inputs, "create and update speak of inputs"
    declared = {
        *row.local,
        *row.recorded,
        *row.recorded_on_update,
        *row.shared,
        *(path.split(".")[0] for path in row.force_new),
        *row.defaults,
    }
    assert declared <= known.inputs | known.outputs
    told = {*row.props, *row.sticky, *row.changing, *row.added, *row.from_create}
    assert told <= known.inputs | known.outputs | {"certificateAuthorities"}
    for call in (row.create, row.read, row.update, *row.delete, *(call for update in row.updates for call in update.calls)):
        if isinstance(call, Call):
            service = call.service or row.service
            assert call.operation in _operations(service), f"{service} {call.operation}"


_MODELS: dict[str, set[str]] = {}


def _operations(service: str) -> set[str]:
    if service not in _MODELS:
        os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
        _MODELS[service] = {xform_name(name) for name in get_session().get_service_model(service).operation_names}
    return _MODELS[service]
