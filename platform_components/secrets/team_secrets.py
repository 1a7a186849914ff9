"""TeamSecrets: one team's part of the store of secrets, the same whether Vault or AWS Secrets Manager keeps them.

Builds policies, roles of each cluster's login, a role for certificates, a key for encryption, the group of the team's people, and in each
namespace a service account and a SecretStore. Does not build namespaces, nor any secret: people write those.
"""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

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
        namespaces: tuple[str, ...] = ()
        policy: pulumi.Output[str] | None = None
        if args.backend is SecretStore.VAULT:
            policy = self._vault()
            if args.server is not None:
                namespaces = self._stores({namespace: {} for namespace in args.store_access.namespaces}, {"vault": self._vault_store()})
        else:
            roles = self._aws_roles()
            namespaces = self._stores(roles, {"aws": self._aws_store()})
        self.policy_name = pulumi.Output.from_input(policy)
        self.store_name = pulumi.Output.from_input(STORE)
        self.store_namespaces = pulumi.Output.from_input(list(namespaces))
        self.register()

    def reference(self, service: str) -> SecretReference:
        """Where a service's secrets lie: the key that its ExternalSecret names."""
        path = secret_path(self._args.team, service)
        if self._args.backend is SecretStore.VAULT:
            return SecretReference(store=SecretStore.VAULT, reference=path)
        return SecretReference(store=SecretStore.AWS, reference=f"{self._args.prefix}/{path}")

    def _vault(self) -> pulumi.Output[str]:
        """Policies first: a role that names one which is not there lets people in to nothing, and nobody sees why."""
        import pulumi_vault as vault  # noqa: PLC0415 -- only with Vault

        args, team, name = self._args, self._args.team, self._name
        policy = vault.Policy(
            child_name(name, "policy"), name=workload_policy_name(team), policy=vault_policy(team, self._mounts), opts=self.child_options()
        )
        for cluster, access in args.clusters.items():
            role = team_role(team, access.namespaces, access.service_accounts, args.token_seconds)
            vault.kubernetes.AuthBackendRole(
                child_name(name, "login", cluster),
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

    def _stores(self, namespaces: Mapping[str, Mapping[str, Any]], provider: Mapping[str, Any]) -> tuple[str, ...]:
        """In each namespace the service account that reads, with its annotations, and the store that it reads for."""
        for namespace, annotations in namespaces.items():
            metadata: Any = {
                "name": READER,
                "namespace": namespace,
                "labels": owned(),
                **({"annotations": annotations} if annotations else {}),
            }
            account = k8s.core.v1.ServiceAccount(
                child_name(self._name, "reader", namespace),
                metadata=metadata,
                automount_service_account_token=False,
                opts=self.child_options(),
            )
            CustomResources(self, self._name, namespace).create(
                f"store-{namespace}",
                "external-secrets.io/v1",
                "SecretStore",
                STORE,
                {"provider": provider, "refreshInterval": 300},
                after=[account],
                labels=owned(),
            )
        return tuple(namespaces)

    def _vault_store(self) -> dict[str, Any]:
        args, server = self._args, self._args.server
        cluster = args.store_cluster or next(iter(args.clusters))
        return {
            "server": server.address if server else "",
            "path": self._mounts.kv,
            "version": "v2",
            "caProvider": {"type": "ConfigMap", "name": server.ca_config_map, "key": server.ca_key} if server else {},
            "auth": {
                "kubernetes": {
                    "mountPath": kubernetes_mount(cluster),
                    "role": args.team,
                    "serviceAccountRef": {"name": READER, "audiences": [AUDIENCE]},
                }
            },
        }

    def _aws_roles(self) -> dict[str, dict[str, Any]]:
        """A role for each namespace, through the cluster's OIDC provider: with Pod Identity every store would act as the controller."""
        args = self._args
        assert args.cluster is not None  # noqa: S101 -- the args were checked
        arn = pulumi.Output.from_input(args.cluster.arn)
        secrets = pulumi.Output.all(arn, args.region).apply(lambda at: _secrets_of(str(at[0]), str(at[1]), args.prefix, args.team))
        may = Statement(
            sid="ReadOwnSecrets", actions=("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"), resources=(secrets,)
        )
        annotations: dict[str, dict[str, Any]] = {}
        for namespace in args.store_access.namespaces:
            identity = WorkloadIdentity(
                child_name(self._name, namespace),
                WorkloadIdentityArgs(
                    cluster=args.cluster, namespace=namespace, service_account=READER, statements=(may,), mode=IdentityMode.IRSA
                ),
                self.child_options(),
            )
            annotations[namespace] = {"eks.amazonaws.com/role-arn": identity.role_arn}
        return annotations

    def _aws_store(self) -> dict[str, Any]:
        return {"service": "SecretsManager", "region": self._args.region, "auth": {"jwt": {"serviceAccountRef": {"name": READER}}}}


def _secrets_of(cluster_arn: str, region: str, prefix: str, team: str) -> str:
    """ARN of what a team may read: its name ends at a slash, so that no other team's begins with it."""
    at = place_of(cluster_arn)
    return f"arn:{at.partition}:secretsmanager:{region}:{at.account}:secret:{prefix}/{team}/*"
