"""WorkloadIdentity: the AWS role of one Kubernetes service account.

Builds the role, its inline policy, attachments and, with Pod Identity, the association. Does not build the service account itself: that
belongs to whoever deploys the workload.
"""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.identity.args import IdentityMode, IdentityRef, WorkloadIdentityArgs
from platform_components.identity.statements import Statement, policy_json
from platform_components.identity.trust import ASSUME_AND_TAG, irsa_trust, pod_identity_trust
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class WorkloadIdentity(PlatformComponent):
    """The AWS role of one Kubernetes service account: Pod Identity first, IRSA where the Pod Identity agent cannot go.

    The role trusts one service account of one cluster and nothing else. Example::

        WorkloadIdentity("ledger", WorkloadIdentityArgs(
            cluster=cluster.ref(), namespace="payments", service_account="ledger",
            statements=(Statement(sid="ReadReports", actions=("s3:GetObject",), resources=(f"{bucket_arn}/*",)),)))
    """

    role_arn: pulumi.Output[str]
    """ARN of the role; resolves once its permissions are attached, so what uses it never starts without them."""
    role_name: pulumi.Output[str]
    """Name of the role."""
    external_id: pulumi.Output[str | None]
    """External id for the trust policy of `target_role_arn` (see `trust.chain_trust`); none with IRSA."""
    service_account_annotations: pulumi.Output[Mapping[str, str]]
    """Annotations the service account needs: one with IRSA, none with Pod Identity."""

    def __init__(self, name: str, args: WorkloadIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._tags = merge_tags({"ManagedBy": MANAGED_BY}, args.tags)
        role = self._create_role()
        permissions = self._attach(role)
        irsa = args.mode is IdentityMode.IRSA
        association = None if irsa else self._associate(role, permissions)
        annotations = pulumi.Output.all(**{"eks.amazonaws.com/role-arn": role.arn} if irsa else {}).apply(dict[str, str])
        # By data, not depends_on: whoever takes the ARN waits for the permissions without knowing of them.
        self.role_arn = pulumi.Output.all(role.arn, *(resource.id for resource in permissions)).apply(lambda parts: str(parts[0]))
        self.role_name = role.name
        self.external_id = pulumi.Output.from_input(None) if association is None else association.external_id
        self.service_account_annotations = annotations
        self.register()

    def ref(self) -> IdentityRef:
        """What a grant needs to know of it: `bucket.grant_read(identity)` calls this."""
        return IdentityRef(name=self._name, role_name=self.role_name, role_arn=self.role_arn, security_groups=self._args.security_groups)

    def _create_role(self) -> aws.iam.Role:
        args = self._args
        return aws.iam.Role(
            child_name(self._name, "role"),
            assume_role_policy=self._trust(),
            description=f"Service account {args.namespace}/{args.service_account}",
            max_session_duration=args.max_session_hours * 3600,
            permissions_boundary=args.permissions_boundary,
            tags=self._tags,
            opts=self.child_options(),
        )

    def _trust(self) -> pulumi.Output[str]:
        args = self._args
        namespace, account = args.namespace, args.service_account
        if args.mode is IdentityMode.IRSA:
            parts = pulumi.Output.all(args.cluster.oidc_provider_arn, args.cluster.oidc_issuer)
            return parts.apply(lambda at: json.dumps(irsa_trust(str(at[0]), str(at[1]), namespace, account)))
        arn = pulumi.Output.from_input(args.cluster.arn)
        return arn.apply(lambda at: json.dumps(pod_identity_trust(at, namespace, account, session_tags=args.session_tags)))

    def _attach(self, role: aws.iam.Role) -> list[pulumi.CustomResource]:
        args = self._args
        statements = args.statements
        if args.target_role_arn is not None:
            statements = (*statements, Statement(sid="AssumeTargetRole", actions=ASSUME_AND_TAG, resources=(args.target_role_arn,)))
        attached: list[pulumi.CustomResource] = [
            aws.iam.RolePolicyAttachment(child_name(self._name, key), role=role.name, policy_arn=arn, opts=self.child_options())
            for key, arn in args.managed_policy_arns.items()
        ]
        if statements:
            attached.append(
                aws.iam.RolePolicy(
                    child_name(self._name, "policy"), role=role.name, policy=policy_json(statements), opts=self.child_options()
                )
            )
        return attached

    def _associate(self, role: aws.iam.Role, permissions: list[pulumi.CustomResource]) -> aws.eks.PodIdentityAssociation:
        args = self._args
        return aws.eks.PodIdentityAssociation(
            child_name(self._name, "association"),
            cluster_name=args.cluster.name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            target_role_arn=args.target_role_arn,
            policy=policy_json(args.session_policy) if args.session_policy else None,
            disable_session_tags=not args.session_tags,
            tags=self._tags,
            opts=self.child_options(depends_on=permissions),
        )
