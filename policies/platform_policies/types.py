"""Type tokens: the names one kind of resource has had, and the one that rules use."""

from collections.abc import Mapping

CANONICAL: Mapping[str, str] = {
    # pulumi-aws 7 keeps the names of 6 and before as deprecated aliases (pulumi_aws, deprecation notices of each class).
    "aws:s3/bucketV2:BucketV2": "aws:s3/bucket:Bucket",
    "aws:s3/bucketAclV2:BucketAclV2": "aws:s3/bucketAcl:BucketAcl",
    "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2": "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ),
    "aws:s3/bucketLoggingV2:BucketLoggingV2": "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": (
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    ),
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ),
    "aws:s3/bucketVersioningV2:BucketVersioningV2": "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2": "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
    "aws:elasticloadbalancingv2/loadBalancer:LoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
    "aws:elasticloadbalancingv2/listener:Listener": "aws:lb/listener:Listener",
    "aws:elasticloadbalancingv2/listenerRule:ListenerRule": "aws:lb/listenerRule:ListenerRule",
    "aws:elasticloadbalancingv2/targetGroup:TargetGroup": "aws:lb/targetGroup:TargetGroup",
    "aws:elasticloadbalancing/loadBalancer:LoadBalancer": "aws:elb/loadBalancer:LoadBalancer",
    "aws:applicationloadbalancing/loadBalancer:LoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
    "aws:applicationloadbalancing/listener:Listener": "aws:lb/listener:Listener",
    "aws:applicationloadbalancing/listenerRule:ListenerRule": "aws:lb/listenerRule:ListenerRule",
    "aws:applicationloadbalancing/targetGroup:TargetGroup": "aws:lb/targetGroup:TargetGroup",
    "aws:alb/loadBalancer:LoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/listener:Listener": "aws:lb/listener:Listener",
    "aws:alb/listenerRule:ListenerRule": "aws:lb/listenerRule:ListenerRule",
    "aws:alb/targetGroup:TargetGroup": "aws:lb/targetGroup:TargetGroup",
}
"""Other names by the canonical one."""

MOVED_FROM_EXTENSIONS: Mapping[str, str] = {
    "Ingress": "networking.k8s.io",
    "NetworkPolicy": "networking.k8s.io",
    "PodSecurityPolicy": "policy",
}
"""Where kinds went when extensions/v1beta1 was given up; all others went to apps."""


def canonical(token: str) -> str:
    """The name that rules use for a type; a Kubernetes type goes without its version: `kubernetes:apps:Deployment`."""
    if token.startswith("kubernetes:"):
        return _kubernetes(token)
    return CANONICAL.get(token, token)


def _kubernetes(token: str) -> str:
    """One name for all versions and former groups of a built-in kind."""
    _, _, rest = token.partition(":")
    group_version, _, kind = rest.rpartition(":")
    group = group_version.partition("/")[0]
    if group == "extensions":
        group = MOVED_FROM_EXTENSIONS.get(kind, "apps")
    return f"kubernetes:{group}:{kind}"
