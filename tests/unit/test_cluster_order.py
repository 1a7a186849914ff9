"""The order in which a cluster comes up, read from the dependency graph: what waits for what on `up` outlives it on `destroy`."""

from itertools import pairwise

import pytest

from tests.unit.cluster_cases import AUTO, ENGINES, FARGATE, JOBS, KARPENTER, MANAGED, bring_up, comes_after, waits_for

ADDON = "aws:eks/addon:Addon"
GROUP = "aws:eks/nodeGroup:NodeGroup"
PROFILE = "aws:eks/fargateProfile:FargateProfile"
ACCESS = ("aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
POOLS = "kubernetes:karpenter.sh:NodePool"
CLASSES = "kubernetes:karpenter.k8s.aws:EC2NodeClass"

EVERYTHING = {**MANAGED, **KARPENTER, **JOBS}


@pytest.fixture(scope="module")
def deployment():
    return bring_up(pools=EVERYTHING, access={"team": {"principal": "arn:aws:iam::123456789012:role/team", "policies": {"edit": ["web"]}}})


@pytest.fixture(scope="module")
def stages(deployment):
    """The stages of a cluster, first to last."""
    addon = {node.inputs["addonName"]: node for node in deployment.graph.of_type(ADDON)}
    first = [addon.pop(name) for name in ("eks-pod-identity-agent", "kube-proxy", "vpc-cni")]
    access = [node for node in deployment.graph.of_type(*ACCESS) if not node.name.endswith("karpenter-node")]
    return {
        "foundation": list(deployment.graph.of_type("aws:kms/key:Key", "aws:cloudwatch/logGroup:LogGroup")),
        "cluster": list(deployment.graph.of_type("aws:eks/cluster:Cluster")),
        "access": access,
        "add-ons that nodes need": first,
        "nodes": list(deployment.graph.of_type(GROUP, PROFILE)),
        "add-ons that need nodes": list(addon.values()),
        "NodePool objects": list(deployment.graph.of_type(POOLS, CLASSES)),
    }


def test_every_stage_has_something_in_it(stages):
    assert {name: len(nodes) for name, nodes in stages.items()} == {
        "foundation": 2,
        "cluster": 1,
        "access": 4,
        "add-ons that nodes need": 3,
        "nodes": 2,
        "add-ons that need nodes": 3,
        "NodePool objects": 4,
    }


def test_each_stage_waits_for_all_of_the_one_before(deployment, stages):
    names = list(stages)
    for earlier, later in pairwise(names):
        assert comes_after(deployment.graph, stages[later], stages[earlier]), f"{later} must wait for {earlier}"


def test_no_stage_waits_for_a_later_one_so_destroy_runs_the_other_way(deployment, stages):
    names = list(stages)
    for index, name in enumerate(names):
        behind = {node.urn for later in names[index + 1 :] for node in stages[later]}
        for node in stages[name]:
            assert not behind & waits_for(deployment.graph, node), f"{node.name} of {name} must not wait for a later stage"


def test_the_graph_has_no_cycle(deployment):
    assert all(node.urn not in waits_for(deployment.graph, node) for node in deployment.graph)


def test_the_cni_waits_for_the_agent_it_gets_its_credentials_from(deployment):
    agent, cni = (deployment.one(ADDON, f"addon-{name}") for name in ("eks-pod-identity-agent", "vpc-cni"))
    assert comes_after(deployment.graph, [cni], [agent])


def test_kubernetes_objects_go_before_the_access_they_are_deleted_through(deployment):
    access = [node for node in deployment.graph.of_type(*ACCESS) if "deployer" in node.name]
    (provider,) = deployment.graph.of_type("pulumi:providers:kubernetes")
    objects = [node for node in deployment.graph if node.type.startswith("kubernetes:")]
    assert len(access) == 2
    assert len(objects) == 5
    assert all(node.provider.startswith(provider.urn) for node in objects)
    assert comes_after(deployment.graph, [provider, *objects], access)


def test_nodepools_go_before_all_that_karpenter_stands_on(deployment):
    aws_side = [
        deployment.one("aws:eks/podIdentityAssociation:PodIdentityAssociation"),
        deployment.one("aws:iam/rolePolicy:RolePolicy", "karpenter"),
        deployment.one("aws:cloudwatch/eventTarget:EventTarget"),
        deployment.one("aws:sqs/queuePolicy:QueuePolicy"),
        deployment.one("aws:eks/accessEntry:AccessEntry", "access-karpenter-node"),
        deployment.one("aws:iam/instanceProfile:InstanceProfile"),
        deployment.one("kubernetes:helm.sh:Release"),
    ]
    assert comes_after(deployment.graph, deployment.graph.of_type(POOLS, CLASSES), aws_side)


def test_a_nodepool_goes_before_its_class(deployment):
    for name in KARPENTER:
        pool, node_class = deployment.one(POOLS, f"pool-{name}"), deployment.one(CLASSES, f"class-{name}")
        assert comes_after(deployment.graph, [pool], [node_class])


def test_nodes_find_their_role_complete(deployment):
    attached = [node for node in deployment.graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment") if "dev-node-" in node.name]
    assert len(attached) == 2
    assert comes_after(deployment.graph, deployment.graph.of_type(GROUP), attached)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gets_its_objects_and_nodes_after_access(engine):
    graph = bring_up(pools=ENGINES[engine]).graph
    access = [node for node in graph.of_type(*ACCESS) if "deployer" in node.name]
    later = graph.of_type(GROUP, PROFILE, ADDON, POOLS)
    assert comes_after(graph, later, access)


def test_add_ons_wait_for_the_auto_mode_pools_that_they_run_on():
    graph = bring_up(pools={**AUTO, **FARGATE}, addons={"extra": {"metrics-server": {}}}).graph
    addons = list(graph.of_type(ADDON))
    assert {node.inputs["addonName"] for node in addons} == {"coredns", "metrics-server"}
    assert comes_after(graph, addons, graph.of_type(POOLS))


def test_auto_mode_pools_wait_for_the_entry_that_lets_their_nodes_in():
    graph = bring_up(pools=AUTO).graph
    entries = [node for node in graph.of_type(*ACCESS) if "auto-node" in node.name]
    assert len(entries) == 2
    assert comes_after(graph, graph.of_type(POOLS, "kubernetes:eks.amazonaws.com:NodeClass"), entries)
