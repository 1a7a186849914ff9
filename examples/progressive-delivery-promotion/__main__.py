"""Releases of production: in working hours, with an error budget left, and only of what has run in staging."""

import pulumi

import platform_components as platform

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "prod",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
delivery = platform.ProgressiveDelivery(
    "shop",
    platform.ProgressiveDeliveryArgs(
        **around,
        # Monday to Thursday, and on Friday until noon; in UTC.
        windows=[{"from_hour": 7, "until_hour": 15}, {"days": ["fri"], "from_hour": 7, "until_hour": 12}],
        promotion=[
            {"environment": "dev", "soak_minutes": 0},
            {"environment": "staging", "soak_minutes": 240},
            {"environment": "prod"},
        ],
    ),
    pulumi.ResourceOptions(depends_on=[kinds]),
)

pulumi.export("namespace", delivery.namespace)
pulumi.export("engine", delivery.engine)
