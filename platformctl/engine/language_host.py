"""The Python language host for a Pulumi CLI that was built from Go modules and so has none.

The engine starts `pulumi-language-python` (a launcher that cli.py writes) once a command, with its own address as the last argument, and
reads a port from stdout. Programs and policy packs then run as they do under the host of the official release. It builds on the SDK's own
language server, which the Automation API uses for inline programs.

Imports nothing of this package: it may be run, by path, with the Python of a project's own virtual environment, which has no platformctl.
"""

# ruff: noqa: N802, ARG002 -- methods carry the names and parameters of the protocol
import asyncio
import contextvars
import ctypes
import importlib.metadata
import logging
import os
import queue
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    # Run by path: this file's folder leads sys.path, and its cache.py or progress.py must not hide a module of the program.
    sys.path.pop(0)

import grpc
import pulumi
from pulumi.automation._server import LanguageServer
from pulumi.runtime import reset_options, run_in_stack, set_all_config, stack
from pulumi.runtime.proto import language_pb2, language_pb2_grpc
from pulumi.runtime.settings import SETTINGS

PARENT_POLL_SECONDS = 1.0
"""How often the host looks whether the engine that started it still lives, where the kernel does not tell it."""

REFUSALS_VARIABLE = "PLATFORMCTL_REFUSALS"
"""Names a file that gets the text of an error which the program raised for its user, so that platformctl can tell bad input apart."""

_PR_SET_PDEATHSIG = 1
_SHUT_DOWN = "resource monitor shut down"
"""What the engine answers to what is registered while it closes (pulumi/pkg: deploy/source_eval.go)."""
_WORKERS_PER_PARALLEL = 4
_SDK_WAIT = stack.wait_for_rpcs
_GUARD = Path(__file__).with_name("guard.py")


class PythonLanguageHost(LanguageServer):
    """Runs programs and policy packs written in Python."""

    def __init__(self) -> None:
        # The base class hosts one inline program; here each Run names its own.
        super().__init__(program=lambda: None)
        self._one_run = threading.Lock()
        self._plugins: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, context: Any) -> Any:
        """The engine's first words; nothing of them is needed, since every later request names its directories."""
        return language_pb2.LanguageHandshakeResponse()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """None in advance: the engine looks for a provider when its first resource registers, on PATH before it downloads."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """What is installed beside the program; `pulumi about` prints it."""
        installed = {found.name: found.version for found in importlib.metadata.distributions() if found.name}
        wanted = (
            installed
            if request.transitiveDependencies
            else {name: version for name, version in installed.items() if name.startswith("pulumi")}
        )
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in sorted(wanted.items())],
        )

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Nothing to install: the host runs inside an environment that already has the SDK."""
        yield language_pb2.InstallDependenciesResponse(stdout=f"Using the Python packages of {sys.prefix}\n".encode())

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """No questions to ask."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        """The engine stops a program by closing its resource monitor; only the plugins need ending."""
        from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415 -- needed on cancellation alone

        self.stop_plugins()
        return Empty()

    def Run(self, request: Any, context: Any) -> Any:
        """Run a program against the engine's resource monitor."""
        with self._one_run:
            return contextvars.copy_context().run(self._run, request)

    def _run(self, request: Any) -> Any:
        reset_options(
            project=request.project,
            stack=request.stack,
            root_directory=request.info.root_directory,
            parallel=request.parallel,
            engine_address=request.args[0] if request.args else "",
            monitor_address=request.monitor_address,
            preview=request.dryRun,
            organization=request.organization or "organization",
        )
        set_all_config(dict(request.config), list(request.configSecretKeys))
        # The SDK's own executor does the same: a failed program leaves futures that nobody awaits, and that is no news to its author.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        entry = program_path(request)
        with _in_directory(request.pwd or str(entry.parent)), _fresh_modules(Path(request.info.root_directory or entry.parent)):
            return _outcome(entry, lambda: _run_to_end(entry, request.parallel))

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack (kind `analyzer`), streaming what it prints and then its exit code."""
        if request.kind != "analyzer":
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"this language host runs programs and policy packs, not a plugin of kind {request.kind!r}"
            )
        folder = request.info.program_directory or request.program
        process = subprocess.Popen(
            _guarded([_plugin_python(request), "-u", "-m", "pulumi.policy", *request.args, folder]),
            cwd=request.pwd or folder,
            env=dict(item.split("=", 1) for item in request.env if "=" in item) or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._plugins.add(process)
        context.add_callback(lambda: _stop(process))
        try:
            for field, chunk in _streams(process):
                yield language_pb2.RunPluginResponse(stdout=chunk) if field == "stdout" else language_pb2.RunPluginResponse(stderr=chunk)
            yield language_pb2.RunPluginResponse(exitcode=process.wait())
        finally:
            _stop(process)
            self._plugins.discard(process)

    def stop_plugins(self) -> None:
        """End the policy packs that still run."""
        for process in tuple(self._plugins):
            _stop(process)


def program_path(request: Any) -> Path:
    """The program's entry point: a file, or a folder with a `__main__.py`."""
    return (Path(request.info.program_directory or request.pwd) / (request.info.entry_point or request.program or ".")).resolve()


def _run_to_end(entry: Path, parallel: int) -> None:
    """Run the program and wait until every resource it registered is through."""
    loop = asyncio.new_event_loop()
    executor = ThreadPoolExecutor(max_workers=max(parallel, 1) * _WORKERS_PER_PARALLEL)
    loop.set_default_executor(executor)
    arguments = sys.argv
    sys.argv = [str(entry)]
    # What `run_in_stack` calls once the stack's outputs are on their way; it offers no other place between the two.
    stack.wait_for_rpcs = _all_is_through
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(entry)))
    finally:
        stack.wait_for_rpcs = _SDK_WAIT
        sys.argv = arguments
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                loop.run_until_complete(task)
        executor.shutdown(wait=False, cancel_futures=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()


async def _all_is_through(await_all_outstanding_tasks: bool = True) -> None:
    """The SDK's own wait at a program's end, with the outputs settled beforehand; the first one that fails raises.

    It would look at every output that is still open each time that one of them settles: the square of their number.
    """
    while pending := _unsettled():
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        for output in done:
            output.result()
    await _SDK_WAIT(await_all_outstanding_tasks)


def _unsettled() -> "list[asyncio.Future[Any]]":
    with SETTINGS.lock:
        return [output for output in SETTINGS.outputs if not output.done()]


def _execute(entry: Path) -> None:
    if entry.is_dir() and not (entry / "__main__.py").is_file():
        raise pulumi.RunError(f"there is no Python program `__main__.py` in {entry}")
    runpy.run_path(str(entry), run_name="__main__")


def _outcome(entry: Path, run: Callable[[], None]) -> Any:
    """Run, and turn how it ended into the answer. What is said here is all that is said: `bail` asks the engine to add nothing."""
    result = language_pb2.RunResponse()
    try:
        run()
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        result.bail = True
    except grpc.RpcError as error:
        if not _engine_ends(error):
            status: Any = error  # a failed call is an RpcError with the status of a Call, which the types do not say
            result.error = f"the engine refused a request of the program: {status.details()}"
    except SystemExit as error:
        if error.code not in (None, 0):
            result.error = f"Program exited with non-zero exit code: {error.code}"
    except BaseException as error:  # noqa: BLE001 -- whatever a program raises is its author's to see
        if not _engine_ends(error.__context__):
            pulumi.log.error(_plain_words(error, entry) or f"Program failed with an unhandled exception:\n{user_traceback(error, entry)}")
            result.bail = True
    return result


def _engine_ends(error: BaseException | None) -> bool:
    """Whether a request failed because the engine is shutting down, which it has told the user itself.

    It refuses what is registered while it closes, or is gone already. The SDK raises another exception over that of the request.
    """
    if not isinstance(error, grpc.RpcError):
        return False
    status: Any = error  # a failed call is an RpcError with the status of a Call, which the types do not say
    return bool(status.code() == grpc.StatusCode.UNAVAILABLE or status.details() == _SHUT_DOWN)


def _plain_words(error: BaseException, entry: Path) -> str | None:
    """The text of an error that needs no traceback: one of platform_components.errors, or a refusal of Args; None for any other.

    Only where the program has loaded these modules itself: other programs run without them.
    """
    errors, pydantic = sys.modules.get("platform_components.errors"), sys.modules.get("pydantic")
    if errors is not None and isinstance(error, errors.PlatformError):
        return str(error)
    if errors is not None and pydantic is not None and isinstance(error, pydantic.ValidationError):
        from platform_components.declarations.arguments import refusal  # noqa: PLC0415 -- rarely needed, and never by other programs

        return str(refusal(error, entry if entry.is_dir() else entry.parent))
    return None


def user_traceback(error: BaseException, entry: Path) -> str:
    """The traceback of an error from the program's first frame on: what lies above is this host and the SDK.

    An error inside an apply has no frame of the entry point; there the first frame of a module in the program's folder counts. A syntax
    error in the entry point has none at all, and says itself where it is.
    """
    home = str(entry if entry.is_dir() else entry.parent) + os.sep
    frames = traceback.extract_tb(error.__traceback__)
    whole = len(frames) if isinstance(error, SyntaxError) else 0
    first = next((index for index, frame in enumerate(frames) if frame.filename.startswith(home)), whole)
    return "".join(traceback.format_exception(error, limit=first - len(frames))).rstrip()


@contextmanager
def _in_directory(folder: str) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _fresh_modules(root: Path) -> Iterator[None]:
    """Forget the project's own modules after a run: preview and update share this process, and each must execute the program as a whole."""
    before = set(sys.modules)
    home = str(root.resolve()) + os.sep
    installed = tuple(str(Path(folder).resolve()) + os.sep for folder in {sys.prefix, sys.base_prefix})
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(home) and not file.startswith(installed) and "site-packages" not in file:
                del sys.modules[name]


def _plugin_python(request: Any) -> str:
    """Python of the pack's own virtual environment where it names one that exists, else this one.

    A relative name in a folder that is reached by a link counts from the path as it is written, as under the official host, and else from
    where the folder really is. A Python started with `..` in its path takes that for the way it is written, and finds no packages.
    """
    options = request.info.options.fields
    name = options["virtualenv"].string_value if "virtualenv" in options else ""
    folder = Path(request.info.root_directory or ".").absolute() / name
    pythons = [Path(os.path.normpath(folder)) / "bin" / "python", folder.resolve() / "bin" / "python"] if name else []
    return next((str(python) for python in pythons if python.exists()), sys.executable)


def _guarded(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", str(_GUARD), "become", str(os.getpid()), str(int(signal.SIGKILL)), *command]


def _streams(process: "subprocess.Popen[bytes]") -> Iterator[tuple[str, bytes]]:
    """What a process prints, as it prints it: (`stdout` or `stderr`, bytes)."""
    chunks: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def pump(field: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                chunks.put((field, line))
        chunks.put((field, b""))

    pipes = {"stdout": process.stdout, "stderr": process.stderr}
    threads = [threading.Thread(target=pump, args=item, daemon=True) for item in pipes.items()]
    for thread in threads:
        thread.start()
    open_pipes = len(threads)
    while open_pipes:
        field, chunk = chunks.get()
        if chunk:
            yield field, chunk
        else:
            open_pipes -= 1


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process that still runs, politely first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(host: PythonLanguageHost) -> tuple[Any, int]:
    """Serve on a loopback port that the system picks."""
    # No limit on message size: a state with a large chart in it is one message, and the engine sets none either.
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server: Any = grpc.server(ThreadPoolExecutor(max_workers=8), options=options)  # type: ignore[no-untyped-call]  # grpc has no types
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main() -> None:
    """Serve until the engine says stop (SIGINT, SIGTERM) or is gone, however it went."""
    parent = os.getppid()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    # SIGHUP only wakes the loop below, which then looks for itself: the kernel also sends it when the engine's thread ends that started us.
    signal.signal(signal.SIGHUP, lambda *_: None)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGHUP))
    host = PythonLanguageHost()
    _server, port = serve(host)
    print(port, flush=True)
    while os.getppid() == parent and not over.wait(PARENT_POLL_SECONDS):
        pass
    host.stop_plugins()
    # Threads of the program may still wait for an engine that will never answer.
    os._exit(0)


if __name__ == "__main__":
    main()
