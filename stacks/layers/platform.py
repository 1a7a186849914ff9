"""The platform layer: what a cluster has before teams arrive. One component per capability, each with its own section."""

from typing import Any

import pulumi

from platform_components.admission.admission_policies import AdmissionPolicies
from platform_components.admission.args import AdmissionPoliciesArgs
from platform_components.admission.registries import registries
from platform_components.certificates.args import CertificatesArgs
from platform_components.certificates.certificates import Certificates
from platform_components.charts.args import AddonReleaseArgs
from platform_components.charts.records import ADDONS
from platform_components.charts.release import AddonRelease
from platform_components.declarations.environment import Environment
from stacks.contracts import PlatformOutputs
from stacks.providers import options
from stacks.upstream import Upstream

MONITORING_KINDS = "prometheus-operator-crds"
"""The kinds of the Prometheus operator come first: nearly every chart makes objects of them."""


def build(environment: Environment, upstream: Upstream) -> PlatformOutputs:
    """Build the platform in the environment's cluster."""
    name, settings = environment.environment, environment.platform
    opts = options(environment, "platform", upstream.require("cluster", "kubeconfig"))
    around = surroundings(environment, upstream)
    kinds = AddonRelease(name, AddonReleaseArgs(addon=MONITORING_KINDS, **around), opts)
    certificates = Certificates(
        name,
        CertificatesArgs(**dict(settings.certificates), **around),
        after(opts, kinds),
    )
    AdmissionPolicies(name, admission_args(environment, upstream), opts)
    return PlatformOutputs(public_issuer=certificates.public_issuer, internal_issuer=certificates.internal_issuer)


def admission_args(environment: Environment, upstream: Upstream) -> AdmissionPoliciesArgs:
    """Admission policies hold wherever no add-on of the catalogue lives."""
    settings = environment.platform.admission
    mirror = environment.platform.mirror.registry if environment.platform.mirror else None
    arn = pulumi.Output.from_input(upstream.cluster.arn)
    given = {
        "registries": arn.apply(lambda at: registries(at, environment.region, mirror, settings.registries)),
        "exempt_namespaces": (*(addon.namespace for addon in ADDONS.values()), *settings.exempt_namespaces),
    }
    return AdmissionPoliciesArgs(**{**dict(settings), **given})


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
    }


def after(opts: pulumi.ResourceOptions, *needed: pulumi.Resource) -> pulumi.ResourceOptions:
    """The layer's options, for a component that comes after others and on destroy goes before them."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(needed)))
