"""The packs as the engine meets them: the analyzer protocol, call by call."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from google.protobuf import struct_pb2
from platform_policies import catalogue, crossguard, pack_values
from platform_policies.crossguard import Analyzer, PolicySet, policy_set
from platform_policies.enforcement import Enforcement, Level
from platform_policies.errors import PolicyInputError
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Pack, Rule, Settings, Severity, fail, rule, unknown
from platform_policies.waivers import Waiver, Waivers
from pulumi.runtime.proto import analyzer_pb2

TODAY = date(2026, 11, 23)
THING = "test:a/thing:Thing"
STACK = "urn:pulumi:prod.network::platform::pulumi:pulumi:Stack::platform-prod.network"


def urn(name: str, stack: str = "prod.network") -> str:
    return f"urn:pulumi:{stack}::platform::{THING}::{name}"


@rule("closed", title="Things are closed", severity=Severity.HIGH, types=(THING,), fix="Close it", defaults={"allowed": []})
def closed(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Open things leak."""
    value = node.value("open", False)
    if value == UNKNOWN:
        return unknown("open")
    return fail("open", f"open {value} lets anybody in") if value and node.name not in settings["allowed"] else PASS


@rule("paired", title="Things have a pair", severity=Severity.LOW, types=(THING,), fix="Add a pair")
def paired(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """One alone is lost."""
    return PASS if graph.referring(node, THING, "pair") else fail("", f"nothing is paired with {node.name}")


@rule("counted", title="Few things", severity=Severity.LOW, types=(), fix="Remove some", advisory=True)
def counted(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Many things cost."""
    count = sum(1 for _ in graph.of_type(THING))
    return fail("", f"{count} things") if count > 1 else PASS


@rule("broken", title="Never breaks", severity=Severity.LOW, types=(THING,), fix="Repair")
def broken(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Programs hold anything."""
    return fail("", "never") if node.value("size", 0) > 3 else PASS


RULES = (closed, paired, counted, broken)


class Engine:
    """Calls the pack as the engine does."""

    def __init__(
        self,
        stack: str = "prod.network",
        *,
        preview: bool = True,
        rules: Sequence[Rule] = RULES,
        waivers: Sequence[Waiver] = (),
        enforcement: Enforcement | None = None,
        config: Mapping[str, tuple[int, Mapping[str, Any]]] | None = None,
    ) -> None:
        levels = enforcement or Enforcement({"dev": Level.ADVISORY, "prod": Level.MANDATORY})
        self.pack = Analyzer(PolicySet("test", rules, levels, Waivers(waivers), TODAY, "1.0"))
        self.pack.Handshake(None, None)
        self.pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack=stack, project="platform", dry_run=preview), None)
        self.info = {one.name: one for one in self.pack.GetAnalyzerInfo(None, None).policies}
        configured = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, policy in self.info.items():
            level, properties = (config or {}).get(name, (policy.enforcementLevel, {}))
            configured.policyConfig[name].enforcementLevel = level
            configured.policyConfig[name].properties.update(dict(properties))
        self.pack.Configure(configured, None)
        self.stack = stack
        self.registered: list[Any] = []

    def register(self, name: str, inputs: Mapping[str, Any], kind: str = THING, **links: str) -> list[Any]:
        address = STACK if kind == "pulumi:pulumi:Stack" else urn(name, self.stack)
        properties = struct_pb2.Struct()
        properties.update(dict(inputs))
        response = self.pack.Analyze(analyzer_pb2.AnalyzeRequest(type=kind, urn=address, name=name, properties=properties), None)
        self.add(name, address, kind, properties, **links)
        return list(response.diagnostics)

    def add(self, name: str, address: str, kind: str, outputs: Any, **links: str) -> None:
        item = analyzer_pb2.AnalyzerResource(type=kind, urn=address, name=name, properties=outputs)
        if kind != "pulumi:pulumi:Stack":
            item.provider.urn = "urn:pulumi:prod.network::platform::pulumi:providers:test::p"
        for key, target in links.items():
            item.propertyDependencies[key].urns.append(urn(target, self.stack))
            item.dependencies.append(urn(target, self.stack))
        self.registered.append(item)

    def finish(self) -> list[Any]:
        return list(self.pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=reversed(self.registered)), None).diagnostics)


def brief(diagnostics: Sequence[Any]) -> list[tuple[str, str, str]]:
    return [(one.policyName, analyzer_pb2.EnforcementLevel.Name(one.enforcementLevel), one.message) for one in diagnostics]


def secret(value: Any) -> dict[str, Any]:
    return {pack_values.SIGNATURE: pack_values.SECRET_SIGNATURE, "value": value}


@pytest.mark.parametrize(
    ("stack", "level"), [("dev.network", "ADVISORY"), ("prod.network", "MANDATORY"), ("org/prod.a", "MANDATORY"), ("new.x", "MANDATORY")]
)
def test_the_environment_chooses_the_level(stack: str, level: str) -> None:
    engine = Engine(stack)
    assert brief(engine.register("one", {"open": True})) == [("closed", level, "open True lets anybody in. Close it")]
    assert analyzer_pb2.EnforcementLevel.Name(engine.info["closed"].enforcementLevel) == level
    assert analyzer_pb2.EnforcementLevel.Name(engine.info["counted"].enforcementLevel) == "ADVISORY"


def test_a_policy_is_described() -> None:
    policy = Engine().info["closed"]
    assert policy.displayName == "Things are closed"
    assert policy.description == "Open things leak."
    assert policy.remediation_steps == "Close it"
    assert policy.severity == analyzer_pb2.POLICY_SEVERITY_HIGH
    assert dict(policy.configSchema.properties["allowed"]) == {"type": "array"}
    assert not Engine().info["paired"].HasField("configSchema")


def test_what_is_not_known_in_a_preview_does_not_block_and_is_not_silent() -> None:
    assert brief(Engine().register("one", {"open": UNKNOWN})) == [("closed", "ADVISORY", "unknown: open is not known before `up`")]


@pytest.mark.parametrize("sentinel", sorted(pack_values.UNKNOWNS))
def test_every_sentinel_of_the_engine_is_unknown(sentinel: str) -> None:
    assert [level for _, level, _ in brief(Engine().register("one", {"open": sentinel}))] == ["ADVISORY"]


def test_what_stays_undecided_at_up_blocks_where_the_rule_does() -> None:
    engine = Engine(preview=False)
    assert brief(engine.register("one", {"open": UNKNOWN}))[0][:2] == ("closed", "MANDATORY")
    assert brief(Engine("dev.network", preview=False).register("one", {"open": UNKNOWN}))[0][:2] == ("closed", "ADVISORY")


def test_what_stays_undecided_may_be_said_to_be_a_hint() -> None:
    said = Enforcement(undecided={"closed": Level.ADVISORY})
    engine = Engine(preview=False, enforcement=said)
    assert brief(engine.register("one", {"open": UNKNOWN}))[0][1] == "ADVISORY"
    assert brief(engine.register("two", {"open": True}))[0][1] == "MANDATORY"


def test_rules_that_need_the_graph_wait_for_it() -> None:
    engine = Engine()
    assert engine.register("platform-prod.network", {}, "pulumi:pulumi:Stack") == []
    assert engine.register("one", {}) == []
    assert engine.register("two", {"pair": UNKNOWN}, pair="one") == []
    assert brief(engine.finish()) == [
        ("counted", "ADVISORY", "2 things. Remove some"),
        ("paired", "MANDATORY", "nothing is paired with two. Add a pair"),
    ]
    assert engine.finish() == [], "said once"


def test_what_did_not_register_is_looked_at_and_not_judged() -> None:
    engine = Engine()
    engine.register("one", {})
    engine.add("left-aside", urn("left-aside"), THING, struct_pb2.Struct(), pair="one")
    assert engine.finish() == []


def test_a_rule_that_breaks_is_undecided() -> None:
    ((name, level, message),) = brief(Engine().register("one", {"size": "large"}))
    assert (name, level) == ("broken", "ADVISORY")
    assert message.startswith("unknown: the rule could not read this resource (TypeError")


def test_a_disabled_rule_is_not_asked() -> None:
    off = Enforcement(rules={"closed": Level.DISABLED, "paired": {"prod": Level.DISABLED}})
    engine = Engine(enforcement=off)
    assert engine.register("one", {"open": True}) == []
    assert engine.finish() == []


def test_configuration_of_the_engine_overrides_levels_and_settings() -> None:
    config = {
        "closed": (analyzer_pb2.ADVISORY, {"allowed": ["one"]}),
        "counted": (analyzer_pb2.MANDATORY, {}),
        "paired": (analyzer_pb2.DISABLED, {}),
    }
    engine = Engine(config=config)
    engine.register("platform-prod.network", {}, "pulumi:pulumi:Stack")
    assert engine.register("one", {"open": True}) == []
    assert brief(engine.register("two", {"open": True}))[0][1] == "ADVISORY"
    assert [item[:2] for item in brief(engine.finish())] == [("counted", "ADVISORY")], "a hint never blocks"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"closd": {}}, ["there is no rule closd; `platformctl policy list` names them all"]),
        ({"closed": {"alowed": ["one"]}}, ["closed has no setting alowed; it has allowed"]),
        (
            {"paired": {"a": 1}, "b": {}},
            ["there is no rule b; `platformctl policy list` names them all", "paired has no setting a; it has none"],
        ),
        ({"aws-kms-rotation": {}, "waiver-unused": {}, "all": {}, "closed": {"allowed": []}}, []),
    ],
)
def test_configuration_of_what_is_not_there_is_refused(config: Mapping[str, Mapping[str, Any]], said: list[str]) -> None:
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, properties in config.items():
        request.policyConfig[name].enforcementLevel = analyzer_pb2.MANDATORY
        request.policyConfig[name].properties.update(dict(properties))
    context = Mock(abort=Mock(side_effect=RuntimeError))
    with pytest.raises(RuntimeError) if said else nullcontext():
        Engine().pack.Configure(request, context)
    assert [call.args for call in context.abort.mock_calls] == (
        [(grpc.StatusCode.INVALID_ARGUMENT, "\n".join(f"policy pack config: {line}" for line in said))] if said else []
    )


def test_settings_of_the_file_hold_without_configuration() -> None:
    engine = Engine(enforcement=Enforcement(settings=Settings({"closed": {"allowed": ["one"]}})))
    assert engine.register("one", {"open": True}) == []
    assert len(engine.register("two", {"open": True})) == 1


def test_settings_of_the_stacks_environment_hold_and_configuration_goes_before_them() -> None:
    drawn = Enforcement(settings=Settings({"closed": {"allowed": ["one"]}}, {"closed": {"prod": {"allowed": ["two"]}}}))
    for stack, config, allowed in (
        ("dev.network", {}, "one"),
        ("prod.network", {}, "two"),
        ("prod.network", {"closed": (analyzer_pb2.MANDATORY, {"allowed": ["three"]})}, "three"),
    ):
        engine = Engine(stack, enforcement=drawn, config=config)
        assert [name for name in ("one", "two", "three") if not engine.register(name, {"open": True})] == [allowed]


def test_waived_is_said_and_does_not_block() -> None:
    waiver = Waiver("closed", "*::one", "why", "me", "T-1", TODAY)
    engine = Engine(waivers=[waiver])
    assert brief(engine.register("one", {"open": True})) == [
        ("closed", "ADVISORY", "waived until 2026-11-23 (T-1): open True lets anybody in")
    ]
    assert brief(engine.register("two", {"open": True}))[0][1] == "MANDATORY"


def test_expired_and_unused_waivers_are_told_at_the_end() -> None:
    expired = Waiver("closed", "*::one", "why", "me", "T-1", date(2026, 11, 22), 3)
    unused = Waiver("closed", "*::nine", "why", "me", "T-2", TODAY, 9)
    engine = Engine(waivers=[expired, unused], rules=[closed])
    assert brief(engine.register("one", {"open": True}))[0][1] == "MANDATORY"
    assert [item[:2] for item in brief(engine.finish())] == [("waiver-expired", "MANDATORY"), ("waiver-unused", "ADVISORY")]


def test_secrets_stay_closed_in_a_preview_and_out_of_messages_at_up() -> None:
    seen: list[Any] = []

    @rule("look", title="Look", severity=Severity.LOW, types=(THING,), fix="Do")
    def look(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
        """Looks."""
        seen.append(node.inputs["password"])
        return fail("password", f"password {node.inputs['password']} is short")

    Engine(rules=[look]).register("one", {"password": secret("hunter2")})
    (said,) = Engine(rules=[look], preview=False).register("one", {"password": secret("hunter2")})
    assert seen == [SECRET, "hunter2"]
    assert said.message == "password [secret] is short. Do"


def test_values_arrive_as_in_every_other_graph() -> None:
    seen: list[Mapping[str, Any]] = []

    @rule("look", title="Look", severity=Severity.LOW, types=(THING,), fix="Do")
    def look(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
        """Looks."""
        seen.append(node.inputs)
        return None

    inputs = {
        "number": 3,
        "part": 0.5,
        "no": False,
        "none": None,
        "list": [1, {"a": secret(1)}],
        "file": {pack_values.SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "x"},
    }
    Engine(rules=[look]).register("one", inputs)
    assert seen == [{"number": 3, "part": 0.5, "no": False, "none": None, "list": [1, {"a": SECRET}], "file": {"asset": {"path": "x"}}}]
    assert isinstance(seen[0]["number"], int)


KEY = "aws:kms/key:Key"


def corrected(level: Level, inputs: Mapping[str, Any], waived: bool = False) -> list[Any]:
    waiver = [Waiver("aws-kms-rotation", "*", "why", "me", "T-1", TODAY)] if waived else []
    policies = PolicySet("test", [rotation], Enforcement(default=level), Waivers(waiver), TODAY)
    properties = struct_pb2.Struct()
    properties.update(dict(inputs))
    request = analyzer_pb2.AnalyzeRequest(type=KEY, urn="u", name="n", properties=properties)
    return list(Analyzer(policies).Remediate(request, None).remediations)


@rule("aws-kms-rotation", title="Keys rotate", severity=Severity.LOW, types=(KEY,), fix="Rotate")
def rotation(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Old keys."""
    value = node.value("enableKeyRotation", False)
    return unknown("enableKeyRotation") if value == UNKNOWN else PASS if value else fail("enableKeyRotation", "off")


def test_remediation_is_asked_for_and_keeps_secrets() -> None:
    (change,) = corrected(Level.REMEDIATE, {"description": secret("x"), "size": UNKNOWN})
    assert change.policyName == "aws-kms-rotation"
    assert change.properties["enableKeyRotation"] is True
    assert change.properties["size"] == UNKNOWN
    assert dict(change.properties["description"]) == secret("x")


@pytest.mark.parametrize("level", [Level.ADVISORY, Level.MANDATORY, Level.DISABLED])
def test_nothing_is_corrected_unasked(level: Level) -> None:
    assert corrected(level, {}) == []


@pytest.mark.parametrize("inputs", [{"enableKeyRotation": True}, {"enableKeyRotation": UNKNOWN}])
def test_nothing_is_corrected_that_is_right_or_not_known(inputs: Mapping[str, Any]) -> None:
    assert corrected(Level.REMEDIATE, inputs) == []


def test_what_is_waived_is_not_corrected() -> None:
    assert corrected(Level.REMEDIATE, {}, waived=True) == []


@rule("dated", title="Has a day", severity=Severity.LOW, types=(THING,), fix="Wait", defaults={"today": ""})
def dated(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Things age."""
    return fail("", settings["today"])


def test_rules_judge_by_the_packs_own_day() -> None:
    assert Engine(rules=[dated]).register("a", {})[0].message == f"{TODAY}. Wait"
    configured = Engine(rules=[dated], config={"dated": (analyzer_pb2.MANDATORY, {"today": "2030-01-01"})})
    assert configured.register("a", {})[0].message == "2030-01-01. Wait"


def test_a_pack_reads_its_files(tmp_path: Path) -> None:
    found = policy_set(Pack.SECURITY, tmp_path, TODAY)
    assert list(found.rules) == list(catalogue.pack(Pack.SECURITY))
    (tmp_path / "waivers.yaml").write_text("waivers: [x]")
    (tmp_path / "enforcement.yaml").write_text("default: advisory")
    assert policy_set(Pack.SECURITY, tmp_path, TODAY).enforcement.default is Level.ADVISORY
    assert len(policy_set(Pack.SECURITY, tmp_path, TODAY).waivers.malformed) == 1
    assert not policy_set(Pack.COST, tmp_path, TODAY).waivers.malformed, "told once, by the security pack"


def test_a_pack_with_a_wrong_file_says_so_and_ends(tmp_path: Path) -> None:
    (tmp_path / "enforcement.yaml").write_text("default: sometimes\nrules: {no-such-rule: {}}")
    with pytest.raises(PolicyInputError, match="no-such-rule"):
        policy_set(Pack.COST, tmp_path, TODAY)
    with pytest.raises(SystemExit, match="sometimes"):
        crossguard.serve(Pack.COST, tmp_path)
