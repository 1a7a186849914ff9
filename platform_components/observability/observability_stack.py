"""ObservabilityStack: metrics, logs, traces, dashboards and alerts of one cluster.

Builds namespaces, buckets, identities, releases, Alertmanager's configuration, collectors, synthetic checks and dashboards. Does not build
the kinds of the Prometheus operator, which come before everything, nor the Secrets that receivers and exporters read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_random as random

from platform_components.charts.addon import Addon, PodSecurity
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import (
    kube_prometheus_stack,
    loki,
    opentelemetry_collector,
    prometheus_blackbox_exporter,
    tempo,
    thanos,
)
from platform_components.charts.records.kube_prometheus_stack import NODES
from platform_components.charts.release import install
from platform_components.charts.traffic import MONITORING, PODS, Traffic, network_policies
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.data.bucket import Bucket
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.names import child_name
from platform_components.observability import alertmanager, collectors, dashboards, grafana, plans, probes
from platform_components.observability.alerts import grafana_address, rule_spec
from platform_components.observability.args import AmazonManagedPrometheus, ObservabilityStackArgs, PublicEntry, Thanos
from platform_components.observability.documents import log_group_arn, object_store
from platform_components.observability.rules import RuleSettings, platform_rules
from platform_components.observability.rules.logs import logs_group
from platform_components.observability.targets import log_groups, targets

AGENTS = 5000
"""Pods of a namespace whose pods run on every node."""
_PASSWORD_LENGTH = 32
_OPERATOR = "monitoring.coreos.com/v1"
_NODES = Traffic(
    metrics=(9100, opentelemetry_collector.METRICS), used={opentelemetry_collector.NAMESPACE: (opentelemetry_collector.AGENTS,)}
)
"""Of what runs on the nodes: the agents send to the gateway, and the API server tells them whose a pod is."""


class ObservabilityStack(PlatformComponent):
    """What on-call trusts: metrics, logs and traces of a cluster, and a way for every alert to somebody.

    Example::

        ObservabilityStack("prod", ObservabilityStackArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id, domain="prod.example.com",
            alerting={"page": [{"kind": "pagerduty", "routing_key": {"name": "pagerduty", "key": "platform"}}]},
            teams={"payments": {"namespaces": ["payments"], "ticket": [
                {"kind": "slack", "webhook": {"name": "slack", "key": "payments"}, "channel": "#payments"}]}}))

    Applications send OTLP and Zipkin to the gateway collector (see the outputs). Monitors, probes and rules are taken from every
    namespace. Secrets of receivers and exporters are only named: whoever keeps secrets puts them there.
    """

    prometheus_url: pulumi.Output[str]
    """Where metrics are asked for, inside the cluster: the long-term store where there is one."""
    otlp_endpoint: pulumi.Output[str]
    """Where applications send OTLP over gRPC; over HTTP at port 4318."""
    zipkin_endpoint: pulumi.Output[str | None]
    """Where applications send spans of Zipkin; none without traces."""
    bucket_names: pulumi.Output[Mapping[str, str]]
    """Buckets by what they hold: metrics, logs, traces."""
    alertmanager_config: pulumi.Output[str]
    """Alertmanager's configuration, as JSON, which YAML takes. Secret."""

    def __init__(self, name: str, args: ObservabilityStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        self._objects = CustomResources(self, name, MONITORING)
        self._buckets: dict[str, Bucket] = {}
        open_ = self._open(MONITORING, kube_prometheus_stack.ADDON.traffic)
        nodes = self._namespace(NODES, PodSecurity.PRIVILEGED, _NODES, AGENTS)
        telemetry = self._namespace(opentelemetry_collector.NAMESPACE, PodSecurity.RESTRICTED, opentelemetry_collector.ADDON.traffic, PODS)
        prometheus = self._create_metrics([open_, nodes])
        self._create_logs([open_])
        self._create_traces([open_])
        self._create_collectors(telemetry, nodes)
        self._create_probes(prometheus)
        self._create_rules(prometheus)
        self._create_dashboards()
        gateway = f"{collectors.GATEWAY}.{opentelemetry_collector.NAMESPACE}.svc"
        self.otlp_endpoint = pulumi.Output.from_input(f"{gateway}:{opentelemetry_collector.OTLP_GRPC}")
        zipkin = f"http://{gateway}:{opentelemetry_collector.ZIPKIN}/api/v2/spans" if args.traces else None
        self.zipkin_endpoint = pulumi.Output.from_input(zipkin)
        self.bucket_names = pulumi.Output.all(**{role: bucket.bucket_name for role, bucket in self._buckets.items()}).apply(dict[str, str])
        self.register()

    # -- metrics and alerts

    def _create_metrics(self, after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        """Prometheus, Alertmanager and Grafana, and what keeps metrics for longer."""
        args, long_term = self._args, self._args.metrics.long_term
        self.alertmanager_config = pulumi.Output.secret(
            json.dumps(alertmanager.configuration(args.alerting, args.teams), sort_keys=True, indent=1)
        )
        config = {"alertmanager.yaml": self.alertmanager_config}
        needed = [*after, self._secret("alertmanager", kube_prometheus_stack.ALERTMANAGER_CONFIG, config), self._grafana_admin()]
        workspace: aws.amp.Workspace | None = None
        if isinstance(long_term, Thanos):
            needed += self._create_metrics_store()
        elif isinstance(long_term, AmazonManagedPrometheus):
            workspace = self._create_workspace()
            needed += self._workspace_identities(workspace)
        endpoint = workspace.prometheus_endpoint if workspace is not None else None
        values = kube_prometheus_stack.values(self._site, plans.metrics(args, endpoint))
        release = self._install(kube_prometheus_stack.ADDON, values, needed)
        if isinstance(long_term, Thanos):
            self._install(thanos.ADDON, thanos.values(self._site, plans.long_term(args, long_term)), [release])
        self.prometheus_url = pulumi.Output.from_input(thanos.QUERY_URL if isinstance(long_term, Thanos) else plans.PROMETHEUS_URL)
        return release

    def _create_metrics_store(self) -> list[pulumi.Resource]:
        """The bucket of blocks, for the sidecars that write it and Thanos, which reads and thins it out."""
        bucket = self._create_bucket("metrics")
        parts = pulumi.Output.all(bucket.bucket_name, self._args.region)
        described = {"objstore.yml": parts.apply(lambda at: object_store(*at))}
        config = self._secret("object-store", kube_prometheus_stack.OBJECT_STORE, described)
        accounts = (kube_prometheus_stack.PROMETHEUS_ACCOUNT, thanos.ACCOUNT)
        return [config, bucket, *(self._granted(bucket, account) for account in accounts)]

    def _create_workspace(self) -> aws.amp.Workspace:
        return aws.amp.Workspace(
            child_name(self._name, "metrics"), alias=self._args.environment, tags=self._args.tags, opts=self.child_options()
        )

    def _workspace_identities(self, workspace: aws.amp.Workspace) -> list[pulumi.Resource]:
        """The right to write to the workspace for Prometheus, and to ask it for Grafana."""
        arns = (workspace.arn,)
        write = Statement(sid="Write", actions=("aps:RemoteWrite",), resources=arns)
        actions = ("aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics")
        ask = Statement(sid="Ask", actions=actions, resources=arns)
        return [
            self._identity(kube_prometheus_stack.PROMETHEUS_ACCOUNT, MONITORING, (write,)),
            self._identity(kube_prometheus_stack.GRAFANA_ACCOUNT, MONITORING, (ask,)),
        ]

    def _grafana_admin(self) -> k8s.core.v1.Secret:
        """The administrator for the day on which single sign-on is down; nobody chooses, sees or shares the password before."""
        password = random.RandomPassword(
            child_name(self._name, "grafana-admin"), length=_PASSWORD_LENGTH, special=False, opts=self.child_options()
        )
        return self._secret("grafana-admin", kube_prometheus_stack.GRAFANA_ADMIN, {"user": "admin", "password": password.result})

    def _create_entry(self, release: pulumi.Resource) -> Mapping[str, PublicEntry]:
        """Grafana's name outside the cluster. Only with single sign-on: a password is no door to a public street."""
        domain, gateway = self._args.domain, self._args.gateway
        if domain is None or gateway is None or self._args.grafana.single_sign_on is None:
            return {}
        spec = grafana.route(domain, gateway, kube_prometheus_stack.GRAFANA_SERVICE)
        self._objects.create("grafana-route", "gateway.networking.k8s.io/v1", "HTTPRoute", "grafana", spec, [release], labels=owned())
        return {"grafana": PublicEntry(url=f"{grafana_address(domain)}/api/health")}

    def _create_probes(self, prometheus: pulumi.Resource) -> None:
        settings = self._args.probes
        entries = {**self._create_entry(prometheus), **settings.entries}
        values = prometheus_blackbox_exporter.values(self._site, probes.modules(entries))
        prober = self._install(prometheus_blackbox_exporter.ADDON, values, [])
        for name, spec in probes.probes(entries, settings.interval_seconds).items():
            self._objects.create(child_name("probe", name), _OPERATOR, "Probe", name, spec, [prober, prometheus], labels=owned())
        spec = probes.rules(settings.certificate_days, self._args.links)
        self._objects.create("probe-alerts", _OPERATOR, "PrometheusRule", "public-entries", spec, [prometheus], labels=owned())

    def _create_rules(self, prometheus: pulumi.Resource) -> None:
        """The platform's own rules. One object each group, so that a fault in one does not keep the others from being loaded."""
        args = self._args
        settings = RuleSettings(args.subnet_addresses, args.backup_hours, args.drill_days, args.monthly_usd)
        for group in platform_rules(settings):
            spec = rule_spec([group], self._args.links)
            self._objects.create(
                child_name("rules", group.name), _OPERATOR, "PrometheusRule", group.name, spec, [prometheus], labels=owned()
            )

    def _create_dashboards(self) -> None:
        """The platform's dashboards, and every team's own copies in its folder; Grafana's sidecar finds them by their label."""
        for uid in dashboards.UIDS:
            self._create_board(uid, "Platform", {uid: dashboards.text(uid)})
        for team in sorted(self._args.teams):
            self._create_board(f"team-{team}", team, dashboards.for_team(team))

    def _create_board(self, name: str, folder: str, texts: Mapping[str, str]) -> None:
        metadata: Any = {
            "name": f"dashboard-{name}",
            "namespace": MONITORING,
            "labels": owned({kube_prometheus_stack.DASHBOARD: "1"}),
            "annotations": {kube_prometheus_stack.FOLDER: folder},
        }
        data = {f"{uid}.json": text for uid, text in texts.items()}
        k8s.core.v1.ConfigMap(child_name(self._name, "board", name), metadata=metadata, data=data, opts=self.child_options())

    # -- logs and traces

    def _create_logs(self, after: Sequence[pulumi.Resource]) -> None:
        if self._args.logs is None:
            return
        bucket = self._create_bucket("logs")
        values = loki.values(self._site, plans.logs(self._args, self._args.logs, bucket.bucket_name))
        self._install(loki.ADDON, values, [*after, bucket, self._granted(bucket, loki.ACCOUNT), self._log_rules()])

    def _log_rules(self) -> k8s.core.v1.ConfigMap:
        """Rules on what logs say, a file for each tenant; JSON is YAML."""
        metadata: Any = {"name": loki.RULES, "namespace": MONITORING, "labels": owned()}
        data = {f"{tenant}.yaml": json.dumps(rule_spec([logs_group(tenant)], self._args.links)) for tenant in plans.log_tenants(self._args)}
        return k8s.core.v1.ConfigMap(child_name(self._name, "log-rules"), metadata=metadata, data=data, opts=self.child_options())

    def _create_traces(self, after: Sequence[pulumi.Resource]) -> None:
        if self._args.traces is None:
            return
        bucket = self._create_bucket("traces")
        values = tempo.values(self._site, plans.traces(self._args, self._args.traces, bucket.bucket_name))
        self._install(tempo.ADDON, values, [*after, bucket, self._granted(bucket, tempo.ACCOUNT)])

    # -- collectors

    def _create_collectors(self, telemetry: pulumi.Resource, nodes: pulumi.Resource) -> None:
        """From the stores outwards, so that what is sent finds somebody who takes it."""
        args, chosen = self._args, targets(self._args.exporters, self._args.region)
        plan = plans.collection(args, chosen)
        needed: list[pulumi.Resource] = [telemetry]
        if groups := log_groups(args.exporters):
            needed.append(self._cloudwatch_identity(groups))
        for part in plans.parts(plan, chosen, args.metrics.storage_class):
            addon = replace(opentelemetry_collector.ADDON, role=part.name)
            namespace, after = (NODES, [nodes]) if part.on_nodes else (opentelemetry_collector.NAMESPACE, needed)
            made = self._install(addon, opentelemetry_collector.values(self._site, part), [*after, *needed[1:]], namespace)
            needed = [telemetry, made]

    def _cloudwatch_identity(self, groups: tuple[str, ...]) -> WorkloadIdentity:
        """The right of the gateway to write to the log groups that exporters name."""
        parts = pulumi.Output.all(self._args.cluster.arn, self._args.region)
        arns = tuple(parts.apply(partial(_log_group, group)) for group in groups)
        actions = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        return self._identity(
            collectors.GATEWAY, opentelemetry_collector.NAMESPACE, (Statement(sid="WriteLogs", actions=actions, resources=arns),)
        )

    # -- all of them

    def _create_bucket(self, role: str) -> Bucket:
        bucket = Bucket(child_name(self._name, role), plans.bucket(self._args), self.child_options())
        self._buckets[role] = bucket
        return bucket

    def _granted(self, bucket: Bucket, account: str) -> WorkloadIdentity:
        """The identity of a store of telemetry, which reads its bucket, writes it, and deletes what has expired."""
        identity = self._identity(account, MONITORING, ())
        bucket.grant_read(identity)
        bucket.grant_write(identity)
        return identity

    def _identity(self, account: str, namespace: str, statements: tuple[Statement, ...]) -> WorkloadIdentity:
        return WorkloadIdentity(
            child_name(self._name, account),
            WorkloadIdentityArgs(
                cluster=self._args.cluster, namespace=namespace, service_account=account, statements=statements, tags=self._args.tags
            ),
            self.child_options(),
        )

    def _namespace(self, namespace: str, level: PodSecurity, traffic: Traffic, pods: int) -> k8s.core.v1.Namespace:
        return create_namespace(self, self._name, namespace, level, traffic, pods=pods)

    def _open(self, namespace: str, traffic: Traffic) -> k8s.networking.v1.NetworkPolicy:
        """Let a namespace that somebody else closed have the traffic that is needed here."""
        metadata: Any = {"name": "observability", "namespace": namespace, "labels": owned()}
        return k8s.networking.v1.NetworkPolicy(
            child_name(self._name, namespace), metadata=metadata, spec=network_policies(traffic)["platform"], opts=self.child_options()
        )

    def _secret(self, role: str, name: str, data: Mapping[str, Any]) -> k8s.core.v1.Secret:
        metadata: Any = {"name": name, "namespace": MONITORING, "labels": owned()}
        return k8s.core.v1.Secret(child_name(self._name, role), metadata=metadata, string_data=data, opts=self.child_options())

    def _install(
        self, addon: Addon, values: Mapping[str, Any], after: Sequence[pulumi.Resource], namespace: str = MONITORING
    ) -> k8s.helm.v3.Release:
        return install(self, self._name, addon, values, self._args, namespace=namespace, depends_on=after)


def _log_group(name: str, at: Sequence[str]) -> str:
    return log_group_arn(name, *at)
