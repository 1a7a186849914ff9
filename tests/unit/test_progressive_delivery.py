"""ProgressiveDelivery and promotion: what is installed, what is refused, and which version may go on to the next environment."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.declarations.environment import load_environment
from platform_components.delivery import gates, promotion
from platform_components.delivery.rollout_args import Engine
from platform_components.errors import DeclarationError
from platformctl.__main__ import run as platformctl
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
ORDER = [{"environment": "dev", "soak_minutes": 0}, {"environment": "staging", "soak_minutes": 240}, {"environment": "prod"}]
STAGES = [("dev", 0), ("staging", 240), ("prod", 0)]
DIGEST = "sha256:" + "a" * 64
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def args(**changes: Any) -> platform.ProgressiveDeliveryArgs:
    around = {"cluster": CLUSTER, "environment": "prod", "region": "eu-west-1", "vpc_id": "vpc-1"}
    return platform.ProgressiveDeliveryArgs.model_validate({**around, **changes})


def built(**changes: Any) -> Deployment[platform.ProgressiveDelivery]:
    return deploy(lambda: platform.ProgressiveDelivery("shop", args(**changes)))


def objects(done: Deployment[Any], kind: str) -> dict[str, Any]:
    return {node.inputs["metadata"]["name"]: node.inputs for node in done.graph if node.inputs.get("kind") == kind}


def test_the_controller_comes_with_its_gates_its_policies_and_alerts() -> None:
    done = built(promotion=ORDER)
    assert done.one("kubernetes:helm.sh/v3:Release").inputs["chart"].endswith("/argo-rollouts")
    assert set(objects(done, "ClusterAnalysisTemplate")) == {gates.BUDGET, gates.WINDOW}
    policies = {"platform-rollout-gates", "platform-rollout-skips", "platform-promotion-order"}
    assert set(objects(done, "ValidatingAdmissionPolicy")) == set(objects(done, "ValidatingAdmissionPolicyBinding")) == policies
    assert set(objects(done, "PrometheusRule")) == {"releases"}
    assert (done.value("namespace"), done.value("engine")) == ("argo-rollouts", "argo-rollouts")
    assert {one["metadata"]["labels"]["platform-components/owned-by"] for one in objects(done, "ClusterAnalysisTemplate").values()} == {
        "platform"
    }


def test_flagger_is_one_setting() -> None:
    done = built(engine="flagger", prometheus_url="http://prometheus:9090")
    release = done.one("kubernetes:helm.sh/v3:Release").inputs
    assert release["values"]["metricsServer"] == "http://prometheus:9090"
    assert set(objects(done, "MetricTemplate")) == {gates.BUDGET, gates.WINDOW}
    assert set(objects(done, "ValidatingAdmissionPolicy")) == {"platform-canary-gates"}


@pytest.mark.parametrize("engine", Engine)
def test_the_first_environment_takes_what_it_likes(engine: Engine) -> None:
    for changes in ({"environment": "dev", "promotion": ORDER}, {"promotion": []}):
        assert "platform-promotion-order" not in objects(built(engine=engine, **changes), "ValidatingAdmissionPolicy")
    assert args(promotion=ORDER).before == "staging"


def test_modes_are_those_of_admission_policies() -> None:
    binding = objects(built(mode="audit"), "ValidatingAdmissionPolicyBinding")["platform-rollout-gates"]["spec"]
    assert binding["validationActions"] == ["Warn", "Audit"]
    assert objects(built(mode="disabled"), "ValidatingAdmissionPolicy") == {}


def test_what_is_asked_of_prometheus_may_be_reached() -> None:
    policies = [node.inputs for node in built().graph if node.type.endswith(":NetworkPolicy")]
    egress = [rule for one in policies for rule in one["spec"].get("egress", ())]
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert [rule["ports"] for rule in egress if monitoring in rule.get("to", ())] == [[{"port": 9090, "protocol": "TCP"}]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"promotion": [{"environment": "dev"}, {"environment": "staging"}]}, "environment prod has no place in promotion"),
        ({"promotion": [*ORDER, {"environment": "dev"}]}, "environment dev is named twice"),
        ({"windows": [{"from_hour": 22, "until_hour": 6}]}, "write a night as two windows"),
        ({"windows": [{"from_hour": 8, "until_hour": 25}]}, "less than or equal to 24"),
        ({"windows": [{"days": ["someday"], "from_hour": 8, "until_hour": 9}]}, "'sun', 'mon'"),
        ({"engine": "spinnaker"}, "'argo-rollouts' or 'flagger'"),
        ({"window": []}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        args(**changes)


def test_an_environment_file_without_a_place_in_its_own_order_is_told_where(tmp_path: Path) -> None:
    text = Path(__file__).parents[2].joinpath("stacks/environments/prod.yaml").read_text(encoding="utf-8")
    file = tmp_path / "prod.yaml"
    file.write_text(text.replace("soak_minutes: 240}, {environment: prod}", "soak_minutes: 240}, {environment: live}"), encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        load_environment(file)
    (problem,) = error.value.problems
    assert (problem.field, problem.line > 0) == ("delivery.progressive.promotion", True)
    assert "environment prod has no place in promotion, which names dev, staging, live; add it" in problem.message


# --- promotion


def rollout(image: str = f"registry/ledger@{DIGEST}", namespace: str = "payments-staging", **status: Any) -> dict[str, Any]:
    done = (NOW - timedelta(hours=5)).isoformat().replace("+00:00", "Z")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": done, "lastUpdateTime": done} for kind in ("Completed", "Healthy")]
    whole = {"phase": "Healthy", "stableRS": "7d", "currentPodHash": "7d", "observedGeneration": "4", "conditions": conditions}
    return {
        "kind": "Rollout",
        "metadata": {"name": "ledger", "namespace": namespace, "generation": 4},
        "spec": {"template": {"spec": {"containers": [{"name": "ledger", "image": image}]}}},
        "status": {**whole, **status},
    }


def why_not(document: dict[str, Any], target: str = "prod", now: datetime = NOW) -> list[str]:
    return list(promotion.refusals(promotion.running(document), STAGES, target, f"payments-{target}", now))


def test_what_has_soaked_goes_on_and_its_record_keeps_what_it_may_go_back_to() -> None:
    assert why_not(rollout()) == []
    recorded = {"ledger": " ".join(f"sha256:{number:064x}" for number in range(12)), "api": "sha256:other"}
    made = promotion.record(promotion.running(rollout()), "payments-prod", recorded)
    assert made["metadata"]["labels"] == {"platform-components/owned-by": "platform"}
    assert list(made["data"]) == ["ledger"]
    digests = made["data"]["ledger"].split()
    assert (digests[0], len(digests)) == (DIGEST, promotion.KEPT)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (rollout(namespace="payments-dev"), "prod takes what runs in payments-staging"),
        (rollout(namespace="storefront-staging"), "prod takes what runs in payments-staging"),
        (rollout(image="registry/ledger:1.2.3"), "which somebody may move"),
        (rollout(phase="Degraded"), "not whole and healthy"),
        (rollout(phase="Progressing"), "not whole and healthy"),
        (rollout(stableRS="6c"), "not whole and healthy"),
        (rollout(abort=True), "not whole and healthy"),
        (rollout(observedGeneration="3"), "not whole and healthy"),
        (rollout(conditions=[]), "not whole and healthy"),
    ],
)
def test_what_may_not_go_on_is_told_why(document: dict[str, Any], said: str) -> None:
    assert any(said in reason for reason in why_not(document))


def test_it_soaks_to_the_minute() -> None:
    early, late = NOW - timedelta(minutes=61), NOW - timedelta(minutes=60)
    assert why_not(rollout(), now=early) == ["has run for 239 of 240 minutes in staging; come again at 2026-03-02 11:00 UTC"]
    assert why_not(rollout(), now=late) == []


def test_flagger_s_primary_is_evidence_too() -> None:
    document = rollout()
    document["kind"], document["metadata"]["name"] = "Deployment", "ledger-primary"
    conditions = [{**one, "type": kind} for one, kind in zip(document["status"]["conditions"], ("Progressing", "Available"), strict=True)]
    document["status"] = {
        "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "observedGeneration": 4, "conditions": conditions,
    }  # fmt: skip
    assert promotion.running(document).service == "ledger"
    assert why_not(document) == []
    document["status"]["updatedReplicas"] = 1
    assert any("not whole" in reason for reason in why_not(document))


def run(tmp_path: Path, document: Any, *, order: str = "dev:0,staging:240,prod", to: str = "prod", namespace: str = "payments-prod") -> int:
    file = tmp_path / "evidence.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return platformctl(["promotion", "approve", "--evidence", str(file), "--order", order, "--to", to, "--namespace", namespace])


def test_the_command_prints_the_record_or_says_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, rollout()) == 0
    assert json.loads(capsys.readouterr().out)["data"] == {"ledger": DIGEST}
    assert run(tmp_path, rollout(phase="Degraded")) == 1
    told = capsys.readouterr()
    assert (told.out, "ledger is not whole and healthy in staging" in told.err) == ("", True)


@pytest.mark.parametrize(
    ("document", "options", "said"),
    [
        ("{", {}, "cannot be read"),
        ("[]", {}, "is no Kubernetes object"),
        ({"kind": "Pod"}, {}, "is a Pod; give what `kubectl get rollout NAME -o json` or"),
        ({"kind": "Rollout"}, {}, "lacks 'metadata'"),
        ({"kind": "Rollout", "metadata": 3, "spec": []}, {}, "lacks"),
        (rollout(), {"order": "dev:soon,prod"}, "'dev:soon' is no environment with its minutes"),
        (rollout(), {"order": "dev,dev,prod"}, "dev is named twice"),
        (rollout(), {"to": "dev", "namespace": "payments-dev"}, "environment dev is first in the order"),
        (rollout(), {"to": "qa", "namespace": "payments-qa"}, "environment qa is not in it"),
        (rollout(), {"namespace": "payments"}, "namespace payments is none of prod"),
    ],
)
def test_bad_input_ends_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Any, options: dict[str, str], said: str
) -> None:
    assert run(tmp_path, document, **options) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
