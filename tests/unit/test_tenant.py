"""Tenant: what a team gets, whose it is, and what its own programs read of it."""

import json
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pydantic import ValidationError

from platform_components.errors import UpstreamError
from platform_components.identity.args import ClusterRef
from platform_components.labels import DOMAINS, INGRESS, NODE_POOL, OWNED
from platform_components.tenancy.args import TenantArgs
from platform_components.tenancy.context import TeamContext
from platform_components.tenancy.quotas import QUOTA_CLASSES, quota_spec
from platform_components.tenancy.rights import RULES, TeamRole
from platform_components.tenancy.tenant import Tenant
from tests.support import Deployment, deploy

CLUSTER = ClusterRef(name="shop", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop")
DECLARED: dict[str, Any] = {"team": "ledger", "owners": ["@a"], "group": "sso-ledger", "environments": ["prod"]}


def tenant(arguments: dict[str, Any] | None = None, **declared: Any) -> Deployment[Tenant]:
    given = {"declaration": {**DECLARED, **declared}, "environment": "prod", "cluster": CLUSTER, **(arguments or {})}
    return deploy(lambda: Tenant("ledger", TenantArgs(**given)))


def objects(done: Deployment[Tenant]) -> list[Any]:
    return [node for node in done.graph if node.type.startswith("kubernetes:")]


def test_everything_in_the_namespace_is_the_platforms_own() -> None:
    done = tenant(services={"api": {"callers": ["shop"]}}, arguments={"mesh": "istio-ambient"})
    found = objects(done)
    assert len(found) > 20
    for node in found:
        assert node.inputs["metadata"]["labels"][OWNED] == "platform", node.urn
        assert node.inputs["metadata"].get("namespace", "ledger-prod") == "ledger-prod"


def test_a_namespace_says_how_its_pods_are_held_and_what_it_may_have() -> None:
    done = tenant({"domain": "prod.example.com", "mesh": "istio-ambient"}, domains=["pay.example.org"], services={"api": {"public": True}})
    metadata = done.one("kubernetes:core/v1:Namespace").inputs["metadata"]
    assert {metadata["labels"][f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    assert (metadata["labels"][INGRESS], metadata["labels"]["istio.io/dataplane-mode"]) == ("true", "ambient")
    assert metadata["annotations"][DOMAINS] == "ledger.prod.example.com,pay.example.org"


def test_an_environment_may_have_another_size() -> None:
    done = tenant(quota="small", quotas={"prod": "large"})
    assert done.one("kubernetes:core/v1:ResourceQuota").inputs["spec"] == quota_spec(QUOTA_CLASSES["large"])


NODES: dict[str, Any] = {
    "pool": {"capacity": "karpenter", "families": ["m7g"], "limit_vcpu": 320, "taints": [{"key": "spot"}], "labels": {"zone": "a"}},
    "instance_profile_name": "nodes",
    "security_group_id": "sg-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "tags": {"Environment": "prod"},
}


def test_nodes_of_its_own_are_like_the_clusters_and_no_more_than_its_quota_can_fill() -> None:
    done = tenant({"nodes": NODES}, isolation="node_pool", quota="medium")
    found = {node.inputs["kind"]: node.inputs for node in objects(done) if node.inputs.get("kind") in ("NodePool", "EC2NodeClass")}
    assert {made["metadata"]["name"] for made in found.values()} == {"tenant-ledger-prod"}
    assert {made["metadata"]["labels"][OWNED] for made in found.values()} == {"platform"}
    spec = found["NodePool"]["spec"]
    assert spec["limits"] == {"cpu": "24", "memory": "96Gi"}, "twice what the quota lets pods request"
    assert spec["template"]["metadata"]["labels"] == {
        "zone": "a",
        "platform-components/team": "ledger",
        "platform.pool/name": "tenant-ledger-prod",
    }
    assert spec["template"]["spec"]["taints"] == [{"key": "platform.pool/dedicated", "value": "tenant-ledger-prod", "effect": "NoSchedule"}]
    assert {"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["m7g"]} in spec["template"]["spec"]["requirements"]
    tags = found["EC2NodeClass"]["spec"]["tags"]
    assert (tags["Team"], tags["Tenant"], tags["Environment"]) == ("ledger", "ledger-prod", "prod")
    assert done.one("kubernetes:core/v1:Namespace").inputs["metadata"]["annotations"][NODE_POOL] == "tenant-ledger-prod"


def test_a_team_shares_its_nodes_unless_it_says_otherwise() -> None:
    done = tenant({"nodes": NODES}, isolation="node_pool", isolations={"prod": "namespace"})
    assert not [node for node in objects(done) if node.inputs.get("kind") == "NodePool"]
    assert NODE_POOL not in done.one("kubernetes:core/v1:Namespace").inputs["metadata"].get("annotations", {})


INSTALLATION: dict[str, Any] = {
    "cluster": CLUSTER,
    "environment": "prod",
    "region": "eu-west-1",
    "vpc_id": "vpc-1",
    "priority_class": "platform",
}


def test_a_virtual_cluster_has_no_right_beyond_the_namespace() -> None:
    done = tenant({"installation": INSTALLATION}, isolation="virtual_cluster", services={"api": {}})
    release = done.one("kubernetes:helm.sh/v3:Release").inputs
    assert (release["chart"], release["namespace"]) == ("vcluster", "ledger-prod")
    values = release["values"]
    assert values["rbac"] == {"clusterRole": {"enabled": False}, "enableVolumeSnapshotRules": {"enabled": False}}
    # What the chart would make a ClusterRole for, whatever `auto` says there.
    assert all(not kind["enabled"] for kind in values["sync"]["fromHost"].values())
    assert {kind for kind, wanted in values["sync"]["toHost"].items() if wanted.get("enabled")} <= {
        "serviceAccounts", "networkPolicies", "ingresses", "podDisruptionBudgets",
    }  # fmt: skip
    assert all(not policy["enabled"] for policy in values["policies"].values()), "the namespace's own quota and walls hold"
    scheduling = values["controlPlane"]["statefulSet"]["scheduling"]
    assert scheduling == {"nodeSelector": {}, "tolerations": []}, "a tenant's pod: neither the platform's priority nor its nodes"
    assert not list(done.graph.of_type("kubernetes:core/v1:ServiceAccount"))
    assert done.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs["serviceAccount"] == "api-x-default-x-vcluster"
    names = [node.inputs["metadata"]["name"] for node in done.graph.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")]
    assert "allow-virtual-cluster" in names


def test_roles_of_a_virtual_cluster_get_into_it_and_no_further() -> None:
    done = tenant({"installation": INSTALLATION}, isolation="virtual_cluster")
    roles = {
        node.inputs["metadata"]["name"]: node.inputs["rules"] for node in done.graph.of_type("kubernetes:rbac.authorization.k8s.io/v1:Role")
    }
    given = {
        one["name"]: one for one in done.one("kubernetes:helm.sh/v3:Release").inputs["values"]["exportKubeConfig"]["additionalSecrets"]
    }
    assert set(roles) == {role.value for role in TeamRole}
    for role, rules in roles.items():
        writing = [rule for rule in rules if set(rule["verbs"]) - {"get", "list", "watch"}]
        assert {resource for rule in writing for resource in rule["resources"]} <= {"pods/portforward", "grpcroutes", "httproutes"}
        (key,) = [rule for rule in rules if "secrets" in rule["resources"]]
        assert (key["verbs"], key["resourceNames"]) == (["get"], [f"kubeconfig-{role}"])
        assert f"kubeconfig-{role}" in given
    assert given["kubeconfig-viewer"]["serviceAccount"]["clusterRole"] == "view"


def test_a_virtual_cluster_is_told_of_its_host() -> None:
    with pytest.raises(ValidationError, match="installation is needed: isolation of ledger in prod is virtual_cluster"):
        tenant(isolation="virtual_cluster")


def test_nodes_of_its_own_stand_on_something() -> None:
    with pytest.raises(ValidationError, match="nodes is needed: isolation of ledger in prod is node_pool"):
        tenant(isolation="node_pool")


@pytest.mark.parametrize("name", QUOTA_CLASSES)
def test_a_quota_counts_itself_and_opens_no_node_port(name: str) -> None:
    hard = quota_spec(QUOTA_CLASSES[name])["hard"]
    assert (hard["resourcequotas"], hard["services.nodeports"]) == ("1", "0")
    assert int(hard["configmaps"]) >= 3


def test_roles_are_bound_to_the_login_and_to_access_entries() -> None:
    access = {"viewer": {"groups": ["sso-audit"]}, "ci": {"principal": "arn:aws:iam::123456789012:role/delivery"}}
    done = tenant({"group_prefix": "oidc:"}, access=access)
    bound = {
        node.inputs["metadata"]["name"]: [subject["name"] for subject in node.inputs["subjects"]]
        for node in done.graph.of_type("kubernetes:rbac.authorization.k8s.io:RoleBinding")
    }
    assert bound == {
        "team-admin": ["platform-components:ledger:team-admin", "oidc:sso-ledger"],
        "developer": ["platform-components:ledger:developer", "oidc:sso-ledger"],
        "viewer": ["platform-components:ledger:viewer", "oidc:sso-audit"],
        "ci": ["platform-components:ledger:ci"],
    }
    entry = done.one("aws:eks/accessEntry:AccessEntry").inputs
    assert (entry["principalArn"], entry["kubernetesGroups"]) == (access["ci"]["principal"], ["platform-components:ledger:ci"])


@pytest.mark.parametrize("role", TeamRole)
def test_no_role_reads_secrets_or_becomes_somebody_else(role: TeamRole) -> None:
    for rule in RULES[role]:
        assert not {"*"} & {*rule["verbs"], *rule["resources"], *rule["apiGroups"]}
        assert not {"impersonate", "escalate", "bind"} & set(rule["verbs"])
        assert not {"serviceaccounts/token", "resourcequotas/finalizers", "namespaces", "nodes"} & set(rule["resources"])
        if "secrets" in rule["resources"]:
            assert not {"get", "list", "watch", "deletecollection"} & set(rule["verbs"])
        if {"resourcequotas", "limitranges"} & set(rule["resources"]):
            assert set(rule["verbs"]) == {"get", "list", "watch"}
    changes = [rule for rule in RULES[role] if {"create", "update", "patch", "delete"} & set(rule["verbs"])]
    assert bool(changes) is (role is not TeamRole.VIEWER)


def test_a_service_has_an_account_a_role_and_images() -> None:
    done = tenant(services={"api": {}})
    trust = json.loads(done.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    equals = trust["Statement"][0]["Condition"]["StringEquals"]
    assert equals["aws:RequestTag/kubernetes-namespace"] == "ledger-prod"
    assert equals["aws:RequestTag/kubernetes-service-account"] == "api"
    images = done.one("aws:ecr/repository:Repository").inputs
    assert (images["name"], images["imageTagMutability"]) == ("prod/ledger/api", "IMMUTABLE")
    assert images["imageScanningConfiguration"] == {"scanOnPush": True}
    assert images["tags"].items() >= {"Team": "ledger", "Tenant": "ledger-prod", "Service": "api"}.items()
    assert done.one("kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"] is False


def test_names_of_two_teams_services_cannot_be_one() -> None:
    def both() -> None:
        for team, service in (("ab-cd", "ef"), ("ab", "cd-ef")):
            declared = {**DECLARED, "team": team, "services": {service: {}}}
            Tenant(team, TenantArgs(declaration=declared, environment="prod", cluster=CLUSTER))  # type: ignore[arg-type]

    graph = deploy(both).graph
    assert len({node.urn for node in graph}) == len(graph) > 40


def test_a_budget_is_about_the_tenants_costs_and_told_on_the_platforms_topic() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:costs"
    done = tenant({"topic_arn": topic}, budget={"monthly_usd": 40})
    budget = done.one("aws:budgets/budget:Budget").inputs
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:Tenant$ledger-prod"]}]
    assert {one for notice in budget["notifications"] for one in notice["subscriberSnsTopicArns"]} == {topic}
    assert done.names("aws:kms/key:Key") == []


GIT = "https://git.example.com/ledger/deploy"


def test_argo_cd_delivers_into_the_teams_namespace_and_nothing_that_bounds_it() -> None:
    done = tenant({"gitops": "argo-cd"}, delivery={"repository": GIT, "path": "deploy"})
    project = done.one("kubernetes:argoproj.io:AppProject").inputs
    assert project["metadata"]["namespace"] == "argocd"
    assert [place["namespace"] for place in project["spec"]["destinations"]] == ["ledger-prod"]
    assert {row["kind"] for row in project["spec"]["namespaceResourceBlacklist"]} >= {"ResourceQuota", "NetworkPolicy"}
    source = done.one("kubernetes:argoproj.io:Application").inputs["spec"]
    assert (source["project"], source["source"]["path"]) == ("ledger", "deploy/prod")


def test_flux_delivers_with_the_rights_of_a_pipeline() -> None:
    done = tenant({"gitops": "flux"}, delivery={"repository": GIT})
    spec = done.one("kubernetes:kustomize.toolkit.fluxcd.io:Kustomization").inputs["spec"]
    assert (spec["targetNamespace"], spec["serviceAccountName"], spec["path"]) == ("ledger-prod", "flux-deployer", "./prod")
    binding = done.one("kubernetes:rbac.authorization.k8s.io:RoleBinding", "delivery").inputs
    assert (binding["roleRef"]["name"], binding["subjects"][0]["name"]) == ("ci", "flux-deployer")


def test_without_an_engine_nothing_delivers() -> None:
    assert "ledger-application" not in {node.name for node in tenant(delivery={"repository": GIT}).graph}


def test_a_teams_program_reads_what_its_tenant_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tenant(services={"api": {"port": 9000}})
    written = made.one("kubernetes:core/v1:ConfigMap").inputs
    asked: list[str] = []

    def get(_name: str, identity: str, **_: Any) -> Any:
        asked.append(identity)
        # What only AWS knows is a stand-in here; the form is the tenant's own.
        return SimpleNamespace(data=pulumi.Output.from_input(written["data"]))

    monkeypatch.setattr(k8s.core.v1.ConfigMap, "get", get)
    done = deploy(lambda: TeamContext("ledger", "prod").service("api").__dict__)
    assert asked == [f"{written['metadata']['namespace']}/{written['metadata']['name']}"]
    assert (done.value(done.result["port"]), done.value(done.result["service_account"])) == (9000, "api")
    with pytest.raises(UpstreamError, match="team ledger has no service 'web' in prod; it has api"):
        deploy(lambda: TeamContext("ledger", "prod").service("web").__dict__)


def test_a_team_has_its_part_of_the_store_of_secrets() -> None:
    secrets = {"team": "ledger", "clusters": {"prod": {"namespaces": ["ledger-prod"]}}, "server": {"address": "https://vault:8200"}}
    done = tenant({"secrets": secrets}, services={"api": {}})
    store = done.one("kubernetes:external-secrets.io:SecretStore")
    assert (store.inputs["metadata"]["name"], store.inputs["metadata"]["namespace"]) == ("team", "ledger-prod")
    # Children wait for the component, and it for the namespace.
    (part,) = done.graph.of_type("platform-components:index:TeamSecrets")
    assert [urn.rpartition("::")[2] for urn in part.dependencies] == ["ledger-namespace"]
    assert store.parent == part.urn
    assert done.one("vault:index/policy:Policy").inputs["name"] == "team-ledger"
    (context,) = (json.loads(node.inputs["data"]["context.json"]) for node in done.graph.of_type("kubernetes:core/v1:ConfigMap"))
    assert context["services"]["api"]["secrets"] == {"store": "vault", "reference": "ledger/api"}
