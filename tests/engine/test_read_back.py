"""What the dev environment declares, read back from AWS by boto3. Expectations come from its YAML file, not from our own planner."""

import json
from ipaddress import ip_network
from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.engine.conftest import Repository

pytestmark = pytest.mark.long

ISOLATED = {"intra", "database", "cache"}


@pytest.fixture(scope="module")
def declared(dev: Repository) -> dict[str, Any]:
    text = (dev.root / "stacks" / "environments" / "dev.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.fixture(scope="module")
def vpc(dev: Repository) -> dict[str, Any]:
    (only,) = [item for item in dev.aws("ec2").describe_vpcs()["Vpcs"] if not item["IsDefault"]]
    return dict(only)


@pytest.fixture(scope="module")
def subnets(dev: Repository, vpc: dict[str, Any]) -> list[dict[str, Any]]:
    return list(dev.aws("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"])


def tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}


def test_the_vpc_and_its_subnets(declared: dict[str, Any], vpc: dict[str, Any], subnets: list[dict[str, Any]], dev: Repository) -> None:
    network = declared["network"]
    assert vpc["CidrBlock"] == network["cidr"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = dev.aws("ec2").describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True
    expected = {(tier, zone) for tier in network["tiers"] for zone in network["zones"]}
    assert sorted((tags(item)["Tier"], item["AvailabilityZoneId"]) for item in subnets) == sorted(expected)
    blocks = [ip_network(item["CidrBlock"]) for item in subnets]
    assert all(block.subnet_of(ip_network(network["cidr"])) for block in blocks)
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))
    assert not any(item["MapPublicIpOnLaunch"] for item in subnets)
    for item in subnets:
        roles = {key for key in tags(item) if key.startswith("kubernetes.io/role/")}
        assert roles == {"public": {"kubernetes.io/role/elb"}, "private": {"kubernetes.io/role/internal-elb"}}.get(
            tags(item)["Tier"], set()
        )
        assert tags(item)["Environment"] == "dev"


def test_routes(vpc: dict[str, Any], subnets: list[dict[str, Any]], dev: Repository) -> None:
    ec2 = dev.aws("ec2")
    (nat,) = [item for item in ec2.describe_nat_gateways()["NatGateways"] if item["State"] == "available"]
    (gateway,) = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}])["InternetGateways"]
    (address,) = ec2.describe_addresses()["Addresses"]
    assert nat["NatGatewayAddresses"][0]["AllocationId"] == address["AllocationId"]
    tier_of = {item["SubnetId"]: tags(item)["Tier"] for item in subnets}
    assert tier_of[nat["SubnetId"]] == "public"
    ways_out: dict[str, set[str]] = {}
    for table in ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]:
        out = {
            route.get("NatGatewayId") or route.get("GatewayId")
            for route in table["Routes"]
            if route.get("DestinationCidrBlock") == "0.0.0.0/0"
        }
        for association in table["Associations"]:
            if association.get("Main"):
                assert not out, "the main route table leads nowhere"
            else:
                ways_out[association["SubnetId"]] = out
    assert set(ways_out) == set(tier_of), "every subnet has a route table of ours"
    for subnet, tier in tier_of.items():
        expected = {"public": {gateway["InternetGatewayId"]}, "private": {nat["NatGatewayId"]}}.get(tier, set())
        assert ways_out[subnet] == expected, tier
        assert expected or tier in ISOLATED


def test_the_defaults_are_locked_down(vpc: dict[str, Any], dev: Repository) -> None:
    ec2 = dev.aws("ec2")
    mine = {"Name": "vpc-id", "Values": [vpc["VpcId"]]}
    (group,) = ec2.describe_security_groups(Filters=[mine, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    assert group["IpPermissions"] == []
    assert group["IpPermissionsEgress"] == []
    (acl,) = ec2.describe_network_acls(Filters=[mine, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
    assert [entry for entry in acl["Entries"] if entry["RuleAction"] == "allow"] == []


def test_endpoints(declared: dict[str, Any], vpc: dict[str, Any], dev: Repository) -> None:
    ec2 = dev.aws("ec2")
    mine = {"Name": "vpc-id", "Values": [vpc["VpcId"]]}
    endpoints = {
        item["ServiceName"]: item for item in ec2.describe_vpc_endpoints(Filters=[mine])["VpcEndpoints"] if item["State"] != "deleted"
    }
    prefix = f"com.amazonaws.{declared['region']}"
    assert set(endpoints) == {f"{prefix}.s3", f"{prefix}.dynamodb"}
    tables = ec2.describe_route_tables(Filters=[mine])["RouteTables"]
    ours = {table["RouteTableId"] for table in tables if not any(association.get("Main") for association in table["Associations"])}
    for endpoint in endpoints.values():
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert set(endpoint["RouteTableIds"]) == ours
        statements = json.loads(endpoint["PolicyDocument"])["Statement"]
        for statement in statements:
            # Nobody else's identities pass, but to read the images and packages that nodes are made of.
            assert "Condition" in statement or (statement["Action"] == "s3:GetObject" and "*" not in statement["Resource"])


def test_flow_logs(vpc: dict[str, Any], dev: Repository) -> None:
    (flow,) = dev.aws("ec2").describe_flow_logs()["FlowLogs"]
    assert (flow["ResourceId"], flow["TrafficType"]) == (vpc["VpcId"], "ALL")
    groups = {group["logGroupName"]: group for group in dev.aws("logs").describe_log_groups()["logGroups"]}
    group = groups[flow["LogDestination"].split(":")[6]]
    assert group["retentionInDays"] == 14
    iam, role = dev.aws("iam"), flow["DeliverLogsPermissionArn"].rsplit("/", 1)[1]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert {statement["Principal"]["Service"] for statement in trust["Statement"]} == {"vpc-flow-logs.amazonaws.com"}
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        changes = [action for action in actions if not action.startswith("logs:Describe")]
        assert not changes or all(f":log-group:{group['logGroupName']}" in resource for resource in resources), statement


def test_the_cluster(declared: dict[str, Any], subnets: list[dict[str, Any]], dev: Repository) -> None:
    eks = dev.aws("eks")
    (name,) = eks.list_clusters()["clusters"]
    cluster = eks.describe_cluster(name=name)["cluster"]
    assert cluster["version"] == declared["cluster"]["version"]
    reach = cluster["resourcesVpcConfig"]
    assert (reach["endpointPublicAccess"], reach["endpointPrivateAccess"]) == (False, True)
    private = {item["SubnetId"] for item in subnets if tags(item)["Tier"] == "private"}
    assert set(reach["subnetIds"]) == private
    (encryption,) = cluster["encryptionConfig"]
    key = encryption["provider"]["keyArn"]
    kms = dev.aws("kms")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert key.rsplit("/", 1)[1] in {alias.get("TargetKeyId") for alias in kms.list_aliases()["Aliases"]}
    groups = {group["logGroupName"]: group for group in dev.aws("logs").describe_log_groups()["logGroups"]}
    assert groups[f"/aws/eks/{name}/cluster"]["kmsKeyId"] == key
    assert groups[f"/aws/eks/{name}/cluster"]["retentionInDays"] > 0
    enabled = {kind for entry in cluster["logging"]["clusterLogging"] if entry["enabled"] for kind in entry["types"]}
    assert "audit" in enabled


def test_the_nodes(declared: dict[str, Any], subnets: list[dict[str, Any]], dev: Repository) -> None:
    eks, ec2 = dev.aws("eks"), dev.aws("ec2")
    (name,) = eks.list_clusters()["clusters"]
    pool = declared["cluster"]["pools"]["system"]
    (group_name,) = eks.list_nodegroups(clusterName=name)["nodegroups"]
    group = eks.describe_nodegroup(clusterName=name, nodegroupName=group_name)["nodegroup"]
    assert (group["scalingConfig"]["minSize"], group["scalingConfig"]["maxSize"]) == (pool["min"], pool["max"])
    assert group["instanceTypes"] == pool["instance_types"]
    assert set(group["subnets"]) == {item["SubnetId"] for item in subnets if tags(item)["Tier"] == "private"}
    template = group["launchTemplate"]
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["id"], Versions=[template["version"]])
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    for mapping in data["BlockDeviceMappings"]:
        assert mapping["Ebs"]["Encrypted"] is True
        assert mapping["Ebs"]["VolumeType"] == "gp3"


def test_roles(dev: Repository) -> None:
    iam = dev.aws("iam")
    attached = {
        role["RoleName"].rsplit("-", 1)[0]: {
            policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
        }
        for role in iam.list_roles()["Roles"]
    }
    assert attached["dev-cluster-role"] == {"AmazonEKSClusterPolicy"}
    assert attached["dev-node"] == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
    assert not any("Administrator" in policy or "FullAccess" in policy for policies in attached.values() for policy in policies)
    for role in iam.list_roles()["Roles"]:
        for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            for statement in iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert "*" not in actions, (role["RoleName"], policy)


def environments_topic(declared: dict[str, Any], dev: Repository) -> dict[str, Any]:
    topics = dev.aws("sns", declared["region"]).list_topics()["Topics"]
    (topic,) = (one for one in topics if one["TopicArn"].endswith(f":{declared['environment']}-cost-alerts"))
    return topic


def test_the_budget_tells_whom_the_file_names(declared: dict[str, Any], dev: Repository) -> None:
    budgets, account = dev.aws("budgets", "us-east-1"), dev.aws("sts").get_caller_identity()["Account"]
    # Teams have budgets and topics of their own.
    of_environment = {"TagKeyValue": [f"user:Environment${declared['environment']}"]}
    (budget,) = (one for one in budgets.describe_budgets(AccountId=account)["Budgets"] if one["CostFilters"] == of_environment)
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert (float(budget["BudgetLimit"]["Amount"]), budget["BudgetLimit"]["Unit"]) == (declared["budget"]["monthly_usd"], "USD")
    of = {"AccountId": account, "BudgetName": budget["BudgetName"]}
    notifications = budgets.describe_notifications_for_budget(**of)["Notifications"]
    assert sorted((one["NotificationType"], one["Threshold"], one["ThresholdType"]) for one in notifications) == [
        *(("ACTUAL", share, "PERCENTAGE") for share in (50, 80, 100)),
        ("FORECASTED", 100, "PERCENTAGE"),
    ]
    topic = environments_topic(declared, dev)
    for notification in notifications:
        subscribers = budgets.describe_subscribers_for_notification(**of, Notification=notification)["Subscribers"]
        assert {(one["SubscriptionType"], one["Address"]) for one in subscribers} == {
            ("SNS", topic["TopicArn"]),
            *(("EMAIL", address) for address in declared["budget"]["notify"]),
        }


def test_only_the_cost_services_of_the_account_publish_to_the_topic_and_use_its_key(declared: dict[str, Any], dev: Repository) -> None:
    account = dev.aws("sts").get_caller_identity()["Account"]
    sns = dev.aws("sns", declared["region"])
    topic = environments_topic(declared, dev)
    attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    kms = dev.aws("kms", declared["region"])
    key = attributes["KmsMasterKeyId"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    services = {"budgets.amazonaws.com", "costalerts.amazonaws.com"}
    for document, actions in [
        (attributes["Policy"], {"sns:Publish"}),
        (kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], {"kms:GenerateDataKey*", "kms:Decrypt"}),
    ]:
        allowed = [one for one in json.loads(document)["Statement"] if one["Effect"] == "Allow"]
        (entry,) = [one for one in allowed if "Service" in one["Principal"]]
        assert set(entry["Principal"]["Service"]) == services
        assert {*([entry["Action"]] if isinstance(entry["Action"], str) else entry["Action"])} == actions
        assert entry["Condition"] == {"StringEquals": {"aws:SourceAccount": account}}
        # Whoever else is let in is the account itself, whose IAM policies decide.
        assert all(one["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"} for one in allowed if one is not entry)
