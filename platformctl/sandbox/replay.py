"""Creates that survive a killed client: the answer is kept until somebody confirms that it arrived.

An engine killed between a create and the write of its checkpoint does not know that the resource exists; its next run creates it again
and the cloud then holds two. Real clouds have the same gap. The sandbox closes it: a create names its URN in `X-Sandbox-Create`, and as
long as nobody confirmed the answer, the same URN gets the same answer again instead of a second resource.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.exceptions import BadRequest
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from platformctl.sandbox.client import CREATE_HEADER, REPLAYED_HEADER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first create of a URN was answered, and for which inputs."""

    digest: str
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: StoredAnswer | None = None


class Replay:
    """WSGI middleware that runs a create once per URN until it is confirmed. Thread-safe; holds everything in memory."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        header = environ.get("HTTP_X_SANDBOX_CREATE")
        if header is None:
            return self._app(environ, start_response)
        urn, separator, digest = header.rpartition("|")
        if not separator or not urn:
            return BadRequest(f"{CREATE_HEADER} must be <urn>|<sha256>")(environ, start_response)
        if not _read_whole_body(environ):
            # The client died while sending. moto would read a cut-off form as a complete one.
            return BadRequest("the request body is shorter than its Content-Length")(environ, start_response)
        with self._lock:
            entry = self._entries.setdefault(urn, _Entry())
        with entry.lock:
            if environ.get("HTTP_X_SANDBOX_FORGET"):
                entry.answer = None
            if entry.answer is not None:
                return _replayed(entry.answer)(environ, start_response)
            answer = self._run(environ, digest)
            if answer.status.startswith("2"):
                entry.answer = answer
        return _response(answer)(environ, start_response)

    def _run(self, environ: "WSGIEnvironment", digest: str) -> StoredAnswer:
        body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return StoredAnswer(digest, status, tuple(headers), b"".join(body))

    def unconfirmed(self) -> list[str]:
        """URNs whose create was answered and not yet confirmed, sorted."""
        with self._lock:
            return sorted(urn for urn, entry in self._entries.items() if entry.answer is not None)

    def confirm(self, urns: Iterable[str], holding: str = "") -> None:
        """The engine's state has these resources: a further create of the URN is a new resource. Unknown URNs are no error.

        With `holding`, only an answer with that text in it (the id that the state has): during a replacement the state still has the old
        resource, and the answer is the new one's.
        """
        with self._lock:
            for urn in urns:
                entry = self._entries.get(urn)
                if entry is not None and entry.answer is not None and holding.encode() in entry.answer.body:
                    entry.answer = None

    def forget(self, urn: str) -> None:
        """The resource behind the stored answer is gone (deleted as an orphan)."""
        self.confirm([urn])


def _read_whole_body(environ: "WSGIEnvironment") -> bool:
    """Buffer the body, so that the request no longer depends on its client; False if the client broke off."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    if len(body) < length:
        return False
    if length:  # without a length the body is chunked or absent, and stays as it is
        environ["wsgi.input"] = BytesIO(body)
    return True


def _response(answer: StoredAnswer) -> Response:
    return Response(answer.body, status=answer.status, headers=list(answer.headers))


def _replayed(answer: StoredAnswer) -> Response:
    response = _response(answer)
    response.headers[REPLAYED_HEADER] = answer.digest
    return response
