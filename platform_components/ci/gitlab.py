"""What a runner of GitLab is told of its jobs' pods, as the template of its configuration (TOML). Pure.

Source: https://docs.gitlab.com/runner/executors/kubernetes/ and https://docs.gitlab.com/runner/configuration/advanced-configuration/.
Nothing ends in `_overwrite_allowed` or `_overwrite_max_allowed`: a job cannot choose its namespace, account, node or size.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platform_components.ci.args import RunnerPool
from platform_components.ci.pods import DO_NOT_DISRUPT, GRACE_SECONDS, POOL, Mounts, node_selector, size
from platform_components.ci.toml import lines
from platform_components.labels import DEDICATED_KEY

Table = dict[str, Any]

UID = 1000
"""User of every container of a job, whatever its image says."""
POLL_SECONDS = 600
"""How long a pod may take to start: a node has to be launched for it, at times."""
_CONTAINERS = ("init_permissions", "build", "helper", "service")
_POD_PATCH = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
}
"""What the runner has no field for."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Where jobs keep what the next one uses; the manager signs each address, so that jobs need no credentials."""

    bucket: str
    region: str


def config(
    name: str, pool: RunnerPool, namespace: str, image: str, cache: Cache | None, variables: Mapping[str, str], secrets: Mounts
) -> str:
    """The template of one runner.

    Args:
        name: name of its pool.
        pool: the pool.
        namespace: where its jobs run.
        image: image of jobs that name none.
        cache: where they keep things. None: nowhere.
        variables: environment variables of every job.
        secrets: Secrets that every job has, and where.
    """
    runner: Table = {
        # Of each manager; all of them together are held by what each may have at a time.
        "limit": pool.max,
        "request_concurrency": min(10, pool.max),
        "environment": [f"{key}={value}" for key, value in variables.items()],
        "feature_flags": {"FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": True},
        "kubernetes": _kubernetes(name, pool, namespace, image, secrets),
    }
    if cache is not None:
        place = {"BucketName": cache.bucket, "BucketLocation": cache.region, "AuthenticationType": "iam"}
        runner["cache"] = {"Type": "s3", "Path": f"gitlab/{name}", "Shared": False, "s3": place}
    return "[[runners]]\n" + "".join(f"{line}\n" for line in lines(runner, "runners"))


def _kubernetes(name: str, pool: RunnerPool, namespace: str, image: str, secrets: Mounts) -> Table:
    sizes = size(pool)
    closed = {
        "run_as_user": UID,
        "run_as_non_root": True,
        "privileged": False,
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    return {
        "namespace": namespace,
        "image": image,
        "privileged": False,
        "allow_privilege_escalation": False,
        "cap_drop": ["ALL"],
        "poll_timeout": POLL_SECONDS,
        "pod_termination_grace_period_seconds": GRACE_SECONDS,
        "cpu_request": sizes["requests"]["cpu"],
        "memory_request": sizes["requests"]["memory"],
        "memory_limit": sizes["limits"]["memory"],
        "ephemeral_storage_request": sizes["requests"]["ephemeral-storage"],
        "ephemeral_storage_limit": sizes["limits"]["ephemeral-storage"],
        **{f"{part}_cpu_request": "100m" for part in ("helper", "service")},
        **{f"{part}_memory_{kind}": "512Mi" for part in ("helper", "service") for kind in ("request", "limit")},
        "node_selector": node_selector(pool),
        "node_tolerations": {f"{DEDICATED_KEY}={pool.node_pool}": "NoSchedule"},
        "pod_labels": {POOL: name},
        "pod_annotations": dict(DO_NOT_DISRUPT),
        "pod_security_context": {"run_as_user": UID, "run_as_group": UID, "fs_group": UID, "run_as_non_root": True},
        **{f"{part}_container_security_context": closed for part in _CONTAINERS},
        "volumes": {"secret": [{"name": secret, "mount_path": path, "read_only": True} for secret, path in secrets.items()]},
        "pod_spec": [{"name": "platform", "patch_type": "strategic", "patch": json.dumps(_POD_PATCH)}],
    }
