# mypy: untyped-calls-exclude="hvac"
"""Requests to the sandbox's Vault, with the token that lies in the sandbox's folder."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import hvac
import hvac.exceptions

_TIMEOUT_SECONDS: Final = 30
_MISSING: Final = hvac.exceptions.InvalidPath


class VaultRefusedError(Exception):
    """Vault refused; the text is Vault's own, with the path."""

    def says(self, texts: Sequence[str]) -> bool:
        """Whether Vault said one of these."""
        return any(text in str(self) for text in texts)


class VaultApi:
    """One Vault. Each thread has a connection of its own."""

    def __init__(self, address: str, token_file: Path) -> None:
        self._address = address
        self.token_file = token_file
        self._connections = threading.local()

    def write(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write, and return what the answer holds.

        Raises:
            VaultRefusedError: Vault does.
        """
        return self._ask("post", path, dict(body))

    def read(self, path: str) -> dict[str, Any] | None:
        """What lies at a path; None if nothing does."""
        try:
            return self._ask("get", path, None)
        except VaultRefusedError as error:
            if isinstance(error.__cause__, _MISSING) or error.says(("No auth engine at", "No secret engine mount at", "not found")):
                return None
            raise

    def delete(self, path: str) -> None:
        """Delete; one that is gone is no error."""
        try:
            self._ask("delete", path, None)
        except VaultRefusedError as error:
            if not isinstance(error.__cause__, _MISSING) and not error.says(("no matching mount", "not found")):
                raise

    def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        try:
            answer = self._client().adapter.request(method, f"/v1/{path}", json=body)
        except hvac.exceptions.VaultError as error:
            said = "; ".join(map(str, error.errors or ())) or str(error)
            raise VaultRefusedError(f"Vault refused {path}: {' '.join(said.split())}") from error
        # What Vault answers without a body is a response, not its content.
        found = answer.get("data") if isinstance(answer, dict) else None
        return dict(found) if isinstance(found, Mapping) else {}

    def _client(self) -> Any:
        if not hasattr(self._connections, "client"):
            token = self.token_file.read_text(encoding="utf-8")
            client = hvac.Client(url=self._address, token=token, timeout=_TIMEOUT_SECONDS, proxies={"http": None, "https": None})
            client.session.trust_env = False
            self._connections.client = client
        return self._connections.client
