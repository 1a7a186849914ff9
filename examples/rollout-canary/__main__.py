"""A checkout with two objectives, whose new versions come in by canary and go back by themselves."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
modes = ("enforce", "audit", "warn")
shop = k8s.core.v1.Namespace(
    "shop", metadata={"name": "shop-prod", "labels": {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}}
)
requests = 'job="checkout"'
objectives = {
    "checkout-availability": platform.SloArgs(
        service="checkout",
        team="shop",
        objective="99.9",
        indicator={"kind": "availability", "metric": "http_requests_total", "selector": requests, "errors": 'code=~"5.."'},
    ),
    "checkout-latency": platform.SloArgs(
        service="checkout",
        team="shop",
        objective="99",
        indicator={"kind": "latency", "metric": "http_request_duration_seconds", "selector": requests, "within": "0.3"},
    ),
}
for name, objective in objectives.items():
    platform.Slo(name, objective)

checkout = platform.Rollout(
    "checkout",
    platform.RolloutArgs(
        service="checkout",
        namespace="shop-prod",
        image=IMAGE,
        replicas=4,
        objectives=objectives,
        router={"kind": "gateway-api", "hostnames": ["checkout.shop.example.com"]},
        strategy={"kind": "canary", "steps": [{"weight": 5}, {"weight": 25}, {"weight": 50, "minutes": 30}]},
    ),
    pulumi.ResourceOptions(depends_on=[shop]),
)

pulumi.export("rollout", checkout.rollout_name)
pulumi.export("service", checkout.stable_service)
