"""Load balancers with listeners, rules and target groups."""

from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Name, Row, Scope, Tags, Update, camel, rows, untag

_NAMES: Final = {
    "cookieDuration": "DurationSeconds",
    "duration": "DurationSeconds",
    "arn": "TargetGroupArn",
    "authenticateCognito": "AuthenticateCognitoConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "fixedResponse": "FixedResponseConfig",
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "stickiness": "TargetGroupStickinessConfig",
    "hostHeader": "HostHeaderConfig",
    "httpHeader": "HttpHeaderConfig",
    "httpRequestMethod": "HttpRequestMethodConfig",
    "pathPattern": "PathPatternConfig",
    "queryStrings": "QueryStringConfig",
    "sourceIp": "SourceIpConfig",
}
"""Nested names that are not the SDK's with a capital."""
_FIELDS: Final = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


def _api(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_NAMES.get(key, key[:1].upper() + key[1:]): _api(item) for key, item in value.items() if item is not None}
    return [_api(item) for item in value] if isinstance(value, list) else value


def _actions(prop: str) -> F:
    return F(lambda scope: _api(scope.new.get(prop)), (prop,))


def _conditions(scope: Scope) -> list[dict[str, Any]]:
    """One of the API's for each kind inside one of the program's."""
    found = []
    for condition in scope.new.get("conditions") or ():
        for kind, block in condition.items():
            body = {"Values": _api(block)} if kind == "queryStrings" else _api(block)
            found.append({"Field": _FIELDS[kind], _NAMES[kind]: body})
    return found


def _held(prop: str, api: str, wanted: F) -> F:
    """A list of blocks as the program declares it, if AWS has it so; AWS adds an order and other names of the same."""

    def compute(scope: Scope) -> Any:
        held, declared = scope.item.get(api) or [], scope.new.get(prop)
        asked = wanted.compute(scope) or []
        same = len(asked) == len(held) and all(_within(one, other) for one, other in zip(asked, held, strict=True))
        return declared if declared is not None and same else camel(held)

    return F(compute)


def _within(asked: Any, held: Any) -> bool:
    if isinstance(asked, Mapping) and isinstance(held, Mapping):
        return all(_within(value, held.get(key)) for key, value in asked.items())
    if isinstance(asked, list) and isinstance(held, list):
        return len(asked) == len(held) and all(_within(one, other) for one, other in zip(asked, held, strict=True))
    return str(asked) == str(held)


_BALANCER: Final = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_TARGETS: Final = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "preserveClientIp": "preserve_client_ip.enabled",
    "slowStart": "slow_start.duration_seconds",
}
_LOGS: Final = {"enabled": "enabled", "bucket": "bucket", "prefix": "prefix"}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(attributes: Mapping[str, str], values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": _text(values[prop])} for prop, key in attributes.items() if values.get(prop) is not None]


def _set_balancer(scope: Scope) -> None:
    logs = scope.new.get("accessLogs") or ({"enabled": False} if scope.old.get("accessLogs") else {})
    pairs = [*_pairs(_BALANCER, scope.new), *_pairs({prop: f"access_logs.s3.{key}" for prop, key in _LOGS.items()}, logs)]
    if pairs:
        scope.call("elbv2", "modify_load_balancer_attributes", LoadBalancerArn=scope.id, Attributes=pairs)


def _set_targets(scope: Scope) -> None:
    pairs = _pairs(_TARGETS, scope.new)
    if pairs:
        scope.call("elbv2", "modify_target_group_attributes", TargetGroupArn=scope.id, Attributes=pairs)


def _attribute(key: str) -> F:
    """An attribute in the type that its text tells."""

    def compute(scope: Scope) -> Any:
        value = next((one["Value"] for one in scope.item["attributes"] if one["Key"] == key), None)
        if value in ("true", "false"):
            return value == "true"
        return int(value) if isinstance(value, str) and value.isdigit() else value

    return F(compute)


def _read_logs(scope: Scope) -> dict[str, Any] | None:
    found = {prop: _attribute(f"access_logs.s3.{key}").compute(scope) for prop, key in _LOGS.items()}
    return {key: value for key, value in found.items() if value not in (None, "")}


def _subnets(scope: Scope) -> list[str] | None:
    mapped = [one["subnetId"] for one in scope.new.get("subnetMappings") or ()]
    return scope.new.get("subnets") or mapped or None


def _suffix(scope: Scope) -> str:
    """The part of the ARN that metrics are named by."""
    return scope.id.rpartition(":")[2].removeprefix("loadbalancer/")


def _health(scope: Scope) -> dict[str, Any]:
    check = scope.new.get("healthCheck") or {}
    found = {
        "HealthCheckEnabled": check.get("enabled"),
        "HealthCheckIntervalSeconds": check.get("interval"),
        "HealthCheckPath": check.get("path"),
        "HealthCheckPort": check.get("port"),
        "HealthCheckProtocol": check.get("protocol"),
        "HealthCheckTimeoutSeconds": check.get("timeout"),
        "HealthyThresholdCount": check.get("healthyThreshold"),
        "UnhealthyThresholdCount": check.get("unhealthyThreshold"),
        "Matcher": {"HttpCode": check["matcher"]} if check.get("matcher") else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _health_field(name: str) -> F:
    return F(lambda scope: _health(scope).get(name), ("healthCheck",))


_HEALTH: Final = {
    name: _health_field(name)
    for name in (
        "HealthCheckEnabled",
        "HealthCheckIntervalSeconds",
        "HealthCheckPath",
        "HealthCheckPort",
        "HealthCheckProtocol",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "Matcher",
    )
}


def _read_health(scope: Scope) -> dict[str, Any]:
    names = {
        "enabled": "HealthCheckEnabled",
        "interval": "HealthCheckIntervalSeconds",
        "path": "HealthCheckPath",
        "port": "HealthCheckPort",
        "protocol": "HealthCheckProtocol",
        "timeout": "HealthCheckTimeoutSeconds",
        "healthyThreshold": "HealthyThresholdCount",
        "unhealthyThreshold": "UnhealthyThresholdCount",
    }
    found = {prop: scope.item.get(name) for prop, name in names.items()}
    return {
        **{prop: value for prop, value in found.items() if value is not None},
        "matcher": (scope.item.get("Matcher") or {}).get("HttpCode"),
    }


def _priority(scope: Scope) -> int:
    """The one that is free, where the program names none."""
    if scope.new.get("priority") is not None:
        return int(scope.new["priority"])
    held = scope.call("elbv2", "describe_rules", ListenerArn=scope.new["listenerArn"])["Rules"]
    return max((int(rule["Priority"]) for rule in held if rule["Priority"] != "default"), default=0) + 1


def _certificates(scope: Scope) -> list[dict[str, str]] | None:
    return [{"CertificateArn": scope.new["certificateArn"]}] if scope.new.get("certificateArn") else None


_CERTIFICATES: Final = F(_certificates, ("certificateArn",))
_TAGS: Final = Tags(
    read=Call("describe_tags", {"ResourceArns": ["$id"]}, at="TagDescriptions[0].Tags"),
    add=Call("add_tags", {"ResourceArns": ["$id"], "Tags": TAG_LIST}),
    remove=Call("remove_tags", {"ResourceArns": ["$id"], "TagKeys": F(untag)}),
)
_LISTENER: Final = {
    "Port": "$port",
    "Protocol": "$protocol",
    "SslPolicy": "$sslPolicy",
    "Certificates": _CERTIFICATES,
    "DefaultActions": _actions("defaultActions"),
}
_CONDITIONS: Final = F(_conditions, ("conditions",))


ROWS = rows(
    Row(
        "aws:lb/loadBalancer:LoadBalancer",
        "elbv2",
        create=Call(
            "create_load_balancer",
            {
                "Name": "$name",
                "Subnets": F(_subnets, ("subnets", "subnetMappings")),
                "SecurityGroups": "$securityGroups",
                "Scheme": F(lambda scope: "internal" if scope.new.get("internal") else "internet-facing", ("internal",)),
                "Type": "$loadBalancerType",
                "IpAddressType": "$ipAddressType",
                "Tags": TAG_LIST,
            },
        ),
        id="LoadBalancers[0].LoadBalancerArn",
        read=Call("describe_load_balancers", {"LoadBalancerArns": ["$id"]}, at="LoadBalancers[0]"),
        extras=(Extra("attributes", Call("describe_load_balancer_attributes", {"LoadBalancerArn": "$id"}, at="Attributes")),),
        props={
            "arn": "LoadBalancerArn",
            "arnSuffix": F(_suffix),
            "name": "LoadBalancerName",
            "dnsName": "DNSName",
            "zoneId": "CanonicalHostedZoneId",
            "vpcId": "VpcId",
            "internal": "Scheme == 'internal'",
            "loadBalancerType": "Type",
            "ipAddressType": "IpAddressType",
            "securityGroups": "SecurityGroups",
            "subnets": "AvailabilityZones[].SubnetId",
            "accessLogs": F(_read_logs),
            **{prop: _attribute(key) for prop, key in _BALANCER.items()},
        },
        updates=(
            Update((*_BALANCER, "accessLogs"), (_set_balancer,), on_create=True),
            Update(
                ("securityGroups",),
                (Call("set_security_groups", {"LoadBalancerArn": "$id", "SecurityGroups": "$securityGroups"}),),
            ),
            Update(("subnets",), (Call("set_subnets", {"LoadBalancerArn": "$id", "Subnets": "$subnets"}),)),
            Update(("ipAddressType",), (Call("set_ip_address_type", {"LoadBalancerArn": "$id", "IpAddressType": "$ipAddressType"}),)),
        ),
        delete=(Call("delete_load_balancer", {"LoadBalancerArn": "$id"}),),
        defaults={"loadBalancerType": "application"},
        name=Name(max_length=32),
        tags=_TAGS,
        local=frozenset({"namePrefix"}),
        recorded=frozenset({"subnetMappings"}),
        shared=frozenset({"subnets", "accessLogs"}),
    ),
    Row(
        "aws:lb/targetGroup:TargetGroup",
        "elbv2",
        create=Call(
            "create_target_group",
            {
                "Name": "$name",
                "Port": "$port",
                "Protocol": "$protocol",
                "ProtocolVersion": "$protocolVersion",
                "VpcId": "$vpcId",
                "TargetType": "$targetType",
                "IpAddressType": "$ipAddressType",
                **_HEALTH,
                "Tags": TAG_LIST,
            },
        ),
        id="TargetGroups[0].TargetGroupArn",
        read=Call("describe_target_groups", {"TargetGroupArns": ["$id"]}, at="TargetGroups[0]"),
        extras=(Extra("attributes", Call("describe_target_group_attributes", {"TargetGroupArn": "$id"}, at="Attributes")),),
        props={
            "arn": "TargetGroupArn",
            "arnSuffix": F(_suffix),
            "name": "TargetGroupName",
            "port": "Port",
            "protocol": "Protocol",
            "protocolVersion": "ProtocolVersion",
            "vpcId": "VpcId",
            "targetType": "TargetType",
            "ipAddressType": "IpAddressType",
            "loadBalancerArns": "LoadBalancerArns",
            "healthCheck": F(_read_health),
            **{prop: _attribute(key) for prop, key in _TARGETS.items()},
        },
        updates=(
            Update(tuple(_TARGETS), (_set_targets,), on_create=True),
            Update(("healthCheck",), (Call("modify_target_group", {"TargetGroupArn": "$id", **_HEALTH}),)),
        ),
        delete=(Call("delete_target_group", {"TargetGroupArn": "$id"}),),
        defaults={"targetType": "instance"},
        name=Name(max_length=32),
        tags=_TAGS,
        local=frozenset({"namePrefix"}),
        # Whoever forwards to it changes this.
        sticky=frozenset({"loadBalancerArns"}),
    ),
    Row(
        "aws:lb/listener:Listener",
        "elbv2",
        create=Call("create_listener", {"LoadBalancerArn": "$loadBalancerArn", **_LISTENER, "Tags": TAG_LIST}),
        id="Listeners[0].ListenerArn",
        read=Call("describe_listeners", {"ListenerArns": ["$id"]}, at="Listeners[0]"),
        props={
            "arn": "ListenerArn",
            "loadBalancerArn": "LoadBalancerArn",
            "port": "Port",
            "protocol": "Protocol",
            "sslPolicy": "SslPolicy",
            "certificateArn": "Certificates[0].CertificateArn",
            "defaultActions": _held("defaultActions", "DefaultActions", _actions("defaultActions")),
        },
        updates=(
            Update(
                ("port", "protocol", "sslPolicy", "certificateArn", "defaultActions"),
                (Call("modify_listener", {"ListenerArn": "$id", **_LISTENER}),),
            ),
        ),
        delete=(Call("delete_listener", {"ListenerArn": "$id"}),),
        tags=_TAGS,
        ordered=frozenset({"defaultActions"}),
    ),
    Row(
        "aws:lb/listenerRule:ListenerRule",
        "elbv2",
        create=Call(
            "create_rule",
            {
                "ListenerArn": "$listenerArn",
                "Priority": F(_priority, ("priority", "listenerArn")),
                "Actions": _actions("actions"),
                "Conditions": _CONDITIONS,
                "Tags": TAG_LIST,
            },
        ),
        id="Rules[0].RuleArn",
        read=Call("describe_rules", {"RuleArns": ["$id"]}, at="Rules[0]"),
        props={
            "arn": "RuleArn",
            "listenerArn": F(lambda scope: scope.id.replace(":listener-rule/", ":listener/").rpartition("/")[0]),
            "priority": F(lambda scope: int(scope.item["Priority"])),
            "actions": _held("actions", "Actions", _actions("actions")),
            "conditions": _held("conditions", "Conditions", _CONDITIONS),
        },
        updates=(
            Update(
                ("actions", "conditions"),
                (Call("modify_rule", {"RuleArn": "$id", "Actions": _actions("actions"), "Conditions": _CONDITIONS}),),
            ),
            Update(
                ("priority",),
                (Call("set_rule_priorities", {"RulePriorities": [{"RuleArn": "$id", "Priority": "$priority"}]}),),
            ),
        ),
        delete=(Call("delete_rule", {"RuleArn": "$id"}),),
        tags=_TAGS,
        ordered=frozenset({"actions"}),
    ),
)
