"""The lookups (functions) that the sandbox answers, by token. Anything else is refused by name."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from platformctl.sandbox.aws.interpreter import Interpreter, missing
from platformctl.sandbox.aws.rows import camel
from platformctl.sandbox.aws.session import Region
from platformctl.sandbox.plugin import ProviderError, Secret, Subject, Values

Lookup = Callable[[Values, Region], dict[str, Any]]

_DNS_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}


def _caller(_: Values, region: Region) -> dict[str, Any]:
    found = region.call("sts", "get_caller_identity", {})
    return {"id": found["Account"], "accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"]}


def _partition(_: Values, region: Region) -> dict[str, Any]:
    suffix = _DNS_SUFFIXES[region.partition]
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": region.partition, "partition": region.partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _region(args: Values, region: Region) -> dict[str, Any]:
    name = args.get("name") or args.get("region") or region.name
    endpoint = f"ec2.{name}.{_DNS_SUFFIXES[region.partition]}"
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": endpoint}


def _zone_list(args: Values, region: Region) -> list[dict[str, Any]]:
    parameters: dict[str, Any] = {}
    if args.get("filters"):
        parameters["Filters"] = _filters(args["filters"])
    if args.get("allAvailabilityZones"):
        parameters["AllAvailabilityZones"] = True
    zones = region.call("ec2", "describe_availability_zones", parameters)["AvailabilityZones"]
    left_out = {*(args.get("excludeNames") or ()), *(args.get("excludeZoneIds") or ())}
    state = args.get("state")
    return [
        zone
        for zone in sorted(zones, key=lambda zone: str(zone["ZoneName"]))
        if not {zone["ZoneName"], zone["ZoneId"]} & left_out and (state is None or zone["State"] == state)
    ]


def _zones(args: Values, region: Region) -> dict[str, Any]:
    zones = _zone_list(args, region)
    return {
        "id": region.name,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or region.name for zone in zones}),
        "region": region.name,
    }


def _zone(args: Values, region: Region) -> dict[str, Any]:
    wanted = {args.get("name"), args.get("zoneId")} - {None}
    found = [zone for zone in _zone_list(args, region) if not wanted or wanted & {zone["ZoneName"], zone["ZoneId"]}]
    zone = _only(found, "availability zone", args)
    return {
        "id": zone["ZoneName"],
        "name": zone["ZoneName"],
        "nameSuffix": zone["ZoneName"].removeprefix(region.name),
        "zoneId": zone["ZoneId"],
        "state": zone["State"],
        "zoneType": zone.get("ZoneType", "availability-zone"),
        "groupName": zone.get("GroupName") or region.name,
        "networkBorderGroup": region.name,
        "optInStatus": zone.get("OptInStatus", "opt-in-not-required"),
        "parentZoneId": "",
        "parentZoneName": "",
        "region": region.name,
    }


def _parameter(args: Values, region: Region) -> dict[str, Any]:
    name = str(args["name"])
    try:
        found = region.call("ssm", "get_parameter", {"Name": name, "WithDecryption": args.get("withDecryption", True)})["Parameter"]
    except Exception as error:
        if not missing(error) or not name.startswith("/aws/service/"):
            raise
        # AWS's own parameters are the latest images; any well-formed id serves, as long as one name always gives the same.
        value = f"ami-0{hashlib.sha256(f'{region.name}{name}'.encode()).hexdigest()[:16]}"
        found = {
            "Name": name,
            "Type": "String",
            "Value": value,
            "Version": 1,
            "ARN": f"arn:{region.partition}:ssm:{region.name}::parameter{name}",
        }
    public = found["Type"] != "SecureString"
    return {
        "id": name,
        "name": name,
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"] if public else Secret(found["Value"]),
        "insecureValue": found["Value"] if public else "",
        "version": found["Version"],
        "region": region.name,
    }


def _policy_document(args: Values, _: Region) -> dict[str, Any]:
    statements = [_statement(statement) for statement in args.get("statements") or ()]
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    statements = [*_sources(args.get("sourcePolicyDocuments")), *statements]
    overriding = _sources(args.get("overridePolicyDocuments"))
    named = {statement["Sid"] for statement in overriding if statement.get("Sid")}
    document["Statement"] = [statement for statement in statements if statement.get("Sid") not in named] + overriding
    text = json.dumps(document, indent=2)
    minified = json.dumps(document, separators=(",", ":"))
    return {"id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)), "json": text, "minifiedJson": minified}


def _sources(documents: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for document in documents or ():
        statements = json.loads(document).get("Statement", []) if document else []
        found += statements if isinstance(statements, list) else [statements]
    return found


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Sid": statement["sid"]} if statement.get("sid") else {}
    found["Effect"] = statement.get("effect") or "Allow"
    for prop, name in (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource"), ("notResources", "NotResource")):
        if statement.get(prop):
            found[name] = _one_or_many(sorted(statement[prop], reverse=True))
    for prop, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if statement.get(prop):
            found[name] = _principals(statement[prop])
    conditions: dict[str, dict[str, Any]] = {}
    for condition in statement.get("conditions") or ():
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _one_or_many(list(condition["values"]))
    if conditions:
        found["Condition"] = conditions
    return found


def _principals(principals: Any) -> Any:
    found: dict[str, list[str]] = {}
    for principal in principals:
        found.setdefault(principal["type"], []).extend(principal["identifiers"])
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_many(sorted(identifiers, reverse=True)) for kind, identifiers in found.items()}


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


# -- lookups of what exists


def _filters(filters: Any) -> list[dict[str, Any]]:
    return [{"Name": entry["name"], "Values": list(entry["values"])} for entry in filters or ()]


def _query(args: Values, plain: Mapping[str, str]) -> list[dict[str, Any]]:
    """Filters of a describe call from a lookup's own arguments, its tags and its filters."""
    found = [{"Name": name, "Values": [str(args[prop])]} for prop, name in plain.items() if args.get(prop) is not None]
    if args.get("default") is not None:
        found.append({"Name": "is-default", "Values": [str(args["default"]).lower()]})
    found += [{"Name": f"tag:{key}", "Values": [value]} for key, value in (args.get("tags") or {}).items()]
    return found + _filters(args.get("filters"))


def _only(found: list[Any], kind: str, args: Values) -> Any:
    if len(found) != 1:
        what = ", ".join(f"{key}={value}" for key, value in args.items())
        raise ProviderError(f"{len(found)} results for the {kind} with {what}; one is wanted")
    return found[0]


def _described(token: str, resource_id: str, region: Region) -> dict[str, Any]:
    """What a resource of the table reads as, for a lookup that answers the same properties."""
    from platformctl.sandbox.aws import types  # noqa: PLC0415 -- the table is imported when it is needed

    row = types.find(token)
    state = Interpreter(row, region).read(Subject("", token, "", resource_id), {}, {}) if row else None
    if state is None:
        raise ProviderError(f"{token} {resource_id} does not exist")
    return {**state.outputs, "tags": state.outputs.get("tags", {})}


def _vpc(args: Values, region: Region) -> dict[str, Any]:
    query = _query(args, {"id": "vpc-id", "cidrBlock": "cidr", "dhcpOptionsId": "dhcp-options-id", "state": "state"})
    vpc = _only(region.call("ec2", "describe_vpcs", {"Filters": query})["Vpcs"], "VPC", args)
    associations = [
        {"associationId": entry["AssociationId"], "cidrBlock": entry["CidrBlock"], "state": entry["CidrBlockState"]["State"]}
        for entry in vpc.get("CidrBlockAssociationSet") or ()
    ]
    return {
        **_described("aws:ec2/vpc:Vpc", vpc["VpcId"], region),
        "default": vpc.get("IsDefault", False),
        "state": vpc["State"],
        "cidrBlockAssociations": associations,
    }


_SUBNET_FILTERS = {
    "id": "subnet-id",
    "vpcId": "vpc-id",
    "cidrBlock": "cidr-block",
    "availabilityZone": "availability-zone",
    "availabilityZoneId": "availability-zone-id",
    "state": "state",
}


def _subnet(args: Values, region: Region) -> dict[str, Any]:
    subnets = region.call("ec2", "describe_subnets", {"Filters": _query(args, _SUBNET_FILTERS)})["Subnets"]
    subnet = _only(subnets, "subnet", args)
    found = _described("aws:ec2/subnet:Subnet", subnet["SubnetId"], region)
    return {
        **found,
        "state": subnet["State"],
        "defaultForAz": subnet.get("DefaultForAz", False),
        "availableIpAddressCount": subnet.get("AvailableIpAddressCount", 0),
    }


def _subnets(args: Values, region: Region) -> dict[str, Any]:
    subnets = region.call("ec2", "describe_subnets", {"Filters": _query(args, _SUBNET_FILTERS)})["Subnets"]
    return {"id": region.name, "ids": [subnet["SubnetId"] for subnet in subnets], "region": region.name}


def _security_group(args: Values, region: Region) -> dict[str, Any]:
    query = _query(args, {"id": "group-id", "name": "group-name", "vpcId": "vpc-id"})
    group = _only(region.call("ec2", "describe_security_groups", {"Filters": query})["SecurityGroups"], "security group", args)
    return _described("aws:ec2/securityGroup:SecurityGroup", group["GroupId"], region)


def _cluster(args: Values, region: Region) -> dict[str, Any]:
    found = _described("aws:eks/cluster:Cluster", str(args["name"]), region)
    singles = (
        "accessConfig",
        "vpcConfig",
        "kubernetesNetworkConfig",
        "upgradePolicy",
        "zonalShiftConfig",
        "computeConfig",
        "storageConfig",
    )
    plural = {
        "accessConfig": "accessConfigs",
        "upgradePolicy": "upgradePolicies",
        "computeConfig": "computeConfigs",
        "storageConfig": "storageConfigs",
    }
    plural |= {"kubernetesNetworkConfig": "kubernetesNetworkConfigs", "zonalShiftConfig": "zonalShiftConfigs"}
    lists = {plural[prop]: [found[prop]] for prop in singles if prop in plural and prop in found}
    return {**found, **lists}


def _cluster_auth(args: Values, region: Region) -> dict[str, Any]:
    """A token in the form that `aws eks get-token` gives: a presigned STS address in base64."""
    name = str(args["name"])
    address = f"https://sts.{region.name}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-K8s-Aws-Id={name}"
    token = "k8s-aws-v1." + base64.urlsafe_b64encode(address.encode()).decode().rstrip("=")
    return {"id": name, "name": name, "token": Secret(token), "region": region.name}


def _addon_version(args: Values, region: Region) -> dict[str, Any]:
    addon = str(args["addonName"])
    return {"id": addon, "addonName": addon, "version": "v1.0.0-eksbuild.1", **_echo(args), "region": region.name}


def _echo(args: Values) -> dict[str, Any]:
    return {key: value for key, value in args.items() if value is not None}


def _key(args: Values, region: Region) -> dict[str, Any]:
    metadata = camel(region.call("kms", "describe_key", {"KeyId": args["keyId"]})["KeyMetadata"])
    dates = {"creationDate": metadata["creationDate"].isoformat()}
    kept = (
        "arn",
        "description",
        "enabled",
        "keyManager",
        "keyState",
        "keyUsage",
        "origin",
        "multiRegion",
        "customerMasterKeySpec",
        "keySpec",
    )
    found = {prop: metadata[prop] for prop in kept if prop in metadata}
    return {"id": metadata["keyId"], "keyId": args["keyId"], "awsAccountId": region.account, **found, **dates, "region": region.name}


def _public_key(args: Values, region: Region) -> dict[str, Any]:
    found = region.call("kms", "get_public_key", {"KeyId": args["keyId"]})
    encoded = base64.b64encode(found["PublicKey"]).decode()
    lines = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
    return {
        "id": found["KeyId"],
        "arn": found["KeyId"],
        "publicKey": encoded,
        "publicKeyPem": f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n",
        "customerMasterKeySpec": found["CustomerMasterKeySpec"],
        "keyUsage": found["KeyUsage"],
        "encryptionAlgorithms": found.get("EncryptionAlgorithms") or [],
        "signingAlgorithms": found.get("SigningAlgorithms") or [],
        **_echo(args),
        "region": region.name,
    }


def _role(args: Values, region: Region) -> dict[str, Any]:
    return _described("aws:iam/role:Role", str(args["name"]), region)


def _roles(args: Values, region: Region) -> dict[str, Any]:
    found = region.call("iam", "list_roles", {"PathPrefix": args.get("pathPrefix") or "/"})["Roles"]
    wanted = re.compile(args.get("nameRegex") or "")
    kept = [role for role in found if wanted.search(role["RoleName"])]
    return {"id": region.name, "arns": [role["Arn"] for role in kept], "names": [role["RoleName"] for role in kept], **_echo(args)}


def _policy(args: Values, region: Region) -> dict[str, Any]:
    arn = args.get("arn")
    if arn is None:
        policies = region.call("iam", "list_policies", {"Scope": "All", "PathPrefix": args.get("pathPrefix") or "/"})["Policies"]
        arn = _only([policy for policy in policies if policy["PolicyName"] == args.get("name")], "policy", args)["Arn"]
    return _described("aws:iam/policy:Policy", str(arn), region)


def _zone_lookup(args: Values, region: Region) -> dict[str, Any]:
    zone_id = args.get("zoneId")
    if zone_id is None:
        wanted = str(args.get("name", "")).rstrip(".")
        zones = region.call("route53", "list_hosted_zones", {})["HostedZones"]
        private = bool(args.get("privateZone"))
        found = [zone for zone in zones if zone["Name"].rstrip(".") == wanted and zone["Config"].get("PrivateZone", False) == private]
        zone_id = _only(found, "hosted zone", args)["Id"].rpartition("/")[2]
    return {**_described("aws:route53/zone:Zone", str(zone_id), region), "privateZone": bool(args.get("privateZone"))}


LOOKUPS: Mapping[str, Lookup] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getAvailabilityZone:getAvailabilityZone": _zone,
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:iam/getRole:getRole": _role,
    "aws:iam/getRoles:getRoles": _roles,
    "aws:iam/getPolicy:getPolicy": _policy,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _security_group,
    "aws:eks/getCluster:getCluster": _cluster,
    "aws:eks/getClusterAuth:getClusterAuth": _cluster_auth,
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
    "aws:kms/getKey:getKey": _key,
    "aws:kms/getPublicKey:getPublicKey": _public_key,
    "aws:route53/getZone:getZone": _zone_lookup,
}
"""Lookups by token."""


def invoke(token: str, args: Values, region: Region) -> dict[str, Any]:
    """Answer a lookup.

    Raises:
        ProviderError: the sandbox has no such lookup, or what is looked up does not exist.
    """
    lookup = LOOKUPS.get(token)
    if lookup is None:
        raise ProviderError(f"the sandbox does not answer the lookup {token}; it knows {', '.join(sorted(LOOKUPS))}")
    return lookup(args, region)
