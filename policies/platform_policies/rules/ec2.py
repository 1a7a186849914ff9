"""Rules of instances, whatever starts them: metadata, volumes, addresses, user data."""

import base64
import binascii
import gzip
import re
from collections.abc import Iterator, Mapping
from typing import Any

from platform_policies.checks import any_of, flag, items, number, text, truth, verdict
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical
from platform_policies.verdicts import settle

INSTANCE = "aws:ec2/instance:Instance"
SPOT = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
VOLUME = "aws:ebs/volume:Volume"
AMI_COPY = "aws:ec2/amiCopy:AmiCopy"
SNAPSHOT_COPY = "aws:ebs/snapshotCopy:SnapshotCopy"
BY_DEFAULT = "aws:ebs/encryptionByDefault:EncryptionByDefault"
METADATA_DEFAULTS = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"
SUBNETS = ("aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet")
EIP = "aws:ec2/eip:Eip"
EIP_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
STARTERS = (INSTANCE, SPOT, TEMPLATE, CONFIGURATION)

SECRET_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an AWS secret key": re.compile(r"aws_?secret_?(?:access_?)?key\W{1,4}[0-9A-Za-z/+=]{40}\b", re.IGNORECASE),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{22,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+]*://[^\s:/@$]+:[^\s:/@${<]{3,}@", re.IGNORECASE),
    "a password or token": re.compile(
        r"""(?:password|passwd|secret|token|api_?key)["']?\s*[=:]\s*["']?(?![\s"'$<{(`/])[^\s"']{8,}""", re.IGNORECASE
    ),
}
"""What a secret looks like. A value that is fetched when the instance starts (`$(...)`, `${...}`, a template's `{{`) is none."""


def _account_default(node: Node, graph: ResourceGraph, kind: str, path: str, default: Any) -> Any:
    """What the account's own default of this region says, where the program sets it; None where it does not."""
    for one in graph.of_type(kind):
        if (one.provider, one.value("region")) == (node.provider, node.value("region")):
            return one.value(path, default)
    return None


def _template(node: Node, graph: ResourceGraph, path: str) -> tuple[bool, bool]:
    """Whether a launch template says what the instance leaves out, and whether that template is of this graph and judged there."""
    if node.value("launchTemplate") is None or node.value(path) is not None:
        return False, False
    return True, any(canonical(one.type) == TEMPLATE for one in graph.referred(node, "launchTemplate"))


@rule(
    "aws-ec2-imdsv2-hop-limit",
    title="Instance metadata is given to sessions of the instance itself only",
    severity=Severity.HIGH,
    types=(*STARTERS, METADATA_DEFAULTS),
    fix="Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to 1, or httpEndpoint to disabled",
    sub_ids=("tokens", "hop-limit"),
    defaults={"max_hops": 1},
)
def metadata(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Version 1 answers any request that passes the instance: one forged request of a web server and its role's credentials are out.

    More than one hop hands them to every container on the instance.
    """
    root = "" if canonical(node.type) == METADATA_DEFAULTS else "metadataOptions."
    templated, judged = _template(node, graph, "metadataOptions")
    if judged:
        return None
    if templated:
        return [unknown("metadataOptions", sub_id=sub_id) for sub_id in ("tokens", "hop-limit")]
    endpoint = text(node, f"{root}httpEndpoint", "enabled")
    if endpoint == "disabled":
        return [passed(sub_id="tokens"), passed(sub_id="hop-limit")]
    tokens, message = _tokens(node, graph, f"{root}httpTokens")
    hops = number(node, f"{root}httpPutResponseHopLimit", 1)
    near = None if hops is None else hops <= float(settings["max_hops"])
    shown = None if hops is None else int(hops)
    return [
        _unless_off(verdict(tokens, f"{root}httpTokens", message, sub_id="tokens"), endpoint, root),
        _unless_off(
            verdict(
                near,
                f"{root}httpPutResponseHopLimit",
                f"{root}httpPutResponseHopLimit is {shown}: containers and whatever forwards requests reach the instance's credentials",
                sub_id="hop-limit",
            ),
            endpoint,
            root,
        ),
    ]


def _unless_off(answer: Verdict, endpoint: str | None, root: str) -> Verdict:
    """A failure is none where the service may turn out to be off."""
    return (
        answer if answer == passed(sub_id=answer.sub_id) or endpoint is not None else unknown(f"{root}httpEndpoint", sub_id=answer.sub_id)
    )


def _tokens(node: Node, graph: ResourceGraph, path: str) -> tuple[bool | None, str]:
    value = node.value(path)
    shown = f"is {value}"
    if value is None:
        value = _account_default(node, graph, METADATA_DEFAULTS, "httpTokens", None) if "." in path else None
        shown = "is absent, and the provider's default is optional"
    return (None if value == UNKNOWN else value == "required"), f"{path} {shown}: version 1 of the metadata service stays open"


@rule(
    "aws-ebs-encrypted",
    title="Every EBS volume and copied image is encrypted",
    severity=Severity.HIGH,
    types=(*STARTERS, VOLUME, AMI_COPY, SNAPSHOT_COPY, BY_DEFAULT),
    fix="Set encrypted to true (with kmsKeyId for a key of your own) on every volume, or add aws.ebs.EncryptionByDefault",
)
def volumes_encrypted(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Snapshots travel: whoever is given one reads a volume that is not encrypted. It cannot be encrypted in place later."""
    kind = canonical(node.type)
    if kind == BY_DEFAULT:
        enabled = flag(node, "enabled", True)
        return verdict(enabled, "enabled", "enabled is false: new volumes of this region are not encrypted unless each says so")
    default = _account_default(node, graph, BY_DEFAULT, "enabled", True)
    if truth(default):
        return PASS
    answers = settle(_devices(node, graph))
    return unknown("") if default == UNKNOWN and answers != [PASS] else answers


def _devices(node: Node, graph: ResourceGraph) -> Iterator[Verdict]:
    """A verdict for each volume that the resource makes."""
    kind = canonical(node.type)
    if kind in {VOLUME, AMI_COPY, SNAPSHOT_COPY}:
        yield _encrypted(node.inputs, "")
        return
    if kind == TEMPLATE:
        yield from _mappings(node)
        return
    templated, judged = _template(node, graph, "rootBlockDevice")
    root = node.value("rootBlockDevice")
    if not templated:
        yield _encrypted(root if root is not None else {}, "rootBlockDevice")
    elif not judged:
        yield unknown("rootBlockDevice")
    yield from _each(node.value("ebsBlockDevices"), "ebsBlockDevices", "")


def _mappings(node: Node) -> Iterator[Verdict]:
    listed = items(node.value("blockDeviceMappings"))
    if listed is not None and not any(block == UNKNOWN or (isinstance(block, Mapping) and block.get("ebs")) for block in listed):
        yield fail("blockDeviceMappings", "blockDeviceMappings names no volume: the image's own root volume is not encrypted")
    yield from _each(node.value("blockDeviceMappings"), "blockDeviceMappings", "ebs")


def _each(value: Any, path: str, below: str) -> Iterator[Verdict]:
    listed = items(value)
    if listed is None:
        yield unknown(path)
    for index, block in enumerate(listed or ()):
        here = f"{path}.{index}"
        if below and isinstance(block, Mapping):
            if block.get(below) is None:
                continue  # an instance store, or a device of the image that is left out
            yield _encrypted(block[below], f"{here}.{below}")
        else:
            yield _encrypted(block, here)


def _encrypted(block: Any, path: str) -> Verdict:
    """Whether one volume is; one made from a snapshot is if the snapshot is."""
    where = f"{path}.encrypted" if path else "encrypted"
    if not isinstance(block, Mapping):
        return unknown(path)
    value = block.get("encrypted")
    if value is None and block.get("snapshotId"):
        return unknown(where)
    shown = "is absent, and the provider's default is false" if value is None else f"is {str(value).lower()}"
    return verdict(truth(False if value is None else value), where, f"{where} {shown}")


@rule(
    "aws-ec2-no-public-ip",
    title="No instance has a public address",
    severity=Severity.HIGH,
    types=STARTERS,
    fix="Set associatePublicIpAddress to false, use private subnets, and let load balancers and NAT gateways face the Internet",
)
def no_public_ip(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """An instance with a public address is one security group rule away from the Internet."""
    kind = canonical(node.type)
    if kind == TEMPLATE:
        return settle(_interfaces(node))
    elastic = [one for eip, path in ((EIP, "instance"), (EIP_ASSOCIATION, "instanceId")) for one in graph.referring(node, eip, path)]
    if elastic:
        return fail("", f"{elastic[0].name} gives it an elastic IP address")
    path = "associatePublicIpAddress"
    if node.value(path) is not None:
        public = flag(node, path, False)
        return verdict(None if public is None else not public, path, f"{path} is true")
    if kind == CONFIGURATION:
        return PASS  # the subnet of the group decides, and is judged there
    templated, judged = _template(node, graph, path)
    if templated and (judged or node.value("subnetId") is None):
        return None if judged else unknown(path)
    return _by_subnet(node, graph)


def _interfaces(node: Node) -> Iterator[Verdict]:
    """A launch template gives addresses through its interfaces; one that says nothing leaves it to the subnet, which is judged there."""
    listed = items(node.value("networkInterfaces"))
    if listed is None:
        yield unknown("networkInterfaces")
    for index, block in enumerate(listed or ()):
        path = f"networkInterfaces.{index}.associatePublicIpAddress"
        value = block.get("associatePublicIpAddress") if isinstance(block, Mapping) else UNKNOWN
        public = False if value in (None, "") else truth(value)
        yield verdict(None if public is None else not public, path, f"{path} is true")


def _by_subnet(node: Node, graph: ResourceGraph) -> Verdict:
    if node.value("subnetId") is None and node.value("primaryNetworkInterface") is None:
        return fail(
            "associatePublicIpAddress", "subnetId is absent: the instance starts in a default subnet, which gives it a public address"
        )
    subnets = [one for one in graph.referred(node, "subnetId") if canonical(one.type) in SUBNETS]
    answers = [flag(one, "mapPublicIpOnLaunch", canonical(one.type) == SUBNETS[1]) for one in subnets]
    if not answers:
        return PASS if node.value("primaryNetworkInterface") is not None else unknown("subnetId")
    public = any_of(answers)
    return verdict(None if public is None else not public, "subnetId", "its subnet gives public addresses (mapPublicIpOnLaunch)")


@rule(
    "aws-ec2-no-secrets-in-user-data",
    title="No user data holds a password, token or key",
    severity=Severity.HIGH,
    types=STARTERS,
    fix="Fetch the secret when the instance starts, from Secrets Manager or Parameter Store, with the instance's role",
)
def no_secrets_in_user_data(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """User data is plain text for whoever may describe the instance, and for every process on it."""
    return settle(_user_data(node, path) for path in ("userData", "userDataBase64") if node.value(path) is not None)


def _user_data(node: Node, path: str) -> Verdict:
    value = node.value(path)
    if value == SECRET:
        return fail(path, f"{path} is made from a value that the program marks as secret")
    if not isinstance(value, str) or value == UNKNOWN:
        return unknown(path)
    encoded = path == "userDataBase64" or canonical(node.type) == TEMPLATE
    plain = _decoded(value) if encoded else value
    if plain is None:
        return unknown(path)
    for what, pattern in SECRET_PATTERNS.items():
        found = pattern.search(plain)
        if found:
            return fail(path, f"{path} holds {what} in line {plain.count(chr(10), 0, found.start()) + 1}")
    return PASS


def _decoded(value: str) -> str | None:
    """The text of base64, perhaps compressed as cloud-init takes it; None where it is none of these."""
    try:
        raw = base64.b64decode(value, validate=True)
        return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()
    except (binascii.Error, ValueError, OSError, EOFError):
        return None


RULES = (metadata, volumes_encrypted, no_public_ip, no_secrets_in_user_data)
