"""A team's own program: its service `ledger`, in the namespace, with the account and from the repository that the platform made for it."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform

DIGEST = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

team = platform.TeamContext("payments", "prod")
ledger = team.service("ledger")
labels = {"app.kubernetes.io/name": ledger.name}

container = {
    "name": ledger.name,
    "image": pulumi.Output.concat(ledger.repository_url, ":1.4.2@", DIGEST),
    "image_pull_policy": "Always",
    "ports": [{"container_port": ledger.port}],
    # ENTRIES_ENDPOINT, ENTRIES_PORT, ENTRIES_USER, ...: where the team's data is; the pod logs in with its role.
    "env_from": [{"config_map_ref": {"name": ledger.data_config_map}}],
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
    "readiness_probe": {"http_get": {"path": "/ready", "port": ledger.port}},
    "liveness_probe": {"http_get": {"path": "/live", "port": ledger.port}},
    "security_context": {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "read_only_root_filesystem": True,
        "run_as_non_root": True,
        "run_as_user": 10001,
        "seccomp_profile": {"type": "RuntimeDefault"},
    },
}
deployment = k8s.apps.v1.Deployment(
    "ledger",
    metadata={"name": ledger.name, "namespace": team.namespace, "labels": labels},
    spec={
        "replicas": 3,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "service_account_name": ledger.service_account,
                "automount_service_account_token": False,
                "topology_spread_constraints": [
                    {
                        "max_skew": 1,
                        "topology_key": "topology.kubernetes.io/zone",
                        "when_unsatisfiable": "ScheduleAnyway",
                        "label_selector": {"match_labels": labels},
                    }
                ],
                "containers": [container],
            },
        },
    },
)
k8s.policy.v1.PodDisruptionBudget(
    "ledger",
    metadata={"name": ledger.name, "namespace": team.namespace},
    spec={"max_unavailable": 1, "selector": {"match_labels": labels}},
)
service = k8s.core.v1.Service(
    "ledger",
    metadata={"name": ledger.name, "namespace": team.namespace},
    spec={"selector": labels, "ports": [{"port": 80, "target_port": ledger.port}]},
)

pulumi.export("service", pulumi.Output.concat(service.metadata.name, ".", team.namespace, ".svc"))
pulumi.export("role_arn", ledger.role_arn)
