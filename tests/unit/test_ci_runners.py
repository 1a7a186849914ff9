"""CiRunners: where jobs run, what they may not do and reach, and that no credential is in any of it."""

import copy
import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pydantic import ValidationError

import platform_components as platform
from platform_components.charts.records import gha_runner_scale_set as scale_set
from platform_components.charts.records import gitlab_runner
from platform_components.charts.site import Site
from platform_components.ci.args import RunnerPool
from platform_components.ci.jobs import Load
from platform_components.ci.sizing import percentile, size, waits
from platform_components.ci.toml import lines
from platform_components.declarations.environment import Environment
from tests.support import Deployment, deploy

SITE = Site("dev", "c", "eu-west-1", "vpc-1", replicas=2)
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


def test_credentials_come_out_of_a_store_and_are_in_no_state() -> None:
    done = built(github={**GITHUB, "credentials": {"store": "vault", "reference": "platform-ci/github"}})
    brought = named(done, "github-app")
    assert (brought["metadata"]["namespace"], brought["metadata"]["name"]) == ("ci-github", "github-app")
    assert brought["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "team"}
    assert brought["spec"]["dataFrom"] == [{"extract": {"key": "platform-ci/github"}}]
    assert not [node for node in built().graph if node.type.endswith(":ExternalSecret")]


# --- GitLab

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
GITLAB = {"url": "https://gitlab.example.com", "credentials": {"store": "vault", "reference": "platform-ci/gitlab"}}


@pytest.fixture(scope="module")
def gitlab() -> Deployment[dict[str, Any]]:
    return built(github=None, gitlab=GITLAB, replicas=2)


@pytest.fixture(scope="module")
def runner(gitlab: Deployment[dict[str, Any]]) -> dict[str, Any]:
    """What the runner of pool `large` is told, as TOML is read by whoever reads TOML."""
    (found,) = tomllib.loads(named(gitlab, "gitlab-large")["values"]["runners"]["config"])["runners"]
    assert isinstance(found, dict)
    return found


def test_managers_share_the_jobs_of_their_pool_and_may_do_what_the_executor_needs(gitlab: Deployment[dict[str, Any]]) -> None:
    values = named(gitlab, "gitlab-standard")["values"]
    assert (values["replicas"], values["concurrent"]) == (2, 20)
    assert values["unregisterRunners"] is False
    assert values["runners"]["jobNamespace"] == "ci-gitlab"
    assert all("*" not in (*rule["resources"], *rule["verbs"]) for rule in values["rbac"]["rules"])
    assert gitlab.value("namespaces") == ["ci-gitlab"]


def test_one_job_has_one_manager() -> None:
    assert gitlab_runner.values(dataclasses.replace(SITE, replicas=3), gitlab_runner.Manager(jobs=2))["replicas"] == 2


def test_the_token_lies_where_no_job_runs(gitlab: Deployment[dict[str, Any]]) -> None:
    brought = named(gitlab, "token-large")
    assert brought["metadata"] == {"name": "gitlab-runner-large", "namespace": "gitlab-runner"}
    assert brought["spec"]["data"] == [{"secretKey": "token", "remoteRef": {"key": "platform-ci/gitlab", "property": "large"}}]
    assert brought["spec"]["target"]["template"]["data"] == {"runner-token": "{{ .token }}", "runner-registration-token": ""}
    assert named(gitlab, "gitlab-large")["values"]["runners"]["secret"] == "gitlab-runner-large"


def test_a_job_of_gitlab_is_held_to_restricted_pod_security(runner: dict[str, Any]) -> None:
    pod = runner["kubernetes"]
    assert pod["privileged"] is pod["allow_privilege_escalation"] is False
    assert pod["pod_security_context"]["run_as_non_root"] is True
    for container in ("build", "helper", "service", "init_permissions"):
        closed = pod[f"{container}_container_security_context"]
        assert closed["capabilities"] == {"drop": ["ALL"]}
        assert closed["allow_privilege_escalation"] is closed["privileged"] is False
    (patch,) = pod["pod_spec"]
    assert runner["feature_flags"] == {"FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": True}
    assert json.loads(patch["patch"]) == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    }


def test_a_job_of_gitlab_cannot_choose_where_it_runs(runner: dict[str, Any]) -> None:
    pod = runner["kubernetes"]
    assert pod["namespace"] == "ci-gitlab"
    assert pod["node_selector"] == {"platform.pool/name": "ci-large"}
    assert pod["node_tolerations"] == {"platform.pool/dedicated=ci-large": "NoSchedule"}
    assert pod["pod_annotations"] == {"karpenter.sh/do-not-disrupt": "true"}
    assert (pod["cpu_request"], pod["memory_limit"], pod["ephemeral_storage_limit"]) == ("8000m", "16384Mi", "10Gi")
    assert not [key for key in pod if "overwrite" in key]


@settings(max_examples=30, deadline=None)
@given(st.recursive(TEXT | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.lists(TEXT),
                    lambda below: st.dictionaries(TEXT.filter(bool), below, max_size=3), max_leaves=8))  # fmt: skip
def test_what_is_written_as_toml_is_read_back(value: Any) -> None:
    written = "[[runners]]\n" + "".join(f"{line}\n" for line in lines({"value": value}, "runners"))
    assert tomllib.loads(written) == {"runners": [{"value": value}]}


# --- Jenkins

LOGIN = {"issuer": "https://login.example.com", "client_id": "jenkins", "admin_groups": ["sso-platform"], "user_groups": ["sso-developers"]}
JENKINS = {"login": LOGIN, "credentials": {"store": "vault", "reference": "platform-ci/jenkins"}}
SCHEMA = json.loads((Path(__file__).parents[1] / "charts" / "jenkins_casc.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def jenkins() -> Deployment[dict[str, Any]]:
    return built(github=None, jenkins=JENKINS, domain="dev.example.com")


@pytest.fixture(scope="module")
def configuration(jenkins: Deployment[dict[str, Any]]) -> dict[str, Any]:
    """What Jenkins reads as its configuration, by another reader of YAML."""
    found = yaml.safe_load(named(jenkins, "jenkins")["values"]["controller"]["JCasC"]["configScripts"]["platform"])
    assert isinstance(found, dict)
    return found


def wrong(configuration: Any) -> list[str]:
    return sorted("/".join(map(str, error.absolute_path)) for error in Draft7Validator(SCHEMA).iter_errors(configuration))


def test_the_configuration_as_code_is_what_its_schema_says(configuration: dict[str, Any]) -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert wrong(configuration) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("jenkins", "clouds", 0, "kubernetes", "containerCapStr"), 44),
        (("jenkins", "clouds", 0, "kubernetes", "templates", 0, "podRetention"), "sometimes"),
        (("jenkins", "clouds", 0, "kubernetes", "templates", 0, "containers", 0, "resourceLimitMemory"), "4 GB"),
        (("jenkins", "clouds", 0, "kubernetes", "templates", 0, "containers", 0, "image"), "jenkins/inbound-agent"),
        (("jenkins", "securityRealm", "oic", "clientSecret"), "hunter2"),
        (("jenkins", "authorizationStrategy", "globalMatrix", "entries", 0, "group", "permissions"), ["Administer"]),
        (("unclassified", "location", "url"), "jenkins.dev.example.com"),
    ],
)
def test_the_schema_refuses_what_jenkins_would_not_take(configuration: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    mistaken = copy.deepcopy(configuration)
    below = mistaken
    for step in path[:-1]:
        below = below[step]
    below[path[-1]] = value
    assert wrong(mistaken) == ["/".join(map(str, path))] or wrong(mistaken)[0].startswith("/".join(map(str, path)))
    misspelt = copy.deepcopy(configuration)
    misspelt["jenkins"]["clouds"][0]["kubernetes"]["misspelt"] = value
    assert wrong(misspelt)


def test_nobody_logs_in_to_jenkins_by_password_and_its_secret_is_named(jenkins: Deployment[dict[str, Any]], configuration: Any) -> None:
    controller = named(jenkins, "jenkins")["values"]["controller"]
    assert controller["admin"] == {"createSecret": False}
    assert controller["JCasC"]["securityRealm"] == controller["JCasC"]["authorizationStrategy"] == ""
    assert controller["existingSecret"] == "jenkins"
    assert set(configuration["jenkins"]["securityRealm"]) == {"oic"}
    assert configuration["jenkins"]["securityRealm"]["oic"]["clientSecret"] == "${oidc-client-secret}"
    assert named(jenkins, "jenkins-secret")["metadata"] == {"name": "jenkins", "namespace": "jenkins"}
    rights = {
        entry["group"]["name"]: entry["group"]["permissions"]
        for entry in configuration["jenkins"]["authorizationStrategy"]["globalMatrix"]["entries"]
    }
    assert rights["sso-platform"] == ["Overall/Administer"]
    assert not [right for right in rights["sso-developers"] if right.endswith(("/Administer", "/Configure", "/Create"))]


def test_builds_run_in_pods_of_their_own_and_never_on_the_controller(configuration: Any) -> None:
    assert configuration["jenkins"]["numExecutors"] == 0
    cloud = configuration["jenkins"]["clouds"][0]["kubernetes"]
    assert (cloud["namespace"], cloud["containerCapStr"], cloud["webSocket"]) == ("ci-jenkins", "44", True)
    standard, large = cloud["templates"]
    assert [template["nodeUsageMode"] for template in (standard, large)] == ["NORMAL", "EXCLUSIVE"]
    assert (large["instanceCap"], large["idleMinutes"], large["podRetention"]) == (4, 0, "never")
    pod = yaml.safe_load(large["yaml"])
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["tolerations"][0]["value"] == "ci-large"
    assert pod["metadata"]["annotations"] == {"karpenter.sh/do-not-disrupt": "true"}
    assert large["nodeSelector"] == "platform.pool/name=ci-large"


def test_agents_reach_their_controller_and_nobody_else_inside(jenkins: Deployment[dict[str, Any]]) -> None:
    rules = named(jenkins, "ci-jenkins-platform")["spec"]["egress"]
    inside = [rule for rule in rules if "namespaceSelector" in rule["to"][0]]
    assert [
        (rule["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], rule["ports"][0]["port"]) for rule in inside
    ] == [
        ("kube-system", 53),
        ("jenkins", 8080),
    ]


# --- what the next job uses again, and images

EVERYTHING = {"github": GITHUB, "gitlab": GITLAB, "jenkins": JENKINS, "domain": "dev.example.com", "cache": {}, "builds": {"max": 2}}


@pytest.fixture(scope="module")
def everything() -> Deployment[dict[str, Any]]:
    return built(**EVERYTHING, registry_cache={"quay.io": pulumi.Output.from_input("123456789012.dkr.ecr.eu-west-1.amazonaws.com/quay")})


def test_each_controller_uses_its_folder_of_the_bucket_and_no_job_has_credentials(everything: Deployment[dict[str, Any]]) -> None:
    found = {
        (node.inputs["namespace"], node.inputs["serviceAccount"])
        for node in everything.graph
        if node.type == "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    }
    assert found == {("gitlab-runner", "gitlab-runner"), ("jenkins", "jenkins"), ("ci-builds", "buildkitd")}
    policies = [json.loads(node.inputs["policy"]) for node in everything.graph if node.type == "aws:iam/rolePolicy:RolePolicy"]
    objects = [
        resource
        for policy in policies
        for statement in policy["Statement"]
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
        if "/*" in resource
    ]
    assert {resource.rpartition(":::")[2].partition("/")[2] for resource in objects} == {"gitlab/*", "jenkins/*", "builds/*"}
    (runner,) = tomllib.loads(named(everything, "gitlab-large")["values"]["runners"]["config"])["runners"]
    assert (runner["cache"]["Path"], runner["cache"]["s3"]["AuthenticationType"]) == ("gitlab/large", "iam")
    told = yaml.safe_load(named(everything, "jenkins")["values"]["controller"]["JCasC"]["configScripts"]["platform"])
    assert wrong(told) == []
    assert told["aws"]["s3"]["prefix"] == "jenkins/"


def test_jobs_find_the_build_daemon_and_have_a_certificate_for_it(everything: Deployment[dict[str, Any]]) -> None:
    (runner,) = named(everything, "github-large")["values"]["template"]["spec"]["containers"]
    assert runner["env"] == [{"name": "BUILDKIT_HOST", "value": "tcp://buildkitd.ci-builds.svc:1234"}]
    assert runner["volumeMounts"] == [{"name": "buildkit-client", "mountPath": "/etc/buildkit/tls", "readOnly": True}]
    (told,) = tomllib.loads(named(everything, "gitlab-large")["values"]["runners"]["config"])["runners"]
    assert told["environment"] == ["BUILDKIT_HOST=tcp://buildkitd.ci-builds.svc:1234"]
    assert told["kubernetes"]["volumes"]["secret"] == [{"name": "buildkit-client", "mount_path": "/etc/buildkit/tls", "read_only": True}]
    for namespace in ("ci-github", "ci-gitlab", "ci-jenkins"):
        assert named(everything, f"client-{namespace}")["spec"]["usages"] == ["client auth"]
        rules = named(everything, f"{namespace}-platform")["spec"]["egress"]
        assert {"kubernetes.io/metadata.name": "ci-builds"} in [
            rule["to"][0].get("namespaceSelector", {}).get("matchLabels") for rule in rules
        ]


def test_images_are_built_by_a_user_without_privilege_that_only_jobs_reach(everything: Deployment[dict[str, Any]]) -> None:
    spec = named(everything, "builds-daemons")["spec"]
    pod = spec["template"]["spec"]
    (daemon,) = pod["containers"]
    assert spec["replicas"] == 2
    assert pod["securityContext"]["runAsNonRoot"] is daemon["securityContext"]["runAsNonRoot"] is True
    assert "privileged" not in daemon["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert {"--tlscacert=/certs/ca.crt", "--tlscert=/certs/tls.crt", "--tlskey=/certs/tls.key"} < set(daemon["args"])
    policy = named(everything, "ci-builds-platform")["spec"]
    assert sorted(rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for rule in policy["ingress"]) == [
        "ci-github",
        "ci-gitlab",
        "ci-jenkins",
    ]
    assert tomllib.loads(named(everything, "builds-settings")["data"]["buildkitd.toml"]) == {
        "registry": {"quay.io": {"mirrors": ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/quay"]}}
    }


def test_without_a_cache_of_registries_the_daemon_is_told_of_none() -> None:
    done = built(builds={})
    assert tomllib.loads(named(done, "builds-settings")["data"]["buildkitd.toml"]) == {"registry": {}}
    assert not [node for node in done.graph if node.type.startswith("aws:")]


# --- how many are kept ready


def test_idle_runners_follow_from_the_load_unless_they_are_told() -> None:
    load = {"services": 100, "wait_seconds": 30}
    computed = RunnerPool.model_validate({"max": 200, "load": load}).idle_runners()
    days = Load(100, 6, 4, 6).days(3, seed=1)
    assert computed == size(days, 30, 45).idle > 0
    # With one less a start alone takes more than half of the wait.
    assert percentile([wait for day in days for wait in waits(day, 10**6, computed - 1, 45)]) > 15
    assert RunnerPool.model_validate({"max": 200, "load": load, "idle": 3}).idle_runners() == 3
    assert RunnerPool.model_validate({"max": 200, "load": {**load, "wait_seconds": 120}}).idle_runners() == 0


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
        ({"pools": {"standard": {"max": 5, "load": {"services": 100, "wait_seconds": 30}}}}, "is above max 5"),
        ({"pools": {"standard": {"max": 5, "load": {"services": 1, "shape": "night"}}}}, "shape night is unknown"),
        ({"github": {**GITHUB, "pools": ["huge"]}}, "github.pools: there is no pool huge; choose from standard, large"),
        ({"jenkins": {"login": LOGIN}}, "jenkins.url is missing"),
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


def test_runners_without_rules_in_the_platform_bring_their_own(gitlab: Deployment[dict[str, Any]]) -> None:
    (group,) = named(gitlab, "ci-alerts")["spec"]["groups"]
    assert [rule["alert"] for rule in group["rules"]] == ["CiGitLabJobsWait", "CiGitLabAtMaximum", "CiJobStuck"]
    assert not [node for node in built().graph if node.type.endswith(":PrometheusRule")]


def test_the_records_defaults_are_a_whole_scale_set() -> None:
    addon = scale_set.ADDON
    assert addon.pod_security.value == "restricted"
    assert addon.traffic.isolated
