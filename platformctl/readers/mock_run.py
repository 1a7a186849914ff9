"""Mock run: a program, run in this process against a recording monitor, into a resource graph. No engine, no cloud, no network."""

import asyncio
import contextlib
import contextvars
import gc
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pulumi
from platform_policies.graph import SECRET, ResourceGraph
from pulumi.runtime import register_stack_transformation, run_in_stack, set_all_config
from pulumi.runtime.mocks import MockSettings
from pulumi.runtime.settings import ROOT, SETTINGS, configure
from pydantic import ValidationError

from platform_components.declarations.arguments import refusal
from platform_components.errors import PlatformError
from platformctl.errors import ToolError
from platformctl.project import Project
from platformctl.readers import wire
from platformctl.readers.monitor import DEFAULT_REGION, Engine, RecordingMonitor, Settings
from platformctl.readers.provider_settings import by_package

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MockRun:
    """What a run of one stack's program came to."""

    graph: ResourceGraph
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs as a graph keeps them: secrets without their value, unknowns as the sentinel."""
    warnings: Sequence[str] = ()
    """What the program warned of, in order."""
    exports: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs as the wire has them, secrets with their value: what a layer above reads as its `upstream`."""


class _InlineLoop(asyncio.SelectorEventLoop):
    """An event loop that runs blocking calls in place: the monitor answers at once, so a thread would only cost."""

    def run_in_executor(self, executor: Executor | None, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]  # noqa: ARG002
        """Call the function now; the future is done when it is returned."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 -- handed to whoever awaits, as an executor does
            future.set_exception(error)
        return future


def run_stack(
    project: Project,
    stack: str,
    *,
    upstream: Mapping[str, Mapping[str, Any]] | None = None,
    preview: bool = True,
) -> MockRun:
    """Run a project's program for one stack, as the language host would, and record what it registers.

    Args:
        project: the project whose program is run.
        stack: name of the stack, `ENV.LAYER`.
        upstream: outputs of the stacks it may read, by stack name; each as `MockRun.exports` gives them.
        preview: as the engine's preview, ids and computed outputs are unknown. False: as after an `up`, with stand-ins in their place that
            are recorded as unknown; for a layer that is run only for its exports.

    Raises:
        PlatformError: the program refused its input, in its own words.
        ToolError: the program failed; names the error and the program's own lines.
    """
    config, secrets = project.stack_config(stack)
    settings = Settings(
        project=project.name,
        stack=stack,
        preview=preview,
        marked=not preview,
        region=config.get("aws:region") or os.environ.get("AWS_REGION") or DEFAULT_REGION,
        upstream=upstream or {},
        disabled=frozenset(json.loads(config.get("pulumi:disable-default-providers", "[]"))),
        defaults=by_package({key: dict(SECRET) if key in secrets else value for key, value in config.items()}),
        root=project.root,
    )
    monitor, engine = RecordingMonitor(settings), Engine()
    with _program_world(project.main):
        try:
            run_program(lambda: _run_path(project.main), monitor, engine, config=config, secrets=secrets)
        except PlatformError:
            raise
        except ValidationError as error:
            raise refusal(error, project.root) from error
        except SystemExit as end:
            if end.code not in (None, 0):
                raise ToolError(f"{stack}: the program ended itself with {end.code!r}") from None
        except Exception as error:
            raise _told(error, stack, project.root) from error
    if engine.errors:
        raise ToolError("\n".join(engine.errors))
    outputs = wire.plain(wire.to_struct(monitor.exports), collapse=True)
    return MockRun(monitor.graph(), outputs, tuple(engine.warnings), monitor.exports)


def run_program(
    program: Callable[[], Any],
    monitor: RecordingMonitor,
    engine: Engine,
    *,
    config: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> None:
    """Run a program inside a stack of its own, with a runtime and an event loop of its own, and wait for all it started.

    Nothing of it is left afterwards: the runtime's state lives in a context that ends with the run.

    Raises:
        Exception: what the program raised, directly or inside an apply. A PlatformError anywhere in its chain of causes comes first.
    """

    def run() -> None:
        settings = monitor.settings
        ROOT.set(None)
        configure(
            MockSettings(  # type: ignore[no-untyped-call]
                monitor=monitor,
                monitor_features=set(),
                engine=engine,
                project=settings.project,
                stack=settings.stack,
                organization=settings.organization,
                root_directory=str(settings.root or Path.cwd()),
                dry_run=settings.preview,
                legacy_apply_enabled=False,
                callbacks=None,
                outputs=set(),
                package_refs={},
                base_providers_by_ref={},
            )
        )
        set_all_config(dict(config or {}), list(secrets))
        _run_loop(program, monitor)

    try:
        with _no_collection():
            contextvars.copy_context().run(run)
    except Exception as error:
        for cause in _chain(error):
            if isinstance(cause, PlatformError):
                raise cause from None
        raise


def _run_loop(program: Callable[[], Any], monitor: RecordingMonitor) -> None:
    async def body() -> None:
        register_stack_transformation(monitor.begin)
        program()
        await _settle()

    loop = _InlineLoop()
    # A failure leaves tasks that nobody asks for theirs; the runtime has reported it by then.
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        loop.run_until_complete(run_in_stack(body))
    finally:
        # After a failure tasks may be left waiting for what never comes.
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with contextlib.suppress(BaseException):
                loop.run_until_complete(task)
        loop.close()


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector out of a run: what it makes lives to its end, and looking at it again and again doubles the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


async def _settle() -> None:
    """Wait until every Output of the program is settled, one after the other.

    The runtime would wait for all of them at once, and again after each that is done: the square of their number. Failures it reports.
    """
    while pending := [task for task in SETTINGS.outputs if not task.done()]:
        for task in pending:
            if not task.done():
                await asyncio.wait({task})


@contextlib.contextmanager
def _program_world(main: Path) -> Iterator[None]:
    """What a program may expect of a process of its own: its folder as current one, its modules fresh, its output not mixed into ours."""
    folder = main if main.is_dir() else main.parent
    path, argv, here, modules = list(sys.path), sys.argv, Path.cwd(), set(sys.modules)
    sys.argv = [str(main)]
    # A program that is a package (`stacks`) gets its own modules, not those of another checkout that this process has loaded before.
    aside = {name: sys.modules.pop(name) for name in modules if name.partition(".")[0] == folder.name} if _is_package(folder) else {}
    if not main.is_dir():
        sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.chdir(here)
        sys.path[:], sys.argv = path, argv
        for name in set(sys.modules) - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(f"{folder}{os.sep}"):
                del sys.modules[name]
        for name in [name for name in sys.modules if aside and name.partition(".")[0] == folder.name]:
            del sys.modules[name]
        sys.modules.update(aside)


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def _run_path(main: Path) -> None:
    runpy.run_path(str(main), run_name="__main__")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, each once. Both links count: the runtime overwrites the one when it raises an error again."""
    found: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is not None and id(current) not in found:
            found[id(current)] = current
            waiting += [current.__cause__, current.__context__]
            yield current


def _told(error: Exception, stack: str, root: Path) -> ToolError:
    """A program's failure in its own words: the error, and the lines of the program that led to it."""
    if isinstance(error, pulumi.RunError):
        return ToolError(f"{stack}: {error}")
    lines = [f"{stack}: the program failed: {type(error).__name__}: {error}"]
    if isinstance(error, SyntaxError):
        return ToolError(f"{lines[0]}\n  {error.filename}:{error.lineno}")
    for frame in traceback.extract_tb(error.__traceback__):
        place = Path(frame.filename)
        if place.is_relative_to(root) and ".venv" not in place.parts:
            lines.append(f"  {place.relative_to(root)}:{frame.lineno}  {frame.line}")
    return ToolError("\n".join(lines))
