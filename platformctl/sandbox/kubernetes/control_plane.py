"""Real Kubernetes APIs: one etcd for a sandbox, and an API server with its controllers for each cluster that somebody talks to.

They are started when first asked for, on free ports of loopback, and end with the server of the sandbox. Everything they know, certificates
and tokens included, lies in the sandbox's folder and goes with it.
"""

import base64
import json
import secrets
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import urllib3
import yaml

from platformctl.errors import ToolError
from platformctl.sandbox.kubernetes import born, programs
from platformctl.sandbox.kubernetes.certificates import Authority, signing_key, write_secret
from platformctl.sandbox.kubernetes.definitions import at_hand
from platformctl.sandbox.kubernetes.processes import Processes

START_SECONDS: Final = 90.0
"""How long a program may take to start; on two idle cores the slowest takes five seconds."""
FOLDER: Final = "kubernetes"
"""Folder of the sandbox that everything lies in."""
_POLL_SECONDS: Final = 0.1
_PROBE_TIMEOUT: Final = urllib3.Timeout(10)
_WRITE_TIMEOUT: Final = urllib3.Timeout(60)
_LOOPBACK: Final = "127.0.0.1"
_ADMINISTRATORS: Final = "system:masters"
_OK: Final = 200
_CREATED: Final = 201
_CONFLICT: Final = 409


class ControlPlaneError(ToolError):
    """A control plane did not start; the text says what its last words were."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which cluster a control plane is for."""

    name: str
    """What people call it: name of its kubeconfig context."""
    slug: str
    """Name of its folder, and its prefix in etcd: never used twice in a sandbox."""
    issuer: str
    """Issuer of its service account tokens."""
    is_eks: bool
    """Whether it is born with what EKS puts into a cluster."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How to reach an API server as its administrator."""

    server: str
    authority: Path
    token: str = field(repr=False)

    def as_json(self) -> dict[str, str]:
        """The form in which providers get it."""
        return {"server": self.server, "certificateAuthority": str(self.authority), "token": self.token}

    def answers(self, path: str) -> bool:
        """Whether the API server has something to say at a path."""
        return self._request("GET", path, _PROBE_TIMEOUT).status == _OK

    def make(self, path: str, document: Mapping[str, Any], manager: str) -> None:
        """Make an object, if it does not exist.

        Raises:
            ControlPlaneError: the API server refuses it.
        """
        try:
            answer = self._request("POST", f"{path}?fieldManager={manager}", _WRITE_TIMEOUT, json.dumps(document))
        except urllib3.exceptions.HTTPError as error:
            raise ControlPlaneError(f"the API server at {self.server} does not answer ({error})") from None
        if answer.status not in {_CREATED, _CONFLICT}:
            raise ControlPlaneError(f"{document['kind']} {document['metadata']['name']} was refused: {answer.json().get('message')}")

    def _request(self, method: str, path: str, timeout: urllib3.Timeout, body: str | None = None) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urllib3.PoolManager(ca_certs=str(self.authority), retries=False, timeout=timeout) as pool:
            return pool.request(method, f"{self.server}{path}", headers=headers, body=body)


def kubeconfig(endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
    """A kubeconfig with one context per cluster, the first one current."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint.server, "certificate-authority": str(endpoint.authority)}}
            for name, endpoint in endpoints.items()
        ],
        "users": [{"name": name, "user": {"token": endpoint.token}} for name, endpoint in endpoints.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in endpoints],
        "current-context": next(iter(endpoints), ""),
    }


class Etcd:
    """The store behind the control planes of a sandbox."""

    def __init__(self, folder: Path, binary: Path, processes: Processes) -> None:
        self.files = programs.EtcdFiles(folder)
        self._program = _Program("etcd", binary, folder / "etcd.log", processes)
        self._ports = _reserve_port(), _reserve_port()
        self._lock = threading.Lock()
        authority = Authority.create("sandbox etcd")
        folder.mkdir(parents=True, mode=0o700)
        self.files.authority.write_bytes(authority.pem)
        authority.sign("etcd", names=["localhost"], addresses=[_LOOPBACK]).write(folder, "etcd")

    @property
    def port(self) -> int:
        """Where clients reach it."""
        return _number(self._ports[0])

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        return self._program.pid

    def ensure(self) -> None:
        """Start it, if it does not run, and wait until it answers.

        Raises:
            ControlPlaneError: it does not start.
        """
        with self._lock:
            self._program.ensure(programs.etcd_arguments(self.files, *map(_number, self._ports)), self._answers)

    def end(self) -> None:
        """Kill it."""
        self._program.end()
        for reserved in self._ports:
            reserved.close()

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix, without it.

        Raises:
            urllib3.exceptions.HTTPError: it does not answer.
        """
        start = f"{prefix}/".encode()
        wanted = {"key": start, "range_end": start[:-1] + bytes([start[-1] + 1])}
        body = {**{name: base64.b64encode(value).decode() for name, value in wanted.items()}, "keys_only": True}
        found = self._request("POST", "/v3/kv/range", json.dumps(body)).json().get("kvs", ())
        return [base64.b64decode(entry["key"])[len(start) :].decode() for entry in found]

    def _answers(self) -> bool:
        return self._request("GET", "/health").status == _OK

    def _request(self, method: str, path: str, body: str | None = None) -> urllib3.BaseHTTPResponse:
        context = ssl.create_default_context(cafile=self.files.authority)
        context.load_cert_chain(self.files.certificate, self.files.key)
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=_PROBE_TIMEOUT) as pool:
            return pool.request(method, f"https://{_LOOPBACK}:{self.port}{path}", body=body)


class ControlPlane:
    """The API server and the controllers of one cluster."""

    def __init__(self, identity: Identity, folder: Path, binaries: Mapping[str, Path], etcd: Etcd, processes: Processes) -> None:
        self.identity = identity
        self._etcd = etcd
        self._processes = processes
        self._socket = _reserve_port()
        self._server = _Program("kube-apiserver", binaries["kube-apiserver"], folder / "kube-apiserver.log", processes)
        self._controllers = _Program(
            "kube-controller-manager", binaries["kube-controller-manager"], folder / "kube-controller-manager.log", processes
        )
        self._files = programs.Files(folder)
        self._lock = threading.Lock()
        self._born = False
        self.endpoint = Endpoint(f"https://{_LOOPBACK}:{_number(self._socket)}", self._files.authority, secrets.token_urlsafe(32))
        self._prepare(folder)

    @property
    def pids(self) -> dict[str, int]:
        """Its processes that run, by program."""
        return {program.name: program.pid for program in (self._server, self._controllers) if program.pid is not None}

    def ensure(self) -> None:
        """Start what does not run of it, and wait until the API answers and namespaces get their service accounts.

        Raises:
            ControlPlaneError: it does not start.
        """
        with self._lock:
            self._etcd.ensure()
            arguments = programs.api_server_arguments(
                self._files, self._etcd.files, self._etcd.port, _number(self._socket), f"/{self.identity.slug}", self.identity.issuer
            )
            self._server.ensure(arguments, lambda: self.endpoint.answers("/readyz"))
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self._controllers.ensure(programs.controller_arguments(self._files), lambda: self.endpoint.answers(account))
            if self.identity.is_eks and not self._born:
                for path, document in born.eks_objects(at_hand()):
                    self.endpoint.make(path, document, born.MANAGER)
                self._born = True

    def stored(self) -> set[tuple[str, str]]:
        """Group and plural of every custom resource that has objects.

        Raises:
            urllib3.exceptions.HTTPError: etcd does not answer.
        """
        parts = (key.split("/", 2) for key in self._etcd.keys(f"/{self.identity.slug}"))
        return {(group, plural) for group, plural, *_ in parts}

    def end(self) -> None:
        """Kill it."""
        self._controllers.end()
        self._server.end()
        self._socket.close()

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(parents=True, mode=0o700)
        authority = Authority.create(f"{self.identity.name} cluster")
        self._files.authority.write_bytes(authority.pem)
        authority.sign("kube-apiserver", programs.SERVER_NAMES, [_LOOPBACK, programs.SERVICE_ADDRESS]).write(folder, "server")
        write_secret(self._files.service_account_key, signing_key())
        controllers = Endpoint(self.endpoint.server, self._files.authority, secrets.token_urlsafe(32))
        rows = [(self.endpoint.token, "sandbox-administrator"), (controllers.token, "system:kube-controller-manager")]
        lines = (f"{token},{user},{user},{_ADMINISTRATORS}\n" for token, user in rows)
        write_secret(self._files.tokens, "".join(lines).encode())
        write_secret(self._files.kubeconfig, yaml.safe_dump(kubeconfig({"cluster": controllers})).encode())


@dataclass
class _Program:
    """A program that is started when it is needed and does not run."""

    name: str
    binary: Path
    log: Path
    processes: Processes
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def ensure(self, arguments: list[str], answers: Callable[[], bool]) -> None:
        # Asked, not only looked at: a process that is being killed is still there for a moment.
        if self._comes_to_answer(answers):
            return
        self.end()
        self.process = self.processes.start([str(self.binary), *arguments], self.log, {})
        if self._comes_to_answer(answers):
            return
        what = "ended while starting" if self.pid is None else f"did not answer within {START_SECONDS:.0f} s"
        self.end()
        raise ControlPlaneError(f"{self.name} {what}: {_last_line(self.log)}")

    def _comes_to_answer(self, answers: Callable[[], bool]) -> bool:
        end = time.monotonic() + START_SECONDS
        while self.pid is not None and time.monotonic() < end:
            with suppress(urllib3.exceptions.HTTPError):
                if answers():
                    return True
            time.sleep(_POLL_SECONDS)
        return False

    def end(self) -> None:
        if self.process is not None:
            self.processes.end([self.process])
            self.process = None


def _reserve_port() -> socket.socket:
    """A port that nobody else is given while the socket lives; our programs ask to share it."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((_LOOPBACK, 0))
    return reserved


def _number(reserved: socket.socket) -> int:
    port: int = reserved.getsockname()[1]
    return port


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        if lines:
            return f"{lines[-1].strip()[-300:]} (log: {log})"
    return f"it left no message in {log}"
