"""Linkerd: namespaces, authority and roots, agents, control plane.

Order on the way up, and its reverse on destroy: definitions, certificates, agents, control plane.
"""

import pulumi

from platform_components.charts.addon import PodSecurity
from platform_components.charts.records import linkerd_cni, linkerd_control_plane, linkerd_crds
from platform_components.charts.records.linkerd_control_plane import CNI, ISSUER, NAMESPACE, TRUST_ROOTS, WEBHOOKS
from platform_components.charts.traffic import MONITORING
from platform_components.mesh import trust
from platform_components.mesh.args import Linkerd, PrivateCaAuthority, SecretAuthority
from platform_components.mesh.building import AGENTS, CERTIFICATES, Building

_UNTOUCHED = {"config.linkerd.io/admission-webhooks": "disabled"}
"""Label of a namespace whose pods the injector leaves alone."""


class LinkerdMesh:
    """One Linkerd mesh of a component."""

    def __init__(self, building: Building, mesh: Linkerd) -> None:
        self._building = building
        self._mesh = mesh

    def create(self) -> None:
        """Register everything."""
        building, mesh = self._building, self._mesh
        plane = linkerd_control_plane.ADDON
        labels = {**_UNTOUCHED, "linkerd.io/is-control-plane": "true", "linkerd.io/control-plane-ns": NAMESPACE}
        system = building.namespace(NAMESPACE, plane.pod_security, plane.traffic, labels)
        nodes = building.namespace(
            CNI, PodSecurity.PRIVILEGED, linkerd_cni.ADDON.traffic, {**_UNTOUCHED, "linkerd.io/cni-resource": "true"}, AGENTS
        )
        settings = linkerd_control_plane.Linkerd(
            trust_domain=mesh.trust.domain,
            inbound=mesh.inbound,
            ipv6=mesh.ipv6,
            access_logs=mesh.access_logs,
            tracing=mesh.tracing.address if mesh.tracing else None,
            collector=(MONITORING, mesh.tracing.service_account if mesh.tracing else ""),
        )
        definitions = building.release(linkerd_crds.ADDON, linkerd_crds.values(building.site), system, [])
        kinds = building.gateway_api([definitions])
        certificates = self._create_certificates(system)
        agents = building.release(linkerd_cni.ADDON, linkerd_cni.values(building.site, settings), nodes, [definitions])
        building.release(plane, linkerd_control_plane.values(building.site, settings), system, [definitions, *kinds, *certificates, agents])
        building.expiry_alerts(NAMESPACE, ISSUER, system)

    def _create_certificates(self, system: pulumi.Output[str]) -> list[pulumi.Resource]:
        """The cluster's authority, the roots behind it, and the webhooks' certificates; Linkerd would make others at every render."""
        make, settings = self._building.object, self._mesh.trust
        issuer, needed = self._building.authority()
        identity = trust.intermediate(ISSUER, f"identity.{NAMESPACE}.{settings.domain}", settings.intermediate_days, issuer)
        authority = settings.authority
        roots = trust.trust_roots(
            secret=authority.secret if isinstance(authority, SecretAuthority) else None,
            root_certificate=authority.root_certificate if isinstance(authority, PrivateCaAuthority) else None,
        )
        return [
            make("mesh-intermediate", CERTIFICATES, "Certificate", ISSUER, identity, needed, namespace=system),
            make("mesh-roots", "trust.cert-manager.io/v1alpha1", "Bundle", TRUST_ROOTS, roots),
            *(
                make(
                    f"mesh-{name}",
                    CERTIFICATES,
                    "Certificate",
                    linkerd_control_plane.webhook_secret(name),
                    trust.webhook(name, self._building.args.internal_issuer),
                    namespace=system,
                )
                for name in WEBHOOKS.values()
            ),
        ]
