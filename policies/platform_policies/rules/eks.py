"""Rules of EKS: the API endpoint, secrets, logs, versions, nodes and who they are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_policies.checks import all_of, any_of, day_of, flag, items, own_key, related, text, verdict
from platform_policies.firewall import block_is_world
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.pricing.support import eks_oldest_supported
from platform_policies.rule import PASS, Answer, Severity, Verdict, fail, is_unknown, passed, rule, unknown
from platform_policies.types import canonical
from platform_policies.verdicts import settle, stands

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
POD_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ADDON = "aws:eks/addon:Addon"
OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
SUBNET = "aws:ec2/subnet:Subnet"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
)
"""What a node itself needs (EKS user guide, "Amazon EKS node IAM role"): to join, pull images, give addresses, be reached by SSM."""


@rule(
    "aws-eks-endpoint-not-public",
    title="The API endpoint of every cluster is private, or open to named networks only",
    severity=Severity.HIGH,
    types=(CLUSTER,),
    fix="Set vpcConfig.endpointPublicAccess to false and endpointPrivateAccess to true, or name networks in vpcConfig.publicAccessCidrs",
    sub_ids=("public", "cidr-restricted"),
)
def endpoint(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """A public endpoint puts the control of all workloads one stolen token, or one flaw of the API server, away from anybody."""
    path = "vpcConfig.endpointPublicAccess"
    public = flag(node, path, True)
    closed = None if public is None else not public
    answers = [verdict(closed, path, stands(node, path, True), sub_id="public")]
    return [*answers, passed(sub_id="cidr-restricted") if closed else _restricted(node, public)]


def _restricted(node: Node, public: bool | None) -> Verdict:
    path = "vpcConfig.publicAccessCidrs"
    blocks = items(node.value(path))
    if blocks is None:
        return unknown(path, sub_id="cidr-restricted")
    worldwide = any_of(block_is_world(block) for block in blocks) if blocks else True
    open_to_all = all_of((public, worldwide))
    return verdict(None if open_to_all is None else not open_to_all, path, stands(node, path, "0.0.0.0/0"), sub_id="cidr-restricted")


@rule(
    "aws-eks-secrets-cmk",
    title="Kubernetes secrets are encrypted with a key of one's own",
    severity=Severity.MEDIUM,
    types=(CLUSTER,),
    fix='Set encryptionConfig to resources ["secrets"] and provider.keyArn of a KMS key of your own',
)
def secrets_key(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """With a key of one's own, its policy and its log say who could read the secrets, and one switch ends it."""
    if node.value("encryptionConfig") is None:
        return fail("encryptionConfig", "encryptionConfig is absent: secrets are encrypted with a key that AWS owns")
    path = "encryptionConfig.provider.keyArn"
    kinds = items(node.value("encryptionConfig.resources"))
    covered = None if kinds is None else True if "secrets" in kinds else None if UNKNOWN in kinds else False
    if covered is False:
        return fail("encryptionConfig.resources", "encryptionConfig.resources does not name secrets")
    keyed = own_key(node, graph, path)
    return verdict(all_of((keyed, covered)), path, f"{path} is {node.value(path, 'absent')}: the key is none of one's own")


@rule(
    "aws-eks-control-plane-logs-all",
    title="The control plane keeps every log",
    severity=Severity.MEDIUM,
    types=(CLUSTER,),
    fix="Set enabledClusterLogTypes to api, audit, authenticator, controllerManager and scheduler",
    defaults={"log_types": list(LOG_TYPES)},
)
def logs(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without the audit and authenticator logs nobody can say who did what in the cluster."""
    path = "enabledClusterLogTypes"
    kept = items(node.value(path))
    if kept is None:
        return unknown(path)
    missing = [name for name in settings["log_types"] if name not in kept]
    if missing and is_unknown(list(kept)):
        return unknown(path)
    return verdict(not missing, path, f"{path} lacks {', '.join(missing)}")


@rule(
    "aws-eks-supported-version",
    title="Every cluster and node group runs a version in standard support",
    severity=Severity.HIGH,
    types=(CLUSTER, NODE_GROUP),
    fix="Upgrade version one minor version at a time, the cluster first, then its node groups",
    defaults={"oldest": "", "today": ""},
)
def supported_version(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Extended support costs six times the price per hour; after it, EKS upgrades by itself.

    The oldest version allowed is the oldest in standard support on the day, by the calendar of this version; `oldest` sets another.
    """
    value = node.value("version")
    if value is None:
        value = node.outputs.get("version")
    if value is None:
        return PASS  # the latest at creation; a node group takes its cluster's, which is judged there
    minor = _minor(value)
    set_by_hand = settings["oldest"]
    oldest = set_by_hand or eks_oldest_supported(day_of(settings))
    allowed = _minor(oldest)
    if minor is None or allowed is None:
        return unknown("version")
    why = "the oldest allowed" if set_by_hand else "the oldest in standard support"
    return verdict(minor >= allowed, "version", f"version is {value}, older than {oldest}, {why}")


def _minor(value: Any) -> tuple[int, ...] | None:
    try:
        return tuple(int(part) for part in str(value).split(".")[:2])
    except ValueError:
        return None


@rule(
    "aws-eks-nodegroup-no-open-remote-access",
    title="No node group opens SSH to the Internet",
    severity=Severity.HIGH,
    types=(NODE_GROUP,),
    fix="Remove remoteAccess and use Session Manager, or set remoteAccess.sourceSecurityGroupIds",
)
def remote_access(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """With a key and no source groups, EKS opens port 22 of every node to 0.0.0.0/0."""
    if node.value("remoteAccess") is None:
        return PASS
    key = node.value("remoteAccess.ec2SshKey")
    groups = items(node.value("remoteAccess.sourceSecurityGroupIds"))
    keyed = None if key == UNKNOWN else bool(key)
    open_to_all = all_of((keyed, None if groups is None else not groups))
    path = "remoteAccess.sourceSecurityGroupIds"
    return verdict(
        None if open_to_all is None else not open_to_all, path, f"{path} is absent while ec2SshKey is set: port 22 is open to 0.0.0.0/0"
    )


@rule(
    "aws-eks-nodes-private-subnets",
    title="Nodes stand in private subnets",
    severity=Severity.HIGH,
    types=(NODE_GROUP,),
    fix="Set subnetIds to subnets whose route table has no route to an internet gateway",
)
def private_nodes(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """A node in a public subnet is one address away from the Internet, with the credentials of every pod on it."""
    listed = items(node.value("subnetIds"))
    subnets = _meant(listed, [one for one in graph.referred(node, "subnetIds") if canonical(one.type) == SUBNET])
    answers = [(subnet, *_is_public(subnet, graph)) for subnet in subnets]
    # Of more subnets than are listed some are not meant: the value comes from a list of them all, and which it takes is not known yet.
    certain = len(subnets) <= len(listed) if listed is not None else False
    if certain or all(public for _, public, _ in answers):
        for subnet, public, why in answers:
            if public:
                return fail("subnetIds", f"subnetIds has {subnet.name}, which {why}")
    if not subnets or len(subnets) < len(listed or ()) or any(public is not False for _, public, _ in answers):
        return unknown("subnetIds")
    return PASS


def _meant(listed: Sequence[Any] | None, subnets: Sequence[Node]) -> Sequence[Node]:
    """Those of the subnets a list refers to whose ids are in it, where that tells of each id whose it is; else all of them."""
    named = [one for one in subnets if one.outputs.get("id", UNKNOWN) in (listed or ())]
    return named if listed is not None and UNKNOWN not in listed and len(named) == len(listed) else subnets


def _is_public(subnet: Node, graph: ResourceGraph) -> tuple[bool | None, str]:
    """Whether a subnet gives public addresses, or its route table leads to an internet gateway; the main table of a VPC does not."""
    if flag(subnet, "mapPublicIpOnLaunch", False):
        return True, "gives public addresses (mapPublicIpOnLaunch)"
    tables = [table for one in graph.referring(subnet, ASSOCIATION, "subnetId") for table in graph.referred(one, "routeTableId")]
    ways = [_table_leads_out(table, graph) for table in tables]
    return any_of((flag(subnet, "mapPublicIpOnLaunch", False), *ways)), "has a route to an internet gateway"


def _table_leads_out(table: Node, graph: ResourceGraph) -> bool | None:
    """Whether a route of a table, inline or a resource of its own, ends at an internet gateway."""
    separate = [_gateway(route, route.value("gatewayId"), "gatewayId", graph) for route in graph.referring(table, ROUTE, "routeTableId")]
    inline = items(table.value("routes"))
    if inline is None:
        return any_of((*separate, _gateway(table, UNKNOWN, "routes", graph)))
    blocks = [block.get("gatewayId") if isinstance(block, Mapping) else UNKNOWN for block in inline]
    return any_of((*separate, *(_gateway(table, gateway, "routes", graph) for gateway in blocks)))


def _gateway(holder: Node, value: Any, path: str, graph: ResourceGraph) -> bool | None:
    """Whether a route's gateway is an internet gateway: by what the input refers to where its id is not known yet."""
    if value != UNKNOWN:
        known = [one.outputs.get("id") for one in graph.of_type(INTERNET_GATEWAY)]
        return isinstance(value, str) and (value.startswith("igw-") or value in known)
    behind = {canonical(one.type) for one in graph.referred(holder, path)}
    return True if INTERNET_GATEWAY in behind else False if behind else None


@rule(
    "aws-eks-access-entries-api-mode",
    title="Access to clusters is given by access entries alone",
    severity=Severity.MEDIUM,
    types=(CLUSTER,),
    fix="Set accessConfig.authenticationMode to API, after moving what aws-auth holds to access entries",
    defaults={"modes": ["API"]},
)
def access_mode(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Whoever may write the aws-auth config map can make himself administrator, and CloudTrail does not see it."""
    path = "accessConfig.authenticationMode"
    mode = text(node, path, "CONFIG_MAP")
    return verdict(
        None if mode is None else mode in settings["modes"],
        path,
        f"{stands(node, path, 'CONFIG_MAP')}: the aws-auth config map gives access",
    )


@rule(
    "aws-eks-irsa-or-pod-identity",
    title="Pods have identities of their own",
    severity=Severity.MEDIUM,
    types=(CLUSTER,),
    fix="Add an aws.eks.PodIdentityAssociation for each workload that calls AWS, or an aws.iam.OpenIdConnectProvider of the cluster",
)
def pod_identities(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Without them workloads use the node's role: every pod on a node can do what any of them may."""
    associations = related(node, graph, POD_IDENTITY, "clusterName")
    providers = related(node, graph, OIDC_PROVIDER, "url")
    addons = related(node, graph, ADDON, "clusterName")
    answers = (
        associations.any([True] if associations.nodes else []),
        providers.any([True] if providers.nodes or _issuer_trusted(node, graph) else []),
        addons.any(_is_agent(one) for one in addons.nodes),
        flag(node, "computeConfig.enabled", False),
    )
    return verdict(any_of(answers), "", "no pod identity association, agent or OpenID Connect provider belongs to this cluster")


def _is_agent(addon: Node) -> bool | None:
    name = text(addon, "addonName")
    return None if name is None else name == "eks-pod-identity-agent"


def _issuer_trusted(node: Node, graph: ResourceGraph) -> bool:
    """Whether a provider's literal URL is the issuer that a deployed cluster has."""
    # Outputs are there in a preview, too, and not known yet.
    issuer = Node(node.urn, node.type, node.name, node.outputs).value("identities.0.oidcs.0.issuer")
    if not isinstance(issuer, str) or issuer == UNKNOWN:
        return False
    bare = issuer.removeprefix("https://")
    return any(str(one.value("url")).removeprefix("https://") == bare for one in graph.of_type(OIDC_PROVIDER))


@rule(
    "aws-eks-node-role-minimal-policies",
    title="The role of nodes holds what a node needs, and nothing of workloads",
    severity=Severity.HIGH,
    types=(NODE_GROUP, ACCESS_ENTRY),
    fix="Move the policy to a role of the workload, through pod identity",
    defaults={"policies": list(NODE_POLICIES)},
)
def node_role(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Every pod on a node can take the node's role, unless something stops it; what the role may do, all of them may."""
    path = "nodeRoleArn"
    if canonical(node.type) == ACCESS_ENTRY:
        kind = text(node, "type", "STANDARD")
        if kind is not None and not kind.startswith(("EC2", "HYBRID")):
            return None
        path = "principalArn"
    roles = [one for one in graph.referred(node, path) if canonical(one.type) == ROLE]
    if not roles:
        return unknown(path)
    return settle(one for role in roles for one in _role_policies(role, graph, path, settings["policies"]))


def _role_policies(role: Node, graph: ResourceGraph, path: str, allowed: Sequence[str]) -> Iterator[Verdict]:
    for inline in graph.referring(role, ROLE_POLICY, "role"):
        yield fail(path, f"its role {role.name} has the inline policy {inline.name}")
    for index, block in enumerate(items(role.value("inlinePolicies")) or ()):
        if block:
            yield fail(path, f"its role {role.name} has inlinePolicies.{index}")
    arns = items(role.value("managedPolicyArns"))
    attachments = graph.referring(role, ATTACHMENT, "role")
    for policy in [one for attachment in attachments for one in graph.referred(attachment, "policyArn") if canonical(one.type) == POLICY]:
        yield fail(path, f"its role {role.name} has {policy.name}, a policy of this program, which a node does not need")
    for arn in (*((UNKNOWN,) if arns is None else arns), *(one.value("policyArn") for one in attachments)):
        if not isinstance(arn, str) or arn == UNKNOWN:
            yield unknown(path)
        elif ":aws:policy/" not in arn or arn.rpartition("/")[2] not in allowed:
            yield fail(path, f"its role {role.name} has {arn}, which a node does not need")
    if graph.undecided(ATTACHMENT, "role", ROLE):
        yield unknown(path)


@rule(
    "aws-eks-deletion-protection-or-protect",
    title="No cluster can be deleted by mistake",
    severity=Severity.MEDIUM,
    types=(CLUSTER,),
    fix="Set deletionProtection to true",
)
def deletion_protection(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """A cluster that is deleted takes its workloads' state in etcd with it."""
    path = "deletionProtection"
    return verdict(flag(node, path, False), path, stands(node, path, False))


RULES = (
    endpoint,
    secrets_key,
    logs,
    supported_version,
    remote_access,
    private_nodes,
    access_mode,
    pod_identities,
    node_role,
    deletion_protection,
)
