"""What an API server answers when it refuses: as one line, and as data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from platformctl.sandbox.kubernetes.ownership import FORCE
from platformctl.sandbox.plugin import ProviderError

_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_INVALID: Final = 422
_WEBHOOK: Final = "failed calling webhook"
_NOBODY: Final = "; no pods run in the sandbox, so nobody answers for a webhook: leave the webhook out, or set its failurePolicy to Ignore"


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that a request was refused for."""

    field: str
    """`spec.selector`; empty where the server names none."""
    reason: str
    message: str

    @classmethod
    def of(cls, cause: Mapping[str, Any]) -> "Cause":
        """An entry of a Status."""
        field, reason, message = (str(cause.get(key) or "") for key in ("field", "reason", "message"))
        return cls(field.lstrip("."), reason, message)


class ApiError(ProviderError):
    """An API server refused a request; the text is the server's own, in one line."""

    def __init__(self, status: int, body: Any) -> None:
        answer = body if isinstance(body, Mapping) else {}
        self.status = status
        self.reason = str(answer.get("reason") or "")
        self.message = " ".join(str(answer.get("message") or f"HTTP {status}").split())
        causes: Sequence[Mapping[str, Any]] = (answer.get("details") or {}).get("causes") or ()
        self.causes = tuple(Cause.of(cause) for cause in causes)
        super().__init__(self.message + (_NOBODY if _WEBHOOK in self.message else ""))

    @property
    def not_found(self) -> bool:
        """Whether an object, its namespace or its kind is not there."""
        return self.status == _NOT_FOUND

    @property
    def exists(self) -> bool:
        """Whether a create met an object of the same name."""
        return self.status == _CONFLICT and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        """Whether fields belong to another manager, or the object changed meanwhile."""
        return self.status == _CONFLICT and self.reason == "Conflict"

    @property
    def invalid(self) -> bool:
        """Whether the object's fields are wrong."""
        return self.status == _INVALID


def conflict_text(error: ApiError) -> str:
    """Which fields another manager holds, and what to do."""
    return (
        f"{error.message}; another manager has set these fields since: to take them over, set the annotation {FORCE} to true; to "
        "leave them alone, use ignoreChanges"
    )


_FIXED: Final = (
    "immutable",
    "may not be changed",
    "may not change",
    "cannot change",
    "cannot be changed",
    "may not be modified",
    "are forbidden",
    "is forbidden after creation",
)
"""What an API server says of a change that it never allows (k8s.io/apimachinery, pkg/api/validation, and the kinds' own validation)."""


def fixed_paths(error: ApiError, changed: Iterable[str]) -> list[str]:
    """Those of the changed paths that a server refused because the field cannot be updated; all, if it names none of them."""
    if not error.invalid:
        return []
    named = [cause.field for cause in error.causes if any(phrase in cause.message for phrase in _FIXED)]
    if not named:
        return []
    paths = list(changed)
    return [path for path in paths if any(_related(path, field) for field in named)] or paths


def _related(path: str, field: str) -> bool:
    """Whether one path lies at or under the other."""
    return path == field or path.startswith((f"{field}.", f"{field}[")) or field.startswith((f"{path}.", f"{path}["))
