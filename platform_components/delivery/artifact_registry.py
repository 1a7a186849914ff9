"""ArtifactRegistry: the images of an account and region, their scans, copies, caches and signatures; and packages.

Builds ECR repositories with lifecycles and pull policies, the registry's scanning and replication, pull-through caches, a signing key and
its grants, and a CodeArtifact domain with repositories.
Does not build what verifies signatures in clusters.
"""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.delivery.package_documents import Readers, publish_statement, read_statements
from platform_components.delivery.packages import Packages, create_packages
from platform_components.delivery.registry_args import ArtifactRegistryArgs, Repository
from platform_components.delivery.registry_documents import SIGN, lifecycle, pull_policy, push_statements, signing_key_policy
from platform_components.identity.statements import Statement
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class ArtifactRegistry(PlatformComponent):
    """Repositories whose tags stay, scanned, aged and copied; upstream registries cached; a key that signs and cannot be taken away.

    Example::

        registry = ArtifactRegistry("images", ArtifactRegistryArgs(repositories={"shop": Repository()}))
        pipeline = PipelineIdentity("shop", PipelineIdentityArgs(github=..., statements=registry.push_statements("shop")))
        registry.grant_signing("shop", pipeline.role_arn)

    The key signs for whom it was granted to and for nobody else: its policy leaves everything to IAM of the account but that.
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
    package_repository_arns: pulumi.Output[Mapping[str, str]]
    """ARNs of package repositories by name; empty where no packages were wanted."""
    signing_public_key: pulumi.Output[str | None]
    """What signatures are verified with, in PEM; none where signing was not wanted."""

    def __init__(self, name: str, args: ArtifactRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._place = locate(self).place
        self._repositories = {key: self._create_repository(key, repository) for key, repository in args.repositories.items()}
        self._scan()
        self._replicate()
        self._cache()
        self._key: aws.kms.Key | None = None
        alias: aws.kms.Alias | None = None
        if args.signing:
            self._key, alias = self._create_key()
        for signer, role_arn in args.signers.items():
            self.grant_signing(signer, role_arn)
        self._packages = self._create_packages()
        self.registry = self._place.apply(lambda at: f"{at.account}.dkr.ecr.{at.region}.{at.suffix}")
        self.repository_urls = pulumi.Output.all(**{key: found.repository_url for key, found in self._repositories.items()}).apply(
            dict[str, str]
        )
        self.repository_arns = pulumi.Output.all(**{key: found.arn for key, found in self._repositories.items()}).apply(dict[str, str])
        self.signing_key_arn = pulumi.Output.from_input(None if self._key is None else self._key.arn)
        self.signing_key = pulumi.Output.from_input(None if alias is None else alias.name.apply(lambda found: f"awskms:///{found}"))
        self.signing_public_key = pulumi.Output.from_input(None if self._key is None else self._public_key(self._key))
        package_arns = {key: found.arn for key, found in (self._packages.repositories if self._packages else {}).items()}
        self.package_repository_arns = pulumi.Output.all(**package_arns).apply(dict[str, str])
        self.register()

    def push_statements(self, repository: str) -> tuple[Statement, ...]:
        """What a pipeline needs to push to one repository; `grant_signing` lets it sign.

        Raises:
            ValueError: there is no such repository here.
        """
        if repository not in self._repositories:
            raise ValueError(f"repository {repository} is not one of {', '.join(sorted(self._repositories)) or 'none'}")
        return push_statements(self._repositories[repository].arn)

    def grant_signing(self, signer: str, role_arn: pulumi.Input[str]) -> None:
        """Let a role sign with the key. What the role's own policies say does not matter to it.

        Args:
            signer: name of your own, such as the pipeline's.
            role_arn: the role.

        Raises:
            ValueError: there is no key here.
        """
        if self._key is None:
            raise ValueError(f"{signer} cannot sign: there is no key, since signing is off")
        aws.kms.Grant(
            child_name(self._name, "signer", signer),
            name=child_name(self._name, signer),
            key_id=self._key.key_id,
            grantee_principal=role_arn,
            operations=list(SIGN),
            opts=self.child_options(),
        )

    def package_statements(self, repository: str, *, publish: bool = False) -> tuple[Statement, ...]:
        """What it takes to install packages of one repository, and to publish into it.

        Raises:
            ValueError: there is no such repository here.
        """
        if self._packages is None or repository not in self._packages.repositories:
            names = sorted(self._packages.repositories) if self._packages else []
            raise ValueError(f"package repository {repository} is not one of {', '.join(names) or 'none'}")
        arn = self._packages.repositories[repository].arn
        return (*read_statements(self._packages.domain.arn, arn), *((publish_statement(arn),) if publish else ()))

    def _create_packages(self) -> Packages | None:
        args = self._args
        if args.packages is None:
            return None
        readers = Readers(args.readers, args.organization_id)
        tags = merge_tags({"ManagedBy": MANAGED_BY}, args.tags)
        return create_packages(self, self._name, args.packages, readers, self._place, tags)

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

    def _public_key(self, key: aws.kms.Key) -> pulumi.Output[str]:
        found = aws.kms.get_public_key_output(key_id=key.arn, opts=pulumi.InvokeOutputOptions(parent=self))
        return found.public_key_pem.apply(str)

    def _tags(self, name: str) -> dict[str, str]:
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._args.tags)
