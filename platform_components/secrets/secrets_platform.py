"""SecretsPlatform: where the secrets of a cluster's teams are kept, and how they come into the cluster.

Builds Vault (namespace, key, identity, certificate, release, first start, snapshots) with its content (logins, engines, audit, limits),
and External Secrets. Does not build what belongs to one team (see TeamSecrets), nor any secret. With AWS Secrets Manager: External
Secrets only.

The order is one of data, from the bottom up: certificate and key, servers, the job of the first start, and only then a provider whose
address comes from that job; so one `up` goes from nothing to a Vault with its content, and a preview before it knows every resource.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from platform_components.charts.addon import mirrored
from platform_components.charts.args import AddonSettings
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import external_secrets, reloader
from platform_components.charts.records import vault as chart
from platform_components.charts.release import install
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.data.bucket import Bucket
from platform_components.data.bucket_args import AccessLogs, BucketArgs
from platform_components.data.documents import key_policy
from platform_components.data.options import Alarms
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.secrets import alerts, documents
from platform_components.secrets.args import SecretsPlatformArgs
from platform_components.secrets.content import Content
from platform_components.secrets.login import login_header
from platform_components.secrets.reference import SecretStore
from platform_components.tags import MANAGED_BY, merge_tags


class SecretsPlatform(PlatformComponent):
    """Secrets that are kept once, read by who may, and known to nobody who builds the platform.

    Example::

        SecretsPlatform("prod", SecretsPlatformArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id, cluster_endpoint=cluster.endpoint,
            bootstrap={"program_arn": "arn:aws:iam::111122223333:role/platform-program",
                       "pgp_keys": ["keybase:ada", "keybase:grace", "keybase:joan"]}))

    `provider` is Vault's, for what is written there after it (TeamSecrets): pass it in `providers`.

    After the first start no root token exists: its job revokes it. One is made again only by `threshold` holders of recovery keys.
    """

    address: pulumi.Output[str | None]
    """URL of Vault inside the cluster, once it is started; none with AWS Secrets Manager."""
    oidc_accessor: pulumi.Output[str | None]
    """Accessor of the login of people; none without."""
    login_mount: pulumi.Output[str | None]
    """Where service accounts of this cluster log in; none with AWS Secrets Manager."""
    snapshots_bucket: pulumi.Output[str | None]
    """Bucket of the snapshots; none with AWS Secrets Manager."""

    def __init__(self, name: str, args: SecretsPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        self._external_secrets()
        self._reloader()
        self.provider: pulumi.ProviderResource | None = None
        content: Content | None = None
        bucket: Bucket | None = None
        if args.backend is SecretStore.VAULT:
            self._namespace = create_namespace(self, name, chart.NAMESPACE, chart.ADDON.pod_security, chart.ADDON.traffic)
            started = self._start(self._serve())
            content = Content(self, name, args, started)
            self._alerts("vault", chart.NAMESPACE, alerts.vault_rules(args.links), self._namespace)
            bucket = self._snapshots(content)
            self.provider = content.provider
        self.address = pulumi.Output.from_input(content.address if content else None)
        self.oidc_accessor = pulumi.Output.from_input(content.oidc_accessor if content else None)
        self.login_mount = pulumi.Output.from_input(content.login_mount if content else None)
        self.snapshots_bucket = pulumi.Output.from_input(bucket.bucket_name if bucket else None)
        self.register()

    def _external_secrets(self) -> None:
        addon = external_secrets.ADDON
        namespace = create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)
        install(self, self._name, addon, addon.values(self._site), self._args, namespace=namespace.metadata.name)
        self._alerts("external-secrets", addon.namespace, alerts.delivery_rules(self._args.links), namespace)

    def _reloader(self) -> None:
        """What External Secrets has written anew reaches pods that ask for it; Vault's own certificate is the first."""
        addon = reloader.ADDON
        if self._args.addons.get(addon.name, AddonSettings()).enabled is False:
            return
        namespace = create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)
        install(self, self._name, addon, addon.values(self._site), self._args, namespace=namespace.metadata.name)

    def _alerts(self, name: str, where: str, spec: Any, namespace: pulumi.Resource) -> None:
        if self._site.monitors:
            objects = CustomResources(self, self._name, where)
            objects.create(f"{name}-alerts", "monitoring.coreos.com/v1", "PrometheusRule", name, spec, [namespace])

    def _serve(self) -> k8s.helm.v3.Release:
        """Vault's servers, with the key that unseals them and the certificate that they answer with."""
        args, name = self._args, self._name
        key = aws.kms.Key(
            child_name(name, "seal"),
            description=f"Unseals Vault of {args.environment}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            tags=merge_tags({"ManagedBy": MANAGED_BY}, args.tags),
            policy=locate(self).place.apply(lambda place: json.dumps(key_policy(place))),
            # Without it every secret is lost, and so are the snapshots.
            opts=self.child_options(retain_on_delete=True if args.keeps else None),
        )
        unseal = Statement(sid="Unseal", actions=("kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"), resources=(key.arn,))
        assert args.bootstrap is not None  # noqa: S101 -- the args were checked
        # Vault holds the program's login to the role's own id, so that a role made anew under its name is not let in.
        known = Statement(sid="KnowProgram", actions=("iam:GetRole",), resources=(args.bootstrap.program_arn,))
        identity = self._identity("server", chart.SERVICE_ACCOUNT, (unseal, known))
        certificate = self._objects().create(
            "certificate", "cert-manager.io/v1", "Certificate", chart.TLS_SECRET, documents.certificate(args.internal_issuer)
        )
        values = chart.values(self._site, key.key_id, args.servers, args.storage_gib, args.audit_gib)
        return install(self, name, chart.ADDON, values, args, namespace=self._namespace.metadata.name, depends_on=[identity, certificate])

    def _start(self, servers: pulumi.Resource) -> pulumi.Resource:
        """The first start; whatever is written into Vault comes after it."""
        bootstrap = self._args.bootstrap
        assert bootstrap is not None  # noqa: S101 -- the args were checked
        account = self._account(documents.BOOTSTRAP)
        files = k8s.core.v1.ConfigMap(
            child_name(self._name, "bootstrap-files"),
            metadata=self._metadata(documents.BOOTSTRAP),
            data=documents.bootstrap_files(),
            opts=self.child_options(),
        )
        image = mirrored(chart.IMAGE, self._site.mirror)
        server_id = login_header(self._args.environment, self._args.domain)
        spec = documents.bootstrap_job(image, bootstrap.program_arn, server_id, bootstrap.pgp_keys, bootstrap.threshold)
        return k8s.batch.v1.Job(
            child_name(self._name, "bootstrap"),
            metadata=self._metadata(documents.BOOTSTRAP),
            spec=spec,
            opts=self.child_options(depends_on=[servers, account, files], replace_on_changes=["spec"], delete_before_replace=True),
        )

    def _snapshots(self, content: Content) -> Bucket:
        """A snapshot every few hours into a bucket whose old versions outlive a mistake."""
        args, name = self._args, self._name
        bucket = Bucket(
            child_name(name, "vault"),
            BucketArgs(
                expire_days=args.snapshot_days,
                versions_days=args.snapshot_days,
                removal=args.removal,
                access_logs=AccessLogs(enabled=args.keeps),
                alarms=Alarms(enabled=args.keeps),
                tags=args.tags,
            ),
            self.child_options(),
        )
        identity = self._identity("snapshots", documents.SNAPSHOTS, ())
        bucket.grant_write(identity)
        mirror = self._site.mirror
        k8s.batch.v1.CronJob(
            child_name(name, "snapshots"),
            metadata=self._metadata(documents.SNAPSHOTS),
            spec=documents.snapshot_job(
                mirrored(chart.IMAGE, mirror), mirrored(documents.AWS_CLI, mirror), args.snapshot_schedule, bucket.bucket_name,
                documents.SNAPSHOT_ROLE, content.mount,
            ),
            opts=self.child_options(depends_on=[self._account(documents.SNAPSHOTS), identity, content.snapshot_role]),
        )  # fmt: skip
        return bucket

    def _identity(self, role: str, account: str, statements: Sequence[Statement]) -> WorkloadIdentity:
        return WorkloadIdentity(
            child_name(self._name, "vault", role),
            WorkloadIdentityArgs(
                cluster=self._args.cluster,
                namespace=chart.NAMESPACE,
                service_account=account,
                statements=tuple(statements),
                tags=self._args.tags,
            ),
            self.child_options(),
        )

    def _account(self, account: str) -> k8s.core.v1.ServiceAccount:
        return k8s.core.v1.ServiceAccount(
            child_name(self._name, account),
            metadata=self._metadata(account),
            automount_service_account_token=False,
            opts=self.child_options(),
        )

    def _metadata(self, name: str) -> Any:
        metadata: Mapping[str, Any] = {"name": name, "namespace": self._namespace.metadata.name, "labels": owned()}
        return metadata

    def _objects(self) -> CustomResources:
        return CustomResources(self, self._name, self._namespace.metadata.name)
