"""Pods beside the Pod Security Standards: resources, images, probes, file system, secrets, service accounts."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pods import WORKLOADS, Container, Pod, dig, items, name_of, opaque, pods
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical
from platform_policies.verdicts import settle

SERVICE_ACCOUNT = "kubernetes:core:ServiceAccount"

LONG_RUNNING = (
    *("kubernetes:core:Pod", "kubernetes:core:ReplicationController", "kubernetes:argoproj.io:Rollout"),
    *("kubernetes:apps:Deployment", "kubernetes:apps:ReplicaSet", "kubernetes:apps:StatefulSet", "kubernetes:apps:DaemonSet"),
)
"""Kinds whose pods run until they are stopped."""


def _containers(node: Node, graph: ResourceGraph, *lists: str) -> Iterator[tuple[Pod, Container]]:
    """Containers of these lists of every pod of a resource."""
    for pod in pods(node, graph):
        for container in pod.containers:
            if container.path.removeprefix(f"{pod.path}.").partition(".")[0] in lists:
                yield pod, container


@rule(
    "k8s-resource-requests-limits",
    title="Containers say what they need and how much they may take",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    fix="Set resources.requests.cpu, resources.requests.memory and resources.limits.memory of the container",
    defaults={"required": ("requests.cpu", "requests.memory", "limits.memory")},
)
def resources(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A container without requests lands on full nodes, one without a memory limit takes its neighbours down with it.

    A CPU limit is not asked for by default: it throttles while the node idles. A missing request equals the limit, as in Kubernetes.
    """
    if not pods(node, graph):
        return None
    return settle(_resources(node, graph, settings["required"]))


def _resources(node: Node, graph: ResourceGraph, required: Sequence[str]) -> Iterator[Verdict]:
    for pod, container in _containers(node, graph, "containers", "initContainers"):
        for field in required:
            kind, _, resource = field.partition(".")
            path = f"{container.path}.resources.{field}"
            found = [dig(container.body, "resources", kind, resource), dig(pod.spec, "resources", kind, resource)]
            if kind == "requests":
                found.append(dig(container.body, "resources", "limits", resource))
            if any(value is not None and value != UNKNOWN for value in found):
                continue
            if UNKNOWN in found:
                yield unknown(path)
            else:
                yield fail(path, f"container {container.name} sets no resources.{field}")


class Image(NamedTuple):
    """An image's reference in its parts."""

    registry: str
    repository: str
    tag: str
    digest: str


def parse_image(reference: str) -> Image:
    """Registry (docker.io where none is named), repository, tag and digest of an image's reference; missing parts are empty."""
    name, _, digest = reference.partition("@")
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, name = head, rest
    else:
        registry = "docker.io"
    repository, _, tag = name.partition(":")
    return Image(registry, repository, tag, digest)


def _images(node: Node, graph: ResourceGraph) -> Iterator[tuple[Container, str, Any]]:
    """(container, path, image) of every container, and of volumes that are images, that has one."""
    for _, container in _containers(node, graph, "containers", "initContainers", "ephemeralContainers"):
        image = dig(container.body, "image")
        if image is not None:
            yield container, f"{container.path}.image", image


@rule(
    "k8s-image-registry-allowlist",
    title="Images come from registries that are allowed",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    fix="Copy the image into an allowed registry and name it there, or allow its registry in the rule's setting `registries`",
    defaults={"registries": ("*.dkr.ecr.*.amazonaws.com", "public.ecr.aws", "registry.k8s.io")},
)
def image_registry(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Whoever can push to a registry that the cluster pulls from runs code in it; an entry may go on with a path: `ghcr.io/acme/*`."""
    allowed = settings["registries"]

    def judge(path: str, image: Any) -> Verdict:
        if image == UNKNOWN:
            return unknown(path)
        parsed = parse_image(str(image))
        full = f"{parsed.registry}/{parsed.repository}"
        if any(fnmatchcase(full if "/" in pattern else parsed.registry, pattern) for pattern in allowed):
            return PASS
        return fail(path, f"image {image} comes from {parsed.registry}, which is not allowed")

    verdicts = [judge(path, image) for _, path, image in _images(node, graph)]
    return settle(verdicts) if verdicts else None


@rule(
    "k8s-image-tag-fixed",
    title="Images are named by a version, or by a digest where that is required",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    fix="Name the image by a version's tag or by its digest: image: registry/name:1.2.3@sha256:...",
    sub_ids=("tag", "digest"),
    defaults={"floating": ("latest",), "require_digest": False},
)
def image_tag(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A tag that moves gives tomorrow's pods other code than was tested; only a digest cannot be moved at all."""
    images = [(path, image) for _, path, image in _images(node, graph)]
    if not images:
        return None

    def tag(path: str, image: Any) -> Verdict:
        if image == UNKNOWN:
            return unknown(path, sub_id="tag")
        parsed = parse_image(str(image))
        if parsed.digest or (parsed.tag and parsed.tag not in settings["floating"]):
            return passed(sub_id="tag")
        return fail(path, f"image {image} is whatever {parsed.tag or 'latest'} means on the day it is pulled", sub_id="tag")

    def digest(path: str, image: Any) -> Verdict:
        if image == UNKNOWN:
            return unknown(path, sub_id="digest")
        return passed(sub_id="digest") if parse_image(str(image)).digest else fail(path, f"image {image} has no digest", sub_id="digest")

    verdicts = settle((tag(*one) for one in images), sub_id="tag")
    return [*verdicts, *settle((digest(*one) for one in images), sub_id="digest")] if settings["require_digest"] else verdicts


@rule(
    "k8s-probes",
    title="Containers that serve are watched by liveness and readiness probes",
    severity=Severity.LOW,
    types=LONG_RUNNING,
    fix="Set livenessProbe and readinessProbe of the container",
    sub_ids=("liveness", "readiness"),
)
def probes(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Without a readiness probe a pod gets traffic before it can serve; without a liveness probe a hung one is never restarted."""
    if not pods(node, graph):
        return None
    return [verdict for kind in ("liveness", "readiness") for verdict in settle(_probes(node, graph, kind), sub_id=kind)]


def _probes(node: Node, graph: ResourceGraph, kind: str) -> Iterator[Verdict]:
    for pod, container in _containers(node, graph, "containers"):
        if dig(pod.spec, "restartPolicy") in ("Never", "OnFailure"):
            continue
        path, probe = f"{container.path}.{kind}Probe", dig(container.body, f"{kind}Probe")
        if probe == UNKNOWN:
            yield unknown(path, sub_id=kind)
        elif probe is None:
            yield fail(path, f"container {container.name} has no {kind}Probe", sub_id=kind)


@rule(
    "k8s-readonly-rootfs",
    title="Containers cannot write to their own file system",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    fix="Set securityContext.readOnlyRootFilesystem: true and mount an emptyDir where the container must write",
)
def readonly_rootfs(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Whoever breaks into a container cannot leave tools or change its program where the file system is read-only."""
    if not pods(node, graph):
        return None
    return settle(_readonly(node, graph))


def _readonly(node: Node, graph: ResourceGraph) -> Iterator[Verdict]:
    for pod, container in _containers(node, graph, "containers", "initContainers", "ephemeralContainers"):
        path, value = (
            f"{container.path}.securityContext.readOnlyRootFilesystem",
            dig(container.body, "securityContext", "readOnlyRootFilesystem"),
        )
        if dig(pod.spec, "os", "name") == "windows" or value is True:
            continue
        if value == UNKNOWN:
            yield unknown(path)
        else:
            yield fail(path, f"container {container.name} can write to its root file system: readOnlyRootFilesystem is not true")


@rule(
    "k8s-secrets-not-in-env",
    title="Secrets reach containers as files, not as environment variables",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    fix="Mount the Secret as a volume, or have the application read it from its store, and remove the variable",
    defaults={"names": ("*PASSWORD", "*PASSWD", "*SECRET", "*SECRET_KEY", "*SECRET_ACCESS_KEY", "*_TOKEN", "*API_KEY", "*PRIVATE_KEY")},
)
def secrets_not_in_env(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """The environment of a process is in crash reports, child processes and `kubectl describe`; a file can be rotated and is not."""
    if not pods(node, graph):
        return None
    lists = ("containers", "initContainers", "ephemeralContainers")
    return settle(verdict for _, container in _containers(node, graph, *lists) for verdict in _secrets(container, settings["names"]))


def _secrets(container: Container, names: Sequence[str]) -> Iterator[Verdict]:
    listed = dig(container.body, "env")
    if listed == UNKNOWN:
        yield unknown(f"{container.path}.env")
        listed = ()
    for index, entry in enumerate(items(listed)):
        yield from _variable(container, f"{container.path}.env.{index}", entry, names)
    listed = dig(container.body, "envFrom")
    if listed == UNKNOWN:
        yield unknown(f"{container.path}.envFrom")
        listed = ()
    for index, entry in enumerate(items(listed)):
        path, secret = f"{container.path}.envFrom.{index}.secretRef", dig(entry, "secretRef")
        if secret == UNKNOWN:
            yield unknown(path)
        elif secret is not None:
            yield fail(path, f"container {container.name} has every key of Secret {dig(secret, 'name')} in its environment")


def _variable(container: Container, path: str, entry: Any, names: Sequence[str]) -> Iterator[Verdict]:
    name, reference = dig(entry, "name"), dig(entry, "valueFrom", "secretKeyRef")
    plain = entry.get("value") if isinstance(entry, Mapping) else None
    if reference == UNKNOWN or opaque(entry):
        yield unknown(path)
    elif reference is not None:
        yield fail(f"{path}.valueFrom.secretKeyRef", f"container {container.name} has Secret {dig(reference, 'name')} in variable {name}")
    elif plain != UNKNOWN and opaque(plain):
        yield fail(f"{path}.value", f"container {container.name} has a secret in variable {name}, and so in plain text in its manifest")
    elif plain and any(fnmatchcase(str(name).upper(), pattern) for pattern in names):
        yield fail(f"{path}.value", f"variable {name} of container {container.name} reads like a secret and stands in the manifest")


@rule(
    "k8s-sa-default-not-used",
    title="Pods run as a service account of their own, and hold its token only where they ask for it",
    severity=Severity.MEDIUM,
    types=(*WORKLOADS, SERVICE_ACCOUNT),
    fix="Set serviceAccountName to an account of its own, and automountServiceAccountToken to false, or true where it calls the API",
    sub_ids=("default", "token-automount"),
)
def service_account(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:  # noqa: ARG001 -- the signature of a rule
    """Rights given to a namespace's default account go to every pod that names none, and its token is mounted unless that is forbidden."""
    if canonical(node.type) == SERVICE_ACCOUNT:
        return _account(node)
    found = pods(node, graph)
    if not found:
        return None
    answers = [_token(node, pod, graph) for pod in found]
    return [
        *settle((one for default, _ in answers for one in default), sub_id="default"),
        *settle((one for _, token in answers for one in token), sub_id="token-automount"),
    ]


def _account(node: Node) -> Verdict | None:
    """A namespace's default account must not have its token mounted; others may."""
    mount = dig(node.inputs, "automountServiceAccountToken")
    if name_of(node) != "default":
        return None
    if mount == UNKNOWN:
        return unknown("automountServiceAccountToken", sub_id="token-automount")
    if mount is False:
        return passed(sub_id="token-automount")
    return fail(
        "automountServiceAccountToken", "the default account's token is mounted into every pod that names none", sub_id="token-automount"
    )


def _token(node: Node, pod: Pod, graph: ResourceGraph) -> tuple[Sequence[Verdict], Sequence[Verdict]]:
    """Verdicts on the account and on its token."""
    name_path, mount_path = f"{pod.path}.serviceAccountName", f"{pod.path}.automountServiceAccountToken"
    name, mount = dig(pod.spec, "serviceAccountName"), dig(pod.spec, "automountServiceAccountToken")
    if name is None:
        name = dig(pod.spec, "serviceAccount")  # its former name, which the API still takes
    account = _account_of(node, name, graph)
    if mount is None:
        mount = dig(account.inputs, "automountServiceAccountToken") if account else UNKNOWN if name == UNKNOWN else None
    if mount is False:
        return (), ()
    default: tuple[Verdict, ...] = ()
    if name == UNKNOWN and account is None:
        default = (unknown(name_path, sub_id="default"),)
    elif name not in (None, "", "default"):
        pass  # an account of its own
    elif mount == UNKNOWN:
        default = (unknown(mount_path, sub_id="default"),)
    else:
        default = (fail(name_path, "the pod runs as its namespace's default account and holds its token", sub_id="default"),)
    if mount == UNKNOWN:
        return default, (unknown(mount_path, sub_id="token-automount"),)
    if mount is None:
        return default, (fail(mount_path, "the account's token is mounted without being asked for", sub_id="token-automount"),)
    return default, ()


def _account_of(node: Node, name: Any, graph: ResourceGraph) -> Node | None:
    """The account's own resource, where the graph has it."""
    if name == UNKNOWN:
        urns = [urn for top in ("spec", "template") for urn in node.property_dependencies.get(top, ())]
        found = [graph.by_urn[urn] for urn in urns if urn in graph.by_urn and canonical(graph.by_urn[urn].type) == SERVICE_ACCOUNT]
    else:
        wanted = (name or "default", node.value("metadata.namespace"))
        alike = _accounts(graph).get(_key(*wanted), ())
        found = [one for one in alike if (name_of(one), one.value("metadata.namespace")) == wanted]
    return found[0] if found else None


def _accounts(graph: ResourceGraph) -> Mapping[tuple[str, str], Sequence[Node]]:
    """Every service account by its name and namespace."""
    found: dict[tuple[str, str], list[Node]] | None = graph.memo.get("accounts")
    if found is None:
        found = graph.memo["accounts"] = {}
        for one in graph.of_type(SERVICE_ACCOUNT):
            found.setdefault(_key(name_of(one), one.value("metadata.namespace")), []).append(one)
    return found


def _key(name: Any, namespace: Any) -> tuple[str, str]:
    """What accounts are looked up by; a value that is no text, such as a secret, has its place too."""
    return str(name), str(namespace)


RULES = (
    resources,
    image_registry,
    image_tag,
    probes,
    readonly_rootfs,
    secrets_not_in_env,
    service_account,
)
