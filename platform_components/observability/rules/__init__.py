"""The platform's recording and alerting rules: data, made for an environment. Pure.

Rules on control plane parts that a managed cluster does not show (etcd, scheduler, controller manager) are left out: they could never be
satisfied. Alerts on certificates, meshes and GitOps come with the components that make those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from platform_components.observability.alerts import Group
from platform_components.observability.rules.capacity import capacity_group
from platform_components.observability.rules.cluster import control_plane_group, growth_group, nodes_group
from platform_components.observability.rules.services import backups_group, ci_group, cost_group, mesh_group, monitoring_group
from platform_components.observability.rules.workloads import volumes_group, workloads_group


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What the rules need to know of an environment. Rules on what it does not have stay silent, so nothing else is asked."""

    subnet_addresses: Mapping[str, int] = field(default_factory=dict)
    """Addresses that the node subnet of each zone can give out, by zone id. Empty: no alert on them."""
    backup_hours: Mapping[str, int] = field(default_factory=dict)
    """How old the newest good backup of each Velero schedule may be, in hours. Empty: no alert on them."""
    drill_days: int | None = None
    """How many days ago the last good restore drill may be. None: no alert on it."""
    monthly_usd: float | None = None
    """Monthly budget in US dollars. None: no alert on it."""


def platform_rules(settings: RuleSettings) -> Sequence[Group]:
    """Every group of the platform's own rules."""
    groups = (
        capacity_group(settings.subnet_addresses),
        nodes_group(),
        control_plane_group(),
        growth_group(),
        workloads_group(),
        volumes_group(),
        monitoring_group(),
        mesh_group(),
        ci_group(),
        backups_group(settings.backup_hours, settings.drill_days),
        cost_group(settings.monthly_usd),
    )
    return tuple(group for group in groups if group.rules)
