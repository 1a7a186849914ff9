import json

import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_components.cluster.instances import architecture
from platform_components.cluster.node_pools.managed import GPU_LABEL, ami_type, node_labels
from platform_components.cluster.node_pools.objects import Surroundings, node_class_spec, node_pool_spec, requirements
from platform_components.cluster.node_pools.provisioned import KarpenterPools, KarpenterPoolsArgs
from platform_components.cluster.pools import AutoPool, KarpenterPool, ManagedPool
from tests.support import deploy
from tests.unit.cluster_cases import AUTO, FARGATE, KARPENTER, MANAGED, NETWORK, bring_up, document, late

GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
POOL = "kubernetes:karpenter.sh:NodePool"
EC2_CLASS = "kubernetes:karpenter.k8s.aws:EC2NodeClass"
AUTO_CLASS = "kubernetes:eks.amazonaws.com:NodeClass"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def managed(**fields):
    return bring_up(pools={"web": {**MANAGED["web"], **fields}})


def test_a_launch_template_demands_imdsv2_with_one_hop():
    options = managed().one(TEMPLATE).value("metadataOptions")
    assert (options["httpTokens"], options["httpPutResponseHopLimit"], options["httpEndpoint"]) == ("required", 1, "enabled")


def test_every_volume_is_gp3_and_encrypted_with_the_clusters_key():
    for os, devices in (("al2023", ["/dev/xvda"]), ("bottlerocket", ["/dev/xvda", "/dev/xvdb"])):
        deployment = managed(os=os, disk={"size_gib": 80})
        mappings = deployment.one(TEMPLATE).value("blockDeviceMappings")
        assert [mapping["deviceName"] for mapping in mappings] == devices
        assert all(mapping["ebs"]["volumeType"] == "gp3" and mapping["ebs"]["encrypted"] == "true" for mapping in mappings)
        assert all(mapping["ebs"]["kmsKeyId"] == deployment.value("key_arn") for mapping in mappings)
        # Bottlerocket's own volume keeps the size of its image, whatever that is.
        assert [mapping["ebs"].get("volumeSize") for mapping in mappings] == [None] * (len(devices) - 1) + [80]


def test_volumes_may_keep_to_the_key_of_aws_but_stay_encrypted():
    (mapping,) = bring_up(pools=MANAGED, encryption={"volumes": False}).one(TEMPLATE).value("blockDeviceMappings")
    assert mapping["ebs"]["encrypted"] == "true"
    assert "kmsKeyId" not in mapping["ebs"]


def test_what_the_template_decides_the_group_does_not_say_again():
    deployment = managed()
    group, template = deployment.one(GROUP), deployment.one(TEMPLATE)
    assert not {"diskSize", "remoteAccess", "nodeGroupName"} & set(group.inputs)
    assert not {"imageId", "instanceType", "userData", "iamInstanceProfile", "instanceMarketOptions", "name"} & set(template.inputs)
    assert group.value("launchTemplate.version") == "1"
    assert template.urn in group.property_dependencies["launchTemplate"]


def test_instances_volumes_and_interfaces_carry_the_tags():
    specifications = bring_up(pools=MANAGED, tags={"CostCenter": "web"}).one(TEMPLATE).value("tagSpecifications")
    assert {item["resourceType"]: item["tags"]["CostCenter"] for item in specifications} == dict.fromkeys(
        ("instance", "network-interface", "volume"), "web"
    )


def test_a_group_repairs_and_updates_itself_with_care():
    group = managed(repair={"max_parallel": 10, "stop_above_unhealthy": 30}, update={"max_unavailable": 25, "strategy": "minimal"}).one(
        GROUP
    )
    assert group.value("nodeRepairConfig") == {
        "enabled": True,
        "maxParallelNodesRepairedPercentage": 10,
        "maxUnhealthyNodeThresholdPercentage": 30,
    }
    assert group.value("updateConfig") == {"maxUnavailablePercentage": 25, "updateStrategy": "MINIMAL"}
    assert managed().one(GROUP).value("updateConfig") == {"maxUnavailablePercentage": 33, "updateStrategy": "DEFAULT"}
    assert managed(repair={"enabled": False, "max_parallel": 10}).one(GROUP).value("nodeRepairConfig") == {"enabled": False}


def test_a_group_follows_the_control_planes_version_unless_held_back():
    assert managed().one(GROUP).value("version") == "1.35"
    assert managed(version="1.34", release_version="1.34.2-20261001").one(GROUP).value("version") == "1.34"


def test_spot_taints_and_labels_are_told_to_eks():
    web = {**MANAGED["web"], "spot": True, "dedicated": True}
    group = bring_up(
        pools={
            "main": MANAGED["web"],
            "web": {**web, "labels": {"team": "web"}, "taints": [{"key": "gpu", "effect": "NoExecute"}]},
        }
    ).one(GROUP, "pool-web")
    assert group.value("capacityType") == "SPOT"
    assert group.value("labels") == {"team": "web", "platform.pool/name": "web"}
    assert group.value("taints") == [
        {"key": "gpu", "effect": "NO_EXECUTE"},
        {"key": "platform.pool/dedicated", "value": "web", "effect": "NO_SCHEDULE"},
    ]


def test_a_warm_pool_may_hibernate_only_what_was_launched_for_it():
    deployment = managed(warm_pool={"min_size": 1, "max_prepared": 3, "state": "hibernated", "reuse": True})
    assert deployment.one(GROUP).value("warmPoolConfig") == {
        "minSize": 1,
        "maxGroupPreparedCapacity": 3,
        "poolState": "HIBERNATED",
        "reuseOnScaleIn": True,
    }
    assert deployment.one(TEMPLATE).value("hibernationOptions") == {"configured": True}
    assert "hibernationOptions" not in managed(warm_pool={"state": "stopped"}).one(TEMPLATE).inputs


@pytest.mark.parametrize(("policy", "ignored"), [("tracked", []), ("autoscaled", ["scalingConfig.desiredSize"])])
def test_only_an_autoscaled_group_leaves_its_size_alone(policy, ignored, monkeypatch):
    seen = []
    original = aws.eks.NodeGroup.__init__

    def spy(self, name, *args, **kwargs):
        seen.append(kwargs["opts"].ignore_changes or [])
        original(self, name, *args, **kwargs)

    monkeypatch.setattr(aws.eks.NodeGroup, "__init__", spy)
    group = managed(desired_size=policy, desired=3).one(GROUP)
    assert seen == [ignored]
    assert group.value("scalingConfig") == {"minSize": 2, "maxSize": 4, "desiredSize": 3}


@pytest.mark.parametrize(
    ("fields", "image"),
    [
        ({}, "AL2023_ARM_64_STANDARD"),
        ({"instance_types": ["m7i.large"]}, "AL2023_x86_64_STANDARD"),
        ({"instance_types": ["g6.xlarge"], "accelerator": "nvidia"}, "AL2023_x86_64_NVIDIA"),
        ({"instance_types": ["trn1.2xlarge"], "accelerator": "neuron"}, "AL2023_x86_64_NEURON"),
        ({"os": "bottlerocket"}, "BOTTLEROCKET_ARM_64"),
        ({"os": "bottlerocket", "instance_types": ["g6.xlarge"], "accelerator": "nvidia"}, "BOTTLEROCKET_x86_64_NVIDIA"),
    ],
)
def test_the_image_follows_from_system_architecture_and_accelerator(fields, image):
    pool = ManagedPool(capacity="managed", **fields)
    assert ami_type(pool) == image
    # Bottlerocket brings a device plugin of its own; two would fight over the node's GPUs.
    assert (GPU_LABEL in node_labels("x", pool)) == (image == "AL2023_x86_64_NVIDIA")


def test_managed_nodes_hold_no_rights_of_the_cni():
    attached = [
        node.inputs["policyArn"].rpartition("/")[2] for node in managed().graph.of_type(ATTACHMENT) if node.name.startswith("dev-node-")
    ]
    assert sorted(attached) == ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"]


def test_session_manager_is_an_explicit_wish():
    wanted = [node.name for node in bring_up(pools=KARPENTER, node_session_manager=True).graph.of_type(ATTACHMENT)]
    assert "dev-node-session-manager" in wanted
    assert "dev-karpenter-node-session-manager" in wanted


def test_a_fargate_pool_is_a_profile_that_trusts_this_cluster_only():
    deployment = bring_up(pools=FARGATE)
    profile = deployment.one("aws:eks/fargateProfile:FargateProfile")
    assert profile.value("selectors") == [{"namespace": "kube-system"}, {"namespace": "batch-*"}]
    assert profile.value("subnetIds") == NETWORK["subnet_ids"]["private"]
    trust = document(deployment.one("aws:iam/role:Role", "fargate"), "assumeRolePolicy")
    assert "fargateprofile/dev/*" in json.dumps(trust)
    coredns = deployment.one("aws:eks/addon:Addon")
    assert json.loads(coredns.inputs["configurationValues"]) == {"computeType": "Fargate"}


def test_karpenters_nodes_join_by_an_entry_and_role_of_their_own():
    deployment = bring_up(pools=KARPENTER)
    entry = deployment.one("aws:eks/accessEntry:AccessEntry", "access-karpenter-node")
    assert entry.value("type") == "EC2_LINUX"
    assert entry.value("principalArn") != deployment.value("node_role_arn")
    profile = deployment.one("aws:iam/instanceProfile:InstanceProfile")
    assert profile.value("role") == deployment.value("karpenter_node_role_name")
    named = deployment.value("karpenter_instance_profile_name")
    assert named == profile.outputs["name"]
    for node in deployment.graph.of_type(EC2_CLASS):
        assert node.value("spec.instanceProfile") == named
        assert "role" not in node.inputs["spec"]


def test_one_rule_feeds_the_interruption_queue():
    deployment = bring_up(pools=KARPENTER)
    rule = deployment.one("aws:cloudwatch/eventRule:EventRule")
    assert len(document(rule, "eventPattern")["detail-type"]) == 5
    queue = deployment.one("aws:sqs/queue:Queue")
    assert queue.value("sqsManagedSseEnabled") is True
    assert deployment.value("karpenter_queue_name") == queue.outputs["name"]


def test_the_controller_gets_its_rights_through_pod_identity():
    association = bring_up(pools=KARPENTER, karpenter={"namespace": "karpenter"}).one(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    )
    assert (association.value("namespace"), association.value("serviceAccount")) == ("karpenter", "karpenter")


def test_a_node_class_is_as_safe_as_a_launch_template():
    deployment = bring_up(pools=KARPENTER)
    node_class = deployment.one(EC2_CLASS, "class-general")
    spec = node_class.inputs["spec"]
    assert spec["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "httpProtocolIPv6": "disabled",
    }
    (mapping,) = spec["blockDeviceMappings"]
    assert (mapping["ebs"]["encrypted"], mapping["ebs"]["volumeType"]) == (True, "gp3")
    assert mapping["ebs"]["kmsKeyID"] == deployment.value("key_arn")
    assert spec["subnetSelectorTerms"] == [{"id": "subnet-a"}, {"id": "subnet-b"}]
    assert spec["securityGroupSelectorTerms"] == [{"id": deployment.value("cluster_security_group_id")}]
    assert spec["amiSelectorTerms"] == [{"alias": "al2023@latest"}]


def test_a_node_pool_says_what_it_may_cost_and_who_may_use_it():
    spec = bring_up(pools=KARPENTER).one(POOL, "pool-ci").inputs["spec"]
    assert spec["limits"] == {"cpu": "900"}
    node = spec["template"]["spec"]
    assert node["nodeClassRef"] == {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "ci"}
    assert node["taints"] == [{"key": "platform.pool/dedicated", "value": "ci", "effect": "NoSchedule"}]
    assert node["expireAfter"] == "720h"
    assert spec["disruption"]["budgets"] == [{"nodes": "10%"}]


def test_karpenter_objects_can_be_left_to_the_layer_that_has_the_chart():
    deployment = bring_up(pools=KARPENTER, karpenter={"objects": "platform"})
    assert [node.name for node in deployment.graph if node.type.startswith("kubernetes:")] == []
    assert deployment.value("karpenter_queue_name")


def test_crds_that_are_there_already_are_not_installed_again():
    assert bring_up(pools=KARPENTER, karpenter={"crd_chart_version": None}).names("kubernetes:helm.sh:Release") == []


def test_the_same_objects_come_of_karpenter_pools_elsewhere():
    own = bring_up(pools=KARPENTER)
    args = KarpenterPoolsArgs.model_validate(
        {
            "pools": KARPENTER,
            "instance_profile_name": late(own.value("karpenter_instance_profile_name")),
            "security_group_id": own.value("cluster_security_group_id"),
            "subnet_ids": NETWORK["subnet_ids"]["private"],
            "volume_key_arn": own.value("key_arn"),
        }
    )
    other = deploy(lambda: KarpenterPools("dev", args))
    assert other.value("names") == list(KARPENTER)
    for kind, role in ((POOL, "pool"), (EC2_CLASS, "class")):
        for name in KARPENTER:
            ours, theirs = (where.one(kind, f"{role}-{name}").inputs["spec"] for where in (own, other))
            assert ours == theirs


def test_auto_mode_is_switched_on_in_all_three_places_with_its_rights():
    deployment = bring_up(pools=AUTO, auto_mode={"builtin_pools": ["system"]})
    cluster = deployment.one("aws:eks/cluster:Cluster")
    assert cluster.value("computeConfig.enabled") is True
    assert cluster.value("computeConfig.nodePools") == ["system"]
    assert cluster.value("storageConfig.blockStorage.enabled") is True
    assert cluster.value("kubernetesNetworkConfig.elasticLoadBalancing.enabled") is True
    names = deployment.names(ATTACHMENT)
    assert {f"dev-cluster-role-{key}" for key in ("compute", "storage", "load-balancing", "networking")} <= set(names)
    trust = document(deployment.one("aws:iam/role:Role", "cluster-role"), "assumeRolePolicy")
    assert "sts:TagSession" in trust["Statement"][0]["Action"]
    assert deployment.names("aws:iam/rolePolicy:RolePolicy") == ["dev-cluster-role-tags"]


def test_auto_mode_brings_its_own_add_ons():
    assert bring_up(pools=AUTO).names("aws:eks/addon:Addon") == []
    assert "dev-addon-vpc-cni" in bring_up(pools={**AUTO, **MANAGED}).names("aws:eks/addon:Addon")


def test_an_auto_pool_has_a_node_class_and_lets_its_nodes_in():
    deployment = bring_up(pools=AUTO)
    node_class = deployment.one(AUTO_CLASS)
    assert node_class.value("spec.ephemeralStorage") == {
        "size": "50Gi",
        "iops": 3000,
        "throughput": 125,
        "kmsKeyID": deployment.value("key_arn"),
    }
    assert node_class.value("spec.role") == deployment.one("aws:iam/role:Role", "auto-node").outputs["name"]
    entry = deployment.one("aws:eks/accessEntry:AccessEntry", "access-auto-node")
    assert entry.value("type") == "EC2"
    wanted = deployment.one(POOL).value("spec.template.spec.requirements")
    assert {"key": "eks.amazonaws.com/instance-family", "operator": "In", "values": ["m7g"]} in wanted


_FAMILIES = st.lists(st.sampled_from(["m7g", "m7i", "c8gn", "r6a", "t4g", "g5g"]), min_size=1, max_size=4, unique=True)


@given(families=_FAMILIES, spot=st.booleans(), fallback=st.booleans())
def test_requirements_name_each_architecture_and_capacity_that_is_wanted(families, spot, fallback):
    pool = KarpenterPool(capacity="karpenter", families=tuple(families), spot=spot, on_demand_fallback=fallback, limit_vcpu=8)
    wanted = {item["key"]: item["values"] for item in requirements(pool)}
    assert set(wanted["kubernetes.io/arch"]) == {architecture(family) for family in families}
    assert ("spot" in wanted["karpenter.sh/capacity-type"]) == spot
    assert ("on-demand" in wanted["karpenter.sh/capacity-type"]) == (fallback or not spot)
    assert wanted["karpenter.k8s.aws/instance-family"] == families


def test_without_families_only_what_every_image_runs_on_is_taken():
    wanted = requirements(KarpenterPool(capacity="karpenter", limit_vcpu=8, min_vcpu=2, max_vcpu=16))
    assert {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]} in wanted
    assert {"key": "karpenter.k8s.aws/instance-generation", "operator": "Gt", "values": ["5"]} in wanted
    assert {"key": "karpenter.k8s.aws/instance-cpu", "operator": "Gt", "values": ["1"]} in wanted
    assert {"key": "karpenter.k8s.aws/instance-cpu", "operator": "Lt", "values": ["17"]} in wanted


def test_what_is_left_out_of_a_pool_is_left_out_of_its_object():
    spec = node_pool_spec("a-pool", KarpenterPool(capacity="karpenter", limit_vcpu=8, expire_after_hours=None, consolidation="empty"))
    assert spec["template"]["spec"]["expireAfter"] == "Never"
    assert spec["disruption"]["consolidationPolicy"] == "WhenEmpty"
    assert not {"weight"} & set(spec)
    assert not {"taints", "terminationGracePeriod"} & set(spec["template"]["spec"])
    full = node_pool_spec(
        "a-pool",
        KarpenterPool(capacity="karpenter", limit_vcpu=8, limit_memory_gib=64, weight=10, drain_limit_minutes=30, image="v20261101"),
    )
    assert (full["limits"]["memory"], full["weight"]) == ("64Gi", 10)
    assert full["template"]["spec"]["terminationGracePeriod"] == "30m"


def test_without_a_key_no_key_is_named():
    around = Surroundings({"instanceProfile": "nodes"}, [{"id": "subnet-a"}], "sg-1", None, "ipv6", {})
    ec2 = node_class_spec("a-pool", KarpenterPool(capacity="karpenter", os="bottlerocket", limit_vcpu=1), around)
    assert [mapping["deviceName"] for mapping in ec2["blockDeviceMappings"]] == ["/dev/xvda", "/dev/xvdb"]
    assert all("kmsKeyID" not in mapping["ebs"] for mapping in ec2["blockDeviceMappings"])
    assert ec2["metadataOptions"]["httpProtocolIPv6"] == "enabled"
    auto = node_class_spec("a-pool", AutoPool(capacity="auto", limit_vcpu=1), around)
    assert "kmsKeyID" not in auto["ephemeralStorage"]
    assert node_pool_spec("a-pool", AutoPool(capacity="auto", limit_vcpu=1))["template"]["spec"]["expireAfter"] == "336h"
