"""The cluster, as the first tutorial had it."""

import network
import pulumi_aws as aws
from common import BOUNDARY, TAGS, document, trust

cluster_role = aws.iam.Role(
    "cluster-role",
    assume_role_policy=trust({"Service": "eks.amazonaws.com"}),
    managed_policy_arns=["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"],
    permissions_boundary=BOUNDARY,
)
shop = aws.eks.Cluster(
    "shop",
    version="1.29",
    role_arn=cluster_role.arn,
    vpc_config={"subnet_ids": [network.public.id, network.nodes.id]},
    enabled_cluster_log_types=["api"],
    tags=TAGS,
)
node_role = aws.iam.Role("node-role", assume_role_policy=trust({"Service": "ec2.amazonaws.com"}), permissions_boundary=BOUNDARY)
for name in ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly", "AmazonS3FullAccess"):
    aws.iam.RolePolicyAttachment(f"nodes-{name.lower()}", role=node_role.name, policy_arn=f"arn:aws:iam::aws:policy/{name}")
aws.iam.RolePolicy(
    "node-secrets",
    role=node_role.name,
    policy=document({"Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:*:*:secret:shop-*"}),
)
aws.eks.NodeGroup(
    "nodes",
    cluster_name=shop.name,
    node_role_arn=node_role.arn,
    subnet_ids=[network.nodes.id],
    version="1.28",
    instance_types=["m4.xlarge"],
    remote_access={"ec2_ssh_key": "ops"},
    scaling_config={"min_size": 2, "desired_size": 2, "max_size": 4},
    tags=TAGS,
)
