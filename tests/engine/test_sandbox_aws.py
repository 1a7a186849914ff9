"""AWS resources through the real engine: preview, up, secrets, ignored changes, replacement, import, refused inputs, destroy."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from platformctl.sandbox import lifecycle
from tests.engine.test_sandbox_lifecycle import Program

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

settings = pulumi.Config()
tagged = aws.Provider("tagged", region="eu-west-1", default_tags={"tags": {"owner": "platform"}})
on = pulumi.ResourceOptions(provider=tagged)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={"Name": "small"}, opts=on)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=settings.get("subnet") or "10.0.1.0/24", availability_zone="eu-west-1a",
                        opts=on)
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=on)
aws.vpc.SecurityGroupIngressRule(
    "rule", security_group_id=group.id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ipv4=vpc.cidr_block, opts=on
)
trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
role = aws.iam.Role("role", assume_role_policy=trust, opts=on)
queue = aws.sqs.Queue("queue", message_retention_seconds=300,
                      opts=pulumi.ResourceOptions(provider=tagged, ignore_changes=["messageRetentionSeconds"]))
aws.ssm.Parameter("parameter", name="/small/secret", type="SecureString", value=settings.require_secret("password"), opts=on)
adopted = settings.get("adopt")
if adopted:
    aws.cloudwatch.LogGroup("adopted", name=adopted, retention_in_days=7,
                            opts=pulumi.ResourceOptions(provider=tagged, import_=adopted))
pulumi.export("vpc", vpc.id)
pulumi.export("arn", vpc.arn)
pulumi.export("account", aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=tagged)).account_id)
"""
RESOURCES = 8
"""Of the provider: the provider itself, and what it makes."""
PASSWORD = "correct-horse-battery"


class AwsProgram(Program):
    """The program above, and a view of the AWS it is brought up in."""

    def aws(self, service):
        return boto3.client(
            service, region_name="eu-west-1", endpoint_url=self.sandbox.url, aws_access_key_id="sandbox", aws_secret_access_key="sandbox"
        )


@pytest.fixture
def program(tmp_path: Path) -> Iterator[AwsProgram]:
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    with lifecycle.temporary(tmp_path, "engine", lambda _: None) as sandbox:
        made = AwsProgram(tmp_path, sandbox)
        made.run("stack", "init")
        made.run("config", "set", "--secret", "password", PASSWORD)
        yield made


def test_from_preview_to_destroy(program: AwsProgram) -> None:
    preview = program.run("preview")
    assert f"+ {RESOURCES + 1} to create" in preview
    ec2 = program.aws("ec2")
    assert not [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]], "a preview makes nothing"

    program.up()
    outputs = json.loads(program.run("stack", "output", "--json"))
    assert outputs["account"] == "123456789012"
    assert outputs["arn"].endswith(f"vpc/{outputs['vpc']}")
    tags = {tag["Key"]: tag["Value"] for tag in ec2.describe_vpcs(VpcIds=[outputs["vpc"]])["Vpcs"][0]["Tags"]}
    assert tags == {"Name": "small", "owner": "platform"}
    assert PASSWORD not in program.run("stack", "export"), "a secret input is a secret output"
    assert program.aws("ssm").get_parameter(Name="/small/secret", WithDecryption=True)["Parameter"]["Value"] == PASSWORD

    assert f"{RESOURCES + 1} unchanged" in program.up()
    assert f"{RESOURCES + 1} unchanged" in program.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    assert "- 9 deleted" in program.run("destroy", "--yes", "--skip-preview")
    assert not [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    assert program.aws("sqs").list_queues().get("QueueUrls", []) == []
    assert program.sandbox.status().recorded == {}


def test_ignored_changes_are_left_others_repaired_and_a_replacement_is_one(program: AwsProgram) -> None:
    program.up()
    sqs, ec2 = program.aws("sqs"), program.aws("ec2")
    (queue,) = sqs.list_queues()["QueueUrls"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "900"})
    (group,) = [found for found in ec2.describe_security_groups()["SecurityGroups"] if found["GroupName"].startswith("group-")]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    program.run("refresh", "--yes", "--skip-preview")
    assert "+ 1 created" in program.up()
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["MessageRetentionPeriod"] == "900"
    assert ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"][0]["IpPermissions"] == group["IpPermissions"]

    program.run("config", "set", "subnet", "10.0.2.0/24")
    assert "+-1 replaced" in program.up()
    assert [subnet["CidrBlock"] for subnet in ec2.describe_subnets()["Subnets"] if not subnet["DefaultForAz"]] == ["10.0.2.0/24"]


def test_an_existing_resource_is_adopted(program: AwsProgram) -> None:
    logs = program.aws("logs")
    logs.create_log_group(logGroupName="/old/group", tags={"owner": "platform"})
    logs.put_retention_policy(logGroupName="/old/group", retentionInDays=7)
    program.run("config", "set", "adopt", "/old/group")
    assert "= 1 imported" in program.up()
    assert f"{RESOURCES + 2} unchanged" in program.up()


def test_a_misspelt_nested_key_is_refused_in_the_preview(program: AwsProgram) -> None:
    source = (program.root / "__main__.py").read_text()
    broken = (
        source + '\naws.eks.Cluster("c", role_arn=role.arn, vpc_config={"subnetIds": [subnet.id], "endpointPrivateAcces": True}, opts=on)\n'
    )
    (program.root / "__main__.py").write_text(broken)
    output = program.run("preview", check=1)
    assert "endpointPrivateAcces" in output
    assert "Traceback" not in output
