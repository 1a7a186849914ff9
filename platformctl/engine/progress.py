"""Progress of long work: a moving line on a terminal, plain lines with the elapsed time elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

HEARTBEAT_SECONDS = 30.0
"""How often a log without a terminal says that work goes on; CI systems give up on a silent job after some minutes."""


def duration(seconds: float) -> str:
    """Seconds as people read them: `0.4s`, `12s`, `3m34s`."""
    if seconds < 10:  # noqa: PLR2004 -- below ten seconds the tenth matters
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


class Progress:
    """Says what is being done, on stderr, so that `--json` on stdout stays clean."""

    def __init__(self, console: Console | None = None, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._heartbeat = heartbeat

    def note(self, text: str) -> None:
        """Print one line."""
        self.console.print(text, markup=False)

    @contextmanager
    def activity(self, text: str) -> Iterator[None]:
        """Show that something is going on, with the time it has taken, until the block ends."""
        started = time.monotonic()
        if self.console.is_terminal:
            with RichProgress(
                SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self.console, transient=True
            ) as live:
                live.add_task(text.replace("[", r"\["), total=None)
                yield
        else:
            self.note(f"{text} ...")
            over = threading.Event()
            beat = threading.Thread(target=self._beat, args=(text, started, over), daemon=True)
            beat.start()
            try:
                yield
            finally:
                over.set()
                beat.join()
        self.note(f"{text}: done in {duration(time.monotonic() - started)}")

    def _beat(self, text: str, started: float, over: threading.Event) -> None:
        while not over.wait(self._heartbeat):
            self.note(f"{text} ... {duration(time.monotonic() - started)} so far")
