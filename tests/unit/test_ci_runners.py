"""CiRunners: where jobs run, what they may not do and reach, and that no credential is in any of it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.charts.records import gha_runner_scale_set as scale_set
from platform_components.declarations.environment import Environment
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
POOLS = {"standard": {"max": 40, "idle": 2}, "large": {"max": 4, "vcpu": 8, "memory_gib": 16, "node_pool": "ci-large"}}
GITHUB = {"url": "https://github.com/acme"}


def built(**args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.CiRunners(
            "shop",
            platform.CiRunnersArgs(
                cluster=CLUSTER, environment="dev", region="eu-west-1", vpc_id="vpc-1", **{"pools": POOLS, "github": GITHUB, **args}
            ),
        )
        return {"names": made.runner_names, "namespaces": made.namespaces}

    return deploy(program)


def named(done: Deployment[dict[str, Any]], name: str) -> Any:
    return next(node for node in done.graph if node.name == f"shop-{name}").inputs


# --- GitHub Actions


def test_each_pool_is_a_set_that_workflows_name() -> None:
    done = built()
    assert done.value("names") == ["dev-standard", "dev-large"]
    assert done.value("namespaces") == ["ci-github"]
    values = named(done, "github-standard")["values"]
    assert (values["runnerScaleSetName"], values["minRunners"], values["maxRunners"]) == ("dev-standard", 2, 40)
    assert values["githubConfigUrl"] == "https://github.com/acme"
    only = built(github={**GITHUB, "pools": ["large"], "group": "trusted"})
    assert only.value("names") == ["dev-large"]
    assert named(only, "github-large")["values"]["runnerGroup"] == "trusted"


def test_a_job_stands_on_its_pools_nodes_which_nothing_else_uses() -> None:
    template = named(built(), "github-large")["values"]["template"]
    assert template["metadata"]["annotations"] == {"karpenter.sh/do-not-disrupt": "true"}
    assert template["spec"]["nodeSelector"] == {"platform.pool/name": "ci-large"}
    assert template["spec"]["tolerations"] == [
        {"key": "platform.pool/dedicated", "operator": "Equal", "value": "ci-large", "effect": "NoSchedule"}
    ]
    (runner,) = template["spec"]["containers"]
    assert runner["resources"] == {
        "requests": {"cpu": "8000m", "memory": "16384Mi", "ephemeral-storage": "10Gi"},
        "limits": {"memory": "16384Mi", "ephemeral-storage": "10Gi"},
    }


def test_a_job_has_no_token_of_the_cluster_and_no_privilege() -> None:
    done = built()
    values = named(done, "github-standard")["values"]
    spec = values["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    # Any container mode would hand the runner a token (kubernetes) or privileges (dind).
    assert "containerMode" not in values
    (runner,) = spec["containers"]
    assert runner["securityContext"]["allowPrivilegeEscalation"] is False
    assert runner["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert spec["securityContext"]["runAsNonRoot"] is True
    labels = named(done, "namespace-ci-github")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_app_is_named_and_not_held() -> None:
    done = built()
    assert named(done, "github-standard")["values"]["githubConfigSecret"] == "github-app"
    assert "PRIVATE KEY" not in json.dumps([node.inputs for node in done.graph], default=str)
    with pytest.raises(ValidationError):
        built(github={**GITHUB, "secret": "ghp_0123456789"})


# --- what jobs may reach


def egress(done: Deployment[dict[str, Any]]) -> list[Any]:
    policy = named(done, "ci-github-platform")["spec"]
    assert policy["ingress"] == []
    assert named(done, "ci-github-default-deny")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    found: list[Any] = policy["egress"]
    return found


def test_jobs_reach_the_internet_and_nothing_private() -> None:
    dns, four, six = egress(built())
    assert {port["port"] for port in dns["ports"]} == {53}
    (block,) = (entry["ipBlock"] for entry in four["to"])
    assert block["cidr"] == "0.0.0.0/0"
    assert {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} == set(block["except"])
    assert six["to"][0]["ipBlock"]["except"] == ["fc00::/7", "fe80::/10"]
    assert [port["port"] for port in (*four["ports"], *six["ports"])] == [443, 443]


def test_an_allow_list_takes_the_place_of_the_internet() -> None:
    _, forge, proxy = egress(built(egress={"140.82.112.0/20": [443, 22]}, private={"10.0.9.0/28": [3128]}))
    assert forge == {
        "to": [{"ipBlock": {"cidr": "140.82.112.0/20"}}],
        "ports": [{"port": 443, "protocol": "TCP"}, {"port": 22, "protocol": "TCP"}],
    }
    assert proxy["to"] == [{"ipBlock": {"cidr": "10.0.9.0/28"}}]


def test_a_block_of_everything_leaves_the_metadata_service_out() -> None:
    rules = egress(built(egress={"0.0.0.0/0": [443], "::/0": [443]}))
    assert [rule["to"][0]["ipBlock"]["except"] for rule in rules[1:]] == [["169.254.0.0/16"], ["fd00:ec2::/32", "fe80::/10"]]


# --- what is refused


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"pools": {"standard": {}}}, "max"),
        ({"pools": {"standard": {"max": 2, "idle": 3}}}, "idle 3 is above max 2"),
        ({"github": {**GITHUB, "pools": ["huge"]}}, "github.pools: there is no pool huge; choose from standard, large"),
        ({"github": {**GITHUB, "url": "http://github.com/acme"}}, "url"),
    ],
)
def test_what_cannot_work_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        built(**args)
    assert message in str(caught.value)


def environment(pool: dict[str, Any], runners: dict[str, Any]) -> Environment:
    return Environment.model_validate(
        {
            "environment": "dev",
            "profile": "dev",
            "region": "eu-west-1",
            "network": {"cidr": "10.0.0.0/16", "zones": ["euw1-az1", "euw1-az2"]},
            "cluster": {"pools": {"ci": pool}} if pool else {},
            "delivery": {"ci": {"pools": {"standard": runners}, "github": GITHUB}},
        }
    )


NODES = {"capacity": "karpenter", "limit_vcpu": 16, "dedicated": True, "consolidation": "empty"}


@pytest.mark.parametrize(
    ("pool", "runners", "message"),
    [
        ({}, {"max": 1}, "the cluster has no pool ci of capacity karpenter or auto"),
        ({**NODES, "dedicated": False}, {"max": 1}, "pool ci holds other workloads too"),
        ({**NODES, "consolidation": "underutilized"}, {"max": 1}, "set consolidation: empty there"),
        (NODES, {"max": 9}, "runners on pool ci may take 18 vCPUs, and it has 16"),
    ],
)
def test_runners_whose_nodes_do_not_fit_are_refused(pool: dict[str, Any], runners: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        environment(pool, runners)
    assert message in str(caught.value)


def test_runners_whose_nodes_fit_are_taken() -> None:
    ci = environment(NODES, {"max": 8}).delivery.ci
    assert ci is not None
    assert ci.pools["standard"].max == 8


# --- what is watched


def test_what_a_listener_counts_belongs_to_its_set() -> None:
    """Counters and histograms of jobs carry no name of a set; the listener's pod does."""
    done = built()
    endpoint = named(done, "github-listeners")["spec"]["podMetricsEndpoints"][0]
    assert endpoint["honorLabels"] is True
    assert {rule["targetLabel"] for rule in endpoint["relabelings"]} == {"namespace", "name"}
    assert not [node for node in built(monitors=False).graph if node.type.endswith(":PodMonitor")]


def test_the_records_defaults_are_a_whole_scale_set() -> None:
    addon = scale_set.ADDON
    assert addon.pod_security.value == "restricted"
    assert addon.traffic.isolated
