"""What the collectors are told: limiters first and batches last, traces whole, tenants apart, and nothing lost that was taken."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.observability.args import ObservabilitySettings
from platform_components.observability.collectors import Plan, agent, gateway, sampler
from platform_components.observability.targets import log_groups, targets
from tests.unit.observability_cases import EXPORTERS, key

SETTINGS = ObservabilitySettings(exporters=EXPORTERS)  # type: ignore[arg-type]
TARGETS = targets(SETTINGS.exporters, "eu-west-1")
PROMETHEUS = ("http://prometheus-0:9090", "http://prometheus-1:9090")
TENANTS = {"payments": ("payments", "payments-jobs"), "ledger": ("ledger",)}
FULL = Plan(cluster="prod", prometheus=PROMETHEUS, tenants=TENANTS, targets=TARGETS)

PLANS = st.builds(
    Plan,
    cluster=st.just("dev"),
    prometheus=st.sampled_from(((), PROMETHEUS[:1], PROMETHEUS)),
    logs=st.booleans(),
    traces=st.booleans(),
    tenants=st.sampled_from(({}, TENANTS)),
    targets=st.sets(st.sampled_from(range(len(TARGETS)))).map(lambda chosen: tuple(TARGETS[index] for index in sorted(chosen))),
)


def pipelines(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = config["service"]["pipelines"]
    return found


def configurations(plan: Plan) -> Iterator[Mapping[str, Any]]:
    yield gateway(plan)
    if plan.collects_logs:
        yield agent(plan)
    if plan.traces:
        yield sampler(plan)


@given(PLANS)
def test_what_takes_from_the_network_is_limited_first_and_what_sends_is_batched_last(plan: Plan) -> None:
    for config in configurations(plan):
        connectors = config.get("connectors", {})
        for name, pipeline in pipelines(config).items():
            if set(pipeline["receivers"]) & set(config["receivers"]):
                assert pipeline["processors"][0] == "memory_limiter", name
            if not set(pipeline["exporters"]) & {*connectors, "loadbalancing"}:
                assert pipeline["processors"][-1] == "batch", name


@given(PLANS)
def test_a_pipeline_names_what_there_is_and_nothing_is_there_for_none(plan: Plan) -> None:
    for config in configurations(plan):
        connectors = set(config.get("connectors", {}))
        used: dict[str, set[str]] = {"receivers": set(), "processors": set(), "exporters": set()}
        for pipeline in pipelines(config).values():
            for part, names in used.items():
                names |= set(pipeline[part])
        assert used["receivers"] - connectors <= set(config["receivers"])
        assert used["processors"] == set(config["processors"])
        assert used["exporters"] - connectors == set(config["exporters"])
        assert config["service"]["extensions"] == list(config["extensions"])


@given(PLANS)
def test_whatever_has_a_queue_has_it_on_disk(plan: Plan) -> None:
    for config in configurations(plan):
        for name, exporter in config["exporters"].items():
            if not name.startswith("awsemf"):
                assert exporter["sending_queue"]["storage"] == "file_storage", name


def test_traces_stay_whole() -> None:
    """Every gateway sends all spans of a trace to one sampler, and only samplers decide."""
    balanced = gateway(FULL)["exporters"]["loadbalancing"]
    assert balanced["routing_key"] == "traceID"
    assert balanced["resolver"]["dns"]["hostname"] == "sampler.telemetry.svc.cluster.local"
    assert pipelines(gateway(FULL))["traces"]["exporters"] == ["loadbalancing"]
    assert "tail_sampling" not in gateway(FULL)["processors"]
    decisions = sampler(FULL)["processors"]["tail_sampling"]
    assert [policy["type"] for policy in decisions["policies"]] == ["status_code", "latency", "probabilistic"]
    assert pipelines(sampler(FULL))["traces"]["exporters"] == ["otlp/tempo", "datadog/dd", "otlp/honeycomb", "otlphttp/vendor"]


def test_every_prometheus_gets_every_sample() -> None:
    assert pipelines(gateway(FULL))["metrics"]["exporters"][:2] == ["otlphttp/prometheus-0", "otlphttp/prometheus-1"]


def test_spans_of_zipkin_are_taken() -> None:
    assert pipelines(gateway(FULL))["traces"]["receivers"] == ["otlp", "zipkin"]


def test_logs_go_to_the_tenant_of_their_namespace() -> None:
    config = gateway(FULL)
    table = config["connectors"]["routing/tenants"]["table"]
    routed = {row["condition"]: row["pipelines"] for row in table}
    assert routed['attributes["k8s.namespace.name"] == "payments-jobs"'] == ["logs/payments"]
    assert config["connectors"]["routing/tenants"]["default_pipelines"] == ["logs/platform"]
    for tenant in ("payments", "ledger", "platform"):
        assert pipelines(config)[f"logs/{tenant}"]["exporters"][0] == f"otlphttp/loki-{tenant}"
        assert config["exporters"][f"otlphttp/loki-{tenant}"]["headers"] == {"X-Scope-OrgID": tenant}


def test_nobody_can_claim_to_be_another_namespace() -> None:
    """What applications say of themselves is deleted before the address they send from is looked up; agents have a port of their own."""
    config = gateway(FULL)
    claims = {row["key"] for row in config["processors"]["resource/claims"]["attributes"] if row["action"] == "delete"}
    assert {"k8s.namespace.name", "team"} <= claims
    for name, pipeline in pipelines(config).items():
        if "otlp" in pipeline["receivers"] or "zipkin" in pipeline["receivers"]:
            assert pipeline["processors"].index("resource/claims") < pipeline["processors"].index("k8sattributes"), name
    assert config["receivers"]["otlp/agents"]["protocols"]["grpc"]["endpoint"] == ":4319"
    assert config["processors"]["k8sattributes"]["pod_association"] == [{"sources": [{"from": "connection"}]}]


def test_secrets_come_out_of_secrets() -> None:
    text = str(gateway(FULL)) + str(sampler(FULL))
    variables = {variable["name"]: variable["valueFrom"]["secretKeyRef"] for target in TARGETS for variable in target.environment}
    assert variables == {
        "EXPORTER_DD_KEY": key("datadog"),
        "EXPORTER_ELK_KEY": key("elastic"),
        "EXPORTER_HONEYCOMB_X_HONEYCOMB_TEAM": key("honeycomb"),
        "EXPORTER_VENDOR_AUTHORIZATION": key("vendor"),
    }
    assert all(f"${{env:{name}}}" in text for name in variables)


def test_log_groups_are_those_that_exporters_name() -> None:
    assert log_groups(SETTINGS.exporters) == ("/platform/logs", "/platform/metrics")


def test_two_exporters_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="dd is there twice"):
        ObservabilitySettings(exporters=[*EXPORTERS, EXPORTERS[0]])  # type: ignore[arg-type]
