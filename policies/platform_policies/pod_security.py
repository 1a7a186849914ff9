"""Kubernetes Pod Security Standards, baseline and restricted, as they stand in each version of Kubernetes.

Source: the checks of k8s.io/pod-security-admission v0.37.2 (policy/check_*.go), against whose own fixtures the tests hold this module.
A family here is a check there. Kubernetes leaves a check of baseline out where one of restricted is stricter; here both speak, so that
each family's verdict is true by itself: a hostPath volume breaks hostPath and volumeTypes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from platform_policies.graph import UNKNOWN
from platform_policies.pods import Pod, dig, items, opaque

LATEST = 10_000
"""Minor version that stands for `latest`."""

PRIVILEGED, BASELINE, RESTRICTED = "privileged", "baseline", "restricted"


class Fault(NamedTuple):
    """One thing in a pod that breaks a family, or that cannot be decided."""

    path: str
    """Dotted path from the resource's inputs."""
    message: str
    """What is there and why it is wrong; empty where it is not known."""
    absent: bool = False
    """What is missing broke the family, not what is there."""

    @property
    def undecided(self) -> bool:
        """The value that decides is not known before `up`."""
        return not self.message


Check: TypeAlias = Callable[[Pod], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of checks, and the checks that make it up from each minor version on."""

    sub_id: str
    versions: Sequence[tuple[int, Check]]
    """Minor versions in rising order, each with the check that holds from there on."""

    def check(self, minor: int) -> Check | None:
        """The check in force in a minor version, or None where the family did not exist yet."""
        current = None
        for since, check in self.versions:
            if minor >= since:
                current = check
        return current


def parse_version(text: Any) -> int:
    """Minor version of `v1.N`; anything else is `latest`, as in Kubernetes."""
    found = re.fullmatch(r"v1\.(0|[1-9]\d*)", text) if isinstance(text, str) else None
    return int(found[1]) if found else LATEST


def parse_level(text: Any) -> str:
    """A level of the standards; a word that is none means restricted, as in Kubernetes."""
    return text if text in (PRIVILEGED, BASELINE, RESTRICTED) else RESTRICTED


def _contexts(pod: Pod, *keys: str, whole: bool = True) -> Iterator[tuple[str, str, Any]]:
    """(who, path, value) of a security context's field, of the pod where it has one, then of each container."""
    field = ".".join(keys)
    if whole:
        yield "the pod", f"{pod.path}.securityContext.{field}", dig(pod.spec, "securityContext", *keys)
    for container in pod.containers:
        yield f"container {container.name}", f"{container.path}.{container.context}.{field}", dig(container.body, "securityContext", *keys)


def _host_namespaces(pod: Pod) -> Iterator[Fault]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        value = dig(pod.spec, key)
        if value == UNKNOWN:
            yield Fault(f"{pod.path}.{key}", "")
        elif value:
            yield Fault(f"{pod.path}.{key}", f"{key} is true: the pod shares this namespace of its node")


def _true(keys: tuple[str, ...], why: str, *, whole: bool) -> Check:
    """A switch that must not be on."""

    def check(pod: Pod) -> Iterator[Fault]:
        for who, path, value in _contexts(pod, *keys, whole=whole):
            if value == UNKNOWN:
                yield Fault(path, "")
            elif value:
                yield Fault(path, f"{who} sets {'.'.join(keys)} to true: {why}")

    return check


DEFAULT_CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)


def _added(pod: Pod, forbidden: Callable[[str], bool], why: str) -> Iterator[Fault]:
    for who, path, value in _contexts(pod, "capabilities", "add", whole=False):
        added = items(value)
        bad = sorted(str(one) for one in added if not opaque(one) and forbidden(one))
        if bad:
            yield Fault(path, f"{who} adds {', '.join(bad)}: {why}")
        elif any(map(opaque, added)):
            yield Fault(path, "")


def _capabilities_baseline(pod: Pod) -> Iterator[Fault]:
    yield from _added(pod, lambda one: one not in DEFAULT_CAPABILITIES, "beyond the default set of a container")


def _capabilities_restricted(pod: Pod) -> Iterator[Fault]:
    for who, path, value in _contexts(pod, "capabilities", "drop", whole=False):
        dropped = items(value)
        if "ALL" in dropped:
            continue
        if any(map(opaque, dropped)):
            yield Fault(path, "")
        else:
            yield Fault(path, f"{who} does not drop ALL capabilities", absent=True)
    yield from _added(pod, lambda one: one != "NET_BIND_SERVICE", "only NET_BIND_SERVICE may be added")


def _volumes(pod: Pod) -> Iterator[tuple[str, str, Any]]:
    """(name, path, volume)."""
    volumes = dig(pod.spec, "volumes")
    if volumes == UNKNOWN:
        yield "?", f"{pod.path}.{pod.volumes}", UNKNOWN
        return
    for index, volume in enumerate(items(volumes)):
        yield str(dig(volume, "name")), f"{pod.path}.{pod.volumes}.{index}", volume


def _host_path(pod: Pod) -> Iterator[Fault]:
    for name, path, volume in _volumes(pod):
        source = dig(volume, "hostPath")
        if source == UNKNOWN:
            yield Fault(f"{path}.hostPath" if volume != UNKNOWN else path, "")
        elif source is not None:
            yield Fault(f"{path}.hostPath", f"volume {name} mounts {dig(source, 'path')} of the node")


VOLUME_TYPES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret")


def _volume_types(pod: Pod) -> Iterator[Fault]:
    for name, path, volume in _volumes(pod):
        if opaque(volume):
            yield Fault(path, "")
            continue
        if not isinstance(volume, Mapping):
            continue
        sources = {key: value for key, value in volume.items() if key != "name" and value is not None}
        # A volume without a source is an emptyDir: the API server fills it in before anything judges it.
        if not sources or any(not opaque(sources.get(key, UNKNOWN)) for key in VOLUME_TYPES):
            continue
        if any(map(opaque, sources.values())):
            yield Fault(path, "")
        else:
            yield Fault(path, f"volume {name} is of type {', '.join(sorted(sources))}, which restricted does not allow")


def _host_ports(pod: Pod) -> Iterator[Fault]:
    for container in pod.containers:
        ports = dig(container.body, "ports")
        if ports == UNKNOWN:
            yield Fault(f"{container.path}.ports", "")
            continue
        for index, port in enumerate(items(ports)):
            value, path = dig(port, "hostPort"), f"{container.path}.ports.{index}.hostPort"
            if value == UNKNOWN:
                yield Fault(path, "")
            elif value:
                yield Fault(path, f"container {container.name} takes port {value} of its node")


def _annotations(pod: Pod) -> tuple[str, Mapping[str, Any] | None]:
    """Path and annotations; None where they cannot be read."""
    path, found = f"{pod.metadata_path}.annotations", dig(pod.metadata, "annotations")
    if found == UNKNOWN:
        return path, None
    return path, found if isinstance(found, Mapping) else {}


def _annotated(pod: Pod, concerned: Callable[[str], bool], allowed: tuple[str, ...]) -> Iterator[Fault]:
    """Annotations whose value is none of those allowed; a value `localhost/` may go on."""
    path, annotations = _annotations(pod)
    if annotations is None:
        yield Fault(path, "")
        return
    for key, value in annotations.items():
        if not concerned(key):
            continue
        if opaque(value):
            yield Fault(f"{path}.{key}", "")
        elif value not in allowed and not str(value).startswith("localhost/"):
            yield Fault(f"{path}.{key}", f"annotation {key} is {value}: neither the runtime's profile nor one of the node's")


PROFILES = ("RuntimeDefault", "Localhost")


def _profiles(pod: Pod, key: str) -> Iterator[Fault]:
    """Profiles that are set, and neither the runtime's nor the node's."""
    for who, path, profile in _contexts(pod, key):
        if profile is None:
            continue
        kind = dig(profile, "type")
        if kind == UNKNOWN:
            yield Fault(f"{path}.type", "")
        elif kind not in PROFILES:
            yield Fault(f"{path}.type", f"{who} sets {key}.type to {kind or 'nothing'}: only {' and '.join(PROFILES)} are allowed")


def _app_armor(pod: Pod) -> Iterator[Fault]:
    yield from _profiles(pod, "appArmorProfile")
    yield from _annotated(pod, lambda key: key.startswith("container.apparmor.security.beta.kubernetes.io/"), ("", "runtime/default"))


def _seccomp_annotations(pod: Pod) -> Iterator[Fault]:
    keys = {f"container.seccomp.security.alpha.kubernetes.io/{container.name}" for container in pod.containers}
    keys.add("seccomp.security.alpha.kubernetes.io/pod")
    yield from _annotated(pod, lambda key: key in keys, ("runtime/default", "docker/default"))


def _seccomp_baseline(pod: Pod) -> Iterator[Fault]:
    yield from _profiles(pod, "seccompProfile")


def _seccomp_restricted(pod: Pod) -> Iterator[Fault]:
    """A profile must be set, at the pod or at each container, and be one of the runtime's or the node's."""
    yield from _profiles(pod, "seccompProfile")
    whole = dig(pod.spec, "securityContext", "seccompProfile")
    if whole is not None:
        return  # set, or told above as wrong or not known
    for who, path, profile in _contexts(pod, "seccompProfile", whole=False):
        if profile is None:
            yield Fault(path, f"neither the pod nor {who} sets a seccomp profile", absent=True)


def _selinux(*types: str) -> Check:
    allowed = {"type": ("", *types), "user": ("",), "role": ("",)}

    def check(pod: Pod) -> Iterator[Fault]:
        for key, values in allowed.items():
            for who, path, value in _contexts(pod, "seLinuxOptions", key):
                if value == UNKNOWN:
                    yield Fault(path, "")
                elif value is not None and value not in values:
                    yield Fault(path, f"{who} sets seLinuxOptions.{key} to {value}: not one that keeps it confined")

    return check


def _proc_mount(pod: Pod) -> Iterator[Fault]:
    for who, path, value in _contexts(pod, "procMount", whole=False):
        if value == UNKNOWN:
            yield Fault(path, "")
        elif value not in (None, "Default"):
            yield Fault(path, f"{who} sets procMount to {value}: the masks over /proc are gone")


SYSCTLS = {
    0: (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    ),
    27: ("net.ipv4.ip_local_reserved_ports",),
    29: tuple(f"net.ipv4.tcp_{name}" for name in ("keepalive_time", "fin_timeout", "keepalive_intvl", "keepalive_probes")),
    32: ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
    37: ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"),
}
"""Safe sysctls, by the minor version that first allowed them."""


def _sysctls(since: int) -> Check:
    allowed = [name for minor, names in SYSCTLS.items() if minor <= since for name in names]

    def check(pod: Pod) -> Iterator[Fault]:
        listed = dig(pod.spec, "securityContext", "sysctls")
        for index, sysctl in enumerate(items(listed)):
            name = dig(sysctl, "name")
            path = f"{pod.path}.securityContext.sysctls" + ("" if listed == UNKNOWN else f".{index}.name")
            if name == UNKNOWN:
                yield Fault(path, "")
            elif name not in allowed:
                yield Fault(path, f"sysctl {name} is not one of those that stay inside the pod")

    return check


def _host_probes(pod: Pod) -> Iterator[Fault]:
    handlers = (("livenessProbe",), ("readinessProbe",), ("startupProbe",), ("lifecycle", "postStart"), ("lifecycle", "preStop"))
    for container in pod.containers:
        for handler in handlers:
            found = dig(container.body, *handler)
            if found is None:
                continue
            for action in ("httpGet", "tcpSocket"):
                host = dig(found, action, "host")
                path = ".".join((container.path, *handler, action, "host"))
                if host == UNKNOWN:
                    yield Fault(path, "")
                elif host:
                    yield Fault(path, f"container {container.name} has the kubelet ask {host} in the node's name")


def _escalation(pod: Pod) -> Iterator[Fault]:
    for who, path, value in _contexts(pod, "allowPrivilegeEscalation", whole=False):
        if value == UNKNOWN:
            yield Fault(path, "")
        elif value is not False:
            yield Fault(path, f"{who} may gain more rights than its parent process: allowPrivilegeEscalation is not false", value is None)


def _non_root(pod: Pod) -> Iterator[Fault]:
    whole = dig(pod.spec, "securityContext", "runAsNonRoot")
    for who, path, value in _contexts(pod, "runAsNonRoot"):
        at_pod = who == "the pod"
        if value == UNKNOWN or (value is None and whole == UNKNOWN):
            yield Fault(path, "")
        elif value is False:
            yield Fault(path, f"{who} sets runAsNonRoot to false")
        elif value is None and whole is None and not at_pod:
            yield Fault(path, f"neither the pod nor {who} sets runAsNonRoot to true", absent=True)


def _run_as_user(pod: Pod) -> Iterator[Fault]:
    for who, path, value in _contexts(pod, "runAsUser"):
        if value == UNKNOWN:
            yield Fault(path, "")
        elif value == 0:
            yield Fault(path, f"{who} runs as user 0, which is root")


def _unless(check: Check, excuse: Any, *keys: str) -> Check:
    """A check that a field of the pod's spec excuses from; where that field is not known, neither is a fault."""

    def excused(pod: Pod) -> Iterator[Fault]:
        found = dig(pod.spec, *keys)
        if found is not None and found == excuse:
            return
        if found != UNKNOWN:
            yield from check(pod)
        elif any(True for _ in check(pod)):
            yield Fault(".".join((pod.path, *keys)), "")

    return excused


def _unless_user_namespace(check: Check) -> Check:
    return _unless(check, False, "hostUsers")


def _unless_windows(check: Check) -> Check:
    return _unless(check, "windows", "os", "name")


_SELINUX = ("container_t", "container_init_t", "container_kvm_t")

BASELINE_FAMILIES = (
    Family("hostNamespaces", ((0, _host_namespaces),)),
    Family("privileged", ((0, _true(("privileged",), "it is root on its node", whole=False)),)),
    Family("capabilities", ((0, _capabilities_baseline),)),
    Family("hostPath", ((0, _host_path),)),
    Family("hostPorts", ((0, _host_ports),)),
    Family("apparmor", ((0, _app_armor),)),
    Family("selinux", ((0, _selinux(*_SELINUX)), (31, _selinux(*_SELINUX, "container_engine_t")))),
    Family("procMount", ((0, _proc_mount), (35, _unless_user_namespace(_proc_mount)))),
    Family("seccomp", ((0, _seccomp_annotations), (19, _seccomp_baseline))),
    Family("sysctls", tuple((since, _sysctls(since)) for since in SYSCTLS)),
    Family("windowsHostProcess", ((0, _true(("windowsOptions", "hostProcess"), "it runs on the node itself", whole=True)),)),
    Family("hostProbesAndHostLifecycle", ((34, _host_probes),)),
)

RESTRICTED_FAMILIES = (
    Family("volumeTypes", ((0, _volume_types),)),
    Family("allowPrivilegeEscalation", ((8, _escalation), (25, _unless_windows(_escalation)))),
    Family("runAsNonRoot", ((0, _non_root), (35, _unless_user_namespace(_non_root)))),
    Family("runAsUser", ((23, _run_as_user), (35, _unless_user_namespace(_run_as_user)))),
    Family("seccomp", ((19, _seccomp_restricted), (25, _unless_windows(_seccomp_restricted)))),
    Family("capabilities", ((22, _capabilities_restricted), (25, _unless_windows(_capabilities_restricted)))),
    Family("procMount", ((35, _proc_mount),)),
)


def checks(families: Sequence[Family], minor: int) -> Sequence[tuple[str, Check]]:
    """The checks of these families in force in a minor version, each with its family's sub_id."""
    return tuple((family.sub_id, check) for family in families if (check := family.check(minor)))
