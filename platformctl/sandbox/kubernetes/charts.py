"""Helm releases: checked and recorded, not rendered. `sandbox status` counts them as recorded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from platformctl.sandbox.client import REPLAYED_HEADER, Answer, SandboxClient
from platformctl.sandbox.kubernetes import objects
from platformctl.sandbox.kubernetes.cluster import Cluster
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.plugin import (
    UNKNOWN,
    Checked,
    Created,
    Difference,
    Failure,
    ProviderError,
    ReadState,
    Subject,
    Unknown,
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
    cluster: Cluster
    default_namespace: str

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Name and namespace filled in; unknown inputs, wrong types and unusable names refused."""
        inputs = objects.prune(news)
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
        """Record a release; its namespace must exist, or be asked for."""
        if preview:
            return Created("", {**inputs, "status": UNKNOWN, "resourceNames": UNKNOWN})
        namespace = inputs["namespace"]
        if self.cluster.get(_NAMESPACE, "", namespace) is None:
            if inputs.get("createNamespace") is not True:
                raise ProviderError(f"namespace {namespace} of release {inputs['name']} does not exist; create it, or set createNamespace")
            document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            self.cluster.apply(_NAMESPACE, document, unchecked=False, create=False)
        outputs = {**inputs, "resourceNames": {}, "status": _status(inputs, 1)}
        release_id = f"{namespace}/{inputs['name']}"
        answer = self._request("PUT", release_id, body=outputs, headers=headers)
        if REPLAYED_HEADER in answer.headers:  # recorded by a run that was killed: perhaps with other inputs, under another name
            self._request("PUT", release_id, body=outputs)
            recorded = answer.body["id"].partition("|")[2]
            if recorded != release_id:
                self._request("DELETE", recorded)
        return Created(release_id, outputs)

    def read(self, subject: Subject, inputs: Values) -> ReadState | None:
        """The recorded release; None if it is gone."""
        answer = self._request("GET", subject.id)
        if answer.status == _NOT_FOUND:
            return None
        computed = {"resourceNames", "status"}
        fields = set(inputs) or set(answer.body) - computed
        return ReadState(subject.id, {name: answer.body[name] for name in fields if name in answer.body}, answer.body)

    def update(self, subject: Subject, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """A new revision."""
        if preview:
            return {**news, "resourceNames": old_outputs.get("resourceNames", {}), "status": UNKNOWN}
        answer = self._request("GET", subject.id)
        if answer.status == _NOT_FOUND:
            raise ProviderError(f"release {subject.id} is gone; run refresh")
        outputs = {**news, "resourceNames": {}, "status": _status(news, answer.body["status"]["revision"] + 1)}
        self._request("PUT", subject.id, body=outputs)
        return outputs

    def delete(self, subject: Subject) -> None:
        """Forget a release, if it is there."""
        self._request("DELETE", subject.id)

    def _request(self, method: str, release_id: str, **request: Any) -> Answer:
        answer = self.client.request(method, "recorded", RELEASE, f"{self.cluster.address}|{release_id}", **request)
        if not answer.ok and answer.status != _NOT_FOUND:
            raise ProviderError(f"release {release_id}: {answer.error}")
        return answer


def _as_object(olds: Values) -> dict[str, Any]:
    """Old inputs in the form that autonaming reads; a release's name has no mark of its own, so any old name is kept."""
    return {"metadata": {"name": olds["name"], "annotations": {objects.AUTONAMED: "true"}}} if olds.get("name") else {}


def _status(inputs: Values, revision: int) -> dict[str, Any]:
    return {
        "appVersion": "",
        "chart": inputs["chart"],
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "revision": revision,
        "status": "deployed",
        "version": inputs.get("version", ""),
    }


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
