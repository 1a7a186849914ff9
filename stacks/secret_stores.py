"""What the layers above the platform need of its secrets: the provider that writes into Vault, and what each team's part is told."""

from collections.abc import Sequence
from typing import Any

import pulumi

from platform_components.declarations.environment import Environment
from platform_components.identity.args import ClusterRef
from platform_components.secrets.login import vault_provider
from platform_components.secrets.reference import SecretStore
from platform_components.secrets.team_args import TeamSecretsArgs
from stacks.upstream import Upstream


def with_vault(environment: Environment, upstream: Upstream, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """A layer's options with the provider of Vault among them, where the environment has one."""
    settings = environment.secrets
    if settings is None or settings.backend is not SecretStore.VAULT:
        return opts
    address = settings.address if settings.address is not None else upstream.require("platform", "secrets_address")
    provider = vault_provider("vault", address, environment.environment, environment.region, environment.domain)
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[provider]))


def team_secrets(
    environment: Environment,
    upstream: Upstream,
    team: str,
    namespaces: Sequence[str],
    *,
    group: str | None = None,
    domains: Sequence[str] = (),
    alert_keys: Sequence[str] = (),
) -> TeamSecretsArgs | None:
    """What a team's `TeamSecrets` is told in this environment; None where nothing keeps secrets.

    Args:
        environment: the environment.
        upstream: the layers below.
        team: name of the team.
        namespaces: its namespaces, which have to be there.
        group: group of the identity provider whose people write its secrets; nobody does where people do not log in.
        domains: domains that it may have certificates of.
        alert_keys: keys of what reaches its people when an alert fires.
    """
    settings = environment.secrets
    if settings is None:
        return None
    given: dict[str, Any] = {
        "team": team,
        "backend": settings.backend,
        "alert_keys": tuple(alert_keys),
        "clusters": {environment.environment: {"namespaces": tuple(namespaces)}},
    }
    if settings.backend is SecretStore.AWS:
        issuer, provider = (upstream.require("cluster", key) for key in ("oidc_issuer", "oidc_provider_arn"))
        below = upstream.cluster
        cluster = ClusterRef(name=below.name, arn=below.arn, oidc_issuer=issuer, oidc_provider_arn=provider)
        return TeamSecretsArgs(**given, cluster=cluster, region=environment.region, prefix=settings.prefix)
    people = None
    if group is not None and settings.oidc is not None:
        people = {"group": group, "accessor": upstream.require("platform", "secrets_people_accessor")}
    server = {"address": upstream.require("platform", "secrets_address")}
    return TeamSecretsArgs(**given, server=server, people=people, domains=tuple(domains))
