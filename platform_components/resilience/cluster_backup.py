"""ClusterBackup: Velero for the objects and volumes of a cluster, and a restore that is tried every week.

Builds the namespace, the bucket, the identity, the release, schedules and the drill. Does not build alerts, which come with the
ObservabilityStack (`backup_hours`), nor a snapshot controller: snapshots are made by Velero's own plugin for EBS.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.args import Late
from platform_components.charts.addon import PodSecurity, mirrored
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import velero
from platform_components.charts.release import install
from platform_components.charts.traffic import Traffic
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.data.bucket import Bucket
from platform_components.data.bucket_args import BucketArgs
from platform_components.data.options import Alarms
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.resilience import cluster_documents as documents
from platform_components.resilience.cluster_args import ClusterBackupArgs, ClusterDrill

VERSIONS_DAYS = 14
"""How long a backup can be had back that somebody deleted, in days."""

_VELERO = "velero.io/v1"
_RBAC = "rbac.authorization.k8s.io"


class ClusterBackup(PlatformComponent):
    """Backups of a cluster's objects and volumes on S3 and EBS, and a restore that is tried.

    Example::

        ClusterBackup("prod", ClusterBackupArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id,
            schedules={"daily": {}, "often": {"every_hours": 4, "keep_days": 7, "namespaces": ["payments"]}}))
    """

    bucket_name: pulumi.Output[str]
    """Bucket of the backups."""
    schedule_names: pulumi.Output[list[str]]
    """Names of the schedules, as `velero backup create --from-schedule` takes them."""

    def __init__(self, name: str, args: ClusterBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._objects = CustomResources(self, name, velero.NAMESPACE)
        namespace = create_namespace(self, name, velero.NAMESPACE, velero.ADDON.pod_security, velero.ADDON.traffic)
        bucket = self._create_bucket()
        identity = self._create_identity(bucket)
        storage = velero.Storage(bucket.bucket_name, max(schedule.keep_days for schedule in args.schedules.values()))
        values = velero.values(args.site(), storage)
        release = install(self, name, velero.ADDON, values, args, namespace=namespace.metadata.name, depends_on=[bucket, identity])
        for key, schedule in args.schedules.items():
            spec = documents.schedule(
                schedule.cron, schedule.keep_days, schedule.namespaces, args.exclude_namespaces, volumes=schedule.volumes
            )
            self._objects.create(child_name("schedule", key), _VELERO, "Schedule", key, spec, [release], labels=owned())
        if args.drill is not None:
            self._create_drill(args.drill, release)
        self.bucket_name = bucket.bucket_name
        self.schedule_names = pulumi.Output.from_input(sorted(args.schedules))
        self.register()

    def _create_bucket(self) -> Bucket:
        args = self._args
        # Nothing in it expires by itself: Velero deletes a backup with its snapshots. Prometheus tells when one is missing.
        settings = BucketArgs(
            encryption=args.encryption, removal=args.removal, versions_days=VERSIONS_DAYS, alarms=Alarms(enabled=False), tags=args.tags
        )
        return Bucket(child_name(self._name, "velero"), settings, self.child_options())

    def _create_identity(self, bucket: Bucket) -> WorkloadIdentity:
        place = locate(self).place
        volumes = place.apply(lambda at: at.arn("ec2", "volume/*"))
        snapshots = place.apply(lambda at: f"arn:{at.partition}:ec2:{at.region}::snapshot/*")
        identity = WorkloadIdentity(
            child_name(self._name, velero.ACCOUNT),
            WorkloadIdentityArgs(
                cluster=self._args.cluster,
                namespace=velero.NAMESPACE,
                service_account=velero.ACCOUNT,
                statements=snapshot_statements(volumes, snapshots),
                tags=self._args.tags,
            ),
            self.child_options(),
        )
        bucket.grant_read(identity)
        bucket.grant_write(identity)
        return identity

    # -- the drill

    def _create_drill(self, drill: ClusterDrill, release: pulumi.Resource) -> None:
        """A namespace with one object, which a job restores elsewhere and compares; the job may do that and nothing else."""
        args, name = self._args, self._name
        source = create_namespace(self, name, documents.DRILL, PodSecurity.RESTRICTED, Traffic(outside=()))
        # Changes with what is backed up, so that a drill never finds an older one good.
        content = f"{args.environment}-{'-'.join(sorted(args.schedules))}"
        canary: Any = {"name": documents.CANARY, "namespace": source.metadata.name, "labels": owned()}
        k8s.core.v1.ConfigMap(child_name(name, "canary"), metadata=canary, data={"content": content}, opts=self.child_options())
        schedule = next(key for key, one in args.schedules.items() if not one.namespaces)
        files = k8s.core.v1.ConfigMap(
            child_name(name, "drill-files"),
            metadata=self._metadata(),
            data={documents.MANIFEST: pulumi.Output.json_dumps(documents.restore(schedule))},
            opts=self.child_options(depends_on=[release]),
        )
        mirror = args.mirror.mirror() if args.mirror else None
        k8s.batch.v1.CronJob(
            child_name(name, "drill-job"),
            metadata=self._metadata(),
            spec=documents.drill(mirrored(documents.KUBECTL, mirror), drill.cron, content),
            opts=self.child_options(depends_on=[files, *self._create_drill_account(release)]),
        )

    def _create_drill_account(self, release: pulumi.Resource) -> list[pulumi.Resource]:
        """The account of the drill's job and its rights; all of them are there before it runs."""
        name = self._name
        account = k8s.core.v1.ServiceAccount(
            child_name(name, "drill"), metadata=self._metadata(), opts=self.child_options(depends_on=[release])
        )
        subjects: Any = [{"kind": "ServiceAccount", "name": documents.DRILL, "namespace": velero.NAMESPACE}]
        role = k8s.rbac.v1.Role(
            child_name(name, "drill-role"),
            metadata=self._metadata(),
            rules=list(documents.NAMESPACED_RIGHTS),
            opts=self.child_options(depends_on=[release]),
        )
        bound = k8s.rbac.v1.RoleBinding(
            child_name(name, "drill-binding"),
            metadata=self._metadata(),
            role_ref={"api_group": _RBAC, "kind": "Role", "name": documents.DRILL},
            subjects=subjects,
            opts=self.child_options(depends_on=[role]),
        )
        everywhere: Any = {"name": documents.DRILL, "labels": owned()}
        cluster_role = k8s.rbac.v1.ClusterRole(
            child_name(name, "drill-cluster-role"),
            metadata=everywhere,
            rules=list(documents.CLUSTER_RIGHTS),
            opts=self.child_options(),
        )
        cluster_bound = k8s.rbac.v1.ClusterRoleBinding(
            child_name(name, "drill-cluster-bound"),
            metadata=everywhere,
            role_ref={"api_group": _RBAC, "kind": "ClusterRole", "name": documents.DRILL},
            subjects=subjects,
            opts=self.child_options(depends_on=[cluster_role]),
        )
        return [account, bound, cluster_bound]

    def _metadata(self) -> Any:
        return {"name": documents.DRILL, "namespace": velero.NAMESPACE, "labels": owned()}


def snapshot_statements(volumes: Late[str], snapshots: Late[str]) -> tuple[Statement, ...]:
    """What Velero's plugin does in EC2: snapshots of volumes that the cluster's driver made, and volumes out of snapshots of its own.

    Calls: volume_snapshotter.go of vmware-tanzu/velero-plugin-for-aws; keys: https://docs.aws.amazon.com/service-authorization/latest/
    reference/list_amazonec2.html.

    Args:
        volumes: ARN of every volume.
        snapshots: ARN of every snapshot, which has no account.
    """
    own = {"Null": {"aws:ResourceTag/velero.io/backup": "false"}}
    of_driver = {"StringEquals": {"aws:ResourceTag/ebs.csi.aws.com/cluster": "true"}}
    created: Mapping[str, Mapping[str, tuple[str, ...]]] = {"StringEquals": {"ec2:CreateAction": ("CreateSnapshot", "CreateVolume")}}
    return (
        Statement(sid="Look", actions=("ec2:DescribeVolumes", "ec2:DescribeSnapshots"), resources=("*",)),
        Statement(sid="SnapshotOf", actions=("ec2:CreateSnapshot",), resources=(volumes,), conditions=of_driver),
        Statement(sid="SnapshotAs", actions=("ec2:CreateSnapshot",), resources=(snapshots,)),
        Statement(sid="Forget", actions=("ec2:DeleteSnapshot",), resources=(snapshots,), conditions=own),
        Statement(sid="VolumeFrom", actions=("ec2:CreateVolume",), resources=(snapshots,), conditions=own),
        Statement(sid="VolumeAs", actions=("ec2:CreateVolume",), resources=(volumes,)),
        Statement(sid="Tag", actions=("ec2:CreateTags",), resources=(volumes, snapshots), conditions=created),
    )
