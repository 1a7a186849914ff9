"""SecretsPlatform and TeamSecrets: the order of the first start, who may do what, and both backends to one contract."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.declarations.environment import Environment
from platform_components.secrets import documents
from platform_components.secrets.reference import SecretStore
from stacks.secret_stores import team_secrets, with_vault
from stacks.upstream import Upstream
from tests.iam_evaluator import applies
from tests.support import Deployment, deploy

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/c"
ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
PROGRAM = "arn:aws:iam::123456789012:role/program"
BOOTSTRAP = {"program_arn": PROGRAM, "pgp_keys": ["keybase:a", "keybase:b", "keybase:c"]}
OIDC = {
    "issuer": "https://login.example",
    "client_id": "vault",
    "client_secret": "x",
    "redirect_uris": ["http://localhost:8250/oidc/callback"],
}
VAULT = {"cluster_endpoint": "https://api.example", "bootstrap": BOOTSTRAP}
AWS = {"backend": "aws-secrets-manager"}


def args(**more: Any) -> platform.SecretsPlatformArgs:
    around = {
        "cluster": {"name": "c", "arn": ARN},
        "environment": "shop",
        "region": "eu-west-1",
        "vpc_id": "vpc-1",
        "domain": "shop.example",
    }
    return platform.SecretsPlatformArgs.model_validate({**around, "domain": "shop.example", **more})


def built(*, preview: bool = False, **more: Any) -> Deployment[dict[str, Any]]:
    def build() -> dict[str, Any]:
        made = platform.SecretsPlatform("shop", args(**more))
        names = ("address", "oidc_accessor", "login_mount", "snapshots_bucket")
        return {name: getattr(made, name) for name in names}

    return deploy(build, preview=preview)


def statements(done: Deployment[Any], name: str) -> list[dict[str, Any]]:
    policy = done.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"]
    listed: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return listed


def before(done: Deployment[Any], urn: str) -> set[str]:
    """Everything that a resource comes after, its provider included."""
    found: set[str] = set()
    waiting = [urn]
    while waiting:
        node = done.graph.by_urn[waiting.pop()]
        further = {*node.dependencies, *([node.provider.rpartition("::")[0]] if node.provider else [])} & done.graph.by_urn.keys()
        waiting += further - found
        found |= further
    return found


def test_nothing_is_written_into_vault_before_its_first_start() -> None:
    done = built(**VAULT, oidc=OIDC)
    key, certificate = done.one("aws:kms/key:Key", "seal").urn, done.one("kubernetes:cert-manager.io:Certificate", "certificate").urn
    servers, started = done.one("kubernetes:helm.sh/v3:Release", "vault").urn, done.one("kubernetes:batch/v1:Job", "bootstrap").urn
    assert {key, certificate} <= before(done, servers)
    assert servers in before(done, started)
    written = [node for node in done.graph if node.type.startswith("vault:")]
    assert len(written) == 14
    assert [node.name for node in written if started not in before(done, node.urn)] == []


def test_a_preview_knows_every_resource_and_an_up_makes_no_other() -> None:
    assert built(preview=True, **VAULT, oidc=OIDC).shape() == built(**VAULT, oidc=OIDC).shape()
    assert built(preview=True, **AWS).shape() == built(**AWS).shape()


def test_vault_may_use_its_key_and_know_its_program_and_nothing_else() -> None:
    done = built(**VAULT)
    (unseal, known) = statements(done, "vault-server-policy")
    assert sorted(unseal["Action"]) == ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"]
    assert (known["Action"], known["Resource"]) == ("iam:GetRole", PROGRAM)
    assert not any("*" in str(one["Resource"]) for one in (unseal, known))
    objects, key = statements(done, "write-shop-vault-snapshots")
    assert set(objects["Action"]) == {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
    assert objects["Resource"].endswith("/*")
    assert set(key["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}
    assert "kms:ViaService" in str(key["Condition"])


def test_the_first_start_leaves_no_root_token_and_no_recovery_key_in_clear() -> None:
    done = built(**VAULT)
    job = done.one("kubernetes:batch/v1:Job", "bootstrap").inputs["spec"]["template"]["spec"]
    environ = {entry["name"]: entry["value"] for entry in job["containers"][0]["env"]}
    assert (environ["SHARES"], environ["THRESHOLD"], environ["PROGRAM_ARN"]) == ("3", "2", PROGRAM)
    assert environ["SERVER_ID"] == "vault.shop.example"
    script = documents.bootstrap_files()["start.sh"]
    lines = script.splitlines()
    assert lines[-1] == "vault token revoke -self", "the root token ends with the script, which stops at the first fault"
    assert lines[0] == "set -eu"
    assert "-recovery-pgp-keys=" in script
    assert not [line for line in lines if "VAULT_TOKEN" in line and "echo" in line]
    provider = done.one("pulumi:providers:vault")
    assert "token" not in provider.inputs
    login = json.loads(provider.inputs["authLoginAws"])
    assert (login["role"], login["headerValue"]) == (documents.PROGRAM_ROLE, environ["SERVER_ID"])


def test_snapshots_outlive_vault_unless_said() -> None:
    bucket = "aws:s3/bucket:Bucket"
    assert built(**VAULT).one(bucket, "shop-vault").inputs["forceDestroy"] is False
    thrown = built(**VAULT, removal="delete")
    assert thrown.one(bucket, "shop-vault").inputs["forceDestroy"] is True
    assert thrown.names(bucket) == ["shop-vault"], "no access log outlives what it tells of"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "bootstrap and cluster_endpoint are needed with backend vault"),
        ({"bootstrap": BOOTSTRAP}, "cluster_endpoint is needed with backend vault"),
        ({**AWS, "oidc": OIDC}, "oidc belong to Vault; leave them out with backend aws-secrets-manager"),
        ({**VAULT, "bootstrap": {**BOOTSTRAP, "pgp_keys": ["keybase:a"]}}, "at least 3 items"),
        ({**VAULT, "bootstrap": {**BOOTSTRAP, "threshold": 4}}, "threshold 4 is more than the 3 keys"),
        ({**VAULT, "snapshot_schedule": "hourly"}, "should match pattern"),
        ({**VAULT, "servers": 4}, "3 or 5"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_made(given: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        args(**given)


# --- AWS Secrets Manager keeps them


def team(**more: Any) -> Deployment[Any]:
    cluster = {"name": "c", "arn": ARN, "oidc_issuer": ISSUER, "oidc_provider_arn": PROVIDER}
    given = {**AWS, "team": "pay", "clusters": {"shop": {"namespaces": ["pay", "pay-batch"]}}, "cluster": cluster, "region": "eu-west-1"}
    return deploy(lambda: platform.TeamSecrets("pay", platform.TeamSecretsArgs.model_validate({**given, **more})))


def test_with_aws_there_is_no_vault_and_the_way_into_the_cluster_is_the_same() -> None:
    done = built(**AWS)
    assert not [node for node in done.graph if node.type.startswith(("vault:", "pulumi:providers:vault", "aws:"))]
    assert done.names("kubernetes:helm.sh/v3:Release") == ["shop-external-secrets", "shop-reloader"]
    assert [done.value(name) for name in ("address", "oidc_accessor", "login_mount", "snapshots_bucket")] == [None] * 4


def test_a_team_reads_its_own_secrets_of_aws_and_no_others() -> None:
    done = team()
    (may,) = statements(done, "pay-pay-policy")
    at = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
    for action, secret, allowed in (
        ("secretsmanager:GetSecretValue", "platform/pay/ledger-AbCdEf", True),
        ("secretsmanager:DescribeSecret", "platform/pay/ledger-AbCdEf", True),
        ("secretsmanager:GetSecretValue", "platform/payments/ledger-AbCdEf", False),
        ("secretsmanager:GetSecretValue", "other/pay/ledger-AbCdEf", False),
        ("secretsmanager:PutSecretValue", "platform/pay/ledger-AbCdEf", False),
        ("secretsmanager:ListSecrets", "*", False),
    ):
        assert applies(may, action, at + secret, {}) is allowed, (action, secret)
    # One role for each namespace, and each for one service account of it.
    subjects = set()
    for role in done.graph.of_type("aws:iam/role:Role"):
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Federated": PROVIDER}
        subjects.add(trust["Condition"]["StringEquals"][f"{ISSUER.removeprefix('https://')}:sub"])
    assert subjects == {"system:serviceaccount:pay:secrets-reader", "system:serviceaccount:pay-batch:secrets-reader"}


def test_a_store_is_called_the_same_whatever_keeps_the_secrets() -> None:
    def stores(done: Deployment[Any]) -> dict[tuple[str, str], Any]:
        nodes = done.graph.of_type("kubernetes:external-secrets.io:SecretStore")
        return {(node.inputs["metadata"]["namespace"], node.inputs["metadata"]["name"]): node.inputs["spec"] for node in nodes}

    by_aws = stores(team())
    by_vault = stores(team(backend="vault", cluster=None, region=None, server={"address": "https://vault.example"}))
    assert by_aws.keys() == by_vault.keys() == {("pay", "team"), ("pay-batch", "team")}
    assert {next(iter(spec["provider"])) for spec in by_aws.values()} == {"aws"}
    login = by_vault["pay", "team"]["provider"]["vault"]["auth"]["kubernetes"]
    assert (login["mountPath"], login["role"]) == ("kubernetes/shop", "pay")
    assert login["serviceAccountRef"] == {"name": "secrets-reader", "audiences": ["vault"]}


def test_what_reaches_a_teams_people_is_copied_for_alertmanager_and_by_nobody_who_sees_more() -> None:
    keys = {"alert_keys": ["oncall", "tickets"]}
    vault = {"backend": "vault", "cluster": None, "region": None, "server": {"address": "https://vault.example"}}
    for done, key in ((team(**keys), "platform/pay/alerts.keys"), (team(**keys, **vault), "pay/alerts.keys")):
        copy = done.one("kubernetes:external-secrets.io:ExternalSecret")
        assert (copy.inputs["metadata"]["namespace"], copy.inputs["metadata"]["name"]) == ("monitoring", "alerts-pay")
        assert copy.inputs["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "alerts-pay"}
        assert copy.inputs["spec"]["data"] == [
            {"secretKey": name, "remoteRef": {"key": key, "property": name}} for name in keys["alert_keys"]
        ]
        account = next(node for node in done.graph.of_type("kubernetes:core/v1:ServiceAccount") if node.name == "pay-reader-alert-keys")
        assert (account.inputs["metadata"]["namespace"], account.inputs["metadata"]["name"]) == ("monitoring", "alerts-pay")
    role = next(node for node in done.graph.of_type("vault:kubernetes/authBackendRole:AuthBackendRole") if node.name == "pay-alerts-login")
    assert (role.inputs["roleName"], role.inputs["tokenPolicies"]) == ("pay.alerts", ["team-pay.alerts"])
    assert role.inputs["boundServiceAccountNamespaces"] == ["monitoring"]
    (may,) = statements(team(**keys), "pay-alert-keys-policy")
    at = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:platform/"
    reads = "secretsmanager:GetSecretValue"
    assert applies(may, reads, f"{at}pay/alerts.keys-AbCdEf", {})
    assert not any(
        applies(may, reads, at + name, {}) for name in ("pay/ledger-AbCdEf", "pay/alerts.keys-more-AbCdEf", "pa/alerts.keys-AbCdEf")
    )
    assert team().names("kubernetes:external-secrets.io:ExternalSecret") == []


# --- what an environment says, and what a layer above is told


def environment(**secrets: Any) -> Environment:
    network = {"cidr": "10.0.0.0/16", "zones": ["euw1-az1", "euw1-az2"], "tiers": ["public", "private", "intra"]}
    irsa = {"irsa": secrets.get("backend") == "aws-secrets-manager"}
    text = {"environment": "shop", "profile": "dev", "region": "eu-west-1", "network": network, "cluster": irsa}
    return Environment.model_validate({**text, **({"secrets": secrets} if secrets else {})})


BELOW = {
    "shop.cluster": {"cluster_name": "c", "cluster_arn": ARN, "oidc_issuer": ISSUER, "oidc_provider_arn": PROVIDER},
    "shop.platform": {"secrets_address": "https://vault.example", "secrets_people_accessor": "auth_oidc_1"},
}
SAID = {"bootstrap": {"program_role": "program", "pgp_keys": ["keybase:a", "keybase:b", "keybase:c"]}}


@pytest.mark.parametrize(
    ("said", "backend", "providers"), [(SAID, SecretStore.VAULT, 1), (AWS, SecretStore.AWS, 0), ({}, None, 0)], ids=["vault", "aws", "none"]
)
def test_a_layer_above_finds_what_a_team_is_told(said: Mapping[str, Any], backend: SecretStore | None, providers: int) -> None:
    declared = environment(**said)

    def build() -> Any:
        import pulumi  # noqa: PLC0415

        upstream = Upstream("shop")
        opts = with_vault(declared, upstream, pulumi.ResourceOptions())
        given = team_secrets(declared, upstream, "pay", ["pay-shop"], group="sso-pay", domains=["pay.internal"])
        if given is not None:
            platform.TeamSecrets("pay", given, opts)
        return {"backend": given.backend if given is not None else None}

    done = deploy(build, stack="shop.tenants-00", upstream=BELOW)
    assert done.result["backend"] == backend
    assert len(list(done.graph.of_type("pulumi:providers:vault"))) == providers
    if backend is SecretStore.VAULT:
        assert done.one("pulumi:providers:vault").inputs["address"] == "https://vault.example"
        role = done.one("vault:kubernetes/authBackendRole:AuthBackendRole")
        assert (role.inputs["backend"], role.inputs["boundServiceAccountNamespaces"]) == ("kubernetes/shop", ["pay-shop"])


def test_an_environment_that_lacks_what_its_backend_needs_is_refused() -> None:
    with pytest.raises(ValidationError, match="bootstrap is needed with backend vault"):
        environment(backend="vault")
    with pytest.raises(ValidationError, match=r"set cluster\.irsa to true"):
        Environment.model_validate({**environment().model_dump(exclude_unset=True), "secrets": AWS})
