"""ArtifactRegistry: the images of an account and region, their scans, copies, caches and signatures.

Builds ECR repositories with lifecycles and pull policies, the registry's scanning and replication, pull-through caches, and a signing key.
Does not build what verifies signatures in clusters.
"""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.delivery.registry_args import ArtifactRegistryArgs, Repository
from platform_components.delivery.registry_documents import lifecycle, pull_policy, push_statements, signing_key_policy
from platform_components.identity.statements import Statement
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class ArtifactRegistry(PlatformComponent):
    """Repositories whose tags stay, scanned, aged and copied; upstream registries cached; a key that signs and cannot be taken away.

    Example::

        registry = ArtifactRegistry("images", ArtifactRegistryArgs(repositories={"shop": Repository()}))
        PipelineIdentity("shop", PipelineIdentityArgs(github=..., statements=registry.push_statements("shop")))
    """

    registry: pulumi.Output[str]
    """Host of the registry."""
    repository_urls: pulumi.Output[Mapping[str, str]]
    """Where images are pushed to, by repository."""
    repository_arns: pulumi.Output[Mapping[str, str]]
    """ARNs by repository."""
    signing_key_arn: pulumi.Output[str | None]
    """ARN of the signing key; none where it was not wanted."""
    signing_key: pulumi.Output[str | None]
    """The key as cosign names it, `awskms:///alias/...`; none where it was not wanted."""

    def __init__(self, name: str, args: ArtifactRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._place = locate(self).place
        self._repositories = {key: self._create_repository(key, repository) for key, repository in args.repositories.items()}
        self._scan()
        self._replicate()
        self._cache()
        key, alias = self._create_key() if args.signing else (None, None)
        self._key_arn = None if key is None else key.arn
        self.registry = self._place.apply(lambda at: f"{at.account}.dkr.ecr.{at.region}.{at.suffix}")
        self.repository_urls = pulumi.Output.all(**{key: found.repository_url for key, found in self._repositories.items()}).apply(
            dict[str, str]
        )
        self.repository_arns = pulumi.Output.all(**{key: found.arn for key, found in self._repositories.items()}).apply(dict[str, str])
        self.signing_key_arn = pulumi.Output.from_input(self._key_arn)
        self.signing_key = pulumi.Output.from_input(None if alias is None else alias.name.apply(lambda found: f"awskms:///{found}"))
        self.register()

    def push_statements(self, repository: str) -> tuple[Statement, ...]:
        """What a pipeline needs to push to one repository and to sign what it pushed.

        Raises:
            ValueError: there is no such repository here.
        """
        if repository not in self._repositories:
            raise ValueError(f"repository {repository} is not one of {', '.join(sorted(self._repositories)) or 'none'}")
        return push_statements(self._repositories[repository].arn, self._key_arn)

    def _create_repository(self, key: str, settings: Repository) -> aws.ecr.Repository:
        name = child_name(self._name, key.replace("/", "-"))
        movable = settings.movable_tags
        repository = aws.ecr.Repository(
            name,
            name=key,
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION" if movable else "IMMUTABLE",
            image_tag_mutability_exclusion_filters=[
                aws.ecr.RepositoryImageTagMutabilityExclusionFilterArgs(filter=pattern, filter_type="WILDCARD") for pattern in movable
            ]
            or None,
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS")],
            force_delete=self._args.force_delete,
            tags=self._tags(name),
            opts=self.child_options(),
        )
        aws.ecr.LifecyclePolicy(
            child_name(name, "lifecycle"),
            repository=repository.name,
            policy=json.dumps(lifecycle(settings.keep_images, settings.untagged_days)),
            opts=self.child_options(),
        )
        if self._args.readers or self._args.organization_id:
            readers, organization = self._args.readers, self._args.organization_id
            aws.ecr.RepositoryPolicy(
                child_name(name, "pull"),
                repository=repository.name,
                policy=self._place.apply(lambda at: json.dumps(pull_policy(at, readers, organization))),
                opts=self.child_options(),
            )
        return repository

    def _scan(self) -> None:
        frequency = "SCAN_ON_PUSH" if self._args.scanning == "BASIC" else "CONTINUOUS_SCAN"
        everything = aws.ecr.RegistryScanningConfigurationRuleRepositoryFilterArgs(filter="*", filter_type="WILDCARD")
        aws.ecr.RegistryScanningConfiguration(
            child_name(self._name, "scanning"),
            scan_type=self._args.scanning.value,
            rules=[aws.ecr.RegistryScanningConfigurationRuleArgs(scan_frequency=frequency, repository_filters=[everything])],
            opts=self.child_options(),
        )

    def _replicate(self) -> None:
        if not self._args.replicate_to:
            return
        destinations = [
            aws.ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs(
                region=to.region, registry_id=to.account if to.account is not None else self._place.apply(lambda at: at.account)
            )
            for to in self._args.replicate_to
        ]
        aws.ecr.ReplicationConfiguration(
            child_name(self._name, "replication"),
            replication_configuration=aws.ecr.ReplicationConfigurationReplicationConfigurationArgs(
                rules=[aws.ecr.ReplicationConfigurationReplicationConfigurationRuleArgs(destinations=destinations)]
            ),
            opts=self.child_options(),
        )

    def _cache(self) -> None:
        for prefix, upstream in self._args.upstreams.items():
            aws.ecr.PullThroughCacheRule(
                child_name(self._name, "cache", prefix),
                ecr_repository_prefix=prefix,
                upstream_registry_url=upstream.registry,
                credential_arn=upstream.credentials_arn,
                opts=self.child_options(),
            )

    def _create_key(self) -> tuple[aws.kms.Key, aws.kms.Alias]:
        name = child_name(self._name, "signing")
        key = aws.kms.Key(
            name,
            description="Signs images",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P256",
            deletion_window_in_days=30,
            policy=self._place.apply(lambda at: json.dumps(signing_key_policy(at))),
            tags=self._tags(name),
            opts=self.child_options(),
        )
        alias = aws.kms.Alias(
            child_name(self._name, "signing-alias"), name=f"alias/{name}", target_key_id=key.id, opts=self.child_options()
        )
        return key, alias

    def _tags(self, name: str) -> dict[str, str]:
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._args.tags)
