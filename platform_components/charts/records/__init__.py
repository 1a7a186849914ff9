"""The catalogue of add-ons: one module per chart, with its record and its values. Adding one is a module and its line here. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from platform_components.charts.addon import Addon
from platform_components.charts.records import (
    argo_cd,
    aws_load_balancer_controller,
    aws_privateca_issuer,
    cert_manager,
    descheduler,
    external_dns,
    flux2,
    gateway_api_crds,
    istio_base,
    istio_cni,
    istio_gateway,
    istiod,
    karpenter,
    karpenter_crd,
    keda,
    kube_prometheus_stack,
    linkerd_cni,
    linkerd_control_plane,
    linkerd_crds,
    loki,
    metrics_server,
    nvidia_device_plugin,
    opentelemetry_collector,
    prometheus_blackbox_exporter,
    prometheus_operator_crds,
    tempo,
    thanos,
    trust_manager,
    vertical_pod_autoscaler,
    ztunnel,
)

_MODULES = (
    prometheus_operator_crds,
    metrics_server,
    nvidia_device_plugin,
    cert_manager,
    trust_manager,
    aws_privateca_issuer,
    karpenter_crd,
    karpenter,
    keda,
    vertical_pod_autoscaler,
    descheduler,
    argo_cd,
    flux2,
    aws_load_balancer_controller,
    external_dns,
    gateway_api_crds,
    istio_base,
    istiod,
    istio_cni,
    ztunnel,
    istio_gateway,
    linkerd_crds,
    linkerd_cni,
    linkerd_control_plane,
    kube_prometheus_stack,
    thanos,
    loki,
    tempo,
    opentelemetry_collector,
    prometheus_blackbox_exporter,
)

ADDONS: Mapping[str, Addon] = MappingProxyType({module.ADDON.name: module.ADDON for module in _MODULES})
"""Every add-on by name."""
