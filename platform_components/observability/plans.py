"""What each chart is told, from what the component was given. Late values are handed through."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_components.charts.records.kube_prometheus_stack import NAME, Metrics
from platform_components.charts.records.loki import Logs, Tenant
from platform_components.charts.records.opentelemetry_collector import Collector
from platform_components.charts.records.tempo import Traces
from platform_components.charts.records.thanos import QUERY_URL, LongTerm
from platform_components.charts.traffic import MONITORING
from platform_components.data.bucket_args import AccessLogs, BucketArgs
from platform_components.data.options import Alarms, Removal, StoreEncryption
from platform_components.observability import alertmanager, collectors, grafana
from platform_components.observability.args import LogsSettings, Mimir, ObservabilityStackArgs, Thanos, TracesSettings
from platform_components.observability.collectors import Plan, Target

PROMETHEUS_URL = f"http://{NAME}-prometheus.{MONITORING}.svc:9090"


def metrics(args: ObservabilityStackArgs, endpoint: Any) -> Metrics:
    """What the chart of Prometheus is told.

    Args:
        args: the component's.
        endpoint: address of the workspace of Amazon Managed Service for Prometheus. None: there is none.
    """
    settings, board = args.metrics, args.grafana
    writes = [_remote_write(write.url, write.bearer_token) for write in settings.remote_write]
    long_term: Mapping[str, Any] | None = None
    if endpoint is not None:
        writes.append({"url": _workspace(endpoint, "api/v1/remote_write"), "sigv4": {"region": args.region}})
        sigv4 = {"sigV4Auth": True, "sigV4AuthType": "default", "sigV4Region": args.region, "httpMethod": "POST"}
        long_term = _source("Metrics, all of them", "prometheus-long-term", endpoint, sigv4)
    elif isinstance(settings.long_term, Thanos):
        long_term = _source("Metrics, all of them", "prometheus-long-term", QUERY_URL, {"prometheusType": "Thanos", "httpMethod": "POST"})
    elif isinstance(settings.long_term, Mimir):
        mimir = settings.long_term
        writes.append({**_remote_write(f"{mimir.url}/api/v1/push", mimir.bearer_token), "headers": {grafana.TENANT_HEADER: mimir.tenant}})
        long_term = grafana.mimir(mimir)
    return Metrics(
        retention_days=settings.retention_days,
        storage_gib=settings.storage_gib,
        storage_class=settings.storage_class,
        memory_mib=settings.memory_mib,
        sample_limit=settings.sample_limit,
        label_limit=settings.label_limit,
        exemplars=settings.exemplars,
        remote_write=writes,
        thanos=isinstance(settings.long_term, Thanos),
        secrets=alertmanager.secret_keys(args.alerting, args.teams),
        grafana_ini=grafana.ini(args.domain, board.single_sign_on, board.database),
        grafana_environment=grafana.environment(board.single_sign_on, board.database, _long_term_token(settings.long_term)),
        grafana_replicas=args.replicas if board.database else 1,
        sigv4=endpoint is not None,
        data_sources=grafana.data_sources(
            logs=args.logs is not None,
            traces=args.traces is not None,
            teams=sorted(args.teams),
            namespace=MONITORING,
            long_term=long_term,
        ),
        issuer=args.internal_issuer,
    )


def long_term(args: ObservabilityStackArgs, settings: Thanos) -> LongTerm:
    """What the chart of Thanos is told."""
    return LongTerm(settings.raw_days, settings.five_minute_days, settings.hourly_days, args.metrics.storage_class)


def logs(args: ObservabilityStackArgs, settings: LogsSettings, bucket: Any) -> Logs:
    """What the chart of Loki is told: limits of its own for every team."""
    tenants = {
        team: Tenant(own.log_retention_days or settings.retention_days, own.log_mb_per_second) for team, own in sorted(args.teams.items())
    }
    return Logs(
        bucket=bucket,
        retention_days=settings.retention_days,
        storage_gib=settings.storage_gib,
        storage_class=args.metrics.storage_class,
        memory_mib=settings.memory_mib,
        tenants=tenants,
        ruled=log_tenants(args),
    )


def log_tenants(args: ObservabilityStackArgs) -> list[str]:
    """Whose logs lie apart: the platform's own, and each team's."""
    return [collectors.PLATFORM, *sorted(args.teams)]


def traces(args: ObservabilityStackArgs, settings: TracesSettings, bucket: Any) -> Traces:
    """What the chart of Tempo is told."""
    return Traces(bucket, settings.retention_days, settings.storage_gib, args.metrics.storage_class, settings.memory_mib)


def bucket(args: ObservabilityStackArgs) -> BucketArgs:
    """What each bucket is given. Nothing in it expires by itself: who wrote it deletes it, by age and tenant, and with its index."""
    storage = args.storage
    return BucketArgs(
        encryption=StoreEncryption(owned_key=storage.owned_keys, key_arn=storage.key_arn),
        removal=Removal.KEEP if storage.keep_on_destroy else Removal.DELETE,
        versions_days=storage.versions_days,
        access_logs=AccessLogs(enabled=storage.access_logs),
        alarms=Alarms(enabled=storage.alarms),
        tags=args.tags,
    )


def collection(args: ObservabilityStackArgs, chosen: Sequence[Target]) -> Plan:
    """What the collectors are to do."""
    sampling = args.traces or TracesSettings()
    # Each Prometheus by itself: behind their common address one of the two would lack what the other has.
    replicas = [f"http://prometheus-{NAME}-prometheus-{index}.prometheus-operated.{MONITORING}.svc:9090" for index in range(args.replicas)]
    return Plan(
        cluster=args.environment,
        prometheus=replicas,
        logs=args.logs is not None,
        traces=args.traces is not None,
        tenants={team: own.namespaces for team, own in args.teams.items()},
        targets=chosen,
        sampled_percent=sampling.sampled_percent,
        slow_ms=sampling.slow_ms,
        decision_seconds=sampling.decision_seconds,
        in_memory=sampling.in_memory,
    )


def parts(plan: Plan, chosen: Sequence[Target], storage_class: str | None) -> Iterator[Collector]:
    """The collectors there are, those first that others send to."""
    traced = [target for target in chosen if "traces" in target.signals]
    rest = [target for target in chosen if set(target.signals) - {"traces"}]
    if plan.traces:
        yield Collector(
            name=collectors.SAMPLER,
            config=collectors.sampler(plan),
            served=("otlp",),
            headless=True,
            memory_mib=1024,
            storage_class=storage_class,
            environment=_environment(traced),
        )
    yield Collector(
        name=collectors.GATEWAY,
        config=collectors.gateway(plan),
        served=("otlp", "otlp-http", *(("zipkin",) if plan.traces else ()), *(("agents",) if plan.collects_logs else ())),
        memory_mib=1024,
        storage_class=storage_class,
        environment=_environment(rest),
        sees=collectors.SEES,
    )
    if plan.collects_logs:
        yield Collector(
            name=collectors.AGENT, config=collectors.agent(plan), on_nodes=True, served=(), memory_mib=256, sees=collectors.SEES
        )


def _environment(chosen: Sequence[Target]) -> list[Mapping[str, Any]]:
    return [variable for target in chosen for variable in target.environment]


def _long_term_token(long_term: Any) -> Any:
    """Where the token of a Mimir lies, or None."""
    return long_term.bearer_token if isinstance(long_term, Mimir) else None


def _remote_write(url: str, token: Any) -> Mapping[str, Any]:
    credentials = {"authorization": {"credentials": {"name": token.name, "key": token.key}}} if token else {}
    return {"url": url, **credentials}


def _workspace(endpoint: Any, path: str) -> Any:
    """An address below that of a workspace, which may be late."""
    return endpoint.apply(lambda known: f"{known}{path}") if hasattr(endpoint, "apply") else f"{endpoint}{path}"


def _source(name: str, uid: str, url: Any, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": name, "uid": uid, "type": "prometheus", "access": "proxy", "url": url, "jsonData": dict(settings)}
