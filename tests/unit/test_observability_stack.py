"""ObservabilityStack: who may read and write which bucket, what is sized how, and what is not there when it is not wanted."""

import json
from typing import Any

import pytest

from platform_components.declarations.environment import load_environments
from platform_components.observability.args import PROFILE_DEFAULTS, LogsSettings, StorageSettings
from platform_components.observability.dashboards import UIDS
from platform_components.profile import Profile
from tests.contract.test_examples import EXAMPLES
from tests.support import Deployment
from tests.unit.observability_cases import ALERTING, EXPORTERS, TEAMS, built, key

RELEASE = "kubernetes:helm.sh/v3:Release"
ROOT = EXAMPLES[0].parents[1]
"""The repository."""


@pytest.fixture(scope="module")
def full() -> Deployment[Any]:
    entries = {"shop": {"url": "https://shop.example.com/", "team": "payments", "status": [200], "contains": "Shop"}}
    return built(alerting=ALERTING, teams=TEAMS, exporters=EXPORTERS, probes={"entries": entries})


@pytest.fixture(scope="module")
def small() -> Deployment[Any]:
    return built(**PROFILE_DEFAULTS[Profile.DEV], replicas=1)


def values(done: Deployment[Any], name: str) -> Any:
    return done.one(RELEASE, f"shop-{name}").inputs["values"]


def statements(done: Deployment[Any], name: str) -> dict[str, Any]:
    document = json.loads(done.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])
    return {one["Sid"]: one for one in document["Statement"]}


def test_what_writes_one_bucket_cannot_reach_another(full: Deployment[Any]) -> None:
    granted = {node.name: node.inputs["policy"] for node in full.graph.of_type("aws:iam/rolePolicy:RolePolicy")}
    for role, accounts in {"metrics": ("prometheus", "thanos"), "logs": ("loki",), "traces": ("tempo",)}.items():
        for account in accounts:
            text = granted[f"shop-{role}-write-shop-{account}"]
            assert f"shop-{role}-" in text
            assert not any(f":::shop-{other}-" in text for other in {"metrics", "logs", "traces"} - {role})
    assert set(statements(full, "shop-logs-write-shop-loki")) == {"Objects", "UseKey"}


def test_buckets_are_encrypted_and_kept(full: Deployment[Any], small: Deployment[Any]) -> None:
    assert full.names("aws:kms/key:Key") == ["shop-logs-key", "shop-metrics-key", "shop-traces-key"]
    assert {node.inputs.get("forceDestroy") for node in full.graph.of_type("aws:s3/bucket:Bucket")} == {False}
    assert {node.inputs.get("forceDestroy") for node in small.graph.of_type("aws:s3/bucket:Bucket")} == {True}
    assert small.names("aws:kms/key:Key") == []
    assert small.names("aws:s3/bucket:Bucket") == ["shop-logs", "shop-traces"]
    assert full.value("bucket_names").keys() == {"metrics", "logs", "traces"}


def test_no_secret_is_among_the_values(full: Deployment[Any]) -> None:
    grafana = values(full, "metrics")["grafana"]
    assert "adminPassword" not in grafana
    assert grafana["admin"] == {"existingSecret": "grafana-admin", "userKey": "user", "passwordKey": "password"}
    assert full.output("alertmanager_config").secret
    assert json.loads(full.value("alertmanager_config"))["route"]["receiver"] == "platform-ticket"


def test_grafana_without_a_database_is_one(full: Deployment[Any]) -> None:
    assert values(full, "metrics")["grafana"]["replicas"] == 1
    database = {"host": "db:5432", "password": key("grafana-database")}
    sign_on = {
        "authorize_url": "https://login.example.com/authorize",
        "token_url": "https://login.example.com/token",
        "client_id": "grafana",
        "client_secret": key("sso", "grafana"),
        "admin_groups": ["sso-platform"],
    }
    grafana = values(built(grafana={"database": database, "single_sign_on": sign_on}), "metrics")["grafana"]
    assert grafana["replicas"] == 2
    assert grafana["grafana.ini"]["auth"] == {"disable_login_form": True}
    oauth = grafana["grafana.ini"]["auth.generic_oauth"]
    assert oauth["role_attribute_path"] == "contains(groups[*], 'sso-platform') && 'Admin' || 'Viewer'"
    assert "client_secret" not in oauth
    assert grafana["envValueFrom"] == {
        "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET": {"secretKeyRef": key("sso", "grafana")},
        "GF_DATABASE_PASSWORD": {"secretKeyRef": key("grafana-database")},
    }


def test_each_team_reads_its_own_logs(full: Deployment[Any]) -> None:
    sources = {source["uid"]: source for source in values(full, "metrics")["grafana"]["additionalDataSources"]}
    assert sources["loki-payments"]["secureJsonData"] == {"httpHeaderValue1": "payments"}
    overrides = values(full, "logs")["loki"]["runtimeConfig"]["overrides"]
    assert overrides["payments"]["retention_period"] == "2160h"
    assert overrides["search"] == {"retention_period": "720h", "ingestion_rate_mb": 20, "ingestion_burst_size_mb": 40}


def test_prometheus_takes_everybodys_monitors_and_nobodys_flood(full: Deployment[Any]) -> None:
    found = values(full, "metrics")
    prometheus = found["prometheus"]["prometheusSpec"]
    selectors = {key: value for key, value in prometheus.items() if key.endswith("SelectorNilUsesHelmValues")}
    assert len(selectors) == 5
    assert not any(selectors.values())
    assert prometheus["replicas"] == 2
    assert prometheus["retentionSize"] == "80GiB"
    assert prometheus["enforcedSampleLimit"] == 50_000
    assert prometheus["enforcedLabelLimit"] == 64
    assert prometheus["thanos"]["objectStorageConfig"]["existingSecret"]["name"] == "thanos-objstore"
    assert found["crds"] == {"enabled": False}
    assert [found[part]["enabled"] for part in ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")] == [False] * 4
    assert found["defaultRules"]["rules"]["kubeSchedulerAlerting"] is False


def test_the_secrets_of_receivers_are_mounted(full: Deployment[Any]) -> None:
    alertmanager = values(full, "metrics")["alertmanager"]["alertmanagerSpec"]
    sources = alertmanager["volumes"][0]["projected"]["sources"]
    assert [source["secret"]["name"] for source in sources] == ["dead-mans-switch", "ledger", "opsgenie", "pagerduty", "slack"]
    assert (alertmanager["useExistingSecret"], alertmanager["configSecret"]) == (True, "alertmanager-config")


def test_amazon_managed_prometheus_in_place_of_thanos() -> None:
    done = built(metrics={"long_term": {"kind": "amazon-managed-prometheus"}})
    assert done.names("aws:amp/workspace:Workspace") == ["shop-metrics"]
    assert [name for name in done.names(RELEASE) if "long-term" in name] == []
    (write,) = values(done, "metrics")["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert write["url"].endswith("/api/v1/remote_write")
    assert write["sigv4"] == {"region": "eu-west-1"}
    assert statements(done, "shop-prometheus-policy")["Write"]["Action"] == "aps:RemoteWrite"
    assert "thanos" not in values(done, "metrics")["prometheus"]["prometheusSpec"]


def test_what_is_not_wanted_is_not_there() -> None:
    done = built(logs=None, traces=None, metrics={"long_term": None})
    assert done.names("aws:s3/bucket:Bucket") == []
    assert done.names(RELEASE) == ["shop-gateway", "shop-metrics", "shop-probes"]
    assert done.value("zipkin_endpoint") is None


def test_collectors_come_after_those_they_send_to(full: Deployment[Any]) -> None:
    sampler, gateway, agent = (full.one(RELEASE, f"shop-{part}") for part in ("sampler", "gateway", "agent"))
    assert sampler.urn in gateway.dependencies
    assert gateway.urn in agent.dependencies
    assert (gateway.inputs["namespace"], agent.inputs["namespace"]) == ("telemetry", "node-telemetry")


def test_the_agents_port_is_for_the_agents_alone(full: Deployment[Any]) -> None:
    policy = full.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "shop-telemetry-platform").inputs["spec"]
    opened = [rule for rule in policy["ingress"] if any(port["port"] == 4319 for port in rule.get("ports", ()))]
    ((source,),) = [rule["from"] for rule in opened]
    assert source["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "node-telemetry"}


def test_cloudwatch_wants_an_identity_for_the_log_groups_alone(full: Deployment[Any]) -> None:
    assert statements(full, "shop-gateway-policy")["WriteLogs"]["Resource"] == [
        f"arn:aws:logs:eu-west-1:123456789012:log-group:/platform/{name}:*" for name in ("logs", "metrics")
    ]


def test_a_public_entry_is_asked_for_and_its_team_told(full: Deployment[Any]) -> None:
    probe = full.one("kubernetes:monitoring.coreos.com/v1:Probe", "shop-probe-entry-shop").inputs["spec"]
    assert probe["targets"]["staticConfig"] == {"static": ["https://shop.example.com/"], "labels": {"entry": "shop", "team": "payments"}}
    module = values(full, "probes")["config"]["modules"][probe["module"]]["http"]
    assert module["valid_status_codes"] == [200]
    assert module["fail_if_body_not_matches_regexp"] == ["Shop"]
    discovered = full.one("kubernetes:monitoring.coreos.com/v1:Probe", "shop-probe-ingresses").inputs["spec"]
    assert discovered["targets"]["ingress"]["namespaceSelector"] == {"any": True}


def test_the_environments_differ_by_data_only() -> None:
    environments = load_environments(ROOT / "stacks" / "environments", ROOT)
    assert environments["dev"].observability.metrics.retention_days == 3
    assert environments["dev"].observability.metrics.long_term is None
    assert environments["prod"].observability.logs == environments["staging"].observability.logs == LogsSettings()
    assert environments["prod"].observability.storage == StorageSettings()


def test_the_platforms_rules_and_dashboards_are_in_the_cluster(full: Deployment[Any]) -> None:
    rules = full.names("kubernetes:monitoring.coreos.com/v1:PrometheusRule")
    assert {"shop-probe-alerts", "shop-rules-platform-nodes", "shop-rules-platform-workloads"} <= set(rules)
    maps = [node.inputs for node in full.graph.of_type("kubernetes:core/v1:ConfigMap")]
    boards = [one for one in maps if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    assert [one["metadata"]["name"] for one in maps if one not in boards] == ["loki-rules"]
    folders = [board["metadata"]["annotations"]["grafana_folder"] for board in boards]
    assert sorted(folders) == sorted([*["Platform"] * len(UIDS), *TEAMS])
    own = next(board["data"] for board in boards if board["metadata"]["annotations"]["grafana_folder"] == "payments")
    assert set(own) == {f"payments-{uid.removeprefix('platform-')}.json" for uid in UIDS}
    spec = full.one("kubernetes:monitoring.coreos.com/v1:PrometheusRule", "shop-rules-platform-nodes").inputs["spec"]
    links = [rule["annotations"]["dashboard_url"] for rule in spec["groups"][0]["rules"] if "alert" in rule]
    assert all(link.startswith("https://grafana.dev.example.com/d/platform-") for link in links)


def test_each_tenants_logs_are_watched_by_rules_of_its_own(full: Deployment[Any]) -> None:
    """Loki reads the folder of each tenant, and Alertmanager routes by the team that the rules name."""
    files = full.one("kubernetes:core/v1:ConfigMap", "shop-log-rules").inputs["data"]
    owners = {
        name: {rule["labels"]["team"] for group in json.loads(text)["groups"] for rule in group["rules"]} for name, text in files.items()
    }
    assert owners == {f"{tenant}.yaml": {tenant} for tenant in ("platform", *TEAMS)}
    told = values(full, "logs")
    mounts = {mount["mountPath"]: mount["name"] for mount in told["singleBinary"]["extraVolumeMounts"]}
    kept = {volume["name"]: volume["configMap"]["items"] for volume in told["singleBinary"]["extraVolumes"]}
    folder = told["loki"]["rulerConfig"]["storage"]["local"]["directory"]
    for tenant in ("platform", *TEAMS):
        assert kept[mounts[f"{folder}/{tenant}"]] == [{"key": f"{tenant}.yaml", "path": "rules.yaml"}]
    assert told["ruler"] == {"enabled": True}


SIGN_ON = {
    "authorize_url": "https://login.example.com/authorize",
    "token_url": "https://login.example.com/token",
    "client_id": "grafana",
    "client_secret": key("grafana-sso"),
}
GATEWAY = {"namespace": "istio-ingress", "name": "ingress"}


def test_grafana_has_a_name_on_the_gateway() -> None:
    done = built(gateway=GATEWAY, grafana={"single_sign_on": SIGN_ON})
    spec = done.one("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute").inputs["spec"]
    assert spec["parentRefs"] == [GATEWAY]
    assert spec["hostnames"] == ["grafana.dev.example.com"]
    told = values(done, "metrics")["grafana"]
    assert (spec["rules"][0]["backendRefs"], told["fullnameOverride"]) == ([{"name": "grafana", "port": 80}], "grafana")
    assert told["grafana.ini"]["server"]["root_url"] == "https://grafana.dev.example.com"
    checked = done.one("kubernetes:monitoring.coreos.com/v1:Probe", "shop-probe-entry-grafana").inputs["spec"]
    assert checked["targets"]["staticConfig"]["static"] == ["https://grafana.dev.example.com/api/health"]
    policy = done.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "shop-monitoring").inputs["spec"]
    assert 3000 in {port["port"] for rule in policy["ingress"] for port in rule.get("ports", ())}


@pytest.mark.parametrize(
    "args",
    [
        {"gateway": GATEWAY},
        {"grafana": {"single_sign_on": SIGN_ON}},
        {"gateway": GATEWAY, "grafana": {"single_sign_on": SIGN_ON}, "domain": None},
    ],
    ids=["no single sign-on", "no gateway", "no domain"],
)
def test_grafana_has_no_name_without_gateway_domain_and_single_sign_on(args: dict[str, Any]) -> None:
    assert not built(**args).names("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute")


def test_a_mimir_gets_every_sample_and_is_read_as_its_tenant() -> None:
    mimir = {"kind": "mimir", "url": "https://mimir.example.com", "tenant": "dev", "bearer_token": key("mimir", "token")}
    done = built(metrics={"long_term": mimir})
    told = values(done, "metrics")
    (write,) = told["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert (write["url"], write["headers"]) == ("https://mimir.example.com/api/v1/push", {"X-Scope-OrgID": "dev"})
    assert write["authorization"] == {"credentials": key("mimir", "token")}
    (source,) = [one for one in told["grafana"]["additionalDataSources"] if one["uid"] == "prometheus-long-term"]
    assert (source["url"], source["secureJsonData"]["httpHeaderValue1"]) == ("https://mimir.example.com/prometheus", "dev")
    assert source["secureJsonData"]["httpHeaderValue2"] == "Bearer $MIMIR_TOKEN"
    assert told["grafana"]["envValueFrom"]["MIMIR_TOKEN"] == {"secretKeyRef": key("mimir", "token")}
    assert not done.names("aws:amp/workspace:Workspace")
    assert set(done.value("bucket_names")) == {"logs", "traces"}
