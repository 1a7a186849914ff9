"""A Kubernetes API as tests ask it: as any user, with answers to look at instead of exceptions."""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Object = dict[str, Any]

MERGE = "application/merge-patch+json"
SETTLE_SECONDS = 60.0
"""How long the API server may take until it goes by what it was just given; a quarter of a second, measured idle."""


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    code: int
    body: Object
    warnings: tuple[str, ...]

    @property
    def admitted(self) -> bool:
        return self.code < 300

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))


@dataclass
class Api:
    """An API server, asked by its administrator unless another user is named."""

    server: str
    authority: str
    token: str = field(repr=False)
    _resources: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.authority)
        self._client = httpx.Client(base_url=self.server, verify=context, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def close(self) -> None:
        self._client.close()

    def request(
        self, method: str, path: str, body: Any = None, *, user: str | None = None, groups: tuple[str, ...] = (), **options: Any
    ) -> Answer:
        """One request; `user` and `groups` are impersonated."""
        headers = [("Impersonate-User", user)] if user else []
        headers += [("Impersonate-Group", group) for group in groups]
        headers += [("Content-Type", options.pop("content_type", "application/json"))]
        response = self._client.request(method, path, json=body, headers=headers, params=options)
        # A path that nothing is served at is answered in plain text.
        body = response.json() if response.headers["content-type"] == "application/json" else {"message": response.text}
        return Answer(response.status_code, body, tuple(response.headers.get_list("warning")))

    def text(self, path: str) -> str:
        return self._client.get(path).text

    def serves(self, made: Object) -> bool:
        """Whether the API server has heard of an object's kind."""
        identity = made["apiVersion"], made["kind"]
        if identity not in self._resources:
            for row in self.request("GET", _root(made)).body.get("resources", ()):
                if "/" not in row["name"]:
                    self._resources[(made["apiVersion"], row["kind"])] = (row["name"], row["namespaced"])
        return identity in self._resources

    def path(self, made: Object, namespace: str, *, named: bool = False) -> str:
        """Where an object is created, or where it lies."""
        assert self.serves(made), f"the API server knows no {made['apiVersion']} {made['kind']}"
        resource, namespaced = self._resources[(made["apiVersion"], made["kind"])]
        space = (f"namespaces/{namespace}",) if namespaced else ()
        return "/".join((_root(made), *space, resource, *((made["metadata"]["name"],) if named else ())))

    def create(self, made: Object, namespace: str = "default", **options: Any) -> Answer:
        return self.request("POST", self.path(made, namespace), made, **options)

    def patch(self, made: Object, change: Mapping[str, Any], namespace: str = "default", **options: Any) -> Answer:
        return self.request("PATCH", self.path(made, namespace, named=True), change, content_type=MERGE, **options)

    def delete(self, made: Object, namespace: str = "default", **options: Any) -> Answer:
        return self.request("DELETE", self.path(made, namespace, named=True), **options)

    def read(self, made: Object, namespace: str = "default") -> Answer:
        return self.request("GET", self.path(made, namespace, named=True))


def _root(made: Object) -> str:
    version = made["apiVersion"]
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait for what the API server does on its own time."""
    end = time.monotonic() + SETTLE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"after {SETTLE_SECONDS:.0f} s still not: {what}"
        time.sleep(0.1)
