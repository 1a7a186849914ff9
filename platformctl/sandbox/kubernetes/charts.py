"""Helm releases: checked, recorded, and made.

Where helm and the chart can be had, the chart is rendered and its objects are made; else only the definitions that it is known to bring.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import yaml

from platformctl.sandbox.client import REPLAYED_HEADER, Answer, SandboxClient
from platformctl.sandbox.kubernetes import objects
from platformctl.sandbox.kubernetes.backend import Objects, Write
from platformctl.sandbox.kubernetes.helm import Part, find_helm, in_order, is_local, is_reachable, render
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.releases import INSTALLED, MANAGER, Installed, Installer, Item, Record
from platformctl.sandbox.plugin import (
    UNKNOWN,
    Checked,
    Created,
    Difference,
    Failure,
    PartialCreateError,
    ProviderError,
    ReadState,
    Subject,
    Unknown,
    has_unknown,
    property_changes,
)

RELEASE: Final = "kubernetes:helm.sh/v3:Release"

Values = Mapping[str, Any]

_FLAGS: Final = (
    "allowNullValues atomic cleanupOnFail createNamespace dependencyUpdate devel disableCRDHooks disableOpenapiValidation disableWebhooks "
    "forceUpdate lint recreatePods renderSubchartNotes replace resetValues reuseValues skipAwait skipCrds takeOwnership verify waitForJobs"
)
_INPUTS: Final[Mapping[str, type]] = {
    **dict.fromkeys(_FLAGS.split(), bool),
    **dict.fromkeys(("chart", "compat", "description", "keyring", "name", "namespace", "postrender", "version"), str),
    **dict.fromkeys(("maxHistory", "timeout"), int),
    **dict.fromkeys(("manifest", "repositoryOpts", "resourceNames", "values"), dict),
    "valueYamlFiles": list,
}
_TYPE_NAMES: Final = {bool: "true or false", str: "a string", int: "a whole number", dict: "an object", list: "a list"}
_REPOSITORY_OPTIONS: Final = frozenset({"repo", "caFile", "certFile", "keyFile", "username", "password"})
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_LENGTH: Final = 53
_NAMESPACE: Final = Kind("v1", "Namespace")
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Charts:
    """The releases of one cluster."""

    client: SandboxClient
    address: str
    objects: Objects
    default_namespace: str

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Name and namespace filled in; unknown inputs, wrong types and unusable names refused."""
        inputs = {name: value if name == "values" else objects.prune(value) for name, value in news.items() if value is not None}
        failures = [Failure(name, reason) for name, value in inputs.items() if (reason := _problem(name, value))]
        if not inputs.get("chart"):
            failures.append(Failure("chart", "is required: a chart's name, path or oci:// address"))
        named = objects.with_name({"metadata": {}}, _as_object(olds), subject.urn, subject.name)
        inputs.setdefault("name", named["metadata"]["name"])
        inputs.setdefault("namespace", self.default_namespace)
        return Checked(inputs, failures)

    def diff(self, old_inputs: Values, news: Values) -> Difference:
        """A release is updated, unless it moves."""
        changes = property_changes(old_inputs, news)
        replaces = [path for path in changes if path in {"name", "namespace"}]
        return Difference(changes, replaces)

    def create(self, inputs: Values, headers: Mapping[str, str], *, preview: bool) -> Created:
        """Install a release; its namespace must exist, or be asked for."""
        if preview:
            self._foretell(inputs, upgrade=False)
            return Created("", {**inputs, "status": UNKNOWN, "resourceNames": UNKNOWN})
        namespace = inputs["namespace"]
        if self.objects.get(_NAMESPACE, "", namespace) is None:
            if inputs.get("createNamespace") is not True:
                raise ProviderError(f"namespace {namespace} of release {inputs['name']} does not exist; create it, or set createNamespace")
            document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self.objects.create(_NAMESPACE, document, Write("", MANAGER, upsert=True))
        release_id = f"{namespace}/{inputs['name']}"
        begun = Record(1, "pending-install")
        answer = self._request("PUT", release_id, body=begun.document(inputs), headers=headers)
        if REPLAYED_HEADER in answer.headers:  # recorded by a run that was killed: perhaps with other inputs, under another name
            recorded = answer.body["id"].partition("|")[2]
            if recorded != release_id:
                self._forget(recorded)
                self._request("PUT", release_id, body=begun.document(inputs))
            begun = self._recorded(release_id) or begun
        return Created(release_id, self._roll_out(release_id, inputs, begun, upgrade=False))

    def read(self, subject: Subject, inputs: Values) -> ReadState | None:
        """The recorded release; None if it is gone."""
        answer = self._request("GET", subject.id)
        if answer.status == _NOT_FOUND:
            return None
        outputs = {name: value for name, value in answer.body.items() if name != INSTALLED}
        fields = set(inputs) or set(outputs) - {"resourceNames", "status"}
        return ReadState(subject.id, {name: outputs[name] for name in fields if name in outputs}, outputs)

    def update(self, subject: Subject, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """A new revision."""
        if preview:
            self._foretell(news, upgrade=True)
            return {**news, "resourceNames": old_outputs.get("resourceNames", {}), "status": UNKNOWN}
        before = self._recorded(subject.id)
        if before is None:
            raise ProviderError(f"release {subject.id} is gone; run refresh")
        return self._roll_out(subject.id, news, replace(before, revision=before.revision + 1), upgrade=True)

    def delete(self, subject: Subject) -> None:
        """Uninstall a release, if it is there."""
        self._forget(subject.id)

    def objects_of(self, inputs: Values) -> list[dict[str, Any]]:
        """The objects of a chart that is no release (`helm.sh/v4:Chart`); hooks are no part of it.

        Raises:
            ProviderError: helm or the chart cannot be had.
        """
        placed = {**inputs, "namespace": inputs.get("namespace") or self.default_namespace}
        parts = self._rendered({**placed, "disableWebhooks": True}, upgrade=False)
        if parts is None:
            raise ProviderError(f"chart {inputs['chart']} cannot be rendered: neither helm nor the chart's repository is at hand")
        return [part.document for part in parts]

    # -- what a release makes

    def _roll_out(self, release_id: str, inputs: Values, before: Record, *, upgrade: bool) -> Values:
        """Make the objects, remove those that are the release's no more, and record what came of it."""
        done = Installed()
        installer = self._installer(release_id, take_ownership=inputs.get("takeOwnership") is True)
        try:
            parts = self._rendered(inputs, upgrade=upgrade)
            rendered = parts is not None
            installer.install(self._brought(inputs) if parts is None else parts, done)
        except ProviderError as error:
            self._fail(
                release_id, inputs, replace(before, status="failed", items=_together(before.items, done.items)), error, upgrade=upgrade
            )
        made = {item.key for item in done.items}
        installer.remove(item for item in before.items if item.key not in made)
        now = Record(before.revision, "deployed", tuple(done.items), tuple(done.hooks), tuple(done.left_out), rendered)
        self._request("PUT", release_id, body=now.document(inputs))
        return now.outputs(inputs)

    def _fail(self, release_id: str, inputs: Values, failed: Record, error: ProviderError, *, upgrade: bool) -> NoReturn:
        if inputs.get("atomic") is True and not upgrade:
            self._installer(release_id).remove(failed.items)
            self._request("DELETE", release_id)
            raise error
        self._request("PUT", release_id, body=failed.document(inputs))
        raise PartialCreateError(f"release {release_id} failed: {error}", release_id, failed.outputs(inputs)) from None

    def _foretell(self, inputs: Values, *, upgrade: bool) -> None:
        """A chart on this disk is rendered in the preview, so that wrong values are told there."""
        if not has_unknown(inputs) and is_local(inputs):
            self._rendered(inputs, upgrade=upgrade)

    def _rendered(self, inputs: Values, *, upgrade: bool) -> list[Part] | None:
        """What the chart renders to; None where helm or the chart cannot be had."""
        helm = find_helm() if self.objects.real else None
        if helm is None or not is_reachable(inputs):
            return None
        files = [yaml.safe_load(_text(asset)) or {} for asset in inputs.get("valueYamlFiles") or ()]
        parts = render(helm, inputs, [*files, inputs.get("values") or {}], self.objects.api_versions(), upgrade=upgrade)
        return in_order(parts, upgrade=upgrade, hooks=inputs.get("disableWebhooks") is not True)

    def _brought(self, inputs: Values) -> list[Part]:
        """The definitions that the chart is known to bring."""
        repository = str((inputs.get("repositoryOpts") or {}).get("repo") or "")
        skip = inputs.get("skipCrds") is True
        found = self.objects.brought(inputs["chart"], repository, inputs.get("values") or {}, skip_folder=skip)
        return [Part(one.definition, folder=one.folder, keep=one.keep) for one in found]

    def _installer(self, release_id: str, *, take_ownership: bool = False) -> Installer:
        namespace, _, name = release_id.rpartition("/")
        return Installer(self.objects, name, namespace, take_ownership)

    def _forget(self, release_id: str) -> None:
        record = self._recorded(release_id)
        if record is not None:
            self._installer(release_id).remove(record.items)
        self._request("DELETE", release_id)

    def _recorded(self, release_id: str) -> Record | None:
        answer = self._request("GET", release_id)
        return None if answer.status == _NOT_FOUND else Record.of(answer.body)

    def _request(self, method: str, release_id: str, **request: Any) -> Answer:
        answer = self.client.request(method, "recorded", RELEASE, f"{self.address}|{release_id}", **request)
        if not answer.ok and answer.status != _NOT_FOUND:
            raise ProviderError(f"release {release_id}: {answer.error}")
        return answer


def _as_object(olds: Values) -> dict[str, Any]:
    """Old inputs in the form that autonaming reads; a release's name has no mark of its own, so any old name is kept."""
    return {"metadata": {"name": olds["name"], "annotations": {objects.AUTONAMED: "true"}}} if olds.get("name") else {}


def _text(asset: Values) -> str:
    """What an asset of the program holds."""
    return str(asset["text"]) if "text" in asset else Path(str(asset["path"])).read_text(encoding="utf-8")


def _together(old: Sequence[Item], new: Sequence[Item]) -> tuple[Item, ...]:
    return tuple({item.key: item for item in (*old, *new)}.values())


def _problem(name: str, value: Any) -> str | None:
    if name not in _INPUTS:
        return "there is no such input of a Release"
    if isinstance(value, Unknown):
        return None
    if type(value) is not _INPUTS[name]:
        return f"must be {_TYPE_NAMES[_INPUTS[name]]}"
    rule = _RULES.get(name)
    return rule(value) if rule else None


def _name_problem(name: str) -> str | None:
    if len(name) > _NAME_LENGTH or not _NAME.fullmatch(name):
        return f"{name!r} must be at most {_NAME_LENGTH} of a-z, 0-9, - and ., beginning and ending with a letter or digit"
    return None


def _repository_problem(options: Values) -> str | None:
    unknown = sorted(set(options) - _REPOSITORY_OPTIONS)
    if unknown:
        return f"there is no option {unknown[0]}; there are {', '.join(sorted(_REPOSITORY_OPTIONS))}"
    repo = options.get("repo")
    if isinstance(repo, str) and urlsplit(repo).scheme not in {"http", "https", "oci", "file"}:
        return "repo must be an address that begins with https://"
    return None


_RULES: Final[Mapping[str, Callable[[Any], str | None]]] = {"name": _name_problem, "repositoryOpts": _repository_problem}
