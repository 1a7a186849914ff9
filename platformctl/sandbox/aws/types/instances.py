"""EC2 instances, volumes, and what an account's Region does by default with both."""

from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, Update, arn, given, rows
from platformctl.sandbox.aws.types.ec2_common import EC2_TAGS, specification

_INSTANCE: Final = {"InstanceId": "$id"}
_METADATA: Final = {
    "httpEndpoint": "HttpEndpoint",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpTokens": "HttpTokens",
    "instanceMetadataTags": "InstanceMetadataTags",
}
_GONE: Final = "State.Name == 'terminated' || State.Name == 'shutting-down'"


def _metadata(scope: Scope) -> dict[str, Any] | None:
    block: Mapping[str, Any] = scope.new.get("metadataOptions") or {}
    return {api: block[prop] for prop, api in _METADATA.items() if block.get(prop) is not None} or None


def _read_metadata(scope: Scope) -> dict[str, Any]:
    held = scope.item.get("MetadataOptions") or {}
    return {prop: held[api] for prop, api in _METADATA.items() if api in held}


def _set_metadata(scope: Scope) -> None:
    """What is not told again moto forgets, so that all of it is told."""
    held = scope.item.get("MetadataOptions") or {}
    wanted = {**{api: held[api] for api in _METADATA.values() if held.get(api)}, **(_metadata(scope) or {})}
    scope.call("ec2", "modify_instance_metadata_options", InstanceId=scope.id, **wanted)


def _profile(scope: Scope) -> dict[str, str] | None:
    name = scope.new.get("iamInstanceProfile")
    return {"Name": name} if name else None


def _count(scope: Scope) -> int:
    del scope
    return 1


def _set_groups(scope: Scope) -> None:
    if scope.new.get("vpcSecurityGroupIds"):
        scope.call("ec2", "modify_instance_attribute", InstanceId=scope.id, Groups=scope.new["vpcSecurityGroupIds"])


def _set_type(scope: Scope) -> None:
    """As the provider does: the instance is stopped, changed and started."""
    scope.call("ec2", "stop_instances", InstanceIds=[scope.id])
    scope.call("ec2", "modify_instance_attribute", InstanceId=scope.id, InstanceType={"Value": scope.new["instanceType"]})
    scope.call("ec2", "start_instances", InstanceIds=[scope.id])


def _set_check(scope: Scope) -> None:
    wanted = bool(scope.new.get("sourceDestCheck", True))
    scope.call("ec2", "modify_instance_attribute", InstanceId=scope.id, SourceDestCheck={"Value": wanted})


def _set_default_encryption(scope: Scope) -> None:
    scope.call("ec2", "enable_ebs_encryption_by_default" if scope.new.get("enabled", True) else "disable_ebs_encryption_by_default")


ROWS = rows(
    Row(
        "aws:ec2/instance:Instance",
        "ec2",
        create=Call(
            "run_instances",
            {
                "ImageId": "$ami",
                "InstanceType": "$instanceType",
                "MinCount": F(_count),
                "MaxCount": F(_count),
                "SubnetId": "$subnetId",
                "SecurityGroupIds": "$vpcSecurityGroupIds",
                "KeyName": "$keyName",
                "UserData": "$userData",
                "PrivateIpAddress": "$privateIp",
                "EbsOptimized": "$ebsOptimized",
                "IamInstanceProfile": F(_profile, ("iamInstanceProfile",)),
                "MetadataOptions": F(_metadata, ("metadataOptions",)),
                "Placement": given("availabilityZone", {"AvailabilityZone": "$availabilityZone"}),
                "TagSpecifications": specification("instance"),
            },
        ),
        id="Instances[0].InstanceId",
        read=Call("describe_instances", {"InstanceIds": ["$id"]}, at="Reservations[0].Instances[0]"),
        gone=_GONE,
        props={
            "arn": arn("ec2", "instance/{id}"),
            "ami": "ImageId",
            "instanceType": "InstanceType",
            "subnetId": "SubnetId",
            "availabilityZone": "Placement.AvailabilityZone",
            "vpcSecurityGroupIds": "SecurityGroups[].GroupId",
            "keyName": "KeyName",
            "privateIp": "PrivateIpAddress",
            "privateDns": "PrivateDnsName",
            "publicIp": "PublicIpAddress",
            "publicDns": "PublicDnsName",
            "primaryNetworkInterfaceId": "NetworkInterfaces[0].NetworkInterfaceId",
            "instanceState": "State.Name",
            "sourceDestCheck": "SourceDestCheck",
            "metadataOptions": F(_read_metadata),
        },
        updates=(
            Update(("instanceType",), (_set_type,)),
            Update(("vpcSecurityGroupIds",), (_set_groups,)),
            Update(("metadataOptions",), (_set_metadata,)),
            Update(("sourceDestCheck",), (_set_check,), on_create=True),
        ),
        delete=(Call("terminate_instances", {"InstanceIds": ["$id"]}),),
        tags=EC2_TAGS,
        local=frozenset({"forceDestroy", "getPasswordData", "userDataReplaceOnChange"}),
        # moto makes one root volume whatever it is told, and keeps no user data that another call would tell.
        recorded=frozenset({"userData", "userDataBase64", "rootBlockDevice", "ebsBlockDevices", "iamInstanceProfile", "ebsOptimized"}),
        force_new=frozenset({"userData", "userDataBase64", "associatePublicIpAddress"}),
        added={"metadataOptions": tuple(_METADATA)},
        changing=frozenset({"publicIp", "publicDns", "instanceState"}),
        # An address that is associated later shows here.
        sticky=frozenset({"publicIp", "publicDns"}),
    ),
    Row(
        "aws:ebs/volume:Volume",
        "ec2",
        create=Call(
            "create_volume",
            {
                "AvailabilityZone": "$availabilityZone",
                "Size": "$size",
                "VolumeType": "$type",
                "Iops": "$iops",
                "Throughput": "$throughput",
                "Encrypted": "$encrypted",
                "KmsKeyId": "$kmsKeyId",
                "SnapshotId": "$snapshotId",
                "MultiAttachEnabled": "$multiAttachEnabled",
                "TagSpecifications": specification("volume"),
            },
        ),
        id="VolumeId",
        read=Call("describe_volumes", {"VolumeIds": ["$id"]}, at="Volumes[0]"),
        props={
            "arn": arn("ec2", "volume/{id}"),
            "availabilityZone": "AvailabilityZone",
            "size": "Size",
            "type": "VolumeType",
            "iops": "Iops",
            "throughput": "Throughput",
            "encrypted": "Encrypted",
            "kmsKeyId": "KmsKeyId",
            "snapshotId": "SnapshotId",
            "createTime": F(lambda scope: scope.item["CreateTime"].isoformat().replace("+00:00", "Z")),
        },
        updates=(
            Update(
                ("size", "type", "iops", "throughput"),
                (
                    Call(
                        "modify_volume",
                        {"VolumeId": "$id", "Size": "$size", "VolumeType": "$type", "Iops": "$iops", "Throughput": "$throughput"},
                    ),
                ),
            ),
        ),
        delete=(Call("delete_volume", {"VolumeId": "$id"}),),
        tags=EC2_TAGS,
        local=frozenset({"finalSnapshot"}),
        recorded=frozenset({"multiAttachEnabled"}),
        # moto changes size and type only.
        recorded_on_update=frozenset({"iops", "throughput"}),
        force_new=frozenset({"multiAttachEnabled"}),
    ),
    Row(
        "aws:ebs/encryptionByDefault:EncryptionByDefault",
        "ec2",
        create=Call("get_ebs_encryption_by_default"),
        id=F(lambda scope: f"ebs-encryption-{scope.region.name}"),
        read=Call("get_ebs_encryption_by_default", at="{enabled: EbsEncryptionByDefault}"),
        props={"enabled": "enabled"},
        after_create=(_set_default_encryption,),
        updates=(Update(("enabled",), (_set_default_encryption,)),),
        delete=(Call("disable_ebs_encryption_by_default"),),
        defaults={"enabled": True},
        delete_first=True,
    ),
    # moto has no defaults of an account's instance metadata.
    Row(
        "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
        "ec2",
        emulated=False,
        create=Call(
            "modify_instance_metadata_defaults",
            {api: f"${prop}" for prop, api in _METADATA.items() if prop != "httpProtocolIpv6"},
        ),
        id=F(lambda scope: f"instance-metadata-defaults-{scope.region.name}"),
        defaults={"httpEndpoint": "no-preference", "httpTokens": "no-preference", "instanceMetadataTags": "no-preference"},
        delete_first=True,
    ),
)
