"""The catalogue of add-ons: one module per chart, with its record and its values. Adding one is a module and its line here. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from platform_components.charts.addon import Addon
from platform_components.charts.records import metrics_server, prometheus_operator_crds

ADDONS: Mapping[str, Addon] = MappingProxyType({module.ADDON.name: module.ADDON for module in (prometheus_operator_crds, metrics_server)})
"""Every add-on by name."""
