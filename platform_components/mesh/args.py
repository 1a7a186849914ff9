"""What ServiceMesh is given, and what an environment may say of its mesh."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from platform_components.args import Args, Late
from platform_components.charts.args import AddonSettings, InstallationArgs
from platform_components.charts.records import istiod
from platform_components.mesh.owners import AddonPath, gateway_api_problems, version_problems
from platform_components.mesh.versions import PATTERN, canary_problem, tested_problem
from platform_components.profile import Profile

DOMAIN = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class Tag(StrEnum):
    """A revision tag: what namespaces and gateways follow by the label istio.io/rev."""

    STABLE = "stable"
    CANARY = "canary"


class Outbound(StrEnum):
    """Where workloads of the mesh may connect to outside the cluster."""

    REGISTRY_ONLY = "REGISTRY_ONLY"
    """To hosts that the mesh has been told of."""
    ALLOW_ANY = "ALLOW_ANY"
    """Anywhere."""


class InternalAuthority(Args):
    """The platform's own authority, which Certificates makes: one per cluster."""

    kind: Literal["internal"] = Field(description="`internal`: the platform's own certificate authority.")


class SecretAuthority(Args):
    """An authority whose key somebody else keeps: the root of several clusters, or what a root has signed."""

    kind: Literal["secret"] = Field(description="`secret`: the key pair of an authority in a Secret.")
    secret: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
        description="Secret in namespace cert-manager with `tls.crt` and `tls.key`, put there by an operator of secrets. Required.",
    )


class PrivateCaAuthority(Args):
    """An authority of AWS Private CA: the one that `certificates.issuer` names."""

    kind: Literal["acm-pca"] = Field(description="`acm-pca`: the authority of AWS Private CA that signs public names, too.")
    root_certificate: str | None = Field(
        default=None,
        pattern=r"^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s-]+-----END CERTIFICATE-----\s*$",
        description="The root's certificate, as PEM: Linkerd's proxies are told it. Omitted: not for Linkerd.",
    )


Authority = Annotated[InternalAuthority | SecretAuthority | PrivateCaAuthority, Field(discriminator="kind")]
"""Who signs the authority of this cluster's mesh."""


class MultiCluster(Args):
    """What meshes of several clusters have to agree on, so that one may be reached from the other."""

    mesh_id: str = Field(pattern=NAME, description="Name of the mesh, the same in every cluster. Required.")
    network: str = Field(pattern=NAME, description="Network of this cluster's pods; the same where pods reach each other. Required.")


class Trust(Args):
    """Who signs whose certificates."""

    authority: Authority = Field(
        default=InternalAuthority(kind="internal"),
        description="Who signs the mesh's own authority, an intermediate of this cluster. Omitted: the platform's own.",
    )
    domain: str = Field(
        default="cluster.local", pattern=DOMAIN, description="Trust domain: the beginning of every identity. Omitted: cluster.local."
    )
    intermediate_days: int = Field(
        default=180,
        ge=90,
        le=1825,
        description="Lifetime of the cluster's intermediate, in days; it is renewed when a third of it is left. Omitted: 180.",
    )


class Tracing(Args):
    """Where spans go."""

    endpoint: str = Field(
        pattern=r"^[a-z0-9.-]+:[0-9]{1,5}$",
        description="Host and port of an OTLP collector, such as collector.monitoring.svc.cluster.local:4317. Required.",
    )
    sampling_percent: float = Field(default=1, gt=0, le=100, description="Share of requests that is traced, in percent. Omitted: 1.")
    service_account: str = Field(
        default="opentelemetry-collector",
        pattern=NAME,
        description="The collector's service account, by which Linkerd's proxies know it. Omitted: opentelemetry-collector.",
    )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.endpoint.rpartition(":")
        return host, int(port)


class MeshBase(Args):
    """What every mesh takes."""

    gateway_api: Literal["installed", "existing"] = Field(
        default="installed",
        description="Who owns the definitions of the Gateway API: `installed`: this component, for everybody in the cluster; `existing`: "
        "somebody else, who has installed them before. Omitted: installed.",
    )
    trust: Trust = Field(default=Trust(), description="Who signs whose certificates. Omitted: the platform's own authority.")
    tracing: Tracing | None = Field(default=None, description="Where spans go. Omitted: no traces.")
    access_logs: bool = Field(default=True, description="Whether proxies log every request. Omitted: yes.")


class Revisions(Args):
    """Versions of Istio's control plane that stand beside each other, by revision tag."""

    stable: str = Field(
        default=istiod.VERSION,
        pattern=PATTERN,
        description=f"Version that everything follows which says nothing else. Omitted: {istiod.VERSION}.",
    )
    canary: str | None = Field(
        default=None,
        pattern=PATTERN,
        description="A newer version beside it, for what carries the label istio.io/rev=canary; at most one minor version above stable. "
        "Omitted: none.",
    )

    @field_validator("stable", "canary")
    @classmethod
    def _tested(cls, version: str | None) -> str | None:
        if version is not None and (problem := tested_problem(version, istiod.VERSION)):
            raise PydanticCustomError("revision", "{message}", {"message": problem})
        return version

    @field_validator("canary")
    @classmethod
    def _may_be_tried(cls, canary: str | None, info: ValidationInfo) -> str | None:
        stable = info.data.get("stable")
        if canary is not None and stable is not None and (problem := canary_problem(stable, canary)):
            raise PydanticCustomError("revision", "{message}", {"message": problem})
        return canary

    def version(self, tag: Tag) -> str:
        """Version behind a tag."""
        return self.canary if tag is Tag.CANARY and self.canary is not None else self.stable


class IngressGateway(Args):
    """The way into the mesh: for the environment's domain, by TLS."""

    load_balancer: Literal["internal", "internet-facing", "none"] = Field(
        default="internal",
        description="A network load balancer inside the VPC, one that faces the internet, or none. The first two are made by the AWS Load "
        "Balancer Controller, which has to be there. Omitted: internal.",
    )


class IstioBase(MeshBase):
    """What both modes of Istio take."""

    revisions: Revisions = Field(default=Revisions(), description="Versions of the control plane. Omitted: the records', and no canary.")
    outbound: Outbound = Field(
        default=Outbound.REGISTRY_ONLY,
        description="What proxies let out of the cluster: hosts that a ServiceEntry names, or any. In ambient mode only gateways and "
        "waypoints heed it, and NetworkPolicies hold the rest. Omitted: REGISTRY_ONLY.",
    )
    gateway: IngressGateway | None = Field(
        default=IngressGateway(), description="The way in, for the environment's domain; none without a domain. null: none."
    )
    multi_cluster: MultiCluster | None = Field(default=None, description="What joins this mesh with others. Omitted: it stands alone.")
    metrics_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(
        default=(8080, 9090, 9100, 9102, 15020, 15090),
        description="Ports of workloads that the monitoring namespace may scrape. Omitted: those that exporters and proxies mostly use.",
    )

    @model_validator(mode="after")
    def _clusters_share_a_root(self) -> "IstioBase":
        if self.multi_cluster is not None and isinstance(self.trust.authority, InternalAuthority):
            raise ValueError(
                "multi_cluster needs one root for all clusters, and the platform's own authority is of this cluster alone; "
                "set trust.authority to kind secret or acm-pca"
            )
        return self


class AmbientDataPlane(Args):
    """How far an upgrade has come on the nodes: istiod first, then the CNI agents, then ztunnel."""

    cni: Tag = Field(default=Tag.STABLE, description="Revision that the CNI agents have reached. Omitted: stable.")
    ztunnel: Tag = Field(
        default=Tag.STABLE,
        description="Revision that ztunnel has reached; changing it drops connections of every node in turn. Omitted: stable.",
    )

    @field_validator("ztunnel")
    @classmethod
    def _follows(cls, ztunnel: Tag, info: ValidationInfo) -> Tag:
        if ztunnel is Tag.CANARY and info.data.get("cni") is Tag.STABLE:
            message = "ztunnel follows the CNI agents: set data_plane.cni to canary first, and ztunnel in a later `up`"
            raise PydanticCustomError("data_plane", "{message}", {"message": message})
        return ztunnel


class SidecarDataPlane(Args):
    """How far an upgrade has come on the nodes; sidecars follow when their pods are restarted."""

    cni: Tag = Field(default=Tag.STABLE, description="Revision that the CNI agents have reached. Omitted: stable.")


class IstioAmbient(IstioBase):
    """Istio without sidecars: encryption and layer 4 on every node, layer 7 in waypoints where a team asks for one."""

    kind: Literal["istio-ambient"] = Field(default="istio-ambient", description="`istio-ambient`: Istio, ambient mode.")
    data_plane: AmbientDataPlane = Field(
        default=AmbientDataPlane(), description="How far an upgrade has come on the nodes. Omitted: all is stable."
    )

    @field_validator("data_plane")
    @classmethod
    def _has_a_canary(cls, data_plane: AmbientDataPlane, info: ValidationInfo) -> AmbientDataPlane:
        _not_ahead(info, cni=data_plane.cni, ztunnel=data_plane.ztunnel)
        return data_plane


class IstioSidecar(IstioBase):
    """Istio with a proxy beside every pod."""

    kind: Literal["istio-sidecar"] = Field(description="`istio-sidecar`: Istio, a proxy beside every pod.")
    data_plane: SidecarDataPlane = Field(
        default=SidecarDataPlane(), description="How far an upgrade has come on the nodes. Omitted: all is stable."
    )
    native_sidecars: bool = Field(
        default=True,
        description="Whether proxies are sidecar containers of Kubernetes, which start before and stop after the others. If not, "
        "containers wait until their proxy is ready. Omitted: yes.",
    )

    @field_validator("data_plane")
    @classmethod
    def _has_a_canary(cls, data_plane: SidecarDataPlane, info: ValidationInfo) -> SidecarDataPlane:
        _not_ahead(info, cni=data_plane.cni)
        return data_plane


def _not_ahead(info: ValidationInfo, **reached: Tag) -> None:
    revisions = info.data.get("revisions")
    ahead = [part for part, tag in reached.items() if tag is Tag.CANARY]
    if ahead and isinstance(revisions, Revisions) and revisions.canary is None:
        message = f"{' and '.join(ahead)} would be ahead of istiod: there is no revisions.canary that it could follow"
        raise PydanticCustomError("data_plane", "{message}", {"message": message})


class Linkerd(MeshBase):
    """Linkerd: a small proxy beside every pod. It has no gateway of its own."""

    kind: Literal["linkerd"] = Field(description="`linkerd`: Linkerd.")
    revisions: None = Field(default=None, description="Not for Linkerd: one control plane at a time, upgraded in place. Leave it out.")
    inbound: Literal["all-authenticated", "cluster-authenticated", "deny"] = Field(
        default="all-authenticated",
        description="Who may call a workload that no policy speaks of: whoever has an identity of the trust domain, those of this cluster, "
        "or nobody. Omitted: all-authenticated.",
    )
    ipv6: bool = Field(default=False, description="Whether pods have IPv6 addresses. Omitted: no.")

    @field_validator("revisions", mode="before")
    @classmethod
    def _none(cls, revisions: Any) -> None:
        if revisions is not None:
            message = "Linkerd has no revisions: its control plane is upgraded in place; leave them out, or choose an Istio kind"
            raise PydanticCustomError("revisions", "{message}", {"message": message})

    @model_validator(mode="after")
    def _root_is_known(self) -> "Linkerd":
        authority = self.trust.authority
        if isinstance(authority, PrivateCaAuthority) and authority.root_certificate is None:
            raise ValueError("Linkerd's proxies are told whom to trust; give trust.authority.root_certificate")
        return self


Mesh = Annotated[IstioAmbient | IstioSidecar | Linkerd, Field(discriminator="kind")]
"""One mesh: two would both want the traffic of a pod."""


class ServiceMeshArgs(InstallationArgs):
    """A service mesh in one cluster."""

    mesh: Mesh = Field(default=IstioAmbient(), description="The mesh. Omitted: Istio, ambient mode.")
    internal_issuer: Late[Mapping[str, str]] = Field(
        description="`issuerRef` of the platform's own authority: `Certificates.internal_issuer`. Required."
    )
    public_issuer: Late[Mapping[str, str]] = Field(
        description="`issuerRef` for public names: `Certificates.public_issuer`; of AWS Private CA where trust.authority is. Required."
    )

    @model_validator(mode="after")
    def _one_owner(self) -> "ServiceMeshArgs":
        problems = [f"addons.{'.'.join(path)} {message}" for path, message in addon_problems(self.mesh, self.addons)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def addon_problems(mesh: IstioAmbient | IstioSidecar | Linkerd, addons: Mapping[str, AddonSettings]) -> Iterator[tuple[AddonPath, str]]:
    """What an environment says of add-ons that does not go with its mesh, as (path below `addons`, reason)."""
    yield from gateway_api_problems(
        mesh.kind,
        mesh.gateway_api,
        {name: own.values for name, own in addons.items()},
        {name: own.enabled for name, own in addons.items() if own.enabled is not None},
    )
    yield from version_problems(mesh.kind, {name: own.version for name, own in addons.items()})


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {Profile.DEV: {}, Profile.PRODUCTION: {}, Profile.REGULATED: {}}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
