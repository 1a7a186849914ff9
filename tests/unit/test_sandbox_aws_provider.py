"""The AWS plugin's behaviour beyond one type: checks, names, previews, drift, imports, replays, lookups, errors."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from platformctl.sandbox.aws.provider import AwsProvider
from platformctl.sandbox.aws.session import SandboxServer
from platformctl.sandbox.plugin import UNKNOWN, ProviderError, Secret, Subject
from tests.unit.aws_cases import READ, TRUST
from tests.unit.aws_sandbox import REGION, Resource, provider, running_server, urn

VPC, SUBNET, ROLE, GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:iam/role:Role", "aws:ec2/securityGroup:SecurityGroup"
LOGS, TABLE, ROUTE = "aws:cloudwatch/logGroup:LogGroup", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with running_server() as address:
        yield address


@pytest.fixture
def aws(endpoint: str) -> AwsProvider:
    return provider(endpoint)


def client(endpoint: str, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="b")


def subject(token: str, name: str = "thing", resource_id: str = "") -> Subject:
    return Subject(urn(token, name), token, name, resource_id)


def problems(aws: AwsProvider, token: str, inputs: dict[str, Any]) -> str:
    return "\n".join(f"{failure.property} {failure.reason}" for failure in aws.check(subject(token), {}, inputs).failures)


# -- check


@pytest.mark.parametrize(
    ("token", "inputs", "said"),
    [
        (VPC, {"cidrBlok": "10.0.0.0/16"}, "cidrBlok"),
        (
            "aws:eks/cluster:Cluster",
            {"roleArn": "arn:aws:iam::1:role/x", "vpcConfig": {"subnetIds": [], "endpointPrivateAcces": True}},
            "endpointPrivateAcces",
        ),
        (VPC, {"cidrBlock": ["10.0.0.0/16"]}, "cidrBlock"),
        (SUBNET, {"cidrBlock": "10.0.0.0/24"}, "vpcId is required"),
        ("aws:ec2/natGateway:NatGateway", {"allocationId": "eipalloc-1"}, "a zonal NAT gateway needs subnetId"),
        ("aws:ec2/flowLog:FlowLog", {"trafficType": "ALL"}, "a flow log needs one of vpcId"),
        ("aws:lambda/function:Function", {"role": "x"}, "the sandbox has no resource type aws:lambda/function:Function"),
    ],
)
def test_wrong_inputs_are_refused_by_name(aws, token, inputs, said):
    assert said in problems(aws, token, inputs)


def test_right_inputs_with_unknown_values_pass(aws):
    assert problems(aws, SUBNET, {"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/24", "tags": {"a": UNKNOWN}}) == ""


def test_defaults_and_default_tags_are_filled_in(endpoint):
    aws = provider(endpoint, defaultTags={"tags": {"env": "dev", "a": "default"}})
    inputs = aws.check(subject(VPC), {}, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "own"}}).inputs
    assert inputs["tags"] == {"env": "dev", "a": "own"}
    assert inputs["enableDnsSupport"] is True
    assert "tags" not in aws.check(subject(ROUTE), {}, {"routeTableId": "rtb-1"}).inputs, "a route has no tags"


# -- names


def test_a_name_is_the_same_for_the_same_program_and_another_after_a_change(aws):
    first, again = (aws.check(subject(ROLE), {}, {"assumeRolePolicy": TRUST}).inputs["name"] for _ in range(2))
    assert first == again
    assert first.startswith("thing-")
    assert len(first) == len("thing-") + 7
    assert aws.check(subject(ROLE), {}, {"assumeRolePolicy": READ}).inputs["name"] != first, "a replacement does not collide"


def test_a_resource_keeps_its_name_on_update(aws):
    olds = aws.check(subject(ROLE), {}, {"assumeRolePolicy": TRUST}).inputs
    assert aws.check(subject(ROLE), olds, {"assumeRolePolicy": READ}).inputs["name"] == olds["name"]


def test_a_given_name_and_a_prefix_are_respected(aws):
    assert aws.check(subject(ROLE), {}, {"assumeRolePolicy": TRUST, "name": "mine"}).inputs["name"] == "mine"
    assert aws.check(subject(ROLE), {}, {"assumeRolePolicy": TRUST, "namePrefix": "pre-"}).inputs["name"].startswith("pre-")
    alias = aws.check(subject("aws:kms/alias:Alias"), {}, {"targetKeyId": "x"}).inputs["name"]
    assert alias.startswith("alias/thing-")


@pytest.mark.parametrize(
    ("token", "prop", "limit"),
    [(ROLE, "name", 64), ("aws:eks/nodeGroup:NodeGroup", "nodeGroupName", 63), ("aws:s3/bucket:Bucket", "bucket", 63)],
)
def test_a_long_logical_name_is_shortened_to_the_limit(aws, token, prop, limit):
    name = aws.check(subject(token, "N" * 100), {}, {}).inputs[prop]
    assert len(name) <= limit
    olds = {prop: name}
    assert aws.check(subject(token, "N" * 100), olds, {"tags": {"a": "b"}}).inputs[prop] == name


def test_a_fixed_name_is_deleted_before_it_is_replaced_an_automatic_one_is_not(aws):
    for given, first in (({"name": "mine"}, True), ({}, False)):
        old = aws.check(subject(GROUP), {}, {"vpcId": "vpc-1", **given}).inputs
        new = aws.check(subject(GROUP), old, {"vpcId": "vpc-2", **given}).inputs
        difference = aws.diff(subject(GROUP, resource_id="sg-1"), old, old, new)
        assert list(difference.replaces) == ["vpcId"]
        assert difference.delete_before_replace is first


# -- preview


def test_a_preview_knows_the_inputs_and_nothing_else(aws):
    outputs = aws.create(subject(VPC), {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}, preview=True).outputs
    assert outputs["cidrBlock"] == "10.0.0.0/16"
    assert outputs["tagsAll"] == {"a": "b"}
    assert outputs["region"] == REGION
    assert outputs["arn"] is UNKNOWN
    assert outputs["defaultSecurityGroupId"] is UNKNOWN


def test_a_preview_of_an_update_marks_what_the_update_changes(aws):
    token = "aws:ec2/launchTemplate:LaunchTemplate"
    old = {"name": "x", "imageId": "ami-1"}
    outputs = aws.update(
        subject(token, resource_id="lt-1"), old, {**old, "arn": "a", "latestVersion": 1}, {"name": "x", "imageId": "ami-2"}, preview=True
    )
    assert outputs["imageId"] == "ami-2"
    assert outputs["latestVersion"] is UNKNOWN
    assert outputs["arn"] == "a"


# -- drift and import


@pytest.fixture
def vpc(aws) -> Resource:
    return Resource(aws, VPC, "drifting").create({"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}})


def test_changes_behind_the_engines_back_are_read_and_repaired(aws, endpoint, vpc):
    ec2 = client(endpoint, "ec2")
    ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})
    ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "a", "Value": "x"}, {"Key": "new", "Value": "y"}])
    assert vpc.refresh()
    program = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}
    assert sorted(vpc.diff(program).changes) == ["enableDnsSupport", "tags.a", "tags.new"]
    vpc.update(program)
    assert ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"] is True
    assert ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert not vpc.refresh()


def test_a_rule_opened_in_the_default_group_is_drift_and_closed_again(aws, endpoint, vpc):
    group = Resource(aws, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "locked").create({"vpcId": vpc.id})
    ec2 = client(endpoint, "ec2")
    everyone = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group.id, IpPermissions=everyone)
    assert group.refresh()
    assert list(group.diff({"vpcId": vpc.id}).changes) == ["ingress"] or "ingress[0]" in group.diff({"vpcId": vpc.id}).changes
    group.update({"vpcId": vpc.id})
    assert ec2.describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]["IpPermissions"] == []


def test_a_route_that_was_repointed_and_one_that_was_deleted(aws, endpoint, vpc):
    ec2 = client(endpoint, "ec2")
    table = Resource(aws, TABLE, "routes").create({"vpcId": vpc.id})
    first, second = (Resource(aws, "aws:ec2/internetGateway:InternetGateway", name).create({}).id for name in ("one", "two"))
    program = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": first}
    route = Resource(aws, ROUTE, "default").create(program)
    ec2.replace_route(RouteTableId=table.id, DestinationCidrBlock="0.0.0.0/0", GatewayId=second)
    assert route.refresh()
    assert list(route.diff(program).changes) == ["gatewayId"]
    ec2.delete_route(RouteTableId=table.id, DestinationCidrBlock="0.0.0.0/0")
    assert route.read() is None


def test_a_policy_document_is_compared_by_meaning(aws, endpoint):
    role = Resource(aws, ROLE, "documents").create({"assumeRolePolicy": TRUST})
    document = json.loads(TRUST)
    document["Statement"][0]["Action"] = [document["Statement"][0]["Action"]]
    same = json.dumps(document, indent=4)
    assert not role.diff({"assumeRolePolicy": same}).changes
    client(endpoint, "iam").update_assume_role_policy(RoleName=role.id, PolicyDocument=TRUST.replace("eks", "ec2"))
    assert role.refresh()
    assert list(role.diff({"assumeRolePolicy": TRUST}).changes) == ["assumeRolePolicy"]


def test_an_existing_resource_is_imported_by_id_and_then_unchanged(aws, endpoint):
    made = client(endpoint, "ec2").create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    state = aws.read(subject(VPC, "imported", made), {}, {})
    assert state is not None
    assert state.inputs["cidrBlock"] == "10.3.0.0/16"
    imported = Resource(aws, VPC, "imported", state.inputs, state.outputs, state.id)
    changes = imported.diff({"cidrBlock": "10.3.0.0/16"}).changes
    assert all(kind == "delete" for kind in changes.values()), "only what the program leaves out"


def test_an_id_of_several_parts_is_imported(aws, vpc):
    table = Resource(aws, TABLE, "for-import").create({"vpcId": vpc.id})
    gateway = Resource(aws, "aws:ec2/internetGateway:InternetGateway", "for-import").create({}).id
    made = Resource(aws, ROUTE, "for-import").create({"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway})
    state = aws.read(subject(ROUTE, "imported", f"{table.id}_0.0.0.0/0"), {}, {})
    assert state is not None
    assert state.id == made.id
    assert state.inputs["gatewayId"] == gateway


def test_importing_what_does_not_exist_finds_nothing(aws):
    assert aws.read(subject(VPC, "none", "vpc-00000000"), {}, {}) is None


# -- creates that a killed engine made


def vpcs(endpoint: str) -> set[str]:
    return {found["VpcId"] for found in client(endpoint, "ec2").describe_vpcs()["Vpcs"]}


def test_a_create_that_the_engine_never_learnt_of_is_not_repeated(endpoint):
    inputs = {"cidrBlock": "10.4.0.0/16"}
    killed = Resource(provider(endpoint), VPC, "killed").create(inputs)
    before = vpcs(endpoint)
    again = Resource(provider(endpoint), VPC, "killed").create(inputs)
    assert again.id == killed.id
    assert vpcs(endpoint) == before


def test_an_orphan_made_from_other_inputs_is_removed(endpoint):
    killed = Resource(provider(endpoint), VPC, "orphaned").create({"cidrBlock": "10.5.0.0/16"})
    before = vpcs(endpoint)
    again = Resource(provider(endpoint), VPC, "orphaned").create({"cidrBlock": "10.6.0.0/16"})
    assert again.id != killed.id
    assert vpcs(endpoint) == before - {killed.id} | {again.id}


def test_a_resource_the_engine_knows_is_confirmed_and_made_anew_on_replacement(endpoint):
    inputs = {"cidrBlock": "10.7.0.0/16"}
    known = Resource(provider(endpoint), VPC, "known").create(inputs)
    server = SandboxServer(endpoint)
    assert known.subject.urn in server.unconfirmed()
    next_run = provider(endpoint)
    known.aws = next_run
    known.diff(inputs)
    assert known.subject.urn not in server.unconfirmed()
    assert Resource(next_run, VPC, "known").create(inputs).id != known.id


def test_the_old_resource_of_a_broken_off_replacement_does_not_confirm_the_new_one(endpoint):
    old = Resource(provider(endpoint), VPC, "replaced").create({"cidrBlock": "10.8.0.0/16"})
    SandboxServer(endpoint).confirm(old.subject.urn, old.id)
    new = Resource(provider(endpoint), VPC, "replaced").create({"cidrBlock": "10.9.0.0/16"})  # then the engine was killed
    old.aws = provider(endpoint)
    old.diff({"cidrBlock": "10.9.0.0/16"})
    assert Resource(old.aws, VPC, "replaced").create({"cidrBlock": "10.9.0.0/16"}).id == new.id


# -- errors


def test_an_aws_error_is_its_code_and_message(aws, vpc):
    Resource(aws, SUBNET, "first").create({"vpcId": vpc.id, "cidrBlock": "10.0.0.0/24"})
    with pytest.raises(Exception, match=r".") as caught:
        Resource(aws, SUBNET, "second").create({"vpcId": vpc.id, "cidrBlock": "10.0.0.0/25"})
    assert aws.error_text(caught.value) == "CreateSubnet: InvalidSubnet.Conflict: The CIDR '10.0.0.0/25' conflicts with another subnet"


def test_parameters_of_a_recorded_type_are_validated(aws):
    token = "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion"
    with pytest.raises(ProviderError, match="InternetGatewayExclusionMode"):
        aws.create(subject(token), {"vpcId": "vpc-1", "internetGatewayExclusionMode": 3}, preview=False)


def test_an_add_on_of_a_cluster_that_does_not_exist_is_refused(aws):
    token = "aws:eks/addon:Addon"
    with pytest.raises(Exception, match=r".") as caught:
        Resource(aws, token, "lost").create({"clusterName": "none", "addonName": "coredns"})
    assert "ResourceNotFoundException" in str(aws.error_text(caught.value))


def test_a_protected_cluster_is_not_deleted(aws, vpc):
    role = Resource(aws, ROLE, "protecting").create({"assumeRolePolicy": TRUST})
    subnet = Resource(aws, SUBNET, "protecting").create({"vpcId": vpc.id, "cidrBlock": "10.0.9.0/24"})
    inputs = {"roleArn": role.outputs["arn"], "vpcConfig": {"subnetIds": [subnet.id]}, "deletionProtection": True}
    cluster = Resource(aws, "aws:eks/cluster:Cluster", "protected").create(inputs)
    with pytest.raises(ProviderError, match="deletion protection is enabled"):
        cluster.delete()
    cluster.update({**inputs, "deletionProtection": False})
    cluster.delete()
    groups = aws.invoke("aws:ec2/getSecurityGroup:getSecurityGroup", {"name": "default", "vpcId": vpc.id}, preview=False)
    assert groups["vpcId"] == vpc.id, "the cluster's own security group went with it"


# -- lookups


def test_lookups_of_account_and_region(aws):
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, preview=False)["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getPartition:getPartition", {}, preview=False)["dnsSuffix"] == "amazonaws.com"
    assert aws.invoke("aws:index/getRegion:getRegion", {}, preview=False)["region"] == REGION
    zones = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"}, preview=False)
    assert zones["names"] == [f"{REGION}{letter}" for letter in "abc"]
    assert len(zones["zoneIds"]) == 3
    zone = aws.invoke("aws:index/getAvailabilityZone:getAvailabilityZone", {"zoneId": zones["zoneIds"][0]}, preview=False)
    assert zone["name"] == zones["names"][0]


def test_an_image_parameter_has_a_stable_well_formed_value(aws):
    name = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/arm64/standard/recommended/image_id"
    first, second = (aws.invoke("aws:ssm/getParameter:getParameter", {"name": name}, preview=False)["value"] for _ in range(2))
    assert first == second
    assert first.startswith("ami-0")
    with pytest.raises(Exception, match="ParameterNotFound"):
        aws.invoke("aws:ssm/getParameter:getParameter", {"name": "/mine"}, preview=False)


def test_a_policy_document_is_built(aws):
    statement = {
        "sid": "A",
        "actions": ["s3:Get*", "s3:List*"],
        "resources": ["*"],
        "principals": [{"type": "AWS", "identifiers": ["arn:1"]}],
        "conditions": [{"test": "StringEquals", "variable": "aws:x", "values": ["y"]}],
    }
    built = json.loads(aws.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [statement]}, preview=False)["json"])
    assert built["Statement"] == [
        {
            "Sid": "A",
            "Effect": "Allow",
            "Action": ["s3:List*", "s3:Get*"],
            "Resource": "*",
            "Principal": {"AWS": "arn:1"},
            "Condition": {"StringEquals": {"aws:x": "y"}},
        }
    ]


def test_lookups_of_what_was_made(aws, vpc):
    subnet = Resource(aws, SUBNET, "found").create({"vpcId": vpc.id, "cidrBlock": "10.0.8.0/24", "tags": {"find": "me"}})
    assert aws.invoke("aws:ec2/getVpc:getVpc", {"id": vpc.id}, preview=False)["cidrBlock"] == "10.0.0.0/16"
    assert aws.invoke("aws:ec2/getSubnet:getSubnet", {"tags": {"find": "me"}, "vpcId": vpc.id}, preview=False)["id"] == subnet.id
    ids = aws.invoke("aws:ec2/getSubnets:getSubnets", {"filters": [{"name": "vpc-id", "values": [vpc.id]}]}, preview=False)["ids"]
    assert subnet.id in ids
    with pytest.raises(ProviderError, match="0 results for the VPC"):
        aws.invoke("aws:ec2/getVpc:getVpc", {"id": "vpc-none"}, preview=False)


def test_a_token_is_secret_and_an_unknown_lookup_is_named(aws):
    assert isinstance(aws.invoke("aws:eks/getClusterAuth:getClusterAuth", {"name": "x"}, preview=False)["token"], Secret)
    with pytest.raises(ProviderError, match="aws:ec2/getAmi:getAmi"):
        aws.invoke("aws:ec2/getAmi:getAmi", {}, preview=False)


def test_without_an_endpoint_the_plugin_refuses_to_talk_to_anything(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(ProviderError, match="AWS_ENDPOINT_URL is not set"):
        AwsProvider().configure({"region": REGION})


def test_a_resource_of_another_region_lives_there(aws, endpoint):
    group = Resource(aws, LOGS, "abroad").create({"region": "us-east-1"})
    assert group.outputs["region"] == "us-east-1"
    names = boto3.client("logs", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="b")
    assert [found["logGroupName"] for found in names.describe_log_groups()["logGroups"]] == [group.id]
