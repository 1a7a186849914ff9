from dataclasses import replace
from typing import Any

import pytest
from platform_policies.graph import UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import eks
from platform_policies.rules.eks import ACCESS_ENTRY, CLUSTER, NODE_GROUP, RULES

from tests.policies.cases import Case, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []
WORLD = "0.0.0.0/0"


def vpc(**given: Any) -> dict[str, Any]:
    return {"vpcConfig": given}


def endpoint() -> None:
    rule = "aws-eks-endpoint-not-public"
    public, blocks = Table(CASES, rule, CLUSTER, "public"), Table(CASES, rule, CLUSTER, "cidr-restricted")
    public.passing(vpc(endpointPublicAccess=False))
    public.failing(vpc(endpointPublicAccess=True), at="vpcConfig.endpointPublicAccess")
    public.absent(Status.FAIL, vpc())
    public.unknown(vpc(endpointPublicAccess=UNKNOWN))
    public.unknown({"vpcConfig": UNKNOWN}, "block")
    blocks.passing(vpc(publicAccessCidrs=["203.0.113.0/24"]))
    blocks.passing(vpc(endpointPublicAccess=False), "private")
    blocks.passing(vpc(endpointPublicAccess=UNKNOWN, publicAccessCidrs=["203.0.113.0/24"]), "either way")
    blocks.failing(vpc(publicAccessCidrs=["203.0.113.0/24", WORLD]), at="vpcConfig.publicAccessCidrs")
    blocks.failing(vpc(publicAccessCidrs=["0.0.0.0/1", UNKNOWN]), "half the world")
    blocks.absent(Status.FAIL, vpc(endpointPublicAccess=True))
    blocks.absent(Status.FAIL, vpc(publicAccessCidrs=[]), "empty")
    blocks.unknown(vpc(publicAccessCidrs=UNKNOWN))
    blocks.unknown(vpc(publicAccessCidrs=[UNKNOWN]), "block")
    blocks.unknown(vpc(endpointPublicAccess=UNKNOWN, publicAccessCidrs=[WORLD]), "endpoint")


def secrets() -> None:
    t = Table(CASES, "aws-eks-secrets-cmk", CLUSTER)
    config = {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-west-1:1:key/1"}}
    t.passing({"encryptionConfig": config})
    t.passing(
        {"encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": UNKNOWN}}},
        "key of this program",
        refers={"encryptionConfig": ["key"]},
        others=[node("aws:kms/key:Key", "key", {})],
    )
    t.failing({"encryptionConfig": {**config, "resources": []}}, "nothing", at="encryptionConfig.resources")
    t.failing({"encryptionConfig": {**config, "provider": {}}}, "no key", at="encryptionConfig.provider.keyArn")
    t.absent(Status.FAIL)
    t.unknown({"encryptionConfig": UNKNOWN})
    t.unknown({"encryptionConfig": {**config, "provider": {"keyArn": UNKNOWN}}}, "key")
    t.unknown({"encryptionConfig": {**config, "resources": [UNKNOWN]}}, "resource")


def logs() -> None:
    t = Table(CASES, "aws-eks-control-plane-logs-all", CLUSTER)
    kept = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    t.passing({"enabledClusterLogTypes": kept})
    t.passing({"enabledClusterLogTypes": ["audit"]}, "setting", settings={"log_types": ["audit"]})
    for index, name in enumerate(kept):
        t.failing({"enabledClusterLogTypes": kept[:index] + kept[index + 1 :]}, f"no {name}", at="enabledClusterLogTypes")
    t.absent(Status.FAIL)
    t.unknown({"enabledClusterLogTypes": UNKNOWN})
    t.unknown({"enabledClusterLogTypes": [*kept[:4], UNKNOWN]}, "one")
    t.passing({"enabledClusterLogTypes": [*kept, UNKNOWN]}, "more")


def versions() -> None:
    t = Table(CASES, "aws-eks-supported-version", CLUSTER)
    last, after = {"today": "2026-12-02"}, {"today": "2026-12-03"}
    for type_ in (CLUSTER, NODE_GROUP):
        t.passing({"version": "1.34"}, f"{type_} on the last day", of=type_, settings=last)
        t.failing({"version": "1.34"}, f"{type_} a day later", of=type_, settings=after, at="version")
        t.absent(Status.PASS, {}, type_, of=type_, settings=last)
    t.passing({"version": "1.35"}, "the next", settings=after)
    t.failing({"version": "1.36"}, "the newest known, when it has left", settings={"today": "2027-08-03"})
    t.passing({"version": "1.37"}, "newer than those known", settings={"today": "2027-08-03"})
    t.passing({"version": 1.36}, "number", settings=last)
    t.passing({"version": "2.0"}, "next major", settings=last)
    t.failing({"version": "1.9"}, "one digit", settings=last)
    t.failing({}, "chosen by EKS, long ago", outputs={"version": "1.29"}, settings=last)
    t.failing({"version": "1.35"}, "by hand, newer", settings={"oldest": "1.36", **last})
    t.passing({"version": "1.33"}, "by hand, older", settings={"oldest": "1.33", **last})
    t.unknown({"version": UNKNOWN}, settings=last)
    t.unknown({"version": "1.35"}, "by hand, no version", settings={"oldest": "newest", **last})


def access() -> None:
    t = Table(CASES, "aws-eks-nodegroup-no-open-remote-access", NODE_GROUP)
    t.passing({"remoteAccess": {"ec2SshKey": "k", "sourceSecurityGroupIds": ["sg-1"]}})
    t.passing({"remoteAccess": {"sourceSecurityGroupIds": []}}, "no key")
    t.passing({"remoteAccess": {"ec2SshKey": UNKNOWN, "sourceSecurityGroupIds": ["sg-1"]}}, "whatever the key")
    t.failing({"remoteAccess": {"ec2SshKey": "k"}}, at="remoteAccess.sourceSecurityGroupIds")
    t.failing({"remoteAccess": {"ec2SshKey": "k", "sourceSecurityGroupIds": []}}, "empty")
    t.absent(Status.PASS)
    t.unknown({"remoteAccess": {"ec2SshKey": "k", "sourceSecurityGroupIds": UNKNOWN}})
    t.unknown({"remoteAccess": {"ec2SshKey": UNKNOWN}}, "key")
    t.unknown({"remoteAccess": UNKNOWN}, "block")


def placed(*more: Node, **inputs: Any) -> dict[str, Any]:
    """A node group in one subnet, and what stands around it."""
    return {"refers": {"subnetIds": ["subnet"]}, "others": [node(eks.SUBNET, "subnet", inputs), *more]}


def routed(*more: Node, routes: Any = None, refers: dict[str, list[str]] | None = None) -> dict[str, Any]:
    table = node(eks.ROUTE_TABLE, "table", {} if routes is None else {"routes": routes}, refers)
    association = node(eks.ASSOCIATION, "association", {}, {"subnetId": ["subnet"], "routeTableId": ["table"]})
    return placed(association, table, *more)


def private() -> None:
    t = Table(CASES, "aws-eks-nodes-private-subnets", NODE_GROUP)
    igw = node(eks.INTERNET_GATEWAY, "igw", {})
    nat = node("aws:ec2/natGateway:NatGateway", "nat", {})
    t.passing({}, "no way out", **placed())
    t.passing({"subnetIds": [UNKNOWN]}, "all known", **placed())
    t.passing({}, "NAT", **routed(nat, node(eks.ROUTE, "route", {}, {"routeTableId": ["table"], "natGatewayId": ["nat"]})))
    t.passing({}, "NAT inline", **routed(routes=[{"natGatewayId": "nat-1"}]))
    t.passing({}, "VPN", **routed(routes=[{"gatewayId": "vgw-1"}]))
    vpn = node("aws:ec2/vpnGateway:VpnGateway", "vpn", {})
    t.passing({}, "VPN by reference", **routed(vpn, node(eks.ROUTE, "route", {}, {"routeTableId": ["table"], "gatewayId": ["vpn"]})))
    t.failing({}, "public addresses", **placed(mapPublicIpOnLaunch=True), at="subnetIds")
    t.failing({}, "route", **routed(igw, node(eks.ROUTE, "route", {}, {"routeTableId": ["table"], "gatewayId": ["igw"]})))
    t.failing({}, "route by id", **routed(node(eks.ROUTE, "route", {"gatewayId": "igw-1"}, {"routeTableId": ["table"]})))
    gateway = replace(igw, outputs={"id": "gateway-of-a-mock"})
    by_id = node(eks.ROUTE, "route", {"gatewayId": "gateway-of-a-mock"}, {"routeTableId": ["table"]})
    t.failing({}, "route by a deployed id", **routed(gateway, by_id))
    t.failing({}, "route inline", **routed(routes=[{"natGatewayId": "nat-1"}, {"gatewayId": "igw-1"}]))
    t.failing({}, "inline by reference", **routed(igw, routes=[{"gatewayId": UNKNOWN}], refers={"routes": ["igw"]}))
    public = node(eks.SUBNET, "public", {"mapPublicIpOnLaunch": True})
    private = [node(eks.SUBNET, f"private{number}", {}) for number in (1, 2)]
    taken = {"others": [public, *private], "refers": {"subnetIds": ["public", "private1", "private2"]}}
    t.failing({"subnetIds": [UNKNOWN, UNKNOWN, UNKNOWN]}, "one of a list of unknown ids", **taken)
    t.unknown({}, "some of many", **taken)
    t.unknown({"subnetIds": [UNKNOWN, UNKNOWN]}, "two of many", **taken)
    deployed = [replace(one, outputs={"id": f"subnet-{one.name}"}) for one in (public, *private)]
    chosen = {"others": deployed, "refers": taken["refers"]}
    t.passing({"subnetIds": ["subnet-private1", "subnet-private2"]}, "deployed, of many", **chosen)
    t.failing({"subnetIds": ["subnet-private1", "subnet-public"]}, "deployed, of many", **chosen)
    t.unknown({"subnetIds": ["subnet-private1", "subnet-9"]}, "deployed, one of others", **chosen)
    t.absent(Status.UNKNOWN, {}, "subnets")
    t.unknown({"subnetIds": [UNKNOWN]}, "subnets of others")
    t.unknown({"subnetIds": [UNKNOWN, "subnet-9"]}, "one of others", **placed())
    t.unknown({}, "public addresses", **placed(mapPublicIpOnLaunch=UNKNOWN))
    t.unknown({}, "route", **routed(node(eks.ROUTE, "route", {"gatewayId": UNKNOWN}, {"routeTableId": ["table"]})))
    t.unknown({}, "routes", **routed(routes=UNKNOWN))
    t.unknown({}, "one route", **routed(routes=[UNKNOWN]))


def mode() -> None:
    t = Table(CASES, "aws-eks-access-entries-api-mode", CLUSTER)
    path = "accessConfig.authenticationMode"
    t.passing({"accessConfig": {"authenticationMode": "API"}})
    t.failing({"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}, "both", at=path)
    t.failing({"accessConfig": {"authenticationMode": "CONFIG_MAP"}}, "map")
    both = ["API", "API_AND_CONFIG_MAP"]
    t.passing({"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}, "setting", settings={"modes": both})
    t.absent(Status.FAIL)
    t.unknown({"accessConfig": {"authenticationMode": UNKNOWN}})


def identities() -> None:
    t = Table(CASES, "aws-eks-irsa-or-pod-identity", CLUSTER)
    mine = {"clusterName": ["subject"]}
    agent = node(eks.ADDON, "agent", {"addonName": "eks-pod-identity-agent"}, mine)
    t.passing({}, "association", others=[node(eks.POD_IDENTITY, "pod", {}, mine)])
    t.passing({"name": "prod"}, "association by name", others=[node(eks.POD_IDENTITY, "pod", {"clusterName": "prod"})])
    t.passing({}, "agent", others=[agent])
    t.passing({}, "provider", others=[node(eks.OIDC_PROVIDER, "oidc", {}, {"url": ["subject"]})])
    issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/X"
    outputs = {"identities": [{"oidcs": [{"issuer": issuer}]}]}
    t.passing({}, "provider by URL", outputs=outputs, others=[node(eks.OIDC_PROVIDER, "oidc", {"url": issuer})])
    t.failing({}, "provider of another", outputs=outputs, others=[node(eks.OIDC_PROVIDER, "oidc", {"url": f"{issuer}Y"})])
    t.passing({"computeConfig": {"enabled": True}}, "auto mode")
    t.failing({}, "another add-on", others=[node(eks.ADDON, "dns", {"addonName": "coredns"}, mine)])
    t.absent(Status.FAIL)
    t.unknown({"computeConfig": {"enabled": UNKNOWN}})
    t.unknown({}, "whose", others=[node(eks.POD_IDENTITY, "pod", {"clusterName": UNKNOWN})])
    t.unknown({}, "add-on", others=[node(eks.ADDON, "dns", {"addonName": UNKNOWN}, mine)])


def role_with(*policies: Any, **inputs: Any) -> list[Node]:
    attachments = [node(eks.ATTACHMENT, f"a{index}", {"policyArn": arn}, {"role": ["role"]}) for index, arn in enumerate(policies)]
    return [node(eks.ROLE, "role", inputs), *attachments]


def node_role() -> None:
    t = Table(CASES, "aws-eks-node-role-minimal-policies", NODE_GROUP)
    mine: dict[str, Any] = {"refers": {"nodeRoleArn": ["role"]}}
    worker = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    t.passing({}, **mine, others=role_with(worker))
    t.passing({}, "managed", **mine, others=role_with(managedPolicyArns=[worker], inlinePolicies=[{}]))
    t.passing({}, "setting", **mine, others=role_with(admin), settings={"policies": ["AdministratorAccess"]})
    t.passing({"type": "EC2_LINUX"}, "karpenter", of=ACCESS_ENTRY, refers={"principalArn": ["role"]}, others=role_with(worker))
    t.failing({}, **mine, others=role_with(worker, admin), at="nodeRoleArn")
    t.failing({}, "own policy of the same name", **mine, others=role_with("arn:aws:iam::1:policy/AmazonEKSWorkerNodePolicy"))
    t.failing({}, "managed", **mine, others=role_with(managedPolicyArns=[admin]))
    t.failing({}, "inline", **mine, others=role_with(inlinePolicies=[{"name": "x"}]))
    t.failing({}, "inline policy", **mine, others=[*role_with(), node(eks.ROLE_POLICY, "p", {}, {"role": ["role"]})])
    own = [node("aws:iam/policy:Policy", "own", {}), node(eks.ATTACHMENT, "a", {}, {"role": ["role"], "policyArn": ["own"]})]
    t.failing({}, "policy of this program", **mine, others=[*role_with(), *own])
    entry = {"type": "EC2_LINUX"}
    t.failing(entry, "karpenter", of=ACCESS_ENTRY, refers={"principalArn": ["role"]}, others=role_with(admin), at="principalArn")
    t.skipped({}, "people", of=ACCESS_ENTRY, refers={"principalArn": ["role"]}, others=role_with(admin))
    t.absent(Status.PASS, {}, "policies", **mine, others=role_with())
    t.unknown({"nodeRoleArn": UNKNOWN}, "role of others", at="nodeRoleArn")
    t.unknown({}, "policy", **mine, others=role_with(UNKNOWN))
    t.unknown({}, "policies", **mine, others=role_with(managedPolicyArns=UNKNOWN))
    t.unknown({}, "whose policy", **mine, others=[*role_with(), node(eks.ATTACHMENT, "a", {"role": UNKNOWN, "policyArn": admin})])


def protection() -> None:
    t = Table(CASES, "aws-eks-deletion-protection-or-protect", CLUSTER)
    t.passing({"deletionProtection": True})
    t.failing({"deletionProtection": False}, at="deletionProtection")
    t.absent(Status.FAIL)
    t.unknown({"deletionProtection": UNKNOWN})


for table in (endpoint, secrets, logs, versions, access, private, mode, identities, node_role, protection):
    table()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cases(case: Case) -> None:
    prove(RULES, case)
