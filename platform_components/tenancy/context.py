"""TeamContext: what a team's own programs read of what the platform made for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.errors import UpstreamError
from platform_components.tenancy.args import namespace_of
from platform_components.tenancy.objects import CONTEXT


class MissingServiceError(UpstreamError, pulumi.RunError):
    """The team declares no such service. A RunError too: raised in an apply, it is then printed without a traceback."""


@dataclass(frozen=True)
class ServiceContext:
    """One service of the team."""

    name: str
    service_account: pulumi.Output[str]
    """Service account its pods run as; with it they have the AWS role."""
    port: pulumi.Output[int]
    """Port that callers and the gateway are let in at."""
    role_arn: pulumi.Output[str]
    """AWS role of its pods: what grants are given to."""
    repository_url: pulumi.Output[str]
    """Repository of its images."""
    data: pulumi.Output[Mapping[str, Mapping[str, Any]]]
    """How its stores are reached, by claim, as Connection has it: kind, name, endpoint, port, arn, user, access."""
    data_config_map: pulumi.Output[str | None]
    """ConfigMap with the same as variables, for `envFrom`: `ENTRIES_ENDPOINT` of the claim `entries`; none where it needs no data."""
    secrets: pulumi.Output[Mapping[str, str] | None]
    """Where its secrets lie, as SecretReference has it: an ExternalSecret names the SecretStore `team` and the key `reference`; none where
    nothing keeps secrets."""
    objective: pulumi.Output[str | None]
    """Its objective, as the label `slo` of series and alerts has it; none where it is held to nothing."""


class TeamContext:
    """What a team has in an environment, read from its own namespace: no right to the platform's stacks is needed.

    Example::

        team = TeamContext("payments", "prod", pulumi.ResourceOptions(provider=cluster))
        ledger = team.service("ledger")
    """

    namespace: str
    """Name of the namespace."""

    def __init__(self, team: str, environment: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Read it.

        Args:
            team: the team, as its file is called.
            environment: the environment.
            opts: names the Kubernetes provider of the environment's cluster.
        """
        self.team, self.environment = team, environment
        self.namespace = namespace_of(team, environment)
        read = k8s.core.v1.ConfigMap.get(f"{team}-{CONTEXT}", f"{self.namespace}/{CONTEXT}", opts=opts)
        self._services: pulumi.Output[Mapping[str, Any]] = read.data.apply(lambda data: json.loads(data["context.json"])["services"])

    def service(self, name: str) -> ServiceContext:
        """One service that the team declares.

        Raises:
            MissingServiceError: when the values arrive, where there is none of this name.
        """

        def one(services: Mapping[str, Any]) -> Mapping[str, Any]:
            if name not in services:
                declared = ", ".join(sorted(services)) or "none"
                raise MissingServiceError(
                    f"team {self.team} has no service {name!r} in {self.environment}; it has {declared}: declare it in the team's file"
                )
            found: Mapping[str, Any] = services[name]
            return found

        found = self._services.apply(one)
        return ServiceContext(
            name=name,
            service_account=found.apply(lambda service: str(service["serviceAccount"])),
            port=found.apply(lambda service: int(service["port"])),
            role_arn=found.apply(lambda service: str(service["roleArn"])),
            repository_url=found.apply(lambda service: str(service["repositoryUrl"])),
            data=found.apply(lambda service: dict(service["data"])),
            data_config_map=found.apply(lambda service: service["dataConfigMap"]),
            secrets=found.apply(lambda service: service["secrets"]),
            objective=found.apply(lambda service: service["objective"]),
        )
