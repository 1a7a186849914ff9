"""A mesh that is being built: what both kinds of it register in the same way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import Addon, PodSecurity, Values
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import gateway_api_crds
from platform_components.charts.release import install
from platform_components.charts.site import Site
from platform_components.charts.traffic import PODS, Traffic
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.labels import owned
from platform_components.mesh import trust
from platform_components.mesh.args import InternalAuthority, SecretAuthority, ServiceMeshArgs

CERTIFICATES = "cert-manager.io/v1"
MONITORING = "monitoring.coreos.com/v1"
AGENTS = 5000
"""Pods of a namespace whose pods run on every node."""


@dataclass(frozen=True, slots=True)
class Building:
    """The component, and what it was told."""

    component: PlatformComponent
    name: str
    args: ServiceMeshArgs
    site: Site

    def namespace(
        self, name: str, level: PodSecurity, traffic: Traffic, labels: Mapping[str, str] | None = None, pods: int = PODS
    ) -> pulumi.Output[str]:
        """A namespace; what lies in it comes after it."""
        made = create_namespace(self.component, self.name, name, level, traffic, labels=labels, pods=pods)
        return made.metadata.name.apply(str)

    def release(self, addon: Addon, values: Values, namespace: pulumi.Input[str], after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        """A chart of the catalogue."""
        return install(self.component, self.name, addon, values, self.args, namespace=namespace, depends_on=after)

    def object(
        self,
        role: str,
        api_version: str,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        after: Sequence[pulumi.Resource] = (),
        *,
        namespace: pulumi.Input[str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> k8s.apiextensions.CustomResource:
        """A custom resource of a fixed name, which only the platform may change."""
        own = owned(dict(labels or {}))
        return CustomResources(self.component, self.name).create(
            role, api_version, kind, name, spec, after, namespace=namespace, labels=own
        )

    def gateway_api(self, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """The definitions of the Gateway API, where this component owns them."""
        if self.args.mesh.gateway_api == "existing":
            return []
        addon = gateway_api_crds.ADDON
        return [self.release(addon, gateway_api_crds.values(self.site), addon.namespace, after)]

    def authority(self) -> tuple[Any, list[pulumi.Resource]]:
        """Who signs the intermediate, and what has to be there for it."""
        authority = self.args.mesh.trust.authority
        if isinstance(authority, InternalAuthority):
            return self.args.internal_issuer, []
        if isinstance(authority, SecretAuthority):
            made = self.object("mesh-authority", CERTIFICATES, "ClusterIssuer", trust.SHARED, trust.shared_authority(authority.secret))
            return {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": trust.SHARED}, [made]
        return self.args.public_issuer, []

    def expiry_alerts(self, namespace: str, certificate: str, inside: pulumi.Input[str]) -> None:
        """Alerts on the intermediate, where somebody evaluates them."""
        if self.site.monitors:
            spec = trust.expiry_rules(namespace, certificate, self.args.mesh.trust.intermediate_days, self.args.links)
            self.object("mesh-alerts", MONITORING, "PrometheusRule", "mesh-certificates", spec, namespace=inside)
