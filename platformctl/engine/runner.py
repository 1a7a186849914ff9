"""Runs stacks through the Automation API's local workspace: the programs are those that `pulumi up` runs, by the same language host."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi.automation import Deployment, LocalWorkspace, OutputMap, Stack, UpdateSummary
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError
from pulumi.automation.events import EngineEvent
from rich.console import Console

from platform_components.errors import PlatformError
from platformctl.engine.cli import Cli, install_cli
from platformctl.engine.drift import Drift, DriftReader, urn_name, urn_type
from platformctl.engine.keeping import Loss, LossReader
from platformctl.engine.language_host import REFUSALS_VARIABLE
from platformctl.engine.leaving import NOTHING, Leaving
from platformctl.engine.process import InterruptedRunError, SupervisedPulumi
from platformctl.engine.recovery import (
    free_stack,
    has_stack,
    may_have_pending,
    pending_creates,
    resources_of,
    state_folder,
    with_unfinished_deleted,
)
from platformctl.engine.render import Display, Renderer
from platformctl.errors import ToolError
from platformctl.invocation import program
from platformctl.project import PROJECT_FILE, Project

CONFIG_FILE_OPTION = "PULUMI_OPTION_CONFIG_FILE"
"""Set where stacks keep their configuration elsewhere than beside the project: in a sandbox. To the CLI it is --config-file."""

_LISTED = 10


class RefusedError(PlatformError):
    """The program refused what was declared (exit 2)."""


@dataclass(frozen=True, slots=True)
class StackResult:
    """How a run on one stack ended."""

    stack: str
    operation: str
    changes: Mapping[str, int] = field(default_factory=dict)
    """Resources by what was done to them: `same`, `create`, `update`, `delete`, `replace`."""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Ordinary data for `--json`."""
        layer = self.stack.split(".", 1)[-1]
        return {"stack": self.stack, "layer": layer, "changes": dict(self.changes), "seconds": round(self.seconds, 1)}


class _Workspace(LocalWorkspace):
    """A workspace that never changes which stack the user has selected for the plain command line."""

    def create_stack(self, stack_name: str) -> None:
        command = ["stack", "init", stack_name, "--no-select", *self._secrets()]
        if CONFIG_FILE_OPTION not in self.env_vars:
            self._run_pulumi_cmd_sync(command)
            return
        # `stack init` knows no --config-file: beside the project it would write a stack file, or stumble over one made for a real account.
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(Path(self.work_dir) / PROJECT_FILE, folder)
            self._run_pulumi_cmd_sync([*command, "--cwd", folder])

    def select_stack(self, stack_name: str) -> None:
        self._run_pulumi_cmd_sync(["stack", "--stack", stack_name])

    def _secrets(self) -> list[str]:
        return ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []


class _Stack(Stack):
    """A stack that asks the CLI for nothing after a run: the counts come with the events, and three calls of half a second are saved."""

    def outputs(self) -> OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> UpdateSummary | None:  # noqa: ARG002 -- the SDK's signature
        from datetime import UTC, datetime  # noqa: PLC0415

        return UpdateSummary(kind="", start_time=datetime.now(UTC), message="", environment={}, config={}, result="succeeded")


class StackRunner:
    """Runs one project's stacks in one environment (a sandbox's, or the user's own)."""

    def __init__(
        self,
        project: Project,
        environ: Mapping[str, str],
        *,
        cli: Cli | None = None,
        console: Console | None = None,
        adopts_interrupted: bool = False,
    ) -> None:
        """Make one.

        Args:
            project: the Pulumi project.
            environ: the whole environment of the runs; its backend and its plugins decide where they go.
            cli: the CLI; found or installed where it is left out.
            console: where progress goes; stderr where it is left out.
            adopts_interrupted: whether the providers find again what an interrupted create has made, so that such creates may be forgotten.

        Raises:
            ToolError: there is no CLI and no way to one.
        """
        self.project = project
        self.console = console or Console(stderr=True, highlight=False)
        self._cli = cli or install_cli(environ=environ)
        self._environ = self._cli.environ(environ)
        self._adopts = adopts_interrupted
        self._state = state_folder(self._environ.get("PULUMI_BACKEND_URL", ""))

    def up(self, stack: str, *, refresh: bool = True, leaving: Leaving = NOTHING, display: Display | None = None) -> StackResult:
        """Make the cloud what the program declares. What was changed out of band is seen and put right, unless `refresh` is off.

        Args:
            stack: its name.
            refresh: whether the cloud is looked at first.
            leaving: components whose resources are neither changed nor deleted, though the program does not declare them.
            display: where progress is shown among other runs; by itself where omitted.

        Raises:
            RefusedError: the program refused what was declared; nothing was done.
            ToolError: the engine or a provider failed; the text names each resource.
            InterruptedRunError: the user interrupted it.
        """
        opened, fresh = self._open(stack, create=True)
        targets = self._targets(stack, leaving)

        def act(on_event: Callable[[EngineEvent], None]) -> object:
            return opened.up(on_event=on_event, refresh=refresh and not fresh, color="never", target=targets)

        return self._run(opened, "up", act, display=display)

    def destroy(self, stack: str, *, display: Display | None = None) -> StackResult:
        """Delete everything the stack made. A stack that does not exist is destroyed already. Raises as `up` does."""
        if not self.exists(stack):
            return StackResult(stack, "destroy")
        opened, _ = self._open(stack)
        # Neither is the program run nor the cloud read first: what is there goes, whether or not its declaration is still sound.
        return self._run(opened, "destroy", lambda on_event: opened.destroy(on_event=on_event, color="never"), display=display)

    def refresh(self, stack: str) -> StackResult:
        """Bring the state up to date with the cloud. Raises as `up` does, and ToolError for a stack that does not exist."""
        opened, _ = self._open(stack)
        return self._run(opened, "refresh", lambda on_event: opened.refresh(on_event=on_event, color="never"))

    def preview(self, stack: str, *, refresh: bool = False, leaving: Leaving = NOTHING) -> StackResult:
        """What `up` would do; changes nothing. Raises as `up` does."""
        opened, _ = self._open(stack, create=True)
        targets = self._targets(stack, leaving)

        def act(on_event: Callable[[EngineEvent], None]) -> object:
            return opened.preview(on_event=on_event, refresh=refresh, color="never", target=targets)

        return self._run(opened, "preview", act, quiet=True)

    def drift(self, stack: str, leaving: Leaving = NOTHING) -> list[Drift]:
        """Where the cloud differs from what is declared; changes neither cloud nor state.

        Raises as `up` does, and ToolError for a stack that does not exist.
        """
        opened, _ = self._open(stack)
        reader, targets = DriftReader(), self._targets(stack, leaving)

        def preview(on_event: Callable[[EngineEvent], None]) -> object:
            def both(event: EngineEvent) -> None:
                reader(event)
                on_event(event)

            return opened.preview(on_event=both, refresh=True, color="never", target=targets)

        self._run(opened, "drift", preview, quiet=True)
        return reader.result()

    def losses(self, stack: str, *, refresh: bool = False, leaving: Leaving = NOTHING) -> list[Loss]:
        """What `up` would replace or delete of what must be kept; changes nothing. Nothing where the stack does not exist.

        Args:
            stack: the stack.
            refresh: look at the cloud first, as `up` does.
            leaving: as `up` has it.
        """
        if not self.is_up(stack):
            return []
        opened, _ = self._open(stack)
        reader, targets = LossReader(), self._targets(stack, leaving)

        def preview(on_event: Callable[[EngineEvent], None]) -> object:
            def both(event: EngineEvent) -> None:
                reader(event)
                on_event(event)

            return opened.preview(on_event=both, refresh=refresh, color="never", target=targets)

        try:
            self._run(opened, "preview", preview, quiet=True)
        except ToolError:
            # The engine too refuses to lose what is protected, after it has said what that is.
            if not reader.result():
                raise
        return reader.result()

    def unprotect(self, stack: str, urns: Sequence[str]) -> None:
        """Let the next run replace or delete resources that are protected; the program protects their successors again."""
        opened, _ = self._open(stack)
        workspace: Any = opened.workspace
        held = {one["urn"] for one in (opened.export_stack().deployment or {}).get("resources", ()) if one.get("protect")}
        for urn in urns:
            if urn in held:
                workspace._run_pulumi_cmd_sync(["state", "unprotect", urn, "--yes", "--stack", stack])
                self.announce(f"{stack}: {urn_type(urn)} {urn_name(urn)} is not protected during this run")

    def exists(self, stack: str) -> bool:
        """Whether the backend holds the stack."""
        if self._state is not None:
            return has_stack(self._state, self.project.name, stack)
        return any(item.name.rsplit("/", 1)[-1] == stack for item in self._workspace().list_stacks())

    def is_up(self, stack: str) -> bool:
        """Whether the stack holds resources; one that was destroyed is still in the backend and holds none."""
        return bool(self._resources(stack))

    def protected(self, stack: str) -> list[str]:
        """Type and name of what the engine refuses to delete."""
        return [f"{urn_type(item['urn'])} {urn_name(item['urn'])}" for item in self._resources(stack) if item.get("protect")]

    def _resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        if self._state is not None:
            return resources_of(self._state, self.project.name, stack)
        return (self._workspace().export_stack(stack).deployment or {}).get("resources") or () if self.exists(stack) else ()

    def holds_protected(self, stack: str) -> bool:
        """Whether the stack holds a resource that must be kept: only then is a preview worth its time."""
        if self._state is not None:
            return any(one.get("protect") for one in resources_of(self._state, self.project.name, stack))
        resources = (self._workspace().export_stack(stack).deployment or {}).get("resources", ()) if self.exists(stack) else ()
        return any(one.get("protect") for one in resources)

    def resources(self, stack: str) -> list[Mapping[str, Any]]:
        """What the state of a stack holds; nothing where there is no such stack."""
        if self._state is not None:
            return resources_of(self._state, self.project.name, stack)
        return list((self._workspace().export_stack(stack).deployment or {}).get("resources", ())) if self.exists(stack) else []

    def move(self, urns: Sequence[str], source: str, target: str) -> None:
        """Move resources from the state of one stack to that of another; the cloud is not touched.

        Raises:
            ToolError: the CLI refused.
        """
        self._open(source)
        opened, _ = self._open(target, create=True)
        prefix = f"organization/{self.project.name}/" if self._state is not None else ""
        command = ["state", "move", "--yes", "--source", f"{prefix}{source}", "--dest", f"{prefix}{target}", *urns]
        workspace: Any = opened.workspace
        try:
            workspace._run_pulumi_cmd_sync(command)  # the SDK has no move of its own
        except CommandError as error:
            raise ToolError(f"{source}: {_words(workspace)}") from error

    def remove(self, stack: str, urns: Sequence[str]) -> StackResult:
        """Delete these resources and whatever depends on them. Raises as `up` does."""
        opened, _ = self._open(stack)

        def act(on_event: Callable[[EngineEvent], None]) -> object:
            return opened.destroy(on_event=on_event, target=list(urns), target_dependents=True, color="never")

        return self._run(opened, "destroy", act)

    def _targets(self, stack: str, leaving: Leaving) -> list[str] | None:
        """What a run works on; None where that is everything."""
        return (leaving.targets(stack, self.resources(stack)) or None) if leaving.components else None

    def announce(self, text: str) -> None:
        """Print one line of progress."""
        self.console.print(text, markup=False, soft_wrap=True)

    def _workspace(self) -> LocalWorkspace:
        return _Workspace(
            work_dir=str(self.project.root),
            env_vars=self._environ,
            pulumi_command=SupervisedPulumi(self._cli, self.announce),
        )

    def _open(self, stack: str, *, create: bool = False) -> tuple[Stack, bool]:
        """The stack, free to be worked on, and whether it was made just now."""
        fresh = not self.exists(stack)
        if fresh and not create:
            option = " --sandbox" if self._adopts else ""
            where = self._state or self._environ.get("PULUMI_BACKEND_URL") or "the backend you are logged in to"
            raise ToolError(
                f"{stack} has not been brought up: {where} holds no such stack; bring it up with `{program()} up {stack}{option}`"
            )
        if self._state is not None:
            free_stack(self._state, self.project.name, stack, self.announce)
        mode = StackInitMode.CREATE if fresh else StackInitMode.SELECT
        workspace = self._workspace()
        try:
            opened = _Stack(stack, workspace, mode)
            if not fresh:
                self._settle_pending(opened)
        except CommandError as error:
            raise ToolError(f"{stack}: {_words(workspace)}") from error
        return opened, fresh

    def _settle_pending(self, opened: Stack) -> None:
        """Forget interrupted creates where the providers find them again; elsewhere nobody can know, and the user must look."""
        if self._state is not None and not may_have_pending(self._state, self.project.name, opened.name):
            return
        exported = opened.export_stack()
        urns = pending_creates(exported.deployment or {})
        if not urns:
            return
        listed = ", ".join(f"{urn_type(urn)} {urn_name(urn)}" for urn in urns[:_LISTED])
        more = f" and {len(urns) - _LISTED} more" if len(urns) > _LISTED else ""
        if not self._adopts:
            raise ToolError(
                f"{opened.name}: an earlier run was cut off while it created {listed}{more}; look whether they are there, import or delete "
                f"those that are, then forget the rest with `pulumi refresh -s {opened.name} --clear-pending-creates`",
            )
        opened.import_stack(Deployment(exported.version, with_unfinished_deleted(exported.deployment or {})))
        self.announce(f"{opened.name}: an earlier run was cut off while it created {listed}{more}; what is there is taken over or deleted")

    def _run(
        self,
        opened: Stack,
        operation: str,
        act: Callable[[Callable[[EngineEvent], None]], object],
        *,
        quiet: bool = False,
        display: Display | None = None,
    ) -> StackResult:
        renderer = Renderer(self.console, f"{opened.name}: {operation}", quiet=quiet)
        with tempfile.TemporaryDirectory() as folder:
            refusals = Path(folder) / "refusals"
            opened.workspace.env_vars = {**self._environ, REFUSALS_VARIABLE: str(refusals)}
            try:
                with renderer.live(display):
                    act(renderer)
            except InterruptedRunError as error:
                raise InterruptedRunError(f"{opened.name}: {error}; run the same command again to go on from there") from error
            except CommandError as error:
                if refusals.exists():
                    raise RefusedError(refusals.read_text().strip()) from error
                failed = "\n".join(dict.fromkeys(f"{opened.name}: {failure}" for failure in renderer.run.failures))
                raise ToolError(failed or f"{opened.name}: {_words(opened.workspace)}") from error
        return StackResult(opened.name, operation, renderer.run.changes, renderer.run.seconds)


def _words(workspace: Any) -> str:
    """What the CLI itself said about its failure, in one line."""
    last = workspace.pulumi_command.last
    lines = [line.strip() for line in f"{last.stderr}\n{last.stdout}".splitlines() if line.strip()]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return "; ".join(told or lines[-1:]) or f"the Pulumi CLI ended with exit code {last.code}"
