"""Istio, in either mode: namespaces, authority, control planes with their tags, agents, gateway and rules.

Order on the way up, and its reverse on destroy: definitions, control plane, rules, agents, ztunnel, gateway; so no workload is in the mesh
before its rules are.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import PodSecurity
from platform_components.charts.records import istio_base, istio_cni, istio_gateway, istiod, ztunnel
from platform_components.charts.records.istiod import Istio
from platform_components.charts.traffic import Traffic
from platform_components.labels import owned
from platform_components.mesh import ingress, monitors, policies, tags, trust
from platform_components.mesh.args import IstioAmbient, IstioSidecar, Tag
from platform_components.mesh.building import AGENTS, CERTIFICATES, MONITORING, Building
from platform_components.names import child_name

INTERMEDIATE = "mesh-intermediate"
"""Name of the Certificate behind istiod's authority."""

_NODES = Traffic(metrics=(15014, 15020), used={istiod.NAMESPACE: (15012,)})
"""Of the agents and ztunnel together."""
_SECURITY, _GATEWAY_API = "security.istio.io/v1", "gateway.networking.k8s.io/v1"


class IstioMesh:
    """One Istio mesh of a component."""

    def __init__(self, building: Building, mesh: IstioAmbient | IstioSidecar) -> None:
        self._building = building
        self._mesh = mesh
        self._site = building.site
        self.revisions = {tag.value: istiod.revision(mesh.revisions.version(tag)) for tag in self._tags()}
        """Revision behind every tag."""
        self.has_gateway = mesh.gateway is not None and building.site.domain is not None
        """Whether there is a way in."""

    def create(self) -> None:
        """Register everything."""
        mesh, building = self._mesh, self._building
        network = {"topology.istio.io/network": mesh.multi_cluster.network} if mesh.multi_cluster else None
        system = building.namespace(istiod.NAMESPACE, istiod.ADDON.pod_security, istiod.ADDON.traffic, network)
        nodes = building.namespace(istiod.DATA_PLANE, PodSecurity.PRIVILEGED, _NODES, pods=AGENTS)
        # Definitions as new as the newest control plane; they serve the older one, too.
        newest = self._istio(Tag.CANARY)
        base = building.release(
            replace(istio_base.ADDON, version=newest.version), istio_base.values(self._site, self._istio(Tag.STABLE)), system, []
        )
        kinds = building.gateway_api([base])
        intermediate = self._create_intermediate(system)
        planes = [self._create_control_plane(tag, system, [base, *kinds, intermediate]) for tag in self._tags()]
        pointers = [
            self._create_tag(tag, revision, planes)
            for tag, revision in {tags.DEFAULT: self.revisions[Tag.STABLE], **self.revisions}.items()
        ]
        rules = self._create_rules(system, planes)
        last = self._create_data_plane(nodes, [*planes, *rules])
        if self.has_gateway:
            self._create_gateway(last, [*pointers, *kinds])
        if self._site.monitors:
            for name, (namespace, spec) in monitors.pod_monitors(ambient=self._ambient).items():
                inside = system if namespace == istiod.NAMESPACE else nodes
                building.object(f"monitor-{name}", MONITORING, "PodMonitor", name, spec, namespace=inside)
        building.expiry_alerts(istiod.NAMESPACE, INTERMEDIATE, system)

    @property
    def _ambient(self) -> bool:
        return isinstance(self._mesh, IstioAmbient)

    def _tags(self) -> tuple[Tag, ...]:
        return (Tag.STABLE, Tag.CANARY) if self._mesh.revisions.canary else (Tag.STABLE,)

    def _istio(self, tag: Tag) -> Istio:
        """What the charts of a revision are told."""
        mesh = self._mesh
        return Istio(
            version=mesh.revisions.version(tag),
            ambient=self._ambient,
            outbound=mesh.outbound.value,
            trust_domain=mesh.trust.domain,
            mesh_id=mesh.multi_cluster.mesh_id if mesh.multi_cluster else None,
            network=mesh.multi_cluster.network if mesh.multi_cluster else None,
            tracing=mesh.tracing.address if mesh.tracing else None,
            native_sidecars=mesh.native_sidecars if isinstance(mesh, IstioSidecar) else True,
        )

    def _create_intermediate(self, system: pulumi.Output[str]) -> pulumi.Resource:
        issuer, needed = self._building.authority()
        days = self._mesh.trust.intermediate_days
        spec = trust.intermediate(istiod.AUTHORITY, f"istiod.{self._site.environment}", days, issuer)
        return self._building.object(INTERMEDIATE, CERTIFICATES, "Certificate", INTERMEDIATE, spec, needed, namespace=system)

    def _create_control_plane(self, tag: Tag, system: pulumi.Output[str], after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        """Keyed by its version: when a canary becomes stable it stays, and the old one goes."""
        istio = self._istio(tag)
        addon = replace(istiod.ADDON, version=istio.version, role=f"istiod-{istio.revision}")
        return self._building.release(addon, istiod.values(self._site, istio), system, after)

    def _create_tag(self, tag: str, revision: str, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        # Any: the object is written as the API has it, and the SDK types its own spelling of the fields only.
        metadata: Any = {"name": f"istio-revision-tag-{tag}", "labels": owned(tags.labels(tag, revision))}
        webhooks: Any = tags.webhooks(tag, revision)
        return k8s.admissionregistration.v1.MutatingWebhookConfiguration(
            child_name(self._building.name, "mesh-tag", tag),
            metadata=metadata,
            webhooks=webhooks,
            opts=self._building.component.child_options(depends_on=list(after)),
        )

    def _create_rules(self, system: pulumi.Output[str], planes: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """Encryption, who may call whom, and what is told of every request: all in the root namespace, so for every namespace."""
        mesh, make = self._mesh, self._building.object
        strict = make("mesh-mtls", _SECURITY, "PeerAuthentication", "default", policies.peer_authentication(), planes, namespace=system)
        allowed = policies.authorization_policies(mesh.trust.domain, mesh.metrics_ports, ambient=self._ambient, gateway=self.has_gateway)
        rules = [make(name, _SECURITY, "AuthorizationPolicy", name, spec, planes, namespace=system) for name, spec in allowed.items()]
        sampling = mesh.tracing.sampling_percent if mesh.tracing else None
        telemetry = policies.telemetry(access_logs=mesh.access_logs, sampling_percent=sampling)
        make("mesh-telemetry", "telemetry.istio.io/v1", "Telemetry", "default", telemetry, planes, namespace=system)
        return [strict, *rules]

    def _create_data_plane(self, nodes: pulumi.Output[str], after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Agents, and in ambient mode ztunnel after them, each at the version that it has reached."""
        reached = self._istio(self._mesh.data_plane.cni)
        addon = replace(istio_cni.ADDON, version=reached.version)
        agents = self._building.release(addon, istio_cni.values(self._site, reached), nodes, after)
        if not isinstance(self._mesh, IstioAmbient):
            return agents
        reached = self._istio(self._mesh.data_plane.ztunnel)
        addon = replace(ztunnel.ADDON, version=reached.version)
        return self._building.release(addon, ztunnel.values(self._site, reached), nodes, [agents])

    def _create_gateway(self, last: pulumi.Resource, after: Sequence[pulumi.Resource]) -> None:
        mesh, building, domain = self._mesh, self._building, self._site.domain
        if mesh.gateway is None or domain is None:
            return
        addon, make, stable = istio_gateway.ADDON, building.object, self._istio(Tag.STABLE)
        namespace = building.namespace(addon.namespace, addon.pod_security, addon.traffic)
        clients = make(
            "mesh-clients", _SECURITY, "AuthorizationPolicy", "allow-clients", policies.gateway_clients(), [last], namespace=namespace
        )
        scheme = None if mesh.gateway.load_balancer == "none" else mesh.gateway.load_balancer
        values = istio_gateway.values(self._site, stable, tag=Tag.STABLE.value, scheme=scheme, hostnames=ingress.hostnames(domain))
        proxies = building.release(replace(addon, version=stable.version), values, namespace, [last, clients, *after])
        certificate = make(
            "ingress-certificate",
            CERTIFICATES,
            "Certificate",
            ingress.CERTIFICATE,
            ingress.certificate(domain, building.args.public_issuer),
            namespace=namespace,
        )
        gateway = make(
            "ingress-gateway",
            _GATEWAY_API,
            "Gateway",
            ingress.GATEWAY,
            ingress.gateway(domain),
            [proxies, certificate],
            namespace=namespace,
            labels={"istio.io/rev": Tag.STABLE.value},
        )
        make("ingress-redirect", _GATEWAY_API, "HTTPRoute", "redirect", ingress.redirect(), [gateway], namespace=namespace)
