"""A real Vault: one development server for a sandbox, unsealed and in memory, on loopback.

It is started when first asked for and ends with the sandbox's server. Its tokens are made anew each time and lie in the sandbox's folder,
for its owner only: a root token, and that of the platform's program, which may do what the first start of a real Vault allows it. An audit
device is on from the first request.
"""

import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import urllib3

from platform_components.secrets.documents import PROGRAM_POLICY, PROGRAM_ROLE
from platformctl.errors import ToolError
from platformctl.sandbox.kubernetes.certificates import write_secret
from platformctl.sandbox.kubernetes.processes import Processes
from platformctl.sandbox.vault import FOLDER

START_SECONDS: Final = 60.0
"""How long Vault may take to start; on two idle cores it takes one second."""
_ATTEMPTS: Final = 3
"""A port that was free can be taken before Vault has it."""
_POLL_SECONDS: Final = 0.1
_OK: Final = 200
_TIMEOUT: Final = urllib3.Timeout(10)


class VaultError(ToolError):
    """Vault did not start; the text says what its last words were."""


class VaultServer:
    """The Vault of a sandbox."""

    def __init__(self, directory: Path, binary: Path) -> None:
        self._folder = directory / FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._binary = binary
        self._processes = Processes(self._folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        self._lock = threading.Lock()

    @property
    def token_file(self) -> Path:
        """Where the token lies."""
        return self._folder / "token"

    @property
    def program_token_file(self) -> Path:
        """Where the token of the platform's program lies."""
        return self._folder / "program-token"

    def ensure(self) -> dict[str, str]:
        """Start it, if it does not run; say where it answers and where its tokens lie.

        Raises:
            VaultError: it does not start.
        """
        with self._lock:
            for _ in range(_ATTEMPTS):
                if self._running() or self._start():
                    return {
                        "address": self._address,
                        "token_file": str(self.token_file),
                        "program_token_file": str(self.program_token_file),
                    }
        raise VaultError(f"Vault did not start: {_last_line(self._folder / 'vault.log')}")

    def describe(self) -> dict[str, Any] | None:
        """What runs and what it holds, as `sandbox status` has it; None while nobody has asked for it."""
        with self._lock:
            if not self._running() or self._process is None:
                return None
            found = {"address": self._address, "process": self._process.pid, "token_file": str(self.token_file)}
            try:
                health = self._ask("GET", "sys/health").json()
                engines, logins = (sorted(self._ask("GET", f"sys/{kind}").json()["data"]) for kind in ("mounts", "auth"))
                policies = self._ask("LIST", "sys/policies/acl").json()["data"]["keys"]
            except (urllib3.exceptions.HTTPError, KeyError, ValueError) as error:
                return {**found, "version": None, "engines": [], "logins": [], "policies": 0, "error": f"it does not answer ({error})"}
            return {**found, "version": health["version"], "engines": engines, "logins": logins, "policies": len(policies), "error": None}

    def close(self) -> None:
        """End it; it is not started any more."""
        self._processes.close()

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> bool:
        token = secrets.token_urlsafe(32)
        write_secret(self.token_file, token.encode())
        self._address = f"http://127.0.0.1:{_free_port()}"
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "VAULT_DEV_ROOT_TOKEN_ID": token,
            "VAULT_DEV_LISTEN_ADDRESS": self._address.removeprefix("http://"),
            "GODEBUG": "x509negativeserial=1",  # an old certificate among those it is built with
        }
        command = [str(self._binary), "server", "-dev", "-dev-no-store-token", "-log-level=warn"]
        self._process = self._processes.start(command, self._folder / "vault.log", environ)
        if self._comes_to_answer():
            self._audit()
            self._let_program_in()
            return True
        self._processes.end([self._process])
        return False

    def _comes_to_answer(self) -> bool:
        end = time.monotonic() + START_SECONDS
        while self._running() and time.monotonic() < end:
            with suppress(urllib3.exceptions.HTTPError):
                # With the token: another server on this port would not know it.
                if self._ask("GET", "auth/token/lookup-self").status == _OK:
                    return True
            time.sleep(_POLL_SECONDS)
        return False

    def _audit(self) -> None:
        device = {"type": "file", "options": {"file_path": str(self._folder / "audit.log")}}
        self._do("PUT", "sys/audit/sandbox", device, "audit device")
        # A development server brings a store of its own, which no production server has.
        self._ask("DELETE", "sys/mounts/secret")

    def _let_program_in(self) -> None:
        """What the job of the first start does, with a token in place of the login of AWS, which no sandbox can answer."""
        self._do("PUT", f"sys/policies/acl/{PROGRAM_ROLE}", {"policy": PROGRAM_POLICY}, "policy of the program")
        asked = {"policies": [PROGRAM_ROLE], "no_default_policy": True, "no_parent": True, "ttl": "768h"}
        answer = self._do("POST", "auth/token/create", asked, "token of the program")
        write_secret(self.program_token_file, answer.json()["auth"]["client_token"].encode())

    def _do(self, method: str, path: str, body: Mapping[str, Any], what: str) -> urllib3.BaseHTTPResponse:
        answer = self._ask(method, path, body)
        if answer.status not in {_OK, 204}:
            raise VaultError(f"Vault's {what} was refused: {answer.data.decode(errors='replace')}")
        return answer

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        headers = {"X-Vault-Token": self.token_file.read_text(encoding="utf-8")}
        with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as pool:
            return pool.request(method, f"{self._address}/v1/{path}", headers=headers, json=body)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        if lines:
            return f"{lines[-1].strip()[-300:]} (log: {log})"
    return f"it left no message in {log}"
