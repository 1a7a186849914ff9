"""Tenant: what one team gets of one environment.

Builds the namespace with its quota, limits, NetworkPolicies and mesh rules, roles and bindings, access entries, and for each service its
account, AWS role and image repository; the budget; nodes or a virtual cluster of its own, where it has any. Does not build workloads, nor
host names: those are the team's.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from platform_components.charts.records import vcluster
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.finops.args import CostAlertsArgs
from platform_components.finops.cost_alerts import CostAlerts
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.secrets.team_secrets import TeamSecrets
from platform_components.tenancy.args import TenantArgs, namespace_of
from platform_components.tenancy.claims import reaches
from platform_components.tenancy.delivery import create_delivery
from platform_components.tenancy.entries import create_entries
from platform_components.tenancy.images import lifecycle_policy
from platform_components.tenancy.isolation import Isolation, pool_name
from platform_components.tenancy.networks import Call, Listener, authorization_policies, network_policies, virtual_cluster_policies
from platform_components.tenancy.node_pools import create_node_pool
from platform_components.tenancy.objects import CONTEXT, CatalogueService, catalogue_entities, cost_tags, namespace_metadata
from platform_components.tenancy.quotas import QUOTA_CLASSES, limits_spec, quota_spec
from platform_components.tenancy.rights import RULES, TeamRole, host_rules, subjects
from platform_components.tenancy.stores import create_connections, create_stores, data_config
from platform_components.tenancy.virtual_cluster import create_virtual_cluster
from platform_components.tenancy.watched import create_objectives, objective_name, policies

_RBAC = "rbac.authorization.k8s.io"


class Tenant(PlatformComponent):
    """A team in an environment: a namespace that is bounded, closed and its own, and what its services need around it.

    Example::

        Tenant("payments", TenantArgs(
            declaration={"team": "payments", "owners": ["@payments-leads"], "group": "sso-payments", "environments": ["prod"],
                         "services": {"ledger": {"port": 8080}}},
            environment="prod", cluster=cluster.ref()), pulumi.ResourceOptions(providers=[aws, kubernetes]))

    Nobody but the platform changes what it makes: its objects carry the platform's label, which AdmissionPolicies guards.
    """

    namespace: pulumi.Output[str]
    """Name of the namespace."""
    service_accounts: pulumi.Output[Mapping[str, str]]
    """Service accounts by service."""
    role_arns: pulumi.Output[Mapping[str, str]]
    """AWS roles by service."""
    repository_urls: pulumi.Output[Mapping[str, str]]
    """Image repositories by service."""
    budget_policies: pulumi.Output[Mapping[str, Any]]
    """Error-budget policies by service, of those that are held to an objective."""

    def __init__(self, name: str, args: TenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args, self._team = args, args.declaration
        self._called = namespace_of(self._team.team, args.environment)
        self._size = QUOTA_CLASSES[self._team.quota_in(args.environment)]
        self._namespace = self._create_namespace()
        self.namespace = self._namespace.metadata.name.apply(str)
        self._create_isolation()
        self._create_bounds()
        self._create_networks()
        for role in TeamRole:
            self._create_role(role)
        for role, access in self._team.access.items():
            create_entries(self, self._name, args, role, access, self._tags())
        identities = {service: self._create_identity(service) for service in self._team.services}
        repositories = {service: self._create_repository(service) for service in self._team.services}
        self._connections = create_stores(self, args, identities)
        create_connections(self, self._name, self._namespace, self._connections)
        self._secrets = self._create_secrets()
        self._objectives = create_objectives(self, self._name, args, self._namespace)
        create_delivery(self, self._name, args, self._namespace, self._called)
        self._create_budget()
        self.service_accounts = pulumi.Output.from_input({service: service for service in self._team.services})
        self.role_arns = pulumi.Output.all(**{service: made.role_arn for service, made in identities.items()}).apply(dict)
        self.repository_urls = pulumi.Output.all(**{service: made.repository_url for service, made in repositories.items()}).apply(dict)
        self.budget_policies = policies(self._objectives)
        self._create_context()
        self.register()

    def _create_namespace(self) -> k8s.core.v1.Namespace:
        team, domain = self._team, self._args.domain
        metadata: Any = namespace_metadata(
            self._called,
            team.team,
            team.tier.value,
            self._args.mesh,
            [*([f"{team.team}.{domain}"] if domain else []), *team.domains],
            ingress=any(service.public for service in team.services.values()),
            public=team.public_load_balancers,
            node_pool=pool_name(self._called) if self._args.isolation is Isolation.NODE_POOL else None,
        )
        return k8s.core.v1.Namespace(child_name(self._name, "namespace"), metadata=metadata, opts=self.child_options())

    def _create_isolation(self) -> None:
        args = self._args
        if args.isolation is Isolation.NODE_POOL and args.nodes is not None:
            create_node_pool(self, self._name, args.nodes, self._called, self._team.team, self._size, self._tags())
        if args.isolation is Isolation.VIRTUAL_CLUSTER and args.installation is not None:
            create_virtual_cluster(self, self._name, args.installation, self._namespace)

    def _create_bounds(self) -> None:
        # Any, here and below: the objects are written as the API has them, and the SDK types its own spelling of the fields only.
        most: Any = quota_spec(self._size)
        each: Any = limits_spec(self._size)
        k8s.core.v1.ResourceQuota(
            child_name(self._name, "quota"), metadata=self._metadata("platform"), spec=most, opts=self.child_options()
        )
        k8s.core.v1.LimitRange(child_name(self._name, "limits"), metadata=self._metadata("platform"), spec=each, opts=self.child_options())

    def _create_networks(self) -> None:
        args, egress = self._args, self._team.egress
        listeners = [
            Listener(name, service.port, tuple(namespace_of(caller, args.environment) for caller in service.callers), service.public)
            for name, service in self._team.services.items()
        ]
        calls = [
            Call(namespace_of(team, args.environment), service) for team, _, service in (call.partition("/") for call in self._team.calls)
        ]
        addresses = {str(block): ports for block, ports in egress.addresses.items()}
        kept = [
            reach
            for data in ([args.data] if args.data is not None else [])
            for name, service in self._team.services.items()
            for reach in reaches(service.needs, self._team.data, data, name)
        ]
        walls: Mapping[str, Any] = network_policies(listeners, calls, args.mesh, data=kept, internet=egress.internet, addresses=addresses)
        virtual = virtual_cluster_policies() if args.isolation is Isolation.VIRTUAL_CLUSTER else {}
        for policy, spec in {**walls, **virtual}.items():
            k8s.networking.v1.NetworkPolicy(
                child_name(self._name, policy), metadata=self._metadata(policy), spec=spec, opts=self.child_options()
            )
        rules = CustomResources(self, self._name, self._namespace.metadata.name)
        for policy, spec in authorization_policies(self._called, listeners, args.mesh).items():
            role = child_name("mesh", policy)
            rules.create(role, "security.istio.io/v1", "AuthorizationPolicy", policy, spec, labels=owned())

    def _create_role(self, role: TeamRole) -> None:
        team = self._team
        rules: Any = host_rules(role) if self._args.isolation is Isolation.VIRTUAL_CLUSTER else list(RULES[role])
        bound: Any = subjects(team.team, role, team.groups_of(role), self._args.group_prefix)
        made = k8s.rbac.v1.Role(
            child_name(self._name, role.value), metadata=self._metadata(role.value), rules=rules, opts=self.child_options()
        )
        k8s.rbac.v1.RoleBinding(
            child_name(self._name, role.value),
            metadata=self._metadata(role.value),
            role_ref={"api_group": _RBAC, "kind": "Role", "name": made.metadata.name.apply(str)},
            subjects=bound,
            opts=self.child_options(),
        )

    def _create_identity(self, service: str) -> WorkloadIdentity:
        virtual = self._args.isolation is Isolation.VIRTUAL_CLUSTER
        # In a virtual cluster it is the team's to make, in the namespace `default` there; here it then has another name.
        account = vcluster.host_name(service) if virtual else service
        identity = WorkloadIdentity(
            self._of(service),
            WorkloadIdentityArgs(cluster=self._args.cluster, namespace=self._called, service_account=account, tags=self._tags(service)),
            self.child_options(),
        )
        if not virtual:
            k8s.core.v1.ServiceAccount(
                child_name(self._of(service), "account"),
                metadata=self._metadata(service),
                automount_service_account_token=False,
                opts=self.child_options(),
            )
        return identity

    def _create_repository(self, service: str) -> aws.ecr.Repository:
        """Images of one service. Their name begins with the environment's, since environments may share an account."""
        name = child_name(self._of(service), "images")
        repository = aws.ecr.Repository(
            name,
            name=f"{self._args.environment}/{self._team.team}/{service}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "AES256"}],
            tags=self._tags(service),
            opts=self.child_options(),
        )
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=json.dumps(lifecycle_policy()), opts=self.child_options())
        return repository

    def _create_secrets(self) -> TeamSecrets | None:
        if self._args.secrets is None:
            return None
        return TeamSecrets(child_name(self._name, "secrets"), self._args.secrets, self.child_options(depends_on=[self._namespace]))

    def _create_budget(self) -> None:
        budget = self._team.budget
        if budget is None:
            return
        CostAlerts(
            child_name(self._name, "budget"),
            CostAlertsArgs(
                monthly_usd=budget.monthly_usd,
                notify=budget.notify,
                tag_key="Tenant",
                tag_value=self._called,
                anomaly_usd=None,
                topic_arn=self._args.topic_arn,
                tags=self._tags(),
            ),
            self.child_options(),
        )

    def _create_context(self) -> None:
        """What the team's own programs, and the developers' portal, read of it."""
        team = self._team
        rows = [
            CatalogueService(name, team.tier_of(name).value, service.lifecycle.value, tuple(service.needs))
            for name, service in team.services.items()
        ]
        claims = {claim: wanted.kind.value for claim, wanted in team.data.items()}
        entities = catalogue_entities(team.team, team.owners, team.tier.value, rows, claims)
        k8s.core.v1.ConfigMap(
            child_name(self._name, CONTEXT),
            metadata=self._metadata(CONTEXT),
            data={
                "context.json": pulumi.Output.json_dumps(self._context(), sort_keys=True),
                "catalog-info.yaml": "\n---\n".join(map(json.dumps, entities)),
            },
            opts=self.child_options(),
        )

    def _context(self) -> dict[str, Any]:
        services = {
            name: {
                "serviceAccount": name,
                "port": service.port,
                "roleArn": self.role_arns[name],
                "repositoryUrl": self.repository_urls[name],
                "data": {claim: one.as_inputs() for claim, one in self._connections.get(name, {}).items()},
                "dataConfigMap": data_config(name) if service.needs else None,
                "secrets": self._secrets.reference(name).as_inputs() if self._secrets is not None else None,
                "objective": objective_name(self._name, name) if name in self._objectives else None,
            }
            for name, service in self._team.services.items()
        }
        return {"team": self._team.team, "environment": self._args.environment, "namespace": self._called, "services": services}

    def _of(self, service: str) -> str:
        """Name of what belongs to a service: two hyphens, so that no other team's service can have it."""
        return f"{self._name}--{service}"

    def _metadata(self, name: str) -> Any:
        """Metadata of an object of the namespace, which it then comes after."""
        return {"name": name, "namespace": self._namespace.metadata.name, "labels": owned()}

    def _tags(self, service: str | None = None) -> dict[str, str]:
        return cost_tags(self._team.team, self._called, service, more=self._args.tags)
