"""Who of a team hears of alerts, as its file says it, and what the observability layer makes of that. Pure.

A team names keys of one Secret, its own. With a free choice of Secret it could have another team's people woken, or a key of the platform
sent to an address of its choice.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from platform_components.args import Args
from platform_components.observability.receivers import TeamSettings
from platform_components.secrets.team_args import SecretKeyName
from platform_components.secrets.tenancy import alerts_secret

_KEY: Final = "Key of `TEAM/alerts.keys` in the store of secrets, or of the Secret `alerts-TEAM` in the namespace monitoring. Required."


class TeamPagerDuty(Args):
    """PagerDuty."""

    kind: Literal["pagerduty"] = Field(description="`pagerduty`.")
    key: SecretKeyName = Field(description=f"Where the integration key of the service lies. {_KEY}")


class TeamOpsgenie(Args):
    """Opsgenie."""

    kind: Literal["opsgenie"] = Field(description="`opsgenie`.")
    key: SecretKeyName = Field(description=f"Where the key of the integration lies. {_KEY}")


class TeamSlack(Args):
    """A channel of Slack."""

    kind: Literal["slack"] = Field(description="`slack`.")
    key: SecretKeyName = Field(description=f"Where the address of the webhook lies. {_KEY}")
    channel: str = Field(pattern=r"^#[a-z0-9_-]{1,80}$", description="Channel, with its #. Required.")


class TeamWebhook(Args):
    """Anything else that takes Alertmanager's own JSON."""

    kind: Literal["webhook"] = Field(description="`webhook`.")
    key: SecretKeyName = Field(description=f"Where its address lies. {_KEY}")


TeamReceiver = Annotated[TeamPagerDuty | TeamOpsgenie | TeamSlack | TeamWebhook, Field(discriminator="kind")]


class TeamAlerts(Args):
    """Who of a team is woken, and who is told."""

    page: tuple[TeamReceiver, ...] = Field(
        default=(), max_length=10, description="Reached at once, at night too. Omitted: the platform's on-call is."
    )
    ticket: tuple[TeamReceiver, ...] = Field(
        default=(), max_length=10, description="Told of everything else that somebody has to do. Omitted: whoever gets the platform's."
    )


class TeamLogs(Args):
    """A team's logs."""

    retention_days: int | None = Field(default=None, ge=1, le=3650, description="How long they are kept, in days. Omitted: as everybody's.")
    mb_per_second: int = Field(default=4, ge=1, le=1000, description="How much it may send, in MB a second; more is refused. Omitted: 4.")


_FIELDS: Final[Mapping[str, str]] = {"pagerduty": "routing_key", "opsgenie": "api_key", "slack": "webhook", "webhook": "url"}
"""Field of each kind of receiver that names a Secret."""


def alert_keys(alerts: TeamAlerts) -> tuple[str, ...]:
    """Keys that a team's receivers name, each once, sorted."""
    return tuple(sorted({receiver.key for receiver in (*alerts.page, *alerts.ticket)}))


def team_settings(team: str, namespace: str, alerts: TeamAlerts, logs: TeamLogs) -> TeamSettings:
    """A team as ObservabilityStack takes it."""
    return TeamSettings.model_validate(
        {
            "namespaces": (namespace,),
            "page": _receivers(team, alerts.page),
            "ticket": _receivers(team, alerts.ticket),
            "log_retention_days": logs.retention_days,
            "log_mb_per_second": logs.mb_per_second,
        }
    )


def _receivers(team: str, receivers: Sequence[Any]) -> list[dict[str, Any]]:
    found = []
    for receiver in receivers:
        more = receiver.model_dump(exclude={"key"})
        found.append({**more, _FIELDS[receiver.kind]: {"name": alerts_secret(team), "key": receiver.key}})
    return found
