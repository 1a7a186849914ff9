"""The platform layer: what a cluster has before teams arrive. One component per capability, each with its own section."""

from typing import Any

import pulumi

from platform_components.admission.admission_policies import AdmissionPolicies
from platform_components.admission.args import AdmissionPoliciesArgs
from platform_components.admission.registries import registries
from platform_components.autoscaling.args import AutoscalingArgs, KarpenterController
from platform_components.autoscaling.autoscaling import Autoscaling
from platform_components.autoscaling.priorities import PLATFORM_CLASS, PriorityClassesArgs
from platform_components.autoscaling.priority_classes import PriorityClasses
from platform_components.certificates.args import CertificatesArgs
from platform_components.certificates.certificates import Certificates
from platform_components.charts.args import AddonReleaseArgs
from platform_components.charts.records import ADDONS
from platform_components.charts.records.kube_prometheus_stack import NODES
from platform_components.charts.release import AddonRelease
from platform_components.ci import builds
from platform_components.cluster.node_pools.args import KarpenterPoolsArgs
from platform_components.cluster.pools import KarpenterPool
from platform_components.declarations.environment import Environment
from platform_components.delivery.args import GitOpsArgs
from platform_components.delivery.gitops import GitOps
from platform_components.finops.args import CostAlertsArgs
from platform_components.finops.cost_alerts import CostAlerts
from platform_components.ingress.args import IngressArgs
from platform_components.ingress.ingress import Ingress
from platform_components.ingress.public_zone import PublicZone
from platform_components.ingress.zone_args import PublicZoneArgs
from platform_components.mesh.args import ServiceMeshArgs
from platform_components.mesh.service_mesh import ServiceMesh
from platform_components.place import place_of
from platform_components.resilience.cluster_args import ClusterBackupArgs
from platform_components.resilience.cluster_backup import ClusterBackup
from platform_components.resilience.cluster_documents import DRILL
from platform_components.secrets.args import SecretsPlatformArgs
from platform_components.secrets.secrets_platform import SecretsPlatform
from platform_components.tags import merge_tags
from stacks.contracts import PlatformOutputs, said
from stacks.providers import options
from stacks.upstream import Upstream

MONITORING_KINDS = "prometheus-operator-crds"
"""The kinds of the Prometheus operator come first: nearly every chart makes objects of them."""


def build(environment: Environment, upstream: Upstream) -> PlatformOutputs:
    """Build the platform in the environment's cluster."""
    name, settings = environment.environment, environment.platform
    opts = options(environment, "platform", upstream.require("cluster", "kubeconfig"))
    priorities = PriorityClasses(name, PriorityClassesArgs(classes=settings.priorities), opts)
    # As an output, so that whatever names the class comes after it.
    around = {**surroundings(environment, upstream), "priority_class": priorities.platform_class}
    kinds = AddonRelease(name, AddonReleaseArgs(addon=MONITORING_KINDS, **around), opts)
    zone = public_zone(environment, opts)
    zones = {str(environment.domain): zone.zone_id} if zone is not None else {}
    certificates = Certificates(name, CertificatesArgs(**dict(settings.certificates), **around, zones=zones), after(opts, kinds))
    ingress = Ingress(
        name,
        IngressArgs(**dict(settings.ingress), **around, zones=zones, tags=environment.default_tags("platform")),
        after(opts, kinds, certificates),
    )
    AdmissionPolicies(name, admission_args(environment, upstream), opts)
    autoscaling = Autoscaling(
        name,
        AutoscalingArgs(**around, karpenter=karpenter(environment, upstream)),
        after(opts, kinds, certificates),
    )
    if settings.mesh is not None:
        issuers = {"internal_issuer": certificates.internal_issuer, "public_issuer": certificates.public_issuer}
        ServiceMesh(name, ServiceMeshArgs(mesh=settings.mesh, **issuers, **around), after(opts, kinds, certificates, ingress))
    if environment.resilience.cluster is not None:
        backup = ClusterBackupArgs(**dict(environment.resilience.cluster), **around, tags=environment.default_tags("platform"))
        ClusterBackup(name, backup, after(opts, kinds))
    if settings.gitops is not None:
        GitOps(name, GitOpsArgs(engine=settings.gitops, **around), after(opts, kinds))
    secrets = secrets_platform(environment, upstream, around, after(opts, kinds, certificates), certificates.internal_issuer)
    alerts = cost_alerts(environment, opts)
    return PlatformOutputs(
        zone_id=pulumi.Output.from_input(zone.zone_id if zone is not None else None),
        pool_names=autoscaling.pool_names,
        priority_class_names=priorities.names,
        public_issuer=certificates.public_issuer,
        internal_issuer=certificates.internal_issuer,
        secrets_address=said(secrets.address if secrets is not None else None),
        secrets_people_accessor=said(secrets.oidc_accessor if secrets is not None else None),
        cost_alerts_topic_arn=alerts.topic_arn if alerts is not None else None,
    )


def public_zone(environment: Environment, opts: pulumi.ResourceOptions) -> PublicZone | None:
    """The zone of the environment's domain, where it has one and wants it."""
    settings = environment.platform.zone
    if environment.domain is None or settings is None:
        return None
    return PublicZone(environment.environment, PublicZoneArgs(**dict(settings), domain=environment.domain), opts)


def admission_args(environment: Environment, upstream: Upstream) -> AdmissionPoliciesArgs:
    """Admission policies hold wherever no add-on of the catalogue lives."""
    settings = environment.platform.admission
    mirror = environment.platform.mirror.registry if environment.platform.mirror else None
    arn = pulumi.Output.from_input(upstream.cluster.arn)
    given = {
        "registries": arn.apply(lambda at: registries(at, environment.region, mirror, settings.registries)),
        "exempt_namespaces": (*addon_namespaces(environment), *settings.exempt_namespaces),
    }
    return AdmissionPoliciesArgs(**{**dict(settings), **given})


def addon_namespaces(environment: Environment) -> tuple[str, ...]:
    """Where add-ons of the catalogue live, and what the platform makes beside them: images of others, in pods of the platform."""
    ci = environment.delivery.ci
    built = (builds.NAMESPACE,) if ci is not None and ci.builds is not None else ()
    drilled = (DRILL,) if environment.resilience.cluster is not None else ()
    return (*(addon.namespace for addon in ADDONS.values()), NODES, *built, *drilled)


def cost_alerts(environment: Environment, opts: pulumi.ResourceOptions) -> CostAlerts | None:
    """The budget of the environment as a whole, by the tag that every layer puts on what it makes."""
    if environment.budget is None:
        return None
    name = environment.environment
    return CostAlerts(name, CostAlertsArgs(**dict(environment.budget), tag_value=name), opts)


def secrets_platform(
    environment: Environment, upstream: Upstream, around: dict[str, Any], opts: pulumi.ResourceOptions, issuer: pulumi.Output[Any]
) -> SecretsPlatform | None:
    """What keeps the environment's secrets, where it says so."""
    settings = environment.secrets
    if settings is None:
        return None
    given: dict[str, Any] = {name: value for name, value in settings if name != "prefix"}
    if settings.bootstrap is not None:
        start, arn = settings.bootstrap, pulumi.Output.from_input(upstream.cluster.arn)
        program = arn.apply(lambda at: place_of(at).role(start.program_role))
        given["bootstrap"] = {"program_arn": program, "pgp_keys": start.pgp_keys, "threshold": start.threshold}
    if settings.oidc is not None:
        given["oidc"] = {**dict(settings.oidc), "client_secret": pulumi.Config().require_secret("vault-oidc")}
    args = SecretsPlatformArgs(
        **given,
        **around,
        internal_issuer=issuer,
        cluster_endpoint=upstream.require("cluster", "endpoint"),
        tags=environment.default_tags("platform"),
    )
    return SecretsPlatform(environment.environment, args, opts)


def surroundings(environment: Environment, upstream: Upstream) -> dict[str, Any]:
    """What every component that installs charts is told of the cluster around it."""
    return {
        "environment": environment.environment,
        "region": environment.region,
        "cluster": upstream.cluster,
        "vpc_id": upstream.network.vpc_id,
        "replicas": environment.platform.replicas,
        "domain": environment.domain,
        "mirror": environment.platform.mirror,
        "addons": environment.platform.addons,
        "runbooks": environment.links.runbooks,
        "priority_class": PLATFORM_CLASS if PLATFORM_CLASS in environment.platform.priorities else None,
    }


def karpenter(environment: Environment, upstream: Upstream) -> KarpenterController | None:
    """Karpenter's controller and pools, unless the cluster's own layer has its objects or no pool is Karpenter's."""
    cluster = environment.cluster
    pools = {name: pool for name, pool in cluster.all_pools.items() if isinstance(pool, KarpenterPool)}
    if not pools or cluster.karpenter.objects != "platform":
        return None
    return KarpenterController(
        pools=KarpenterPoolsArgs(
            pools=pools,
            instance_profile_name=upstream.require("cluster", "karpenter_instance_profile_name"),
            security_group_id=upstream.require("cluster", "cluster_security_group_id"),
            subnet_ids=upstream.network.subnets(cluster.node_tier),
            volume_key_arn=upstream.require("cluster", "key_arn") if cluster.encryption.volumes else None,
            ip_family=cluster.kubernetes_network.ip_family,
            tags=merge_tags(environment.default_tags("cluster"), cluster.tags),
        ),
        interruption_queue_name=upstream.require("cluster", "karpenter_queue_name"),
        namespace=cluster.karpenter.namespace,
        service_account=cluster.karpenter.service_account,
    )


def after(opts: pulumi.ResourceOptions, *needed: pulumi.Resource) -> pulumi.ResourceOptions:
    """The layer's options, for a component that comes after others and on destroy goes before them."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(needed)))
