"""Guard-rails for a cluster that has tenants already: most only warn at first, and what nobody can have meant is refused at once."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform
from platform_components.labels import DOMAINS

guards = platform.AdmissionPolicies(
    "shop",
    platform.AdmissionPoliciesArgs(
        mode="audit",
        policies={"external-ips": "enforce", "bindings-to-everyone": "enforce", "namespaces": "enforce"},
        registries=["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ghcr.io/acme"],
        exempt_namespaces=["ingress", "monitoring"],
    ),
)
storefront = k8s.core.v1.Namespace(
    "storefront",
    metadata={
        "name": "storefront",
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        "annotations": {DOMAINS: "shop.example.com"},
    },
)

pulumi.export("modes", guards.modes)
