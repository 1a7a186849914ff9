# mypy: untyped-calls-exclude="boto3,botocore"
"""boto3 clients of the sandbox, and the sandbox server's own endpoints."""

import contextvars
import http.client
import json
import os
import re
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from platformctl.sandbox.plugin import ProviderError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

CREATE_HEADER: Final = "X-Sandbox-Create"
FORGET_HEADER: Final = "X-Sandbox-Forget"
REPLAYED_HEADER: Final = "x-sandbox-replayed"
_MISSING = re.compile(r"NotFound|NoSuch|NonExistent|NotExist|^404$")
_DISOWNED = "is not owned by the current account"
"""How GuardDuty says that there is no such detector."""
_headers: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("headers", default={})  # noqa: B039 -- never changed in place


def partition_of(region: str) -> str:
    """The AWS partition of a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def is_missing(error: "ClientError") -> bool:
    """Whether AWS says that the resource does not exist."""
    said = error.response.get("Error", {})
    return bool(_MISSING.search(said.get("Code", ""))) or _DISOWNED in said.get("Message", "")


def urn_key(urn: str) -> str:
    """A URN as a header can carry it."""
    return quote(urn, safe=":/$.,-_+@!()[]{}<>=;#&?* ")


class Cloud:
    """Clients by region and service, shared by the plugin's threads."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.server = SandboxServer(endpoint)
        self._clients: dict[tuple[str, str], Any] = {}
        self._regions: dict[str, Region] = {}
        self._lock = threading.Lock()

    def region(self, name: str) -> "Region":
        """The region of that name."""
        with self._lock:
            return self._regions.setdefault(name, Region(self, name))

    def client(self, service: str, region: str) -> Any:
        """A boto3 client; making one is not thread-safe, using one is."""
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(service, region)
            return self._clients[key]

    @cached_property
    def _session(self) -> Any:
        from boto3.session import Session  # noqa: PLC0415 -- takes long to import, and a plugin that is only asked for its version does without

        return Session(
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "sandbox"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "sandbox"),
            region_name="us-east-1",
        )

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 -- as above

        config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=64, s3={"addressing_style": "path"})
        client = self._session.client(service, region_name=region, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("before-send", _add_headers)
        return client

    @cached_property
    def account(self) -> str:
        """The account's id."""
        return str(self.client("sts", "us-east-1").get_caller_identity()["Account"])


def _add_headers(request: Any, **_: Any) -> None:
    for name, value in _headers.get().items():
        request.headers[name] = value


class Region:
    """AWS in one region."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.cloud = cloud
        self.name = name
        self.partition = partition_of(name)

    @property
    def account(self) -> str:
        """The account's id."""
        return self.cloud.account

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """Call AWS; the headers go with this call only."""
        method = getattr(self.cloud.client(service, self.name), operation)
        token = _headers.set(headers or {})
        try:
            return method(**parameters)
        finally:
            _headers.reset(token)

    def model(self, service: str) -> Any:
        """The botocore service model."""
        return self.cloud.client(service, self.name).meta.service_model


class SandboxServer:
    """The endpoints beside AWS: recorded resources, and creates waiting to be confirmed."""

    def __init__(self, endpoint: str) -> None:
        self._address = urlsplit(endpoint)
        self._local = threading.local()

    def unconfirmed(self) -> frozenset[str]:
        """URN keys whose create was answered and not confirmed."""
        return frozenset(self._ask("GET", "unconfirmed") or ())

    def confirm(self, key: str, holding: str) -> None:
        """The engine knows this resource; with `holding`, only if the stored answer has that text in it."""
        self._ask("POST", "confirm", {"urns": [key], "holding": holding})

    def put(self, kind: str, key: str, document: Any) -> None:
        """Record a document."""
        self._ask("PUT", f"recorded/{quote(kind, safe='')}/{quote(key, safe='')}", document)

    def get(self, kind: str, key: str) -> Any:
        """A recorded document; None if there is none."""
        return self._ask("GET", f"recorded/{quote(kind, safe='')}/{quote(key, safe='')}")

    def all(self, kind: str) -> dict[str, Any]:
        """The recorded documents of a kind, by id."""
        return dict(self._ask("GET", f"recorded/{quote(kind, safe='')}") or {})

    def delete(self, kind: str, key: str) -> None:
        """Forget a document, if it is there."""
        self._ask("DELETE", f"recorded/{quote(kind, safe='')}/{quote(key, safe='')}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, f"/sandbox/{path}", None if body is None else json.dumps(body))
                answer = connection.getresponse()
                content = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()  # a kept-alive connection may have been closed by the server
                if attempt == 2:  # noqa: PLR2004 -- the second and last
                    raise ProviderError(f"the sandbox's server at {self._address.netloc} does not answer: {error}") from error
        if answer.status == http.HTTPStatus.NOT_FOUND:
            return None
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise ProviderError(f"the sandbox's server refused {method} {path}: {content.decode(errors='replace')}")
        return json.loads(content) if content else None

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address.hostname or "127.0.0.1", self._address.port, timeout=60)
            self._local.connection = connection
        return connection
