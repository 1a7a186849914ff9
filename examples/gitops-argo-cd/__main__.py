"""Argo CD in an existing cluster: people log in with their own accounts, and a team delivers into its own namespace only."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "domain": "shop.example.com",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
modes = ("enforce", "audit", "warn")
payments = k8s.core.v1.Namespace(
    "payments", metadata={"name": "payments", "labels": {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}}
)
gitops = platform.GitOps(
    "shop",
    platform.GitOpsArgs(
        **around,
        engine={
            "kind": "argo-cd",
            "repository": "git@git.example.com:platform/apps.git",
            "single_sign_on": {
                "issuer": "https://login.example.com",
                "client_id": "argocd",
                "client_secret": {"name": "argocd-sso", "key": "client-secret"},
                "admin_groups": ["sso-platform"],
            },
            "teams": {
                "payments": {
                    "repositories": ["https://git.example.com/payments/deploy"],
                    "namespaces": ["payments"],
                    "groups": ["sso-payments"],
                    # Nothing changes from Friday afternoon until Monday morning.
                    "windows": [{"kind": "deny", "schedule": "0 16 * * 5", "hours": 64}],
                },
            },
        },
    ),
    pulumi.ResourceOptions(depends_on=[kinds, payments]),
)

pulumi.export("namespace", gitops.namespace)
pulumi.export("projects", gitops.project_names)
