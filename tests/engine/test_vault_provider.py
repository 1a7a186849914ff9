"""Every resource type of the Vault provider on a real Vault: written, changed, read back, imported, replaced and deleted.

The platform's program does it with its own token, so that its policy is shown to be enough; what it may not do, it is refused.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hvac
import hvac.exceptions
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

import platform_components as platform
from platform_components.secrets.documents import PROGRAM_ROLE
from platformctl.sandbox.kubernetes.certificates import Authority
from platformctl.sandbox.plugin import Created, ProviderError, Secret, Subject
from platformctl.sandbox.server import SandboxApplication
from platformctl.sandbox.vault.provider import VaultProvider
from platformctl.sandbox.vault.server import VaultServer
from platformctl.sandbox.vault.types import ENTERPRISE, TYPES
from tests.support import deploy

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/c"
KV = "vault:kv/secretV2:SecretV2"
AUTHORITY = Authority.create("tests")
PUBLIC_KEY = AUTHORITY.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
CA = AUTHORITY.pem.decode()
POSTGRESQL = {"connectionUrl": "postgresql://v@127.0.0.1:1/o", "username": "v", "password": "x"}
RULES = 'path "teams/data/pay/*" { capabilities = ["read"] }\n'
LENGTH = 'length = 20\nrule "charset" { charset = "abc" min-chars = 1 }\n'


@dataclass(frozen=True)
class Case:
    """A resource, what is changed of it, and what makes it another one."""

    type: str
    inputs: Mapping[str, Any]
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Empty: nothing of it can be changed."""
    moved: Mapping[str, Any] = field(default_factory=dict)
    """Empty: it has no place of its own."""
    told: bool = True
    """Whether Vault tells of it again, so that it can be imported."""


# In this order each has what it needs; deleted in the reverse.
CASES = (
    Case("vault:index/policy:Policy", {"name": "team-pay", "policy": RULES}, {"policy": RULES * 2}, {"name": "team-payments"}),
    Case("vault:index/passwordPolicy:PasswordPolicy", {"name": "p", "policy": LENGTH}, {"policy": LENGTH + "\n"}, {"name": "q"}),
    Case("vault:index/mount:Mount", {"path": "teams", "type": "kv", "options": {"version": "2"}}, {"description": "x"}, {"path": "other"}),
    Case("vault:index/mount:Mount", {"path": "database", "type": "database"}, {"maxLeaseTtlSeconds": 3600}, {"type": "kv"}),
    Case("vault:index/mount:Mount", {"path": "transit", "type": "transit"}, {"description": "x"}, {"path": "other"}),
    Case("vault:index/mount:Mount", {"path": "pki", "type": "pki"}, {"maxLeaseTtlSeconds": 31536000}, {"path": "other"}),
    Case(
        "vault:index/authBackend:AuthBackend",
        {"path": "kubernetes/dev", "type": "kubernetes", "tune": {"maxLeaseTtl": "1h"}},
        {"description": "x"},
        {"path": "kubernetes/prod"},
    ),
    Case(
        "vault:kubernetes/authBackendConfig:AuthBackendConfig",
        {"backend": "kubernetes/dev", "kubernetesHost": "https://a.example", "kubernetesCaCert": CA, "disableLocalCaJwt": True},
        {"kubernetesHost": "https://b.example"},
        {"backend": "kubernetes/prod"},
    ),
    Case(
        "vault:kubernetes/authBackendRole:AuthBackendRole",
        {
            "backend": "kubernetes/dev",
            "roleName": "pay",
            "audience": "vault",
            "boundServiceAccountNames": ["reader"],
            "boundServiceAccountNamespaces": ["pay"],
            "tokenPolicies": ["team-pay"],
            "tokenTtl": 600,
        },
        {"tokenTtl": 300},
        {"roleName": "payments"},
    ),
    Case(
        "vault:jwt/authBackend:AuthBackend",
        {"path": "oidc", "type": "jwt", "jwtValidationPubkeys": [PUBLIC_KEY]},
        {"boundIssuer": "https://login.example"},
        {"path": "jwt"},
    ),
    Case(
        "vault:jwt/authBackendRole:AuthBackendRole",
        {"backend": "oidc", "roleName": "robot", "roleType": "jwt", "userClaim": "sub", "boundAudiences": ["vault"]},
        {"groupsClaim": "groups"},
        {"roleName": "person"},
    ),
    Case(
        "vault:database/secretBackendConnection:SecretBackendConnection",
        {"backend": "database", "name": "pay.orders", "allowedRoles": ["pay.orders.*"], "postgresql": POSTGRESQL},
        {"allowedRoles": ["pay.orders.*", "pay.bills.*"]},
        {"name": "payments.orders"},
    ),
    Case(
        "vault:database/secretBackendRole:SecretBackendRole",
        {"backend": "database", "name": "pay.orders.read", "dbName": "pay.orders", "creationStatements": ["CREATE ROLE x"]},
        {"defaultTtl": 600},
        {"name": "pay.orders.write"},
    ),
    Case(
        "vault:database/secretBackendStaticRole:SecretBackendStaticRole",
        {"backend": "database", "name": "pay.orders.batch", "dbName": "pay.orders", "username": "batch", "rotationPeriod": 86400},
        {"rotationPeriod": 3600},
        {"username": "other"},
        told=False,
    ),
    Case(
        "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert",
        {"backend": "pki", "type": "internal", "commonName": "internal", "ttl": "31536000"},
        moved={"commonName": "other"},
        told=False,
    ),
    Case(
        "vault:pkiSecret/secretBackendRole:SecretBackendRole",
        {"backend": "pki", "name": "pay", "allowedDomains": ["pay.internal"], "allowSubdomains": True, "maxTtl": "3600"},
        {"allowedDomains": ["pay.internal", "pay.example"]},
        {"name": "payments"},
    ),
    Case(
        "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls",
        {"backend": "pki", "issuingCertificates": ["http://a.example"]},
        {"issuingCertificates": ["http://b.example"]},
        {"backend": "other"},
    ),
    Case(
        "vault:transit/secretBackendKey:SecretBackendKey",
        {"backend": "transit", "name": "pay", "type": "aes256-gcm96", "deletionAllowed": True},
        {"minDecryptionVersion": 1, "autoRotatePeriod": 7776000},
        {"name": "payments"},
    ),
    Case("vault:index/audit:Audit", {"path": "file", "type": "file", "options": {"file_path": "stdout"}}, moved={"path": "other"}),
    Case("vault:index/quotaRateLimit:QuotaRateLimit", {"name": "platform", "path": "", "rate": 500.0}, {"rate": 400.0}, {"name": "other"}),
    Case(
        "vault:identity/group:Group",
        {"name": "team-pay", "type": "external", "policies": ["team-pay"]},
        {"policies": ["team-pay", "team-pay.people"]},
        {"type": "internal"},
    ),
)


def served(vault: VaultServer | None) -> AbstractContextManager[str]:
    """The endpoint of a sandbox's server."""
    return serving(SandboxApplication("tests", None, vault))


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Where an application answers, in this process."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def provider(url: str, *, program: bool = True) -> VaultProvider:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLATFORM_SANDBOX_URL", url)
        made = VaultProvider()
        made.configure({"authLoginAws": json.dumps({"role": PROGRAM_ROLE})} if program else {})
        return made


@dataclass(frozen=True)
class Stand:
    """A real Vault behind a sandbox's server."""

    url: str
    server: VaultServer

    def asked(self, token_file: Path, method: str, path: str, body: Any = None) -> int:
        headers = {"X-Vault-Token": token_file.read_text()}
        with requests.Session() as session:
            session.trust_env = False
            address = self.server.ensure()["address"]
            return session.request(method, f"{address}/v1/{path}", headers=headers, json=body, timeout=30).status_code


@pytest.fixture(scope="module")
def stand(vault_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    vault = VaultServer(tmp_path_factory.mktemp("vault"), vault_program)
    vault.ensure()
    with served(vault) as url:
        yield Stand(url, vault)
    vault.close()


def subject(case: Case, resource_id: str = "") -> Subject:
    name = str(case.inputs.get("name") or case.inputs.get("path") or "x")
    return Subject(f"urn:pulumi:dev::platform::{case.type}::{name}", case.type, name, resource_id)


def checked(vault: VaultProvider, case: Case, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    found = vault.check(subject(case), {}, inputs)
    assert found.failures == []
    return found.inputs


def make(vault: VaultProvider, token: str, **inputs: Any) -> dict[str, Any]:
    """A resource, with what Vault answered."""
    case = Case(token, inputs)
    made = vault.create(subject(case), checked(vault, case, inputs), preview=False)
    return {**made.outputs, "id": made.id}


def test_every_type_is_written_changed_read_imported_and_deleted_with_the_programs_own_token(stand: Stand) -> None:
    vault = provider(stand.url)
    made: list[tuple[Case, Created, Mapping[str, Any]]] = []
    for case in CASES:
        inputs = checked(vault, case, case.inputs)
        created = vault.create(subject(case), inputs, preview=False)
        here = subject(case, created.id)
        outputs = created.outputs
        if case.changed:
            news = checked(vault, case, {**case.inputs, **case.changed})
            difference = vault.diff(here, inputs, outputs, news)
            assert difference.changes, case
            assert not difference.replaces, case
            outputs = vault.update(here, inputs, outputs, news, preview=False)
            inputs = news
        if case.moved:
            assert vault.diff(here, inputs, outputs, checked(vault, case, {**inputs, **case.moved})).replaces, case
        assert not vault.diff(here, inputs, outputs, inputs).changes
        state = vault.read(here, inputs, outputs)
        assert state is not None, case
        assert state.inputs == inputs, case
        if case.told:
            imported = vault.read(here, {}, {})
            assert imported is not None, case
            assert {name: imported.inputs[name] for name in TYPES[case.type].place} == {
                name: inputs[name] for name in TYPES[case.type].place
            }
            changed = {name: imported.inputs[name] for name in case.changed if name in imported.inputs}
            assert changed.items() <= inputs.items(), case
        made.append((case, created, {**inputs, **outputs}))
    for case, created, outputs in reversed(made):
        here = subject(case, created.id)
        vault.delete(here, outputs, outputs)
        vault.delete(here, outputs, outputs)  # one that is gone is no error
        if TYPES[case.type].delete is not None and case.told:
            assert vault.read(here, case.inputs, outputs) is None, case


def test_what_only_another_resource_names_is_written_too(stand: Stand) -> None:
    """An authority below another one, and a secret: both somebody else's work than the platform's program, so root does it."""
    root = provider(stand.url, program=False)
    for path in ("root", "below"):
        make(root, "vault:index/mount:Mount", path=path, type="pki")
    module = "vault:pkiSecret/secretBackend"
    make(root, f"{module}RootCert:SecretBackendRootCert", backend="root", type="internal", commonName="root", ttl="3600")
    request = make(
        root, f"{module}IntermediateCertRequest:SecretBackendIntermediateCertRequest", backend="below", type="internal", commonName="b"
    )
    assert "BEGIN CERTIFICATE REQUEST" in request["csr"]
    signed = make(
        root, f"{module}RootSignIntermediate:SecretBackendRootSignIntermediate", backend="root", csr=request["csr"], commonName="b"
    )
    set_ = make(
        root, f"{module}IntermediateSetSigned:SecretBackendIntermediateSetSigned", backend="below", certificate=signed["certificate"]
    )
    assert len(set_["importedIssuers"]) == 1

    make(root, "vault:index/mount:Mount", path="kept", type="kv", options={"version": "2"})
    secret = {"mount": "kept", "name": "pay/ledger", "dataJson": json.dumps({"password": "x"})}
    case = Case(KV, secret)
    created = root.create(subject(case), secret, preview=False)
    imported = root.read(subject(case, created.id), {}, {})
    assert imported is not None
    assert isinstance(imported.inputs["dataJson"], Secret)
    assert json.loads(imported.inputs["dataJson"].value) == {"password": "x"}
    root.update(subject(case, created.id), secret, created.outputs, {**secret, "dataJson": "{}"}, preview=False)
    drifted = root.read(subject(case, created.id), secret, created.outputs)
    assert drifted is not None
    assert json.loads(drifted.inputs["dataJson"].value) == {}
    root.delete(subject(case, created.id), secret, created.outputs)
    assert root.read(subject(case, created.id), secret, created.outputs) is None


class IdentityProvider:
    """One that speaks OpenID Connect: discovery, keys, and an id token for whoever comes with a code."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.issuer = ""
        self.claims: dict[str, Any] = {}

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path, number = environ["PATH_INFO"], self.key.public_key().public_numbers()
        answers: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": lambda: {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
            },
            "/keys": lambda: {"keys": [{"kty": "RSA", "alg": "RS256", "kid": "1", "n": part(number.n), "e": part(number.e)}]},
            "/token": lambda: {"access_token": "x", "token_type": "Bearer", "id_token": self.signed()},
        }
        return Response(json.dumps(answers[path]()), content_type="application/json")(environ, start_response)

    def signed(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "vault", "iat": now, "exp": now + 300, **self.claims}
        parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in ({"alg": "RS256", "kid": "1"}, claims)]
        signature = self.key.sign(b".".join(parts), padding.PKCS1v15(), SHA256())
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def part(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()


def test_people_log_in_and_write_what_their_group_may(stand: Stand) -> None:
    """The whole way: discovery, code, id token, group; with the resources that SecretsPlatform and TeamSecrets register."""
    redirect = "http://localhost:8250/oidc/callback"
    provided = IdentityProvider()
    login = {"issuer": "https://login.example", "client_id": "vault", "client_secret": "x", "redirect_uris": [redirect]}

    def build() -> None:
        around: dict[str, Any] = {"cluster": {"name": "c", "arn": ARN}, "environment": "shop", "region": "eu-west-1", "vpc_id": "vpc-1"}
        start = {"program_arn": "arn:aws:iam::123456789012:role/p", "pgp_keys": ["keybase:a", "keybase:b", "keybase:c"]}
        platform.SecretsPlatform(
            "shop",
            platform.SecretsPlatformArgs.model_validate({**around, "cluster_endpoint": "https://a", "bootstrap": start, "oidc": login}),
        )
        for team in ("pay", "payments"):
            people = {"group": f"sso-{team}", "accessor": "later"}
            given = {"team": team, "clusters": {"shop": {"namespaces": [team]}}, "people": people}
            platform.TeamSecrets(team, platform.TeamSecretsArgs.model_validate(given))

    declared = deploy(build).graph
    program = provider(stand.url)
    stand.asked(stand.server.token_file, "POST", "sys/mounts/teams", {"type": "kv", "options": {"version": "2"}})
    with serving(provided) as provided.issuer:

        def registered(token: str, name: str, **other: Any) -> dict[str, Any]:
            (node,) = (node for node in declared.of_type(token) if node.name == name)
            return make(program, token, **{**node.inputs, **other})

        at = {"oidcDiscoveryUrl": provided.issuer, "oidcClientSecret": "x"}
        backend = registered("vault:jwt/authBackend:AuthBackend", "shop-people", **at)
        assert not backend["accessor"].startswith("recorded"), "Vault itself has asked the identity provider"
        registered("vault:jwt/authBackendRole:AuthBackendRole", "shop-person")
        for team in ("pay", "payments"):
            registered("vault:index/policy:Policy", f"{team}-people")
            group = registered("vault:identity/group:Group", f"{team}-group", policies=[f"team-{team}.people"])
            to = {"mountAccessor": backend["accessor"], "canonicalId": group["id"]}
            registered("vault:identity/groupAlias:GroupAlias", f"{team}-group-alias", **to)

        def comes(**claims: Any) -> str:
            """A token of Vault for somebody, by way of the browser."""
            client = hvac.Client(url=stand.server.ensure()["address"])
            client.session.trust_env = False
            asked = client.adapter.post("/v1/auth/oidc/oidc/auth_url", json={"role": "person", "redirect_uri": redirect})
            sent = parse_qs(urlsplit(asked["data"]["auth_url"]).query)
            provided.claims = {"nonce": sent["nonce"][0], **claims}
            back = client.adapter.get("/v1/auth/oidc/oidc/callback", params={"state": sent["state"][0], "code": "1"})
            return str(back["auth"]["client_token"])

        def may(token: str, path: str) -> int:
            return stand.asked(held(token), "POST", path, {"data": {"password": "x"}})

        def held(token: str) -> Path:
            file = stand.server.token_file.with_name("person")
            file.write_text(token)
            return file

        ada = comes(sub="ada", groups=["sso-pay", "others"])
        assert may(ada, "teams/data/pay/ledger") == 200
        assert may(ada, "teams/data/payments/ledger") == 403
        assert stand.asked(held(ada), "POST", "transit/decrypt/pay", {"ciphertext": "vault:v1:x"}) == 403
        # Who leaves the group there has nothing here at the next login.
        assert may(comes(sub="ada", groups=["others"]), "teams/data/pay/ledger") == 403
        with pytest.raises(hvac.exceptions.InvalidRequest):
            comes(sub="eve", groups=["sso-pay"], aud="another")


def test_the_program_is_refused_whatever_else_there_is(stand: Stand) -> None:
    """What its policy leaves out: secrets, logins, ciphers, certificates, tokens, and a policy of its own making."""
    root, program = stand.server.token_file, stand.server.program_token_file
    policy = f"sys/policies/acl/{PROGRAM_ROLE}"
    for path, body in {"mine": {"type": "kv", "options": {"version": "2"}}, "transit": {"type": "transit"}, "pki": {"type": "pki"}}.items():
        stand.asked(root, "POST", f"sys/mounts/{path.replace('mine', 'teams')}", body)
    stand.asked(root, "POST", "transit/keys/pay")
    asked: dict[str, tuple[str, Any]] = {
        "teams/data/pay/ledger": ("POST", {"data": {"a": "b"}}),
        "teams/metadata/pay/ledger": ("DELETE", None),
        "database/creds/pay.orders.read": ("GET", None),
        "database/static-creds/pay.orders.batch": ("GET", None),
        "transit/encrypt/pay": ("POST", {"plaintext": "YQ=="}),
        "transit/decrypt/pay": ("POST", {"ciphertext": "vault:v1:x"}),
        "transit/export/encryption-key/pay": ("GET", None),
        "pki/issue/pay": ("POST", {"common_name": "a.pay.internal"}),
        policy: ("PUT", {"policy": 'path "*" { capabilities = ["sudo"] }'}),
        "auth/token/create": ("POST", {"policies": [PROGRAM_ROLE]}),
        "auth/aws/role/another": ("POST", {}),
        "identity/entity": ("POST", {"policies": ["x"]}),
        "sys/seal": ("PUT", None),
        "sys/rotate": ("PUT", None),
        "sys/storage/raft/snapshot": ("GET", None),
        "sys/leases/lookup/x": ("PUT", {"lease_id": "x"}),
        "sys/plugins/catalog/database/x": ("PUT", {"command": "x", "sha256": "x"}),
    }
    assert {path: code for path, (method, body) in asked.items() if (code := stand.asked(program, method, path, body)) != 403} == {}
    # The same is possible for who may: the refusals are the policy's.
    assert stand.asked(root, "POST", "teams/data/pay/ledger", {"data": {"a": "b"}}) == 200
    assert stand.asked(root, "POST", "transit/encrypt/pay", {"plaintext": "YQ=="}) == 200
    assert stand.asked(program, "GET", "sys/mounts") == 200


def test_without_a_vault_everything_is_recorded_and_nothing_of_it_is_kept() -> None:
    secret = {"mount": "teams", "name": "pay/ledger", "dataJson": json.dumps({"password": "canary"})}
    with served(None) as url:
        vault = provider(url)
        for case in (*CASES, Case(KV, secret)):
            inputs = checked(vault, case, case.inputs)
            created = vault.create(subject(case), inputs, preview=False)
            here = subject(case, created.id)
            news = checked(vault, case, {**case.inputs, **case.changed})
            outputs = vault.update(here, inputs, created.outputs, news, preview=False)
            assert vault.read(here, news, outputs) is not None
            with pytest.raises(ProviderError, match="cannot be imported"):
                vault.read(here, {}, {})
            kept = requests.get(f"{url}/sandbox/recorded", timeout=10).text
            assert case.type in kept
            assert "canary" not in kept
            vault.delete(here, news, outputs)
            assert vault.read(here, news, outputs) is None
        assert requests.get(f"{url}/sandbox/recorded", timeout=10).json() == {}


def test_what_no_vault_of_ours_has_is_refused(stand: Stand) -> None:
    vault = provider(stand.url)

    def said(token: str, **inputs: Any) -> list[str]:
        return [f"{failure.property}: {failure.reason}" for failure in vault.check(subject(Case(token, {})), {}, inputs).failures]

    assert all("needs Vault Enterprise" in said(token)[0] for token in ENTERPRISE)
    assert said("vault:ldap/authBackend:AuthBackend")[0].startswith(": the sandbox has no resource type")
    policy = "vault:index/policy:Policy"
    assert said(policy, name="a", policy=RULES, polcy="x") == ["polcy: is not an input of vault:index/policy:Policy"]
    assert said("vault:index/mount:Mount", type="kv") == ["path: is required by vault:index/mount:Mount"]
    assert "namespace: needs Vault Enterprise" in said(policy, name="a", policy=RULES, namespace="x")[0]


def test_the_types_of_the_table_are_all_tried(stand: Stand) -> None:
    elsewhere = {
        KV,
        "vault:identity/groupAlias:GroupAlias",  # with the login of people
        "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest",
        "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate",
        "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned",
    }
    assert {case.type for case in CASES} | elsewhere == set(TYPES)
