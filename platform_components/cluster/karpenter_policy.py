"""What Karpenter's controller may do in AWS, as upstream asks of version 1.8 and newer, in one policy.

Source: https://karpenter.sh/docs/reference/cloudformation/ (1.14), where it is split over six managed policies. Here it is one inline
policy: five resources and five attachments fewer, and still within the 10,240 characters IAM allows. Narrower than
upstream: what it launches must lie in this account, and it makes no instance profiles, since node classes name one that this library makes.
That needs no right over IAM, leaves no profile behind when the cluster goes, and works where the IAM API is out of reach
(https://karpenter.sh/docs/concepts/nodeclasses/#specinstanceprofile).
"""

from collections.abc import Sequence

from platform_components.identity.statements import Statement
from platform_components.place import Place

_READS = (
    "CapacityReservations",
    "Images",
    "Instances",
    "InstanceStatus",
    "InstanceTypeOfferings",
    "InstanceTypes",
    "LaunchTemplates",
    "PlacementGroups",
    "SecurityGroups",
    "SpotPriceHistory",
    "Subnets",
)

_NODEPOOL = "karpenter.sh/nodepool"
_CLUSTER_TAG = "eks:eks-cluster-name"

INTERRUPTIONS: Sequence[str] = (
    "AWS Health Event",
    "EC2 Capacity Reservation Instance Interruption Warning",
    "EC2 Instance Rebalance Recommendation",
    "EC2 Instance State-change Notification",
    "EC2 Spot Instance Interruption Warning",
)
"""Events Karpenter acts on before a node is lost."""

INTERRUPTION_PATTERN = {"source": ["aws.ec2", "aws.health"], "detail-type": list(INTERRUPTIONS)}
"""One EventBridge rule for all of them: upstream has five, but each detail type comes from one source only, so the product is the same."""


def karpenter_statements(place: Place, cluster_name: str, node_role_arn: str, queue_arn: str) -> tuple[Statement, ...]:
    """Statements of the controller's policy.

    Args:
        place: account, region and partition.
        cluster_name: physical name of the cluster.
        node_role_arn: role of the nodes it launches.
        queue_arn: the interruption queue.
    """
    return (
        *_launch(place, cluster_name),
        *_lifecycle(place, cluster_name),
        *_identity(place, node_role_arn),
        *_integration(place, cluster_name, queue_arn),
        *_discovery(place),
    )


def _launch(place: Place, cluster: str) -> tuple[Statement, ...]:
    owned = f"kubernetes.io/cluster/{cluster}"
    launch = ("ec2:RunInstances", "ec2:CreateFleet")
    own = f"arn:{place.partition}:ec2:{place.region}:{place.account}"
    public = f"arn:{place.partition}:ec2:{place.region}:"
    made = tuple(
        f"{own}:{kind}/*" for kind in ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
    )
    marked = {f"aws:RequestTag/{owned}": "owned", f"aws:RequestTag/{_CLUSTER_TAG}": cluster}
    by_pool = {f"aws:RequestTag/{_NODEPOOL}": "*"}
    # Shared subnets, groups and reservations belong to another account, so theirs is left open.
    shared = tuple(f"{public}*:{kind}/*" for kind in ("security-group", "subnet", "capacity-reservation", "placement-group"))
    return (
        Statement(sid="LaunchFrom", actions=launch, resources=(f"{public}:image/*", f"{public}:snapshot/*", *shared)),
        Statement(
            sid="LaunchFromOwnTemplates",
            actions=launch,
            resources=(f"{own}:launch-template/*",),
            conditions={"StringEquals": {f"aws:ResourceTag/{owned}": "owned"}, "StringLike": {f"aws:ResourceTag/{_NODEPOOL}": "*"}},
        ),
        Statement(
            sid="LaunchMarked",
            actions=(*launch, "ec2:CreateLaunchTemplate"),
            resources=made,
            conditions={"StringEquals": marked, "StringLike": by_pool},
        ),
        Statement(
            sid="MarkWhatIsLaunched",
            actions=("ec2:CreateTags",),
            resources=made,
            conditions={
                "StringEquals": {**marked, "ec2:CreateAction": ("RunInstances", "CreateFleet", "CreateLaunchTemplate")},
                "StringLike": by_pool,
            },
        ),
    )


def _lifecycle(place: Place, cluster: str) -> tuple[Statement, ...]:
    ours = {
        "StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster}": "owned"},
        "StringLike": {f"aws:ResourceTag/{_NODEPOOL}": "*"},
    }
    return (
        Statement(
            sid="NameOwnInstances",
            actions=("ec2:CreateTags",),
            resources=(place.arn("ec2", "instance/*"),),
            conditions={
                **ours,
                "StringEqualsIfExists": {f"aws:RequestTag/{_CLUSTER_TAG}": cluster},
                "ForAllValues:StringEquals": {"aws:TagKeys": (_CLUSTER_TAG, "karpenter.sh/nodeclaim", "Name")},
            },
        ),
        Statement(
            sid="DeleteOwn",
            actions=("ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"),
            resources=(place.arn("ec2", "instance/*"), place.arn("ec2", "launch-template/*")),
            conditions=ours,
        ),
    )


def _identity(place: Place, node_role_arn: str) -> tuple[Statement, ...]:
    spot = f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    profiles = (f"arn:{place.partition}:iam::{place.account}:instance-profile/*",)
    return (
        Statement(
            sid="PassNodeRole",
            actions=("iam:PassRole",),
            resources=(node_role_arn,),
            conditions={"StringEquals": {"iam:PassedToService": ("ec2.amazonaws.com", "ec2.amazonaws.com.cn")}},
        ),
        # The first spot instance of an account needs this role; upstream has people make it by hand
        # (https://karpenter.sh/docs/troubleshooting/#missing-service-linked-role).
        Statement(
            sid="FirstSpotInstance",
            actions=("iam:CreateServiceLinkedRole",),
            resources=(spot,),
            conditions={"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
        ),
        # It looks for profiles of its own to tidy up, even where there are none.
        Statement(sid="ReadProfiles", actions=("iam:GetInstanceProfile",), resources=profiles),
        Statement(sid="ListProfiles", actions=("iam:ListInstanceProfiles",), resources=("*",)),
    )


def _integration(place: Place, cluster: str, queue_arn: str) -> tuple[Statement, ...]:
    cluster_arn = place.cluster(cluster)
    return (
        Statement(sid="FindEndpoint", actions=("eks:DescribeCluster",), resources=(cluster_arn,)),
        Statement(sid="ReadInterruptions", actions=("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"), resources=(queue_arn,)),
        Statement(
            sid="ReadZonalShift",
            actions=("arc-zonal-shift:GetManagedResource",),
            resources=("*",),
            conditions={"StringEquals": {"arc-zonal-shift:ResourceIdentifier": cluster_arn}},
        ),
    )


def _discovery(place: Place) -> tuple[Statement, ...]:
    return (
        Statement(
            sid="ReadRegion",
            actions=tuple(f"ec2:Describe{noun}" for noun in _READS),
            resources=("*",),
            conditions={"StringEquals": {"aws:RequestedRegion": place.region}},
        ),
        Statement(
            sid="ReadImages",
            actions=("ssm:GetParameter",),
            resources=(f"arn:{place.partition}:ssm:{place.region}::parameter/aws/service/*",),
        ),
        Statement(sid="ReadPrices", actions=("pricing:GetProducts",), resources=("*",)),
    )
