"""What one team's resources cost in a month: told to the team by e-mail, and to its pager on a topic."""

import pulumi
import pulumi_aws as aws

import platform_components as platform

alerts = platform.CostAlerts(
    "payments",
    platform.CostAlertsArgs(
        monthly_usd=4000,
        tag_key="Team",
        tag_value="payments",
        notify=["payments@example.com"],
        anomaly_usd=150,
        tags={"Environment": "prod", "Team": "payments"},
    ),
)
aws.sns.TopicSubscription("pager", topic=alerts.topic_arn, protocol="https", endpoint="https://events.pager.example.com/payments")

pulumi.export("budget", alerts.budget_name)
pulumi.export("topic_arn", alerts.topic_arn)
