"""A cluster whose nodes, replicas and priorities follow demand: controller and pools stand beside each other, and go in the right order."""

import pulumi

import platform_components as platform

POOLS = {
    "system": {"capacity": "managed", "instance_types": ["t4g.medium"], "min": 2, "max": 4},
    "general": {"capacity": "karpenter", "families": ["m7g", "m7i"], "limit_vcpu": 200},
    "ci": {"capacity": "karpenter", "spot": True, "limit_vcpu": 400, "dedicated": True, "consolidation": "empty"},
    "gpu": {"capacity": "karpenter", "families": ["g5"], "limit_vcpu": 64, "dedicated": True, "consolidation": "empty"},
}

TAGS = {"Environment": "production"}

network = platform.Vpc("shop", platform.VpcArgs(cidr="10.0.0.0/16", zones=["euw1-az1", "euw1-az2", "euw1-az3"], tags=TAGS))
cluster = platform.EksCluster(
    "shop",
    platform.EksClusterArgs(
        network=network.ref(),
        version="1.35",
        pools=POOLS,
        karpenter={"objects": "platform"},
        deployer="arn:aws:iam::123456789012:role/deployer",
        tags=TAGS,
    ),
)
kubernetes = pulumi.ResourceOptions(providers=[cluster.kubernetes_provider])
priorities = platform.PriorityClasses("shop", platform.PriorityClassesArgs(), kubernetes)
around = {
    "cluster": cluster.ref(),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": network.vpc_id,
    "priority_class": priorities.platform_class,
}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around), kubernetes)
certificates = platform.Certificates(
    "shop", platform.CertificatesArgs(**around), pulumi.ResourceOptions.merge(kubernetes, pulumi.ResourceOptions(depends_on=[kinds]))
)
autoscaling = platform.Autoscaling(
    "shop",
    platform.AutoscalingArgs(
        **around,
        karpenter={
            "pools": platform.KarpenterPoolsArgs(
                pools={name: pool for name, pool in POOLS.items() if pool["capacity"] == "karpenter"},
                instance_profile_name=cluster.karpenter_instance_profile_name,
                security_group_id=cluster.cluster_security_group_id,
                subnet_ids=network.ref().subnets("private"),
                volume_key_arn=cluster.key_arn,
            ),
            "interruption_queue_name": cluster.karpenter_queue_name,
        },
    ),
    pulumi.ResourceOptions.merge(kubernetes, pulumi.ResourceOptions(depends_on=[certificates])),
)

pulumi.export("pools", autoscaling.pool_names)
pulumi.export("priority_classes", priorities.names)
