"""Objects of Velero, and the drill. Pure functions on plain values.

Source: https://velero.io/docs/v1.18/api-types/.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_components.charts.addon import Image
from platform_components.charts.hardening import container_security, pod_security, resources
from platform_components.charts.records.velero import LOCATION, NAMESPACE, UID

Spec = Any
"""A piece of a Kubernetes object."""

DRILL = "restore-drill"
"""Name of the drill's objects, and of the namespace that it restores."""
RESTORED = "restore-drill-restored"
"""Namespace that it is restored to, and may be looked at until the next drill."""
CANARY = "restore-drill-canary"
"""What is restored: an object whose content is known."""
KUBECTL = Image("registry.k8s.io", "kubectl", "v1.35.0")
_RESTORE = f"restores.velero.io/{DRILL}"
_FILES = "/drill"

MANIFEST = "restore.json"


def schedule(cron: str, keep_days: int, namespaces: Sequence[str], excluded: Sequence[str], *, volumes: bool) -> Spec:
    """Spec of a Schedule."""
    named = {"includedNamespaces": list(namespaces)} if namespaces else {"includedNamespaces": ["*"], "excludedNamespaces": list(excluded)}
    template = {
        **named,
        "storageLocation": LOCATION,
        "volumeSnapshotLocations": [LOCATION],
        "snapshotVolumes": volumes,
        "ttl": f"{keep_days * 24}h0m0s",
    }
    # No backup at once: a release that is put in anew would make one each time.
    return {"schedule": cron, "skipImmediately": True, "useOwnerReferencesInBackup": False, "template": template}


def restore(schedule_name: str) -> Spec:
    """The Restore that a drill makes: of the newest good backup of a schedule, one namespace, under another name."""
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Restore",
        "metadata": {"name": DRILL, "namespace": NAMESPACE},
        "spec": {
            "scheduleName": schedule_name,
            "includedNamespaces": [DRILL],
            "namespaceMapping": {DRILL: RESTORED},
            "includeClusterResources": False,
            "restorePVs": False,
        },
    }


def drill(image: Image, cron: str, content: str) -> Spec:
    """Spec of the CronJob: clear what the last drill left, restore, wait until it is done, and compare. A step that fails fails the job.

    Args:
        image: kubectl, and no shell.
        cron: when.
        content: what the canary has to say.
    """
    steps: Mapping[str, Sequence[str]] = {
        "clear": ("delete", "namespace", RESTORED, "--ignore-not-found", "--timeout=15m"),
        "forget": ("delete", _RESTORE, f"--namespace={NAMESPACE}", "--ignore-not-found", "--timeout=5m"),
        "restore": ("create", f"--filename={_FILES}/{MANIFEST}"),
        "finish": ("wait", _RESTORE, f"--namespace={NAMESPACE}", "--for=jsonpath={.status.phase}=Completed", "--timeout=30m"),
        "compare": (
            "wait", f"configmap/{CANARY}", f"--namespace={RESTORED}", f"--for=jsonpath={{.data.content}}={content}", "--timeout=1m",
        ),
    }  # fmt: skip
    containers = [
        {
            "name": name,
            "image": str(image),
            "args": list(arguments),
            "resources": resources(10, 64, 128),
            "securityContext": container_security(uid=UID),
            "volumeMounts": [{"name": "files", "mountPath": _FILES, "readOnly": True}],
        }
        for name, arguments in steps.items()
    ]
    pod = {
        "serviceAccountName": DRILL,
        # It calls the API.
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "securityContext": pod_security(UID),
        "initContainers": containers[:-1],
        "containers": containers[-1:],
        "volumes": [{"name": "files", "configMap": {"name": DRILL}}],
    }
    return {
        "schedule": cron,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": {"backoffLimit": 0, "activeDeadlineSeconds": 3600, "template": {"spec": pod}}},
    }


NAMESPACED_RIGHTS: Sequence[Spec] = (
    {"apiGroups": ["velero.io"], "resources": ["restores"], "verbs": ["create", "list"]},
    {"apiGroups": ["velero.io"], "resources": ["restores"], "resourceNames": [DRILL], "verbs": ["get", "watch", "delete"]},
)
"""What the drill may do beside Velero: make its restore, and look after it."""

CLUSTER_RIGHTS: Sequence[Spec] = (
    {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [RESTORED], "verbs": ["get", "list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [CANARY], "verbs": ["get", "list", "watch"]},
)
"""What it may do elsewhere: clear what it restored, and read the one object that it compares."""
