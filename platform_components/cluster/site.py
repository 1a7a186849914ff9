"""Site: what every builder of a cluster works on - the component, its names and tags, and where it stands."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.identity.statements import Statement, policy_document
from platform_components.identity.trust import pod_identity_trust
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.tags import MANAGED_BY, merge_tags


@dataclass(frozen=True)
class ServiceRole:
    """A role and what gives it its permissions."""

    role: aws.iam.Role
    permissions: Sequence[pulumi.Resource]
    """To be waited for by what uses the role. Not by way of its ARN: a new attachment would then make the ARN unknown in a preview, and the
    preview would show every user of the role as replaced."""


@dataclass(frozen=True)
class Site:
    """The ground that builders build on. All they make are children of the component, named after it."""

    component: PlatformComponent
    name: str
    """Logical name of the component."""
    cluster_name: str
    """Physical name of the cluster."""
    place: pulumi.Output[Place]
    """Account, region and partition: from the provider, known in a preview."""
    caller_arn: pulumi.Output[str]
    """ARN of whoever runs the program."""
    own_tags: Mapping[str, str]

    def child(self, *parts: str) -> str:
        """Name of a child."""
        return child_name(self.name, *parts)

    def options(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child."""
        return self.component.child_options(**options)

    def tags(self, name: str, *layers: Mapping[str, str]) -> dict[str, str]:
        """Tags of a child: its name and who manages it, then the cluster's own, then what is special to it."""
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self.own_tags, *layers)

    def document(self, build: Callable[[Place], Mapping[str, Any]]) -> pulumi.Output[str]:
        """A document that needs to know where the cluster stands, as JSON text."""
        return self.place.apply(lambda place: json.dumps(build(place)))

    def role(self, role: str, trust: pulumi.Input[str], managed: Mapping[str, str], *, uses: str) -> ServiceRole:
        """Create a role with managed policies.

        Args:
            role: what the role is called among the children.
            trust: its trust document.
            managed: names of AWS managed policies by the key that names the attachment.
            uses: what the role is for, in one line.
        """
        name = self.child(role)
        made = aws.iam.Role(name, assume_role_policy=trust, description=uses, tags=self.tags(name), opts=self.options())
        attached = [
            aws.iam.RolePolicyAttachment(
                self.child(role, key),
                role=made.name,
                policy_arn=self.place.apply(lambda place, policy=policy: place.managed_policy(policy)),  # type: ignore[misc]
                opts=self.options(),
            )
            for key, policy in managed.items()
        ]
        return ServiceRole(made, attached)

    def pod_role(self, role: str, namespace: str, service_account: str, managed: Mapping[str, str], *, uses: str) -> ServiceRole:
        """Create a role that one service account of this cluster gets through Pod Identity."""
        trust = self.document(lambda place: pod_identity_trust(place.cluster(self.cluster_name), namespace, service_account))
        return self.role(role, trust, managed, uses=uses)

    def with_statements(self, granted: ServiceRole, statements: pulumi.Output[Sequence[Statement]], role: str) -> ServiceRole:
        """Add an inline policy to a role."""
        policy = aws.iam.RolePolicy(
            self.child(role),
            role=granted.role.name,
            policy=statements.apply(lambda listed: json.dumps(policy_document(listed))),
            opts=self.options(),
        )
        return ServiceRole(granted.role, [*granted.permissions, policy])


def survey(component: PlatformComponent, name: str, cluster_name: str, tags: Mapping[str, str]) -> Site:
    """Find out where the provider of a cluster's component stands."""
    location = locate(component)
    return Site(component, name, cluster_name, location.place, location.caller_arn, tags)
