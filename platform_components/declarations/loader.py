"""Loads a declaration file into its model, and names every problem at once with file, line and field."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from platform_components.declarations.document import Document, FieldPath, read
from platform_components.declarations.translate import translate
from platform_components.errors import DeclarationError, Problem

M = TypeVar("M", bound=BaseModel)

_COERCED = frozenset(("bool_type", "float_type", "int_type"))
"""Strict error types that lax validation hides by converting: `"3"` for 3, 1 for true. A file says what it means."""

Check = Callable[[Mapping[str, Any]], Iterable[tuple[FieldPath, str]]]
"""Looks at data that may be wrong in places and yields (path, message); for rules that span sections, which pydantic would only reach once
every section is right."""


def load(
    path: Path,
    model: type[M],
    *,
    shown: str | None = None,
    prepare: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    check: Check | None = None,
) -> M:
    """Load a declaration file.

    Args:
        path: the YAML file.
        model: what it declares.
        shown: the file's name in messages; the path as given where omitted.
        prepare: lays defaults under the file's data before it is validated.
        check: rules over the whole file; told together with the model's own problems.

    Raises:
        DeclarationError: with every problem found, in the order of their lines.
    """
    return validate(read(path, shown), model, prepare=prepare, check=check)


def validate(
    document: Document,
    model: type[M],
    *,
    prepare: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    check: Check | None = None,
) -> M:
    """Validate a file that has been read; see `load`.

    Raises:
        DeclarationError: with every problem found, in the order of their lines.
    """
    data = prepare(document.data) if prepare else document.data
    problems = list(document.problems)
    checked = [document.problem(path, message) for path, message in check(data)] if check else []
    instance: M | None = None
    try:
        instance, errors = _judge(data, model)
        problems += translate(errors, data, document, schema_of(model)) if errors else []
    except DeclarationError as error:
        problems += [_relocate(problem, document) for problem in error.problems]
    # A model may hold the same rule for those who build it in Python; said once is enough.
    problems = list(dict.fromkeys([*problems, *checked]))
    if problems or instance is None:
        raise DeclarationError(sorted(problems, key=lambda problem: problem.line))
    return instance


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of a model, built once."""
    return model.model_json_schema()


def _judge(data: Mapping[str, Any], model: type[M]) -> tuple[M | None, list[ErrorDetails]]:
    """The instance, and what is wrong with the data."""
    text = json.dumps(data)
    instance: M | None = None
    errors: list[ErrorDetails] = []
    try:
        instance = model.model_validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    # A second, strict look only for conversions: strict alone would also refuse a list for a tuple behind a "before" validator.
    try:
        model.model_validate_json(text, strict=True)
    except ValidationError as error:
        errors += [detail for detail in error.errors(include_url=False) if detail["type"] in _COERCED]
    return instance, errors


def _relocate(problem: Problem, document: Document) -> Problem:
    """Give a problem raised inside a model its line, where its field is one of the file's."""
    named = {path: path[-1] for path in document.lines}
    for path, key in named.items():
        if problem.field in (".".join(map(str, path)), key):
            return document.problem(path, problem.message)
    return Problem(problem.message, field=problem.field, file=document.file, line=problem.line)
