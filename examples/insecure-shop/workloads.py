"""What runs in the cluster: some of it once copied from a good example, and then changed in one place."""

from copy import deepcopy
from typing import Any

import pulumi_kubernetes as k8s

LABELS = {"app": "shop"}
IMAGE = f"public.ecr.aws/shop/shop:4.2.0@sha256:{'4' * 64}"
GOOD: dict[str, Any] = {
    "serviceAccountName": "shop",
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "shop",
            "image": IMAGE,
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
            "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}


def changed(container: dict[str, Any] | None = None, context: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
    """The good pod, changed in one place: of its container, of that one's security context, or of itself."""
    spec = deepcopy(GOOD)
    spec["containers"][0].update(container or {})
    spec["containers"][0]["securityContext"].update(context or {})
    return {**spec, **pod}


def template(spec: dict[str, Any], annotations: dict[str, str] | None = None) -> dict[str, Any]:
    """The selector and template of a workload."""
    return {
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS, "annotations": annotations or {}}, "spec": spec},
    }


def of(name: str, namespace: str = "shop") -> dict[str, Any]:
    """Metadata of an object."""
    return {"name": name, "namespace": namespace}


k8s.core.v1.Namespace("shop-namespace", metadata={"name": "shop"})
k8s.core.v1.Namespace("tools-namespace", metadata={"name": "tools", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}})
k8s.networking.v1.NetworkPolicy(
    "tools-policy", metadata=of("allow-all", "tools"), spec={"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]}
)
k8s.core.v1.ServiceAccount("default-account", metadata=of("default"), automount_service_account_token=True)

k8s.apps.v1.Deployment(
    "web",
    metadata=of("web"),
    spec=template({"containers": [{"name": "web", "image": "nginx", "env": [{"name": "DB_PASSWORD", "value": "correct-horse-battery"}]}]}),
)
k8s.apps.v1.DaemonSet(
    "agent",
    metadata=of("agent"),
    spec=template(
        changed(
            {
                "ports": [{"containerPort": 9100, "hostPort": 9100}],
                "livenessProbe": {"httpGet": {"path": "/live", "port": 9100, "host": "169.254.169.254"}},
            },
            {
                "privileged": True,
                "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]},
                "procMount": "Unmasked",
                "seccompProfile": {"type": "Unconfined"},
                "appArmorProfile": {"type": "Unconfined"},
                "seLinuxOptions": {"type": "spc_t"},
            },
            hostNetwork=True,
            securityContext={
                "runAsNonRoot": True,
                "sysctls": [{"name": "kernel.msgmax", "value": "65536"}],
                "windowsOptions": {"hostProcess": True},
            },
            volumes=[{"name": "host", "hostPath": {"path": "/"}}],
        )
    ),
)
k8s.apps.v1.StatefulSet(
    "search",
    metadata=of("search"),
    spec={
        "serviceName": "search",
        **template(changed({"envFrom": [{"secretRef": {"name": "search"}}]}, {"runAsNonRoot": False}, automountServiceAccountToken=None)),
    },
)
k8s.batch.v1.CronJob(
    "cleanup",
    metadata=of("cleanup"),
    spec={
        "schedule": "0 3 * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": changed({"image": "ghcr.io/shop/cleanup:1.0"}, {"runAsUser": 0}, restartPolicy="Never"),
                }
            }
        },
    },
)
k8s.batch.v1.Job(
    "migration",
    metadata={"name": "migration"},
    spec={"template": {"spec": changed({"resources": {}}, {"allowPrivilegeEscalation": True}, restartPolicy="Never")}},
)
k8s.apiextensions.CustomResource(
    "checkout",
    api_version="argoproj.io/v1alpha1",
    kind="Rollout",
    metadata=of("checkout"),
    spec={
        "replicas": 2,
        "strategy": {"canary": {}},
        **template(changed({"image": "public.ecr.aws/shop/checkout:latest", "livenessProbe": None, "readinessProbe": None})),
    },
)
k8s.yaml.ConfigGroup("legacy", files=["legacy.yaml"])
k8s.helm.v3.Release(
    "sessions-store",
    chart="redis",
    version="20.6.0",
    namespace="default",
    repository_opts={"repo": "https://charts.example.com"},
    values={
        "master": {
            "hostNetwork": True,
            "podSecurityContext": {"fsGroup": 1001},
            "containerSecurityContext": {"privileged": True, "runAsUser": 0},
            "extraVolumes": [{"name": "host", "hostPath": {"path": "/var/run"}}],
        },
        "metrics": {"containerSecurityContext": {"capabilities": {"add": ["NET_ADMIN"]}}},
    },
)
k8s.core.v1.Service(
    "mail",
    metadata=of("mail"),
    spec={"selector": LABELS, "ports": [{"port": 25}], "externalIPs": ["198.51.100.7"]},
)
k8s.networking.v1.Ingress(
    "site-ingress",
    metadata=of("site"),
    spec={
        "tls": [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}],
        "rules": [
            {
                "host": "shop.example.com",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]},
            },
            {
                "host": "admin.example.com",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]},
            },
        ],
    },
)

RBAC = "rbac.authorization.k8s.io"
k8s.rbac.v1.ClusterRole(
    "operator", metadata={"name": "shop-operator"}, rules=[{"apiGroups": ["*"], "resources": ["deployments"], "verbs": ["*"]}]
)
k8s.rbac.v1.Role(
    "reader", metadata=of("reader"), rules=[{"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list"]}]
)
k8s.rbac.v1.ClusterRole(
    "delegate",
    metadata={"name": "shop-delegate"},
    rules=[
        {"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["get", "bind", "escalate"]},
        {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]},
    ],
)
k8s.rbac.v1.ClusterRoleBinding(
    "admins",
    metadata={"name": "shop-admins"},
    role_ref={"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
    subjects=[{"kind": "ServiceAccount", "name": "shop", "namespace": "shop"}],
)
k8s.apiextensions.CustomResource(
    "node-class",
    api_version="karpenter.k8s.aws/v1",
    kind="EC2NodeClass",
    metadata={"name": "default"},
    spec={
        "role": "node-role",
        "amiSelectorTerms": [{"alias": "al2023@latest"}],
        "subnetSelectorTerms": [{"tags": {"karpenter.sh/discovery": "shop"}}],
        "securityGroupSelectorTerms": [{"tags": {"karpenter.sh/discovery": "shop"}}],
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": "50Gi", "volumeType": "gp2"}}],
    },
)
