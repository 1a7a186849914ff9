"""A cluster on managed node groups, in a network that another team owns."""

import pulumi

import platform_components as platform

network = platform.VpcRef(
    vpc_id="vpc-0123456789abcdef0",
    cidr="10.0.0.0/16",
    subnet_ids={"private": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]},
)
cluster = platform.EksCluster(
    "orders",
    platform.EksClusterArgs(
        network=network,
        version="1.35",
        deployer="arn:aws:iam::123456789012:role/deployer",
        tags={"Environment": "production"},
        access={"team": {"principal": "arn:aws:iam::123456789012:role/orders-team", "policies": {"edit": ["orders"]}}},
        pools={
            "system": {"capacity": "managed", "min": 2, "max": 3},
            "spot": {"capacity": "managed", "instance_types": ["m7g.large", "m6g.large"], "spot": True, "min": 0, "max": 10},
        },
    ),
)

pulumi.export("cluster_name", cluster.cluster_name)
pulumi.export("endpoint", cluster.endpoint)
