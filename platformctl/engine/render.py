"""What a run of the engine looks like: one line for each resource that is done, and on a terminal what is being worked on below them."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pulumi.automation.events import DiagnosticEvent, EngineEvent, OpType, StepEventMetadata
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from platformctl.engine.drift import urn_name, urn_type
from platformctl.engine.progress import duration
from platformctl.sandbox.client import UNFINISHED_ID

SHOWN_AT_ONCE = 8
"""Resources in progress that are listed on a terminal; more would push the finished lines out of sight."""

_PAST: Mapping[OpType, tuple[str, str, str]] = MappingProxyType(
    {
        OpType.CREATE: ("+", "created", "green"),
        OpType.CREATE_REPLACEMENT: ("+", "created anew", "green"),
        OpType.UPDATE: ("~", "updated", "yellow"),
        OpType.DELETE: ("-", "deleted", "red"),
        OpType.DELETE_REPLACED: ("-", "deleted the replaced", "red"),
        OpType.IMPORT: ("=", "imported", "green"),
        OpType.READ: (">", "read", "cyan"),
    }
)
"""Sign, past participle and colour of what is done to a resource. What is not listed (same, refresh, bookkeeping) makes no line."""


_NOISE: Final = (
    # A sandbox's plugins are meant to be found on PATH; the engine warns of that for each of them, several times a run.
    re.compile(r"using pulumi-.*\$PATH.*", re.DOTALL),
    # On a busy machine a plugin is not always heard saying, within 5 s, that it knows the run is over. One that crashed has left words.
    re.compile(r"Detected that \S+ exited prematurely\..* STDERR streams of the plugin:", re.DOTALL),
)
"""What the engine says that is no news."""


@dataclass(slots=True)
class Failure:
    """A resource that failed, and what its provider said."""

    urn: str
    message: str

    def __str__(self) -> str:
        who = f"{urn_type(self.urn)} {urn_name(self.urn)}: " if self.urn and not urn_type(self.urn).startswith("pulumi:pulumi:") else ""
        return f"{who}{self.message}"


@dataclass(slots=True)
class Run:
    """What is known of a run so far."""

    changes: dict[str, int] = field(default_factory=dict)
    """Resources by what was done to them, as the engine counts them."""
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0


class Renderer:
    """Takes the engine's events, prints lines, and keeps what the caller needs afterwards. Events arrive on another thread."""

    def __init__(self, console: Console, title: str, *, quiet: bool = False) -> None:
        """Make one for one run.

        Args:
            console: where to print.
            title: what is going on, for example `dev.network: up`.
            quiet: print no resource lines, only warnings and errors (a preview).
        """
        self.run = Run()
        self._console = console
        self._title = title
        self._quiet = quiet
        self._lock = threading.Lock()
        self._active: dict[str, tuple[str, float]] = {}
        self._done: Counter[str] = Counter()
        self._said: set[tuple[str, str]] = set()
        self._started = time.monotonic()

    @contextmanager
    def live(self, display: "Display | None" = None) -> Iterator[None]:
        """Show what is in progress while the block runs, by itself or among others; without a terminal the lines alone must do."""
        try:
            with display.showing(self) if display is not None else live(self._console, self.picture):
                yield
        finally:
            self.run.seconds = time.monotonic() - self._started

    def __call__(self, event: EngineEvent) -> None:
        """Take one event."""
        with self._lock:
            if event.resource_pre_event:
                self._begin(event.resource_pre_event.metadata)
            elif event.res_outputs_event:
                self._end(event.res_outputs_event.metadata)
            elif event.res_op_failed_event:
                self._active.pop(event.res_op_failed_event.metadata.urn, None)
            elif event.diagnostic_event:
                self._say(event.diagnostic_event)
            elif event.policy_event:
                policy = event.policy_event
                self._print(
                    f"! {policy.policy_pack_name}: {policy.policy_name} ({policy.enforcement_level}): {policy.message}".strip(), "yellow"
                )
            elif event.summary_event:
                self.run.changes = {str(OpType(name).value): count for name, count in event.summary_event.resource_changes.items()}

    def _begin(self, step: StepEventMetadata) -> None:
        if _is_custom(step):
            self._active[step.urn] = (f"{step.type} {urn_name(step.urn)}", time.monotonic())

    def _end(self, step: StepEventMetadata) -> None:
        what, begun = self._active.pop(step.urn, ("", 0.0))
        self._done[step.op.value] += 1
        # What an earlier run left unfinished has been announced; whether it was taken over or deleted only its provider knows.
        unfinished = step.old is not None and step.old.id == UNFINISHED_ID
        if what and step.op in _PAST and not self._quiet and not unfinished:
            sign, word, colour = _PAST[step.op]
            self._print(f"{sign} {what} {word} ({duration(time.monotonic() - begun)})", colour)

    def _say(self, diagnostic: DiagnosticEvent) -> None:
        """Print a message once, and remember the errors."""
        message = diagnostic.message.strip()
        urn = diagnostic.urn or ""
        if not message or diagnostic.ephemeral or diagnostic.severity == "debug" or any(noise.fullmatch(message) for noise in _NOISE):
            return
        if (urn, message) in self._said:
            return
        self._said.add((urn, message))
        who = f"{urn_type(urn)} {urn_name(urn)}: " if urn and not urn_type(urn).startswith("pulumi:pulumi:") else ""
        match diagnostic.severity:
            case "error":
                self.run.failures.append(Failure(urn, message))
                self._print(f"x {who}{message}", "bold red")
            case "warning":
                self._print(f"! {who}{message}", "yellow")
            case _:
                self._print(f"  {who}{message}", "")

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def picture(self) -> RenderableType:
        """What is being worked on, and how far it has got."""
        with self._lock:
            active = sorted(self._active.values(), key=lambda item: item[1])
            done = sum(self._done.values())
        now = time.monotonic()
        lines: list[RenderableType] = [Text(f"  {what}  {duration(now - begun)}", style="dim") for what, begun in active[:SHOWN_AT_ONCE]]
        if len(active) > SHOWN_AT_ONCE:
            lines.append(Text(f"  and {len(active) - SHOWN_AT_ONCE} more", style="dim"))
        return Group(
            *lines, Spinner("dots", Text(f"{self._title}  {done} done, {len(active)} in progress  {duration(now - self._started)}"))
        )


class Display:
    """What several runs at once have in progress, one below the other: a terminal has one place for it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._shown: list[Renderer] = []

    @contextmanager
    def showing(self, renderer: Renderer) -> Iterator[None]:
        """Show one run among the others while the block runs."""
        self._shown.append(renderer)
        try:
            yield
        finally:
            self._shown.remove(renderer)

    def picture(self) -> RenderableType:
        """All that is in progress."""
        return Group(*(renderer.picture() for renderer in tuple(self._shown)))


@contextmanager
def live(console: Console, picture: Callable[[], RenderableType]) -> Iterator[None]:
    """Keep a picture at the end of a terminal while the block runs."""
    if not console.is_terminal:
        yield
        return
    with Live(get_renderable=picture, console=console, refresh_per_second=8, transient=True):
        yield


def _is_custom(step: StepEventMetadata) -> bool:
    state = step.new or step.old
    return bool(state and state.custom) and not step.type.startswith("pulumi:")


def summary(changes: Mapping[str, int], *, planned: bool = False) -> str:
    """Counts in words: `63 created, 2 unchanged`, or `63 to create, 2 unchanged` of a preview."""
    done = {"same": "unchanged", "create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
    words = {name: f"to {name}" if planned and name != "same" else word for name, word in done.items()}
    order = [*(name for name in words if name != "same"), *sorted(set(changes) - set(words)), "same"]
    return ", ".join(f"{changes[name]} {words.get(name, name)}" for name in order if changes.get(name)) or "nothing to do"
