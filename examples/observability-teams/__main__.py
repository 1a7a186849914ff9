"""What watches an existing cluster: everything is seen, two teams hear of their own, and a vendor gets the traces that matter."""

import pulumi

import platform_components as platform

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "domain": "shop.example.com",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
watching = platform.ObservabilityStack(
    "shop",
    platform.ObservabilityStackArgs(
        **around,
        alerting={
            "page": [{"kind": "pagerduty", "routing_key": {"name": "pagerduty", "key": "platform"}}],
            "ticket": [{"kind": "slack", "webhook": {"name": "slack", "key": "platform"}, "channel": "#platform"}],
            "dead_mans_switch": {"name": "dead-mans-switch", "key": "url"},
        },
        teams={
            "payments": {
                "namespaces": ["payments"],
                "page": [{"kind": "opsgenie", "api_key": {"name": "opsgenie", "key": "payments"}}],
                "ticket": [{"kind": "slack", "webhook": {"name": "slack", "key": "payments"}, "channel": "#payments"}],
                "log_retention_days": 90,
            },
            # Nobody of theirs is woken: the platform's on-call is.
            "search": {"namespaces": ["search"]},
        },
        exporters=[
            {
                "kind": "otlp",
                "name": "vendor",
                "endpoint": "otlp.example.com:443",
                "headers": {"x-api-key": {"name": "vendor", "key": "token"}},
                "signals": ["traces"],
            }
        ],
        tags={"Environment": "shop", "Team": "platform"},
        probes={"entries": {"shop": {"url": "https://shop.example.com/health", "team": "payments"}}},
    ),
    pulumi.ResourceOptions(depends_on=[kinds]),
)

pulumi.export("otlp", watching.otlp_endpoint)
pulumi.export("zipkin", watching.zipkin_endpoint)
pulumi.export("prometheus", watching.prometheus_url)
pulumi.export("buckets", watching.bucket_names)
pulumi.export("alertmanager_config", watching.alertmanager_config)
