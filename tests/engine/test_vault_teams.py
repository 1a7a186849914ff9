"""Twenty teams on a real Vault: each logs in with a service account of a real Kubernetes API, reads its own, and is refused the rest."""

import base64
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import hvac.exceptions
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from platform_components.charts.traffic import MONITORING
from platform_components.secrets.tenancy import AUDIENCE, alerts_role, alerts_secret
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient
from tests.engine.conftest import Repository
from tests.engine.kubernetes_api import Api
from tests.iam_evaluator import applies

CLUSTER = "https://teams.example"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
AWS_CLUSTER = {
    "name": "teams",
    "arn": "arn:aws:eks:eu-west-1:123456789012:cluster/teams",
    "oidc_issuer": f"https://{ISSUER}",
    "oidc_provider_arn": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}",
}
# Names that begin with each other's are the ones that a sloppy prefix would mix up.
TEAMS = ("pay", "payments", "pay-ments", "pay-people", "pay-alerts", *(f"team-{number:02}" for number in range(15)))
ACCOUNT = "secrets-reader"
CANARY = "canary-of-{team}"
PROGRAM = f"""
import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_vault as vault

import platform_components as platform

config = {{"current-context": "a", "contexts": [{{"name": "a", "context": {{"cluster": "a"}}}}]}}
config["clusters"] = [{{"name": "a", "cluster": {{"server": {CLUSTER!r}}}}}]
on_aws = aws.Provider("aws", region="eu-west-1")
on_cluster = k8s.Provider("cluster", kubeconfig=json.dumps(config))
space = k8s.core.v1.Namespace("shop", metadata={{"name": "shop"}}, opts=pulumi.ResourceOptions(provider=on_cluster))
kinds = platform.SecretsPlatform(
    "teams",
    platform.SecretsPlatformArgs(
        backend="aws-secrets-manager", cluster={AWS_CLUSTER!r}, environment="teams", region="eu-west-1", vpc_id="vpc-1", monitors=False
    ),
    pulumi.ResourceOptions(providers=[on_aws, on_cluster]),
)
shop = platform.TeamSecrets(
    "shop",
    platform.TeamSecretsArgs(
        team="shop",
        backend="aws-secrets-manager",
        clusters={{"teams": {{"namespaces": ["shop"]}}}},
        cluster={AWS_CLUSTER!r},
        region="eu-west-1",
    ),
    pulumi.ResourceOptions(providers=[on_aws, on_cluster], depends_on=[space, kinds]),
)
for name in (shop.reference("ledger").reference, "platform/shop-eu/ledger"):
    aws.secretsmanager.Secret(name.replace("/", "-"), name=name, opts=pulumi.ResourceOptions(provider=on_aws))

mounts = [
    vault.Mount("teams", path="teams", type="kv", options={{"version": "2"}}),
    vault.Mount("database", path="database", type="database"),
    vault.Mount("pki", path="pki", type="pki", max_lease_ttl_seconds=31536000),
    vault.Mount("transit", path="transit", type="transit"),
]
root = vault.pkisecret.SecretBackendRootCert(
    "root", backend="pki", type="internal", common_name="platform", ttl="31536000", opts=pulumi.ResourceOptions(depends_on=mounts)
)
login = vault.AuthBackend("login", type="kubernetes", path="kubernetes/teams")
config = vault.kubernetes.AuthBackendConfig("login", backend=login.path, kubernetes_host={CLUSTER!r})
after = pulumi.ResourceOptions(depends_on=[*mounts, root, config])
for team in {TEAMS!r}:
    secrets = platform.TeamSecrets(
        team,
        platform.TeamSecretsArgs(
            team=team, clusters={{"teams": {{"namespaces": [team]}}}}, domains=[f"{{team}}.internal"], alert_keys=["oncall"]
        ),
        after,
    )
    vault.kv.SecretV2(
        f"{{team}}-alerts",
        mount="teams",
        name=f"{{team}}/alerts.keys",
        data_json=json.dumps({{"oncall": {CANARY!r}.format(team=team)}}),
        opts=pulumi.ResourceOptions(depends_on=[secrets]),
    )
    vault.kv.SecretV2(
        f"{{team}}-login",
        mount="teams",
        name=f"{{team}}/ledger",
        data_json=json.dumps({{"password": {CANARY!r}.format(team=team)}}),
        opts=pulumi.ResourceOptions(depends_on=[secrets]),
    )
    connection = vault.database.SecretBackendConnection(
        f"{{team}}-orders",
        backend="database",
        name=f"{{team}}.orders",
        allowed_roles=[f"{{team}}.orders.*"],
        postgresql={{"connection_url": "postgresql://vault@127.0.0.1:1/orders", "username": "vault", "password": "x"}},
        opts=after,
    )
    vault.database.SecretBackendRole(
        f"{{team}}-orders-read",
        backend="database",
        name=f"{{team}}.orders.read",
        db_name=connection.name,
        creation_statements=["CREATE ROLE x"],
        default_ttl=3600,
    )
"""


@dataclass(frozen=True)
class Stand:
    """The Vault, the Kubernetes API and the program's repository."""

    vault: str
    root_token: str
    api: Api
    repository: Repository
    sandbox: lifecycle.Sandbox

    def client(self, token: str | None) -> hvac.Client:
        client = hvac.Client(url=self.vault, token=token or "none")
        client.session.trust_env = False
        return client

    def account_token(self, namespace: str, account: str = ACCOUNT, audience: str = AUDIENCE, seconds: int = 3600) -> str:
        """A token as the API server makes it for a pod, or for External Secrets."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        spec = {"audiences": [audience], "expirationSeconds": seconds}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = self.api.request("POST", path, {**request, "spec": spec})
        assert answer.admitted, answer.message
        return str(answer.body["status"]["token"])

    def login(self, role: str, jwt: str) -> str:
        answer = self.client(None).adapter.post("/v1/auth/kubernetes/teams/login", json={"role": role, "jwt": jwt})
        return str(answer["auth"]["client_token"])

    def asked(self, token: str, method: str, path: str, body: Any = None) -> int:
        """Status of a request; a refusal is 403."""
        client = self.client(token)
        url = f"{self.vault}/v1/{path}"
        return int(client.session.request(method, url, headers={"X-Vault-Token": token}, json=body, timeout=30).status_code)


@pytest.fixture(scope="module")
def stand(vault_program: Path, kubernetes_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    root = tmp_path_factory.mktemp("teams")
    (root / "Pulumi.yaml").write_text("name: teams\nruntime: python\n")
    (root / "__main__.py").write_text(PROGRAM)
    with lifecycle.temporary(root, "teams", lambda _: None) as sandbox:
        environ = sandbox.environ()
        repository = Repository(root, {**os.environ, **environ})
        repository.pulumi("stack", "init", "teams")
        repository.pulumi("up", "--yes", "--skip-preview", "--stack", "teams")
        found = SandboxClient(sandbox.url, timeout=180).request("GET", "vault").body
        cluster = SandboxClient(sandbox.url, timeout=180).request("GET", "kubernetes", CLUSTER).body["api"]
        api = Api(cluster["server"], cluster["certificateAuthority"], cluster["token"])
        for team in (*TEAMS, "elsewhere", MONITORING):
            for path, name, kind in (
                ("/api/v1/namespaces", team, "Namespace"),
                (f"/api/v1/namespaces/{team}/serviceaccounts", ACCOUNT, "ServiceAccount"),
                (f"/api/v1/namespaces/{team}/serviceaccounts", "another", "ServiceAccount"),
            ):
                answer = api.request("POST", path, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})
                assert answer.admitted, answer.message
        for team in TEAMS:
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": alerts_secret(team)}}
            assert api.request("POST", f"/api/v1/namespaces/{MONITORING}/serviceaccounts", account).admitted
        yield Stand(found["address"], Path(found["token_file"]).read_text(), api, repository, sandbox)
        api.close()


@pytest.fixture(scope="module")
def tokens(stand: Stand) -> dict[str, str]:
    """Each team's login, through TokenReview."""
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(TEAMS, pool.map(lambda team: stand.login(team, stand.account_token(team)), TEAMS), strict=True))


def test_every_team_reads_its_own_and_is_refused_every_others(stand: Stand, tokens: dict[str, str]) -> None:
    """400 pairs. A database role of its own is tried (no database listens: 500 or 400), another's is refused (403)."""

    def pair(one: str, other: str) -> list[str]:
        token, own = tokens[one], one == other
        encrypt = {"plaintext": "YQ=="}
        certificate = {"common_name": f"ledger.{other}.internal"}
        asked = {
            "secret": (stand.asked(token, "GET", f"teams/data/{other}/ledger"), {200}),
            "list": (stand.asked(token, "LIST", f"teams/metadata/{other}/"), {200}),
            "database": (stand.asked(token, "GET", f"database/creds/{other}.orders.read"), {400, 500}),
            "key": (stand.asked(token, "POST", f"transit/encrypt/{other}", encrypt), {200}),
            "certificate": (stand.asked(token, "POST", f"pki/issue/{other}", certificate), {200}),
        }
        return [f"{one} -> {other} {what}: {code}" for what, (code, good) in asked.items() if code not in (good if own else {403})]

    pairs = [(one, other) for one in TEAMS for other in TEAMS]
    with ThreadPoolExecutor(8) as pool:
        wrong = [line for lines in pool.map(lambda both: pair(*both), pairs) for line in lines]
    assert len(pairs) == 400
    assert wrong == []


def test_what_copies_a_teams_keys_for_alerts_reads_those_and_nothing_else(stand: Stand, tokens: dict[str, str]) -> None:
    def login(team: str, account: str) -> str:
        return stand.login(alerts_role(team, MONITORING).name, stand.account_token(MONITORING, account))

    for team in TEAMS[:5]:
        token = login(team, alerts_secret(team))
        reads = {
            path
            for one in TEAMS
            for path in (f"{one}/alerts.keys", f"{one}/ledger")
            if stand.asked(token, "GET", f"teams/data/{path}") != 403
        }
        assert reads == {f"{team}/alerts.keys"}
        assert stand.asked(token, "GET", f"database/creds/{team}.orders.read") == 403
        assert stand.client(token).auth.token.lookup_self()["data"]["policies"] == [f"team-{team}.alerts"]
    with pytest.raises(hvac.exceptions.Forbidden):
        login("payments", alerts_secret("pay"))
    with pytest.raises(hvac.exceptions.Forbidden):
        stand.login(alerts_role("pay", MONITORING).name, stand.account_token("pay"))


def test_nothing_of_the_system_is_open(stand: Stand, tokens: dict[str, str]) -> None:
    paths = ("sys/mounts", "sys/policies/acl", "sys/auth", "sys/audit", "sys/raw/core", "sys/leases/lookup/x")
    paths += ("database/config/pay.orders", "database/roles/pay.orders.read", "teams/config", "pki/roles/pay", "identity/entity/id")
    assert [(team, path) for team in TEAMS[:4] for path in paths if stand.asked(tokens[team], "GET", path) != 403] == []
    # Vault answers this one to everybody, and names only the engines in which the token may do something.
    seen = stand.client(tokens["pay"]).adapter.get("/v1/sys/internal/ui/mounts")["data"]["secret"]
    assert set(seen) <= {"teams/", "database/", "pki/", "transit/", "cubbyhole/"}
    assert stand.asked(tokens["pay"], "POST", "teams/data/pay/ledger", {"data": {"password": "x"}}) == 403
    assert stand.asked(tokens["pay"], "POST", "auth/token/create", {"policies": ["team-payments"]}) == 403
    assert stand.asked(stand.root_token, "GET", "sys/mounts") == 200


def test_a_certificate_is_of_the_teams_own_domain(stand: Stand, tokens: dict[str, str]) -> None:
    def issue(name: str) -> int:
        return stand.asked(tokens["payments"], "POST", "pki/issue/payments", {"common_name": name})

    assert issue("ledger.payments.internal") == 200
    assert [issue(name) for name in ("ledger.pay.internal", "payments.internal.example", "*.payments.internal", "localhost")] == [400] * 4


def test_a_login_lives_an_hour_at_most_and_has_its_one_policy(stand: Stand, tokens: dict[str, str]) -> None:
    found = stand.client(tokens["payments"]).auth.token.lookup_self()["data"]
    assert found["policies"] == ["team-payments"]
    assert 0 < found["ttl"] <= 3600
    assert found["explicit_max_ttl"] <= 3600


@pytest.mark.parametrize(
    ("namespace", "account", "audience"),
    [("elsewhere", ACCOUNT, AUDIENCE), ("pay", ACCOUNT, AUDIENCE), ("payments", "another", AUDIENCE), ("payments", ACCOUNT, "other")],
    ids=["another namespace", "another team", "another account", "another audience"],
)
def test_another_service_account_is_refused(stand: Stand, namespace: str, account: str, audience: str) -> None:
    jwt = stand.account_token(namespace, account, audience)
    with pytest.raises((hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized, hvac.exceptions.InternalServerError)):
        stand.login("payments", jwt)


def test_an_expired_token_is_refused(stand: Stand) -> None:
    """The API server makes none that lives less than ten minutes, so its own key signs one that is over, and the same one that is not."""
    (key,) = (stand.sandbox.directory / "kubernetes").glob("teams-example-*/accounts.key")
    good = stand.account_token("payments")
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in good.split(".")[:2])
    private: Any = load_pem_private_key(key.read_bytes(), None)
    now = int(time.time())

    def signed(**times: int) -> str:
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, {**claims, **times})]
        signature = private.sign(b".".join(parts), padding.PKCS1v15(), SHA256())
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()

    assert stand.login("payments", signed(iat=now, nbf=now, exp=now + 600))
    with pytest.raises(hvac.exceptions.Forbidden):
        stand.login("payments", signed(iat=now - 7200, nbf=now - 7200, exp=now - 3600))


def test_a_token_of_a_service_account_that_is_gone_is_refused(stand: Stand) -> None:
    token = stand.account_token("team-14")
    assert stand.login("team-14", stand.account_token("team-14"))
    assert stand.api.request("DELETE", f"/api/v1/namespaces/team-14/serviceaccounts/{ACCOUNT}").admitted
    with pytest.raises(hvac.exceptions.Forbidden):
        stand.login("team-14", token)


def test_with_aws_a_teams_role_reads_its_own_secret_and_no_other(stand: Stand) -> None:
    """What lies in AWS and in the cluster after the run: one account of one namespace may be the role, and the role may read two things."""
    account = stand.api.request("GET", f"/api/v1/namespaces/shop/serviceaccounts/{ACCOUNT}").body
    role_arn = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    iam, secrets = stand.repository.aws("iam"), stand.repository.aws("secretsmanager")
    name = role_arn.rpartition("/")[2]
    (trust,) = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"]["StringEquals"][f"{ISSUER}:sub"] == f"system:serviceaccount:shop:{ACCOUNT}"
    assert trust["Condition"]["StringEquals"][f"{ISSUER}:aud"] == "sts.amazonaws.com"
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    rules = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
    arns = {secret["Name"]: secret["ARN"] for secret in secrets.list_secrets()["SecretList"]}
    own, other = arns["platform/shop/ledger"], arns["platform/shop-eu/ledger"]
    actions = ("GetSecretValue", "DescribeSecret", "PutSecretValue", "DeleteSecret", "UpdateSecret", "ListSecretVersionIds")
    may = {
        (action, arn)
        for action in actions
        for arn in (own, other)
        if any(applies(rule, f"secretsmanager:{action}", arn, {}) for rule in rules)
    }
    assert may == {("GetSecretValue", own), ("DescribeSecret", own)}
    store = stand.api.request("GET", "/apis/external-secrets.io/v1/namespaces/shop/secretstores/team").body
    assert store["spec"]["provider"]["aws"]["auth"] == {"jwt": {"serviceAccountRef": {"name": ACCOUNT}}}


def test_vault_is_seen_and_everything_that_was_asked_is_on_record(stand: Stand) -> None:
    found = stand.sandbox.status().vault
    assert found is not None
    assert {"database/", "pki/", "teams/", "transit/"} <= set(found["engines"])
    assert found["address"].startswith("http://127.0.0.1:")
    log = Path(stand.sandbox.directory / "vault" / "audit.log")
    assert log.stat().st_mode & 0o077 == 0
    text = log.read_text()
    assert "teams/data/payments/ledger" in text
    assert CANARY.format(team="payments") not in text
