"""GitOps: what each engine is told, who may deliver where, and that no secret is in any of it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
PLATFORM = "git@git.example.com:platform/apps.git"
PAYMENTS = {
    "repositories": ["https://git.example.com/payments/deploy"],
    "namespaces": ["payments", "payments-jobs"],
    "groups": ["sso-payments"],
}
LEDGER = {"repositories": ["https://git.example.com/ledger/deploy"], "namespaces": ["ledger"]}
SSO = {
    "issuer": "https://login.example.com",
    "client_id": "argocd",
    "client_secret": {"name": "sso", "key": "secret"},
    "admin_groups": ["sso-platform"],
}


def built(engine: dict[str, Any], **args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.GitOps(
            "shop",
            platform.GitOpsArgs(
                cluster=CLUSTER, environment="dev", region="eu-west-1", vpc_id="vpc-1", domain="dev.example.com", engine=engine, **args
            ),
        )
        return {"namespace": made.namespace, "projects": made.project_names}

    return deploy(program)


def argo(**settings: Any) -> Deployment[dict[str, Any]]:
    return built({"kind": "argo-cd", "repository": PLATFORM, **settings})


def flux(**settings: Any) -> Deployment[dict[str, Any]]:
    return built({"kind": "flux", "repository": PLATFORM, **settings})


def spec(done: Deployment[dict[str, Any]], name: str) -> Any:
    return named(done, name).inputs["spec"]


def named(done: Deployment[dict[str, Any]], name: str) -> Any:
    return next(node for node in done.graph if node.name == f"shop-{name}")


# --- Argo CD


def test_nobody_logs_in_by_password_and_nobody_has_a_role_by_default() -> None:
    values = named(argo(), "argo-cd").inputs["values"]["configs"]
    assert values["cm"]["admin.enabled"] is False
    assert values["cm"]["exec.enabled"] is False
    assert values["rbac"]["policy.default"] == ""
    assert values["rbac"]["policy.csv"] == ""


def test_single_sign_on_names_its_secret_and_holds_none() -> None:
    values = named(argo(single_sign_on=SSO), "argo-cd").inputs["values"]["configs"]
    assert "clientSecret: $sso:secret" in values["cm"]["oidc.config"]
    assert values["rbac"]["policy.csv"] == "g, sso-platform, role:admin\n"
    assert values["cm"]["url"] == "https://argocd.dev.example.com"


def test_a_team_delivers_from_its_repositories_into_its_namespaces_and_nothing_else() -> None:
    done = argo(teams={"payments": PAYMENTS, "ledger": LEDGER})
    project = spec(done, "project-payments")
    assert project["sourceRepos"] == PAYMENTS["repositories"]
    assert [place["namespace"] for place in project["destinations"]] == ["payments", "payments-jobs"]
    assert project["clusterResourceWhitelist"] == []
    assert {"group": "networking.k8s.io", "kind": "NetworkPolicy"} in project["namespaceResourceBlacklist"]
    (role,) = project["roles"]
    assert role["groups"] == ["sso-payments"]
    assert all(policy.startswith("p, proj:payments:deployer, applications, ") and ", payments/*, " in policy for policy in role["policies"])
    assert spec(done, "project-ledger")["roles"] == []
    assert done.value("projects") == ["platform", "payments", "ledger"]


def test_the_project_of_an_application_comes_from_here_alone() -> None:
    generated = spec(argo(teams={"payments": PAYMENTS, "ledger": LEDGER}), "team-applications")
    (generator,) = generated["generators"]
    assert list(generator) == ["list"], "a generator that reads a team's repository could be told another team's project"
    assert [element["team"] for element in generator["list"]["elements"]] == ["ledger", "payments"]
    assert generated["template"]["spec"]["project"] == "{{.team}}"


def test_the_end_of_an_application_set_leaves_what_runs() -> None:
    policy = spec(argo(), "applications")["syncPolicy"]
    assert policy == {"preserveResourcesOnDeletion": True, "applicationsSync": "create-update"}


def test_no_application_may_name_project_default_and_the_guard_stands_before_the_first() -> None:
    done = argo()
    (rule,) = spec(done, "no-default-project")["validations"]
    assert "default" in rule["expression"]
    binding = next(node for node in done.graph if node.type.endswith(":ValidatingAdmissionPolicyBinding"))
    assert binding.inputs["spec"]["validationActions"] == ["Deny"]
    assert binding.urn in named(done, "applications").dependencies


def test_windows_are_those_of_the_team() -> None:
    window = {"kind": "deny", "schedule": "0 16 * * 5", "hours": 64}
    project = spec(argo(teams={"payments": {**PAYMENTS, "windows": [window]}}), "project-payments")
    (made,) = project["syncWindows"]
    assert (made["kind"], made["duration"], made["timeZone"], made["manualSync"]) == ("deny", "64h", "UTC", False)


@pytest.mark.parametrize(("replicas", "single", "several"), [(1, True, False), (3, False, True)])
def test_the_cache_is_one_or_three(replicas: int, single: bool, several: bool) -> None:
    values = named(built({"kind": "argo-cd", "repository": PLATFORM}, replicas=replicas), "argo-cd").inputs["values"]
    assert (values["redis"]["enabled"], values["redis-ha"]["enabled"]) == (single, several)
    assert values["server"]["replicas"] == replicas
    assert "replicas" not in values["controller"]


# --- Flux


def test_a_team_is_applied_as_its_own_account_in_its_own_namespaces() -> None:
    done = flux(teams={"payments": PAYMENTS})
    kustomization = named(done, "kustomization-payments").inputs
    assert kustomization["metadata"]["namespace"] == "payments"
    assert (kustomization["spec"]["serviceAccountName"], kustomization["spec"]["targetNamespace"]) == ("flux-deployer", "payments")
    bindings = {
        node.inputs["metadata"]["namespace"]: node.inputs
        for node in done.graph.of_type("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
    }
    assert set(bindings) == {"payments", "payments-jobs"}
    for binding in bindings.values():
        assert binding["roleRef"]["name"] == "edit"
        assert [(subject["name"], subject["namespace"]) for subject in binding["subjects"]] == [("flux-deployer", "payments")]


def test_flux_is_locked_down_and_the_platform_names_its_account() -> None:
    done = flux()
    assert named(done, "flux").inputs["values"]["multitenancy"] == {"enabled": True, "defaultServiceAccount": "default", "privileged": True}
    assert spec(done, "kustomization")["serviceAccountName"] == "kustomize-controller"
    assert spec(done, "kustomization")["path"] == "./platform"


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("git@git.example.com:platform/apps.git", "ssh://git@git.example.com/platform/apps.git"),
        ("ssh://git@git.example.com:2222/apps.git", "ssh://git@git.example.com:2222/apps.git"),
        ("https://git.example.com/apps", "https://git.example.com/apps"),
    ],
)
def test_flux_is_given_an_address(written: str, taken: str) -> None:
    assert spec(built({"kind": "flux", "repository": written}), "source")["url"] == taken


def test_credentials_are_named() -> None:
    assert spec(flux(credentials="platform-apps"), "source")["secretRef"] == {"name": "platform-apps"}
    assert "secretRef" not in spec(flux(), "source")


# --- both


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"kind": "argo-cd", "repository": "http://git.example.com/x"}, "should match pattern"),
        ({"kind": "argo-cd"}, "repository"),
        ({"kind": "jenkins", "repository": PLATFORM}, "argo-cd"),
        ({"kind": "flux", "repository": PLATFORM, "single_sign_on": SSO}, "Extra inputs"),
        (
            {
                "kind": "flux",
                "repository": PLATFORM,
                "teams": {"a": {**LEDGER, "windows": [{"kind": "deny", "schedule": "0 0 * * *", "hours": 1}]}},
            },
            "no sync windows; take them from a",
        ),
        ({"kind": "argo-cd", "repository": PLATFORM, "teams": {"a": LEDGER, "b": LEDGER}}, "namespace ledger belongs to teams a and b"),
    ],
)
def test_what_cannot_be_is_refused(engine: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        built(engine)


@pytest.mark.parametrize("engine", ["argo-cd", "flux"])
def test_no_value_looks_like_a_secret(engine: str) -> None:
    done = built({"kind": engine, "repository": PLATFORM, "teams": {"payments": PAYMENTS}})
    text = json.dumps([dict(node.inputs) for node in done.graph], default=str)
    assert not [word for word in ("password", "BEGIN RSA", "token:") if word in text]
    assert not list(done.graph.of_type("kubernetes:core/v1:Secret"))
