"""Access entries: the deployer's first, then people's, then what they may do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.cluster.access_args import POLICY_NAMES, AccessGrant, AccessPolicy, OidcLogin, Scope
from platform_components.cluster.site import Site
from platform_components.errors import UnsupportedError
from platform_components.labels import PLATFORM_GROUP

SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
"""Path of the roles IAM Identity Center makes; below it comes the region of the instance, which this account cannot know."""


@dataclass(frozen=True)
class Access:
    """Who may reach the cluster."""

    deployer: pulumi.Resource
    """Once this stands, the program itself may talk to Kubernetes; it goes last on destroy."""
    entries: list[pulumi.Resource]
    """Everything that gives access."""


def create_access(site: Site, cluster: aws.eks.Cluster, deployer: pulumi.Input[str] | None, grants: Mapping[str, AccessGrant]) -> Access:
    """Create the access entries.

    The entry of a deployer who was not named keeps the principal of the first `up` (ignore_changes): with the creator-admin flag of EKS
    off it is what lets this program reach Kubernetes, and it must not be replaced each time a colleague or a pipeline runs it.
    """
    principal = site.caller_arn.apply(lambda arn: caller_principal(site, arn)) if deployer is None else deployer
    entry = aws.eks.AccessEntry(
        site.child("access", "deployer"),
        cluster_name=cluster.name,
        principal_arn=principal,
        kubernetes_groups=[PLATFORM_GROUP],
        tags=site.tags(site.child("access", "deployer")),
        opts=site.options(ignore_changes=["principalArn"] if deployer is None else None),
    )
    admin = _associate(site, cluster, entry, "deployer", AccessPolicy.CLUSTER_ADMIN, "cluster")
    entries: list[pulumi.Resource] = [entry, admin]
    for key, grant in grants.items():
        entries += _create_grant(site, cluster, key, grant)
    return Access(admin, entries)


def create_login(site: Site, cluster: aws.eks.Cluster, login: OidcLogin) -> None:
    """Let users of an identity provider log in; it gives them a name and groups, and no rights."""
    name = site.child("oidc-login")
    aws.eks.IdentityProviderConfig(
        name,
        cluster_name=cluster.name,
        oidc=aws.eks.IdentityProviderConfigOidcArgs(
            # Fixed: EKS takes one provider, so another name would only make a second one fail.
            identity_provider_config_name="oidc-login",
            issuer_url=login.issuer_url,
            client_id=login.client_id,
            username_claim=login.username_claim,
            username_prefix=login.username_prefix,
            groups_claim=login.groups_claim,
            groups_prefix=login.groups_prefix if login.groups_claim else None,
            required_claims=dict(login.required_claims) or None,
        ),
        tags=site.tags(name),
        opts=site.options(delete_before_replace=True),
    )


def create_node_entry(site: Site, cluster: aws.eks.Cluster, key: str, role_arn: pulumi.Input[str], kind: str) -> aws.eks.AccessEntry:
    """Let nodes of a role join; EKS makes this entry itself for managed groups, Fargate and built-in pools only."""
    return aws.eks.AccessEntry(
        site.child("access", key),
        cluster_name=cluster.name,
        principal_arn=role_arn,
        type=kind,
        tags=site.tags(site.child("access", key)),
        opts=site.options(),
    )


def _create_grant(site: Site, cluster: aws.eks.Cluster, key: str, grant: AccessGrant) -> list[pulumi.Resource]:
    principal = sso_role(site, key, grant.sso) if grant.principal is None and grant.sso else grant.principal
    # Whoever may do everything acts for the platform; admission policies know that by the group.
    groups = dict.fromkeys((*grant.groups, *((PLATFORM_GROUP,) if AccessPolicy.CLUSTER_ADMIN in grant.policies else ())))
    entry = aws.eks.AccessEntry(
        site.child("access", key),
        cluster_name=cluster.name,
        principal_arn=pulumi.Output.from_input(principal).apply(str),
        kubernetes_groups=list(groups) or None,
        tags=site.tags(site.child("access", key)),
        opts=site.options(),
    )
    return [entry, *(_associate(site, cluster, entry, key, policy, scope) for policy, scope in grant.policies.items())]


def _associate(
    site: Site, cluster: aws.eks.Cluster, entry: aws.eks.AccessEntry, key: str, policy: AccessPolicy, scope: Scope
) -> aws.eks.AccessPolicyAssociation:
    return aws.eks.AccessPolicyAssociation(
        # A dot, which no key holds: `a` with `admin-view` and `a-admin` with `view` would be one name otherwise.
        site.child("access", f"{key}.{policy.value}"),
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=site.place.apply(lambda place: place.access_policy(POLICY_NAMES[policy])),
        access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(
            type="cluster" if scope == "cluster" else "namespace", namespaces=None if scope == "cluster" else list(scope)
        ),
        opts=site.options(),
    )


def sso_role(site: Site, key: str, permission_set: str) -> pulumi.Output[str]:
    """ARN of a permission set's role in this account.

    An access entry takes no pattern, and the role's name ends in a random suffix, so it is looked up (iam:ListRoles). The graph does not
    depend on the answer; none or several is an error that names the grant.
    """
    name = f"AWSReservedSSO_{permission_set}"
    found = aws.iam.get_roles_output(
        name_regex=f"^{re.escape(name)}_[0-9a-f]{{16}}$", path_prefix=SSO_PATH, opts=pulumi.InvokeOutputOptions(parent=site.component)
    )
    return found.arns.apply(lambda arns: only_role(list(arns), f"access.{key}: permission set {permission_set}"))


def only_role(arns: list[str], what: str) -> str:
    """The only role found.

    Raises:
        UnsupportedError: none, or several.
    """
    if len(arns) == 1:
        return arns[0]
    count = "no role" if not arns else f"{len(arns)} roles ({', '.join(sorted(arns))})"
    raise UnsupportedError(f"{what} has {count} in this account; assign it to the account once, or give the ARN in principal")


def caller_principal(site: Site, caller_arn: str) -> pulumi.Input[str]:
    """ARN of the lasting principal behind whoever runs the program.

    Raises:
        UnsupportedError: it has none.
    """
    arn = principal_of(caller_arn)
    if arn is None:
        raise UnsupportedError(f"{caller_arn} has no lasting principal behind it; name the role that runs this program in cluster.deployer")
    role = arn.rpartition("/")[2]
    if not role.startswith("AWSReservedSSO_"):
        return arn
    found = aws.iam.get_roles_output(
        name_regex=f"^{re.escape(role)}$", path_prefix=SSO_PATH, opts=pulumi.InvokeOutputOptions(parent=site.component)
    )
    return found.arns.apply(lambda arns: only_role(list(arns), f"deployer {role}"))


def principal_of(caller_arn: str) -> str | None:
    """ARN of the role or user behind a caller, or None where there is none.

    A session's ARN lacks the path of its role. For roles of IAM Identity Center `caller_principal` looks it up; other roles with a path
    must be named in `deployer`, and EKS refuses the entry if they are not.
    """
    _, partition, service, _, account, resource = caller_arn.split(":", 5)
    kind, _, name = resource.partition("/")
    if kind == "assumed-role":
        return f"arn:{partition}:iam::{account}:role/{name.partition('/')[0]}"
    if kind in ("user", "role") or (kind == "root" and service == "iam"):
        return f"arn:{partition}:iam::{account}:{resource}"
    return None
