"""What an ObservabilityStack is given, and what an environment file may say of it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.observability.exporters import Exporter
from platform_components.observability.receivers import NAME, AlertingSettings, SecretKey, TeamName, TeamSettings
from platform_components.profile import Profile


class Thanos(Args):
    """Prometheus uploads its blocks to S3; Thanos reads them there, thins them out and deletes them."""

    kind: Literal["thanos"] = Field(description="`thanos`.")
    raw_days: int = Field(default=30, ge=2, le=3650, description="How long every sample is kept, in days. Omitted: 30.")
    five_minute_days: int = Field(
        default=120, ge=11, le=3650, description="How long one sample in five minutes is kept, in days. Omitted: 120."
    )
    hourly_days: int = Field(default=400, ge=11, le=3650, description="How long one sample an hour is kept, in days. Omitted: 400.")


class AmazonManagedPrometheus(Args):
    """Prometheus writes to a workspace of Amazon Managed Service for Prometheus, which keeps it for 150 days."""

    kind: Literal["amazon-managed-prometheus"] = Field(description="`amazon-managed-prometheus`.")


class Mimir(Args):
    """Prometheus writes to a Mimir, or whatever answers as one, that somebody else runs; Grafana reads all of it there."""

    kind: Literal["mimir"] = Field(description="`mimir`.")
    url: str = Field(pattern=r"^https://[^\s/]+$", description="Its address, without a path, such as https://mimir.example.com. Required.")
    tenant: str = Field(pattern=r"^[A-Za-z0-9._-]{1,150}$", description="Tenant that the environment's metrics belong to. Required.")
    bearer_token: SecretKey | None = Field(default=None, description="Where its token lies. Omitted: it asks for none.")


LongTerm = Annotated[Thanos | AmazonManagedPrometheus | Mimir, Field(discriminator="kind")]
"""Where metrics go that Prometheus itself no longer holds."""


class RemoteWrite(Args):
    """Another place that every sample is written to."""

    url: str = Field(pattern=r"^https://\S+$", description="Where it takes Prometheus' remote write. Required.")
    bearer_token: SecretKey | None = Field(default=None, description="Where its token lies. Omitted: it asks for none.")


class MetricsSettings(Args):
    """Prometheus."""

    retention_days: int = Field(default=15, ge=1, le=90, description="How long Prometheus itself keeps samples, in days. Omitted: 15.")
    storage_gib: int = Field(
        default=100, ge=5, le=4096, description="Volume of each Prometheus, in GiB; it drops the oldest above four fifths. Omitted: 100."
    )
    storage_class: str | None = Field(
        default=None, pattern=NAME, description="StorageClass of every volume of this component. Omitted: the cluster's default."
    )
    memory_mib: int = Field(default=4096, ge=512, le=262144, description="The most memory of each Prometheus, in MiB. Omitted: 4096.")
    sample_limit: int = Field(
        default=50_000, ge=1000, description="The most series one target may have; one with more is not scraped. Omitted: 50,000."
    )
    label_limit: int = Field(default=64, ge=16, description="The most labels of a series; a target with more is refused. Omitted: 64.")
    exemplars: int = Field(default=100_000, ge=0, description="Exemplars in memory: the way from a metric to a trace. Omitted: 100,000.")
    remote_write: tuple[RemoteWrite, ...] = Field(default=(), description="Other places to write every sample to. Omitted: none.")
    long_term: LongTerm | None = Field(
        default=Thanos(kind="thanos"),
        description="What keeps metrics longer. Omitted: Thanos on S3; nothing with profile dev. null: nothing.",
    )


class LogsSettings(Args):
    """Loki."""

    retention_days: int = Field(default=30, ge=1, le=3650, description="How long logs are kept, in days. Omitted: 30.")
    storage_gib: int = Field(default=20, ge=1, le=1024, description="Volume of each Loki for what is not in S3 yet, in GiB. Omitted: 20.")
    memory_mib: int = Field(default=2048, ge=256, le=65536, description="The most memory of each Loki, in MiB. Omitted: 2048.")


class TracesSettings(Args):
    """Tempo, and which traces get there."""

    retention_days: int = Field(default=14, ge=1, le=365, description="How long traces are kept, in days. Omitted: 14.")
    storage_gib: int = Field(default=20, ge=1, le=1024, description="Volume of Tempo for what is not in S3 yet, in GiB. Omitted: 20.")
    memory_mib: int = Field(default=2048, ge=256, le=65536, description="The most memory of Tempo, in MiB. Omitted: 2048.")
    sampled_percent: float = Field(
        default=10,
        ge=0,
        le=100,
        description="Percentage of ordinary traces that is kept; of failed and slow ones it is all. Omitted: 10.",
    )
    slow_ms: int = Field(default=1000, ge=1, description="From how many milliseconds on a trace is slow. Omitted: 1000.")
    decision_seconds: int = Field(
        default=10, ge=1, le=120, description="How long a trace is waited for before it is decided on, in seconds. Omitted: 10."
    )
    in_memory: int = Field(default=50_000, ge=1000, description="Traces each sampler holds while it waits. Omitted: 50,000.")


class SingleSignOn(Args):
    """Who logs in to Grafana, and as what."""

    authorize_url: str = Field(pattern=r"^https://\S+$", description="Where it asks people who they are. Required.")
    token_url: str = Field(pattern=r"^https://\S+$", description="Where it hands out tokens. Required.")
    client_id: str = Field(min_length=1, description="Client id of Grafana there. Required.")
    client_secret: SecretKey = Field(description="Where the client secret lies. Required.")
    admin_groups: tuple[str, ...] = Field(default=(), description="Groups that may do everything. Omitted: nobody.")
    editor_groups: tuple[str, ...] = Field(default=(), description="Groups that may explore and try out. Omitted: nobody.")


class GrafanaDatabase(Args):
    """A PostgreSQL database, without which Grafana can have one replica only."""

    host: Late[str] = Field(description="Host and port, such as grafana.abc.eu-west-1.rds.amazonaws.com:5432. Required.")
    name: str = Field(default="grafana", description="Name of the database. Omitted: grafana.")
    user: str = Field(default="grafana", description="User. Omitted: grafana.")
    password: SecretKey = Field(description="Where its password lies. Required.")


class GrafanaSettings(Args):
    """Grafana."""

    single_sign_on: SingleSignOn | None = Field(
        default=None, description="Who logs in. Omitted: only the administrator, whose password is in the Secret grafana-admin."
    )
    database: GrafanaDatabase | None = Field(
        default=None,
        description="Where its state lies, so that it can have replicas. Omitted: one, and what people save goes with its pod.",
    )


class GatewayRef(Args):
    """A Gateway of the Gateway API."""

    namespace: str = Field(pattern=NAME, description="Its namespace. Required.")
    name: str = Field(pattern=NAME, description="Its name. Required.")


class PublicEntry(Args):
    """An address that people use, asked for from inside the cluster all the time."""

    url: str = Field(pattern=r"^https://\S+$", description="What is asked for. Required.")
    team: TeamName | None = Field(default=None, description="Team that is told. Omitted: the platform's own.")
    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(
        default=(), description="Status codes that are fine. Omitted: 200 to 299."
    )
    contains: str | None = Field(default=None, min_length=1, description="A regular expression the answer has to match. Omitted: none.")


class ProbesSettings(Args):
    """Synthetic checks."""

    entries: Mapping[Annotated[str, Field(pattern=NAME)], PublicEntry] = Field(
        default={}, description="Public entries, by name; every host of an Ingress is one without being named. Omitted: those alone."
    )
    interval_seconds: int = Field(default=30, ge=5, le=600, description="How often each is asked for, in seconds. Omitted: 30.")
    certificate_days: int = Field(
        default=14, ge=1, le=90, description="A ticket is opened when a certificate is valid for fewer days than this. Omitted: 14."
    )


class StorageSettings(Args):
    """The buckets: one each for metrics, logs and traces, so that what writes one can never read another."""

    owned_keys: bool = Field(
        default=True, description="A KMS key for each, at $1 a month. Omitted: yes; with profile dev AWS manages a key, free of charge."
    )
    key_arn: Late[str] | None = Field(
        default=None, description="An existing KMS key for all of them, whose policy lets IAM decide. Omitted: as owned_keys says."
    )
    keep_on_destroy: bool = Field(
        default=True, description="Whether they are protected, with what they hold, from being deleted. Omitted: yes; no with profile dev."
    )
    versions_days: int = Field(
        default=7, ge=1, le=365, description="How long an object can be had back that was deleted, in days. Omitted: 7; 1 with profile dev."
    )
    access_logs: bool = Field(
        default=True, description="Whether S3 logs who reads and writes them, for 90 days. Omitted: yes; no with profile dev."
    )
    alarms: bool = Field(
        default=True, description="Alarms and a dashboard in CloudWatch, beside those of Prometheus. Omitted: yes; no with profile dev."
    )


class ObservabilitySettings(Args):
    """Everything that watches, as an environment file declares it."""

    metrics: MetricsSettings = Field(default=MetricsSettings(), description="Prometheus. Omitted: as its fields say.")
    logs: LogsSettings | None = Field(default=LogsSettings(), description="Loki. Omitted: as its fields say. null: logs are exported only.")
    traces: TracesSettings | None = Field(
        default=TracesSettings(), description="Tempo, and sampling. Omitted: as its fields say. null: no traces are taken."
    )
    exporters: tuple[Exporter, ...] = Field(
        default=(), description="Where the gateway collector sends telemetry beside the stores of the cluster. Omitted: nowhere."
    )
    grafana: GrafanaSettings = Field(default=GrafanaSettings(), description="Grafana. Omitted: as its fields say.")
    alerting: AlertingSettings = Field(default=AlertingSettings(), description="Who hears of alerts. Omitted: nobody.")
    probes: ProbesSettings = Field(default=ProbesSettings(), description="Synthetic checks. Omitted: of every host of an Ingress.")
    storage: StorageSettings = Field(default=StorageSettings(), description="The buckets. Omitted: as its fields say.")

    @model_validator(mode="after")
    def _agree(self) -> "ObservabilitySettings":
        if problems := list(problems_of(self)):
            raise ValueError("; ".join(problems))
        return self


def problems_of(settings: ObservabilitySettings) -> Iterator[str]:
    """What contradicts itself."""
    names = [exporter.name for exporter in settings.exporters]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"exporters: {name} is there twice; give each a name of its own"


def team_problems(teams: Mapping[str, TeamSettings]) -> Iterator[str]:
    """What contradicts itself among the teams."""
    if "platform" in teams:
        yield "teams.platform: the platform's own receivers are those of alerting; take the team out"
    owners: dict[str, str] = {}
    for team, own in teams.items():
        for namespace in own.namespaces:
            if namespace in owners:
                yield f"teams.{team}.namespaces: {namespace} is {owners[namespace]}'s already; a namespace has one team"
            owners[namespace] = team


class ObservabilityStackArgs(ObservabilitySettings, InstallationArgs):
    """Everything that watches, in one cluster."""

    internal_issuer: Late[Mapping[str, str]] | None = Field(
        default=None,
        description="`issuerRef` of the certificate that the API server calls the operator with. Omitted: an issuer of the operator's own.",
    )
    monthly_usd: float | None = Field(
        default=None, gt=0, description="Budget of a month in US dollars, which an alert holds the cluster's cost to. Omitted: no alert."
    )
    subnet_addresses: Mapping[str, int] = Field(
        default={},
        description="Addresses the node subnet of each zone can give out, by zone id; an alert watches their use. Omitted: none.",
    )
    gateway: GatewayRef | None = Field(
        default=None,
        description="Gateway of the environment's domain, which takes routes of namespace monitoring. With it and `grafana.single_sign_on` "
        "Grafana answers at grafana.<domain>. Omitted: Grafana can be reached inside the cluster alone.",
    )
    backup_hours: Mapping[str, int] = Field(
        default={},
        description="How old the newest good backup of each schedule of Velero may be, in hours: `late_hours` of a ClusterBackup. Omitted: "
        "no alert.",
    )
    drill_days: int | None = Field(
        default=None, ge=1, description="How many days ago the last good drill of a ClusterBackup may be. Omitted: no alert."
    )
    teams: Mapping[TeamName, TeamSettings] = Field(
        default={}, description="Teams with receivers, namespaces or log limits of their own. Omitted: everything is the platform's."
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of what is made in AWS. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _teams_agree(self) -> "ObservabilityStackArgs":
        if problems := list(team_problems(self.teams)):
            raise ValueError("; ".join(problems))
        return self


PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    Profile.DEV: {
        "metrics": {"retention_days": 3, "storage_gib": 10, "memory_mib": 1024, "exemplars": 10_000, "long_term": None},
        "logs": {"retention_days": 7, "storage_gib": 5, "memory_mib": 512},
        "traces": {"retention_days": 3, "storage_gib": 5, "memory_mib": 512, "sampled_percent": 100, "in_memory": 5000},
        "storage": {"owned_keys": False, "keep_on_destroy": False, "versions_days": 1, "access_logs": False, "alarms": False},
    },
    Profile.PRODUCTION: {},
    Profile.REGULATED: {"logs": {"retention_days": 365}},
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
