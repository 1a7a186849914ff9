"""ServiceMesh: identity, encryption and rules between workloads, and the way in from outside.

Builds namespaces, releases, the mesh's own authority, revision tags, rules, telemetry, gateway and alerts. Does not build cert-manager or
trust-manager, which are Certificates', nor the rules of single teams.
"""

from collections.abc import Mapping

import pulumi

from platform_components.charts.records import istio_gateway
from platform_components.component import PlatformComponent
from platform_components.mesh import ingress, namespaces
from platform_components.mesh.args import Linkerd, ServiceMeshArgs
from platform_components.mesh.building import Building
from platform_components.mesh.istio_mesh import IstioMesh
from platform_components.mesh.linkerd_mesh import LinkerdMesh


class ServiceMesh(PlatformComponent):
    """A service mesh in which nothing is sent in plain text and nothing is allowed that nobody has allowed.

    Example::

        ServiceMesh("prod", ServiceMeshArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id, domain="prod.example.com",
            mesh={"kind": "istio-ambient"},
            internal_issuer=certificates.internal_issuer, public_issuer=certificates.public_issuer))

    A namespace joins by the labels and annotations of the outputs. Istio's own rules allow the gateway, and the monitoring namespace at
    `metrics_ports`; every further call wants an AuthorizationPolicy in the namespace that is called. A new version of Istio is tried as
    `revisions.canary`, which namespaces follow by the label `istio.io/rev`, then nodes by `data_plane`; then it becomes stable.
    """

    kind: pulumi.Output[str]
    """Kind of the mesh."""
    namespace_labels: pulumi.Output[Mapping[str, str]]
    """Labels by which a namespace joins."""
    namespace_annotations: pulumi.Output[Mapping[str, str]]
    """Annotations by which a namespace joins."""
    gateway: pulumi.Output[Mapping[str, str]]
    """Namespace and name of the Gateway that routes of teams refer to; empty without one."""
    revisions: pulumi.Output[Mapping[str, str]]
    """Revision of Istio's control plane behind every tag; empty for Linkerd."""

    def __init__(self, name: str, args: ServiceMeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        mesh = args.mesh
        building = Building(self, name, args, args.site())
        gateway: dict[str, str] = {}
        revisions: dict[str, str] = {}
        if isinstance(mesh, Linkerd):
            LinkerdMesh(building, mesh).create()
        else:
            istio = IstioMesh(building, mesh)
            istio.create()
            revisions = dict(istio.revisions)
            gateway = {"namespace": istio_gateway.NAME, "name": ingress.GATEWAY} if istio.has_gateway else {}
        self.kind = pulumi.Output.from_input(mesh.kind)
        self.namespace_labels = pulumi.Output.from_input(dict(namespaces.LABELS[mesh.kind]))
        self.namespace_annotations = pulumi.Output.from_input(dict(namespaces.ANNOTATIONS[mesh.kind]))
        self.gateway = pulumi.Output.from_input(gateway)
        self.revisions = pulumi.Output.from_input(revisions)
        self.register()
