"""What Ctrl-C does. Mostly it ends the process at once; where something has to be put away first, it unwinds the stack.

Imports nothing that takes long: until this is imported, Ctrl-C is the interpreter's to answer.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 130
"""What a shell says of a program that SIGINT ended."""

_WORD = b"interrupted\n"


def end_at_once() -> None:
    """From now on Ctrl-C ends the process with one line.

    An exception would not always arrive: raised in a finalizer or in a callback of the event loop it is printed and forgotten, and a
    program that is being previewed would run on, or wait for ever for a task that it has cut short. Good for work that holds nothing.
    """
    signal.signal(signal.SIGINT, _end)


@contextmanager
def unwinding() -> Iterator[None]:
    """Within the block Ctrl-C raises KeyboardInterrupt: for work that has children, locks or half-made files to put away."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def ignored() -> None:
    """From now on Ctrl-C does nothing: all is said and done, and the interpreter would only add noise to the answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    os.write(2, _WORD)
    os._exit(EXIT_CODE)
