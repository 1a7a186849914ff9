"""Classic load balancers, which no component makes and other people's programs still have."""

from typing import Any, Final

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, rows


def _listeners(scope: Scope) -> list[dict[str, Any]]:
    names = {"instancePort": "InstancePort", "instanceProtocol": "InstanceProtocol", "lbPort": "LoadBalancerPort", "lbProtocol": "Protocol"}
    return [
        {
            **{api: one[prop].upper() if prop.endswith("Protocol") else one[prop] for prop, api in names.items()},
            **({"SSLCertificateId": one["sslCertificateId"]} if one.get("sslCertificateId") else {}),
        }
        for one in scope.new.get("listeners") or ()
    ]


def _set_listeners(scope: Scope) -> None:
    ports = [one["lbPort"] for one in scope.old.get("listeners") or ()]
    scope.call("elb", "delete_load_balancer_listeners", LoadBalancerName=scope.id, LoadBalancerPorts=ports)
    scope.call("elb", "create_load_balancer_listeners", LoadBalancerName=scope.id, Listeners=_listeners(scope))


def _read_listeners(scope: Scope) -> list[dict[str, Any]]:
    """Protocols in the case that the program has them in."""
    declared = {one["lbPort"]: one for one in scope.new.get("listeners") or ()}
    found = []
    for entry in scope.item.get("ListenerDescriptions") or ():
        listener = entry["Listener"]
        own = declared.get(listener["LoadBalancerPort"], {})
        one = {"lbPort": listener["LoadBalancerPort"], "instancePort": listener["InstancePort"]}
        for prop, api in (("lbProtocol", "Protocol"), ("instanceProtocol", "InstanceProtocol")):
            one[prop] = own[prop] if str(own.get(prop, "")).upper() == listener[api].upper() else listener[api].lower()
        found.append({**one, **({"sslCertificateId": own["sslCertificateId"]} if own.get("sslCertificateId") else {})})
    return found


_NAMED: Final = {"LoadBalancerName": "$id"}

ROWS = rows(
    Row(
        "aws:elb/loadBalancer:LoadBalancer",
        "elb",
        create=Call(
            "create_load_balancer",
            {
                "LoadBalancerName": "$name",
                "Listeners": F(_listeners, ("listeners",)),
                "AvailabilityZones": "$availabilityZones",
                "Subnets": "$subnets",
                "SecurityGroups": "$securityGroups",
                "Scheme": F(lambda scope: "internal" if scope.new.get("internal") else None, ("internal",)),
                "Tags": TAG_LIST,
            },
        ),
        id=F(lambda scope: scope.new["name"]),
        read=Call("describe_load_balancers", {"LoadBalancerNames": ["$id"]}, at="LoadBalancerDescriptions[0]"),
        props={
            "arn": F(
                lambda scope: (
                    f"arn:{scope.region.partition}:elasticloadbalancing:{scope.region.name}:{scope.region.account}:loadbalancer/{scope.id}"
                )
            ),
            "name": "LoadBalancerName",
            "dnsName": "DNSName",
            "zoneId": "CanonicalHostedZoneNameID",
            "subnets": "Subnets",
            "securityGroups": "SecurityGroups",
            "listeners": F(_read_listeners),
        },
        updates=(
            Update(("listeners",), (_set_listeners,)),
            Update(("securityGroups",), (Call("apply_security_groups_to_load_balancer", {**_NAMED, "SecurityGroups": "$securityGroups"}),)),
        ),
        delete=(Call("delete_load_balancer", _NAMED),),
        name=Name(max_length=32),
        tags=Tags(
            read=Call("describe_tags", {"LoadBalancerNames": ["$id"]}, at="TagDescriptions[0].Tags"),
            add=Call("add_tags", {"LoadBalancerNames": ["$id"], "Tags": TAG_LIST}),
            remove=Call(
                "remove_tags", {"LoadBalancerNames": ["$id"], "Tags": F(lambda scope: [{"Key": key} for key in scope.new["goneTags"]])}
            ),
        ),
        local=frozenset({"namePrefix"}),
        parse=lambda name: {"name": name},
    ),
)
