"""TeamSecrets: one team's part of the store of secrets, the same whether Vault or AWS Secrets Manager keeps them.

Builds policies, roles of each cluster's login, a role for certificates, a key for encryption, the group of the team's people, in each
namespace a service account and a SecretStore, and what copies the team's keys to Alertmanager. Does not build namespaces, nor any secret:
people write those.
"""

from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.traffic import MONITORING
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.identity.args import IdentityMode, WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.place import place_of
from platform_components.secrets.reference import SecretReference, SecretStore
from platform_components.secrets.team_args import READER, People, TeamSecretsArgs
from platform_components.secrets.tenancy import (
    AUDIENCE,
    Mounts,
    TeamRole,
    alerts_path,
    alerts_policy,
    alerts_policy_name,
    alerts_role,
    alerts_secret,
    kubernetes_mount,
    people_policy,
    people_policy_name,
    secret_path,
    team_role,
    vault_policy,
    workload_policy_name,
)

STORE: Final = "team"
"""Name of the SecretStore in each namespace of a team, whatever keeps the secrets."""
_CERTIFICATE_SECONDS: Final = 72 * 3600


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads for a SecretStore."""

    namespace: str
    account: str
    """Its service account."""
    store: str
    """Name of the SecretStore."""
    role: str
    """Its role in Vault's login."""
    reads: str
    """What it may read in AWS Secrets Manager, below the prefix."""


class TeamSecrets(PlatformComponent):
    """What one team may read and write of the platform's secrets, and nothing of another's.

    Example::

        TeamSecrets("payments", TeamSecretsArgs(
            team="payments", clusters={"prod": {"namespaces": ["payments"]}}, domains=["payments.internal"],
            server={"address": secrets.address}, people={"group": "sso-payments", "accessor": secrets.oidc_accessor}))

    An ExternalSecret in the team's namespace names `secretStoreRef: {kind: SecretStore, name: team}` and the key that `reference` gives.
    """

    policy_name: pulumi.Output[str | None]
    """Policy of the team's workloads; none with AWS Secrets Manager."""
    store_name: pulumi.Output[str]
    """Name of the SecretStore in each of the team's namespaces."""
    store_namespaces: pulumi.Output[list[str]]
    """Namespaces that have one."""

    def __init__(self, name: str, args: TeamSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._mounts = Mounts()
        policy = self._vault() if args.backend is SecretStore.VAULT else None
        namespaces = args.store_access.namespaces if args.backend is SecretStore.AWS or args.server is not None else ()
        for namespace in namespaces:
            # Ends at a slash, so that no other team's name begins with it.
            self._create_store(namespace, Reader(namespace, READER, STORE, args.team, f"{args.team}/*"))
        if namespaces and args.alert_keys:
            self._copy_alert_keys()
        self.policy_name = pulumi.Output.from_input(policy)
        self.store_name = pulumi.Output.from_input(STORE)
        self.store_namespaces = pulumi.Output.from_input(list(namespaces))
        self.register()

    def reference(self, service: str) -> SecretReference:
        """Where a service's secrets lie: the key that its ExternalSecret names."""
        return SecretReference(store=self._args.backend, reference=self._key(secret_path(self._args.team, service)))

    def _vault(self) -> pulumi.Output[str]:
        """Policies first: a role that names one which is not there lets people in to nothing, and nobody sees why."""
        import pulumi_vault as vault  # noqa: PLC0415 -- only with Vault

        args, team, name = self._args, self._args.team, self._name
        policy = vault.Policy(
            child_name(name, "policy"), name=workload_policy_name(team), policy=vault_policy(team, self._mounts), opts=self.child_options()
        )
        for cluster, access in args.clusters.items():
            role = team_role(team, access.namespaces, access.service_accounts, args.token_seconds)
            self._login(vault, child_name("login", cluster), cluster, role, policy)
        if args.alert_keys:
            alerts = vault.Policy(
                child_name(name, "alerts"),
                name=alerts_policy_name(team),
                policy=alerts_policy(team, self._mounts),
                opts=self.child_options(),
            )
            cluster = args.store_cluster or next(iter(args.clusters))
            self._login(vault, "alerts-login", cluster, alerts_role(team, MONITORING, args.token_seconds), alerts)
        vault.transit.SecretBackendKey(
            child_name(name, "key"), backend=self._mounts.transit, name=team, type="aes256-gcm96", auto_rotate_period=7776000,
            # Vault refuses to delete it, and what it encrypted could not be read without.
            opts=self.child_options(retain_on_delete=True),
        )  # fmt: skip
        if args.domains:
            self._certificates(vault)
        if args.people is not None:
            self._people(vault, args.people)
        named: pulumi.Output[str] = policy.name
        return named

    def _login(self, vault: Any, called: str, cluster: str, role: TeamRole, policy: Any) -> None:
        vault.kubernetes.AuthBackendRole(
            child_name(self._name, called),
            backend=kubernetes_mount(cluster),
            role_name=role.name,
            audience=role.audience,
            bound_service_account_names=list(role.service_accounts),
            bound_service_account_namespaces=list(role.namespaces),
            token_policies=[policy.name],
            token_no_default_policy=True,
            token_ttl=role.ttl_seconds,
            token_max_ttl=role.ttl_seconds,
            opts=self.child_options(),
        )

    def _certificates(self, vault: Any) -> None:
        vault.pkisecret.SecretBackendRole(
            child_name(self._name, "certificates"),
            backend=self._mounts.pki,
            name=self._args.team,
            allowed_domains=list(self._args.domains),
            allow_bare_domains=True,
            allow_subdomains=True,
            allow_glob_domains=False,
            allow_wildcard_certificates=False,
            allow_any_name=False,
            allow_localhost=False,
            allow_ip_sans=False,
            enforce_hostnames=True,
            key_type="ec",
            key_bits=256,
            max_ttl=str(_CERTIFICATE_SECONDS),
            opts=self.child_options(),
        )

    def _people(self, vault: Any, people: People) -> None:
        """A group of the identity provider; who leaves it there loses the right here at the next login."""
        team, name = self._args.team, self._name
        policy = vault.Policy(
            child_name(name, "people"), name=people_policy_name(team), policy=people_policy(team, self._mounts), opts=self.child_options()
        )
        group = vault.identity.Group(
            child_name(name, "group"), name=f"team-{team}", type="external", policies=[policy.name], opts=self.child_options()
        )
        vault.identity.GroupAlias(
            child_name(name, "group-alias"), name=people.group, mount_accessor=people.accessor, canonical_id=group.id,
            opts=self.child_options(),
        )  # fmt: skip

    def _create_store(self, role: str, reader: Reader) -> pulumi.Resource:
        """The service account that reads, and the store that it reads for."""
        on_aws = self._args.backend is SecretStore.AWS
        annotations = {"annotations": self._aws_role(role, reader)} if on_aws else {}
        metadata: Any = {"name": reader.account, "namespace": reader.namespace, "labels": owned(), **annotations}
        account = k8s.core.v1.ServiceAccount(
            child_name(self._name, "reader", role), metadata=metadata, automount_service_account_token=False, opts=self.child_options()
        )
        return CustomResources(self, self._name, reader.namespace).create(
            f"store-{role}",
            "external-secrets.io/v1",
            "SecretStore",
            reader.store,
            {"provider": self._aws_store(reader) if on_aws else self._vault_store(reader), "refreshInterval": 300},
            after=[account],
            labels=owned(),
        )

    def _copy_alert_keys(self) -> None:
        """What the team wrote for Alertmanager, through a reader that sees nothing else of the team's."""
        args, team = self._args, self._args.team
        called, keys = alerts_secret(team), self._key(alerts_path(team))
        # AWS puts six characters behind a name.
        reader = Reader(MONITORING, called, called, alerts_role(team, MONITORING).name, f"{alerts_path(team)}-??????")
        store = self._create_store("alert-keys", reader)
        CustomResources(self, self._name, MONITORING).create(
            "alert-keys",
            "external-secrets.io/v1",
            "ExternalSecret",
            called,
            {
                "secretStoreRef": {"kind": "SecretStore", "name": called},
                "refreshInterval": "5m",
                "target": {"name": called, "creationPolicy": "Owner"},
                "data": [{"secretKey": key, "remoteRef": {"key": keys, "property": key}} for key in args.alert_keys],
            },
            after=[store],
            labels=owned(),
        )

    def _vault_store(self, reader: Reader) -> dict[str, Any]:
        args, server = self._args, self._args.server
        assert server is not None  # noqa: S101 -- whoever calls has looked
        login = {
            "mountPath": kubernetes_mount(args.store_cluster or next(iter(args.clusters))),
            "role": reader.role,
            "serviceAccountRef": {"name": reader.account, "audiences": [AUDIENCE]},
        }
        return {
            "vault": {
                "server": server.address,
                "path": self._mounts.kv,
                "version": "v2",
                "caProvider": {"type": "ConfigMap", "name": server.ca_config_map, "key": server.ca_key},
                "auth": {"kubernetes": login},
            }
        }

    def _aws_store(self, reader: Reader) -> dict[str, Any]:
        login = {"jwt": {"serviceAccountRef": {"name": reader.account}}}
        return {"aws": {"service": "SecretsManager", "region": self._args.region, "auth": login}}

    def _aws_role(self, role: str, reader: Reader) -> dict[str, Any]:
        """A role of each reader, through the cluster's OIDC provider: with Pod Identity every store would act as the controller."""
        args = self._args
        assert args.cluster is not None  # noqa: S101 -- the args were checked
        arn = pulumi.Output.from_input(args.cluster.arn)
        secrets = pulumi.Output.all(arn, args.region).apply(lambda at: _secrets_of(str(at[0]), str(at[1]), self._key(reader.reads)))
        may = Statement(
            sid="ReadOwnSecrets", actions=("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"), resources=(secrets,)
        )
        identity = WorkloadIdentity(
            child_name(self._name, role),
            WorkloadIdentityArgs(
                cluster=args.cluster,
                namespace=reader.namespace,
                service_account=reader.account,
                statements=(may,),
                mode=IdentityMode.IRSA,
            ),
            self.child_options(),
        )
        return {"eks.amazonaws.com/role-arn": identity.role_arn}

    def _key(self, path: str) -> str:
        """A path as an ExternalSecret names it."""
        return path if self._args.backend is SecretStore.VAULT else f"{self._args.prefix}/{path}"


def _secrets_of(cluster_arn: str, region: str, names: str) -> str:
    """ARN of secrets by their names."""
    at = place_of(cluster_arn)
    return f"arn:{at.partition}:secretsmanager:{region}:{at.account}:secret:{names}"
