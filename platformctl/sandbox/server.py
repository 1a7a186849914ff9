"""The sandbox's server: AWS by moto, stores for what moto does not emulate, and creates that survive a killed client, in one process.

    python -m platformctl.sandbox.server DIRECTORY

It listens on a free port of 127.0.0.1, tells it in DIRECTORY/server.json, logs to its stderr, and ends on SIGTERM or SIGINT, when
DIRECTORY/server.json is no longer its own, or when its starter goes before it has said on the server's stdin that the start succeeded.

    GET  /sandbox/health | status
    GET  /sandbox/unconfirmed            POST /sandbox/confirm {"urns": [..], "holding": TEXT}        POST /sandbox/forget {"urn": ..}
    POST /sandbox/announce {..}          answered with the body: what a create that goes elsewhere will make, for the next run to be told of
    GET  /sandbox/recorded[/TYPE]        GET | PUT | DELETE /sandbox/recorded/TYPE/ID
    GET  /sandbox/vault                                  {"address": .., "token_file": ..}, started by being asked for; null: no program
    GET  /sandbox/kubernetes                             {"api": whether clusters have API servers, "stored": objects in the store}
    GET  /sandbox/kubernetes/CLUSTER                     {"reachable": .., "version": .. or null, "api": .. or null}
        CLUSTER is the API server's address; "api", its own {"server", "certificateAuthority", "token"}, is started by being asked for
    GET  /sandbox/kubernetes/CLUSTER/objects[?group=&kind=&namespace=]
    GET | PUT | DELETE /sandbox/kubernetes/CLUSTER/APIVERSION/KIND/NAMESPACE/NAME
        the namespace `-` means cluster-scoped; PUT ?create=1 refuses an existing object, ?unchecked=1 notes that no schema was known

Path segments are percent-encoded, slashes within a segment too. Everything else is AWS.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import psutil
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound, ServiceUnavailable
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from platformctl.engine.cli import find_tool
from platformctl.engine.toolbox import KUBERNETES, VAULT
from platformctl.sandbox import moto_fixes
from platformctl.sandbox.client import READY_WORD
from platformctl.sandbox.documents import ConflictError, NotFoundError, ObjectKey, ObjectStore, RecordedStore
from platformctl.sandbox.inventory import made_by_us
from platformctl.sandbox.kubernetes.control_plane import ControlPlaneError
from platformctl.sandbox.kubernetes.control_planes import ControlPlanes
from platformctl.sandbox.replay import Replay
from platformctl.sandbox.vault.server import VaultError, VaultServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX: Final = "/sandbox/"
EKS_DOMAINS: Final = (".eks.amazonaws.com", ".eks.amazonaws.com.cn")
CLUSTER_SCOPED: Final = "-"
"""Stands for the namespace of an object that has none."""
_WATCH_SECONDS: Final = 1.0
_MOTO_PATIENCE_SECONDS: Final = 20.0


class SandboxApplication:
    """The WSGI application: `/sandbox/...` is ours, the rest is moto's."""

    def __init__(self, identity: str = "", control_planes: ControlPlanes | None = None, vault: VaultServer | None = None) -> None:
        self.recorded = RecordedStore()
        self.objects = ObjectStore()
        self._control_planes = control_planes
        """None: objects are kept in the store and checked against schemas only."""
        self._vault = vault
        """None: resources of Vault are recorded only."""
        self._identity = identity
        self._started = time.time()
        self._aws: WSGIApplication = _OneAtATime(DomainDispatcherApplication(_create_service))
        self._replay = Replay(self._route)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        return self._replay(environ, start_response)

    def _route(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["REQUEST_URI"].partition("?")[0]
        if not path.startswith(PREFIX):
            return self._aws(environ, start_response)
        segments = [unquote(segment) for segment in path.removeprefix(PREFIX).split("/")]
        request = Request(environ)
        try:
            response = self._own(request, segments)
        except NotFoundError as error:
            response = _json({"error": str(error)}, 404)
        except ConflictError as error:
            response = _json({"error": str(error)}, 409)
        except HTTPException as error:
            response = _json({"error": error.description}, error.code or 500)
        return response(environ, start_response)

    def _own(self, request: Request, segments: list[str]) -> Response:
        match segments:
            case [("health" | "status" | "unconfirmed") as name] if request.method == "GET":
                return _json({"health": self._health, "status": self._status, "unconfirmed": self._replay.unconfirmed}[name]())
            case [("announce" | "confirm" | "forget") as name] if request.method == "POST":
                return _json(self._creates(name, request))
            case ["recorded", *rest]:
                return self._recorded(request, rest)
            case ["vault"] if request.method == "GET":
                return _json(self._vault_endpoint())
            case ["kubernetes"] if request.method == "GET":
                stored = sum(sum(kinds.values()) for kinds in self.objects.counts().values())
                return _json({"api": self._control_planes is not None, "stored": stored})
            case ["kubernetes", cluster, *rest] if cluster:
                return self._kubernetes(request, cluster, rest)
        raise NotFound(f"the sandbox has no {request.method} {request.path}")

    def _creates(self, name: str, request: Request) -> Any:
        """What is said of creates that go elsewhere, or whose answers have arrived."""
        match name:
            case "announce":
                return _body(request)  # the replay keeps the answer for the next run
            case "confirm":
                self._replay.confirm(_field(request, "urns", list), str(_body(request).get("holding", "")))
            case "forget":
                self._replay.forget(_field(request, "urn", str))
        return {}

    def _health(self) -> dict[str, Any]:
        return {"identity": self._identity, "pid": os.getpid()}

    def _status(self) -> dict[str, Any]:
        for cluster in {*self.objects.clusters(), *(self._control_planes.running() if self._control_planes else ())}:
            self._cluster(cluster)  # drops what belongs to a cluster that is gone
        return {
            "uptime_seconds": round(time.time() - self._started),
            "resources": made_by_us(),
            "recorded": self.recorded.counts(),
            "kubernetes": self.objects.counts(),
            "unchecked": self.objects.unchecked(),
            "kubernetes_api": self._control_planes is not None,
            "clusters": self._control_planes.describe() if self._control_planes else [],
            "vault_api": self._vault is not None,
            "vault": self._vault.describe() if self._vault else None,
            "unconfirmed": len(self._replay.unconfirmed()),
        }

    def _vault_endpoint(self) -> dict[str, str | None]:
        if self._vault is None:
            return {"address": None, "token_file": None, "program_token_file": None}
        try:
            return {**self._vault.ensure()}
        except VaultError as error:
            raise ServiceUnavailable(str(error)) from None

    def _recorded(self, request: Request, segments: list[str]) -> Response:
        match (request.method, *segments):
            case ("GET",):
                return _json(self.recorded.all())
            case "GET", kind:
                return _json(self.recorded.all(kind).get(kind, {}))
            case "GET", kind, key:
                return _json(self.recorded.get(kind, key))
            case "PUT", kind, key:
                self.recorded.put(kind, key, _body(request))
                return _json({"id": key})
            case "DELETE", kind, key:
                self.recorded.delete(kind, key)
                return _json({})
        raise MethodNotAllowed

    def _kubernetes(self, request: Request, cluster: str, segments: list[str]) -> Response:
        facts = self._cluster(cluster)
        if request.method == "GET" and not segments:
            return _json({**facts, "api": self._api(cluster) if facts["reachable"] else None})
        if not facts["reachable"]:
            raise ServiceUnavailable(f"there is no Kubernetes API server at {cluster}")
        if request.method == "GET" and segments == ["objects"]:
            narrow = {name: request.args.get(name) for name in ("group", "kind", "namespace")}
            return _json({"items": self.objects.objects(cluster, **narrow)})
        if len(segments) != 4:  # noqa: PLR2004 -- APIVERSION/KIND/NAMESPACE/NAME
            raise NotFound("an object's path is CLUSTER/APIVERSION/KIND/NAMESPACE/NAME")
        api_version, kind, namespace, name = segments
        key = ObjectKey.of(cluster, api_version, kind, "" if namespace == CLUSTER_SCOPED else namespace, name)
        match request.method:
            case "GET":
                return _json(self.objects.get(key))
            case "PUT":
                document = _body(request)
                if not isinstance(document, dict):
                    raise BadRequest("an object is a JSON object")
                stored, new = self.objects.apply(key, document, create_only="create" in request.args, unchecked="unchecked" in request.args)
                return _json(stored, 201 if new else 200)
            case "DELETE":
                self.objects.delete(key)
                return _json({})
        raise MethodNotAllowed

    def _cluster(self, cluster: str) -> dict[str, Any]:
        """Whether a cluster exists. Addresses of EKS must be those of a cluster in moto; any other is a cluster of its own."""
        if not urlsplit(cluster).netloc.endswith(EKS_DOMAINS):
            return {"reachable": True, "version": None}
        found = moto_fixes.eks_clusters().get(cluster)
        if found is None:  # the objects went with their cluster
            self.objects.drop(cluster)
            if self._control_planes:
                self._control_planes.drop(cluster)
        return {"reachable": found is not None, "version": found.version if found else None}

    def _api(self, cluster: str) -> dict[str, str] | None:
        """How to reach a cluster's own API, which is started if it does not run; None where there are no programs for it."""
        if self._control_planes is None:
            return None
        found = moto_fixes.eks_clusters().get(cluster)
        try:
            endpoint = self._control_planes.endpoint(cluster, found.name if found else None, found.issuer if found else None)
        except ControlPlaneError as error:
            raise ServiceUnavailable(f"the Kubernetes API of {cluster} cannot be had: {error}") from None
        return endpoint.as_json()


def _create_service(service: Any) -> Any:
    """A service of moto, made at its first request: some take a second to load."""
    moto_fixes.apply(service)
    return create_backend_app(service)


class _OneAtATime:
    """moto's backends are plain dictionaries: a listing beside a create can fail. One request at a time costs nothing under the GIL.

    A request that waited long goes ahead all the same: some of moto's services call the server back while they answer.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        held = self._lock.acquire(timeout=_MOTO_PATIENCE_SECONDS)
        try:
            return self._app(environ, start_response)
        finally:
            if held:
                self._lock.release()


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")


def _body(request: Request) -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None


def _field(request: Request, name: str, kind: type) -> Any:
    body = _body(request)
    if not isinstance(body, dict) or not isinstance(body.get(name), kind):
        raise BadRequest(f"the body needs {name} ({kind.__name__})")
    return body[name]


def serve(directory: Path, identity: str, started: Callable[[int], None]) -> None:
    """Serve until told to end; `started` gets the port once requests are answered."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    kubernetes = find_tool(KUBERNETES)
    control_planes = ControlPlanes(directory, kubernetes.executables) if kubernetes else None
    program = find_tool(VAULT)
    vault = VaultServer(directory, program.executables["vault"]) if program else None
    application = SandboxApplication(identity, control_planes, vault)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve_forever, name="server", daemon=True)
    thread.start()
    started(server.port)
    threading.Thread(target=_watch_starter, args=(stop,), name="starter", daemon=True).start()
    while not stop.wait(_WATCH_SECONDS):
        if identity not in _read(directory / "server.json"):
            break
    for served in (control_planes, vault):
        if served:
            served.close()
    server.shutdown()
    thread.join()
    server.server_close()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _watch_starter(stop: threading.Event) -> None:
    """Until the starter has said that all is well, its end (its side of our stdin is closed by the kernel) is ours."""
    if os.read(0, len(READY_WORD)) != READY_WORD:
        stop.set()


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the server process."""
    parser = argparse.ArgumentParser(prog="platformctl.sandbox.server")
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--identity", required=True, help="text that /sandbox/health answers with, so that a reused port is not mistaken for this server"
    )
    options = parser.parse_args(arguments)
    record: Path = options.directory / "server.json"

    def announce(port: int) -> None:
        me = psutil.Process()
        text = json.dumps({"pid": me.pid, "created": me.create_time(), "port": port, "identity": options.identity})
        partial = record.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(record)

    serve(options.directory, options.identity, announce)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # freeing what moto holds, object by object, would take seconds
