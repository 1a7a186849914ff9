"""Access: who may reach the Kubernetes API, from where, and what they may do there."""

import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field, model_validator

from platform_components.args import Args, Late

EVERYWHERE = IPv4Network("0.0.0.0/0")

PERMISSION_SET_PATTERN = r"^[\w+=,.@-]{1,32}$"
"""Name of an IAM Identity Center permission set."""

_PRINCIPAL = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$")]


class AccessPolicy(StrEnum):
    """An access policy of EKS (https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html)."""

    CLUSTER_ADMIN = "cluster-admin"
    """Everything, in every namespace: Kubernetes' cluster-admin."""
    ADMIN = "admin"
    """Everything in a namespace, roles included, but its quota."""
    EDIT = "edit"
    """Workloads and configuration, secrets included; no roles."""
    VIEW = "view"
    """Reads most objects, not secrets."""
    ADMIN_VIEW = "admin-view"
    """Reads every object, secrets included."""


POLICY_NAMES: Mapping[AccessPolicy, str] = {
    AccessPolicy.CLUSTER_ADMIN: "AmazonEKSClusterAdminPolicy",
    AccessPolicy.ADMIN: "AmazonEKSAdminPolicy",
    AccessPolicy.EDIT: "AmazonEKSEditPolicy",
    AccessPolicy.VIEW: "AmazonEKSViewPolicy",
    AccessPolicy.ADMIN_VIEW: "AmazonEKSAdminViewPolicy",
}

RESERVED_KEYS = ("auto-node", "deployer", "karpenter-node")
"""Names of the entries this library makes itself."""

Scope = Literal["cluster"] | Annotated[tuple[Namespace, ...], Field(min_length=1)]
"""Where a policy holds: the whole cluster, or these namespaces (`*` matches characters)."""


class AccessGrant(Args):
    """What one principal may do in the cluster."""

    principal: Late[str] | None = Field(
        default=None,
        description="ARN of the IAM role or user. Omitted: `sso` names the role.",
    )
    sso: str | None = Field(
        default=None,
        pattern=PERMISSION_SET_PATTERN,
        description="IAM Identity Center permission set; its role in this account (`AWSReservedSSO_<set>_*`) is looked up, and there must "
        "be exactly one. Omitted: `principal` names the role.",
    )
    policies: Mapping[AccessPolicy, Scope] = Field(
        default={},
        description="EKS access policies and where they hold: `cluster`, or a list of namespaces. Omitted: none; rights come from "
        "`groups`.",
    )
    groups: tuple[str, ...] = Field(
        default=(), description="Kubernetes groups, for RoleBindings of your own; no `system:` group. Omitted: none."
    )

    @model_validator(mode="after")
    def _sound(self) -> "AccessGrant":
        if (self.principal is None) == (self.sso is None):
            raise ValueError("give exactly one of principal and sso")
        if isinstance(self.principal, str) and (problem := principal_problem(self.principal)):
            raise ValueError(problem)
        if not self.policies and not self.groups:
            raise ValueError("grants nothing; give policies, groups, or both")
        reserved = [group for group in self.groups if group.startswith(("system:", "eks:"))]
        if reserved:
            raise ValueError(f"groups {', '.join(reserved)}: names that start with system: or eks: are reserved; use a policy instead")
        if AccessPolicy.CLUSTER_ADMIN in self.policies and self.policies[AccessPolicy.CLUSTER_ADMIN] != "cluster":
            raise ValueError("cluster-admin holds for the whole cluster; for namespaces use admin")
        return self


def principal_problem(arn: str) -> str | None:
    """Say what is wrong with the ARN of a principal, or None where it is fine."""
    if arn.startswith("arn:") and ":assumed-role/" in arn:
        return f"{arn} is a session, which ends; give the ARN of the role behind it"
    if not _PRINCIPAL.match(arn):
        return f"{arn!r} is no ARN of an IAM role or user, such as arn:aws:iam::123456789012:role/deployer"
    return None


class PublicEndpoint(Args):
    """The API endpoint on the internet, for named networks."""

    cidrs: tuple[IPv4Network, ...] = Field(min_length=1, max_length=40, description="IPv4 networks that may reach it. Required.")
    reason: str = Field(default="", description="Why 0.0.0.0/0 is among them; required for that and for nothing else.")

    @model_validator(mode="after")
    def _explained(self) -> "PublicEndpoint":
        if EVERYWHERE in self.cidrs and len(self.reason.split()) < 3:  # noqa: PLR2004 -- a sentence, not a token
            raise ValueError("0.0.0.0/0 opens the API endpoint to the internet; list your networks, or write a sentence in reason")
        return self


class Endpoint(Args):
    """Where the Kubernetes API can be reached from."""

    public: PublicEndpoint | None = Field(
        default=None, description="Also on the internet, for named networks. Omitted: only inside the VPC."
    )
    private_cidrs: tuple[IPv4Network, ...] = Field(
        default=(), description="Networks that reach the private endpoint besides the nodes: VPN, CI, peers. Omitted: none."
    )
    egress: Literal["aws-managed", "customer-routed"] = Field(
        default="aws-managed",
        description="Way out of the control plane, to webhooks and OIDC providers: AWS's, or through your subnets. Going back from "
        "`customer-routed` replaces the cluster. Omitted: aws-managed.",
    )


class OidcLogin(Args):
    """Users of another identity provider (Okta, Entra ID, Cognito), without IAM; EKS takes one for each cluster.

    It gives them a name and groups; what those may do is for RoleBindings of your own.
    """

    issuer_url: str = Field(
        pattern=r"^https://\S+$", description="Issuer URL of the provider, which AWS must reach from the internet. Required."
    )
    client_id: str = Field(min_length=1, description="Client id, which tokens must have as their audience. Required.")
    username_claim: str = Field(default="sub", description="Claim that holds the user's name. Omitted: sub.")
    username_prefix: str = Field(
        default="oidc:", description="Put before user names, so that none looks like a system user. Omitted: `oidc:`."
    )
    groups_claim: str | None = Field(default=None, description="Claim that holds the user's groups. Omitted: no groups.")
    groups_prefix: str = Field(
        default="oidc:", description="Put before group names, so that none looks like a system group. Omitted: `oidc:`."
    )
    required_claims: Mapping[str, str] = Field(default={}, description="Claims a token must have, with their values. Omitted: none.")

    @model_validator(mode="after")
    def _no_system_names(self) -> "OidcLogin":
        for field, prefix in (("username_prefix", self.username_prefix), ("groups_prefix", self.groups_prefix)):
            if not prefix or prefix.startswith("system:"):
                raise ValueError(f"{field} {prefix!r} would let the provider name system users or groups; use a prefix such as oidc:")
        return self
