"""The tenants layer: the teams of an environment, spread over as many stacks as it has shards."""

import os
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_random as random

from platform_components.charts.args import InstallationArgs
from platform_components.declarations.addresses import tier_blocks
from platform_components.declarations.environment import Environment
from platform_components.declarations.team import LEFT_ALONE_VARIABLE, fitting, load_teams, shard_files
from platform_components.errors import DeclarationError
from platform_components.secrets.team_args import TeamSecretsArgs
from platform_components.tags import merge_tags
from platform_components.tenancy.alerts import alert_keys
from platform_components.tenancy.args import Team, TenantArgs, TenantNodes, namespace_of
from platform_components.tenancy.claims import TIERS, TenantData
from platform_components.tenancy.isolation import Isolation, model_pool
from platform_components.tenancy.objectives import period_days
from platform_components.tenancy.tenant import Tenant
from stacks.contracts import TenantsOutputs
from stacks.providers import options
from stacks.secret_stores import team_secrets, with_vault
from stacks.upstream import Upstream

STACKS = Path(__file__).resolve().parents[1]


def build(environment: Environment, upstream: Upstream, shard: int) -> TenantsOutputs:
    """Build the tenants of one shard.

    Raises:
        DeclarationError: with what is wrong in the shard's files; those of teams that are left alone are passed over.
    """
    name = environment.environment
    here = _teams(environment, shard)
    opts = options(environment, "tenants", upstream.require("cluster", "kubeconfig"))
    if any(team.data for team in here):
        # Identifiers of databases.
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[random.Provider("random")]))
    if here:
        opts = with_vault(environment, upstream, opts)
    login, mesh, gitops = environment.cluster.oidc_login, environment.platform.mesh, environment.platform.gitops
    topic = upstream.require("platform", "cost_alerts_topic_arn") if environment.budget is not None else None
    made = {
        team.team: Tenant(
            team.team,
            TenantArgs(
                declaration=team,
                environment=name,
                cluster=upstream.cluster,
                domain=environment.domain,
                runbooks=environment.links.runbooks,
                mesh=mesh.kind if mesh is not None else None,
                gitops=gitops.kind if gitops is not None else None,
                group_prefix=login.groups_prefix if login is not None else "",
                topic_arn=topic,
                data=_data(environment, upstream) if team.data else None,
                secrets=_secrets(environment, upstream, team),
                objective_days=period_days(environment.observability.metrics.retention_days),
                installation=_installation(environment, upstream) if team.isolation_in(name) is Isolation.VIRTUAL_CLUSTER else None,
                nodes=_nodes(environment, upstream) if team.isolation_in(name) is Isolation.NODE_POOL else None,
                tags=environment.default_tags("tenants"),
            ),
            opts,
        )
        for team in here
    }
    return TenantsOutputs(
        namespaces={team.team: namespace_of(team.team, name) for team in here},
        budget_policies=pulumi.Output.all(**{team: tenant.budget_policies for team, tenant in made.items()}),
    )


def _teams(environment: Environment, shard: int) -> Sequence[Team]:
    left_alone = os.environ.get(LEFT_ALONE_VARIABLE, "").split(",")
    files = shard_files(STACKS / "teams", shard, environment.tenants.shards)
    teams = fitting(load_teams({team: path for team, path in files.items() if team not in left_alone}, root=STACKS.parent), environment)
    if teams.problems:
        raise DeclarationError(teams.problems)
    return [declared.team for declared in teams.sound.values() if environment.environment in declared.team.environments]


def _secrets(environment: Environment, upstream: Upstream, team: Team) -> TeamSecretsArgs | None:
    """Certificates are of the domains that the team's namespace may answer for."""
    own = [f"{team.team}.{environment.domain}"] if environment.domain else []
    namespaces = [namespace_of(team.team, environment.environment)]
    return team_secrets(
        environment,
        upstream,
        team.team,
        namespaces,
        group=team.group,
        domains=[*own, *team.domains],
        alert_keys=alert_keys(team.alerts),
    )


def _data(environment: Environment, upstream: Upstream) -> TenantData:
    """What a team's stores stand in. Blocks that IPAM hands out are not known before the network is: then its whole block is theirs."""
    network, declared = upstream.network, environment.network
    tiers = [tier for tier in TIERS.values() if tier in declared.tiers]
    return TenantData(
        vpc_id=network.vpc_id,
        security_group_id=upstream.require("cluster", "cluster_security_group_id"),
        subnet_ids={tier: network.subnets(tier) for tier in tiers},
        addresses={tier: tier_blocks(environment, tier) or (network.cidr,) for tier in tiers},
        endpoints=tier_blocks(environment, declared.endpoint_settings.tier) if declared.interface_endpoints else (),
        defaults=environment.data.defaults.written(upstream.require("data", "alarms_topic_arn") if environment.data.notify else None),
    )


def _nodes(environment: Environment, upstream: Upstream) -> TenantNodes | None:
    """What nodes of a team's own stand on; none where Karpenter has no pool they could be like."""
    cluster = environment.cluster
    pool = model_pool(cluster.all_pools, environment.tenants.node_pool)
    if pool is None:
        return None
    return TenantNodes(
        pool=pool,
        instance_profile_name=upstream.require("cluster", "karpenter_instance_profile_name"),
        security_group_id=upstream.require("cluster", "cluster_security_group_id"),
        subnet_ids=upstream.network.subnets(cluster.node_tier),
        volume_key_arn=upstream.require("cluster", "key_arn") if cluster.encryption.volumes else None,
        ip_family=cluster.kubernetes_network.ip_family,
        tags=merge_tags(environment.default_tags("tenants"), cluster.tags),
    )


def _installation(environment: Environment, upstream: Upstream) -> InstallationArgs:
    """What the chart of a virtual cluster is told of the cluster."""
    return InstallationArgs(
        cluster=upstream.cluster,
        environment=environment.environment,
        region=environment.region,
        vpc_id=upstream.network.vpc_id,
        mirror=environment.platform.mirror,
        addons=environment.platform.addons,
    )
