"""Start a program that does not outlive its parent: `python guard.py PARENT SIGNAL COMMAND...`.

Linux sends the signal when the parent dies, even by kill -9, which no handler of the parent could do. Elsewhere the command is merely
started; there the lock of the state (recovery.py) tells a later run that an earlier one is at work. Standard library only: run as a file.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def signal_on_parent_death(number: int) -> None:
    """Ask the kernel to send this process a signal when the thread that started it ends. Does nothing where the system is not Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


def guarded(command: Sequence[str], number: int = signal.SIGTERM) -> list[str]:
    """The command line that starts `command` so that it gets the signal when this process dies."""
    # -I -S: no site packages and no environment, which makes it start in about 20 ms.
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(number)), *command]


def main() -> None:
    """Tie this process to its parent, then become the command."""
    parent, number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    signal_on_parent_death(number)
    if os.getppid() != parent:
        sys.exit(f"{command[0]} was not started: the process that wanted it is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 -- becoming the command is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
