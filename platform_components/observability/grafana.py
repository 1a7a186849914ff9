"""Grafana's configuration: who logs in, where its state lies, and what it reads from. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_components.observability.alerts import grafana_address
from platform_components.observability.dashboards import log_source

Values = dict[str, Any]

NAME = "grafana"
"""First part of its host name."""
CLIENT_SECRET = "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"  # noqa: S105 -- the name of a variable
DATABASE_PASSWORD = "GF_DATABASE_PASSWORD"  # noqa: S105
MIMIR_TOKEN = "MIMIR_TOKEN"  # noqa: S105
TENANT_HEADER = "X-Scope-OrgID"
"""Header by which Loki and Tempo know whose data is meant."""


def route(domain: str, gateway: Any, service: str) -> Values:
    """The way in: a name below the environment's domain, on its gateway, which ends TLS.

    Args:
        domain: DNS domain of the environment.
        gateway: a GatewayRef.
        service: Grafana's service.
    """
    return {
        "parentRefs": [{"namespace": gateway.namespace, "name": gateway.name}],
        "hostnames": [f"{NAME}.{domain}"],
        "rules": [{"backendRefs": [{"name": service, "port": 80}]}],
    }


def ini(domain: str | None, sign_on: Any, database: Any) -> Values:
    """grafana.ini, without a single secret.

    Args:
        domain: DNS domain of the environment.
        sign_on: a SingleSignOn, or None.
        database: a GrafanaDatabase, or None.
    """
    found: Values = {
        "analytics": {"reporting_enabled": False, "check_for_updates": False, "check_for_plugin_updates": False},
        "users": {"allow_sign_up": False, "auto_assign_org_role": "Viewer"},
        "auth.anonymous": {"enabled": False},
        "security": {"cookie_secure": True, "cookie_samesite": "lax", "strict_transport_security": True, "disable_gravatar": True},
        "snapshots": {"external_enabled": False},
        "log.console": {"format": "json"},
    }
    if domain:
        found["server"] = {"domain": f"{NAME}.{domain}", "root_url": grafana_address(domain)}
    if sign_on is not None:
        found["auth"] = {"disable_login_form": True}
        found["auth.generic_oauth"] = _generic_oauth(sign_on)
    if database is not None:
        found["database"] = {
            "type": "postgres",
            "host": database.host,
            "name": database.name,
            "user": database.user,
            "ssl_mode": "verify-full",
        }
    return found


def environment(sign_on: Any, database: Any, mimir_token: Any = None) -> Values:
    """Variables that come out of Secrets."""
    found = {}
    if sign_on is not None:
        found[CLIENT_SECRET] = _from_secret(sign_on.client_secret)
    if database is not None:
        found[DATABASE_PASSWORD] = _from_secret(database.password)
    if mimir_token is not None:
        found[MIMIR_TOKEN] = _from_secret(mimir_token)
    return found


def roles(admin_groups: Sequence[str], editor_groups: Sequence[str]) -> str:
    """The role of whoever logs in, as a JMESPath expression over their groups."""
    parts = [
        f"contains(groups[*], '{_quoted(group)}') && '{role}'"
        for role, groups in (("Admin", admin_groups), ("Editor", editor_groups))
        for group in groups
    ]
    return " || ".join([*parts, "'Viewer'"])


def data_sources(
    *, logs: bool, traces: bool, teams: Sequence[str], namespace: str, long_term: Mapping[str, Any] | None = None
) -> list[Values]:
    """Where Grafana reads from: the platform's own data, and each team's by itself.

    Args:
        logs: whether Loki is there.
        traces: whether Tempo is there.
        teams: teams whose logs lie apart.
        namespace: namespace of the stores.
        long_term: the data source of the long-term store, if there is one.
    """
    found: list[Values] = [dict(long_term)] if long_term else []
    if logs:
        owners = ["platform", *teams]
        found.append(_loki("Logs", "loki", "|".join(owners), namespace, traces=traces))
        found += [_loki(log_source(owner), f"loki-{owner}", owner, namespace, traces=traces) for owner in owners]
    if traces:
        found.append(
            {
                "name": "Traces",
                "uid": "tempo",
                "type": "tempo",
                "access": "proxy",
                "url": f"http://tempo.{namespace}.svc:3200",
                "jsonData": {
                    "nodeGraph": {"enabled": True},
                    "serviceMap": {"datasourceUid": "prometheus"},
                    **({"tracesToLogsV2": {"datasourceUid": "loki", "filterByTraceID": True}} if logs else {}),
                },
            }
        )
    return found


def mimir(settings: Any) -> Values:
    """The data source of a Mimir. Its token stays a variable, which Grafana fills in itself."""
    token = settings.bearer_token is not None
    return {
        "name": "Metrics, all of them",
        "uid": "prometheus-long-term",
        "type": "prometheus",
        "access": "proxy",
        "url": f"{settings.url}/prometheus",
        "jsonData": {
            "prometheusType": "Mimir",
            "httpMethod": "POST",
            "httpHeaderName1": TENANT_HEADER,
            **({"httpHeaderName2": "Authorization"} if token else {}),
        },
        "secureJsonData": {"httpHeaderValue1": settings.tenant, **({"httpHeaderValue2": f"Bearer ${MIMIR_TOKEN}"} if token else {})},
    }


def _loki(name: str, uid: str, tenants: str, namespace: str, *, traces: bool) -> Values:
    settings: Values = {"httpHeaderName1": TENANT_HEADER}
    if traces:
        settings["derivedFields"] = [
            {"name": "trace", "datasourceUid": "tempo", "matcherType": "label", "matcherRegex": "trace_id", "url": "$${__value.raw}"}
        ]
    return {
        "name": name,
        "uid": uid,
        "type": "loki",
        "access": "proxy",
        "url": f"http://loki.{namespace}.svc:3100",
        "jsonData": settings,
        "secureJsonData": {"httpHeaderValue1": tenants},
    }


def _generic_oauth(sign_on: Any) -> Values:
    return {
        "enabled": True,
        "name": "Single sign-on",
        "allow_sign_up": True,
        "auto_login": True,
        "use_pkce": True,
        "client_id": sign_on.client_id,
        "auth_url": sign_on.authorize_url,
        "token_url": sign_on.token_url,
        "scopes": "openid profile email groups",
        "role_attribute_path": roles(sign_on.admin_groups, sign_on.editor_groups),
        "role_attribute_strict": True,
        "allow_assign_grafana_admin": False,
    }


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _from_secret(key: Any) -> Values:
    return {"secretKeyRef": {"name": key.name, "key": key.key}}
