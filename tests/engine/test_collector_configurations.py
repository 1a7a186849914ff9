"""Every configuration of the collectors before the collector's own code, and faults that it finds."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from platform_components.charts.records.opentelemetry_collector import STORAGE
from platform_components.observability.args import ObservabilitySettings
from platform_components.observability.collectors import Plan, agent, gateway, sampler
from platform_components.observability.targets import targets
from tests.unit.observability_cases import EXPORTERS

UNBUILT: Final = {"datadog", "elasticsearch"}
"""Exporters that the judge lacks; docs/observability.md says why."""
BUILT: Final = targets(
    ObservabilitySettings(exporters=[one for one in EXPORTERS if one["kind"] not in UNBUILT]).exporters,  # type: ignore[arg-type]
    "eu-west-1",
)
PROMETHEUS: Final = ("http://prometheus-0:9090", "http://prometheus-1:9090")
TENANTS: Final = {"payments": ("payments", "payments-jobs"), "ledger": ("ledger",)}
FULL: Final = Plan(cluster="prod", prometheus=PROMETHEUS, tenants=TENANTS, targets=BUILT)
PLANS: Final = [
    Plan(cluster="dev", prometheus=PROMETHEUS[:1], logs=logs, traces=traces, tenants=tenants, targets=chosen)
    for logs, traces, tenants, chosen in product((True, False), (True, False), ({}, TENANTS), ((), BUILT))
]

Configuration = dict[str, Any]
Fault = Callable[[Configuration], object]


def judge(otelcol: Path, folder: Path, config: Mapping[str, Any]) -> str:
    """What the collector says of a configuration; empty where it takes it. Its queues lie in a folder that exists."""
    file = folder / "config.yaml"
    file.write_text(json.dumps(config).replace(STORAGE, str(folder)))
    secrets = {variable["name"]: "secret" for target in BUILT for variable in target.environment}
    environ = {**os.environ, **secrets, "MY_POD_IP": "127.0.0.1", "OTEL_K8S_POD_NAME": "gateway-0", "OTEL_K8S_NODE_NAME": "node"}
    done = subprocess.run([otelcol, "validate", f"--config={file}"], capture_output=True, text=True, check=False, env=environ, timeout=60)
    assert (done.returncode == 0) == (not done.stderr.strip()), done.stderr
    return done.stderr


def test_the_collector_takes_every_configuration(otelcol: Path, tmp_path: Path) -> None:
    """With and without stores, teams and exporters; what two plans have in common is judged once."""
    made = {
        json.dumps(config): (build.__name__, plan)
        for plan in [FULL, *PLANS]
        for build, wanted in ((gateway, True), (agent, plan.collects_logs), (sampler, plan.traces))
        if wanted and (config := build(plan))["service"]["pipelines"]
    }
    assert len(made) > len(PLANS)
    kinds = {name.partition("/")[0] for text in made for name in json.loads(text)["exporters"]}
    assert kinds >= {one["kind"] for one in EXPORTERS} - UNBUILT, "every exporter that can be judged is"
    assert any("zipkin" in json.loads(text)["receivers"] for text in made)
    assert {made[text]: said for text in made if (said := judge(otelcol, tmp_path, json.loads(text)))} == {}


@pytest.mark.parametrize(
    ("build", "fault", "said"),
    [
        (gateway, lambda config: config["exporters"]["otlp/honeycomb"].update(endpont="x"), "endpont"),
        (gateway, lambda config: config["receivers"]["zipkin"].update(parse_strings=True), "parse_strings"),
        (gateway, lambda config: config["exporters"].pop("awsemf/metrics"), "awsemf/metrics"),
        (gateway, lambda config: config["connectors"]["routing/tenants"].update(table=[]), "routing"),
        (
            gateway,
            lambda config: config["connectors"]["routing/tenants"]["table"][0].update(condition="attributes["),
            "invalid syntax",
        ),
        (gateway, lambda config: config["processors"]["memory_limiter"].update(limit_percentage=0), "memory_limiter"),
        (agent, lambda config: config["receivers"]["filelog"]["operators"][0].update(type="contaner"), "contaner"),
        (sampler, lambda config: config["processors"]["tail_sampling"].update(decision_wait="soon"), "decision_wait"),
        (sampler, lambda config: config["service"]["pipelines"]["traces"]["processors"].append("batsh"), "batsh"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_fault_is_found(otelcol: Path, tmp_path: Path, build: Callable[[Plan], Configuration], fault: Fault, said: str) -> None:
    config: Configuration = json.loads(json.dumps(build(FULL)))
    fault(config)
    assert said in judge(otelcol, tmp_path, config)
