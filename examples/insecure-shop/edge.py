"""What the Internet sees."""

import network
import pulumi_aws as aws
from common import TAGS

site = aws.lb.LoadBalancer("site", subnets=[network.public.id], security_groups=[network.web.id], tags=TAGS)
targets = aws.lb.TargetGroup("site-targets", port=8080, protocol="HTTP", vpc_id=network.main.id, target_type="ip")
plain = aws.lb.Listener(
    "site-http",
    load_balancer_arn=site.arn,
    port=80,
    protocol="HTTP",
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
)
aws.lb.ListenerRule(
    "site-login",
    listener_arn=plain.arn,
    actions=[{"type": "forward", "target_group_arn": targets.arn}],
    conditions=[{"path_pattern": {"values": ["/login"]}}],
)
wildcard = aws.acm.Certificate("wildcard", domain_name="*.shop.example.com", validation_method="EMAIL")
aws.lb.Listener(
    "site-https",
    load_balancer_arn=site.arn,
    port=443,
    protocol="HTTPS",
    ssl_policy="ELBSecurityPolicy-2016-08",
    certificate_arn=wildcard.arn,
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
)
aws.elb.LoadBalancer(
    "old-site",
    subnets=[network.public.id],
    security_groups=[network.web.id],
    listeners=[{"instance_port": 8080, "instance_protocol": "http", "lb_port": 80, "lb_protocol": "http"}],
    tags=TAGS,
)
aws.route53.Zone("zone", name="shop.example.com", tags=TAGS)
