"""How the user calls this program, for the hints that tell what to type next."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME = "platformctl"


def program(arguments: Sequence[str] = sys.argv, executable: str = sys.executable, environ: Mapping[str, str] = os.environ) -> str:
    """The words that start this program in the user's shell, ready to be pasted.

    After `make up` the program lies in `.venv/bin` and nowhere on PATH: a hint that says `platformctl` would not work there.

    Args:
        arguments: the command line of the process.
        executable: the running Python.
        environ: the environment; its PATH decides.
    """
    called = Path(arguments[0]) if arguments else Path(NAME)
    if called.name == "__main__.py" and called.parent.name == NAME:
        return f"{shlex.quote(executable)} -m {NAME}"
    if called.name != NAME:
        return NAME  # another program uses our modules
    found = shutil.which(NAME, path=environ.get("PATH", os.defpath))
    # The kernel hands a script found on PATH its whole path; a relative one was typed.
    return NAME if found is not None and called.is_absolute() and called == Path(found) else shlex.quote(str(called))
