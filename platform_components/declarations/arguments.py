"""What is wrong with Args that a program built itself, in the same words that a file's author reads."""

import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from platform_components.args import Args
from platform_components.declarations.document import Document
from platform_components.declarations.translate import translate
from platform_components.errors import DeclarationError, Problem


def refusal(error: ValidationError, folder: Path | None = None) -> DeclarationError:
    """A validation error of Args as one line per problem, each field under the name of its model: `VpcArgs.zones[1]`.

    Args:
        error: what pydantic raised.
        folder: folder of the program; its line that built the Args is named then, relative to the folder.
    """
    file, line = _place(error, folder) if folder else ("", 0)
    model = next((kind for kind in _models(Args) if kind.__name__ == error.title), None)
    details = error.errors(include_url=False)
    data = _outline(detail["loc"] for detail in details)
    document = Document(file="", data=data, lines={}, written={})
    problems = translate(details, data, document, model.model_json_schema() if model else {})
    return DeclarationError(
        [Problem(problem.message, ".".join(part for part in (error.title, problem.field) if part), file, line) for problem in problems]
    )


def _models(base: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and every model derived from it."""
    return [base, *(model for derived in base.__subclasses__() for model in _models(derived))]


def _place(error: ValidationError, folder: Path) -> tuple[str, int]:
    """The last line of the program on the way to the error."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(folder) and ".venv" not in path.relative_to(folder).parts:
            return str(path.relative_to(folder)), frame.lineno or 0
    return "", 0


def _outline(locations: Iterable[Sequence[int | str]]) -> dict[str, Any]:
    """Data in which every location leads somewhere: an error keeps where it was found, not what stood around it."""
    root: dict[str, Any] = {}
    for location in locations:
        current: Any = root
        for part, following in zip(location, [*location[1:], ""], strict=True):
            empty: Any = [] if isinstance(following, int) else {}
            if isinstance(part, int) and isinstance(current, list):
                current.extend({} for _ in range(part + 1 - len(current)))
                current[part] = current[part] or empty
                current = current[part]
            elif isinstance(current, dict):
                current = current.setdefault(str(part), empty)
    return root
