"""Access entries of a team: whoever comes by way of IAM has a role's group, and what that may do stands in the namespace alone."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from platform_components.cluster.access import SSO_PATH, only_role
from platform_components.component import PlatformComponent
from platform_components.names import child_name
from platform_components.tenancy.args import TeamAccess, TenantArgs
from platform_components.tenancy.rights import TeamRole, access_group


def create_entries(
    component: PlatformComponent, name: str, args: TenantArgs, role: TeamRole, access: TeamAccess, tags: Mapping[str, str]
) -> None:
    """Create the entries of one role; none has an access policy.

    Args:
        component: the tenant.
        name: the tenant's own name.
        args: what the tenant is given.
        role: the role.
        access: who has it.
        tags: tags of the entries.
    """
    principals: dict[str, pulumi.Input[str]] = {}
    if access.principal is not None:
        principals["principal"] = access.principal
    if access.sso is not None:
        principals["sso"] = _sso_role(component, f"team {args.declaration.team}: access.{role.value}", access.sso)
    for kind, principal in principals.items():
        aws.eks.AccessEntry(
            child_name(name, role.value, kind),
            cluster_name=args.cluster.name,
            principal_arn=principal,
            kubernetes_groups=[access_group(args.declaration.team, role)],
            tags=tags,
            opts=component.child_options(),
        )


def _sso_role(component: PlatformComponent, what: str, permission_set: str) -> pulumi.Output[str]:
    found = aws.iam.get_roles_output(
        name_regex=f"^AWSReservedSSO_{permission_set}_[0-9a-f]{{16}}$",
        path_prefix=SSO_PATH,
        opts=pulumi.InvokeOutputOptions(parent=component),
    )
    return found.arns.apply(lambda arns: only_role(list(arns), f"{what}: permission set {permission_set}"))
