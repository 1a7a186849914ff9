"""The tenants layer: the teams of an environment, spread over as many stacks as it has shards."""

import os
from pathlib import Path

from platform_components.declarations.environment import Environment
from platform_components.declarations.team import LEFT_ALONE_VARIABLE, load_teams, shard_files
from platform_components.errors import DeclarationError
from platform_components.tenancy.args import TenantArgs, namespace_of
from platform_components.tenancy.tenant import Tenant
from stacks.contracts import TenantsOutputs
from stacks.providers import options
from stacks.upstream import Upstream

STACKS = Path(__file__).resolve().parents[1]


def build(environment: Environment, upstream: Upstream, shard: int) -> TenantsOutputs:
    """Build the tenants of one shard.

    Raises:
        DeclarationError: with what is wrong in the shard's files; those of teams that are left alone are passed over.
    """
    name, settings = environment.environment, environment.tenants
    left_alone = os.environ.get(LEFT_ALONE_VARIABLE, "").split(",")
    files = shard_files(STACKS / "teams", shard, settings.shards)
    teams = load_teams({team: path for team, path in files.items() if team not in left_alone}, root=STACKS.parent)
    if teams.problems:
        raise DeclarationError(teams.problems)
    here = [declared.team for declared in teams.sound.values() if name in declared.team.environments]
    opts = options(environment, "tenants", upstream.require("cluster", "kubeconfig"))
    login, mesh, gitops = environment.cluster.oidc_login, environment.platform.mesh, environment.platform.gitops
    topic = upstream.require("platform", "cost_alerts_topic_arn") if environment.budget is not None else None
    for team in here:
        args = TenantArgs(
            declaration=team,
            environment=name,
            cluster=upstream.cluster,
            domain=environment.domain,
            mesh=mesh.kind if mesh is not None else None,
            gitops=gitops.kind if gitops is not None else None,
            group_prefix=login.groups_prefix if login is not None else "",
            topic_arn=topic,
            tags=environment.default_tags("tenants"),
        )
        Tenant(team.team, args, opts)
    return TenantsOutputs(namespaces={team.team: namespace_of(team.team, name) for team in here})
