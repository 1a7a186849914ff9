"""ObservabilityStack: metrics, logs, traces, dashboards and alerts of one cluster.

Builds namespaces, buckets, identities, releases, Alertmanager's configuration, collectors, synthetic checks and dashboards. Does not build
the kinds of the Prometheus operator, which come before everything, nor the Secrets that receivers and exporters read.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from platform_components.charts.addon import Addon, PodSecurity
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import kube_prometheus_stack
from platform_components.charts.records.kube_prometheus_stack import NODES, Metrics
from platform_components.charts.release import install
from platform_components.charts.traffic import MONITORING, Traffic, network_policies
from platform_components.component import PlatformComponent
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.observability import alertmanager, grafana
from platform_components.observability.args import ObservabilityStackArgs

AGENTS = 5000
"""Pods of a namespace whose pods run on every node."""
_PASSWORD_LENGTH = 32


class ObservabilityStack(PlatformComponent):
    """What on-call trusts: metrics, logs and traces of a cluster, and a way for every alert to somebody.

    Example::

        ObservabilityStack("prod", ObservabilityStackArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id, domain="prod.example.com",
            alerting={"page": [{"kind": "pagerduty", "routing_key": {"name": "pagerduty", "key": "platform"}}]},
            teams={"payments": {"namespaces": ["payments"], "ticket": [
                {"kind": "slack", "webhook": {"name": "slack", "key": "payments"}, "channel": "#payments"}]}}))

    Applications send OTLP and Zipkin to the gateway collector (see `otlp_endpoint`). Monitors, probes and rules are taken from every
    namespace. Secrets of receivers and exporters are only named: whoever keeps secrets puts them there.
    """

    namespace: pulumi.Output[str]
    """Namespace of the stores, and of Prometheus, Alertmanager and Grafana."""
    prometheus_url: pulumi.Output[str]
    """Where Prometheus answers, inside the cluster."""
    alertmanager_config: pulumi.Output[str]
    """Alertmanager's configuration, as JSON, which YAML takes. Secret."""

    def __init__(self, name: str, args: ObservabilityStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        nodes = create_namespace(self, name, NODES, PodSecurity.PRIVILEGED, Traffic(metrics=(9100,)), pods=AGENTS)
        self._open(MONITORING, kube_prometheus_stack.ADDON.traffic)
        self.alertmanager_config = self._alertmanager_config()
        needed = [
            nodes,
            self._secret("alertmanager", kube_prometheus_stack.ALERTMANAGER_CONFIG, {"alertmanager.yaml": self.alertmanager_config}),
        ]
        needed.append(self._grafana_admin())
        self._install(kube_prometheus_stack.ADDON, kube_prometheus_stack.values(self._site, self._metrics()), needed)
        self.namespace = pulumi.Output.from_input(MONITORING)
        self.prometheus_url = pulumi.Output.from_input(f"http://{kube_prometheus_stack.NAME}-prometheus.{MONITORING}.svc:9090")
        self.register()

    def _metrics(self) -> Metrics:
        """What the chart of Prometheus is told."""
        args = self._args
        settings, board = args.metrics, args.grafana
        return Metrics(
            retention_days=settings.retention_days,
            storage_gib=settings.storage_gib,
            storage_class=settings.storage_class,
            memory_mib=settings.memory_mib,
            sample_limit=settings.sample_limit,
            label_limit=settings.label_limit,
            exemplars=settings.exemplars,
            thanos=False,
            secrets=alertmanager.secret_names(args.alerting, args.teams),
            grafana_ini=grafana.ini(args.domain, board.single_sign_on, board.database),
            grafana_environment=grafana.environment(board.single_sign_on, board.database),
            grafana_replicas=args.replicas if board.database else 1,
            issuer=args.internal_issuer,
        )

    def _alertmanager_config(self) -> pulumi.Output[str]:
        found = alertmanager.configuration(self._args.alerting, self._args.teams)
        return pulumi.Output.secret(json.dumps(found, sort_keys=True, indent=1))

    def _grafana_admin(self) -> k8s.core.v1.Secret:
        """The administrator for the day on which single sign-on is down; nobody chooses, sees or shares the password before."""
        password = random.RandomPassword(
            child_name(self._name, "grafana-admin"), length=_PASSWORD_LENGTH, special=False, opts=self.child_options()
        )
        return self._secret("grafana-admin", kube_prometheus_stack.GRAFANA_ADMIN, {"user": "admin", "password": password.result})

    def _open(self, namespace: str, traffic: Traffic) -> None:
        """Let a namespace that somebody else closed have the traffic that is needed here."""
        metadata: Any = {"name": "observability", "namespace": namespace, "labels": owned()}
        k8s.networking.v1.NetworkPolicy(
            child_name(self._name, namespace), metadata=metadata, spec=network_policies(traffic)["platform"], opts=self.child_options()
        )

    def _secret(self, role: str, name: str, data: Mapping[str, Any]) -> k8s.core.v1.Secret:
        metadata: Any = {"name": name, "namespace": MONITORING, "labels": owned()}
        return k8s.core.v1.Secret(child_name(self._name, role), metadata=metadata, string_data=data, opts=self.child_options())

    def _install(self, addon: Addon, values: Mapping[str, Any], after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        return install(self, self._name, addon, values, self._args, namespace=MONITORING, depends_on=after)
