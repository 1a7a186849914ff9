"""Queues and topics that anybody may use."""

import pulumi_aws as aws
from common import document

aws.sqs.Queue(
    "orders-queue",
    sqs_managed_sse_enabled=False,
    policy=document({"Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}),
)
mail = aws.sqs.Queue("mail-queue")
aws.sqs.QueuePolicy(
    "mail-queue-policy", queue_url=mail.url, policy=document({"Principal": {"AWS": "*"}, "Action": "sqs:*", "Resource": "*"})
)
aws.sns.Topic("order-events", policy=document({"Principal": "*", "Action": "sns:Publish", "Resource": "*"}))
alarms = aws.sns.Topic("alarms", kms_master_key_id="alias/aws/sns")
aws.sns.TopicPolicy("alarms-policy", arn=alarms.arn, policy=document({"Principal": "*", "Action": "sns:Subscribe", "Resource": "*"}))
aws.budgets.Budget("budget", budget_type="COST", limit_amount="500", limit_unit="USD", time_unit="MONTHLY")
