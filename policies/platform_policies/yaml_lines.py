"""YAML with the line of each value, so that a problem can be told at its place."""

from collections.abc import Mapping
from typing import Any

import yaml

from platform_policies.errors import PolicyInputError

Path = tuple[str | int, ...]


def load(text: str, file: str) -> tuple[Any, Mapping[Path, int]]:
    """Read YAML; anchors that contain themselves, doubled keys and broken syntax are refused.

    Args:
        text: the file's text.
        file: its name, for messages.

    Returns:
        The value, and the 1-based line of each value by its path.

    Raises:
        PolicyInputError: the text cannot be read.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        raise PolicyInputError([f"{place}  no valid YAML: {getattr(error, 'problem', None) or error}"]) from None
    lines: dict[Path, int] = {}
    return (None if root is None else _value(root, (), lines, file, ())), lines


def _value(node: Any, path: Path, lines: dict[Path, int], file: str, above: tuple[int, ...]) -> Any:
    line = node.start_mark.line + 1
    lines[path] = line
    if id(node) in above:
        raise PolicyInputError([f"{file}:{line}  an anchor that contains itself; write the value out"])
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), lines, file, above) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in found:
                raise PolicyInputError([f"{file}:{key_node.start_mark.line + 1}  {key} is written twice; keep one"])
            found[key] = _value(value_node, (*path, key), lines, file, above)
            lines[(*path, key)] = key_node.start_mark.line + 1
        return found
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        return node.value  # `2026-02-30` looks like a date and is none: whoever reads it says what is wrong
