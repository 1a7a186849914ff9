"""A private cluster in its own network: two managed nodes for the controllers, everything else bought by Karpenter."""

import pulumi

import platform_components as platform

tags = {"Environment": "production"}
network = platform.Vpc(
    "shop",
    platform.VpcArgs(
        cidr="10.0.0.0/16",
        zones=["euw1-az1", "euw1-az2", "euw1-az3"],
        endpoints="eks-private",
        karpenter_discovery="shop",
        tags=tags,
    ),
)
cluster = platform.EksCluster(
    "shop",
    platform.EksClusterArgs(
        network=network.ref(),
        version="1.35",
        deployer="arn:aws:iam::123456789012:role/deployer",
        tags=tags,
        pools={
            "system": {"capacity": "managed", "instance_types": ["t4g.medium"], "min": 2, "max": 4},
            "general": {"capacity": "karpenter", "families": ["m7g", "m7i"], "limit_vcpu": 200},
            "batch": {"capacity": "karpenter", "families": ["m7g"], "spot": True, "limit_vcpu": 400, "dedicated": True},
        },
    ),
)

pulumi.export("cluster_name", cluster.cluster_name)
pulumi.export("kubeconfig", cluster.kubeconfig)
pulumi.export("karpenter_queue_name", cluster.karpenter_queue_name)
