"""Velero: the objects of a cluster and snapshots of its volumes, on S3 and EBS.

Chart and values: vmware-tanzu/helm-charts, charts/velero at velero-12.1.0; plugin by the table in vmware-tanzu/velero-plugin-for-aws.
"""

from dataclasses import dataclass
from typing import Any

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "1.18.1"
IMAGE = Image("docker.io", "velero/velero", f"v{APP_VERSION}")
PLUGIN = Image("docker.io", "velero/velero-plugin-for-aws", "v1.14.2")
NAMESPACE = "velero"
ACCOUNT = "velero"
LOCATION = "default"
"""Name of the one location of backups, and of the one of snapshots."""
METRICS = 8085
UID = 65532


@dataclass(frozen=True, slots=True)
class Storage:
    """Where one installation keeps backups."""

    bucket: Any = "backups"
    keep_days: int = 30
    """How long a backup is kept that says nothing of it."""


def values(site: Site, storage: Storage | None = None) -> Values:
    """One location on S3 and one on EBS, no credentials but the pod's own, and no schedules: those are objects of the component.

    Args:
        site: the cluster.
        storage: the bucket. None: one by a common name.
    """
    storage = storage or Storage()
    image, plugin = mirrored(IMAGE, site.mirror), mirrored(PLUGIN, site.mirror)
    at_aws = {"name": LOCATION, "provider": "aws", "config": {"region": site.region}}
    return {
        "fullnameOverride": "velero",
        "image": {"repository": f"{image.registry}/{image.repository}", "tag": image.tag},
        "initContainers": [
            {
                "name": "aws",
                "image": str(plugin),
                "resources": resources(10, 32, 64),
                "securityContext": container_security(uid=UID),
                "volumeMounts": [{"name": "plugins", "mountPath": "/target"}],
            }
        ],
        "resources": resources(100, 256, 1024),
        "podSecurityContext": pod_security(UID, fs_group=UID),
        "containerSecurityContext": container_security(uid=UID),
        # The job that changes definitions may do everything in the cluster; they are changed with the add-on's version instead.
        "upgradeCRDs": False,
        "cleanUpCRDs": False,
        "configuration": {
            "backupStorageLocation": [{**at_aws, "bucket": storage.bucket, "default": True}],
            "volumeSnapshotLocation": [at_aws],
            "defaultBackupTTL": f"{storage.keep_days * 24}h",
            "logFormat": "json",
        },
        "credentials": {"useSecret": False},
        "serviceAccount": {"server": {"create": True, "name": ACCOUNT}},
        "metrics": {"serviceMonitor": {"enabled": site.monitors, "autodetect": False}},
        "schedules": {},
        "tolerations": list(site.tolerations),
        "nodeSelector": dict(site.node_selector or {}),
        **priority(site.priority_class),
    }


ADDON = Addon(
    name="velero",
    role="velero",
    chart="velero",
    repository="https://vmware-tanzu.github.io/helm-charts",
    version="12.1.0",
    app_version="1.18.1",
    kubernetes=KubernetesRange("1.25", "1.36", "kubeVersion of the chart; it uses no API that a newer version removes"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(metrics=(METRICS,)),
    images=(IMAGE, PLUGIN),
    values=values,
    definitions=Definitions(("velero.io",), upgraded=False, source="the chart's crds/"),
    service_account=ACCOUNT,
    needs=("prometheus-operator-crds",),
    optional=True,
    exceptions={"replicas": "one writer; a second would only wait", "podDisruptionBudget": "one replica", "topologySpread": "one replica"},
)
