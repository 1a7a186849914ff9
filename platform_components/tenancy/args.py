"""What a team declares of itself, what an environment says of its tenants, and what Tenant is given."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.cluster.access_args import PERMISSION_SET_PATTERN, principal_problem
from platform_components.cluster.node_pools.args import KarpenterNodes
from platform_components.cluster.pools import KarpenterPool, PoolName
from platform_components.data.connection import Access
from platform_components.declarations.translate import choices, nearest
from platform_components.delivery.args import GitUrl
from platform_components.delivery.flux import TEAM_ACCOUNT
from platform_components.finops.args import Email
from platform_components.identity.args import ClusterRef
from platform_components.names import ENVIRONMENT_PATTERN
from platform_components.observability.alerts import RUNBOOKS
from platform_components.profile import Profile
from platform_components.secrets.team_args import READER, TeamSecretsArgs
from platform_components.tenancy.alerts import TeamAlerts, TeamLogs
from platform_components.tenancy.claims import ClaimName, DataClaim, TenantData
from platform_components.tenancy.isolation import Isolation
from platform_components.tenancy.objectives import GATEWAYS, ServiceObjective, Tier
from platform_components.tenancy.placement import MAX_SHARDS, TEAMS_PER_SHARD
from platform_components.tenancy.quotas import QUOTA_CLASSES
from platform_components.tenancy.rights import TeamRole

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""Without two hyphens in a row: those stand between a team and its service, so that `a-b` with `c` is not `a` with `b-c`."""
TEAM_MAX, SERVICE_MAX = 16, 14
"""Longest names, in characters; together with what stands between them they still fit a component's (32)."""

RESERVED_TEAMS = ("default", "kube", "platform", "system")
"""Names that stand for the platform or for Kubernetes, or begin names that do."""

RESERVED_SERVICES = {
    "default": "that Kubernetes makes",
    READER: "that External Secrets reads the team's secrets as",
    TEAM_ACCOUNT: "that Flux delivers as",
}
"""Names of service accounts that a team's namespace may have beside those of its services, and whose they are."""

SHARED = IPv4Network("100.64.0.0/10")
WIDEST_PREFIX = 16
"""Widest block outside the cluster that a team may name: a /16."""


_OWNER = re.compile(r"^(@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?|[^@\s]+@[^@\s]+\.[^@\s.]+)$")


def _refusal(kind: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{message}", {"message": message})


def _check_team(name: str) -> str:
    if name.partition("-")[0] in RESERVED_TEAMS:
        raise _refusal("team_name", f"{name!r} is the platform's or Kubernetes' own; choose a name that does not begin so")
    return name


def _check_service(name: str) -> str:
    if name in RESERVED_SERVICES:
        raise _refusal("service_name", f"{name!r} is the service account {RESERVED_SERVICES[name]}; choose another name")
    return name


def _check_group(name: str) -> str:
    if name.startswith(("system:", "eks:", "platform-components")):
        raise _refusal("group", f"{name!r} begins like the platform's or Kubernetes' own groups; name the group of your login")
    return name


def _check_owner(name: str) -> str:
    if not _OWNER.fullmatch(name):
        raise _refusal("owner", f"{name[:60]!r} is nobody a review can ask; write @person, @organisation/team or an e-mail address")
    return name


def _check_some(values: tuple[str, ...]) -> tuple[str, ...]:
    # Not min_length: of a list whose entries are all wrong, that would say that it is empty, too.
    if not values:
        raise _refusal("empty", "names nobody and nothing; at least one is needed")
    return values


def _check_quota(name: str) -> str:
    if name not in QUOTA_CLASSES:
        raise _refusal("quota", f"there is no quota class {name!r}; choose from {', '.join(QUOTA_CLASSES)}")
    return name


def _check_principal(arn: str) -> str:
    if problem := principal_problem(arn):
        raise _refusal("principal", problem)
    return arn


def _check_block(block: IPv4Network) -> IPv4Network:
    if block.prefixlen < WIDEST_PREFIX:
        raise _refusal("block", f"{block} is wider than a /{WIDEST_PREFIX}; name what is called, or set internet to true")
    if block.is_link_local or block.is_loopback or block.is_multicast or block.is_unspecified:
        raise _refusal("block", f"{block} is no address of another service: it belongs to the node itself")
    return block


TeamName = Annotated[str, Field(pattern=NAME_PATTERN, min_length=2, max_length=TEAM_MAX), AfterValidator(_check_team)]
ServiceName = Annotated[str, Field(pattern=NAME_PATTERN, min_length=2, max_length=SERVICE_MAX), AfterValidator(_check_service)]
EnvironmentName = Annotated[str, Field(pattern=ENVIRONMENT_PATTERN)]
GroupName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+ -]{0,127}$"), AfterValidator(_check_group)]
Owner = Annotated[str, AfterValidator(_check_owner), Field(json_schema_extra={"pattern": _OWNER.pattern})]
"""Whom a code review asks: `@person`, `@organisation/team`, or an e-mail address."""
QuotaName = Annotated[str, AfterValidator(_check_quota), Field(json_schema_extra={"enum": list(QUOTA_CLASSES)})]
Domain = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]
Block = Annotated[IPv4Network, AfterValidator(_check_block)]
Callee = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]/[a-z][a-z0-9-]{0,12}[a-z0-9]$")]
"""A service of another team: `ledger/api`."""


class Lifecycle(StrEnum):
    """How far a service has come, as Backstage names it."""

    EXPERIMENTAL = "experimental"
    PRODUCTION = "production"
    DEPRECATED = "deprecated"


class TeamAccess(Args):
    """Who has a role in the team."""

    groups: tuple[GroupName, ...] = Field(default=(), description="Groups of the login, by the names it gives them. Omitted: none.")
    sso: str | None = Field(
        default=None,
        pattern=PERMISSION_SET_PATTERN,
        description="Permission set of IAM Identity Center that gets an EKS access entry with this role. Omitted: none.",
    )
    principal: Annotated[str, AfterValidator(_check_principal)] | None = Field(
        default=None, description="ARN of an IAM role or user that gets an EKS access entry with this role: a pipeline's. Omitted: none."
    )

    @model_validator(mode="after")
    def _somebody(self) -> "TeamAccess":
        if not self.groups and self.sso is None and self.principal is None:
            raise ValueError("names nobody; give groups, sso or principal")
        return self


class Service(Args):
    """One service of a team, in every environment of the team."""

    port: Port = Field(default=8080, description="Port its pods listen on. Omitted: 8080.")
    public: bool = Field(default=False, description="Whether the platform's gateway may call it. Omitted: no.")
    callers: tuple[TeamName, ...] = Field(
        default=(), description="Other teams that may call it; each lists it in its own `calls`, too. Omitted: none."
    )
    tier: Tier | None = Field(default=None, description="How much depends on it. Omitted: as much as on the team.")
    lifecycle: Lifecycle = Field(
        default=Lifecycle.PRODUCTION, description="How far it has come, for the developers' portal. Omitted: production."
    )
    needs: Mapping[ClaimName, Annotated[tuple[Access, ...], AfterValidator(_check_some)]] = Field(
        default={}, description="What it does with the team's data, by claim: read, write or both. Omitted: nothing with any."
    )
    slo: ServiceObjective | None = Field(
        default=ServiceObjective(),
        description="What it is held to. Omitted: of a public service behind a mesh's gateway the tier's, else nothing. null: nothing.",
    )


class Egress(Args):
    """What the team's pods may reach outside the cluster."""

    internet: bool = Field(default=False, description="Everything that is no private address. Omitted: no.")
    addresses: Mapping[Block, tuple[Port, ...]] = Field(
        default={}, description="TCP ports by IPv4 block, such as {192.168.7.0/24: [5432]}; none of the platform's network. Omitted: none."
    )


class TeamBudget(Args):
    """What a team may cost in one environment."""

    monthly_usd: float = Field(gt=0, le=10_000_000, description="Most that a month may cost in one environment, in US dollars. Required.")
    notify: tuple[Email, ...] = Field(
        default=(), max_length=10, description="E-mail addresses that AWS writes to at 50, 80 and 100 percent. Omitted: only the topic."
    )


class TeamDelivery(Args):
    """What is delivered into the team's namespaces."""

    repository: GitUrl = Field(description="Repository with the team's manifests. Required.")
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9._/-]+$", description="Branch that is delivered. Omitted: main.")
    path: str = Field(
        default=".", pattern=r"^[A-Za-z0-9._/-]+$", description="Folder that holds one folder for each environment. Omitted: its root."
    )


class Team(Args):
    """A team: what it is, who is in it, and what it runs."""

    team: TeamName = Field(description="Name of the team, and of its file. 2 to 16 lower-case letters, digits and hyphens. Required.")
    owners: Annotated[tuple[Owner, ...], AfterValidator(_check_some)] = Field(
        max_length=20, description="Who approves changes of this file: `@person`, `@organisation/team` or e-mail. Required."
    )
    group: GroupName = Field(
        description="Group of the login that everybody of the team is in: developers, and admins unless access names those. Required."
    )
    environments: Annotated[tuple[EnvironmentName, ...], AfterValidator(_check_some)] = Field(
        description="Environments it has a namespace in. Required."
    )
    access: Mapping[TeamRole, TeamAccess] = Field(default={}, description="Who else is in it, by role. Omitted: only `group`.")
    tier: Tier = Field(default=Tier.STANDARD, description="How much depends on it. Omitted: standard.")
    quota: QuotaName = Field(default="small", description="Size of its namespaces. Omitted: small.")
    quotas: Mapping[EnvironmentName, QuotaName] = Field(default={}, description="Another size by environment. Omitted: `quota` everywhere.")
    isolation: Isolation = Field(
        default=Isolation.NAMESPACE,
        description="How far it is kept from other teams: `namespace`, `node_pool` with nodes of its own, or `virtual_cluster` with a "
        "Kubernetes API of its own. Omitted: namespace.",
    )
    isolations: Mapping[EnvironmentName, Isolation] = Field(
        default={}, description="Another isolation by environment. Omitted: `isolation` everywhere."
    )
    domains: tuple[Domain, ...] = Field(
        default=(), description="DNS domains its host names lie in, beside TEAM.<the environment's domain>. Omitted: only that."
    )
    public_load_balancers: bool = Field(
        default=False, description="Whether load balancers of its own may face the internet. Omitted: no; the platform's gateway does."
    )
    services: Mapping[ServiceName, Service] = Field(default={}, max_length=40, description="What it runs, by name. Omitted: nothing yet.")
    calls: tuple[Callee, ...] = Field(
        default=(), description="Services of other teams that it calls, as TEAM/SERVICE; they list it among `callers`. Omitted: none."
    )
    data: Mapping[ClaimName, DataClaim] = Field(
        default={}, max_length=20, description="What it keeps data in, by name; services say what they need of it. Omitted: nothing."
    )
    egress: Egress = Field(default=Egress(), description="What it may reach outside the cluster. Omitted: nothing.")
    budget: TeamBudget | None = Field(default=None, description="What it may cost. Omitted: no limit of its own.")
    alerts: TeamAlerts = Field(default=TeamAlerts(), description="Who of it hears of alerts. Omitted: the platform's people.")
    logs: TeamLogs = Field(default=TeamLogs(), description="Its logs. Omitted: as everybody's.")
    delivery: TeamDelivery | None = Field(default=None, description="What is delivered from Git. Omitted: nothing; pipelines push.")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Team":
        errors = [InitErrorDetails(type=_refusal("team", message), loc=path, input=None) for path, message in own_problems(self)]
        if errors:
            raise ValidationError.from_exception_data("Team", errors)
        return self

    def quota_in(self, environment: str) -> str:
        """Its quota class in an environment."""
        return self.quotas.get(environment, self.quota)

    def tier_of(self, service: str) -> Tier:
        """How much depends on a service."""
        return self.services[service].tier or self.tier

    def isolation_in(self, environment: str) -> Isolation:
        """How far it is kept from other teams in an environment."""
        return self.isolations.get(environment, self.isolation)

    def groups_of(self, role: TeamRole) -> tuple[str, ...]:
        """Groups of the login that have a role."""
        own = self.access[role].groups if role in self.access else ()
        everybody = role is TeamRole.DEVELOPER or (role is TeamRole.ADMIN and role not in self.access)
        return tuple(dict.fromkeys((*([self.group] if everybody else []), *own)))


def own_problems(team: Team) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong between the fields of one team, and where."""
    for field in ("environments", "domains", "calls", "owners"):
        values = getattr(team, field)
        for index, value in enumerate(values):
            if value in values[:index]:
                yield (field, index), f"{value} is named twice; leave one out"
    for field in ("quotas", "isolations"):
        for environment in getattr(team, field):
            if environment not in team.environments:
                yield (field, environment), f"{team.team} has no namespace in {environment}; add it to environments, or leave this out"
    if team.delivery is not None:
        for environment in team.environments:
            if team.isolation_in(environment) is Isolation.VIRTUAL_CLUSTER:
                message = (
                    f"goes into namespaces, and in {environment} {team.team} has a virtual cluster; leave it out, and let pipelines push"
                )
                yield ("delivery",), message
    yield from _service_problems(team)
    for index, call in enumerate(team.calls):
        if call.partition("/")[0] == team.team:
            yield ("calls", index), "a team's services may call each other without being named; leave it out"


def _service_problems(team: Team) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, service in team.services.items():
        for index, caller in enumerate(service.callers):
            if caller == team.team:
                yield ("services", name, "callers", index), "a team's services may call each other without being named; leave it out"
            elif caller in service.callers[:index]:
                yield ("services", name, "callers", index), f"{caller} is named twice; leave one out"
        for claim in service.needs:
            if claim not in team.data:
                guess = nearest(claim, team.data)
                known = f"did you mean {guess}?" if guess else f"it has {choices(list(team.data)) or 'none'}"
                yield ("services", name, "needs", claim), f"{team.team} claims no data {claim!r}; {known}"


def namespace_of(team: str, environment: str) -> str:
    """Name of a team's namespace in an environment; the same nowhere else, so that logs and dashboards of clusters can be laid together."""
    return f"{team}-{environment}"


class TenantsSettings(Args):
    """Where an environment's teams lie."""

    shards: int = Field(
        default=1,
        ge=1,
        le=MAX_SHARDS,
        description="Stacks that the teams are spread over, ENV.tenants-00 and on. After a change teams are moved by "
        "`platformctl team rebalance`. Omitted: 1.",
    )
    teams_per_shard: int = Field(
        default=TEAMS_PER_SHARD,
        ge=1,
        le=200,
        description=f"Most teams of one stack; its time grows with the square of it. Omitted: {TEAMS_PER_SHARD}.",
    )
    node_pool: PoolName | None = Field(
        default=None,
        description="Karpenter pool of the cluster that the pools of teams with isolation `node_pool` are like. "
        "Omitted: the first that is not dedicated.",
    )
    quota_overcommit: float = Field(
        default=1.5, ge=1, le=10, description="How far the quotas of all teams together may go beyond the vCPUs of the pools. Omitted: 1.5."
    )


class TenantNodes(KarpenterNodes):
    """What the nodes of a team with isolation `node_pool` stand on."""

    pool: KarpenterPool = Field(
        description="Pool of the cluster that the team's is like: instances, image, disk, lifetime. Limits are the quota class's. Required."
    )


class TenantArgs(Args):
    """One team in one environment."""

    declaration: Team = Field(description="The team, as it declares itself. Required.")
    environment: EnvironmentName = Field(description="Name of the environment; the namespace is called TEAM-ENVIRONMENT. Required.")
    cluster: ClusterRef = Field(description="The cluster: `EksCluster.ref()`, or values of one built elsewhere. Required.")
    domain: str | None = Field(default=None, description="The environment's DNS domain. Omitted: only the team's own domains.")
    mesh: Literal["istio-ambient", "istio-sidecar", "linkerd"] | None = Field(
        default=None, description="Kind of the cluster's mesh, which the namespace joins. Omitted: there is none."
    )
    gitops: Literal["argo-cd", "flux"] | None = Field(
        default=None, description="Engine that delivers what the team's repository holds. Omitted: there is none; pipelines push."
    )
    runbooks: str = Field(
        default=RUNBOOKS,
        min_length=1,
        description="Address under which the runbooks of alerts lie. Omitted: their path in this repository.",
    )
    group_prefix: str = Field(default="", description="What the cluster puts before the names of a login's groups. Omitted: nothing.")
    topic_arn: Late[str] | None = Field(
        default=None, description="Topic that AWS Budgets publishes to. Omitted: one of its own, where the team has a budget."
    )
    data: TenantData | None = Field(
        default=None, description="What the environment has for the team's stores. Needed where it claims data. Omitted: nothing."
    )
    secrets: TeamSecretsArgs | None = Field(
        default=None, description="The team's part of what keeps secrets; see the page of TeamSecrets. Omitted: nothing keeps any."
    )
    objective_days: int | None = Field(
        default=None, ge=7, le=28, description="Over how many days its services' objectives are judged. Omitted: nothing watches them."
    )
    installation: InstallationArgs | None = Field(
        default=None,
        description="What the chart of its virtual cluster is told of the cluster. Needed with isolation `virtual_cluster`. Omitted: it "
        "has none.",
    )
    nodes: TenantNodes | None = Field(
        default=None, description="What nodes of its own stand on. Needed with isolation `node_pool`. Omitted: it has none."
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of what it makes in AWS. Omitted: only Team, Tenant and Service.")

    @property
    def counts_at_gateway(self) -> bool:
        """Whether the platform's gateway counts the requests of public services."""
        return self.mesh in GATEWAYS

    @property
    def isolation(self) -> Isolation:
        """How far the team is kept from others here."""
        return self.declaration.isolation_in(self.environment)

    @model_validator(mode="after")
    def _has_what_is_claimed(self) -> "TenantArgs":
        if self.declaration.data and self.data is None:
            raise ValueError(f"data is needed: {self.declaration.team} claims {', '.join(self.declaration.data)}")
        if self.isolation is Isolation.NODE_POOL and self.nodes is None:
            raise ValueError(f"nodes is needed: isolation of {self.declaration.team} in {self.environment} is node_pool")
        if self.isolation is Isolation.VIRTUAL_CLUSTER and self.installation is None:
            raise ValueError(f"installation is needed: isolation of {self.declaration.team} in {self.environment} is virtual_cluster")
        return self


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {Profile.DEV: {}, Profile.PRODUCTION: {}, Profile.REGULATED: {}}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
