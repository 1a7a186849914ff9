"""vcluster: a Kubernetes API of a team's own inside its namespace, whose pods run in the host's.

Chart and values: loft-sh/vcluster, chart at v0.35.3; the open build, without the modules that are switched off by default. Nothing of it
holds a right beyond the namespace: no ClusterRole is made, so that nothing of the host's cluster-wide kinds is synced either way.
"""

import json
from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import NON_ROOT_UID, container_security, pod_security, priority
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

VERSION = "0.35.3"
SYNCER = Image("ghcr.io", "loft-sh/vcluster-oss", VERSION)
KUBERNETES = Image("ghcr.io", "loft-sh/kubernetes", "v1.36.0")
DNS = Image("docker.io", "coredns/coredns", "1.14.2")

NAME = "vcluster"
"""Of the release, and so of the service and the StatefulSet."""
POD = f"{NAME}-0"
"""The pod of the control plane."""
LABELS = {"app": "vcluster", "release": NAME}
"""Labels of that pod; `release` of what is synced is rewritten, so that no pod of the team's can have both."""
PORT = 8443

_DNS_LABELS = {"k8s-app": "vcluster-kube-dns"}
_DNS_PORT = 1053
_ETC = "/etc/coredns"


def host_name(name: str, namespace: str = "default") -> str:
    """Name in the host's namespace of what lies in the virtual cluster; of names that together are no longer than 63 characters."""
    return f"{name}-x-{namespace}-x-{NAME}"


def kubeconfig_secret(role: str) -> str:
    """Secret of the host's namespace that holds a role's kubeconfig."""
    return f"kubeconfig-{role}"


def values(site: Site, roles: dict[str, str] | None = None) -> Values:
    """One control plane with its database on a volume; quota, limits and NetworkPolicies are the namespace's own.

    Args:
        site: the cluster.
        roles: ClusterRole of the virtual cluster by the role that gets a kubeconfig with it.
    """
    syncer, kubernetes = mirrored(SYNCER, site.mirror), mirrored(KUBERNETES, site.mirror)
    dns = _sizes(20, 64, 170)
    return {
        "controlPlane": {
            "distro": {
                "k8s": {
                    "image": _image(kubernetes),
                    "imagePullPolicy": "Always",
                    "securityContext": container_security(uid=NON_ROOT_UID),
                    "resources": _sizes(40, 64, 256),
                }
            },
            "backingStore": {"database": {"embedded": {"enabled": True}}},
            "coredns": {"overwriteManifests": resolver(str(mirrored(DNS, site.mirror)), dns), "deployment": {"resources": dns}},
            "statefulSet": {
                "image": _image(syncer),
                "imagePullPolicy": "Always",
                "highAvailability": {"replicas": 1},
                "resources": _sizes(200, 512, 2048),
                "security": {
                    "podSecurityContext": pod_security(NON_ROOT_UID, fs_group=NON_ROOT_UID),
                    "containerSecurityContext": {**container_security(uid=NON_ROOT_UID, read_only=False), "runAsGroup": NON_ROOT_UID},
                },
                "persistence": {"volumeClaim": {"enabled": True, "size": "5Gi"}},
                "scheduling": {
                    "nodeSelector": dict(site.node_selector or {}),
                    "tolerations": list(site.tolerations),
                    **priority(site.priority_class),
                },
                "enableServiceLinks": False,
            },
            "serviceMonitor": {"enabled": False},
        },
        # Nothing of the host but the namespace itself.
        "rbac": {"clusterRole": {"enabled": False}, "enableVolumeSnapshotRules": {"enabled": False}},
        "sync": {
            "toHost": {
                "serviceAccounts": {"enabled": True},
                "networkPolicies": {"enabled": True},
                "ingresses": {"enabled": True},
                "podDisruptionBudgets": {"enabled": True},
                "pods": {"rewriteHosts": {"enabled": False}},
            },
            "fromHost": {
                kind: {"enabled": False}
                for kind in ("csiDrivers", "csiNodes", "csiStorageCapacities", "storageClasses", "nodes", "ingressClasses")
            },
        },
        "networking": {"advanced": {"proxyKubelets": {"byHostname": False, "byIP": False}}},
        "policies": {name: {"enabled": False} for name in ("resourceQuota", "limitRange", "networkPolicy")},
        "exportKubeConfig": {
            "additionalSecrets": [
                {
                    "name": kubeconfig_secret(role),
                    "context": NAME,
                    "serviceAccount": {"name": role, "namespace": "kube-system", "clusterRole": granted},
                }
                for role, granted in (roles or {}).items()
            ]
        },
        "telemetry": {"enabled": False},
    }


def resolver(image: str, sizes: Values) -> str:
    """CoreDNS of the virtual cluster, which the syncer applies there.

    Not the manifest that comes along: its image may run from a node's cache, and the host's admission policies refuse that.
    """
    system = {"namespace": "kube-system"}
    account = {"name": "coredns", **system}
    config = f"""
    .:{_DNS_PORT} {{
        errors
        health
        ready
        kubernetes cluster.local in-addr.arpa ip6.arpa {{
            pods insecure
            fallthrough in-addr.arpa ip6.arpa
        }}
        hosts {_ETC}/NodeHosts {{
            ttl 60
            reload 15s
            fallthrough
        }}
        prometheus :9153
        forward . /etc/resolv.conf
        cache 30
        loop
        reload
        loadbalance
    }}
    """
    read = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"}
    ports = [{"name": f"dns-{kind.lower()}", "port": 53, "targetPort": _DNS_PORT, "protocol": kind} for kind in ("UDP", "TCP")]
    objects: list[dict[str, Any]] = [
        _object("v1", "ServiceAccount", account),
        _object("rbac.authorization.k8s.io/v1", "ClusterRole", {"name": role["name"]}, rules=read),
        _object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            {"name": role["name"]},
            roleRef=role,
            subjects=[{"kind": "ServiceAccount", **account}],
        ),
        _object("v1", "ConfigMap", account, data={"Corefile": config, "NodeHosts": ""}),
        _object("apps/v1", "Deployment", {**account, "labels": _DNS_LABELS}, spec=_resolver_spec(image, sizes)),
        _object("v1", "Service", {"name": "kube-dns", **system, "labels": _DNS_LABELS}, spec={"selector": _DNS_LABELS, "ports": ports}),
    ]
    return "\n---\n".join(map(json.dumps, objects))


def _resolver_spec(image: str, sizes: Values) -> Values:
    # The program carries the capability as a file, and does not start without it; the restricted level lets it have this one.
    secured = container_security(uid=NON_ROOT_UID)
    container = {
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "Always",
        "args": ["-conf", f"{_ETC}/Corefile"],
        "resources": sizes,
        "securityContext": {**secured, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
        "volumeMounts": [{"name": "config", "mountPath": _ETC, "readOnly": True}],
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "initialDelaySeconds": 60},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
    }
    pod = {
        "serviceAccountName": "coredns",
        "securityContext": pod_security(NON_ROOT_UID),
        "containers": [container],
        "dnsPolicy": "Default",
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    return {"replicas": 1, "selector": {"matchLabels": _DNS_LABELS}, "template": {"metadata": {"labels": _DNS_LABELS}, "spec": pod}}


def _object(version: str, kind: str, metadata: Values, **fields: Any) -> Values:
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def _image(image: Image) -> Values:
    return {"registry": image.registry, "repository": image.repository, "tag": image.tag}


def _sizes(cpu_millicores: int, memory_mib: int, limit_memory_mib: int) -> Values:
    """Requests and limits of all that a team's quota counts; with a limit of CPU, for the namespace's default would be lower."""
    return {
        "requests": {"cpu": f"{cpu_millicores}m", "memory": f"{memory_mib}Mi", "ephemeral-storage": "256Mi"},
        "limits": {"cpu": "2", "memory": f"{limit_memory_mib}Mi", "ephemeral-storage": "2Gi"},
    }


ADDON = Addon(
    name="vcluster",
    role=NAME,
    chart="vcluster",
    repository="https://charts.loft.sh",
    version="0.35.3",
    app_version="",
    kubernetes=KubernetesRange("1.32", "1.36", "loft-sh/vcluster at v0.35.3, pkg/constants: versions its own components are matched to"),
    namespace="vcluster",
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(outside=(443,)),
    images=(SYNCER, KUBERNETES, DNS),
    values=values,
    optional=True,
    exceptions={"readOnlyRootFilesystem": "the syncer unpacks the programs of the control plane beside its own"},
)
