"""What is in Vault before the first team: logins, engines, audit, limits. Written through a provider that waits for the first start."""

import pulumi
import pulumi_vault as vault

from platform_components.charts.records import vault as chart
from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.secrets import documents
from platform_components.secrets.args import OidcLogin, SecretsPlatformArgs
from platform_components.secrets.login import vault_provider
from platform_components.secrets.tenancy import AUDIENCE, MAX_TTL_SECONDS, Mounts, kubernetes_mount

PASSWORD_POLICY = """\
length = 32
rule "charset" { charset = "abcdefghijklmnopqrstuvwxyz" min-chars = 1 }
rule "charset" { charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" min-chars = 1 }
rule "charset" { charset = "0123456789" min-chars = 1 }
rule "charset" { charset = "-_" min-chars = 1 }
"""  # noqa: S105 -- says what a password looks like
"""Passwords that Vault makes; no character of theirs means something in a connection string."""
_YEAR_SECONDS = 365 * 86400


class Content:
    """Resources of one Vault, all through one provider."""

    def __init__(self, component: PlatformComponent, name: str, args: SecretsPlatformArgs, started: pulumi.Resource) -> None:
        self._component, self._name, self._args = component, name, args
        self._mounts = Mounts()
        # Of the job's own output, so that nothing talks to Vault before it has run, whatever is changed here later.
        self.address = started.urn.apply(lambda _: chart.ADDRESS)
        self.provider = vault_provider(
            child_name(name, "vault"),
            self.address if args.address is None else args.address,
            args.environment,
            args.region,
            args.domain,
            component.child_options(depends_on=[started]),
        )
        self.mount = kubernetes_mount(args.environment)
        self._create_audit()
        self._create_engines()
        self._create_authority()
        self.login_mount, self.snapshot_role = self._create_login()
        self.oidc_accessor = self._create_people(args.oidc) if args.oidc else None
        self._create_limits()

    def _options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return self._component.child_options(provider=self.provider, depends_on=list(after))

    def _create_audit(self) -> None:
        """Two devices: Vault stops when it can write to none, and the first start has opened stdout."""
        vault.Audit(
            child_name(self._name, "audit"),
            type="file",
            path="file",
            options={"file_path": "/vault/audit/audit.log"},
            opts=self._options(),
        )

    def _create_engines(self) -> None:
        mounts = self._mounts
        engines = {mounts.kv: ("kv", {"version": "2"}), mounts.database: ("database", None), mounts.transit: ("transit", None)}
        for path, (kind, options) in engines.items():
            vault.Mount(
                child_name(self._name, "engine", path),
                path=path,
                type=kind,
                options=options,
                default_lease_ttl_seconds=MAX_TTL_SECONDS,
                max_lease_ttl_seconds=MAX_TTL_SECONDS,
                opts=self._options(),
            )
        vault.PasswordPolicy(child_name(self._name, "passwords"), name="platform", policy=PASSWORD_POLICY, opts=self._options())

    def _create_authority(self) -> None:
        """Whose certificates teams get; the key never leaves Vault."""
        mount = vault.Mount(
            child_name(self._name, "engine", self._mounts.pki),
            path=self._mounts.pki,
            type="pki",
            max_lease_ttl_seconds=10 * _YEAR_SECONDS,
            opts=self._options(),
        )
        vault.pkisecret.SecretBackendRootCert(
            child_name(self._name, "authority"),
            backend=mount.path,
            type="internal",
            common_name=self._args.pki_domain,
            ttl=str(10 * _YEAR_SECONDS),
            key_type="ec",
            key_bits=384,
            opts=self._options(mount),
        )

    def _create_login(self) -> tuple[pulumi.Output[str], pulumi.Resource]:
        """The login of this cluster's service accounts, and the one role that is not a team's: that of the snapshots."""
        backend = vault.AuthBackend(
            child_name(self._name, "login"),
            type="kubernetes",
            path=self.mount,
            tune=vault.AuthBackendTuneArgs(default_lease_ttl="1h", max_lease_ttl="1h", token_type="default-service"),  # noqa: S106
            opts=self._options(),
        )
        config = vault.kubernetes.AuthBackendConfig(
            child_name(self._name, "login-config"), backend=backend.path, kubernetes_host=self._args.cluster_endpoint or "",
            opts=self._options(backend),
        )  # fmt: skip
        policy = vault.Policy(
            child_name(self._name, "snapshot-policy"), name=documents.SNAPSHOT_ROLE, policy=documents.SNAPSHOT_POLICY, opts=self._options()
        )
        role = vault.kubernetes.AuthBackendRole(
            child_name(self._name, "snapshot-role"),
            backend=backend.path,
            role_name=documents.SNAPSHOT_ROLE,
            audience=AUDIENCE,
            bound_service_account_names=[documents.SNAPSHOTS],
            bound_service_account_namespaces=[chart.NAMESPACE],
            token_policies=[policy.name],
            token_no_default_policy=True,
            token_ttl=600,
            token_max_ttl=600,
            opts=self._options(config),
        )
        mount: pulumi.Output[str] = config.backend
        return mount, role

    def _create_people(self, login: OidcLogin) -> pulumi.Output[str]:
        """People have what their groups have, and nothing by themselves."""
        backend = vault.jwt.AuthBackend(
            child_name(self._name, "people"),
            type="oidc",
            path="oidc",
            oidc_discovery_url=login.issuer,
            oidc_client_id=login.client_id,
            oidc_client_secret=login.client_secret,
            default_role="person",
            opts=self._options(),
        )
        vault.jwt.AuthBackendRole(
            child_name(self._name, "person"),
            backend=backend.path,
            role_name="person",
            role_type="oidc",
            user_claim="sub",
            groups_claim=login.groups_claim,
            allowed_redirect_uris=list(login.redirect_uris),
            bound_audiences=[login.client_id],
            token_no_default_policy=True,
            token_ttl=MAX_TTL_SECONDS,
            token_max_ttl=MAX_TTL_SECONDS,
            opts=self._options(backend),
        )
        accessor: pulumi.Output[str] = backend.accessor
        return accessor

    def _create_limits(self) -> None:
        """One team that loops keeps nobody else waiting for long."""
        vault.QuotaRateLimit(
            child_name(self._name, "rate"), name="platform", path="", rate=float(self._args.requests_per_second), opts=self._options()
        )
