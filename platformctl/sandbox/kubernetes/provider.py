"""The Kubernetes provider: every object checked against schema and API server rules, then kept by the sandbox's server."""

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from platformctl.sandbox.client import CREATE_HEADER, SandboxClient, SandboxGoneError, urn_key
from platformctl.sandbox.components import Child
from platformctl.sandbox.kubernetes import manifests, objects, rules, schemas, waits
from platformctl.sandbox.kubernetes.backend import PATIENCE_SECONDS, Document, Objects, UnfinishedError, Write, is_namespaced_in
from platformctl.sandbox.kubernetes.charts import RELEASE, Charts
from platformctl.sandbox.kubernetes.cluster import Cluster, address_of, decode_yaml
from platformctl.sandbox.kubernetes.kinds import CLUSTER_SCOPED, Kind, is_namespaced, kind_of_token, needs_new_object
from platformctl.sandbox.kubernetes.ownership import FORCE, MANAGER, annotation, manager_of
from platformctl.sandbox.plugin import (
    Checked,
    Created,
    Difference,
    Failure,
    PartialCreateError,
    Provider,
    ProviderError,
    ReadState,
    Secret,
    Subject,
    Unknown,
    has_unknown,
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
        self._objects: Objects | None = None
        self._unconfirmed: set[str] = set()
        self._created: set[str] = set()
        self._diffed: set[str] = set()
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
        self._objects = self._cluster.open()

    # -- resources

    def check(self, subject: Subject, olds: Values, news: Values) -> Checked:
        """Name and namespace filled in; whatever an API server would refuse is refused here, every problem at once."""
        if subject.type == RELEASE:
            checked = self._charts().check(subject, olds, news)
            return Checked(checked.inputs, _told(checked.failures))
        kind = self._kind(subject, news)
        inputs = {**objects.spelled(kind, objects.prune(news)), "apiVersion": kind.api_version, "kind": kind.kind}
        partial = _is_patch(subject, kind)
        if partial and objects.identity(inputs)[1] is None:
            return Checked(inputs, _told([Failure("metadata.name", "is required: the name of the object to patch")]))
        inputs = objects.with_name(inputs, olds, subject.urn, subject.name)
        failures, namespaced, _ = self._examine(kind, inputs, partial=partial)
        if not namespaced and objects.identity(inputs)[0]:
            failures.append(Failure("metadata.namespace", f"{kind.kind} objects are in no namespace; leave it out"))
        elif namespaced:
            inputs = objects.with_namespace(inputs, self._namespace())
        return Checked(objects.sealed(kind, inputs), _told(failures))

    def diff(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values) -> Difference:
        """Compare inputs; fields that an API server does not let change need a new object."""
        self._confirm(subject)
        with self._lock:
            self._diffed.add(subject.urn)
        if subject.type == RELEASE:
            return self._charts().diff(old_inputs, news)
        kind = self._kind(subject, news)
        partial = _is_patch(subject, kind)
        changes = property_changes(old_inputs, news)
        replaces = [path for path in changes if needs_new_object(kind, path, old_inputs, self._config, partial=partial)]
        if changes and not replaces and not has_unknown(news) and self._target().facts["reachable"]:
            document = objects.placed(objects.as_stored(kind, news), subject.id)
            replaces = self._where().fixed(kind, document, self._write(subject, kind, news, old_outputs), changes)
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
        kind = self._kind(subject, inputs)
        if preview:
            return Created("", self._foretold(subject, kind, inputs))
        failures, _, checked = self._examine(kind, inputs, partial=_is_patch(subject, kind))
        if failures:  # a CustomResourceDefinition may have arrived since Check
            raise ProviderError("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        self._reach()
        document = _generated_name(objects.as_stored(kind, inputs))
        write = self._write(subject, kind, inputs, unchecked=not checked)
        live = self._settled(kind, inputs, write, lambda: self._where().create(kind, document, write))
        return Created(objects.object_id(live), self._outputs(kind, live, inputs, write))

    def _foretold(self, subject: Subject, kind: Kind, inputs: Values) -> Values:
        live = None
        if not has_unknown(inputs) and self._target().facts["reachable"]:
            document = _generated_name(objects.as_stored(kind, inputs))
            with self._lock:
                replacing = subject.urn in self._diffed
            live = self._where().foretell_create(kind, document, self._write(subject, kind, inputs), replacing=replacing)
        return objects.foretold(kind, inputs, live)

    def read(self, subject: Subject, inputs: Values, outputs: Values) -> ReadState | None:
        """The object as it is now. Inputs show what somebody else changed of what we set."""
        self._confirm(subject)
        if subject.type == RELEASE:
            return self._charts().read(subject, inputs)
        kind = self._kind(subject, inputs or outputs)
        namespace, _, name = subject.id.rpartition("/")
        self._reach()
        live = self._where().get(kind, namespace, name)
        if live is None:
            return None
        left = objects.spelled(kind, outputs) if MANAGER in outputs else None
        now = objects.live_inputs(kind, inputs, live, left) if inputs else objects.imported(live)
        return ReadState(subject.id, objects.sealed(kind, now), self._outputs(kind, live, now, self._write(subject, kind, now, outputs)))

    def update(self, subject: Subject, old_inputs: Values, old_outputs: Values, news: Values, *, preview: bool) -> Values:
        """Change our fields of the live object and leave those of others."""
        self._confirm(subject)
        if subject.type == RELEASE:
            return self._charts().update(subject, old_outputs, news, preview=preview)
        kind = self._kind(subject, news)
        before = objects.as_stored(kind, old_inputs)
        document = objects.placed(objects.as_stored(kind, news), subject.id)
        if preview:
            known = not has_unknown(news) and self._target().facts["reachable"]
            live = self._where().foretell_update(kind, document, self._write(subject, kind, news, old_outputs)) if known else None
            return objects.foretold_update(kind, before, old_outputs, news, live)
        _, _, checked = self._examine(kind, news, partial=_is_patch(subject, kind))
        self._reach()
        write = self._write(subject, kind, news, old_outputs, unchecked=not checked)
        live = self._settled(kind, news, write, lambda: self._where().update(kind, before, document, write))
        return self._outputs(kind, live, news, write)

    def delete(self, subject: Subject, inputs: Values, outputs: Values) -> None:
        """Delete the object and wait until it is gone."""
        self._confirm(subject)
        if not self._target().facts["reachable"] and self._config.get("deleteUnreachable") is True:
            return
        if subject.type == RELEASE:
            self._charts().delete(subject)
            return
        namespace, _, name = subject.id.rpartition("/")
        kind = self._kind(subject, inputs or outputs)
        self._reach()
        write = self._write(subject, kind, inputs, outputs)
        if write.partial:
            self._where().relinquish(kind, namespace, name, write)
        else:
            self._where().delete(kind, namespace, name, inputs, write.patience)

    def delete_unfinished(self, subject: Subject, inputs: Values) -> None:
        """What a killed run wrote last and could not tell the engine of; a cluster that is gone took it along."""
        target = self._target()
        key = urn_key(subject.urn)
        with self._lock:
            taken_over = subject.urn in self._created
        if taken_over or not target.facts["reachable"] or key not in target.client.request("GET", "unconfirmed").body:
            return
        if subject.type == RELEASE:
            made = self.create(subject, inputs, preview=False)  # answered with what is there
            self.delete(replace(subject, id=made.id), inputs, made.outputs)
        else:
            kind = self._kind(subject, inputs)
            write = self._write(subject, kind, inputs)
            orphan = self._where().orphan(kind, _generated_name(objects.as_stored(kind, inputs)), write)
            if orphan is not None and write.partial:
                self._where().relinquish(kind, *orphan, write)
            elif orphan is not None:
                self._where().delete(kind, *orphan, inputs, write.patience)
        target.client.request("POST", "confirm", body={"urns": [key]})

    def cancel(self) -> None:
        """End every wait."""
        if self._objects is not None:
            self._objects.interrupt()

    def children(self, resource_type: str, name: str, inputs: Values, *, hidden: bool) -> Sequence[Child]:
        """The objects of a manifest or chart, as the resources that the Pulumi provider makes of them."""
        if has_unknown(inputs):
            return []  # a preview can say no more
        if resource_type in {manifests.CONFIG_FILE, manifests.CONFIG_GROUP}:
            found = manifests.documents(resource_type, inputs)
        elif resource_type == manifests.CHART:
            found = self._charts().objects_of({**inputs, "name": inputs.get("name") or name})
        else:
            raise ProviderError(f"the sandbox has no component {resource_type}")
        prefix = str(inputs.get("resourcePrefix") or name)
        placed = [self._placed(document) for document in found]
        made = manifests.children(placed, prefix, skip_await=inputs.get("skipAwait") is True)
        return [replace(child, inputs=_hidden(child.inputs)) for child in made] if hidden else made

    def _placed(self, document: Document) -> Document:
        kind = Kind(document["apiVersion"], document["kind"])
        return objects.with_namespace(document, self._namespace()) if is_namespaced_in(self._where(), kind, document) else document

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

    def _examine(self, kind: Kind, inputs: Values, *, partial: bool = False) -> tuple[list[Failure], bool, bool]:
        """Problems of an object; whether its kind is namespaced; whether a schema was known."""
        release = schemas.release(self._target().version)
        validator, definition = release.validator(kind), None
        namespaced = (kind.group, kind.kind) not in CLUSTER_SCOPED
        if validator is None:
            if kind.group in release.groups:
                return [Failure("apiVersion", _not_served(kind, release))], namespaced, True
            definition = self._where().definition(kind) if self._target().facts["reachable"] else None
            validator = schemas.custom_validator(definition, kind.version) if definition else None
            namespaced = definition["spec"].get("scope") == "Namespaced" if definition else is_namespaced(kind, inputs)
        found = schemas.problems(validator, inputs, partial=partial) if validator else []
        if not partial:
            found += [problem for problem in rules.problems(kind, inputs) if problem.path not in {other.path for other in found}]
        failures = [Failure(problem.path, problem.message) for problem in found]
        if definition and kind.version not in {version.get("name") for version in definition["spec"].get("versions", ())}:
            failures.append(Failure("apiVersion", f"the CustomResourceDefinition of {kind.kind} does not serve {kind.version}"))
        return failures, namespaced, validator is not None

    def _write(self, subject: Subject, kind: Kind, inputs: Values, outputs: Values | None = None, *, unchecked: bool = False) -> Write:
        config = self._config
        client_side = config.get("enableServerSideApply") is False  # without field managers nobody is in the way
        return Write(
            subject.urn,
            manager_of(subject.urn, inputs, outputs),
            force=annotation(inputs, FORCE) == "true" or config.get("enablePatchForce") is True or client_side,
            upsert=config.get("upsertExistingObjects") is True,
            partial=_is_patch(subject, kind),
            unchecked=unchecked,
            ignored=subject.ignored,
            patience=waits.patience(inputs, subject.timeout, PATIENCE_SECONDS),
        )

    def _settled(self, kind: Kind, inputs: Values, write: Write, act: Callable[[], Document]) -> Document:
        try:
            return act()
        except UnfinishedError as error:
            live = error.live
            raise PartialCreateError(str(error), objects.object_id(live), self._outputs(kind, live, inputs, write)) from None

    def _outputs(self, kind: Kind, live: Document, inputs: Values, write: Write) -> Values:
        return {**objects.unspelled(kind, objects.outputs(kind, live, inputs)), MANAGER: write.manager}

    def _kind(self, subject: Subject, values: Values) -> Kind:
        """The kind of a resource.

        Raises:
            ProviderError: it is one of the Pulumi provider's own types that the sandbox does not have.
        """
        kind = kind_of_token(subject.type)
        api_version, given = values.get("apiVersion"), values.get("kind")
        if isinstance(api_version, str) and isinstance(given, str):
            kind = Kind(api_version, given)
        own = kind.group in schemas.release(None).groups
        if own and kind.kind.endswith("Patch") and kind.kind != "Patch":  # the token's, where the inputs name no kind
            kind = Kind(kind.api_version, kind.kind.removesuffix("Patch"))
        if own and kind.kind.endswith("List") and kind.kind != "List":
            raise ProviderError(f"{subject.type} is for manifests only: declare the objects themselves")
        if _is_patch(subject, kind) and not self._where().real:
            raise ProviderError(f"the sandbox has no {subject.type} without an API server: declare the object itself")
        return kind

    def _confirm(self, subject: Subject) -> None:
        """The engine asks about it with its state in hand: the create of what the state holds need not be replayed any more."""
        key = urn_key(subject.urn)
        with self._lock:
            waiting = key in self._unconfirmed
            self._unconfirmed.discard(key)
        if waiting:
            holding = subject.id.rpartition("/")[2]
            self._target().client.request("POST", "confirm", body={"urns": [key], "holding": holding})

    def _create_headers(self, subject: Subject, document: Values) -> dict[str, str]:
        return {CREATE_HEADER: f"{urn_key(subject.urn)}|{objects.digest({'cluster': self._target().address, 'document': document})}"}

    def _target(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError("the Kubernetes provider of the sandbox is not configured")
        return self._cluster

    def _where(self) -> Objects:
        if self._objects is None:
            raise ProviderError("the Kubernetes provider of the sandbox is not configured")
        return self._objects

    def _reach(self) -> None:
        cluster = self._target()
        if not cluster.facts["reachable"]:
            raise ProviderError(f"the cluster at {cluster.address} is unreachable: there is no such EKS cluster in the sandbox")

    def _namespace(self) -> str:
        return str(self._config.get("namespace") or _DEFAULT_NAMESPACE)

    def _charts(self) -> Charts:
        return Charts(self._target().client, self._target().address, self._where(), self._namespace())


def _is_patch(subject: Subject, kind: Kind) -> bool:
    """Whether a resource sets fields of another's object (`NamespacePatch`)."""
    return subject.type.rpartition(":")[2] == f"{kind.kind}Patch"


def _hidden(inputs: Values) -> Values:
    """Inputs in which whatever may come from a secret is one."""
    return {key: value if key in {"apiVersion", "kind", "metadata"} else Secret(value) for key, value in inputs.items()}


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
