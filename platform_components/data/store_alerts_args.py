"""What a StoreAlerts is given."""

from collections.abc import Mapping

from pydantic import Field

from platform_components.args import Args
from platform_components.finops.args import Email


class StoreAlertsArgs(Args):
    """Who hears of alarms of stores."""

    notify: tuple[Email, ...] = Field(
        default=(), max_length=10, description="E-mail addresses that the topic writes to, once each has confirmed it. Omitted: none."
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything it makes. Omitted: only the library's own.")
