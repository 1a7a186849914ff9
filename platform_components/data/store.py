"""Store: what buckets, queues, databases, caches and streams have in common: a key, alarms, grants."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import pulumi
import pulumi_aws as aws

from platform_components.args import Late
from platform_components.component import PlatformComponent
from platform_components.data.connection import Access, Connection, NetworkRule
from platform_components.data.documents import Document, key_policy
from platform_components.data.monitoring import Watch
from platform_components.data.options import StoreArgs
from platform_components.data.watching import create_watch
from platform_components.identity.args import IdentityRef
from platform_components.identity.statements import Statement, policy_json
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.place import Place
from platform_components.tags import MANAGED_BY, merge_tags

Identity = WorkloadIdentity | IdentityRef
"""Whoever may be granted something."""


class Store(PlatformComponent):
    """Base of every store. What a grant makes are children of the store, named after it, the access and the identity."""

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._settings = args
        self._place = locate(self).place
        self._granted: dict[str, tuple[Access, pulumi.Output[str]]] = {}
        self._opened: dict[str, Late[str]] = {}

    def child_tags(self, name: str) -> dict[str, str]:
        """Tags of a child."""
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._settings.tags)

    def data_options(self) -> pulumi.ResourceOptions:
        """Options of the child that holds the data: what the removal policy says, and nothing else."""
        keeps = self._settings.keeps or None
        return self.child_options(protect=keeps, retain_on_delete=keeps)

    def create_key(
        self, *services: Callable[[Place], Document], others: Sequence[pulumi.Output[Document]] = ()
    ) -> pulumi.Output[str] | None:
        """ARN of the key; none where AWS manages it.

        Args:
            services: what the policy lets services do, beside what IAM allows.
            others: what else it says, known late.
        """
        encryption = self._settings.encryption
        if encryption.key_arn is not None:
            return pulumi.Output.from_input(encryption.key_arn)
        if not encryption.creates_key:
            return None
        name = child_name(self._name, "key")
        key = aws.kms.Key(
            name,
            description=f"Data of {type(self).__name__.lower()} {self._name}",
            enable_key_rotation=True,
            deletion_window_in_days=encryption.deletion_window_days,
            policy=pulumi.Output.all(self._place, *others).apply(
                lambda at: json.dumps(key_policy(at[0], *(service(at[0]) for service in services), *at[1:]))
            ),
            tags=self.child_tags(name),
            # What is kept could not be read without its key.
            opts=self.data_options(),
        )
        return key.arn

    def watch(self, watch: Watch, dimensions: Mapping[str, pulumi.Input[str]], role: str = "") -> None:
        """Make the alarms and the dashboard of one thing that has metrics.

        Args:
            watch: what is watched.
            dimensions: which thing it is, as CloudWatch knows it.
            role: tells it from others of the same store; empty where it is the only one.
        """
        region = self._place.apply(lambda at: at.region)
        create_watch(self, self._name, watch, dimensions, self._settings.alarms, self._settings.tags, region, role)

    def allow(self, identity: Identity, access: Access, statements: Iterable[Statement], *parts: str) -> pulumi.Output[str]:
        """Attach statements to an identity's role, once; ARN of the role, which resolves when they are attached.

        Args:
            identity: whose role.
            access: what for.
            statements: what it may do.
            parts: tell apart several grants of one store to one identity (a prefix, a consumer).
        """
        ref = identity.ref() if isinstance(identity, WorkloadIdentity) else identity
        name = child_name(self._name, access.value, ref.name, *parts)
        if name not in self._granted:
            policy = aws.iam.RolePolicy(name, name=name, role=ref.role_name, policy=policy_json(statements), opts=self.child_options())
            arn = pulumi.Output.all(ref.role_arn, policy.id).apply(lambda known: str(known[0]))
            self._granted[name] = (access, arn)
        return self._granted[name][1]

    def open(self, identity: Identity, security_group_id: pulumi.Output[str], port: int) -> NetworkRule:
        """Let the security groups of an identity's pods reach the store; a group that several identities share gets one rule."""
        ref = identity.ref() if isinstance(identity, WorkloadIdentity) else identity
        for key, source in ref.security_groups.items():
            if key in self._opened:
                continue
            self._opened[key] = source
            name = child_name(self._name, "from", key)
            aws.vpc.SecurityGroupIngressRule(
                name,
                security_group_id=security_group_id,
                referenced_security_group_id=source,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=f"Clients of {self._name}: {key}",
                tags=self.child_tags(name),
                opts=self.child_options(),
            )
        return NetworkRule(security_group_id=security_group_id, port=port, sources=dict(ref.security_groups))

    def create_group(self, vpc_id: Late[str]) -> aws.ec2.SecurityGroup:
        """A security group that lets nobody in yet, and nothing out."""
        name = child_name(self._name, "network")
        return aws.ec2.SecurityGroup(
            name,
            description=f"{type(self).__name__} {self._name}: clients come in by grants, nothing goes out",
            vpc_id=vpc_id,
            tags=self.child_tags(name),
            opts=self.child_options(),
        )

    def via(self, service: str) -> pulumi.Output[str]:
        """A service of this region as `kms:ViaService` names it."""
        return self._place.apply(lambda at: f"{service}.{at.region}.{at.suffix}")


def granted(
    connection: Connection, role_arn: pulumi.Output[str], access: Sequence[Access], network: NetworkRule | None = None
) -> Connection:
    """A connection as the identity it was granted to sees it."""
    return connection.model_copy(update={"role_arn": role_arn, "access": tuple(access), "network": network or connection.network})
