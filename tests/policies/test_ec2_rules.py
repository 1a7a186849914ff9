import base64
import gzip
from typing import Any

import pytest
from platform_policies.graph import SECRET, UNKNOWN, Node
from platform_policies.rule import Status
from platform_policies.rules import ec2
from platform_policies.rules.ec2 import AMI_COPY, CONFIGURATION, INSTANCE, RULES, SNAPSHOT_COPY, SPOT, TEMPLATE, VOLUME

from tests.policies.cases import Case, judge, node
from tests.policies.table import Table, case_id, prove

CASES: list[Case] = []
SUBNET = "aws:ec2/subnet:Subnet"
DEFAULT_SUBNET = "aws:ec2/defaultSubnet:DefaultSubnet"


def options(**given: Any) -> dict[str, Any]:
    return {"metadataOptions": {"httpTokens": "required", **given}}


def metadata() -> None:
    rule = "aws-ec2-imdsv2-hop-limit"
    tokens, hops = Table(CASES, rule, INSTANCE, "tokens"), Table(CASES, rule, INSTANCE, "hop-limit")
    template = node(TEMPLATE, "template", {})
    for type_ in (INSTANCE, SPOT, TEMPLATE, CONFIGURATION):
        tokens.passing(options(), type_, of=type_)
        tokens.failing(options(httpTokens="optional"), type_, of=type_, at="metadataOptions.httpTokens")
        hops.failing(options(httpPutResponseHopLimit=2), type_, of=type_, at="metadataOptions.httpPutResponseHopLimit")
    tokens.passing(options(httpTokens="optional", httpEndpoint="disabled"), "off")
    tokens.failing(options(httpTokens="optional", httpEndpoint="enabled"), "on")
    tokens.passing({}, "account's default", others=[node(ec2.METADATA_DEFAULTS, "d", {"httpTokens": "required"})])
    tokens.failing({}, "account's other default", others=[node(ec2.METADATA_DEFAULTS, "d", {"httpTokens": "no-preference"})])
    tokens.failing({}, "other region's", others=[node(ec2.METADATA_DEFAULTS, "d", {"httpTokens": "required", "region": "eu-west-1"})])
    tokens.failing(options(httpTokens="optional"), "said", others=[node(ec2.METADATA_DEFAULTS, "d", {"httpTokens": "required"})])
    tokens.passing({"httpTokens": "required"}, "defaults", of=ec2.METADATA_DEFAULTS)
    tokens.failing({"httpTokens": "optional"}, "defaults", of=ec2.METADATA_DEFAULTS, at="httpTokens")
    tokens.absent(
        Status.FAIL, {}, "defaults", of=ec2.METADATA_DEFAULTS, others=[node(ec2.METADATA_DEFAULTS, "d", {"httpTokens": "required"})]
    )
    tokens.absent(Status.FAIL)
    tokens.absent(Status.FAIL, {"metadataOptions": {}}, "block")
    tokens.skipped({}, "template of this program", refers={"launchTemplate": ["template"]}, others=[template])
    tokens.failing(options(httpTokens="optional"), "over the template", refers={"launchTemplate": ["template"]}, others=[template])
    tokens.unknown({"launchTemplate": {"id": "lt-1"}}, "template of others")
    tokens.unknown(options(httpTokens=UNKNOWN))
    tokens.unknown({"metadataOptions": UNKNOWN}, "block")
    tokens.unknown(options(httpTokens="optional", httpEndpoint=UNKNOWN), "perhaps off")
    tokens.passing(options(httpEndpoint=UNKNOWN), "perhaps off")
    tokens.unknown({}, "account's default", others=[node(ec2.METADATA_DEFAULTS, "d", {"httpTokens": UNKNOWN})])
    hops.passing(options(httpPutResponseHopLimit=1))
    hops.passing(options(httpPutResponseHopLimit=2), "setting", settings={"max_hops": 2})
    hops.failing(options(httpPutResponseHopLimit=3), "setting", settings={"max_hops": 2})
    hops.passing(options(httpPutResponseHopLimit=64, httpEndpoint="disabled"), "off")
    hops.absent(Status.PASS)
    hops.unknown(options(httpPutResponseHopLimit=UNKNOWN))
    hops.unknown({"launchTemplate": {"id": "lt-1"}}, "template of others")


def encrypted() -> None:
    t = Table(CASES, "aws-ebs-encrypted", VOLUME)
    on = node(ec2.BY_DEFAULT, "d", {})
    for type_ in (VOLUME, AMI_COPY, SNAPSHOT_COPY):
        t.passing({"encrypted": True}, type_, of=type_)
        t.failing({"encrypted": False}, type_, of=type_, at="encrypted")
        t.absent(Status.FAIL, {}, type_, of=type_)
        t.unknown({"encrypted": UNKNOWN}, type_, of=type_)
    t.passing({"encrypted": False}, "by default", others=[on])
    t.failing({}, "by default, off", others=[node(ec2.BY_DEFAULT, "d", {"enabled": False})])
    t.failing({}, "by default, elsewhere", others=[node(ec2.BY_DEFAULT, "d", {"region": "eu-west-1"})])
    t.unknown({"snapshotId": "snap-1"}, "snapshot")
    t.unknown({}, "by default", others=[node(ec2.BY_DEFAULT, "d", {"enabled": UNKNOWN})])
    t.passing({"encrypted": True}, "by default, perhaps", others=[node(ec2.BY_DEFAULT, "d", {"enabled": UNKNOWN})])
    d = Table(CASES, t.rule, ec2.BY_DEFAULT)
    d.passing({"enabled": True}, "default")
    d.failing({"enabled": False}, "default", at="enabled")
    d.absent(Status.PASS, {}, "default")
    d.unknown({"enabled": UNKNOWN}, "default")
    good = {"encrypted": True}
    template = node(TEMPLATE, "template", {})
    for type_ in (INSTANCE, SPOT, CONFIGURATION):
        t.passing({"rootBlockDevice": good, "ebsBlockDevices": [good]}, type_, of=type_)
        t.failing({"rootBlockDevice": {}, "ebsBlockDevices": []}, type_, of=type_, at="rootBlockDevice.encrypted")
        t.failing({"rootBlockDevice": good, "ebsBlockDevices": [good, {}]}, f"{type_} second", of=type_, at="ebsBlockDevices.1.encrypted")
        t.absent(Status.FAIL, {}, type_, of=type_)
        t.unknown({"rootBlockDevice": UNKNOWN}, type_, of=type_, at="rootBlockDevice")
    t.unknown({"rootBlockDevice": good, "ebsBlockDevices": UNKNOWN}, "more volumes", of=INSTANCE, at="ebsBlockDevices")
    t.passing({}, "template", of=INSTANCE, refers={"launchTemplate": ["template"]}, others=[template])
    t.unknown({"launchTemplate": {"id": "lt-1"}}, "template of others", of=INSTANCE)
    mappings = Table(CASES, t.rule, TEMPLATE)
    mappings.passing({"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}, {"virtualName": "ephemeral0"}]}, "template's")
    mappings.failing({"blockDeviceMappings": [{"ebs": {"encrypted": "false"}}]}, "template's", at="blockDeviceMappings.0.ebs.encrypted")
    mappings.failing({"blockDeviceMappings": [{"ebs": {"volumeSize": 8}}]}, "template's silence", at="blockDeviceMappings.0.ebs.encrypted")
    mappings.failing({"blockDeviceMappings": [{"virtualName": "ephemeral0"}]}, "template's stores", at="blockDeviceMappings")
    mappings.absent(Status.FAIL, {}, "template's")
    mappings.passing({}, "template's, by default", others=[on])
    mappings.unknown({"blockDeviceMappings": UNKNOWN}, "template's", at="blockDeviceMappings")
    mappings.unknown({"blockDeviceMappings": [UNKNOWN]}, "template's volume")
    mappings.unknown({"blockDeviceMappings": [{"ebs": {"snapshotId": "snap-1"}}]}, "template's snapshot")


def addresses() -> None:
    t = Table(CASES, "aws-ec2-no-public-ip", INSTANCE)
    path = "associatePublicIpAddress"

    def subnet(type_: str = SUBNET, **inputs: Any) -> list[Node]:
        return [node(type_, "subnet", inputs)]

    inside: dict[str, Any] = {"refers": {"subnetId": ["subnet"]}}
    for type_ in (INSTANCE, SPOT, CONFIGURATION):
        t.passing({path: False}, type_, of=type_)
        t.failing({path: True}, type_, of=type_, at=path)
        t.unknown({path: UNKNOWN}, type_, of=type_, at=path)
    t.passing({}, "subnet", **inside, others=subnet(mapPublicIpOnLaunch=False))
    t.passing({}, "subnet's default", **inside, others=subnet())
    t.passing({"primaryNetworkInterface": {"networkInterfaceId": "eni-1"}}, "interface")
    t.failing({}, "subnet", **inside, others=subnet(mapPublicIpOnLaunch=True), at="subnetId")
    t.failing({}, "default subnet", **inside, others=subnet(DEFAULT_SUBNET))
    t.failing({path: False}, "elastic address", others=[node(ec2.EIP, "address", {}, {"instance": ["subject"]})])
    t.failing({path: False}, "association", others=[node(ec2.EIP_ASSOCIATION, "address", {}, {"instanceId": ["subject"]})])
    t.passing({path: False}, "not its address", others=[node(ec2.EIP, "address", {}, {"networkInterface": ["subject"]})])
    t.absent(Status.FAIL)
    t.absent(Status.PASS, {}, "configuration", of=CONFIGURATION)
    t.unknown({"subnetId": "subnet-1"}, "subnet of others")
    t.unknown({}, "subnet's", **inside, others=subnet(mapPublicIpOnLaunch=UNKNOWN))
    t.unknown({"launchTemplate": {"id": "lt-1"}}, "template of others")
    t.skipped({}, "template", refers={"launchTemplate": ["template"]}, others=[node(TEMPLATE, "template", {})])
    m = Table(CASES, t.rule, TEMPLATE)
    m.passing({"networkInterfaces": [{path: "false"}, {path: ""}]}, "template's")
    m.failing({"networkInterfaces": [{path: "false"}, {path: "true"}]}, "template's", at=f"networkInterfaces.1.{path}")
    m.absent(Status.PASS, {}, "template's")
    m.absent(Status.PASS, {"networkInterfaces": [{}]}, "template's interface")
    m.unknown({"networkInterfaces": [{path: UNKNOWN}]}, "template's")
    m.unknown({"networkInterfaces": [UNKNOWN]}, "template's interface")
    m.unknown({"networkInterfaces": UNKNOWN}, "template's interfaces")


SECRETS = {
    "access key": "export X=AKIA" + "A1B2C3D4E5F6G7H8",
    "secret key": "aws_secret_access_key = " + "a" * 40,
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "GitHub": "ghp_" + "a" * 36,
    "Slack": "xoxb-" + "1" * 12,
    "JWT": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12,
    "URL": "curl https://bob:hunter2@example.com/x",
    "password": "DB_PASSWORD='correct-horse'",
    "YAML": "api_key: 0123456789",
    "JSON": '{"token": "0123456789"}',
}
HARMLESS = {
    "fetched": "PASSWORD=$(aws secretsmanager get-secret-value --secret-id db)",
    "variable": "TOKEN=${TOKEN_FROM_ROLE}",
    "template": "password: {{ vault.password }}",
    "file": "password: /run/secrets/db",
    "short": "token=abc",
    "URL": "curl https://example.com:8443/path@2",
    "prose": "echo no password here",
}


def encoded(text: str, *, packed: bool = False) -> str:
    raw = text.encode()
    return base64.b64encode(gzip.compress(raw) if packed else raw).decode()


def user_data() -> None:
    t = Table(CASES, "aws-ec2-no-secrets-in-user-data", INSTANCE)
    for name, text in SECRETS.items():
        t.failing({"userData": f"#!/bin/sh\n{text}"}, name, at="userData")
    for name, text in HARMLESS.items():
        t.passing({"userData": f"#!/bin/sh\n{text}"}, name)
    secret = SECRETS["password"]
    t.failing({"userDataBase64": encoded(secret)}, "base64", at="userDataBase64")
    t.failing({"userDataBase64": encoded(secret, packed=True)}, "gzip")
    t.failing({"userData": encoded(secret)}, "template's", of=TEMPLATE)
    t.failing({"userData": secret}, "configuration's", of=CONFIGURATION)
    t.failing({"userData": secret}, "spot", of=SPOT)
    t.failing({"userData": SECRET}, "marked as secret")
    t.passing({"userData": encoded("echo")}, "template's", of=TEMPLATE)
    t.absent(Status.PASS)
    t.unknown({"userData": UNKNOWN})
    t.unknown({"userDataBase64": "no base64!"}, "no base64")
    t.unknown({"userDataBase64": base64.b64encode(b"\x1f\x8bx").decode()}, "broken gzip")
    t.unknown({"userDataBase64": base64.b64encode(b"\xff\xfe\xff").decode()}, "no text")


for table in (metadata, encrypted, addresses, user_data):
    table()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cases(case: Case) -> None:
    prove(RULES, case)


def test_a_message_does_not_repeat_the_secret() -> None:
    case = Case("aws-ec2-no-secrets-in-user-data", "failing", INSTANCE, {"userData": "#!/bin/sh\n\n" + SECRETS["password"]}, Status.FAIL)
    assert [one.message for one in judge(RULES[3], case)[1]] == ["userData holds a password or token in line 3"]
