"""CostAlerts: a monthly budget, anomaly detection, and the topic both publish to.

Builds the budget, its topic and key, the anomaly monitor and its subscriptions. Does not build budget actions, reports or subscriptions to
the topic: a chat channel or a pager subscribes beside what runs it.
"""

import json
from collections.abc import Sequence
from decimal import Decimal

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.finops.args import CostAlertsArgs, Scope
from platform_components.finops.documents import key_policy, tag_filter, tag_monitor, topic_policy
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class CostAlerts(PlatformComponent):
    """A monthly budget and anomaly detection on the costs of one tag or one account, told by e-mail and on an encrypted topic.

    AWS Budgets and Cost Anomaly Detection are global and answer for the account they are made in; the topic lies in the provider's region.
    Example::

        CostAlerts("prod", CostAlertsArgs(monthly_usd=18000, tag_value="prod", notify=["platform@example.com"]))
    """

    budget_name: pulumi.Output[str]
    """Name of the budget."""
    topic_arn: pulumi.Output[str]
    """ARN of the topic; resolves once its policy lets both services publish."""
    monitor_arn: pulumi.Output[str | None]
    """ARN of the anomaly monitor; none without anomaly detection."""

    def __init__(self, name: str, args: CostAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self.topic_arn = pulumi.Output.from_input(args.topic_arn) if args.topic_arn is not None else self._create_topic()
        self._activate_tags()
        self.budget_name = self._create_budget()
        self.monitor_arn = self._detect_anomalies()
        self.register()

    def _create_topic(self) -> pulumi.Output[str]:
        place = locate(self).place
        name, key_name = child_name(self._name, "cost-alerts"), child_name(self._name, "cost-alerts-key")
        key = aws.kms.Key(
            key_name,
            description=f"Messages of SNS topic {name}",
            enable_key_rotation=True,
            policy=place.apply(lambda at: json.dumps(key_policy(at))),
            tags=self._tags(key_name),
            opts=self.child_options(),
        )
        topic = aws.sns.Topic(
            name,
            # Fixed, so that its policy can be judged before it exists and people find it.
            name=name,
            kms_master_key_id=key.arn,
            policy=place.apply(lambda at: json.dumps(topic_policy(at, at.arn("sns", name)))),
            tags=self._tags(name),
            opts=self.child_options(),
        )
        return topic.arn

    def _activate_tags(self) -> None:
        for key in self._args.cost_allocation_tags:
            aws.costexplorer.CostAllocationTag(
                child_name(self._name, "cost-tag", key),
                tag_key=key,
                status="Active",
                # The tag serves every environment of the payer account: it outlives this one.
                opts=self.child_options(retain_on_delete=True),
            )

    def _create_budget(self) -> pulumi.Output[str]:
        args = self._args
        name = child_name(self._name, "budget")
        shares = [*(("ACTUAL", share) for share in args.actual_percent), *(("FORECASTED", share) for share in args.forecast_percent)]
        tagged = aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[tag_filter(args.tag_key, args.tag_value)])
        budget = aws.budgets.Budget(
            name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=_dollars(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[tagged] if args.scope is Scope.TAG else None,
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=share,
                    threshold_type="PERCENTAGE",
                    subscriber_email_addresses=list(args.notify) or None,
                    subscriber_sns_topic_arns=[self.topic_arn],
                )
                for kind, share in shares
            ],
            tags=self._tags(name),
            opts=self.child_options(),
        )
        return budget.name

    def _detect_anomalies(self) -> pulumi.Output[str | None]:
        args = self._args
        if args.anomaly_usd is None:
            return pulumi.Output.from_input(None)
        monitor = pulumi.Output.from_input(args.anomaly_monitor_arn) if args.anomaly_monitor_arn is not None else self._create_monitor()
        impact = _dollars(args.anomaly_usd)
        # AWS publishes to a topic at once, and writes e-mails daily or weekly; a subscription is one or the other.
        self._subscribe("anomalies-topic", monitor, impact, "IMMEDIATE", ("SNS", [self.topic_arn]))
        if args.notify:
            self._subscribe("anomalies-mail", monitor, impact, "DAILY", ("EMAIL", args.notify))
        return monitor.apply(lambda arn: arn)

    def _create_monitor(self) -> pulumi.Output[str]:
        args = self._args
        name = child_name(self._name, "anomalies")
        by_tag = args.scope is Scope.TAG
        monitor = aws.costexplorer.AnomalyMonitor(
            name,
            monitor_type="CUSTOM" if by_tag else "DIMENSIONAL",
            monitor_dimension=None if by_tag else "SERVICE",
            monitor_specification=json.dumps(tag_monitor(args.tag_key, args.tag_value)) if by_tag else None,
            tags=self._tags(name),
            opts=self.child_options(),
        )
        return monitor.arn

    def _subscribe(
        self, role: str, monitor: pulumi.Output[str], impact: str, frequency: str, to: tuple[str, Sequence[pulumi.Input[str]]]
    ) -> None:
        name = child_name(self._name, role)
        kind, addresses = to
        aws.costexplorer.AnomalySubscription(
            name,
            frequency=frequency,
            monitor_arn_lists=[monitor],
            subscribers=[aws.costexplorer.AnomalySubscriptionSubscriberArgs(type=kind, address=address) for address in addresses],
            threshold_expression=aws.costexplorer.AnomalySubscriptionThresholdExpressionArgs(
                dimension=aws.costexplorer.AnomalySubscriptionThresholdExpressionDimensionArgs(
                    key="ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    match_options=["GREATER_THAN_OR_EQUAL"],
                    values=[impact],
                )
            ),
            tags=self._tags(name),
            opts=self.child_options(),
        )

    def _tags(self, name: str) -> dict[str, str]:
        return merge_tags({"Name": name, "ManagedBy": MANAGED_BY}, self._args.tags)


def _dollars(amount: float) -> str:
    """An amount as AWS's APIs take it: text without exponent or needless zeros."""
    return f"{Decimal(str(amount)).normalize():f}"
