"""What a WorkloadIdentity is given."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.identity.statements import Statement

KUBERNETES_NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
"""A DNS-1123 name, as Kubernetes wants of namespaces and service accounts; so no wildcard can slip into a trust policy."""


class ClusterRef(Args):
    """What a component needs to know of a cluster, whichever stack built it."""

    name: Late[str] = Field(description="Physical name of the cluster. Required.")
    arn: Late[str] = Field(description="ARN of the cluster; account and partition are read from it. Required.")
    oidc_issuer: Late[str] | None = Field(default=None, description="Issuer URL of the cluster; needed for IRSA only. Omitted: no IRSA.")
    oidc_provider_arn: Late[str] | None = Field(
        default=None, description="ARN of the cluster's IAM OIDC provider; needed for IRSA only. Omitted: no IRSA."
    )


class IdentityRef(Args):
    """What a grant needs to know of an identity, whichever stack built it, and whatever it is an identity of."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$",
        description="Name of the identity: what is granted to it is named after it. Lower-case letters, digits and hyphens. Required.",
    )
    team: str | None = Field(
        default=None, description="Team that it belongs to; its logins to a database by Vault are under that name. Omitted: the database's."
    )
    role_name: Late[str] = Field(description="Name of its role. Required.")
    role_arn: Late[str] = Field(description="ARN of its role. Required.")
    security_groups: Mapping[str, Late[str]] = Field(
        default={},
        description="Security groups that its pods send from (the cluster's, or their own), by a key of your own. Omitted: none, so that "
        "it reaches nothing that lies in a network.",
    )


class IdentityMode(StrEnum):
    """How a pod gets its role's credentials."""

    POD_IDENTITY = "pod-identity"
    """Through the EKS Pod Identity agent: no OIDC provider, no annotation, no limit on trust policy length."""
    IRSA = "irsa"
    """Through the cluster's OIDC provider; for Fargate and Windows pods, which the Pod Identity agent does not serve."""


class WorkloadIdentityArgs(Args):
    """One Kubernetes service account's identity in AWS."""

    cluster: ClusterRef = Field(
        description="Cluster the service account lives in: `EksCluster.ref()`, or values of one built elsewhere. Required."
    )
    namespace: str = Field(pattern=KUBERNETES_NAME, description="Namespace of the service account. Required.")
    service_account: str = Field(pattern=KUBERNETES_NAME, description="Name of the service account. Required.")
    statements: tuple[Statement, ...] = Field(
        default=(), description="What the workload may do. Omitted: nothing, unless managed policies or a target role say otherwise."
    )
    managed_policy_arns: Mapping[str, Late[str]] = Field(
        default={}, description="ARNs of managed policies to attach, by a key of your own that names the attachment. Omitted: none."
    )
    mode: IdentityMode = Field(default=IdentityMode.POD_IDENTITY, description="How the pod gets credentials. Omitted: Pod Identity.")
    session_policy: tuple[Statement, ...] = Field(
        default=(),
        description="Narrows what this service account may do of what the role may do. Pod Identity only; switches session tags off, as "
        "AWS demands. Omitted: the role's own permissions.",
    )
    target_role_arn: Late[str] | None = Field(
        default=None,
        description="Role, usually of another account, that the pod ends up with: Pod Identity assumes the workload's role, then this one. "
        "Pod Identity only. Omitted: the workload's own role.",
    )
    session_tags: bool = Field(
        default=True,
        description="Tag sessions with cluster, namespace and service account, so that policies can match on them. Omitted: yes. Pod "
        "Identity only.",
    )
    security_groups: Mapping[str, Late[str]] = Field(
        default={},
        description="Security groups that its pods send from (the cluster's, or their own), by a key of your own: a grant opens a store's "
        "network for them. Omitted: none, so that it reaches nothing that lies in a network.",
    )
    permissions_boundary: Late[str] | None = Field(default=None, description="ARN of a policy that caps the role. Omitted: no cap.")
    max_session_hours: int = Field(default=1, ge=1, le=12, description="Longest session of the role, in hours. Omitted: 1.")
    tags: Mapping[str, str] = Field(default={}, description="Tags of the role and association. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _mode_can(self) -> "WorkloadIdentityArgs":
        problems = list(mode_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


def mode_problems(args: WorkloadIdentityArgs) -> Iterator[str]:
    """What a mode cannot do of what is asked."""
    if args.mode is IdentityMode.IRSA:
        if args.cluster.oidc_provider_arn is None or args.cluster.oidc_issuer is None:
            yield "mode irsa needs cluster.oidc_provider_arn and cluster.oidc_issuer; set irsa: true on the cluster, or use pod-identity"
        if args.session_policy:
            yield "session_policy needs mode pod-identity"
        if args.target_role_arn is not None:
            yield "target_role_arn needs mode pod-identity; with irsa the workload assumes the second role itself"
    elif args.session_policy and args.session_tags:
        yield "session_policy needs session_tags: false; AWS refuses the two together"
