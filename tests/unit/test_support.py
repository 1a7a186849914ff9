"""deploy(): what it records, what it resolves, and that nothing is left behind."""

import asyncio
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from platform_policies.graph import UNKNOWN
from pulumi.runtime.settings import get_root_resource

from platform_components.errors import DeclarationError, Problem, UnsupportedError, UpstreamError
from platformctl.readers import wire
from tests.support import deploy


class Pair(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Pair", name, {"size": 2})
        self.vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=self))
        self.subnet = aws.ec2.Subnet(
            f"{name}-subnet",
            vpc_id=self.vpc.id,
            cidr_block="10.0.0.0/24",
            map_public_ip_on_launch=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.vpc]),
        )
        self.vpc_id = self.vpc.id
        self.register_outputs({"vpc_id": self.vpc_id})


def test_deploy_after_up_gives_ids_and_outputs() -> None:
    deployment = deploy(lambda: Pair("net"))
    vpc_id = deployment.value("vpc_id")
    assert vpc_id.startswith("vpc-")
    assert deployment.one("aws:ec2/subnet:Subnet").inputs == {"vpcId": vpc_id, "cidrBlock": "10.0.0.0/24", "mapPublicIpOnLaunch": False}
    assert deployment.value(deployment.result.vpc.arn) == f"arn:aws:ec2:eu-west-1:123456789012:vpc/{vpc_id}"
    assert deployment.one("test:index:Pair").outputs == {"vpc_id": vpc_id}


def test_deploy_preview_leaves_ids_unknown_and_inputs_known() -> None:
    deployment = deploy(lambda: Pair("net"), preview=True)
    assert deployment.one("aws:ec2/subnet:Subnet").inputs["vpcId"] == UNKNOWN
    assert deployment.output("vpc_id").known is False
    assert deployment.value(deployment.result.vpc.cidr_block) == "10.0.0.0/16"
    assert deployment.output(deployment.result.vpc.arn).known is False
    assert deployment.one("test:index:Pair").outputs == {"vpc_id": UNKNOWN}


def test_deploy_records_parents_and_dependencies() -> None:
    deployment = deploy(lambda: Pair("net"), preview=True)
    pair, vpc, subnet = deployment.one("test:index:Pair"), deployment.one("aws:ec2/vpc:Vpc"), deployment.one("aws:ec2/subnet:Subnet")
    assert pair.urn == "urn:pulumi:test.network::platform::test:index:Pair::net"
    assert vpc.urn == "urn:pulumi:test.network::platform::test:index:Pair$aws:ec2/vpc:Vpc::net-vpc"
    assert (pair.custom, vpc.custom, vpc.parent, vpc.layer) == (False, True, pair.urn, "network")
    assert subnet.dependencies == (vpc.urn,)
    assert subnet.property_dependencies == {"vpcId": (vpc.urn,)}
    assert deployment.shape() == deploy(lambda: Pair("net")).shape()


def test_deploy_never_records_the_value_of_a_secret() -> None:
    def build() -> dict[str, Any]:
        password = pulumi.Output.secret("hunter2")
        parameter = aws.ssm.Parameter("p", type="SecureString", value=password, description=pulumi.Output.concat("x", password))
        pulumi.export("password", password)
        return {"value": parameter.value, "arn": parameter.arn}

    for preview in (True, False):
        deployment = deploy(build, preview=preview)
        inputs = deployment.one("aws:ssm/parameter:Parameter").inputs
        assert inputs["value"] == {"secret": True}
        assert inputs["description"] == {"secret": True}
        assert deployment.exports["password"] == {"secret": True}
        assert deployment.output("value") == ("hunter2", True, True)
        assert "hunter2" not in repr(deployment.graph)


def test_deploy_computes_properties_inside_blocks() -> None:
    def build() -> dict[str, Any]:
        cluster = aws.eks.Cluster(
            "c", role_arn="arn:aws:iam::123456789012:role/r", vpc_config={"subnet_ids": ["subnet-1"], "endpoint_public_access": False}
        )
        return {
            "group": cluster.vpc_config.cluster_security_group_id,
            "public": cluster.vpc_config.endpoint_public_access,
            "issuer": cluster.identities[0].oidcs[0].issuer,
        }

    up, preview = deploy(build), deploy(build, preview=True)
    assert up.value("group").startswith("sg-")
    assert up.value("issuer").startswith("https://oidc.eks.eu-west-1.amazonaws.com/id/")
    assert up.value("public") is False
    assert (preview.output("group").known, preview.output("issuer").known) == (False, False)


@pytest.mark.parametrize("preview", [True, False])
def test_deploy_answers_lookups_from_the_region(preview: bool) -> None:
    def build() -> dict[str, Any]:
        return {
            "account": aws.get_caller_identity_output().account_id,
            "partition": aws.get_partition_output().partition,
            "region": aws.get_region_output().region,
            "zones": aws.get_availability_zones_output().zone_ids,
        }

    deployment = deploy(build, preview=preview, region="us-gov-west-1")
    assert {key: deployment.value(key) for key in deployment.result} == {
        "account": "123456789012",
        "partition": "aws-us-gov",
        "region": "us-gov-west-1",
        "zones": ["usgw1-az1", "usgw1-az2", "usgw1-az3"],
    }


def test_deploy_refuses_an_unknown_lookup_by_name() -> None:
    with pytest.raises(UnsupportedError, match="aws:ec2/getAmi:getAmi cannot be answered without the cloud"):
        deploy(lambda: aws.ec2.get_ami_output(owners=["amazon"]).id)


def test_deploy_reads_other_stacks_and_keeps_secrets_secret() -> None:
    def build() -> dict[str, Any]:
        below = pulumi.StackReference("organization/platform/dev.network")
        return {"vpc": below.require_output("vpc_id"), "key": below.require_output("key"), "none": below.get_output("none")}

    upstream = {"dev.network": {"vpc_id": "vpc-1", "key": wire.secret("k")}}
    for preview in (True, False):
        deployment = deploy(build, preview=preview, upstream=upstream)
        assert deployment.output("vpc") == ("vpc-1", True, False)
        assert deployment.output("key")[2] is True
        assert deployment.output("none").value is None


def test_deploy_names_the_stack_that_is_missing() -> None:
    with pytest.raises(UpstreamError, match=r"stack dev\.network has not been brought up"):
        deploy(lambda: pulumi.StackReference("organization/platform/dev.network"))


def test_deploy_refuses_the_same_name_twice() -> None:
    def build() -> None:
        aws.ec2.Vpc("a", cidr_block="10.0.0.0/16")
        aws.ec2.Vpc("a", cidr_block="10.1.0.0/16")

    with pytest.raises(UnsupportedError, match="Duplicate resource URN"):
        deploy(build)


def test_deploy_raises_what_an_apply_raised() -> None:
    def refuse(_: str) -> str:
        raise DeclarationError([Problem("no", field="cidr")])

    with pytest.raises(DeclarationError, match="cidr  no"):
        deploy(lambda: aws.ec2.Vpc("a", cidr_block=pulumi.Output.from_input("10.0.0.0/16").apply(refuse)))


def test_deploy_collects_warnings_and_leaves_nothing_behind() -> None:
    def build() -> None:
        pulumi.log.warn("old version")
        pulumi.log.info("chatter")

    assert deploy(build).warnings == ["old version"]
    assert get_root_resource() is None
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_an_output_made_after_the_run_is_refused() -> None:
    deployment = deploy(lambda: Pair("net"))
    assert deployment.output("vpc_id").known
    with pytest.raises(AssertionError, match="0 of aws:s3/bucket:Bucket"):
        deployment.one("aws:s3/bucket:Bucket")
