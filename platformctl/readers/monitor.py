"""A resource monitor without an engine: answers the Pulumi SDK as the engine would, and records what it was told into a graph."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from google.protobuf import empty_pb2, struct_pb2
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from pulumi import ResourceTransformationArgs
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import engine_pb2, resource_pb2

from platform_components.errors import UnsupportedError, UpstreamError
from platformctl.readers import wire
from platformctl.readers.computed import ACCOUNT, Place, nested_unknowns, stand_ins
from platformctl.readers.exported import own_line
from platformctl.readers.lookups import LOOKUPS, partition_of
from platformctl.readers.provider_settings import account, default_tags, has_tags, region

STACK_TYPE = "pulumi:pulumi:Stack"
STACK_REFERENCE = "pulumi:pulumi:StackReference"
DEFAULT_REGION = "us-east-1"
"""Region where neither the provider nor the stack's configuration names one."""


class _NoMocks(Mocks):
    """Satisfies the base class; nothing is asked of it."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise UnsupportedError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise UnsupportedError(args.typ)


@dataclass(frozen=True)
class Settings:
    """How a run answers the program."""

    project: str = "platform"
    stack: str = "test.network"
    organization: str = "organization"
    preview: bool = True
    """As the engine's preview: ids and computed outputs are unknown. Otherwise as after an `up`: stand-ins for both."""
    marked: bool = False
    """Mark the stand-ins, so that whatever is made of them is recorded as unknown. For layers that only feed a layer above."""
    region: str = DEFAULT_REGION
    """Region of the default provider."""
    upstream: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Outputs of other stacks by stack name, as the wire has them (secrets by `wire.secret`)."""
    disabled: frozenset[str] = frozenset()
    """Packages whose default provider the stack has disabled; `*` for all."""
    defaults: Mapping[str, Mapping[str, Any]] | None = None
    """Inputs of default providers by package, from the stack's configuration. None: default providers are not recorded."""
    root: Path | None = None
    """Folder of the program: positions in it are recorded, relative to it. None: positions are not recorded."""

    @property
    def layer(self) -> str:
        """The part of the stack's name after the dot."""
        return self.stack.partition(".")[2]


class Engine:
    """The engine's log, kept: a program's warnings and errors."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802 -- the protocol's name
        """Keep warnings and errors; the rest is chatter."""
        if request.severity == engine_pb2.WARNING:
            self.warnings.append(request.message)
        elif request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()


class RecordingMonitor(MockMonitor):
    """Records each registration once, straight from its protobuf, and answers with the same protobuf wherever it can."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(_NoMocks())
        self.settings = settings
        self.exports: dict[str, Any] = {}
        """The stack's outputs as the wire has them."""
        self._nodes: dict[str, Node] = {}
        self._begun: dict[tuple[str, str], int] = {}
        self._outputs: dict[str, dict[str, Any]] = {}
        self._collapse = settings.preview or settings.marked
        self._root = f"file://{settings.root}/" if settings.root else None

    def begin(self, args: ResourceTransformationArgs) -> None:
        """Note a resource as the program makes it."""
        self._begun.setdefault((args.type_, args.name), len(self._begun))

    def graph(self) -> ResourceGraph:
        """Everything recorded so far, in the order in which the program made it: in which order registrations end is chance."""
        return ResourceGraph(tuple(sorted(self._nodes.values(), key=self._made_at)))

    def _made_at(self, node: Node) -> tuple[int, str]:
        """What no program makes comes first: the stack itself, then default providers."""
        return (-2 if node.type == STACK_TYPE else self._begun.get((node.type, node.name), -1)), node.urn

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        """Record a registration and answer with the id and outputs the engine would give."""
        urn = self._new_urn(request.parent, request.type, request.name)
        if request.custom:
            self._refuse_default_provider(request.type, request.provider)
            request.provider = self._provider(request)
        inputs = self._with_default_tags(request) if request.custom else request.object
        if request.importId:
            identity, outputs = request.importId, inputs
        elif not request.custom:
            identity, outputs = "", inputs
        else:
            identity, outputs = self._answer(urn, request, inputs)
        self._record(urn, request, inputs, request.custom, outputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=outputs)

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Answer a read: another stack's outputs, or a resource that someone else made."""
        urn = self._new_urn(request.parent, request.type, request.name)
        if request.type == STACK_REFERENCE:
            properties = self._reference(request.id)
        else:
            self._refuse_default_provider(request.type, request.provider)
            request.provider = self._provider(request)
            properties = self._answer(urn, request, request.properties)[1]
        self._record(urn, request, request.properties, True, properties, external=True)
        identity = "" if request.id == UNKNOWN else request.id
        return resource_pb2.ReadResourceResponse(urn=urn, id=identity, properties=properties)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answer a lookup from the table, or refuse it by name."""
        arguments = wire.raw(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            result = self._registered(str(arguments["urn"]))
        elif request.tok in LOOKUPS:
            self._refuse_default_provider(request.tok, request.provider)
            result = LOOKUPS[request.tok](arguments, self._place(request.provider))
        else:
            raise UnsupportedError(
                f"the lookup {request.tok} cannot be answered without the cloud; preview on the engine, or pass its result as an argument"
            )
        return resource_pb2.ResourceInvokeResponse(**{"return": wire.to_struct(result)})

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep a component's outputs; a stack's are its exports."""
        if request.urn in self._outputs:
            self._outputs[request.urn].update(wire.plain(request.outputs, collapse=self._collapse))
        if request.urn.split("::")[2] == STACK_TYPE:
            self.exports = wire.raw(request.outputs)
        return empty_pb2.Empty()

    def _new_urn(self, parent: str, token: str, name: str) -> str:
        """The engine's URN: types of all parents but the stack, then the resource's own."""
        if parent:
            above = parent.split("::", 3)[2]
            token = token if above == STACK_TYPE else f"{above}${token}"
        urn = f"urn:pulumi:{self.settings.stack}::{self.settings.project}::{token}::{name}"
        if urn in self._nodes:
            raise UnsupportedError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        return urn

    def _refuse_default_provider(self, token: str, provider: str) -> None:
        """Refuse what would need a default provider that the stack has disabled, as the engine does."""
        package = token.split(":", 1)[0]
        if not provider and package != "pulumi" and self.settings.disabled & {package, "*"}:
            raise UnsupportedError(f"Default provider for '{package}' disabled. '{token}' must use an explicit provider.")

    def _provider(self, request: Any) -> str:
        """The provider of a resource; where the program names none, the default one, which is made with the first that needs it."""
        package = request.type.split(":", 1)[0]
        if request.provider or package == "pulumi" or self.settings.defaults is None:
            return str(request.provider)
        version = re.sub(r"[^0-9A-Za-z]", "_", request.version)
        kind, name = f"pulumi:providers:{package}", f"default_{version}" if version else "default"
        urn = f"urn:pulumi:{self.settings.stack}::{self.settings.project}::{kind}::{name}"
        if urn not in self._nodes:
            self._nodes[urn] = Node(urn, kind, name, self.settings.defaults.get(package, {}), layer=self.settings.layer)
            self._outputs[urn] = {}
        return f"{urn}::{UNKNOWN}"

    def _answer(self, urn: str, request: Any, inputs: struct_pb2.Struct) -> tuple[str, struct_pb2.Struct]:
        """Id and outputs of a resource that a provider would make."""
        if self.settings.preview:
            outputs = self._with_nested_unknowns(request.type, inputs)
            return "", self._with_secrets(outputs, request.additionalSecretOutputs)
        identity, values = stand_ins(request.type, urn, wire.raw(inputs), self._place(request.provider))
        return identity, self._with_secrets(wire.to_struct(values), request.additionalSecretOutputs)

    def _with_default_tags(self, request: resource_pb2.RegisterResourceRequest) -> struct_pb2.Struct:
        """Inputs as the AWS provider's Check leaves them: its default tags under the resource's own."""
        provider = self._nodes.get(request.provider.rpartition("::")[0])
        defaults = default_tags(provider.inputs) if provider and request.type.startswith("aws:") else {}
        if not defaults or not has_tags(request.type):
            return request.object
        own = request.object.fields["tags"].struct_value if "tags" in request.object.fields else struct_pb2.Struct()
        if wire.SIGNATURE in own.fields:
            return request.object
        tagged = struct_pb2.Struct()
        tagged.CopyFrom(request.object)
        tagged.update({"tags": {**defaults, **wire.raw(own)}})
        return tagged

    @staticmethod
    def _with_nested_unknowns(token: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
        """Inputs, and in blocks that a provider completes the properties it will compute, unknown."""
        blocks = {key: values for key, values in nested_unknowns(token, UNKNOWN).items() if key in inputs.fields}
        if not blocks:
            return inputs
        outputs = struct_pb2.Struct()
        outputs.CopyFrom(inputs)
        for key, values in blocks.items():
            block = outputs.fields[key].struct_value.fields
            if outputs.fields[key].WhichOneof("kind") == "struct_value" and wire.SIGNATURE not in block:
                for name in values.keys() - set(block):
                    block[name].string_value = UNKNOWN
        return outputs

    @staticmethod
    def _with_secrets(outputs: struct_pb2.Struct, names: Sequence[str]) -> struct_pb2.Struct:
        """Outputs, with those that are to be secret wrapped as such."""
        values = {name: wire.raw(outputs).get(name) for name in names if name in outputs.fields} if names else {}
        plain = {name: wire.secret(value) for name, value in values.items() if value is not None and not wire.is_secret(value)}
        if not plain:
            return outputs
        wrapped = struct_pb2.Struct()
        wrapped.CopyFrom(outputs)
        wrapped.update(plain)
        return wrapped

    def _reference(self, name: str) -> struct_pb2.Struct:
        """The outputs of a stack, by its full name or the short one."""
        stack = name.rsplit("/", 1)[-1]
        if stack not in self.settings.upstream:
            raise UpstreamError(f"stack {stack} has not been brought up, and stack {self.settings.stack} reads its outputs")
        outputs = self.settings.upstream[stack]
        secrets = sorted(key for key, value in outputs.items() if _holds_secret(value))
        return wire.to_struct({"name": name, "outputs": dict(outputs), "secretOutputNames": secrets})

    def _place(self, provider: str) -> Place:
        """Where a provider makes its resources: its own region, or that of the default provider."""
        node = self._nodes.get(provider.rpartition("::")[0])
        own = node.inputs if node else {}
        chosen = region(own) or self.settings.region
        mark = f"+{UNKNOWN}" if self.settings.marked else ""
        return Place(chosen, partition_of(chosen), account(own) or ACCOUNT, mark)

    def _registered(self, urn: str) -> dict[str, Any]:
        node = self._nodes.get(urn)
        if node is None:
            raise UnsupportedError(f"unknown resource {urn}")
        return {"urn": urn, "id": "", "state": dict(node.inputs)}

    def _record(
        self, urn: str, request: Any, inputs: struct_pb2.Struct, custom: bool, outputs: struct_pb2.Struct, *, external: bool = False
    ) -> None:
        kept = wire.plain(outputs, collapse=self._collapse) if custom and not self.settings.preview else {}
        self._outputs[urn] = kept
        self._nodes[urn] = Node(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=wire.plain(inputs, collapse=self._collapse),
            parent=request.parent,
            layer=self.settings.layer,
            custom=custom,
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies=_property_dependencies(request) if not external else {},
            source=self._source(request),
            outputs=kept,
            external=external,
        )

    def _source(self, request: Any) -> str:
        """The line of the program that asked for this resource: the innermost one in the program's own folder."""
        root = self._root
        if root is None or request.type == STACK_TYPE:
            return ""
        positions = (frame.pc for frame in request.stackTrace.frames)
        return own_line(f"{unquote(pc.uri[len(root) :])}:{pc.line}" for pc in positions if pc.uri.startswith(root))


def _property_dependencies(request: resource_pb2.RegisterResourceRequest) -> dict[str, Sequence[str]]:
    entries = sorted(request.propertyDependencies.items())
    return {key: tuple(sorted(entry.urns)) for key, entry in entries if entry.urns}


def _holds_secret(value: Any) -> bool:
    """Whether a secret stands anywhere in a value."""
    if wire.is_secret(value):
        return True
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_holds_secret, value))
