"""The Vault provider: every type a row of data, every request one of Vault's own. Where no Vault can be had, resources are recorded."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from platform_components.secrets.documents import PROGRAM_ROLE
from platformctl.sandbox.aws.session import SandboxServer
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.plugin import (
    UNKNOWN,
    Checked,
    Created,
    Difference,
    Failure,
    Provider,
    ProviderError,
    ReadState,
    Secret,
    Subject,
    Unknown,
    has_unknown,
    property_changes,
)
from platformctl.sandbox.vault.api import VaultApi, VaultRefusedError
from platformctl.sandbox.vault.reviewer import reviewer_token
from platformctl.sandbox.vault.types import ENTERPRISE, TYPES, VaultType, fields, snake

Values = Mapping[str, Any]

_SECRET_VERSION: Final = "vault:kv/secretV2:SecretV2"  # noqa: S105 -- a type token
_KUBERNETES: Final = "vault:kubernetes/authBackendConfig:AuthBackendConfig"
_AUDIT: Final = "vault:index/audit:Audit"
_START_SECONDS: Final = 120.0
"""How long Vault, or the API server that it asks, may take to start."""
_STREAMS: Final = frozenset({"stdout", "stderr", "discard"})


class VaultProvider(Provider):
    """Vault of the sandbox, whatever address and login the program gives its provider."""

    name = "vault"
    version = "7.14.0"

    def __init__(self) -> None:
        self._url = ""
        self._server: SandboxServer | None = None
        self._api: VaultApi | None = None
        self._asked = False
        self._program = False
        self._created: set[str] = set()
        self._lock = threading.Lock()

    def configure(self, config: Values) -> None:
        """Take the login: as the platform's program, else as root; where Vault is says the sandbox's server, when it is first needed."""
        login = config.get("authLoginAws") or {}
        login = json.loads(login) if isinstance(login, str) else login
        self._program = login.get("role") == PROGRAM_ROLE
        url = os.environ.get("PLATFORM_SANDBOX_URL", "")
        if not url:
            raise ProviderError(
                "PLATFORM_SANDBOX_URL is not set: this plugin only talks to a sandbox; start one with `platformctl sandbox start`"
            )
        self._url = url
        self._server = SandboxServer(url)

    # -- what the engine asks

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Defaults filled in; unknown types, unknown inputs and what only Vault Enterprise has refused."""
        if subject.type in ENTERPRISE:
            return Checked(news, [Failure("", f"{subject.type} needs Vault Enterprise, which this platform does not use")])
        kind = TYPES.get(subject.type)
        if kind is None:
            return Checked(news, [Failure("", f"the sandbox has no resource type {subject.type}; see `platformctl sandbox status`")])
        inputs = {**kind.defaults, **{name: value for name, value in news.items() if value is not None}}
        if "name" in kind.place and "name" not in inputs:
            inputs["name"] = olds.get("name") or subject.name
        failures = [Failure(name, f"is not an input of {subject.type}") for name in inputs if name not in _known(subject.type)]
        if inputs.get("namespace"):
            failures.append(Failure("namespace", "needs Vault Enterprise, which this platform does not use; leave it out"))
        failures += [Failure(name, f"is required by {subject.type}") for name in kind.place if inputs.get(name) is None]
        return Checked(inputs, failures)

    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """What says where it is, and what no write changes, needs a new resource."""
        del old_outputs
        kind = TYPES[subject.type]
        changes = property_changes(old_inputs, news)
        held = {*kind.place, *kind.fixed}
        replaces = [path for path in changes if not kind.update or path.partition(".")[0].partition("[")[0] in held]
        moved = any(old_inputs.get(name) != news.get(name) for name in kind.place)
        return Difference(changes, replaces, delete_before_replace=bool(replaces) and not moved)

    def create(self, subject: Subject, inputs: Values, *, preview: bool) -> Created:
        """Write it; a preview only tells what will be there."""
        kind = TYPES[subject.type]
        if preview:
            return Created("", _outputs(subject.type, inputs, dict.fromkeys(kind.answers, UNKNOWN)))
        with self._lock:
            self._created.add(subject.urn)
        api = self._vault()
        if api is None:
            return self._record(subject, kind, inputs)
        try:
            answers = self._write(api, subject.type, kind, inputs)
        except VaultRefusedError as error:
            if not error.says(kind.outside):
                raise
            # What was made before it reached out is there, and others refer to it.
            found = api.read(kind.path(kind.write, inputs)) or {}
            return self._record(subject, kind, inputs, {name: found[snake(name)] for name in kind.answers if snake(name) in found})
        named = {**inputs, **answers}
        return Created(kind.path(kind.identifier, named), _outputs(subject.type, inputs, answers))

    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """What Vault says of it now; what it does not say again stays as it was."""
        kind = TYPES[subject.type]
        api = self._vault()
        if not outputs:
            return self._imported(subject, kind, api)
        recorded = self._recorded(subject)
        if api is None or recorded is not None or kind.read is None:
            gone = api is None and recorded is None
            return None if gone else ReadState(subject.id, inputs, outputs)
        path = kind.path(kind.write if kind.read == "write" else kind.read, {**outputs, **inputs, "id": subject.id})
        found = api.read(path)
        if subject.type == _AUDIT and found is not None:
            found = found.get(f"{inputs['path'].strip('/')}/")
        if found is None:
            return None
        live = {**inputs, **_live(subject.type, inputs, found)}
        return ReadState(subject.id, live, {**outputs, **_outputs(subject.type, live, {})})

    @staticmethod
    def _imported(subject: Subject, kind: VaultType, api: VaultApi | None) -> ReadState | None:
        """What lies at an id, as if a program had said it; what only has Vault's own default is left out."""
        place = kind.placed(subject.id)
        if api is None or kind.read is None or place is None:
            raise ProviderError(f"{subject.type} {subject.id} cannot be imported into the sandbox: there is nothing that can be read")
        found = api.read(kind.path(kind.write if kind.read == "write" else kind.read, {**place, "id": subject.id}))
        if subject.type == _AUDIT and found is not None:
            found = found.get(f"{place['path']}/")
        if found is None:
            return None
        said = {name: found[snake(name)] for name in _known(subject.type) if found.get(snake(name))}
        inputs = {**{name: value for name, value in said.items() if name not in kind.answers}, **place}
        if subject.type == _SECRET_VERSION:
            inputs = {**place, "dataJson": Secret(json.dumps(found.get("data") or {}, sort_keys=True))}
        if missing := [name for name in kind.place if name not in inputs]:
            what = f"{subject.type} {subject.id} cannot be imported into the sandbox"
            raise ProviderError(f"{what}: Vault does not tell {', '.join(missing)}")
        return ReadState(subject.id, inputs, _outputs(subject.type, inputs, {name: said[name] for name in kind.answers if name in said}))

    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """Write it anew."""
        del old_inputs
        kind = TYPES[subject.type]
        answers = {name: old_outputs[name] for name in kind.answers if name in old_outputs}
        if not preview:
            api = self._vault()
            if api is None or self._recorded(subject) is not None:
                self._record(subject, kind, news)
            else:
                self._write(api, subject.type, kind, {**news, "id": subject.id}, again=True)
        return _outputs(subject.type, news, answers)

    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete it; one that is gone is no error."""
        kind = TYPES[subject.type]
        api = self._vault()
        if api is None or self._recorded(subject) is not None:
            self._sandbox().delete(subject.type, subject.id)
        if api is not None and kind.delete is not None:
            template = kind.write if kind.delete == "write" else kind.delete
            api.delete(kind.path(template, {**outputs, **inputs, "id": subject.id}))

    def delete_unfinished(self, subject: Subject, inputs: Values) -> None:
        """What a killed run wrote lies where its inputs say; what only Vault names is left."""
        with self._lock:
            if subject.urn in self._created:
                return
        kind = TYPES[subject.type]
        api = self._vault()
        if api is not None and kind.delete == "write" and not has_unknown(inputs):
            api.delete(kind.path(kind.write, inputs))

    def invoke(self, token: str, args: Values, *, preview: bool) -> Values:
        """The provider has no functions here."""
        del args, preview
        raise ProviderError(f"the sandbox's Vault provider has no function {token}")

    def error_text(self, error: Exception) -> str | None:
        """Vault's own words."""
        return str(error) if isinstance(error, VaultRefusedError) else None

    # -- Vault, or the record

    def _sandbox(self) -> SandboxServer:
        if self._server is None:
            raise ProviderError("the Vault provider of the sandbox is not configured")
        return self._server

    def _vault(self) -> VaultApi | None:
        """The sandbox's Vault, started by being asked for; None where there is no program for it."""
        with self._lock:
            if not self._asked:
                answer = self._own("vault")
                token = answer["program_token_file" if self._program else "token_file"]
                self._api = VaultApi(answer["address"], Path(token)) if answer["address"] else None
                self._asked = True
        return self._api

    def _write(self, api: VaultApi, token: str, kind: VaultType, inputs: Values, *, again: bool = False) -> dict[str, Any]:
        sent = self._translated(token, inputs)
        body = kind.body or (lambda given: fields(given, (*kind.place, "id") if "{" in kind.write else ("id",)))
        answer: Mapping[str, Any] = {}
        if not again or kind.update != "then":
            path = kind.write if not again or kind.update == "write" else kind.update
            answer = api.write(kind.path(path, sent), _without_id(body(sent)))
        for path, further in kind.then:
            content = _without_id(further(sent))
            if content:
                api.write(kind.path(path, sent), content)
        answers = {name: answer[snake(name)] for name in kind.answers if snake(name) in answer}
        missing = [name for name in kind.answers if name not in answers]
        if missing and kind.read == "write":
            found = api.read(kind.path(kind.write, sent)) or {}
            answers |= {name: found[snake(name)] for name in missing if snake(name) in found}
        return answers

    def _translated(self, token: str, inputs: Values) -> Values:
        """What names something outside, as the sandbox has it: a cluster's API server, a file of an audit device."""
        if token == _KUBERNETES:
            api = self._own("kubernetes", str(inputs["kubernetesHost"]))["api"]
            if api:
                authority = Path(api["certificateAuthority"]).read_text(encoding="utf-8")
                reviewer = {"tokenReviewerJwt": inputs.get("tokenReviewerJwt") or reviewer_token(api), "disableLocalCaJwt": True}
                return {**inputs, "kubernetesHost": api["server"], "kubernetesCaCert": authority, **reviewer}
        if token == _AUDIT:
            options = dict(inputs.get("options") or {})
            file = options.get("file_path", "")
            if file and file not in _STREAMS and self._api is not None:
                options["file_path"] = str(self._api.token_file.parent / f"{Path(file).stem}-audit.log")
            return {**inputs, "options": options}
        return inputs

    def _own(self, *segments: str) -> Any:
        answer = SandboxClient(self._url, timeout=_START_SECONDS).request("GET", *segments)
        if not answer.ok:
            raise ProviderError(answer.error)
        return answer.body

    def _recorded(self, subject: Subject) -> Any:
        found = self._sandbox().get(subject.type, subject.id)
        return found if found is not None and found.get("urn") == subject.urn else None

    def _record(self, subject: Subject, kind: VaultType, inputs: Values, known: Values | None = None) -> Created:
        """Remembered by the sandbox's server, which says so in its status. No value is kept."""
        answers = {**{name: f"recorded-{snake(name)}" for name in kind.answers}, **(known or {})}
        place = kind.path(kind.identifier, {**inputs, **answers, "id": subject.name})
        self._sandbox().put(subject.type, place, {"urn": subject.urn, "inputs": sorted(inputs), "outputs": {}})
        return Created(place, _outputs(subject.type, inputs, answers))


def _without_id(body: Values) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "id"}


def _known(token: str) -> frozenset[str]:
    from platformctl.sdk_types import property_types  # noqa: PLC0415 -- heavy, and only Check needs it

    return frozenset(property_types(token))


def _outputs(token: str, inputs: Values, answers: Values) -> dict[str, Any]:
    outputs = {**inputs, **answers}
    if token == _SECRET_VERSION:
        text = inputs.get("dataJson")
        text = text.value if isinstance(text, Secret) else text
        outputs |= {
            "data": Secret(json.loads(text)) if isinstance(text, str) else UNKNOWN,
            "path": f"{inputs['mount']}/data/{inputs['name']}",
        }
        if isinstance(text, Unknown):
            outputs["dataJson"] = UNKNOWN
    return outputs


def _live(token: str, inputs: Values, found: Values) -> dict[str, Any]:
    """Inputs whose value in Vault differs in a way that can be told: texts, numbers, lists and switches of the same kind."""
    live: dict[str, Any] = {}
    if token == _SECRET_VERSION:
        actual = found.get("data")
        text = inputs.get("dataJson")
        if actual is not None and isinstance(text, str) and json.loads(text) != actual:
            live["dataJson"] = Secret(json.dumps(actual, sort_keys=True))
        return live
    for name, value in inputs.items():
        actual = found.get(snake(name))
        # What says where it is was asked for; Vault tells a path with a slash at its end.
        if name not in _TRANSLATED and name not in TYPES[token].place and type(actual) is type(value) and actual != value:
            if isinstance(value, list) and isinstance(actual, list) and sorted(map(str, value)) == sorted(map(str, actual)):
                continue
            live[name] = actual
    return live


_TRANSLATED: Final = frozenset({"kubernetesHost", "kubernetesCaCert", "disableLocalCaJwt", "options", "verifyConnection"})
