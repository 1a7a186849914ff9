"""Vault in an existing cluster, with two teams: each reads its own secrets, and people write them through single sign-on."""

import pulumi
import pulumi_kubernetes as k8s

import platform_components as platform

TAGS = {"Environment": "production", "Team": "shop"}
settings = pulumi.Config()
arn = settings.require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "domain": "shop.example.com",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
certificates = platform.Certificates("shop", platform.CertificatesArgs(**around), pulumi.ResourceOptions(depends_on=[kinds]))
secrets = platform.SecretsPlatform(
    "shop",
    platform.SecretsPlatformArgs(
        **around,
        tags=TAGS,
        internal_issuer=certificates.internal_issuer,
        cluster_endpoint=settings.require("endpoint"),
        bootstrap={
            "program_arn": settings.require("program"),
            # Each encrypts one recovery key; two of the three together can make a root token, and nobody else can.
            "pgp_keys": ["keybase:ada", "keybase:grace", "keybase:joan"],
        },
        oidc={
            "issuer": "https://login.example.com",
            "client_id": "vault",
            "client_secret": settings.require_secret("oidc"),
            "redirect_uris": ["http://localhost:8250/oidc/callback"],
        },
    ),
    pulumi.ResourceOptions(depends_on=[certificates]),
)
modes = ("enforce", "audit", "warn")
for team in ("payments", "orders"):
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
    namespace = k8s.core.v1.Namespace(team, metadata={"name": team, "labels": labels})
    own = platform.TeamSecrets(
        team,
        platform.TeamSecretsArgs(
            team=team,
            clusters={"shop": {"namespaces": [team]}},
            server={"address": secrets.address},
            domains=[f"{team}.internal"],
            people={"group": f"sso-{team}", "accessor": secrets.oidc_accessor},
        ),
        pulumi.ResourceOptions(providers=[secrets.provider], depends_on=[secrets, namespace]),
    )
    pulumi.export(f"{team}-ledger", own.reference("ledger").reference)

pulumi.export("address", secrets.address)
