"""Key policies, the log policy, the firewall's rules and the controllers' permissions. Pure but for Statement.

Sources: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/access-control-managing-permissions.html#KMS-key-policy-for-DNSSEC,
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html,
https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html, and docs/install/iam_policy.json of
kubernetes-sigs/aws-load-balancer-controller v3.5.0.
"""

from collections.abc import Callable, Iterable
from typing import Any

from platform_components.args import Late
from platform_components.identity.statements import Statement
from platform_components.place import Place

DNS_REGION = "us-east-1"
"""Route 53 writes its logs to this region and signs with keys of this region, wherever the cluster is."""

RULE_GROUPS = ("AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")
"""Rule groups that AWS keeps; 25, 700 and 200 of the 1,500 capacity units that cost nothing more."""

Document = Any
"""A document, or a piece of one."""


def _administered(place: Place) -> Document:
    """Without it a key could never be changed again; it delegates to the account's own IAM policies."""
    return {"Sid": "AccountAdministers", "Effect": "Allow", "Principal": {"AWS": place.root}, "Action": "kms:*", "Resource": "*"}


def signing_key_policy(place: Place) -> Document:
    """Route 53 may sign with the key for zones of this account, and hand that on to its own servers only."""
    service = {"Service": f"dnssec-route53.{place.suffix}"}
    mine = {
        "StringEquals": {"aws:SourceAccount": place.account},
        "ArnLike": {"aws:SourceArn": f"arn:{place.partition}:route53:::hostedzone/*"},
    }
    return {
        "Version": "2012-10-17",
        "Statement": [
            _administered(place),
            {
                "Sid": "Route53Signs",
                "Effect": "Allow",
                "Principal": service,
                "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
                "Resource": "*",
                "Condition": mine,
            },
            {
                "Sid": "Route53Grants",
                "Effect": "Allow",
                "Principal": service,
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {**mine, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ],
    }


def query_log_policy(place: Place, log_group: str) -> Document:
    """Route 53 may write into one log group, for zones of this account."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Route53Writes",
                "Effect": "Allow",
                "Principal": {"Service": f"route53.{place.suffix}"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"arn:{place.partition}:logs:{DNS_REGION}:{place.account}:log-group:{log_group}:*",
                "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
            }
        ],
    }


def firewall_rules(requests: int, *, block: bool) -> list[Document]:
    """A limit per address first, then what AWS knows to be bad."""
    refuse: Document = {"block": {}} if block else {"count": {}}
    # A managed group's own actions stand, or all of them only count.
    override: Document = {"none": {}} if block else {"count": {}}
    limit = {
        "name": "limit-per-address",
        "priority": 0,
        "action": refuse,
        "statement": {"rate_based_statement": {"aggregate_key_type": "IP", "evaluation_window_sec": 300, "limit": requests}},
        "visibility_config": visibility("limit-per-address"),
    }
    managed = [
        {
            "name": group,
            "priority": position,
            "override_action": override,
            "statement": {"managed_rule_group_statement": {"vendor_name": "AWS", "name": group}},
            "visibility_config": visibility(group),
        }
        for position, group in enumerate(RULE_GROUPS, 1)
    ]
    return [limit, *managed]


def visibility(metric: str) -> Document:
    """Metrics on; no samples of requests, which hold what users send."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": False}


def record_statements(zones: Iterable[Late[str]]) -> tuple[Statement, ...]:
    """Write records of the zones that are named by ARN; listing zones knows no narrower resource, and only reads."""
    arns = tuple(zones)
    return (
        Statement(sid="WriteRecords", actions=("route53:ChangeResourceRecordSets",), resources=arns),
        Statement(sid="ReadRecords", actions=("route53:ListResourceRecordSets", "route53:ListTagsForResources"), resources=arns),
        Statement(sid="FindZones", actions=("route53:ListHostedZones",), resources=("*",)),
    )


_CLUSTER_TAG = "elbv2.k8s.aws/cluster"
_OURS = {"Null": {f"aws:ResourceTag/{_CLUSTER_TAG}": "false"}}
_MARKED = {"Null": {f"aws:RequestTag/{_CLUSTER_TAG}": "false"}}
_OWN_ACTIONS = (
    "AddTags",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "ModifyLoadBalancerAttributes",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "RemoveTags",
    "SetIpAddressType",
    "SetSecurityGroups",
    "SetSubnets",
    "SetWebAcl",
)
_LISTENER_ACTIONS = (
    "AddListenerCertificates",
    "AddTags",
    "CreateListener",
    "CreateRule",
    "DeleteListener",
    "DeleteRule",
    "ModifyListener",
    "ModifyListenerAttributes",
    "ModifyRule",
    "RemoveListenerCertificates",
    "RemoveTags",
    "SetRulePriorities",
)


def load_balancer_statements(arn: Callable[[str, str], Late[str]], cluster_name: Late[str]) -> tuple[Statement, ...]:
    """What the controller may do, as upstream asks, without Shield, Cognito and WAF Classic, and within this account and region.

    Narrower than upstream: of security groups that are not its own it changes the cluster's alone, which EKS marks with the cluster's name.

    Args:
        arn: makes an ARN of the cluster's account and region from a service and a resource.
        cluster_name: physical name of the cluster.
    """
    balancers = tuple(arn("elasticloadbalancing", f"loadbalancer/{kind}/*") for kind in ("app", "net"))
    groups = (arn("elasticloadbalancing", "targetgroup/*/*"),)
    listeners = tuple(arn("elasticloadbalancing", f"{part}/{kind}/*") for part in ("listener", "listener-rule") for kind in ("app", "net"))
    return (
        *_reads(),
        *_security_group_statements(arn, cluster_name),
        Statement(
            sid="PutFirewallsInFront",
            actions=("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"),
            resources=(arn("wafv2", "regional/webacl/*"), balancers[0]),
        ),
        Statement(
            sid="MakeLoadBalancers",
            actions=_elb("CreateLoadBalancer", "CreateTargetGroup"),
            resources=(*balancers, *groups),
            conditions=_MARKED,
        ),
        Statement(
            sid="MarkLoadBalancers",
            actions=_elb("AddTags"),
            resources=(*balancers, *groups),
            conditions={"StringEquals": {"elasticloadbalancing:CreateAction": ("CreateLoadBalancer", "CreateTargetGroup")}, **_MARKED},
        ),
        Statement(sid="ChangeItsLoadBalancers", actions=_elb(*_OWN_ACTIONS), resources=(*balancers, *groups), conditions=_OURS),
        # Listeners and rules carry no tag of the controller that a condition could name.
        Statement(sid="Route", actions=_elb(*_LISTENER_ACTIONS), resources=(*balancers, *listeners)),
        Statement(sid="RegisterPods", actions=_elb("DeregisterTargets", "RegisterTargets"), resources=groups, conditions=_OURS),
    )


def _reads() -> tuple[Statement, ...]:
    return (
        Statement(sid="Look", actions=("ec2:Describe*", "ec2:GetSecurityGroupsForVpc", *_elb("Describe*")), resources=("*",)),
        Statement(
            sid="LookAtCertificatesAndFirewalls",
            actions=("acm:DescribeCertificate", "acm:ListCertificates", "wafv2:GetWebACL", "wafv2:GetWebACLForResource"),
            resources=("*",),
        ),
    )


def _security_group_statements(arn: Callable[[str, str], Late[str]], cluster_name: Late[str]) -> tuple[Statement, ...]:
    groups, change = arn("ec2", "security-group/*"), ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress")
    return (
        Statement(sid="MakeSecurityGroups", actions=("ec2:CreateSecurityGroup",), resources=(groups, arn("ec2", "vpc/*"))),
        Statement(
            sid="MarkSecurityGroups",
            actions=("ec2:CreateTags",),
            resources=(groups,),
            conditions={"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}, **_MARKED},
        ),
        Statement(
            sid="ChangeItsSecurityGroups",
            actions=(*change, "ec2:DeleteSecurityGroup", "ec2:DeleteTags"),
            resources=(groups,),
            conditions=_OURS,
        ),
        Statement(
            sid="LetLoadBalancersReachPods",
            actions=change,
            resources=(groups,),
            conditions={"StringEquals": {"aws:ResourceTag/aws:eks:cluster-name": cluster_name}},
        ),
    )


def _elb(*actions: str) -> tuple[str, ...]:
    return tuple(f"elasticloadbalancing:{action}" for action in actions)
