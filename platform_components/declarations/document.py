"""A declaration file as it was written: plain data, and the line of every key. Knows YAML; knows no model.

The file becomes plain data straight from the parser's events, with a stack of its own, so that neither depth, aliases nor tags of a hostile
file ever reach a constructor. Scalars follow the YAML 1.2 core schema: `no` is text, and dates are text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent
from ruamel.yaml.events import MappingEndEvent as _MappingEnd
from ruamel.yaml.events import SequenceEndEvent as _SequenceEnd
from ruamel.yaml.reader import ReaderError

from platform_components.errors import DeclarationError, Problem

MAX_BYTES = 256 * 1024
"""Largest declaration file, in bytes. The parser reads about 150 KiB a second; a real file is below 10 KiB."""

MAX_DEPTH = 24
"""Deepest nesting of mappings and lists; the models need less than ten."""

MAX_DIGITS = 18
"""Longest number, in characters; longer ones do not survive a 64-bit reader."""

MAX_PROBLEMS = 50
"""Problems of the file itself (not of its values) after which reading stops."""

FieldPath = tuple[str | int, ...]
"""Keys and list positions from the top of a file down to a value."""

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, separators and marks that turn the direction of writing: they would make a file read otherwise than it looks."""

_BREAK = re.compile("[\t\n]")


def field_name(path: FieldPath) -> str:
    """The path as people write it: `network.zones[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and where it says it."""

    file: str
    """The file as it is named in messages."""
    data: dict[str, Any]
    """The file's mapping as JSON-like data. Keys are always text."""
    lines: Mapping[FieldPath, int]
    """1-based line of every key and list item."""
    written: Mapping[FieldPath, str]
    """Unquoted scalars as they were written: `1.30` where the data says 1.3."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the file itself but still lets its values be judged: a key given twice."""

    def line(self, path: FieldPath) -> int:
        """Line of the value, or of the nearest thing around it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: FieldPath, message: str) -> Problem:
        """A problem located at a field."""
        return Problem(message=message, field=field_name(path), file=self.file, line=self.line(path))


def read(path: Path, shown: str | None = None) -> Document:
    """Read a declaration file.

    Args:
        path: the file.
        shown: its name in messages; the path as given where omitted.

    Raises:
        DeclarationError: it is missing, unreadable, too large, not UTF-8, not YAML, or uses what declarations do without (aliases, tags,
            several documents, keys that are not text).
    """
    name = shown or str(path)
    builder = _Builder(name)
    try:
        _feed(path, name, builder.take)
    except DeclarationError as error:
        raise DeclarationError(list(dict.fromkeys([*builder.problems, *error.problems]))) from None
    return builder.document()


def read_all(path: Path, shown: str | None = None) -> list[Document]:
    """Read a file of several YAML documents; lines are counted from the top of the file.

    Args:
        path: the file.
        shown: its name in messages; the path as given where omitted.

    Raises:
        DeclarationError: as `read`, but for the number of documents.
    """
    name = shown or str(path)
    builders: list[_Builder] = []

    def take(event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            builders.append(_Builder(name))
        if builders:
            builders[-1].take(event)

    _feed(path, name, take)
    return [builder.document() for builder in builders or [_Builder(name)]]


def _feed(path: Path, name: str, take: Callable[[Event], None]) -> None:
    """Give every event of a file to whoever builds data of it."""
    try:
        for event in _events(_text(path, name)):
            take(event)
    except MarkedYAMLError as error:
        raise DeclarationError([_syntax_problem(error, name)]) from None
    except ReaderError as error:
        raise DeclarationError([Problem(f"holds a character that YAML does not allow: U+{_code(error):04X}", file=name)]) from None
    except DeclarationError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault of the parser on a hostile file is still only a bad file to its user
        raise DeclarationError([Problem(f"cannot be read as YAML: {type(error).__name__}", file=name)]) from None


def _text(path: Path, name: str) -> str:
    """The text of a file that is really a text file of a sane size."""
    try:
        if not path.exists():
            raise DeclarationError([Problem("no such file", file=name)])
        if not path.is_file():
            raise DeclarationError([Problem("is not a file", file=name)])
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise DeclarationError([Problem(f"cannot be read: {reason}", file=name)]) from None
    if len(content) > MAX_BYTES:
        raise DeclarationError([Problem(f"is larger than {MAX_BYTES // 1024} KiB; a declaration is a few lines of text", file=name)])
    if b"\x00" in content:
        raise DeclarationError([Problem("is a binary file; a declaration is YAML text in UTF-8", file=name)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DeclarationError([Problem("is not UTF-8 text; save the file as UTF-8", file=name, line=line)]) from None


def _events(text: str) -> Iterator[Event]:
    # The pure parser: its events carry line marks, and it is the same on every machine.
    yield from YAML(typ="safe", pure=True).parse(text)


def _code(error: ReaderError) -> int:
    character = error.character
    return character if isinstance(character, int) else ord(character[:1] or "\0")


def _syntax_problem(error: MarkedYAMLError, name: str) -> Problem:
    """One plain line for what the parser stumbled over."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    problem = str(error.problem or error.context or "cannot be parsed")
    if "'\\t'" in problem:
        return Problem("not valid YAML: a tab where spaces are needed for indentation", file=name, line=line)
    started = f" ({error.context}, begun in line {error.context_mark.line + 1})" if error.context and error.context_mark else ""
    return Problem(f"not valid YAML: {problem}{started}", file=name, line=line)


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read yet."""

    value: dict[str, Any] | list[Any]
    path: FieldPath
    key: str | None = None
    """The key that waits for its value."""
    repeated: bool = False
    """The waiting key stood here before; its value is read and dropped."""


@dataclass(slots=True)
class _Builder:
    """Turns parser events into data, with a stack in place of recursion."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    lines: dict[FieldPath, int] = field(default_factory=dict)
    written: dict[FieldPath, str] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _root: Any = None
    _root_line: int = 0
    _documents: int = 0
    _broken: bool = False

    def take(self, event: Event) -> None:
        """Take one event."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, DocumentStartEvent):
            self._start_document(event, line)
        elif isinstance(event, (_MappingEnd, _SequenceEnd)):
            self._open.pop()
        elif isinstance(event, AliasEvent):
            self._refuse(line, f"uses the alias *{event.anchor}; aliases are not supported, write the value out")
            self._add(None, line)
        elif isinstance(event, (ScalarEvent, MappingStartEvent, SequenceStartEvent)):
            self._refuse_decoration(event, line)
            self._take_value(event, line)

    def document(self) -> Document:
        """The whole file.

        Raises:
            DeclarationError: the file holds no mapping, or something its values cannot be judged through.
        """
        if not self._broken and not isinstance(self._root, dict):
            what = "the file is empty" if self._root is None else "the top of the file must be `key: value` lines"
            self._refuse(self._root_line or 1, what)
        if self._broken:
            raise DeclarationError(self.problems)
        return Document(self.file, self._root, self.lines, self.written, tuple(self.problems))

    def _start_document(self, event: DocumentStartEvent, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(line, "holds a second YAML document (`---`); one file declares one thing")
            raise DeclarationError(self.problems)
        if event.version or event.tags:
            self._refuse(line, "holds a % directive; remove it, the file is read as YAML 1.2")

    def _take_value(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent, line: int) -> None:
        here = self._open[-1] if self._open else None
        wants_key = here is not None and isinstance(here.value, dict) and here.key is None
        if isinstance(event, ScalarEvent):
            if wants_key:
                self._take_key(event, line)
            else:
                self._add(self._scalar(event, line), line)
            return
        if len(self._open) >= MAX_DEPTH:
            self._refuse(line, f"is nested deeper than {MAX_DEPTH} levels")
            raise DeclarationError(self.problems)
        value: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        if wants_key:
            self._refuse(line, "a key must be plain text, not a mapping or list (quote it where it begins with a bracket)")
            assert here is not None  # noqa: S101 -- wants_key says so; for the type checker
            here.key, here.repeated = "?", True
            # The composite key itself is read and dropped; its value follows as that of the dropped key "?".
            self._open.append(_Open(value, (*here.path, "?")))
            return
        self._open.append(_Open(value, self._add(value, line)))

    def _take_key(self, event: ScalarEvent, line: int) -> None:
        here = self._open[-1]
        key = event.value
        path = (*here.path, key)
        if event.style is None and key in _NULL - {"null", "Null", "NULL"}:
            self._refuse(line, "a key is missing before the colon")
        elif event.style is None and key == "<<":
            self._refuse(line, "merge keys (<<) are not supported; write the values out")
        elif unprintable := _UNPRINTABLE.search(key) or _BREAK.search(key):
            self._refuse(line, f"a key holds the unprintable character U+{ord(unprintable[0]):04X}")
        assert isinstance(here.value, dict)  # noqa: S101 -- only mappings take keys; for the type checker
        here.key, here.repeated = key, key in here.value
        if here.repeated:
            message = f"is given twice, first in line {self.lines.get(path, 0)}; keep one"
            self._note(Problem(message, field=field_name(path), file=self.file, line=line))
        else:
            # The first of two wins everywhere: below a repeated key too.
            self.lines.setdefault(path, line)

    def _add(self, value: Any, line: int) -> FieldPath:
        """Put a value where it belongs and say where that is."""
        if not self._open:
            self._root, self._root_line = value, line
            return ()
        here = self._open[-1]
        if isinstance(here.value, list):
            path: FieldPath = (*here.path, len(here.value))
            here.value.append(value)
            self.lines.setdefault(path, line)
            return path
        key, here.key = here.key or "", None
        if not here.repeated:
            here.value[key] = value
        return (*here.path, key)

    def _scalar(self, event: ScalarEvent, line: int) -> Any:
        text: str = event.value
        if unprintable := _UNPRINTABLE.search(text):
            self._refuse(line, f"holds the unprintable character U+{ord(unprintable[0]):04X}")
            return None
        if event.style is not None:
            return text
        if self._open and not self._open[-1].repeated:
            self.written.setdefault(self._here(), text)
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        return self._number(text, line)

    def _number(self, text: str, line: int) -> int | float | str:
        if _NOT_FINITE.fullmatch(text):
            self._refuse(line, f"{text} is not a number anything here can use")
            return 0
        is_int, is_float = _INT.fullmatch(text), _FLOAT.fullmatch(text)
        if not is_int and not is_float:
            return text
        if len(text) > MAX_DIGITS:
            self._refuse(line, f"the number {text[:MAX_DIGITS]}... is longer than {MAX_DIGITS} digits; quote it where text is meant")
            return 0
        if is_int:
            # Decimal even with leading zeros, as the core schema says; only 0o and 0x change the base.
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        number = float(text)
        if number in (float("inf"), float("-inf")):
            self._refuse(line, f"the number {text} is too large")
            return 0
        return number

    def _refuse_decoration(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent, line: int) -> None:
        if event.anchor:
            self._refuse(line, f"uses the anchor &{event.anchor}; anchors are not supported, write the value out")
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._refuse(line, f"uses the tag {tag}; tags are not supported, remove it")

    def _refuse(self, line: int, message: str) -> None:
        """Note a problem that the values cannot be judged through."""
        self._broken = True
        self._note(Problem(message, field=field_name(self._here()), file=self.file, line=line))

    def _here(self) -> FieldPath:
        """Path of the value that comes next, or of the mapping whose next key is wanted."""
        if not self._open:
            return ()
        here = self._open[-1]
        if isinstance(here.value, list):
            return (*here.path, len(here.value))
        return here.path if here.key is None else (*here.path, here.key)

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            self.problems.append(Problem(f"reading stopped here, after {MAX_PROBLEMS} problems", file=self.file, line=problem.line))
            raise DeclarationError(self.problems)
