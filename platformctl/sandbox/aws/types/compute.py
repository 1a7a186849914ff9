"""EC2 launch templates."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from platformctl.sandbox.aws.rows import Call, Extra, F, Name, Row, Scope, Update, arn, rows, tag_list
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, specification, tag_adopted

# Input property to the field of LaunchTemplateData; nested names are the same in PascalCase, but for _RENAMED.
_DATA = {
    "blockDeviceMappings": "BlockDeviceMappings",
    "capacityReservationSpecification": "CapacityReservationSpecification",
    "cpuOptions": "CpuOptions",
    "creditSpecification": "CreditSpecification",
    "disableApiStop": "DisableApiStop",
    "disableApiTermination": "DisableApiTermination",
    "ebsOptimized": "EbsOptimized",
    "enclaveOptions": "EnclaveOptions",
    "hibernationOptions": "HibernationOptions",
    "iamInstanceProfile": "IamInstanceProfile",
    "imageId": "ImageId",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceMarketOptions": "InstanceMarketOptions",
    "instanceRequirements": "InstanceRequirements",
    "instanceType": "InstanceType",
    "kernelId": "KernelId",
    "keyName": "KeyName",
    "licenseSpecifications": "LicenseSpecifications",
    "maintenanceOptions": "MaintenanceOptions",
    "metadataOptions": "MetadataOptions",
    "monitoring": "Monitoring",
    "networkInterfaces": "NetworkInterfaces",
    "placement": "Placement",
    "privateDnsNameOptions": "PrivateDnsNameOptions",
    "ramDiskId": "RamDiskId",
    "securityGroupNames": "SecurityGroups",
    "tagSpecifications": "TagSpecifications",
    "userData": "UserData",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}
_RENAMED = {"securityGroups": "Groups", "ipv4Addresses": "PrivateIpAddresses", "ipv6Addresses": "Ipv6Addresses", "configured": "Configured"}
_TEXT_BOOLEANS = {"encrypted", "deleteOnTermination", "associatePublicIpAddress", "associateCarrierIpAddress", "ebsOptimized"}


def _api(value: Any) -> Any:
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, item in value.items():
            if item is None:
                continue
            name = _RENAMED.get(key, key[:1].upper() + key[1:])
            if key == "tags" and isinstance(item, Mapping):
                found["Tags"] = tag_list(item)
            else:
                found[name] = item.lower() == "true" if key in _TEXT_BOOLEANS and isinstance(item, str) else _api(item)
        return found
    return [_api(item) for item in value] if isinstance(value, list) else value


def _data(scope: Scope) -> dict[str, Any]:
    data = _api({prop: scope.new[prop] for prop in _DATA if scope.new.get(prop) is not None})
    renamed = {prop[:1].upper() + prop[1:]: name for prop, name in _DATA.items()}
    return {renamed.get(name, name): value for name, value in data.items()}


def _wire(value: Any, declared: Any) -> Any:
    """Template data in the SDK's form; where the program wrote a boolean as text, as text."""
    if isinstance(value, Mapping):
        back = {name: prop for prop, name in _RENAMED.items()}
        answer: dict[str, Any] = {}
        for name, item in value.items():
            prop = back.get(name, name[:1].lower() + name[1:])
            held = declared.get(prop) if isinstance(declared, Mapping) else None
            if prop == "tags":
                answer[prop] = {tag["Key"]: tag["Value"] for tag in item}
            else:
                answer[prop] = str(item).lower() if prop in _TEXT_BOOLEANS and not isinstance(item, str) else _wire(item, held)
        return answer
    if isinstance(value, list):
        given = declared if isinstance(declared, list) else []
        return [_wire(item, given[index] if index < len(given) else None) for index, item in enumerate(value)]
    return value


def _read(prop: str) -> F:
    api = _DATA[prop]

    def compute(scope: Scope) -> Any:
        data = scope.item["data"] or {}
        value = data.get(api)
        if prop == "tagSpecifications" and value:
            # moto lists the template's own tags among those of its instances.
            value = [entry for entry in value if entry["ResourceType"] != "launch-template"]
        if value in (None, [], {}, ""):
            return None
        return str(value).lower() if prop in _TEXT_BOOLEANS else _wire(value, scope.new.get(prop))

    return F(compute)


def _new_version(scope: Scope) -> None:
    version = scope.call(
        "ec2", "create_launch_template_version", LaunchTemplateId=scope.id, LaunchTemplateData=_data(scope), **_version_note(scope)
    )["LaunchTemplateVersion"]["VersionNumber"]
    if scope.new.get("updateDefaultVersion"):
        scope.call("ec2", "modify_launch_template", LaunchTemplateId=scope.id, DefaultVersion=str(version))


def _version_note(scope: Scope) -> dict[str, str]:
    return {"VersionDescription": scope.new["description"]} if scope.new.get("description") else {}


def _set_default(scope: Scope) -> None:
    if scope.new.get("defaultVersion"):
        scope.call("ec2", "modify_launch_template", LaunchTemplateId=scope.id, DefaultVersion=str(scope.new["defaultVersion"]))


ROWS = rows(
    Row(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "ec2",
        create=Call(
            "create_launch_template",
            {
                "LaunchTemplateName": "$name",
                "VersionDescription": "$description",
                "LaunchTemplateData": F(_data, tuple(_DATA)),
                "TagSpecifications": specification("launch-template"),
            },
        ),
        id="LaunchTemplate.LaunchTemplateId",
        read=Call("describe_launch_templates", {"LaunchTemplateIds": ["$id"]}, at="LaunchTemplates[0]"),
        extras=(
            Extra(
                "data",
                Call(
                    "describe_launch_template_versions",
                    {"LaunchTemplateId": "$id", "Versions": [F(lambda _: "$Latest")]},
                    at="LaunchTemplateVersions[0].LaunchTemplateData",
                ),
            ),
        ),
        props={
            "arn": arn("ec2", "launch-template/{id}"),
            "name": "LaunchTemplateName",
            "latestVersion": "LatestVersionNumber",
            "defaultVersion": "DefaultVersionNumber",
            **{prop: _read(prop) for prop in _DATA},
        },
        updates=(Update((*_DATA, "description"), (_new_version,)), Update(("defaultVersion",), (_set_default,))),
        delete=(Call("delete_launch_template", {"LaunchTemplateId": "$id"}),),
        after_create=(tag_adopted,),
        name=Name(max_length=128),
        # What moto lists with a template are the tags it was made with.
        tags=dataclasses.replace(
            EC2_TAGS, read=Call("describe_tags", {"Filters": [{"Name": "resource-id", "Values": ["$id"]}]}, at="Tags")
        ),
        local=frozenset({"updateDefaultVersion", "namePrefix"}),
        changing=frozenset({"latestVersion", "defaultVersion"}),
    ),
)
