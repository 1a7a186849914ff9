"""StoreAlerts: the topic that alarms of stores are told on.

Builds the topic, its key, its policy and the mails. Does not build alarms: each store makes its own, and is given the topic.
"""

import pulumi

from platform_components.component import PlatformComponent
from platform_components.data.alerts_topic import create_alerts_topic, notify
from platform_components.data.store_alerts_args import StoreAlertsArgs
from platform_components.locate import locate


class StoreAlerts(PlatformComponent):
    """An encrypted topic for the alarms of any number of stores.

    Example::

        alerts = StoreAlerts("prod-stores", StoreAlertsArgs(notify=["platform@example.com"]))
        Database("orders", DatabaseArgs(alarms={"topic_arn": alerts.topic_arn}, network=network))
    """

    topic_arn: pulumi.Output[str]
    """ARN of the topic: `alarms.topic_arn` of a store."""

    def __init__(self, name: str, args: StoreAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self.topic_arn = create_alerts_topic(self, name, locate(self).place, args.tags)
        notify(self, name, self.topic_arn, args.notify)
        self.register()
