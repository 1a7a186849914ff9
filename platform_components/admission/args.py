"""What AdmissionPolicies is given, and what an environment may say of it."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from platform_components.admission import tenancy_policies, workload_policies
from platform_components.admission.catalogue import POLICIES
from platform_components.admission.policy import Mode
from platform_components.args import Args, Late
from platform_components.labels import PLATFORM_GROUP
from platform_components.profile import Profile

GUARDED_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "169.254.169.254/32", "172.16.0.0/12", "192.168.0.0/16"))) + tuple(
    map(IPv6Network, ("fc00::/7", "fd00:ec2::254/128"))
)
"""Private addresses (RFC 1918, 6598, 4193), where other tenants are, and the instance metadata service of EC2."""

REGISTRY_PATTERN = r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$"


def _known(name: str) -> str:
    if name not in POLICIES:
        message = f"there is no admission policy {name!r}; choose from {', '.join(POLICIES)}"
        raise PydanticCustomError("admission_policy", "{message}", {"message": message})
    return name


PolicyName = Annotated[str, AfterValidator(_known)]
"""Name of a policy of the catalogue."""

Registry = Annotated[str, Field(pattern=REGISTRY_PATTERN)]
NamespaceName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


OPERATORS = ("cert-manager", "external-secrets", "istio-system", "velero")


class PlatformIdentities(Args):
    """Who acts for the platform: may make, change and delete what carries its label, and set what holds a namespace.

    Kubernetes itself always may: its API server, scheduler, controllers and nodes.
    """

    groups: tuple[str, ...] = Field(
        default=("system:masters", PLATFORM_GROUP),
        description="Kubernetes groups. Omitted: system:masters, and the one in which EksCluster puts the deployer and cluster admins.",
    )
    users: tuple[str, ...] = Field(default=(), description="Kubernetes users, by their whole names. Omitted: none.")
    operators: tuple[NamespaceName, ...] = Field(
        default=OPERATORS,
        description="Namespaces whose service accounts act for the platform: operators that put the labels of what they are told on what "
        "they make. None that makes whatever tenants describe: GitOps, CI, autoscalers of jobs. Omitted: cert-manager, external-secrets, "
        "istio-system, velero (whose restores bring back what the platform made).",
    )

    def all_groups(self) -> tuple[str, ...]:
        """Groups, with those of the operators' service accounts."""
        return (*self.groups, *(f"system:serviceaccounts:{namespace}" for namespace in self.operators))


class AdmissionRules(Args):
    """What admission policies hold objects to."""

    mode: Mode = Field(
        default=Mode.ENFORCE,
        description="Whether what a policy finds is refused, or admitted with a warning and a note in the audit log. Omitted: enforce; "
        "audit with profile dev, but for what keeps tenants apart.",
    )
    policies: Mapping[PolicyName, Mode] = Field(default={}, description="Another mode for single policies, by name. Omitted: `mode`.")
    require_digests: bool = Field(default=False, description="Whether images must name a digest; a fixed tag is not enough. Omitted: no.")
    pull_digests: bool = Field(
        default=False,
        description="Whether imagePullPolicy must be Always for images with a digest too. Omitted: for those with a tag only.",
    )
    external_names_outside: bool = Field(
        default=False, description="Whether services may be another name for a host outside the cluster. Omitted: for nothing."
    )
    reserved_priority_classes: tuple[str, ...] = Field(
        default=("platform",),
        description="Priority classes that only the platform's pods may have, beside system-*. Omitted: platform, which Autoscaling makes.",
    )
    guarded_ranges: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=GUARDED_RANGES,
        description="Addresses that an ipBlock of a NetworkPolicy must not hold, unless it takes them out with `except`. Omitted: private "
        "ranges, and the instance metadata service.",
    )
    exempt_namespaces: tuple[NamespaceName, ...] = Field(
        default=(),
        description="Namespaces in which no policy holds, beside kube-system and, in the platform layer, those of the add-ons. Omitted: "
        "none.",
    )
    identities: PlatformIdentities = Field(default=PlatformIdentities(), description="Who acts for the platform. Omitted: see its table.")


class AdmissionSettings(AdmissionRules):
    """What an environment says of its admission policies."""

    registries: tuple[Registry, ...] = Field(
        default=(),
        description="Registries, with or without a path, that images may come from, beside the account's own in the environment's region "
        "and the mirror. Omitted: only those.",
    )


class AdmissionPoliciesArgs(AdmissionRules):
    """Admission policies of one cluster."""

    registries: Late[Sequence[Registry]] = Field(
        description="Registries, with or without a path, that images may come from. An empty list: images from nowhere. Required."
    )


WALLS = tuple(policy.name for policy in (*tenancy_policies.POLICIES, workload_policies.NODE_NAME, workload_policies.TOLERATIONS))
"""Policies that keep tenants apart; past the last two a pod would get onto anybody's nodes, whatever their taints."""

PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    # What people try out is told what production would refuse, and admitted; but the walls between teams stand.
    Profile.DEV: {"mode": "audit", "policies": dict.fromkeys(WALLS, "enforce")},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {},
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
