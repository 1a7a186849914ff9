"""Who hears of an alert: receivers, each with its secret by reference. What an environment file may say of them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from platform_components.args import Args

NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
"""Name of a team or a namespace."""
TeamName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$")]
NamespaceName = Annotated[str, Field(pattern=NAME)]


class SecretKey(Args):
    """One key of a Secret that somebody else keeps: an operator of secrets, never this program."""

    name: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", description="Name of the Secret, in the namespace of what reads it. Required."
    )
    key: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="Key in it. Required.")


class PagerDuty(Args):
    """PagerDuty, by its Events API v2."""

    kind: Literal["pagerduty"] = Field(description="`pagerduty`.")
    routing_key: SecretKey = Field(description="Where the integration key of the service lies. Required.")


class Opsgenie(Args):
    """Opsgenie, or whatever answers to its alert API: Jira Service Management does."""

    kind: Literal["opsgenie"] = Field(description="`opsgenie`.")
    api_key: SecretKey = Field(description="Where the key of the integration lies. Required.")
    api_url: str | None = Field(
        default=None,
        pattern=r"^https://\S+/$",
        description="Address of a compatible service, with a slash at its end. Omitted: Opsgenie itself.",
    )


class Slack(Args):
    """A channel of Slack, by an incoming webhook."""

    kind: Literal["slack"] = Field(description="`slack`.")
    webhook: SecretKey = Field(description="Where the address of the webhook lies. Required.")
    channel: str = Field(pattern=r"^#[a-z0-9_-]{1,80}$", description="Channel, with its #. Required.")


class Webhook(Args):
    """Anything else that takes Alertmanager's own JSON."""

    kind: Literal["webhook"] = Field(description="`webhook`.")
    url: SecretKey = Field(description="Where its address lies. Required.")


Receiver = Annotated[PagerDuty | Opsgenie | Slack | Webhook, Field(discriminator="kind")]
"""One way to reach people."""


class Receivers(Args):
    """Who is woken, and who is told."""

    page: tuple[Receiver, ...] = Field(
        default=(), description="Reached at once, at night too, by severity page or critical. Omitted: whoever stands in for them."
    )
    ticket: tuple[Receiver, ...] = Field(
        default=(), description="Told of everything else that somebody has to do. Omitted: whoever stands in for them."
    )


class AlertingSettings(Receivers):
    """Alertmanager, as an environment file declares it."""

    page: tuple[Receiver, ...] = Field(
        default=(),
        description="The platform's own on-call, and of every team that names none. Omitted: pages are only seen in Alertmanager itself.",
    )
    ticket: tuple[Receiver, ...] = Field(
        default=(), description="Where the platform's tickets go, and those of every team that names none. Omitted: only seen there."
    )
    dead_mans_switch: SecretKey | None = Field(
        default=None,
        description="Where the address of a service lies that raises an alarm when it is no longer called; it is called every minute "
        "for as long as Prometheus and Alertmanager work. Omitted: nobody notices when both are down.",
    )


class TeamSettings(Receivers):
    """A team, as far as it is watched by itself."""

    namespaces: tuple[NamespaceName, ...] = Field(
        default=(), description="Namespaces whose logs are the team's, and whose alerts are where no label names a team. Omitted: none."
    )
    log_retention_days: int | None = Field(
        default=None, ge=1, le=3650, description="How long its logs are kept, in days. Omitted: as everybody's."
    )
    log_mb_per_second: int = Field(default=4, ge=1, le=1000, description="Logs it may send, in MB a second; more is refused. Omitted: 4.")


Teams = Mapping[TeamName, TeamSettings]
