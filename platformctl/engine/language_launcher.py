"""What `pulumi-language-python` runs: picks the project's Python, then starts the language host with it."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import yaml

if __name__ == "__main__":
    # Run by path: this file's folder leads sys.path, and its cache.py or progress.py must not hide a module of the program.
    sys.path.pop(0)

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "PulumiPolicy.yaml")


def project_python(directory: Path) -> str | None:
    """The Python to run a project with instead of this one, or None.

    It is that of the virtual environment which the nearest project file names (`runtime.options.virtualenv`), where that exists, is
    not this interpreter's own, and has the Pulumi SDK.
    """
    for folder in (directory, *directory.parents):
        for name in PROJECT_FILES:
            if (folder / name).is_file():
                return virtualenv_python(folder, _virtualenv(folder / name))
    return None


def virtualenv_python(root: Path, virtualenv: str) -> str | None:
    """Python of a virtual environment that is not this interpreter's own and has the Pulumi SDK; None where there is none such."""
    folder = root / virtualenv
    python = folder / "bin" / "python"
    if not virtualenv or folder.resolve() == Path(sys.prefix).resolve() or not python.exists():
        return None
    return str(python) if any(folder.glob("lib/python3*/site-packages/pulumi/__init__.py")) else None


def _virtualenv(project_file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
        match yaml.safe_load(project_file.read_text()):
            case {"runtime": {"options": {"virtualenv": str(name)}}}:
                return name
    # An unreadable project file is the engine's to report, and it has done so before it starts a language host.
    return ""


def main() -> None:
    """Become the language host."""
    python = project_python(Path.cwd())
    if python:
        os.execv(python, [python, str(Path(__file__).with_name("language_host.py")), *sys.argv[1:]])  # noqa: S606 -- becoming it is the point
    from platformctl.engine import language_host  # noqa: PLC0415 -- half a second of imports that the other branch must not pay

    language_host.main()


if __name__ == "__main__":
    main()
