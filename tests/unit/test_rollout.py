"""Rollout: what each strategy becomes with each controller and router, what is refused and why, and that verdicts agree with objectives."""

import math
import re
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import platform_components as platform
from platform_components.delivery import analysis, argo_rollouts, flagger, gates
from platform_components.delivery.rollout_args import COMPARES, IMPOSSIBLE, Engine, Match
from platform_components.observability.alerts import Severity
from platform_components.observability.slo.args import SloSettings
from platform_components.observability.slo.burn import burns, tolerance_of
from tests.support import Deployment, deploy

AVAILABLE = {"kind": "availability", "metric": "http_requests_total", "selector": 'job="checkout"', "errors": 'code=~"5.."'}
FAST = {"kind": "latency", "metric": "http_request_duration_seconds", "selector": 'job="checkout"', "within": "0.3"}
OBJECTIVES = {
    "checkout": {"service": "checkout", "objective": "99.9", "indicator": AVAILABLE},
    "checkout-fast": {"service": "checkout", "objective": "99", "indicator": FAST, "minimum_events": 5000},
}
TEMPLATED = {**AVAILABLE, "selector": 'job="{{x}}"'}
IMAGE = "registry.example.com/checkout@sha256:" + "a" * 64
STRATEGIES: dict[str, dict[str, Any]] = {
    "canary": {"kind": "canary", "steps": [{"weight": 10, "minutes": 5}, {"weight": 50, "minutes": 5}]},
    "blue-green": {"kind": "blue-green"},
    "a/b": {"kind": "a/b", "headers": [{"name": "X-Tester", "value": "yes"}]},
}
ROUTERS: dict[str, dict[str, Any] | None] = {
    "none": None,
    "gateway-api": {"kind": "gateway-api", "hostnames": ["checkout.shop.example.com"]},
    "istio": {"kind": "istio"},
    "alb": {"kind": "alb", "hostnames": ["checkout.shop.example.com"]},
}
TRIPLES = [(engine, strategy, router) for engine, strategy, router in product(Engine, STRATEGIES, ROUTERS)]


def given_args(
    engine: Engine = Engine.ARGO_ROLLOUTS, strategy: str = "canary", router: str = "gateway-api", /, **changes: Any
) -> dict[str, Any]:
    unmeasured = {"when_unmeasured": "promote"} if engine is Engine.FLAGGER else {}
    return {
        "service": "checkout", "namespace": "shop-prod", "image": IMAGE, "objectives": OBJECTIVES, "replicas": 10,
        "engine": engine, "strategy": STRATEGIES[strategy], "router": ROUTERS[router], **unmeasured, **changes,
    }  # fmt: skip


def args(*case: Any, **changes: Any) -> platform.RolloutArgs:
    return platform.RolloutArgs.model_validate(given_args(*case, **changes))


def built(*case: Any, **changes: Any) -> Deployment[platform.Rollout]:
    return deploy(lambda: platform.Rollout("checkout", args(*case, **changes)))


def of_kind(done: Deployment[Any], kind: str) -> list[Any]:
    return [node.inputs for node in done.graph if node.inputs.get("kind") == kind]


def refusal(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        args(**changes)
    return str(error.value)


# --- what goes together


@pytest.mark.parametrize(("engine", "strategy", "router"), TRIPLES)
def test_what_goes_together_is_made_and_the_rest_refused_with_its_reason(engine: Engine, strategy: str, router: str) -> None:
    if reason := IMPOSSIBLE.get((engine, strategy, router)):
        with pytest.raises(ValidationError, match=re.escape(reason)):
            args(engine, strategy, router)
        return
    done = built(engine, strategy, router)
    kinds = {node.inputs.get("kind") for node in done.graph if node.custom}
    routes = {"none": set(), "gateway-api": {"HTTPRoute"}, "istio": {"VirtualService"}, "alb": {"Ingress"}}[router]
    if engine is Engine.FLAGGER:
        assert kinds == {"Deployment", "Canary", "MetricTemplate"}
    else:
        assert kinds == {"Rollout", "AnalysisTemplate", "Service"} | routes
    assert done.value("rollout_name") == done.value("stable_service") == "checkout"
    assert done.value("canary_service") in {"checkout-canary", "checkout-preview"}


@pytest.mark.parametrize(("engine", "router"), COMPARES)
@pytest.mark.parametrize("match", Match)
def test_headers_are_compared_as_the_router_can(engine: Engine, router: str, match: Match) -> None:
    headers = {"kind": "a/b", "headers": [{"name": "X-Tester", "value": "yes", "match": match}]}
    if match in COMPARES[engine, router]:
        args(engine, "a/b", router, strategy=headers)
    else:
        with pytest.raises(ValidationError, match=f"header X-Tester: router {router} with {engine} compares .*, not {match}"):
            args(engine, "a/b", router, strategy=headers)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategy": {"kind": "canary", "steps": [{"weight": 50}, {"weight": 20}]}}, "20 follows 50"),
        ({"strategy": {"kind": "canary", "steps": [{"weight": 100}]}}, "less than or equal to 99"),
        ({"strategy": {"kind": "canary", "steps": []}}, "at least 1 item"),
        ({"strategy": {"kind": "mirror"}}, "'canary', 'blue-green', 'a/b'"),
        ({"strategy": {"kind": "a/b", "headers": []}}, "at least 1 item"),
        ({"strategy": {"kind": "blue-green", "preview_replicas": 11}}, r"preview_replicas \(11\) is above replicas \(10\)"),
        ({"router": None, "replicas": 4}, "weight 10 of 4 replicas is no whole number of pods"),
        ({"router": {"kind": "gateway-api", "hostnames": ["shop"]}}, "should match pattern"),
        ({"objectives": {}}, "at least 1 item"),
        ({"objectives": {"other": {**OBJECTIVES["checkout"], "service": "cart"}}}, "objective other is about service cart"),
        ({"objectives": {"checkout": {**OBJECTIVES["checkout"], "indicator": TEMPLATED}}}, "controllers replace"),
        ({"engine": "flagger"}, "Flagger takes no answer as a bad one"),
        (
            {"engine": "flagger", "when_unmeasured": "promote",
             "strategy": {"kind": "canary", "steps": [{"weight": 1, "minutes": 5}, {"weight": 2, "minutes": 6}]}},
            "Flagger takes all steps at one pace",
        ),
        ({"emergency": "it burns"}, "should match pattern"),
        ({"namespace": "shop_prod"}, "should match pattern"),
        ({"wieght": 5}, "Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_reason(changes: dict[str, Any], said: str) -> None:
    assert re.search(said, refusal(**changes))


# --- gates come first


def test_a_version_passes_the_gates_before_its_first_share() -> None:
    for strategy in ("canary", "a/b"):
        steps = argo_rollouts.rollout(args(strategy=STRATEGIES[strategy]))["strategy"]["canary"]["steps"]
        first = [step["analysis"]["templates"] for step in steps[:2]]
        assert first == [[{"templateName": name, "clusterScope": True}] for name in ("delivery-window", "delivery-budget")]
        assert not any({"setWeight", "setHeaderRoute"} & step.keys() for step in steps[:2])
    before = argo_rollouts.rollout(args(strategy=STRATEGIES["blue-green"]))["strategy"]["blueGreen"]["prePromotionAnalysis"]
    assert [template["templateName"] for template in before["templates"]] == ["delivery-window", "delivery-budget"]


def test_picked_users_keep_the_version_until_everybody_has_it() -> None:
    canary = argo_rollouts.rollout(args(strategy=STRATEGIES["a/b"]))["strategy"]["canary"]
    routes = [step["setHeaderRoute"] for step in canary["steps"] if "setHeaderRoute" in step]
    assert routes[0]["match"] == [{"headerName": "X-Tester", "headerValue": {"exact": "yes"}}]
    assert len(routes) == 1
    assert canary["trafficRouting"]["managedRoutes"] == [{"name": routes[0]["name"]}]


def test_the_old_version_stays_until_the_new_has_been_watched() -> None:
    strategy = argo_rollouts.rollout(args(strategy={"kind": "blue-green", "minutes": 40}))["strategy"]["blueGreen"]
    told = {argument["name"]: argument.get("value") for argument in strategy["postPromotionAnalysis"]["args"]}
    assert told["checks"] == "40"
    assert strategy["scaleDownDelaySeconds"] > 40 * 60


def test_an_emergency_opens_the_gates_and_still_judges_the_version() -> None:
    rollout = of_kind(built(emergency="INC-7"), "Rollout")[0]
    assert rollout["metadata"]["annotations"] == {"platform-components/emergency": "INC-7"}
    assert rollout["spec"]["strategy"]["canary"]["steps"][:2] == list(gates.step())
    canary = of_kind(built(Engine.FLAGGER, emergency="INC-7"), "Canary")[0]
    assert {metric["name"] for metric in canary["spec"]["analysis"]["metrics"]} == set(OBJECTIVES)
    calm = of_kind(built(Engine.FLAGGER), "Canary")[0]
    assert [metric["name"] for metric in calm["spec"]["analysis"]["metrics"]][:2] == [gates.WINDOW, gates.BUDGET]


def test_pods_are_held_to_the_strictest_level() -> None:
    pod = of_kind(built(pod={"terminationGracePeriodSeconds": 90}, service_account="checkout"), "Rollout")[0]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False
    assert pod["automountServiceAccountToken"] is False
    assert (pod["terminationGracePeriodSeconds"], pod["serviceAccountName"]) == (90, "checkout")


# --- rules

WEIGHTS = st.lists(st.integers(1, 99), min_size=1, max_size=8)


@given(weights=WEIGHTS, minutes=st.integers(1, 60))
@settings(deadline=None, max_examples=40)
def test_weights_rise_or_are_refused_and_every_share_is_watched(weights: list[int], minutes: int) -> None:
    steps = [{"weight": weight, "minutes": minutes} for weight in weights]
    rising = all(before < after for before, after in pairwise(weights))
    if not rising:
        assert "the weights of steps must rise" in refusal(strategy={"kind": "canary", "steps": steps})
        return
    made = argo_rollouts.rollout(args(strategy={"kind": "canary", "steps": steps}))["strategy"]["canary"]["steps"][2:]
    assert [step["setWeight"] for step in made[::2]] == weights
    told = [{one["name"]: one.get("value") for one in step["analysis"]["args"]} for step in made[1::2]]
    assert {one["checks"] for one in told} == {str(minutes)}
    assert [one["minutes"] for one in told] == [str(max(5, minutes * number)) for number in range(1, len(weights) + 1)]


@given(
    objective=st.decimals("97", "99.999", places=3),
    days=st.integers(7, 90),
    minimum=st.integers(0, 100_000),
    engine=st.sampled_from(Engine),
)
@settings(deadline=None, max_examples=40)
def test_every_verdict_agrees_with_the_objective(objective: Decimal, days: int, minimum: int, engine: Engine) -> None:
    """The bound is the error ratio of the slowest page, and chance makes a version that is as good as its objective bad hardly ever."""
    slo = {**OBJECTIVES["checkout"], "objective": str(objective), "period_days": days, "minimum_events": minimum}
    try:
        checked = SloSettings.model_validate(slo)
    except ValidationError:
        return
    pages = [burn for burn in burns(checked.objective, days) if burn.severity is Severity.PAGE]
    bound = min(burn.threshold for burn in pages)
    made = args(engine, objectives={"checkout": slo})
    if engine is Engine.FLAGGER:
        limits = {metric["name"]: metric["thresholdRange"] for metric in flagger.canary(made)["analysis"]["metrics"]}
        assert limits["checkout"] == {"max": float(bound)}
        query = next(measure.query for measure in flagger.measures(made) if measure.name == "checkout")
    else:
        metric = argo_rollouts.analysis_template(made)["metrics"][0]
        assert Decimal(metric["successCondition"].removeprefix("len(result) > 0 && result[0] <= ")) == bound
        assert metric["failureCondition"] == metric["successCondition"].replace("result[0]", "!(result[0]") + ")"
        query = metric["provider"]["prometheus"]["query"]
    events = analysis.least_events(checked)
    assert f">= {events}" in query
    assert events >= minimum
    # The likeliest false alarm: just above the bound, of so few events that a verdict is given.
    fails = math.floor(events * float(bound) + 1e-9) + 1
    assert analysis.poisson_tail(fails, events * float(tolerance_of(checked.objective))) <= analysis.FALSE_ALARM * 1.01


def test_few_events_never_make_a_verdict_of_one_failure() -> None:
    for objective in ("98", "99", "99.9", "99.99"):
        slo = SloSettings.model_validate({**OBJECTIVES["checkout"], "objective": objective})
        assert Decimal(1) / analysis.least_events(slo) < analysis.judged_by(slo).threshold
