"""vault: keeps secrets, on three or five nodes that agree among themselves.

Chart and values: hashicorp/vault-helm at v0.34.1. Unsealed by a key of AWS KMS, TLS by cert-manager to the last hop, one server a zone. The
injector and the CSI provider stay off: External Secrets writes what teams read. Vault 2 is under the Business Source License, which lets a
company run it for itself.
"""

from typing import Any

from platform_components.charts.addon import Addon, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import HOST, ZONE, container_security, pod_security, priority, resources
from platform_components.charts.records.reloader import SECRET_ANNOTATION
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "2.0.4"
IMAGE = Image("public.ecr.aws", "hashicorp/vault", APP_VERSION)
"""HashiCorp's own copy there, which AWS does not count against a limit."""
NAMESPACE = "vault"
SERVICE_ACCOUNT = "vault"
TLS_SECRET = "vault-tls"  # noqa: S105 -- a name
TLS_FOLDER = "/vault/tls"
VAULT_UID = 100
"""User of the image."""
VAULT_GID = 1000
LABELS = {"app.kubernetes.io/name": "vault", "app.kubernetes.io/instance": "vault", "component": "server"}
HOSTS = ("vault", "vault.vault", "vault.vault.svc", "vault-active.vault.svc", "*.vault-internal", "*.vault-internal.vault.svc")
"""Names that its certificate is good for."""
ADDRESS = "https://vault-active.vault.svc:8200"
"""Where it answers inside the cluster: the one server that writes."""


def values(site: Site, key_id: Any = "", servers: int = 3, storage_gib: int = 20, audit_gib: int = 20) -> Values:
    """Servers that join each other, one in each zone as far as there are zones.

    Args:
        site: the cluster.
        key_id: id of the KMS key that unseals it.
        servers: how many; three outlive the loss of one, five of two.
        storage_gib: volume of each server's data.
        audit_gib: volume of each server's audit log.
    """
    image = mirrored(IMAGE, site.mirror)
    return {
        "global": {"tlsDisable": False},
        "injector": {"enabled": False, "resources": resources(50, 64, 128)},
        "csi": {"enabled": False, "resources": resources(50, 64, 128), "agent": {"enabled": False, "resources": resources(50, 64, 128)}},
        "ui": {"enabled": False},
        "server": {
            "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
            "resources": resources(500, 1024, 2048),
            **priority(site.priority_class),
            "updateStrategyType": "RollingUpdate",
            "logFormat": "json",
            "ha": {
                "enabled": True,
                "replicas": servers,
                "disruptionBudget": {"enabled": True, "maxUnavailable": 1},
                "raft": {"enabled": True, "setNodeId": True, "config": configuration(servers)},
            },
            # Hands a late value through without reading it, which a line of the configuration could not.
            "extraEnvironmentVars": {
                "VAULT_AWSKMS_SEAL_KEY_ID": key_id,
                "AWS_REGION": site.region,
                "VAULT_CACERT": f"{TLS_FOLDER}/ca.crt",
            },
            "volumes": [{"name": "tls", "secret": {"secretName": TLS_SECRET}}],
            "volumeMounts": [{"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True}],
            "dataStorage": {"enabled": True, "size": f"{storage_gib}Gi"},
            # A device that is full stops Vault, so the log has a volume of its own.
            "auditStorage": {"enabled": True, "size": f"{audit_gib}Gi"},
            # Sealed or new, it is alive, and its peers have to find it.
            "readinessProbe": {"enabled": True, "path": "/v1/sys/health?standbyok=true"},
            "livenessProbe": {"enabled": True, "path": "/v1/sys/health?standbyok=true&sealedcode=204&uninitcode=204"},
            "terminationGracePeriodSeconds": 30,
            "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
            # So that it may ask the API server whether a service account's token is good.
            "authDelegator": {"enabled": True},
            "tolerations": list(site.tolerations),
            "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
            "affinity": {},
            "topologySpreadConstraints": _apart(),
            "statefulSet": {
                # Vault reads its certificate when it starts; on a renewal the servers are replaced one after the other.
                "annotations": {SECRET_ANNOTATION: TLS_SECRET},
                "securityContext": {
                    "pod": {**pod_security(VAULT_UID, fs_group=VAULT_GID), "runAsGroup": VAULT_GID},
                    "container": container_security(read_only=False),
                },
            },
        },
        # Of the active server, the only one that tells them; who may reach the port is the namespace's policy.
        "serverTelemetry": {
            "serviceMonitor": {
                "enabled": site.monitors,
                "selectors": {"app.kubernetes.io/component": "server"},
                "tlsConfig": {"ca": {"secret": {"name": TLS_SECRET, "key": "ca.crt"}}, "serverName": "vault-active.vault.svc"},
            }
        },
    }


def configuration(servers: int) -> str:
    """Vault's own configuration; region and key of the seal come by environment."""
    joins = "".join(_JOIN.format(number=number, tls=TLS_FOLDER) for number in range(servers))
    return _CONFIGURATION.format(tls=TLS_FOLDER, joins=joins)


_CONFIGURATION = """\
ui = false
disable_mlock = true
listener "tcp" {{
  address = "[::]:8200"
  cluster_address = "[::]:8201"
  tls_cert_file = "{tls}/tls.crt"
  tls_key_file = "{tls}/tls.key"
  tls_min_version = "tls12"
  telemetry {{
    unauthenticated_metrics_access = true
  }}
}}
storage "raft" {{
  path = "/vault/data"
{joins}}}
seal "awskms" {{}}
service_registration "kubernetes" {{}}
telemetry {{
  prometheus_retention_time = "2m"
  disable_hostname = true
}}
"""
_JOIN = """\
  retry_join {{
    leader_api_addr = "https://vault-{number}.vault-internal:8200"
    leader_ca_cert_file = "{tls}/ca.crt"
  }}
"""


def _apart() -> list[dict[str, Any]]:
    """Never two on a node; over zones as evenly as the zones allow."""
    selector = {"labelSelector": {"matchLabels": LABELS}, "maxSkew": 1}
    hows = ((ZONE, "ScheduleAnyway"), (HOST, "DoNotSchedule"))
    return [{**selector, "topologyKey": key, "whenUnsatisfiable": how} for key, how in hows]


ADDON = Addon(
    name="vault",
    role="vault",
    chart="vault",
    repository="https://helm.releases.hashicorp.com",
    version="0.34.1",
    app_version="2.0.4",
    kubernetes=KubernetesRange("1.32", "1.36", "https://github.com/hashicorp/vault-helm/blob/v0.34.1/Chart.yaml (1.20 or newer)"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    # Who reads comes from any namespace and has to log in; External Secrets is the one that does.
    traffic=Traffic(metrics=(8200,), served={"external-secrets": (8200,)}),
    images=(IMAGE,),
    values=values,
    service_account=SERVICE_ACCOUNT,
    needs=("prometheus-operator-crds", "cert-manager"),
    optional=True,
    exceptions={
        "readOnlyRootFilesystem": "its entry script writes a configuration beside the volumes",
        "updates": "servers are replaced one after the other; the budget keeps a majority",
    },
)
