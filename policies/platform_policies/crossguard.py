"""CrossGuard: the rules as a policy pack of the Pulumi engine. The one module of this package that imports pulumi.

The pack speaks the engine's analyzer protocol (pulumi/analyzer.proto, part of the Pulumi SDK) itself. `pulumi_policy` (1.21) cannot carry
these rules: it drops the stack's name, by which enforcement is chosen; gives all violations of a policy one level, so that what a mandatory
rule could not decide in a preview is either a refusal or lost; hands secrets over unmarked; and reads every resource anew for every policy.

Each rule is one policy. A resource is judged when it registers, before it is created, by every rule that needs nothing but the resource;
rules that look around in the graph judge it when the stack is complete, over the same inputs.
"""

import importlib.metadata
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from platform_policies import catalogue, enforcement, waivers
from platform_policies.enforcement import Enforcement, Level
from platform_policies.errors import PolicyInputError
from platform_policies.evaluate import STACK_TYPE, Undecidable, judge
from platform_policies.graph import UNKNOWN, Node, ResourceGraph, environment_of
from platform_policies.pack_values import plain, raw
from platform_policies.remediation import REMEDIATIONS, remedy
from platform_policies.rule import Pack, Rule, Settings, Severity, Status, Verdict
from platform_policies.types import canonical
from platform_policies.waivers import Waivers

LEVELS: Mapping[Level, analyzer_pb2.EnforcementLevel.ValueType] = {
    Level.ADVISORY: analyzer_pb2.ADVISORY,
    Level.MANDATORY: analyzer_pb2.MANDATORY,
    Level.DISABLED: analyzer_pb2.DISABLED,
    Level.REMEDIATE: analyzer_pb2.REMEDIATE,
}
SEVERITIES: Mapping[Severity, analyzer_pb2.PolicySeverity.ValueType] = {
    Severity.LOW: analyzer_pb2.POLICY_SEVERITY_LOW,
    Severity.MEDIUM: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    Severity.HIGH: analyzer_pb2.POLICY_SEVERITY_HIGH,
    Severity.CRITICAL: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}
_EVERY = "all"
"""What the engine's configuration calls every policy of a pack."""

_SETTING_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}


@dataclass(frozen=True)
class PolicySet:
    """What a pack judges by."""

    name: str
    rules: Sequence[Rule]
    enforcement: Enforcement
    waivers: Waivers
    today: date
    version: str = ""


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers the engine, for one operation on one stack."""

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies
        self.stack = ""
        self.preview = True
        self.levels: dict[str, Level] = {}
        self.settings = policies.enforcement.settings.on(policies.today)
        self._rules: dict[str, list[Rule]] = {}
        for rule in policies.rules:
            for kind in rule.types or (STACK_TYPE,):
                self._rules.setdefault(kind, []).append(rule)
        self._registered: dict[str, Node] = {}
        self._deferred: dict[tuple[str, str], Rule] = {}
        self._secrets: set[str] = set()
        self._one_call = threading.Lock()

    # -- the protocol -------------------------------------------------------------------------------------------------------------------

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802 -- the protocol's name
        """The engine's first words."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=self.policies.version)

    def ConfigureStack(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Which stack, and whether this is a preview."""
        self.stack, self.preview = request.stack, request.dry_run
        environment = environment_of(self.stack)
        self.settings = self.policies.enforcement.settings.within(environment).on(self.policies.today)
        self.levels = {rule.id: self.policies.enforcement.level(rule, environment) for rule in self.policies.rules}
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """The policies: one of each rule, at its level in the stack's environment."""
        info = analyzer_pb2.AnalyzerInfo(name=self.policies.name, version=self.policies.version, supportsConfig=True)
        info.policies.extend(self._info(rule) for rule in (*self.policies.rules, *waivers.RULES))
        return info

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Levels and settings of `--policy-pack-config`, merged by the engine over those of GetAnalyzerInfo."""
        if problems := self._wrong(request.policyConfig):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "\n".join(problems))
        names = {number: level for level, number in LEVELS.items()}
        settings = {name: dict(values) for name, values in self.settings.values.items()}
        for rule in self.policies.rules:
            if rule.id in request.policyConfig:
                given = request.policyConfig[rule.id]
                self.levels[rule.id] = enforcement.capped(rule, names[given.enforcementLevel])
                if own := plain(given.properties, None):
                    settings.setdefault(rule.id, {}).update(own)
        self.settings = Settings(settings).on(self.policies.today)
        return empty_pb2.Empty()

    def Analyze(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Judge one resource as it registers, by the rules that need nothing else."""
        with self._one_call:
            node = self._node(request, request.properties)
            self._registered[node.urn] = node
            response = analyzer_pb2.AnalyzeResponse()
            for rule in self._rules.get(canonical(node.type), ()):
                if self._level(rule) is Level.DISABLED:
                    continue
                try:
                    verdicts = judge(rule, node, _NO_GRAPH, self.settings)
                except Undecidable:
                    self._deferred[rule.id, node.urn] = rule
                    continue
                response.diagnostics.extend(self._diagnostics(rule, node, verdicts))
            return response

    def AnalyzeStack(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Judge what needs the whole graph, now that it is complete."""
        with self._one_call:
            graph = self._graph(request.resources)
            response = analyzer_pb2.AnalyzeResponse()
            for (_, urn), rule in self._deferred.items():
                if urn in graph.by_urn:
                    node = graph.by_urn[urn]
                    response.diagnostics.extend(self._diagnostics(rule, node, judge(rule, node, graph, self.settings)))
            self._deferred.clear()
            response.diagnostics.extend(self._waiver_diagnostics(graph))
            return response

    def Remediate(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Correct the inputs of one resource, by the rules whose level is `remediate`."""
        response = analyzer_pb2.RemediateResponse()
        wanted = [rule for rule in self._rules.get(canonical(request.type), ()) if self._level(rule) is Level.REMEDIATE]
        properties = request.properties
        for rule in wanted:
            if rule.id not in REMEDIATIONS or self._waiver(rule, request.urn):
                continue
            node = self._node(request, properties)
            corrected = remedy(rule, node, self.settings, raw(properties))
            if corrected is not None:
                properties = struct_pb2.Struct()
                properties.update(corrected)
                response.remediations.append(
                    analyzer_pb2.Remediation(
                        policyName=rule.id,
                        policyPackName=self.policies.name,
                        policyPackVersion=self.policies.version,
                        description=rule.title,
                        properties=properties,
                    )
                )
        return response

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Nothing runs longer than a call."""
        return empty_pb2.Empty()

    # -- from the wire ------------------------------------------------------------------------------------------------------------------

    def _node(self, request: Any, properties: Any) -> Node:
        # In a preview secrets stay closed, as in every other reader of a graph; at `up` the values themselves are judged.
        return Node(
            urn=request.urn,
            type=request.type,
            name=request.name,
            inputs=plain(properties, None if self.preview else self._secrets),
            parent=request.options.parent,
            layer=self.stack.partition(".")[2],
            provider=_provider(request),
        )

    def _graph(self, resources: Iterable[Any]) -> ResourceGraph:
        """The graph, inputs as registered; a resource that did not register in this run (read, left aside by --target) has its outputs."""
        found: dict[str, Node] = {}
        for item in resources:
            outputs = plain(item.properties, None)
            registered = self._registered.get(item.urn)
            found[item.urn] = Node(
                urn=item.urn,
                type=item.type,
                name=item.name,
                inputs=registered.inputs if registered else outputs,
                parent=item.parent,
                layer=self.stack.partition(".")[2],
                custom=item.HasField("provider") or item.type.startswith("pulumi:providers:"),
                provider=_provider(item),
                dependencies=tuple(sorted(item.dependencies)),
                property_dependencies={key: tuple(sorted(some.urns)) for key, some in item.propertyDependencies.items()},
                outputs=outputs,
                external=registered is None,
            )
        # The engine sends them in no order; registration order is the order of every other reader.
        ordered = [urn for urn in self._registered if urn in found]
        return ResourceGraph(tuple(found[urn] for urn in (*ordered, *sorted(set(found) - set(ordered)))))

    # -- to the wire --------------------------------------------------------------------------------------------------------------------

    def _level(self, rule: Rule) -> Level:
        return self.levels.get(rule.id) or enforcement.capped(rule, self.policies.enforcement.default)

    def _wrong(self, config: Mapping[str, Any]) -> list[str]:
        """What `--policy-pack-config` gives that would have no effect. One file may serve both packs: each knows the rules of the other."""
        known = {rule.id: rule for rule in (*catalogue.rules(), *self.policies.rules)}
        told = {rule.id for rule in waivers.RULES}
        problems = [
            f"policy pack config: there is no rule {name}; `platformctl policy list` names them all"
            for name in sorted(set(config) - set(known) - told - {_EVERY})
        ]
        for name in sorted(set(config) & set(known)):
            own = known[name].defaults
            problems += [
                f"policy pack config: {name} has no setting {key}; it has {', '.join(own) or 'none'}"
                for key in config[name].properties.fields
                if key not in own
            ]
        return problems

    def _waiver(self, rule: Rule, urn: str) -> waivers.Waiver | None:
        return self.policies.waivers.find(rule.id, urn, self.policies.today)

    def _diagnostics(self, rule: Rule, node: Node, verdicts: Iterable[Verdict]) -> Iterable[Any]:
        level = self._level(rule)
        for verdict in verdicts:
            if verdict.status is Status.PASS:
                continue
            case = f"[{verdict.sub_id}] " if verdict.sub_id else ""
            waiver = self._waiver(rule, node.urn)
            if waiver is not None:
                yield self._diagnostic(
                    rule, node.urn, Level.ADVISORY, f"{case}waived until {waiver.expires} ({waiver.ticket}): {verdict.message}"
                )
            elif verdict.status is Status.FAIL:
                yield self._diagnostic(rule, node.urn, level, f"{case}{verdict.message}. {rule.fix}")
            elif self.preview:
                yield self._diagnostic(rule, node.urn, Level.ADVISORY, f"{case}unknown: {verdict.message}")
            else:
                # Nothing will be known that is not known now: what is mandatory is refused until it is shown, waived, or said to be a hint.
                undecided = self.policies.enforcement.undecided.get(rule.id, level)
                yield self._diagnostic(rule, node.urn, undecided, f"{case}undecided: {verdict.message}. {rule.fix}")

    def _waiver_diagnostics(self, graph: ResourceGraph) -> Iterable[Any]:
        environment = environment_of(self.stack)
        for finding in self.policies.waivers.own_findings(graph, self.policies.today):
            level = self.policies.enforcement.level(finding.rule, environment)
            yield self._diagnostic(finding.rule, finding.urn, level, f"{finding.source}: {finding.message}. {finding.rule.fix}")

    def _diagnostic(self, rule: Rule, urn: str, level: Level, message: str) -> Any:
        for secret in self._secrets:
            message = message.replace(secret, "[secret]")
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=rule.id,
            policyPackName=self.policies.name,
            policyPackVersion=self.policies.version,
            description=rule.title,
            message=message,
            urn=urn,
            enforcementLevel=LEVELS[level],
            severity=SEVERITIES[rule.severity],
        )

    def _info(self, rule: Rule) -> Any:
        info = analyzer_pb2.PolicyInfo(
            name=rule.id,
            displayName=rule.title,
            description=rule.why or rule.title,
            enforcementLevel=LEVELS[self._level(rule)],
            severity=SEVERITIES[rule.severity],
            remediation_steps=rule.fix,
            policy_type=analyzer_pb2.POLICY_TYPE_RESOURCE if rule.types else analyzer_pb2.POLICY_TYPE_STACK,
        )
        if rule.defaults:
            info.configSchema.properties.update({key: _schema(value) for key, value in rule.defaults.items()})
        return info


class _NoGraph:
    """Stands for the graph while it is not complete: a rule that looks at it is asked again when it is."""

    def __getattr__(self, name: str) -> Any:
        raise Undecidable(name)

    def __iter__(self) -> Any:
        raise Undecidable

    def __len__(self) -> int:
        raise Undecidable


_NO_GRAPH = cast("ResourceGraph", _NoGraph())


def _provider(item: Any) -> str:
    """Provider reference `URN::ID`, as every other reader has it; the engine does not send the id here."""
    return f"{item.provider.urn}::{UNKNOWN}" if item.HasField("provider") else ""


def _schema(default: Any) -> dict[str, Any]:
    """JSON Schema of a setting, from its default; the default itself stays the rule's own."""
    if isinstance(default, (list, tuple, set, frozenset)):
        return {"type": "array"}
    kind = next((name for type_, name in _SETTING_TYPES.items() if isinstance(default, type_)), None)
    return {"type": kind} if kind else {}


def policy_set(pack: Pack, folder: Path, today: date | None = None) -> PolicySet:
    """A pack's rules, with the enforcement and waiver files of a folder.

    Raises:
        PolicyInputError: a file is wrong.
    """
    every = catalogue.rules()
    given = waivers.read(folder / waivers.FILE, every)
    own = {rule.id for rule in catalogue.pack(pack)}
    return PolicySet(
        name=str(pack),
        rules=catalogue.pack(pack),
        enforcement=enforcement.read(folder / enforcement.FILE, every),
        # A waiver of a rule of the other pack is the other pack's to judge; what is malformed is told once.
        waivers=Waivers(
            [one for one in given.waivers if one.rule in own],
            given.malformed if pack is Pack.SECURITY else (),
            given.file,
        ),
        today=today or datetime.now(UTC).date(),
        version=importlib.metadata.version("platform-components"),
    )


def serve(pack: Pack, folder: Path) -> None:
    """Serve a pack to the engine that started this process, until it is ended. What is wrong with a file is told, and ends it."""
    try:
        policies = policy_set(pack, folder)
    except PolicyInputError as error:
        sys.exit(str(error))
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server: Any = grpc.server(ThreadPoolExecutor(max_workers=4), options=options)  # type: ignore[no-untyped-call]  # grpc has no types
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(policies), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)  # how the engine learns the port
    server.start()
    server.wait_for_termination()
