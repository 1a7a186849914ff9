"""EksCluster: an EKS cluster whose nodes become ready, and whose defaults are safe.

Builds the control plane with key, logs and access, node pools of any engine, managed add-ons, and the Kubernetes provider of the cluster.
Does not build the network (see `Vpc`), charts, Windows or hybrid nodes, EKS Capabilities.

Order, on the way up, and the reverse on destroy: key, log group and role; cluster; access; Pod Identity agent, kube-proxy and CNI; nodes;
CoreDNS, monitoring and CSI; Karpenter's objects. Auto Mode's objects count as nodes. So the objects that launch instances go while the
controller, the API and the deployer's access are still there, and the access goes after everything it is needed for.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from platform_components.cluster.access import Access, create_access, create_login
from platform_components.cluster.addons import Wave, create_addons
from platform_components.cluster.args import EksClusterArgs
from platform_components.cluster.control_plane import create_cluster, create_oidc_provider, lay_foundation, open_private_endpoint
from platform_components.cluster.documents import kubeconfig
from platform_components.cluster.node_pools.auto import create_auto_nodes
from platform_components.cluster.node_pools.fargate import create_fargate_pools
from platform_components.cluster.node_pools.karpenter import KarpenterAws, create_karpenter
from platform_components.cluster.node_pools.managed import create_managed_pools, node_role
from platform_components.cluster.node_pools.objects import Surroundings
from platform_components.cluster.node_pools.provisioned import create_objects, subnet_terms
from platform_components.cluster.pools import AutoPool, KarpenterPool, ManagedPool
from platform_components.cluster.site import ServiceRole, survey
from platform_components.component import PlatformComponent
from platform_components.errors import UnsupportedError
from platform_components.identity.args import ClusterRef

KARPENTER_CRDS = "oci://public.ecr.aws/karpenter/karpenter-crd"


class EksCluster(PlatformComponent):
    """An EKS cluster: private, encrypted and logged unless told otherwise, with node capacity behind one `pools` section.

    Example::

        EksCluster("prod", EksClusterArgs(network=vpc.ref(), pools={"general": KarpenterPool(capacity="karpenter", limit_vcpu=400)}))

    Karpenter: this component makes its side of AWS and, with `karpenter.objects: cluster`, installs its CRDs and registers NodePool
    objects. The controller's chart is not installed here. Where another stack does that, destroy it only after its nodes are drained, or
    better set `objects: platform` and register `KarpenterPools` next to the chart: objects and controller then live and die together.
    """

    cluster_name: pulumi.Output[str]
    """Physical name of the cluster."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    version: pulumi.Output[str]
    """Kubernetes version of the control plane."""
    endpoint: pulumi.Output[str]
    """URL of the Kubernetes API."""
    certificate_authority: pulumi.Output[str]
    """Certificate authority of the API, base64."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig without credentials: it calls `aws eks get-token`. Secret all the same."""
    cluster_security_group_id: pulumi.Output[str]
    """Security group EKS made for control plane and nodes; the only one tagged `kubernetes.io/cluster/<name>`."""
    oidc_issuer: pulumi.Output[str]
    """Issuer URL of service account tokens."""
    oidc_provider_arn: pulumi.Output[str | None]
    """ARN of the IAM OIDC provider; none unless `irsa` is set."""
    key_arn: pulumi.Output[str]
    """ARN of the KMS key of secrets, logs and volumes."""
    log_group_name: pulumi.Output[str | None]
    """Log group of the control plane; none where logging is off."""
    node_role_arn: pulumi.Output[str | None]
    """Role of managed nodes; none where no pool is managed."""
    karpenter_node_role_name: pulumi.Output[str | None]
    """Role of the nodes Karpenter launches; none where no pool is Karpenter's."""
    karpenter_instance_profile_name: pulumi.Output[str | None]
    """Instance profile with that role, for `KarpenterPools` and other EC2NodeClass objects; none where no pool is Karpenter's."""
    karpenter_queue_name: pulumi.Output[str | None]
    """Interruption queue, for the chart's `settings.interruptionQueue`; none where no pool is Karpenter's."""

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = survey(self, name, f"{name}-{args.generation}" if args.generation else name, args.tags)
        foundation = lay_foundation(self._site, args)
        self._cluster = create_cluster(self._site, args, foundation)
        self._publish(foundation.key_arn)
        self.log_group_name = pulumi.Output.from_input(foundation.log_group.name if foundation.log_group is not None else None)
        open_private_endpoint(self._site, args, self.cluster_security_group_id)
        access = create_access(self._site, self._cluster, args.deployer, args.access)
        if args.oidc_login is not None:
            create_login(self._site, self._cluster, args.oidc_login)
        self._kubernetes = self._create_provider(access)
        karpenter = create_karpenter(self._site, args, self._cluster) if self._has(KarpenterPool) else None
        ready = self._create_capacity(access)
        self._create_objects(karpenter, ready)
        self.karpenter_node_role_name = pulumi.Output.from_input(karpenter.node_role.name if karpenter else None)
        self.karpenter_instance_profile_name = pulumi.Output.from_input(karpenter.instance_profile.name if karpenter else None)
        self.karpenter_queue_name = pulumi.Output.from_input(karpenter.queue.name if karpenter else None)
        self.register()

    @property
    def kubernetes_provider(self) -> k8s.Provider:
        """The one Kubernetes provider of this cluster; give it to whatever is deployed into it by the same program."""
        return self._kubernetes

    def ref(self) -> ClusterRef:
        """What a WorkloadIdentity needs to know of this cluster."""
        irsa = self._args.irsa
        return ClusterRef(
            name=self.cluster_name,
            arn=self.cluster_arn,
            oidc_issuer=self.oidc_issuer if irsa else None,
            oidc_provider_arn=self.oidc_provider_arn.apply(str) if irsa else None,
        )

    def kubeconfig_for(self, *, role_arn: str | None = None, profile: str | None = None) -> pulumi.Output[str]:
        """A kubeconfig whose token is taken as another role, or with an AWS CLI profile. Secret."""
        parts = pulumi.Output.all(self.cluster_name, self.endpoint, self.certificate_authority, self._site.place)
        return pulumi.Output.secret(
            parts.apply(lambda at: json.dumps(kubeconfig(at[0], at[1], at[2], at[3].region, role_arn=role_arn, profile=profile)))
        )

    def _has(self, *kinds: type) -> bool:
        return any(isinstance(pool, kinds) for pool in self._args.all_pools.values())

    def _publish(self, key_arn: pulumi.Output[str]) -> None:
        cluster = self._cluster
        self.cluster_name, self.cluster_arn, self.endpoint = cluster.name, cluster.arn, cluster.endpoint
        self.version = cluster.version
        self.certificate_authority = cluster.certificate_authority.apply(lambda authority: told(authority.data, "certificate authority"))
        self.cluster_security_group_id = cluster.vpc_config.apply(
            lambda config: told(config.cluster_security_group_id, "cluster security group")
        )
        self.oidc_issuer = cluster.identities.apply(issuer_of)
        self.oidc_provider_arn = pulumi.Output.from_input(
            create_oidc_provider(self._site, self.oidc_issuer).arn if self._args.irsa else None
        )
        self.key_arn = key_arn
        self.kubeconfig = self.kubeconfig_for()

    def _create_provider(self, access: Access) -> k8s.Provider:
        # After the deployer's access, so that what it made can still be deleted through it: the access goes last.
        return k8s.Provider(
            self._site.child("kubernetes"), kubeconfig=self.kubeconfig, opts=self.child_options(depends_on=[access.deployer])
        )

    def _create_capacity(self, access: Access) -> list[pulumi.Resource]:
        """Add-ons that nodes wait for, nodes, add-ons that wait for nodes; all that NodePool objects come after."""
        site, args, cluster = self._site, self._args, self._cluster
        first = create_addons(site, cluster, args, Wave.BEFORE_NODES, access.entries)
        before = first or access.entries
        role = self._create_node_role()
        volume_key = self.key_arn if args.encryption.volumes else None
        nodes = create_managed_pools(site, args, cluster, role, volume_key, before) if role is not None else []
        nodes += create_fargate_pools(site, args, cluster, before)
        nodes += self._create_auto_pools(before)
        self.node_role_arn = pulumi.Output.from_input(role.role.arn if role is not None else None)
        last = create_addons(site, cluster, args, Wave.AFTER_NODES, nodes or before)
        return [*before, *nodes, *last]

    def _create_node_role(self) -> ServiceRole | None:
        if not self._has(ManagedPool):
            return None
        return node_role(
            self._site, "node", session_manager=self._args.node_session_manager, uses=f"Managed nodes of {self._site.cluster_name}"
        )

    def _create_objects(self, karpenter: KarpenterAws | None, ready: list[pulumi.Resource]) -> None:
        """Register Karpenter's objects last of all, so that on destroy they go first and their instances with them."""
        pools = self._args.all_pools
        if karpenter is not None and self._args.karpenter.objects == "cluster":
            own = {name: pool for name, pool in pools.items() if isinstance(pool, KarpenterPool)}
            after = [*ready, *karpenter.ready, *self._create_crds(ready)]
            around = self._around({"instanceProfile": karpenter.instance_profile.name})
            create_objects(self, self._name, own, around, provider=self._kubernetes, after=after)

    def _create_auto_pools(self, before: list[pulumi.Resource]) -> list[pulumi.Resource]:
        """Register the pools of Auto Mode.

        Its controllers run with the control plane, so nothing else has to be there; add-ons that run as pods may have no other node, so
        they come after.
        """
        auto = {name: pool for name, pool in self._args.all_pools.items() if isinstance(pool, AutoPool)}
        if not auto:
            return []
        role, entries = create_auto_nodes(self._site, self._cluster)
        return create_objects(
            self, self._name, auto, self._around({"role": role.name}), provider=self._kubernetes, after=[*before, *entries]
        )

    def _create_crds(self, ready: list[pulumi.Resource]) -> list[pulumi.Resource]:
        version = self._args.karpenter.crd_chart_version
        if version is None:
            return []
        release = k8s.helm.v3.Release(
            self._site.child("karpenter-crds"),
            chart=KARPENTER_CRDS,
            version=version,
            namespace=self._args.karpenter.namespace,
            create_namespace=True,
            opts=self.child_options(provider=self._kubernetes, depends_on=ready),
        )
        return [release]

    def _around(self, identity: Mapping[str, pulumi.Output[str]]) -> Surroundings:
        args = self._args
        return Surroundings(
            identity=identity,
            subnet_ids=subnet_terms(args.network.subnets(args.node_tier)),
            security_group_id=self.cluster_security_group_id,
            volume_key_arn=self.key_arn if args.encryption.volumes else None,
            ip_family=args.kubernetes_network.ip_family,
            tags=self._site.tags(self._site.cluster_name),
        )


def told(value: str | None, what: str) -> Any:
    """A value that EKS gives to every cluster; the text `None` in its place would only fail later and elsewhere.

    In a preview a provider may show the block around it as it was written, without it: the value is unknown then.

    Raises:
        UnsupportedError: the cluster is there, and the provider did not tell it.
    """
    if value:
        return value
    if pulumi.runtime.is_dry_run():
        return pulumi.UNKNOWN
    raise UnsupportedError(f"the provider told no {what} of the cluster; run `platformctl refresh`, then again")


def issuer_of(identities: Sequence[aws.eks.outputs.ClusterIdentity]) -> str:
    """Issuer URL among a cluster's identities; EKS gives every cluster exactly one."""
    return next(str(oidc.issuer) for identity in identities for oidc in identity.oidcs or ())
