import json

import pytest

from platform_components.cluster.addon_args import VpcCni
from platform_components.cluster.addons import Wave, cni_configuration, plan_addons
from platform_components.cluster.args import EksClusterSettings
from platform_components.cluster.eks_cluster import EksCluster
from tests.support import deploy
from tests.unit.cluster_cases import ENGINES, MANAGED, arguments, bring_up, document, late

ADDON = "aws:eks/addon:Addon"
FIRST = {"eks-pod-identity-agent", "kube-proxy", "vpc-cni"}
LAST = {"coredns", "eks-node-monitoring-agent", "aws-ebs-csi-driver"}

EXPECTED = {
    "karpenter": (FIRST, LAST),
    "managed": (FIRST, LAST),
    "fargate": (set(), {"coredns"}),
    "auto": (set(), set()),
    "managed and auto": (FIRST, LAST),
    "managed, karpenter and fargate": (FIRST, LAST),
    "fargate and auto": (set(), {"coredns"}),
    "none": (FIRST, set()),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_gets_the_add_ons_its_nodes_lack(engine):
    plans = plan_addons(EksClusterSettings.model_validate({"pools": ENGINES[engine]}))
    by_wave = tuple({plan.name for plan in plans if plan.wave is wave} for wave in Wave)
    assert by_wave == EXPECTED[engine]


def test_the_agent_is_planned_before_the_cni():
    names = [plan.name for plan in plan_addons(EksClusterSettings.model_validate({"pools": MANAGED}))]
    assert names.index("eks-pod-identity-agent") < names.index("vpc-cni")


def test_the_cni_is_told_everything_as_text():
    configuration = cni_configuration(VpcCni(warm_ip_target=2, minimum_ip_target=8, pod_security_groups=True, external_snat=True))
    assert configuration["enableNetworkPolicy"] == "true"
    assert configuration["env"] == {
        "AWS_VPC_K8S_CNI_EXTERNALSNAT": "true",
        "ENABLE_POD_ENI": "true",
        "ENABLE_PREFIX_DELEGATION": "true",
        "MINIMUM_IP_TARGET": "8",
        "POD_SECURITY_GROUP_ENFORCING_MODE": "standard",
        "WARM_IP_TARGET": "2",
    }


def test_security_groups_for_pods_give_the_control_plane_its_right():
    names = bring_up(pools=MANAGED, addons={"vpc_cni": {"pod_security_groups": True}}).names(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    )
    assert "dev-cluster-role-pod-security-groups" in names


def test_a_value_of_ones_own_wins_over_a_typed_one():
    cni = bring_up(pools=MANAGED, addons={"vpc_cni": {"configuration": {"env": {"ENABLE_PREFIX_DELEGATION": "false"}}}}).one(
        ADDON, "vpc-cni"
    )
    env = json.loads(cni.inputs["configurationValues"])["env"]
    assert env["ENABLE_PREFIX_DELEGATION"] == "false"
    assert env["ENABLE_POD_ENI"] == "false"


def test_a_version_is_pinned_only_where_it_was_asked_for():
    deployment = bring_up(pools=MANAGED, addons={"coredns": {"version": "v1.12.0-eksbuild.1", "on_update": "preserve", "keep": True}})
    coredns, proxy = deployment.one(ADDON, "coredns"), deployment.one(ADDON, "kube-proxy")
    assert coredns.value("addonVersion") == "v1.12.0-eksbuild.1"
    assert (coredns.value("resolveConflictsOnUpdate"), coredns.value("preserve")) == ("PRESERVE", True)
    assert "addonVersion" not in proxy.inputs
    assert (proxy.value("resolveConflictsOnCreate"), proxy.value("resolveConflictsOnUpdate")) == ("OVERWRITE", "OVERWRITE")


@pytest.mark.parametrize(
    ("addon", "account", "role"),
    [("vpc-cni", "aws-node", "vpc-cni"), ("aws-ebs-csi-driver", "ebs-csi-controller-sa", "ebs-csi")],
)
def test_add_ons_that_call_aws_have_a_role_only_they_can_take(addon, account, role):
    deployment = bring_up(pools=MANAGED)
    node = deployment.one("aws:iam/role:Role", role)
    (identity,) = deployment.one(ADDON, addon).value("podIdentityAssociations")
    assert identity == {"serviceAccount": account, "roleArn": node.outputs["arn"]}
    (statement,) = document(node, "assumeRolePolicy")["Statement"]
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-service-account"] == account
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/eks-cluster-arn"] == deployment.value("cluster_arn")


def test_with_ipv6_the_cni_gets_a_policy_of_its_own():
    deployment = bring_up(pools=MANAGED, kubernetes_network={"ip_family": "ipv6"})
    policy = document(deployment.one("aws:iam/rolePolicy:RolePolicy"))
    assert "ec2:AssignIpv6Addresses" in json.dumps(policy)
    assert "dev-vpc-cni-cni" not in deployment.names("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    template = deployment.one("aws:ec2/launchTemplate:LaunchTemplate")
    assert template.value("metadataOptions.httpProtocolIpv6") == "enabled"


def test_an_add_on_without_typed_fields_comes_with_its_role():
    role = "arn:aws:iam::123456789012:role/efs"
    extra = {"aws-efs-csi-driver": {"pod_identity": {"efs-csi-controller-sa": late(role)}, "configuration": {"b": 1, "a": 2}}}
    addon = deploy(lambda: EksCluster("dev", arguments(pools=MANAGED, addons={"extra": extra}))).one(ADDON, "aws-efs-csi-driver")
    assert addon.value("podIdentityAssociations") == [{"serviceAccount": "efs-csi-controller-sa", "roleArn": role}]
    assert addon.value("configurationValues") == '{"a": 2, "b": 1}'


def test_an_add_on_can_be_left_out_with_its_role():
    deployment = bring_up(pools=MANAGED, addons={"ebs_csi": {"enabled": False}})
    assert "dev-addon-aws-ebs-csi-driver" not in deployment.names(ADDON)
    assert "dev-ebs-csi" not in deployment.names("aws:iam/role:Role")
