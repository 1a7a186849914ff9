"""Cases of clusters."""

from tests.unit.aws_cases import ACCOUNT, A, B, Case

CLUSTERS = [
    Case(
        "aws:eks/cluster:Cluster",
        lambda w: {
            "roleArn": w.role_arn,
            "version": "1.35",
            "vpcConfig": {"subnetIds": w.subnets[:2], "endpointPrivateAccess": True, "endpointPublicAccess": False},
            "enabledClusterLogTypes": ["api", "audit"],
            "encryptionConfig": {"provider": {"keyArn": w.key.outputs["arn"]}, "resources": ["secrets"]},
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            "bootstrapSelfManagedAddons": False,
            "upgradePolicy": {"supportType": "STANDARD"},
            "zonalShiftConfig": {"enabled": True},
            "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16", "elasticLoadBalancing": {"enabled": False}},
            "computeConfig": {"enabled": False},
            "storageConfig": {"blockStorage": {"enabled": False}},
            "deletionProtection": True,
            "tags": A,
        },
        lambda w: {
            "version": "1.36",
            "vpcConfig": {
                "subnetIds": w.subnets,
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["192.0.2.0/24"],
            },
            "enabledClusterLogTypes": ["api"],
            "deletionProtection": False,
            "tags": B,
        },
    ),
    Case(
        "aws:eks/nodeGroup:NodeGroup",
        lambda w: {
            "clusterName": w.cluster,
            "nodeRoleArn": w.role_arn,
            "subnetIds": w.subnets,
            "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 1},
            "instanceTypes": ["m7g.large"],
            "amiType": "AL2023_ARM_64_STANDARD",
            "capacityType": "SPOT",
            "labels": {"x": "y"},
            "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailablePercentage": 33},
            "nodeRepairConfig": {"enabled": True},
            "version": "1.35",
            "tags": A,
        },
        lambda _: {
            "version": "1.36",
            "scalingConfig": {"minSize": 1, "maxSize": 5, "desiredSize": 2},
            "labels": {"x": "z", "n": "m"},
            "taints": [],
            "updateConfig": {"maxUnavailable": 1},
            "tags": B,
        },
    ),
    Case(
        "aws:eks/fargateProfile:FargateProfile",
        lambda w: {
            "clusterName": w.cluster,
            "podExecutionRoleArn": w.role_arn,
            "selectors": [{"namespace": "kube-system", "labels": {"a": "b"}}],
            "subnetIds": w.subnets,
            "tags": A,
        },
        lambda _: {"tags": B},
    ),
    Case(
        "aws:eks/addon:Addon",
        lambda w: {
            "clusterName": w.cluster,
            "addonName": "vpc-cni",
            "configurationValues": "{}",
            "resolveConflictsOnCreate": "OVERWRITE",
            "podIdentityAssociations": [{"serviceAccount": "aws-node", "roleArn": w.role_arn}],
        },
        lambda _: {"addonVersion": "v1.21.0-eksbuild.1", "tags": A},
    ),
    Case(
        "aws:eks/accessEntry:AccessEntry",
        lambda w: {"clusterName": w.cluster, "principalArn": f"arn:aws:iam::{ACCOUNT}:role/someone", "kubernetesGroups": ["x"]},
        lambda _: {"kubernetesGroups": ["y"]},
    ),
    Case(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda w: {
            "clusterName": w.cluster,
            "principalArn": w.entry,
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["a"]},
        },
        lambda _: {"accessScope": {"type": "cluster"}},
        ("accessScope.namespaces", "accessScope.type"),
    ),
    Case(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda w: {"clusterName": w.cluster, "namespace": "n", "serviceAccount": "s", "roleArn": w.role_arn, "targetRoleArn": w.role_arn},
        lambda _: {"targetRoleArn": None},
    ),
    Case(
        "aws:eks/identityProviderConfig:IdentityProviderConfig",
        lambda w: {
            "clusterName": w.cluster,
            "oidc": {"clientId": "c", "identityProviderConfigName": "n", "issuerUrl": "https://x.example"},
        },
        lambda _: {"oidc": {"clientId": "d", "identityProviderConfigName": "n", "issuerUrl": "https://x.example"}},
        ("oidc.clientId",),
    ),
]
