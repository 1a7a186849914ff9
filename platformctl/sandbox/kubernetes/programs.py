"""How etcd, the API server and the controllers are called: their arguments, as data. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

API_AUDIENCE: Final = "https://kubernetes.default.svc"
SERVICE_CIDR: Final = "172.20.0.0/16"
"""Addresses of services; what EKS takes where a VPC lies in 10.0.0.0/8."""
SERVICE_ADDRESS: Final = "172.20.0.1"
"""The first of them is the API server's own."""
SERVER_NAMES: Final = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
"""What an API server is called; the certificate is good for these."""

CONTROLLERS: Final = (
    # What makes a namespace usable, fills it and empties it.
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "resourcequota-controller",
    "garbage-collector-controller",
    # Without these, deletes of volumes and claims would wait for ever for a finalizer.
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    # Workloads make their pods, so that quotas count them and admission judges them; no node runs them.
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "daemonset-controller",
    "job-controller",
    "disruption-controller",
    # Roles that are put together by label, and the type check of admission policies.
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status-controller",
)
"""The controllers that run: all that do something in a cluster without nodes, and none that only costs time."""


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """Where a server's certificate and key lie, and the certificate of who signed it."""

    folder: Path
    server: ClassVar[str]
    """What the two are called after."""

    @property
    def authority(self) -> Path:
        """Certificate of who signed the server's."""
        return self.folder / "ca.crt"

    @property
    def certificate(self) -> Path:
        """The server's."""
        return self.folder / f"{self.server}.crt"

    @property
    def key(self) -> Path:
        """The server's."""
        return self.folder / f"{self.server}.key"


@dataclass(frozen=True, slots=True)
class Files(ServerFiles):
    """Where the certificates, keys and tokens of one control plane lie."""

    server: ClassVar[str] = "server"

    @property
    def service_account_key(self) -> Path:
        """What signs the tokens of service accounts."""
        return self.folder / "accounts.key"

    @property
    def tokens(self) -> Path:
        """Who may log in by token."""
        return self.folder / "tokens.csv"

    @property
    def kubeconfig(self) -> Path:
        """What the controllers log in with."""
        return self.folder / "kubeconfig"


@dataclass(frozen=True, slots=True)
class EtcdFiles(ServerFiles):
    """Where the certificates, the key and the data of etcd lie; its clients prove themselves with the same certificate."""

    server: ClassVar[str] = "etcd"

    @property
    def data(self) -> Path:
        """What it stores."""
        return self.folder / "data"


def etcd_arguments(files: EtcdFiles, port: int, peer_port: int) -> list[str]:
    """Arguments of etcd: one member, on loopback, for certified clients, without waiting for the disk."""
    address, peer = f"https://127.0.0.1:{port}", f"https://127.0.0.1:{peer_port}"
    return _flags(
        {
            "name": "sandbox",
            "data-dir": files.data,
            "listen-client-urls": address,
            "advertise-client-urls": address,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"sandbox={peer}",
            "trusted-ca-file": files.authority,
            "cert-file": files.certificate,
            "key-file": files.key,
            "client-cert-auth": True,
            "peer-trusted-ca-file": files.authority,
            "peer-cert-file": files.certificate,
            "peer-key-file": files.key,
            "peer-client-cert-auth": True,
            "socket-reuse-port": True,
            "unsafe-no-fsync": True,
            "log-level": "error",
        }
    )


def api_server_arguments(files: Files, etcd: EtcdFiles, etcd_port: int, port: int, prefix: str, issuer: str) -> list[str]:
    """Arguments of the API server: the checks are those of a real cluster, the listener is on loopback."""
    return _flags(
        {
            "bind-address": "127.0.0.1",
            "secure-port": port,
            "permit-port-sharing": True,
            "advertise-address": "127.0.0.1",
            "endpoint-reconciler-type": "none",
            "service-cluster-ip-range": SERVICE_CIDR,
            "etcd-servers": f"https://127.0.0.1:{etcd_port}",
            "etcd-prefix": prefix,
            "etcd-cafile": etcd.authority,
            "etcd-certfile": etcd.certificate,
            "etcd-keyfile": etcd.key,
            "tls-cert-file": files.certificate,
            "tls-private-key-file": files.key,
            "token-auth-file": files.tokens,
            "authorization-mode": "RBAC",
            # As on EKS: agents of nodes are privileged, and what refuses everybody else is Pod Security.
            "allow-privileged": True,
            "service-account-issuer": issuer,
            "service-account-key-file": files.service_account_key,
            "service-account-signing-key-file": files.service_account_key,
            "api-audiences": API_AUDIENCE,
            "profiling": False,
            # With some hundred definitions it would take a third more memory, for reads that one user does not make.
            "watch-cache": False,
        }
    )


def controller_arguments(files: Files) -> list[str]:
    """Arguments of the controller manager: no listener, no election."""
    return _flags(
        {
            "kubeconfig": files.kubeconfig,
            "controllers": ",".join(CONTROLLERS),
            "service-account-private-key-file": files.service_account_key,
            "root-ca-file": files.authority,
            "leader-elect": False,
            "secure-port": 0,
            "profiling": False,
            # Nothing here is shared with others; the defaults are meant for a production API server.
            "kube-api-qps": 300,
            "kube-api-burst": 600,
        }
    )


def _flags(values: Mapping[str, object]) -> list[str]:
    return [f"--{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in values.items()]
