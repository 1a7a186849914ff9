"""The Kubernetes provider: every object checked against schema and API server rules, then kept by the sandbox's server."""

import os
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from platformctl.sandbox.client import CREATE_HEADER, FORGET_HEADER, REPLAYED_HEADER, SandboxClient, SandboxGoneError, urn_key
from platformctl.sandbox.kubernetes import objects, rules, schemas
from platformctl.sandbox.kubernetes.charts import RELEASE, Charts
from platformctl.sandbox.kubernetes.cluster import Cluster, address_of, decode_yaml
from platformctl.sandbox.kubernetes.kinds import Kind, kind_of_token, needs_new_object
from platformctl.sandbox.plugin import (
    Checked,
    Created,
    Difference,
    Failure,
    Provider,
    ProviderError,
    ReadState,
    Subject,
    Unknown,
    property_changes,
)

Values = Mapping[str, Any]

_DEFAULT_NAMESPACE: Final = "default"
_CONFIG_NAMES: Final = ("kubeconfig", "context", "cluster")


class KubernetesProvider(Provider):
    """One provider resource, which is one cluster."""

    name = "kubernetes"
    version = "4.34.2"

    def __init__(self) -> None:
        self._config: Values = {}
        self._cluster: Cluster | None = None
        self._unconfirmed: set[str] = set()
        self._created: set[str] = set()
        self._lock = threading.Lock()

    # -- configuration

    def check_config(self, config: Values) -> Sequence[Failure]:
        """The kubeconfig must lead to an API server."""
        if any(isinstance(config.get(name), Unknown) for name in _CONFIG_NAMES):
            return []
        try:
            address_of(config)
        except ValueError as error:
            return [Failure("kubeconfig", f"cannot be used: {error}")]
        return []

    def configure(self, config: Values) -> None:
        """Take the cluster; that it is out of reach only matters to what needs it."""
        url = os.environ.get("PLATFORM_SANDBOX_URL", "")
        if not url:
            raise ProviderError("PLATFORM_SANDBOX_URL is not set: this plugin only talks to a sandbox; run platformctl sandbox start")
        try:
            address = address_of(config)
        except ValueError as error:
            raise ProviderError(f"the kubeconfig cannot be used: {error}") from None
        client = SandboxClient(url)
        self._config = config
        self._cluster = Cluster(client, address)
        self._unconfirmed = set(client.request("GET", "unconfirmed").body)

    # -- resources

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Name and namespace filled in; whatever an API server would refuse is refused here, every problem at once."""
        if subject.type == RELEASE:
            checked = self._charts().check(subject, olds, news)
            return Checked(checked.inputs, _told(checked.failures))
        kind = _kind(subject, news)
        inputs = {**objects.prune(news), "apiVersion": kind.api_version, "kind": kind.kind}
        inputs = objects.with_name(inputs, olds, subject.urn, subject.name)
        failures, scope, _ = self._examine(kind, inputs)
        if scope is False and objects.identity(inputs)[0]:
            failures.append(Failure("metadata.namespace", f"{kind.kind} objects are in no namespace; leave it out"))
        elif scope:
            inputs = objects.with_namespace(inputs, self._namespace())
        return Checked(objects.sealed(kind, inputs), _told(failures))

    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """Compare inputs; fields that an API server does not let change need a new object."""
        del old_outputs
        self._confirm(subject)
        if subject.type == RELEASE:
            return self._charts().diff(old_inputs, news)
        kind = _kind(subject, news)
        changes = property_changes(old_inputs, news)
        replaces = [path for path in changes if needs_new_object(kind, path, old_inputs, self._config)]
        # A name of our choosing is chosen anew for the replacement, which can then stand beside what it replaces.
        in_the_way = objects.identity(old_inputs) == objects.identity(news) and not objects.is_autonamed(news)
        return Difference(changes, replaces, delete_before_replace=bool(replaces) and in_the_way)

    def create(self, subject: Subject, inputs: Values, *, preview: bool) -> Created:
        """Write a new object. One that a killed run has written already is taken over."""
        if not preview:
            with self._lock:
                self._created.add(subject.urn)
        if subject.type == RELEASE:
            return self._charts().create(inputs, {} if preview else self._create_headers(subject, inputs), preview=preview)
        kind = _kind(subject, inputs)
        if preview:
            return Created("", objects.foretold(kind, inputs))
        failures, _, checked = self._examine(kind, inputs)
        if failures:  # a CustomResourceDefinition may have arrived since Check
            raise ProviderError("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        document = _generated_name(objects.as_stored(kind, inputs))
        live = self._write_new(subject, kind, document, unchecked=not checked)
        return Created(objects.object_id(live), objects.outputs(kind, live, inputs))

    def _write_new(self, subject: Subject, kind: Kind, document: dict[str, Any], *, unchecked: bool) -> dict[str, Any]:
        cluster = self._reachable()
        create = self._config.get("upsertExistingObjects") is not True
        headers = self._create_headers(subject, document)
        answer = cluster.apply(kind, document, unchecked=unchecked, create=create, headers=headers)
        earlier = answer.headers.get(REPLAYED_HEADER)
        live: dict[str, Any] = answer.body
        if earlier is None or earlier == headers[CREATE_HEADER].rpartition("|")[2]:
            return live
        if objects.identity(live) == objects.identity(document):
            return self._overwrite(kind, document, unchecked=unchecked)
        namespace, name = objects.identity(live)
        cluster.delete(kind, namespace or "", name)  # an orphan of the killed run, under a name that is not ours any more
        answer = cluster.apply(kind, document, unchecked=unchecked, create=create, headers={**headers, FORGET_HEADER: "1"})
        return answer.body  # type: ignore[no-any-return]  # JSON

    def _create_headers(self, subject: Subject, document: Values) -> dict[str, str]:
        return {CREATE_HEADER: f"{urn_key(subject.urn)}|{objects.digest({'cluster': self._target().address, 'document': document})}"}

    def _overwrite(self, kind: Kind, document: dict[str, Any], *, unchecked: bool) -> dict[str, Any]:
        return self._reachable().apply(kind, document, unchecked=unchecked, create=False).body  # type: ignore[no-any-return]  # JSON

    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """The object as it is now. Inputs show what somebody else changed of what we set."""
        self._confirm(subject)
        if subject.type == RELEASE:
            return self._charts().read(subject, inputs)
        kind = _kind(subject, inputs or outputs)
        namespace, _, name = subject.id.rpartition("/")
        live = self._reachable().get(kind, namespace, name)
        if live is None:
            return None
        now = objects.live_inputs(kind, inputs, live) if inputs else objects.imported(live)
        return ReadState(subject.id, objects.sealed(kind, now), objects.outputs(kind, live, now))

    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """Change our fields of the live object and leave those of others."""
        self._confirm(subject)
        if subject.type == RELEASE:
            return self._charts().update(subject, old_outputs, news, preview=preview)
        kind = _kind(subject, news)
        before, after = objects.as_stored(kind, old_inputs), objects.as_stored(kind, news)
        if preview:
            document = objects.merged(before, after, _without_text(old_outputs))
            return objects.sealed(kind, {**document, "metadata": objects.restamped(document["metadata"])}, news)
        namespace, _, name = subject.id.rpartition("/")
        live = self._reachable().get(kind, namespace, name)
        if live is None:
            raise ProviderError(f"{kind.kind} {subject.id} is gone; run refresh")
        _, _, checked = self._examine(kind, news)
        return objects.outputs(kind, self._overwrite(kind, objects.merged(before, after, live), unchecked=not checked), news)

    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete the object."""
        self._confirm(subject)
        if not self._target().facts["reachable"] and self._config.get("deleteUnreachable") is True:
            return
        if subject.type == RELEASE:
            self._charts().delete(subject)
            return
        namespace, _, name = subject.id.rpartition("/")
        self._reachable().delete(_kind(subject, inputs or outputs), namespace, name)

    def delete_unfinished(self, subject: Subject, inputs: Values) -> None:
        """What a killed run wrote last and could not tell the engine of; a cluster that is gone took it along."""
        target = self._target()
        key = urn_key(subject.urn)
        with self._lock:
            taken_over = subject.urn in self._created
        if taken_over or not target.facts["reachable"] or key not in target.client.request("GET", "unconfirmed").body:
            return
        made = self.create(subject, inputs, preview=False)  # answered with what is there
        self.delete(replace(subject, id=made.id), inputs, made.outputs)
        target.client.request("POST", "confirm", body={"urns": [key]})

    def invoke(self, token: str, args: Values, *, preview: bool) -> Values:
        """`yaml:decode`; the functions that run other tools are not there."""
        del preview
        if token == "kubernetes:yaml:decode":  # noqa: S105 -- a function's token
            if isinstance(args.get("text"), Unknown):
                return {"result": args["text"]}
            return {"result": decode_yaml(args.get("text") or "", args.get("defaultNamespace"))}
        raise ProviderError(f"the sandbox has no function {token}; it renders neither Helm charts nor Kustomize folders")

    def error_text(self, error: Exception) -> str | None:
        """The sandbox's own errors say all there is to say."""
        return str(error) if isinstance(error, SandboxGoneError) else None

    # -- helpers

    def _examine(self, kind: Kind, inputs: Values) -> tuple[list[Failure], bool | None, bool]:
        """Problems of an object; whether its kind is namespaced (None: nobody knows); whether a schema was known."""
        cluster, release = self._target(), schemas.release(self._target().version)
        validator, definition = release.validator(kind), None
        builtin = validator is not None
        if validator is None:
            if kind.group in release.groups:
                return [Failure("apiVersion", _not_served(kind, release))], None, True
            definition = cluster.definition(kind)
            validator = schemas.custom_validator(definition, kind.version) if definition else None
        found = schemas.problems(validator, inputs) if validator else []
        found += [problem for problem in rules.problems(kind, inputs) if problem.path not in {other.path for other in found}]
        failures = [Failure(problem.path, problem.message) for problem in found]
        if definition and kind.version not in {version.get("name") for version in definition["spec"].get("versions", ())}:
            failures.append(Failure("apiVersion", f"the CustomResourceDefinition of {kind.kind} does not serve {kind.version}"))
        return failures, cluster.namespaced(kind, definition, builtin=builtin), validator is not None

    def _confirm(self, subject: Subject) -> None:
        """The engine asks about it with its state in hand: its create need not be replayed any more."""
        key = urn_key(subject.urn)
        with self._lock:
            waiting = key in self._unconfirmed
            self._unconfirmed.discard(key)
        if waiting:
            self._target().client.request("POST", "confirm", body={"urns": [key]})

    def _target(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError("the Kubernetes provider of the sandbox is not configured")
        return self._cluster

    def _reachable(self) -> Cluster:
        cluster = self._target()
        if not cluster.facts["reachable"]:
            raise ProviderError(f"the cluster at {cluster.address} is unreachable: there is no such EKS cluster in the sandbox")
        return cluster

    def _namespace(self) -> str:
        return str(self._config.get("namespace") or _DEFAULT_NAMESPACE)

    def _charts(self) -> Charts:
        return Charts(self._target().client, self._target(), self._namespace())


def _kind(subject: Subject, values: Values) -> Kind:
    """The kind of a resource.

    Raises:
        ProviderError: it is one of the Pulumi provider's own types that the sandbox does not have.
    """
    kind = kind_of_token(subject.type)
    api_version, given = values.get("apiVersion"), values.get("kind")
    if isinstance(api_version, str) and isinstance(given, str):
        kind = Kind(api_version, given)
    if kind.kind.endswith(("Patch", "List")) and kind.kind not in {"Patch", "List"} and kind.group in schemas.release(None).groups:
        raise ProviderError(f"the sandbox has no {subject.type}: declare the object itself")
    return kind


def _told(failures: Sequence[Failure]) -> list[Failure]:
    """Failures with the path in the text: the engine prints the value of a property that it is told of, and it may be secret."""
    return [Failure("", f"{failure.property}: {failure.reason}") for failure in failures]


def _not_served(kind: Kind, release: schemas.Release) -> str:
    served = release.served(kind.group, kind.kind)
    return f"Kubernetes {release.version} has no {kind.kind} in {kind.api_version}" + (f"; use {', '.join(served)}" if served else "")


def _generated_name(document: dict[str, Any]) -> dict[str, Any]:
    """With the name that a server makes of generateName."""
    metadata = document["metadata"]
    if metadata.get("name") is not None:
        return document
    alphabet = "bcdfghjklmnpqrstvwxz2456789"
    return {**document, "metadata": {**metadata, "name": metadata["generateName"] + "".join(secrets.choice(alphabet) for _ in range(5))}}


def _without_text(outputs: Values) -> dict[str, Any]:
    return {key: value for key, value in outputs.items() if key != "stringData"}
