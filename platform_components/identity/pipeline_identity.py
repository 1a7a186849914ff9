"""PipelineIdentity: the AWS role of one repository's pipelines, without a stored key."""

import json

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.identity.pipeline_args import PipelineIdentityArgs
from platform_components.identity.pipeline_trust import audience_of, host_of, pipeline_trust
from platform_components.identity.statements import policy_json
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class PipelineIdentity(PlatformComponent):
    """The AWS role of one repository's pipelines: trusted by repository, branch and environment, each to the letter.

    Example::

        PipelineIdentity("deploy", PipelineIdentityArgs(
            github=GitHubPipelines(repository="acme/shop", owner_id="1200", repository_id="84000", environments={"production": ("main",)}),
            statements=(Statement(sid="Push", actions=("ecr:PutImage",), resources=(repository_arn,)),)))
    """

    role_arn: pulumi.Output[str]
    """ARN of the role; resolves once its permissions are attached."""
    role_name: pulumi.Output[str]
    """Name of the role."""
    provider_arn: pulumi.Output[str]
    """ARN of the IAM OIDC provider of the issuer, for the other identities of the account."""

    def __init__(self, name: str, args: PipelineIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._tags = merge_tags({"ManagedBy": MANAGED_BY}, args.tags)
        source = args.github or args.gitlab
        assert source is not None  # noqa: S101 -- the arguments hold one of them
        self._source = source
        self.provider_arn = pulumi.Output.from_input(self._create_provider() if args.provider_arn is None else args.provider_arn)
        role = self._create_role()
        permissions = self._attach(role)
        self.role_arn = pulumi.Output.all(role.arn, *(resource.id for resource in permissions)).apply(lambda parts: str(parts[0]))
        self.role_name = role.name
        self.register()

    def _create_provider(self) -> pulumi.Output[str]:
        # Without thumbprints: AWS trusts the issuers' certificates by its own list of authorities.
        return aws.iam.OpenIdConnectProvider(
            child_name(self._name, "provider"),
            url=f"https://{host_of(self._source)}",
            client_id_lists=[audience_of(self._source)],
            tags=self._tags,
            opts=self.child_options(),
        ).arn

    def _create_role(self) -> aws.iam.Role:
        args, source = self._args, self._source
        return aws.iam.Role(
            child_name(self._name, "role"),
            assume_role_policy=self.provider_arn.apply(lambda arn: json.dumps(pipeline_trust(arn, source))),
            description=f"Pipelines of {args.github.repository if args.github else args.gitlab.project if args.gitlab else ''}",
            max_session_duration=args.max_session_hours * 3600,
            permissions_boundary=args.permissions_boundary,
            tags=self._tags,
            opts=self.child_options(),
        )

    def _attach(self, role: aws.iam.Role) -> list[pulumi.CustomResource]:
        args = self._args
        attached: list[pulumi.CustomResource] = [
            aws.iam.RolePolicyAttachment(child_name(self._name, key), role=role.name, policy_arn=arn, opts=self.child_options())
            for key, arn in args.managed_policy_arns.items()
        ]
        if args.statements:
            policy = policy_json(args.statements)
            attached.append(aws.iam.RolePolicy(child_name(self._name, "policy"), role=role.name, policy=policy, opts=self.child_options()))
        return attached
