"""Start a program that does not outlive its parent: `python guard.py MODE PARENT SIGNAL COMMAND...`.

Mode `become`: turn into the command; the kernel sends it the signal when the parent dies, even by kill -9, which no handler of the parent
could do. It may do so more than once, since each thread of the parent dies by itself; good for signals that end at once.

Mode `watch`: stay, with the command as a child that gets the signal exactly once. For a Pulumi CLI one SIGINT is "finish what you have
begun", and a second one "drop everything". Ctrl-C is for the whole process group; the watcher itself lets it pass.

Standard library only, and it is run as a file: it starts in 20 ms.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence

BECOME, WATCH = "become", "watch"

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5
"""Where the kernel does not tell of the parent's death (not Linux), how often the watcher looks."""


def guarded(command: Sequence[str], number: int, mode: str = BECOME) -> list[str]:
    """The command line that starts `command` so that it gets the signal when this process dies."""
    return [sys.executable, "-I", "-S", __file__, mode, str(os.getpid()), str(int(number)), *command]


def signal_on_parent_death(number: int) -> None:
    """Ask the kernel to send this process a signal when the thread that started it ends. Does nothing where the system is not Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


def main() -> None:
    """Tie this process to its parent, then become or watch the command."""
    mode, parent, number, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    if mode == BECOME:
        _become(command, parent, number)
    for passing in (signal.SIGINT, signal.SIGTERM):
        signal.signal(passing, lambda *_: None)
    signal_on_parent_death(signal.SIGKILL)
    own = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, own, number)
    sys.exit(_watch(child, parent, number))


def _become(command: list[str], parent: int, number: int) -> None:
    signal_on_parent_death(number)
    if os.getppid() != parent:
        sys.exit(f"{command[0]} was not started: the process that wanted it is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 -- becoming the command is the point
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _watch(child: int, parent: int, number: int) -> int:
    """Wait for the child; its exit code, or 128 and the signal that ended it, as a shell has it."""
    told = False
    while True:
        ended, status = os.waitpid(child, 0 if sys.platform == "linux" else os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        if os.getppid() != parent and not told:
            told = True
            os.kill(child, number)
        time.sleep(_POLL_SECONDS)


if __name__ == "__main__":
    main()
