# mypy: untyped-calls-exclude="grpc,google"
"""A Pulumi provider plugin in Python: a `Provider` on plain values, and the gRPC server that the engine talks to.

A provider sees ordinary dictionaries. What the engine's wire format adds is handled here: a value that is not known yet is `UNKNOWN`, a
secret is unwrapped on the way in and marked again on the way out (an output that has the name of a secret input stays secret; other secrets
are returned as `Secret(value)`), assets and archives pass through as the dictionaries they are on the wire.
"""

import contextlib
import ctypes
import itertools
import os
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from platformctl.sandbox.client import UNFINISHED_ID
from platformctl.sandbox.components import Child, build, response
from platformctl.sandbox.wire import (
    SECRET,
    UNKNOWN,
    Secret,
    Unknown,
    decode,
    decode_config,
    encode,
    has_unknown,
    redact,
    remark,
    secret_keys,
)

__all__ = [
    "SECRET",
    "UNKNOWN",
    "Checked",
    "Created",
    "Difference",
    "Failure",
    "PartialCreateError",
    "Provider",
    "ProviderError",
    "ReadState",
    "Secret",
    "Subject",
    "Unknown",
    "decode_config",
    "has_unknown",
    "main",
    "property_changes",
    "serve",
]

_PARENT_POLL_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 60.0
_WORKERS: Final = 32
_PR_SET_PDEATHSIG: Final = 1

_Empty: Final[Any] = empty_pb2.__dict__["Empty"]  # the generated module shows its classes at run time only

Values = Mapping[str, Any]


class ProviderError(Exception):
    """An operation failed for a reason that its user should read; the text is shown as it is."""


class PartialCreateError(ProviderError):
    """A resource was made but not finished: the engine keeps it in its state, and the next `up` carries on with it."""

    def __init__(self, message: str, resource_id: str, outputs: Values) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.outputs = outputs


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource a request is about."""

    urn: str
    type: str
    name: str
    """Logical name in the program."""
    id: str = ""
    """Provider's id; empty before it is created."""
    timeout: float = 0.0
    """The resource's custom timeout for this operation, in seconds; 0 where it has none."""
    ignored: tuple[str, ...] = ()
    """Property paths under ignoreChanges."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that is refused."""

    property: str
    """Wire name of the property; empty for the resource as a whole."""
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What Check answers: the inputs with defaults and names filled in, and what is wrong with them."""

    inputs: Values
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What Diff answers. `changes` maps a property path (`tags.Name`, `rules[0].port`) to add, delete or update."""

    changes: Mapping[str, str] = field(default_factory=dict)
    replaces: Sequence[str] = ()
    """The paths among the changes that need a new resource."""
    stables: Sequence[str] = ()
    """Outputs that an update never changes; during preview their old values stay known."""
    delete_before_replace: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """What Create answers; during preview the id is empty."""

    id: str
    outputs: Values


@dataclass(frozen=True, slots=True)
class ReadState:
    """What Read answers for a resource that exists."""

    id: str
    inputs: Values
    outputs: Values


class Provider(ABC):
    """A provider on plain Python values. Methods run on several threads at once."""

    name: str
    """Package name, for example `aws`."""
    version: str = "0.0.0"

    def check_config(self, config: Values) -> Sequence[Failure]:
        """Problems of the provider's own configuration; none by default."""
        del config
        return ()

    @abstractmethod
    def configure(self, config: Values) -> None:
        """Take the configuration; nested values that the wire carries as JSON text are decoded already."""

    @abstractmethod
    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Fill defaults and names in, refuse what is wrong. `olds` are the previous inputs; empty on create and on replace."""

    @abstractmethod
    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """Compare checked inputs with the state; properties under ignoreChanges hold their old values already."""

    @abstractmethod
    def create(self, subject: Subject, inputs: Values, *, preview: bool) -> Created:
        """Create; during preview only tell the outputs, with `UNKNOWN` for what is not known before."""

    @abstractmethod
    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """Read the resource as it is now; None if it is gone. Inputs and outputs are empty on import."""

    @abstractmethod
    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """Update in place and return the outputs."""

    @abstractmethod
    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete; a resource that is gone already is no error."""

    def delete_unfinished(self, subject: Subject, inputs: Values) -> None:  # noqa: B027 -- optional: most make nothing outside the state
        """Delete what a create that was cut off may have made; the subject's id says nothing. Nothing to delete is no error.

        A later create of the same resource in this run may have taken it over, and it must be left alone then.
        """

    @abstractmethod
    def invoke(self, token: str, args: Values, *, preview: bool) -> Values:
        """Answer a function call; raise ProviderError for an unknown token."""

    def children(self, resource_type: str, name: str, inputs: Values, *, hidden: bool) -> Sequence[Child]:
        """The children of a component that the provider builds; `hidden` says that there are secrets among its inputs."""
        del name, inputs, hidden
        raise ProviderError(f"the sandbox has no component {resource_type}")

    def error_text(self, error: Exception) -> str | None:
        """The user's text for an exception of the provider's own client library; None if it is not one of those."""
        del error
        return None

    def cancel(self) -> None:  # noqa: B027 -- optional: most requests are short
        """End what waits: the engine is told to stop."""

    def close(self) -> None:  # noqa: B027 -- optional: most providers hold nothing
        """Give back what configure took; called once, after the last request."""


def property_changes(old: Values, new: Values) -> dict[str, str]:
    """Changed property paths from old to new: add, delete or update; lists and dictionaries are descended into."""
    return dict(_changes(old, new, ""))


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, str]]:
    if old is None or new is None:
        if old is not new:
            yield path, "add" if old is None else "delete"
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(old.get(key), new.get(key), _join(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(itertools.zip_longest(old, new)):
            yield from _changes(before, after, f"{path}[{index}]")
    elif isinstance(old, Unknown) or isinstance(new, Unknown) or old != new:
        yield path, "update"


def _join(path: str, key: str) -> str:
    if "." in key or "[" in key or '"' in key:
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key


_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Translates the engine's requests for a Provider. Method names are those of the protocol."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    # -- the plugin itself

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 -- protocol name
        """Say what this side of the protocol accepts."""
        del request, context
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=False
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Version of the plugin."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A schema without content: programs bring the SDK's own types."""
        del request, context
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "{self._provider.name}", "version": "{self._provider.version}"}}')

    def Parameterize(self, request: Any, context: Any) -> None:  # noqa: N802
        """Not a parameterized provider."""
        del request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "this provider takes no parameters")

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Requests under way finish, so that no resource is left unrecorded; only what waits is told to stop."""
        del request, context
        self._provider.cancel()
        return _Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Check the provider's configuration."""
        with self._errors(context):
            failures = self._provider.check_config(decode_config(decode(request.news)))
            return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A changed configuration never replaces the provider: the resources behind it are the same sandbox's."""
        with self._errors(context):
            old = request.old_inputs if request.HasField("old_inputs") else request.olds
            changes = property_changes(decode(old), decode(request.news))
            return _diff_response(Difference({path: kind for path, kind in changes.items() if path != "version"}))

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Hand the configuration over."""
        with self._errors(context):
            self._provider.configure(decode_config(decode(request.args)))
            return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False)

    # -- resources

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Check inputs."""
        with self._errors(context, request.news):
            checked = self._provider.check(_subject(request), decode(request.olds), decode(request.news))
            marked = remark(checked.inputs, request.news)
            return provider_pb2.CheckResponse(inputs=encode(marked), failures=_failures(checked.failures))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Compare with the state."""
        with self._errors(context, request.news):
            # The engine has put the old values in place of the ignored ones already.
            olds = decode(request.old_inputs), decode(request.olds)
            return _diff_response(self._provider.diff(_subject(request), *olds, decode(request.news)))

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create, or foretell."""
        secrets = secret_keys(request.properties)
        with self._errors(context, request.properties):
            created = self._provider.create(_subject(request), decode(request.properties), preview=request.preview)
            return provider_pb2.CreateResponse(id=created.id, properties=encode(_marked(created.outputs, secrets)))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Read back; an empty answer says that the resource is gone."""
        if request.id == UNFINISHED_ID:  # stays until it is deleted
            return provider_pb2.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)
        secrets = secret_keys(request.inputs) | secret_keys(request.properties)
        with self._errors(context, request.inputs, request.properties):
            state = self._provider.read(_subject(request), decode(request.inputs), decode(request.properties))
            if state is None:
                return provider_pb2.ReadResponse(id="")
            inputs = remark(_marked(state.inputs, secret_keys(request.inputs)), request.inputs)
            return provider_pb2.ReadResponse(id=state.id, inputs=encode(inputs), properties=encode(_marked(state.outputs, secrets)))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Update in place."""
        secrets = secret_keys(request.news) | secret_keys(request.olds)
        with self._errors(context, request.news, request.olds):
            olds = decode(request.old_inputs), decode(request.olds)
            outputs = self._provider.update(_subject(request), *olds, decode(request.news), preview=request.preview)
            return provider_pb2.UpdateResponse(properties=encode(_marked(outputs, secrets)))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Delete."""
        with self._errors(context):
            subject, inputs = _subject(request), decode(request.old_inputs)
            if subject.id == UNFINISHED_ID:
                self._provider.delete_unfinished(subject, inputs)
            else:
                self._provider.delete(subject, inputs, decode(request.properties))
            return _Empty()

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Build a component of the provider's own."""
        with self._errors(context, request.inputs):
            inputs = decode(request.inputs)
            children = self._provider.children(request.type, request.name, inputs, hidden=bool(secret_keys(request.inputs)))
            return response(build(request, children, self._provider.version))

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer a function."""
        with self._errors(context):
            args = decode(request.args)
            # "return" is a keyword here and a field name on the wire.
            return provider_pb2.InvokeResponse(**{"return": encode(self._provider.invoke(request.tok, args, preview=request.preview))})

    @contextlib.contextmanager
    def _errors(self, context: Any, *given: Any) -> Iterator[None]:
        """Turn exceptions into the engine's errors: one line for people, never a traceback, nor a secret of what was given."""
        try:
            yield
        except PartialCreateError as failure:
            reason = redact(str(failure), given)
            outputs = _marked(failure.outputs, {key for struct in given for key in secret_keys(struct)})
            detail = provider_pb2.ErrorResourceInitFailed(id=failure.resource_id, properties=encode(outputs), reasons=[reason])
            status: Any = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason)
            status.details.add().Pack(detail)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, reason)
        except ProviderError as failure:
            context.abort(grpc.StatusCode.UNKNOWN, redact(str(failure), given))
        except grpc.RpcError:  # a child of a component, which the engine has told of already
            context.abort(grpc.StatusCode.UNKNOWN, "a resource of the component could not be registered")
        except Exception as error:  # noqa: BLE001 -- the last line of defence: a user never sees a traceback
            text = self._provider.error_text(error)
            context.abort(grpc.StatusCode.UNKNOWN, redact(text if text is not None else f"{type(error).__name__}: {error}", given))


def _subject(request: Any) -> Subject:
    resource_type = request.type or request.urn.split("::")[2].rsplit("$", 1)[-1]
    name = request.name or request.urn.rsplit("::", 1)[-1]
    ignored = tuple(getattr(request, "ignoreChanges", ()))
    return Subject(request.urn, resource_type, name, getattr(request, "id", ""), getattr(request, "timeout", 0.0), ignored)


def _failures(failures: Sequence[Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _marked(outputs: Values, secrets: Iterable[str]) -> dict[str, Any]:
    """Outputs under the name of a secret input are secret as a whole."""
    names = set(secrets)
    return {key: Secret(value) if key in names and not isinstance(value, Secret) else value for key, value in outputs.items()}


def _diff_response(difference: Difference) -> Any:
    response = provider_pb2.DiffResponse(
        replaces=list(difference.replaces),
        stables=list(difference.stables),
        deleteBeforeReplace=difference.delete_before_replace,
        changes=provider_pb2.DiffResponse.DIFF_SOME if difference.changes else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({path.split(".", 1)[0].split("[", 1)[0] for path in difference.changes}),
        hasDetailedDiff=True,
    )
    replaced = set(difference.replaces)
    for path, kind in difference.changes.items():
        response.detailedDiff[path].kind = _KINDS[kind, path in replaced]
        response.detailedDiff[path].inputDiff = True
    return response


# -- the process


def serve(provider: Provider, announce: Callable[[int], None]) -> Any:
    """Start serving on a free loopback port and announce it; the caller stops the server."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS, thread_name_prefix=provider.name), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(port)
    return server


def main(provider: Provider) -> int:
    """Serve until the engine ends, by signal or by dying; requests under way are finished first.

    The engine reads the port from the first line of stdout.
    """
    stopping = threading.Event()
    parent = os.getppid()

    def stop(*_: object) -> None:
        stopping.set()

    def parent_thread_died(*_: object) -> None:
        # The kernel signals the end of the *thread* that started us, so look whether the process is gone too.
        if os.getppid() != parent:
            stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if sys.platform == "linux":
        signal.signal(signal.SIGUSR1, parent_thread_died)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1)
    server = serve(provider, _announce)
    while not stopping.wait(_PARENT_POLL_SECONDS):
        if os.getppid() != parent:  # other systems, and a parent that died before prctl
            break
    server.stop(_GRACE_SECONDS).wait()
    provider.close()
    return 0


def _announce(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
