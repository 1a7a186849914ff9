import json

import pulumi
import pulumi_aws as aws
import pytest

from platform_components.cluster import eks_cluster
from platform_components.cluster.eks_cluster import EksCluster
from platform_components.component import public_outputs
from platform_components.errors import UnsupportedError
from platformctl.sdk_types import check_inputs
from tests.support import deploy
from tests.unit.cluster_cases import ENGINES, KARPENTER, MANAGED, arguments, bring_up, document, late, waits_for

CLUSTER = "aws:eks/cluster:Cluster"
COMPONENT = "platform-components:index:EksCluster"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_preview_shows_the_graph_that_comes_up(engine):
    assert bring_up(pools=ENGINES[engine], preview=True).shape() == bring_up(pools=ENGINES[engine]).shape()


RICH = {
    "endpoint_access": {"public": {"cidrs": ["203.0.113.0/24"]}, "private_cidrs": ["10.99.0.0/16"], "egress": "customer-routed"},
    "control_plane": {"tier": "tier-xl", "event_ttl_minutes": 30},
    "access": {"web": {"principal": "arn:aws:iam::123456789012:role/web", "policies": {"edit": ["web"]}, "groups": ["web"]}},
    "oidc_login": {"issuer_url": "https://login.example", "client_id": "kubernetes", "required_claims": {"team": "web"}},
    "irsa": True,
}
"""Settings that use what the defaults leave out."""


@pytest.mark.parametrize("settings", [{}, RICH], ids=["defaults", "rich"])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_input_is_known_to_the_providers_sdk(engine, settings):
    graph = bring_up(pools=ENGINES[engine], **settings).graph
    assert [f"{node.name}: {fault}" for node in graph for fault in check_inputs(node.type, node.inputs, required=True)] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_every_child_is_named_after_the_component_and_stands_in_it(engine):
    graph = bring_up(pools=ENGINES[engine], name="shop").graph
    children = [node for node in graph if node.type not in ("pulumi:pulumi:Stack", COMPONENT)]
    assert all(f"::{COMPONENT}$" in node.urn for node in children)
    assert all(node.name.startswith("shop-") for node in children)


def test_two_clusters_coexist_in_one_stack():
    def build():
        return {name: EksCluster(name, arguments(pools=KARPENTER, irsa=True)) for name in ("blue", "green")}

    graph = deploy(build).graph
    assert sorted(node.inputs["name"] for node in graph.of_type(CLUSTER)) == ["blue", "green"]


def test_every_public_output_is_registered_and_known_after_up():
    deployment = bring_up(pools=KARPENTER, irsa=True)
    (component,) = deployment.graph.of_type(COMPONENT)
    for name in public_outputs(EksCluster):
        assert deployment.output(name).known, name
        assert name in component.outputs, name


@pytest.mark.parametrize("name", ["x" * 33, "Shop", "shop-", "1shop"])
def test_a_name_aws_would_not_take_is_refused(name):
    with pytest.raises(Exception, match="the name"):
        bring_up(name=name)


def test_the_control_plane_is_private_encrypted_logged_and_protected():
    cluster = bring_up().one(CLUSTER)
    assert cluster.value("vpcConfig.endpointPrivateAccess") is True
    assert cluster.value("vpcConfig.endpointPublicAccess") is False
    assert cluster.value("vpcConfig.publicAccessCidrs") is None
    assert cluster.value("encryptionConfig.resources") == ["secrets"]
    assert cluster.value("encryptionConfig.provider.keyArn").startswith("arn:aws:kms:")
    assert cluster.value("enabledClusterLogTypes") == ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert cluster.value("accessConfig") == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert cluster.value("upgradePolicy.supportType") == "STANDARD"
    assert cluster.value("deletionProtection") is True
    assert cluster.value("zonalShiftConfig.enabled") is True
    assert cluster.value("bootstrapSelfManagedAddons") is False
    assert cluster.value("version") == "1.35"


def test_auto_mode_is_said_to_be_off_in_all_three_places():
    cluster = bring_up(pools=MANAGED).one(CLUSTER)
    assert cluster.value("computeConfig") == {"enabled": False}
    assert cluster.value("storageConfig.blockStorage.enabled") is False
    assert cluster.value("kubernetesNetworkConfig.elasticLoadBalancing.enabled") is False


def test_the_public_endpoint_is_open_to_named_networks_only():
    cluster = bring_up(endpoint_access={"public": {"cidrs": ["203.0.113.0/24"]}}).one(CLUSTER)
    assert cluster.value("vpcConfig.endpointPublicAccess") is True
    assert cluster.value("vpcConfig.endpointPrivateAccess") is True
    assert cluster.value("vpcConfig.publicAccessCidrs") == ["203.0.113.0/24"]


def test_other_networks_reach_the_private_endpoint_by_a_rule_each():
    deployment = bring_up(endpoint_access={"private_cidrs": ["10.99.0.0/16", "10.98.0.0/16"]})
    rules = list(deployment.graph.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"))
    assert {rule.inputs["cidrIpv4"]: rule.inputs["fromPort"] for rule in rules} == {"10.99.0.0/16": 443, "10.98.0.0/16": 443}
    assert {rule.inputs["securityGroupId"] for rule in rules} == {deployment.value("cluster_security_group_id")}


def test_tuning_is_said_only_where_it_was_asked_for():
    plain = bring_up().one(CLUSTER)
    assert not {"controlPlaneScalingConfig", "kubeApiServerConfig"} & set(plain.inputs)
    tuned = bring_up(
        control_plane={"tier": "tier-xl", "event_ttl_minutes": 30},
        endpoint_access={"egress": "customer-routed"},
        upgrade_policy="extended",
        kubernetes_network={"service_cidr": "172.21.0.0/16"},
        control_plane_tier="intra",
    ).one(CLUSTER)
    assert tuned.value("controlPlaneScalingConfig.tier") == "tier-xl"
    assert tuned.value("kubeApiServerConfig.eventTtl") == "30m"
    assert tuned.value("vpcConfig.controlPlaneEgressMode") == "CUSTOMER_ROUTED"
    assert tuned.value("vpcConfig.subnetIds") == ["subnet-i"]
    assert tuned.value("upgradePolicy.supportType") == "EXTENDED"
    assert tuned.value("kubernetesNetworkConfig.serviceIpv4Cidr") == "172.21.0.0/16"


def test_the_key_rotates_and_has_an_alias_people_find():
    deployment = bring_up()
    key = deployment.one("aws:kms/key:Key")
    assert (key.value("enableKeyRotation"), key.value("rotationPeriodInDays"), key.value("deletionWindowInDays")) == (True, 365, 30)
    assert deployment.one("aws:kms/alias:Alias").value("name") == "alias/eks/dev"
    assert document(key)["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


def test_every_document_can_be_judged_in_a_preview():
    graph = bring_up(preview=True, pools=KARPENTER).graph
    trusts = [document(node, "assumeRolePolicy") for node in graph.of_type("aws:iam/role:Role")]
    assert len(trusts) == 6
    assert document(next(graph.of_type("aws:kms/key:Key")))["Version"] == "2012-10-17"


def test_the_log_group_is_ours_kept_encrypted_and_there_before_the_cluster():
    deployment = bring_up()
    group = deployment.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.value("name") == "/aws/eks/dev/cluster"
    assert group.value("retentionInDays") == 90
    assert group.value("kmsKeyId") == deployment.value("key_arn")
    assert group.urn in waits_for(deployment.graph, deployment.one(CLUSTER))


def test_a_generation_gives_cluster_and_log_group_another_name():
    deployment = bring_up(generation="b2")
    assert deployment.one(CLUSTER).value("name") == "dev-b2"
    assert deployment.one("aws:cloudwatch/logGroup:LogGroup").value("name") == "/aws/eks/dev-b2/cluster"
    assert deployment.value("cluster_name") == "dev-b2"


def test_without_logs_there_is_no_log_group():
    deployment = bring_up(logging={"types": []})
    assert deployment.names("aws:cloudwatch/logGroup:LogGroup") == []
    assert deployment.value("log_group_name") is None


def test_a_key_of_ones_own_is_used_as_it_is():
    arn = "arn:aws:kms:eu-west-1:123456789012:key/mine"
    deployment = deploy(lambda: EksCluster("dev", arguments(encryption={"key_arn": late(arn)})))
    assert deployment.names("aws:kms/key:Key") == []
    assert deployment.one(CLUSTER).value("encryptionConfig.provider.keyArn") == arn


def test_the_role_has_its_permissions_before_the_cluster_is_made():
    deployment = bring_up()
    attachment = deployment.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "cluster-role-cluster")
    assert attachment.value("policyArn") == "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    assert attachment.urn in waits_for(deployment.graph, deployment.one(CLUSTER))


def test_no_security_group_is_made_so_one_alone_carries_the_clusters_tag():
    graph = bring_up(pools=ENGINES["managed, karpenter and fargate"]).graph
    assert list(graph.of_type("aws:ec2/securityGroup:SecurityGroup")) == []
    assert not any("kubernetes.io/cluster" in json.dumps(node.inputs.get("tags", {})) for node in graph)
    assert all("vpcSecurityGroupIds" not in node.inputs for node in graph.of_type("aws:ec2/launchTemplate:LaunchTemplate"))


def test_an_oidc_provider_is_made_for_irsa_only():
    assert bring_up().names("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    deployment = bring_up(irsa=True)
    provider = deployment.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.value("url") == deployment.value("oidc_issuer")
    assert deployment.value("oidc_provider_arn").startswith("arn:aws:iam::123456789012:oidc-provider/")


def test_the_kubeconfig_is_secret_and_asks_the_cli_for_a_token():
    deployment = bring_up()
    resolved = deployment.output("kubeconfig")
    assert resolved.secret
    assert resolved.known
    config = json.loads(resolved.value)
    assert config["users"][0]["user"]["exec"]["args"] == [
        "--region",
        "eu-west-1",
        "eks",
        "get-token",
        "--cluster-name",
        "dev",
        "--output",
        "json",
    ]
    (provider,) = deployment.graph.of_type("pulumi:providers:kubernetes")
    assert provider.inputs["kubeconfig"] == {"secret": True}


def test_a_kubeconfig_for_another_role_is_secret_too():
    def build():
        return EksCluster("dev", arguments()).kubeconfig_for(role_arn="arn:aws:iam::123456789012:role/reader")

    deployment = deploy(build)
    resolved = deployment.output(deployment.result)
    assert resolved.secret
    assert "role/reader" in resolved.value


def test_tags_reach_every_resource_that_can_carry_them():
    deployment = bring_up(pools=KARPENTER, tags={"CostCenter": "platform"})
    tagged = [node for node in deployment.graph if "tags" in node.inputs and node.type != COMPONENT]
    assert len(tagged) >= 15
    assert all(node.inputs["tags"]["CostCenter"] == "platform" for node in tagged)
    assert all(node.inputs["tags"]["ManagedBy"] == "platform-components" for node in tagged)


@pytest.mark.parametrize("protected", [True, False])
def test_what_cannot_be_made_again_is_protected_unless_told_otherwise(protected, monkeypatch):
    seen = {}

    def spy_on(resource):
        original = resource.__init__

        def spy(self, *args, **kwargs):
            seen[resource.__name__] = kwargs["opts"].protect
            original(self, *args, **kwargs)

        monkeypatch.setattr(resource, "__init__", spy)

    for resource in (aws.eks.Cluster, aws.kms.Key, aws.cloudwatch.LogGroup):
        spy_on(resource)
    cluster = bring_up(deletion_protection=protected).one(CLUSTER)
    assert seen == dict.fromkeys(("Cluster", "Key", "LogGroup"), protected)
    assert cluster.value("deletionProtection") is protected


def test_a_small_cluster_stays_a_small_stack():
    assert len(bring_up(pools=KARPENTER).graph) <= 45


@pytest.mark.parametrize("told", [None, ""])
def test_what_the_provider_does_not_tell_is_unknown_in_a_preview_and_an_error_after(told, monkeypatch):
    assert eks_cluster.told("sg-1", "group") == "sg-1"
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert eks_cluster.told(told, "group") is pulumi.UNKNOWN
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    with pytest.raises(UnsupportedError, match="told no cluster security group of the cluster; run `platformctl refresh`"):
        eks_cluster.told(told, "cluster security group")


def test_a_block_shown_as_written_leaves_what_is_in_it_unknown(monkeypatch):
    monkeypatch.setattr("platformctl.readers.monitor.nested_unknowns", lambda *_: {})
    deployment = bring_up(preview=True, pools=MANAGED)
    assert not deployment.output("cluster_security_group_id").known
