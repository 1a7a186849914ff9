"""Settings as TOML. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def lines(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A table as TOML: its values first, for what follows a header belongs to that table.

    Args:
        table: the table.
        path: where it lies, as headers have it. Empty: at the top.
    """
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lists = {key: value for key, value in table.items() if isinstance(value, list) and value and isinstance(value[0], Mapping)}
    for key, value in table.items():
        if key not in tables and key not in lists:
            yield f"{_text(key)} = {_text(value)}"
    for key, value in tables.items():
        yield f"[{_below(path, key)}]"
        yield from lines(value, _below(path, key))
    for key, entries in lists.items():
        for entry in entries:
            yield f"[[{_below(path, key)}]]"
            yield from lines(entry, _below(path, key))


def _below(path: str, key: str) -> str:
    return f"{path}.{_text(key)}" if path else _text(key)


def _text(value: Any) -> str:
    """Strings, numbers, booleans and lists of them are written alike in JSON and TOML, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
