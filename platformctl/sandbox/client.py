"""Requests to the sandbox's own endpoints. Never through a proxy, never outside this machine."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from platformctl.errors import ToolError
from platformctl.invocation import program

TIMEOUT_SECONDS = 30.0
"""How long one answer may take."""


CREATE_HEADER = "X-Sandbox-Create"
"""Request header `<urn>|<sha256 of the inputs>`: this request creates the resource of that URN."""
FORGET_HEADER = "X-Sandbox-Forget"
"""Request header `1`, beside CREATE_HEADER: drop what is stored for the URN and run the request."""
REPLAYED_HEADER = "X-Sandbox-Replayed"
"""Response header: the answer is a stored one; its value is the sha256 that came with the request which made it."""
UNFINISHED_ID = "unfinished-create"
"""Stands in the engine's state for the id of a resource whose create was cut off: a provider of the sandbox that is to delete it finds out
what there is to delete."""
READY_WORD = b"started\n"
"""What a starter writes to the server's stdin when it takes responsibility for it."""


class SandboxGoneError(ToolError):
    """The sandbox's server does not answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sandbox answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status < 300  # noqa: PLR2004 -- HTTP's own numbers

    @property
    def error(self) -> str:
        """The server's own text for what went wrong."""
        return str(self.body["error"]) if isinstance(self.body, dict) and "error" in self.body else f"HTTP {self.status}"


def urn_key(urn: str) -> str:
    """A URN as a header can carry it."""
    return quote(urn, safe=":/$.,-_+@!()[]{}<>=;#&?* ")


@dataclass(frozen=True, slots=True)
class SandboxClient:
    """Calls one sandbox. Holds no connection, so that it may be used from any thread."""

    url: str
    timeout: float = TIMEOUT_SECONDS

    def request(
        self,
        method: str,
        *segments: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to `/sandbox/<segments>`; segments are encoded here.

        Raises:
            SandboxGoneError: nobody answers, or not in time.
        """
        path = "/sandbox/" + "/".join(quote(segment, safe="") for segment in segments)
        if query:
            path += "?" + urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=self.timeout)
        try:
            connection.request(method, path, body=data, headers={"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read() or b"null"), dict(response.headers))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SandboxGoneError(f"the sandbox at {self.url} does not answer ({error}); run `{program()} sandbox start`") from None
        finally:
            connection.close()
