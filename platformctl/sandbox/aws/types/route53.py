"""Route 53 zones, their VPCs and records."""

from typing import Any

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Row, Scope, Tags, Update, parts, rows, untag


def _bare(name: Any) -> str:
    return str(name).rstrip(".").lower().replace("\\052", "*")


def _same_name(expression: str) -> F:
    """The declared name, if AWS's differs from it only by the dot at its end."""

    def compute(scope: Scope) -> str:
        held, declared = scope.item[expression], scope.new.get("name")
        return str(declared) if declared and _bare(declared) == _bare(held) else _bare(held)

    return F(compute)


def _vpc(entry: Any, scope: Scope) -> dict[str, str]:
    return {"VPCId": entry["vpcId"], "VPCRegion": entry.get("vpcRegion") or scope.region.name}


def _first_vpc(scope: Scope) -> Any:
    vpcs = scope.new.get("vpcs")
    return _vpc(vpcs[0], scope) if vpcs else None


def _set_vpcs(scope: Scope) -> None:
    wanted = [_vpc(entry, scope) for entry in scope.new.get("vpcs") or ()]
    held = scope.call("route53", "get_hosted_zone", Id=scope.id).get("VPCs") or []
    before = [_vpc(entry, scope) for entry in scope.old.get("vpcs") or ()]
    for entry in wanted:
        if entry not in held:
            scope.call("route53", "associate_vpc_with_hosted_zone", HostedZoneId=scope.id, VPC=entry)
    for entry in before:
        if entry not in wanted and entry in held:
            scope.call("route53", "disassociate_vpc_from_hosted_zone", HostedZoneId=scope.id, VPC=entry)


def _declared_vpcs(scope: Scope) -> Any:
    """The declared VPCs that are there: further ones are the business of zone associations."""
    held = {(entry["VPCId"], entry["VPCRegion"]) for entry in scope.item["VPCs"] or ()}
    return [entry for entry in scope.new.get("vpcs") or () if tuple(_vpc(entry, scope).values()) in held]


def _empty(scope: Scope) -> None:
    if not scope.new.get("forceDestroy"):
        return
    records = scope.call("route53", "list_resource_record_sets", HostedZoneId=scope.id)["ResourceRecordSets"]
    changes = [{"Action": "DELETE", "ResourceRecordSet": record} for record in records if record["Type"] not in {"NS", "SOA"}]
    if changes:
        scope.call("route53", "change_resource_record_sets", HostedZoneId=scope.id, ChangeBatch={"Changes": changes})


def _zone_association(scope: Scope) -> Any:
    return next((entry for entry in scope.item["VPCs"] or () if entry["VPCId"] == scope.new["vpcId"]), None)


_ROUTING = {
    "weightedRoutingPolicies": ("weight", "Weight"),
    "failoverRoutingPolicies": ("type", "Failover"),
    "latencyRoutingPolicies": ("region", "Region"),
}


def _record_set(values: Any) -> dict[str, Any]:
    record: dict[str, Any] = {"Name": values["name"], "Type": values["type"]}
    if values.get("aliases"):
        alias = values["aliases"][0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": bool(alias.get("evaluateTargetHealth")),
        }
    else:
        record["TTL"] = values.get("ttl", 300)
        record["ResourceRecords"] = [{"Value": _quoted(value, values["type"])} for value in values.get("records") or ()]
    for prop, api in (
        ("setIdentifier", "SetIdentifier"),
        ("healthCheckId", "HealthCheckId"),
        ("multivalueAnswerRoutingPolicy", "MultiValueAnswer"),
    ):
        if values.get(prop):
            record[api] = values[prop]
    for prop, (inner, api) in _ROUTING.items():
        if values.get(prop):
            record[api] = values[prop][0][inner]
    return record


def _quoted(value: str, kind: str) -> str:
    return f'"{value}"' if kind in {"TXT", "SPF"} and not value.startswith('"') else value


_RECORD_INPUTS = (
    "name",
    "type",
    "ttl",
    "records",
    "aliases",
    "setIdentifier",
    "healthCheckId",
    "multivalueAnswerRoutingPolicy",
    *_ROUTING,
)


def _zone_name(scope: Scope) -> str:
    return _bare(scope.call("route53", "get_hosted_zone", Id=scope.new["zoneId"])["HostedZone"]["Name"])


def _full_name(scope: Scope) -> str:
    name, zone = _bare(scope.new["name"]), _zone_name(scope)
    return name if name == zone or name.endswith(f".{zone}") else (f"{name}.{zone}" if name else zone)


def _find_record(scope: Scope) -> Any:
    wanted = _full_name(scope), scope.new["type"], scope.new.get("setIdentifier")
    for record in scope.call("route53", "list_resource_record_sets", HostedZoneId=scope.new["zoneId"])["ResourceRecordSets"]:
        if (_bare(record["Name"]), record["Type"], record.get("SetIdentifier")) == wanted:
            return record
    return None


def _with_full_name(action: str) -> Any:
    def run(scope: Scope) -> None:
        record = _record_set({**scope.new, "name": _full_name(scope)})
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        scope.call("route53", "change_resource_record_sets", HostedZoneId=scope.new["zoneId"], ChangeBatch=batch)

    return run


def _drop_record(scope: Scope) -> None:
    held = _find_record(scope)
    if held is not None:
        batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": held}]}
        scope.call("route53", "change_resource_record_sets", HostedZoneId=scope.new["zoneId"], ChangeBatch=batch)


def _read_records(scope: Scope) -> Any:
    held = scope.item["record"].get("ResourceRecords")
    if not held:
        return None
    values = [entry["Value"] for entry in held]
    declared = scope.new.get("records") or ()
    return [next((given for given in declared if _quoted(given, scope.new["type"]) == value), value) for value in values]


def _tag_zone(scope: Scope) -> None:
    tags = scope.new.get("tags")
    if tags:
        scope.call(
            "route53",
            "change_tags_for_resource",
            ResourceType="hostedzone",
            ResourceId=scope.id,
            AddTags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )


ROWS = rows(
    Row(
        "aws:route53/zone:Zone",
        "route53",
        create=Call(
            "create_hosted_zone",
            {
                "Name": "$name",
                "CallerReference": F(lambda scope: scope.subject.urn[-128:]),
                "HostedZoneConfig": {"Comment": "$comment", "PrivateZone": F(lambda scope: bool(scope.new.get("vpcs")))},
                "VPC": F(_first_vpc, ("vpcs",)),
                "DelegationSetId": "$delegationSetId",
            },
        ),
        id=F(lambda scope: scope.item["HostedZone"]["Id"].rpartition("/")[2]),
        read=Call(
            "get_hosted_zone",
            {"Id": "$id"},
            at="{Name: HostedZone.Name, Comment: HostedZone.Config.Comment, VPCs: VPCs, Names: DelegationSet.NameServers}",
        ),
        props={
            "arn": F(lambda scope: f"arn:{scope.region.partition}:route53:::hostedzone/{scope.id}"),
            "zoneId": F(lambda scope: scope.id),
            "name": _same_name("Name"),
            "comment": "Comment",
            "vpcs": F(_declared_vpcs),
            "nameServers": "Names && sort(Names)",
            "primaryNameServer": "Names && sort(Names)[0]",
        },
        after_create=(_tag_zone,),
        updates=(
            Update(("vpcs",), (_set_vpcs,), on_create=True),
            Update(
                ("comment",), (Call("update_hosted_zone_comment", {"Id": "$id", "Comment": F(lambda scope: scope.new.get("comment", ""))}),)
            ),
        ),
        delete=(_empty, Call("delete_hosted_zone", {"Id": "$id"})),
        defaults={"comment": "Managed by Pulumi", "forceDestroy": False},
        tags=Tags(
            read=Call("list_tags_for_resource", {"ResourceType": "hostedzone", "ResourceId": "$id"}, at="ResourceTagSet.Tags"),
            add=Call("change_tags_for_resource", {"ResourceType": "hostedzone", "ResourceId": "$id", "AddTags": TAG_LIST}),
            remove=Call("change_tags_for_resource", {"ResourceType": "hostedzone", "ResourceId": "$id", "RemoveTagKeys": F(untag)}),
        ),
        shared=frozenset({"vpcs"}),
        local=frozenset({"forceDestroy"}),
    ),
    Row(
        "aws:route53/zoneAssociation:ZoneAssociation",
        "route53",
        create=Call(
            "associate_vpc_with_hosted_zone",
            {"HostedZoneId": "$zoneId", "VPC": F(lambda scope: _vpc(scope.new, scope), ("vpcId", "vpcRegion"))},
        ),
        id=F(lambda scope: f"{scope.new['zoneId']}:{scope.new['vpcId']}"),
        read=Call("get_hosted_zone", {"Id": "$zoneId"}, at="{Id: HostedZone.Id, VPCs: VPCs}"),
        extras=(Extra("vpc", _zone_association),),
        gone="vpc == `null`",
        props={
            "zoneId": F(lambda scope: scope.item["Id"].rpartition("/")[2]),
            "vpcId": "vpc.VPCId",
            "vpcRegion": "vpc.VPCRegion",
            "owningAccount": F(lambda scope: scope.region.account),
        },
        delete=(Call("disassociate_vpc_from_hosted_zone", {"HostedZoneId": "$zoneId", "VPC": F(lambda scope: _vpc(scope.new, scope))}),),
        parse=parts("zoneId", "vpcId", separator=":"),
        delete_first=True,
    ),
    Row(
        "aws:route53/record:Record",
        "route53",
        create=Call("get_hosted_zone", {"Id": "$zoneId"}),
        id=F(lambda scope: "_".join(str(scope.new[part]) for part in ("zoneId", "name", "type", "setIdentifier") if scope.new.get(part))),
        read=Call("get_hosted_zone", {"Id": "$zoneId"}, at="{Id: HostedZone.Id}"),
        extras=(Extra("record", _find_record),),
        gone="record == `null`",
        props={
            "zoneId": F(lambda scope: scope.item["Id"].rpartition("/")[2]),
            "fqdn": F(lambda scope: _bare(scope.item["record"]["Name"])),
            "type": "record.Type",
            "ttl": "record.TTL",
            "records": F(_read_records),
            "aliases": "record.AliasTarget && [{name: record.AliasTarget.DNSName, zoneId: record.AliasTarget.HostedZoneId, "
            "evaluateTargetHealth: record.AliasTarget.EvaluateTargetHealth}]",
            "setIdentifier": "record.SetIdentifier",
            "healthCheckId": "record.HealthCheckId",
        },
        after_create=(_with_full_name("UPSERT"),),
        updates=(
            Update(tuple(name for name in _RECORD_INPUTS if name not in {"name", "type", "setIdentifier"}), (_with_full_name("UPSERT"),)),
        ),
        delete=(_drop_record,),
        local=frozenset({"allowOverwrite", "name", "type", "setIdentifier"}),
        force_new=frozenset({"name", "type", "setIdentifier"}),
        parse=parts("zoneId", "name", "type", "setIdentifier", separator="_"),
        delete_first=True,
    ),
)
