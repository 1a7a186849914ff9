# mypy: untyped-calls-exclude="grpc,google"
"""The gRPC server through which the engine talks to a `Provider`, and the process it runs in."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from platformctl.sandbox.client import UNFINISHED_ID
from platformctl.sandbox.components import build, response
from platformctl.sandbox.plugin import (
    Difference,
    Failure,
    PartialCreateError,
    Provider,
    ProviderError,
    Subject,
    Values,
    property_changes,
)
from platformctl.sandbox.wire import Secret, decode, decode_config, encode, redact, remark, secret_keys

_PARENT_POLL_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 60.0
_WORKERS: Final = 32
_PR_SET_PDEATHSIG: Final = 1

_Empty: Final[Any] = empty_pb2.__dict__["Empty"]  # the generated module shows its classes at run time only

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
