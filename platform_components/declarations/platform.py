"""PlatformSettings: the `platform` section of an environment: what a cluster has before teams arrive. One field per capability."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from platform_components.admission.args import PROFILE_DEFAULTS as ADMISSION_DEFAULTS
from platform_components.admission.args import AdmissionSettings
from platform_components.args import Args
from platform_components.autoscaling.priorities import PRIORITIES, ClassName, Priority
from platform_components.certificates.args import PROFILE_DEFAULTS as CERTIFICATE_DEFAULTS
from platform_components.certificates.args import CertificatesSettings
from platform_components.charts.args import AddonName, AddonSettings, MirrorSettings
from platform_components.delivery.args import Engine
from platform_components.ingress.args import PROFILE_DEFAULTS as INGRESS_DEFAULTS
from platform_components.ingress.args import IngressSettings
from platform_components.ingress.zone_args import PROFILE_DEFAULTS as ZONE_DEFAULTS
from platform_components.ingress.zone_args import PublicZoneSettings
from platform_components.mesh.args import Mesh
from platform_components.profile import Profile


class PlatformSettings(Args):
    """What the cluster has before teams arrive."""

    replicas: int = Field(default=2, ge=1, le=5, description="Replicas of every controller. Omitted: 2; 1 with profile dev.")
    mirror: MirrorSettings | None = Field(
        default=None, description="Registry that every image and chart is taken from. Omitted: each from its own registry."
    )
    addons: Mapping[AddonName, AddonSettings] = Field(
        default={}, description="What differs from an add-on's record, by name (`platformctl addons list`). Omitted: nothing."
    )
    priorities: Mapping[ClassName, Priority] = Field(
        default=PRIORITIES,
        description="PriorityClasses of the cluster, by name; see the page of PriorityClasses. Omitted: platform, production, standard "
        "and batch.",
    )
    zone: PublicZoneSettings | None = Field(
        default=PublicZoneSettings(),
        description="The zone of the environment's domain; see the page of PublicZone. Omitted: one, if there is a domain. null: none.",
    )
    ingress: IngressSettings = Field(
        default=IngressSettings(), description="Ways in; see the page of Ingress. Omitted: load balancers, names and a firewall."
    )
    mesh: Mesh | None = Field(
        default=None, description="Identity, encryption and rules between workloads; see the page of ServiceMesh. Omitted: no mesh."
    )
    gitops: Engine | None = Field(
        default=None, description="What keeps the cluster as Git says, and from where; see the page of GitOps. Omitted: nothing does."
    )
    certificates: CertificatesSettings = Field(
        default=CertificatesSettings(),
        description="Certificates; see the page of Certificates. Omitted: a public authority, if there is a zone.",
    )
    admission: AdmissionSettings = Field(
        default=AdmissionSettings(),
        description="What the API server refuses; see the page of AdmissionPolicies. Omitted: everything that page lists.",
    )


_OWN_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    Profile.DEV: {"replicas": 1},
    Profile.PRODUCTION: {},
    Profile.REGULATED: {},
}
PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    profile: {
        **own,
        "admission": ADMISSION_DEFAULTS[profile],
        "certificates": CERTIFICATE_DEFAULTS[profile],
        "ingress": INGRESS_DEFAULTS[profile],
        "zone": ZONE_DEFAULTS[profile],
    }
    for profile, own in _OWN_DEFAULTS.items()
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
