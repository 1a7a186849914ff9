"""Requests to a Kubernetes API server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3

from platformctl.sandbox.kubernetes.refusals import ApiError
from platformctl.sandbox.plugin import ProviderError

APPLY: Final = "application/apply-patch+yaml"
"""Media type of a server-side apply; JSON is YAML."""
JSON_PATCH: Final = "application/json-patch+json"
_JSON: Final = "application/json"
_CONNECTIONS: Final = 32
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=60)
BUSY: Final = urllib3.Retry(
    20, connect=0, read=0, redirect=0, other=0, status_forcelist=[429], allowed_methods=None, backoff_factor=0.1, raise_on_status=False
)
"""How to take the answer that a server is busy: for a second after a definition came, it gives no other for the objects of its kind."""


@dataclass(frozen=True)
class Api:
    """One API server, as its administrator. Thread-safe; connections are kept."""

    server: str
    authority: str
    """Path of the certificate that signed the server's."""
    token: str

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(
            ca_certs=self.authority, maxsize=_CONNECTIONS, block=True, retries=BUSY, timeout=_TIMEOUT, headers={"Accept": _JSON}
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> Any:
        """The answer's document.

        Raises:
            ApiError: the server refuses.
            ProviderError: the server does not answer.
        """
        url = self.server + path + ("?" + urlencode(query) if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": accept}
        try:
            answer = self._pool.request(method, url, body=None if body is None else json.dumps(body), headers=headers)
            document = _parsed(answer.data)
        except urllib3.exceptions.HTTPError as error:
            raise ProviderError(
                f"the API server at {self.server} does not answer ({type(error).__name__}); see the sandbox's log"
            ) from None
        if answer.status >= 400:  # noqa: PLR2004 -- HTTP's own number
            raise ApiError(answer.status, document)
        return document


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return {"message": data.decode(errors="replace")}


@dataclass(frozen=True, slots=True)
class Resource:
    """Where an API server serves a kind."""

    api_version: str
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """Path of an object, or of the collection where the name is empty."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{root}{inside}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")
