"""Packages of an ArtifactRegistry: a CodeArtifact domain, its repositories, and who of other accounts reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.delivery.package_args import PackageSettings
from platform_components.delivery.package_documents import Readers, domain_policy, repository_policy
from platform_components.names import child_name
from platform_components.place import Place


@dataclass(frozen=True, slots=True)
class Packages:
    """What was made."""

    domain: aws.codeartifact.Domain
    repositories: Mapping[str, aws.codeartifact.Repository]
    """By name."""


def create_packages(
    component: PlatformComponent,
    name: str,
    settings: PackageSettings,
    readers: Readers,
    place: pulumi.Output[Place],
    tags: Mapping[str, str],
) -> Packages:
    """Create a domain and its repositories.

    Args:
        component: their parent.
        name: the component's own name.
        settings: what is wanted.
        readers: whose accounts read beside this one.
        place: account, region and partition.
        tags: tags of everything that can have them.
    """
    domain = aws.codeartifact.Domain(
        child_name(name, "packages"),
        domain=settings.domain,
        encryption_key=settings.key_arn,
        tags=tags,
        opts=component.child_options(),
    )
    if readers:
        aws.codeartifact.DomainPermissions(
            child_name(name, "packages-login"),
            domain=domain.domain,
            policy_document=place.apply(lambda at: json.dumps(domain_policy(at, readers))),
            opts=component.child_options(),
        )
    made: dict[str, aws.codeartifact.Repository] = {}
    for key in settings.ordered():
        wanted = settings.repositories[key]
        child = child_name(name, "packages", key)
        made[key] = aws.codeartifact.Repository(
            child,
            domain=domain.domain,
            repository=key,
            # By the upstream's own output, so that it is there first and goes last.
            upstreams=[aws.codeartifact.RepositoryUpstreamArgs(repository_name=made[one].repository) for one in wanted.upstreams] or None,
            external_connections=aws.codeartifact.RepositoryExternalConnectionsArgs(external_connection_name=f"public:{wanted.public}")
            if wanted.public
            else None,
            tags=tags,
            opts=component.child_options(),
        )
        if readers:
            aws.codeartifact.RepositoryPermissionsPolicy(
                child_name(child, "read"),
                domain=domain.domain,
                repository=made[key].repository,
                policy_document=place.apply(lambda at: json.dumps(repository_policy(at, readers))),
                opts=component.child_options(),
            )
    return Packages(domain, {key: made[key] for key in settings.repositories})
