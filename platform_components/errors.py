"""The errors of this package.

PlatformError
├── DeclarationError   a file or an argument that people wrote is wrong (one or more Problems)
├── UpstreamError      a layer below has not been brought up, or exports something else than expected
└── UnsupportedError   the request is understood and refused (a version, a combination)
"""

from collections.abc import Sequence
from dataclasses import dataclass


class PlatformError(Exception):
    """Base of every error raised on purpose. Its text is one line per problem and needs no traceback."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to do about it."""

    message: str
    """What is wrong and what to do, in one line."""
    field: str = ""
    """Dotted path of the field, for example `network.zones[1]`; empty for the whole file."""
    file: str = ""
    """Path of the file as the user named it; empty where there is none."""
    line: int = 0
    """1-based line in the file; 0 where unknown."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return "  ".join(part for part in (place, self.field, self.message) if part)


class DeclarationError(PlatformError):
    """What somebody wrote is wrong; carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UpstreamError(PlatformError):
    """A layer below is missing, or does not export what this layer needs."""


class UnsupportedError(PlatformError):
    """The request is understood and refused."""
