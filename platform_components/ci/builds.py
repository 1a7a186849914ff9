"""BuildKit without root: builds images for jobs that may not. Pure.

Source: https://github.com/moby/buildkit/blob/v0.32.2/docs/rootless.md and examples/kubernetes. The daemon runs as a user and has no
privilege; but it makes user namespaces and mounts, which the profiles that Pod Security demands forbid. So it is apart: its namespace has
no other pods, its builds reach what jobs reach, and only jobs with a certificate reach it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from platform_components.charts.addon import Image, mirrored
from platform_components.charts.hardening import pod_security
from platform_components.charts.site import Site
from platform_components.charts.traffic import Block, Traffic
from platform_components.ci.args import Builds
from platform_components.ci.pods import DO_NOT_DISRUPT, Spec, node_selector, size, tolerations
from platform_components.ci.toml import lines

IMAGE: Final = Image("docker.io", "moby/buildkit", "v0.32.2-rootless")
NAMESPACE: Final = "ci-builds"
NAME: Final = "buildkitd"
PORT: Final = 1234
UID: Final = 1000
"""User of the image; another needs another image."""
LABELS: Final[Mapping[str, str]] = {"app.kubernetes.io/name": NAME}
SERVER_SECRET: Final = "buildkitd-tls"  # noqa: S105 -- the name of a Secret
CLIENT_SECRET: Final = "buildkit-client"  # noqa: S105 -- the name of a Secret
CERTIFICATES: Final = "/etc/buildkit/tls"
"""Where a job finds ca.crt, tls.crt and tls.key."""
EXCEPTION: Final = "BuildKit's user namespaces and mounts are forbidden by the seccomp profile that level baseline demands"
"""Why its namespace is held to no level of Pod Security."""
AGENT: Final = (Block("169.254.170.23/32", (80,)), Block("fd00:ec2::23/128", (80,)))
"""The agent of EKS Pod Identity, which the daemon needs for its cache."""


def address() -> str:
    """Where jobs find it (`BUILDKIT_HOST`)."""
    return f"tcp://{NAME}.{NAMESPACE}.svc:{PORT}"


def traffic(jobs: Sequence[str], blocks: tuple[Block, ...], *, cache: bool) -> Traffic:
    """Who reaches it, and what builds reach.

    Args:
        jobs: namespaces of jobs.
        blocks: what jobs reach outside.
        cache: whether it keeps layers in a bucket.
    """
    return Traffic(isolated=True, outside=(), served=dict.fromkeys(jobs, (PORT,)), blocks=(*blocks, *(AGENT if cache else ())))


def settings(mirrors: Mapping[str, Any]) -> str:
    """Its configuration: where images of other registries are taken from."""
    table = {"registry": {host: {"mirrors": [mirror]} for host, mirror in mirrors.items()}}
    return "".join(f"{line}\n" for line in lines(table))


def certificate(secret: str, issuer: Any, *, server: bool, name: str) -> Spec:
    """Spec of a Certificate, of the daemon or of those who may use it."""
    hosts = [f"{NAME}.{NAMESPACE}.svc", f"{NAME}.{NAMESPACE}.svc.cluster.local"]
    return {
        "secretName": secret,
        "commonName": name,
        **({"dnsNames": hosts} if server else {}),
        "duration": "2160h",
        "renewBefore": "720h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["server auth" if server else "client auth"],
        "issuerRef": issuer,
    }


def stateful_set(site: Site, builds: Builds, environment: Mapping[str, Any]) -> Spec:
    """Spec of the StatefulSet; its layers lie on the node's disk, and go with the pod."""
    state, certificates = "/home/user/.local/share/buildkit", "/certs"
    files = {"tlscacert": "ca.crt", "tlscert": "tls.crt", "tlskey": "tls.key"}
    probe = {"exec": {"command": ["buildctl", "debug", "workers"]}, "initialDelaySeconds": 5, "periodSeconds": 30}
    container = {
        "name": NAME,
        "image": str(mirrored(IMAGE, site.mirror)),
        "args": [
            "--addr=unix:///run/user/1000/buildkit/buildkitd.sock",
            f"--addr=tcp://0.0.0.0:{PORT}",
            *(f"--{flag}={certificates}/{file}" for flag, file in files.items()),
            "--oci-worker-no-process-sandbox",
        ],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "ports": [{"containerPort": PORT, "name": "grpc"}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": size(builds),
        "securityContext": {
            "runAsUser": UID,
            "runAsGroup": UID,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "Unconfined"},
            "appArmorProfile": {"type": "Unconfined"},
        },
        "volumeMounts": [
            {"name": "certificates", "mountPath": certificates, "readOnly": True},
            {"name": "settings", "mountPath": "/home/user/.config/buildkit", "readOnly": True},
            {"name": "state", "mountPath": state},
        ],
    }
    spec = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": node_selector(builds),
        "tolerations": tolerations(builds),
        "terminationGracePeriodSeconds": 600,
        "securityContext": {key: value for key, value in pod_security(UID, fs_group=UID).items() if key != "seccompProfile"},
        "containers": [container],
        "volumes": [
            {"name": "certificates", "secret": {"secretName": SERVER_SECRET}},
            {"name": "settings", "configMap": {"name": NAME}},
            {"name": "state", "emptyDir": {"sizeLimit": f"{builds.disk_gib}Gi"}},
        ],
    }
    return {
        "serviceName": NAME,
        "replicas": builds.max,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": dict(LABELS)},
        "template": {"metadata": {"labels": dict(LABELS), "annotations": dict(DO_NOT_DISRUPT)}, "spec": spec},
    }
