"""The pods of a released service, and the services before them: the same for every controller."""

from typing import Any

from platform_components.charts.hardening import container_security, pod_security, resources, spread
from platform_components.delivery.rollout_args import RolloutArgs
from platform_components.profile import with_defaults
from platform_components.tenancy.networks import SERVICE_LABEL

Spec = dict[str, Any]

APP: str = "app"
"""Label by which a controller knows the pods; Flagger gives it another value on those it makes itself, and leaves `SERVICE_LABEL` alone,
by which NetworkPolicies know them."""


def labels(service: str) -> dict[str, str]:
    """Labels of the pods."""
    return {APP: service, SERVICE_LABEL: service}


def template(args: RolloutArgs) -> Spec:
    """The pod template: at Pod Security's level restricted, spread over zones and nodes."""
    container: Spec = {
        "name": args.service,
        "image": args.image,
        "imagePullPolicy": "Always",
        "ports": [{"name": "http", "containerPort": args.port}],
        "env": [{"name": name, "value": value} for name, value in args.variables.items()],
        "resources": resources(args.cpu_millicores, args.memory_mib),
        "securityContext": container_security(),
        "livenessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 10, "failureThreshold": 6},
    }
    if args.health_path is not None:
        container["readinessProbe"] = {"httpGet": {"path": args.health_path, "port": "http"}, "periodSeconds": 5}
    spec: Spec = {
        "containers": [container],
        "securityContext": pod_security(),
        "automountServiceAccountToken": False,
        "topologySpreadConstraints": spread({SERVICE_LABEL: args.service}),
    }
    if args.service_account is not None:
        spec["serviceAccountName"] = args.service_account
    return {"metadata": {"labels": labels(args.service)}, "spec": with_defaults(spec, args.pod)}


def service(args: RolloutArgs) -> Spec:
    """A service before them; the controller narrows it to the pods of one version."""
    return {
        "selector": {APP: args.service},
        "ports": [{"name": "http", "port": args.port, "targetPort": "http", "appProtocol": "http"}],
    }
