"""What each layer promises the layers above: its stack outputs, all of them, in one place.

A contract is small and stable. A key may be added; renaming or removing one breaks whoever reads it, in this repository or another, and
needs a changelog entry with its upgrade path.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi


class NetworkOutputs(TypedDict):
    """Outputs of `ENV.network`; read as a VpcRef."""

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    cidr: pulumi.Output[str]
    """Primary IPv4 block of the VPC."""
    subnet_ids: pulumi.Output[Mapping[str, Sequence[str]]]
    """Subnet ids by tier, in zone order."""
    nat_public_ips: pulumi.Output[Sequence[str]]
    """Addresses that the outside sees, in zone order; empty without NAT."""
    audit_bucket_arn: pulumi.Output[str]
    """ARN of the bucket that records are kept in; empty without an audit trail: an engine drops an output without a value."""
    audit_key_arn: pulumi.Output[str]
    """ARN of the key that encrypts them; empty without an audit trail."""
    audit_topic_arn: pulumi.Output[str]
    """ARN of the topic that hears of findings, of use of the root user and of attempts on the trail; empty without an audit trail."""


class ClusterOutputs(TypedDict):
    """Outputs of `ENV.cluster`."""

    cluster_name: pulumi.Output[str]
    """Physical name of the cluster."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    version: pulumi.Output[str]
    """Kubernetes version of the control plane, such as 1.35."""
    endpoint: pulumi.Output[str]
    """URL of the Kubernetes API."""
    certificate_authority: pulumi.Output[str]
    """Certificate authority of the API, base64."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig without credentials. Secret."""
    cluster_security_group_id: pulumi.Output[str]
    """Security group of control plane and nodes."""
    oidc_issuer: pulumi.Output[str]
    """Issuer URL of service account tokens."""
    oidc_provider_arn: pulumi.Output[str]
    """ARN of the IAM provider of that issuer; empty where the cluster has none."""
    key_arn: pulumi.Output[str]
    """KMS key of secrets, logs and volumes."""
    karpenter_instance_profile_name: pulumi.Output[str | None]
    """Instance profile of the nodes Karpenter launches; none where no pool is Karpenter's."""
    karpenter_queue_name: pulumi.Output[str | None]
    """Queue of the instances EC2 takes back; none where no pool is Karpenter's."""


class PlatformOutputs(TypedDict):
    """Outputs of `ENV.platform`."""

    pool_names: pulumi.Output[Sequence[str]]
    """Names of Karpenter's pools."""
    priority_class_names: pulumi.Output[Sequence[str]]
    """Names of the PriorityClasses."""
    zone_id: pulumi.Output[str | None]
    """Id of the environment's public zone; none without one."""
    public_issuer: pulumi.Output[Mapping[str, str]]
    """`issuerRef` of certificates for public names."""
    internal_issuer: pulumi.Output[Mapping[str, str]]
    """`issuerRef` of certificates that only the platform has to trust."""
    secrets_address: pulumi.Output[str]
    """URL of Vault inside the cluster, once it is started; empty without one."""
    secrets_people_accessor: pulumi.Output[str]
    """Accessor of people's login at Vault, which groups are bound to; empty without one."""
    cost_alerts_topic_arn: pulumi.Output[str] | None
    """ARN of the topic that AWS Budgets and Cost Anomaly Detection publish to; none where the environment has no budget."""


class ObservabilityOutputs(TypedDict):
    """Outputs of `ENV.observability`."""

    prometheus_url: pulumi.Output[str]
    """Where metrics are asked for, inside the cluster."""
    otlp_endpoint: pulumi.Output[str]
    """Where applications send OTLP over gRPC."""
    bucket_names: pulumi.Output[Mapping[str, str]]
    """Buckets by what they hold: metrics, logs, traces."""
    alertmanager_config: pulumi.Output[str]
    """Alertmanager's configuration, as `amtool` reads it. Secret."""
    budget_policies: pulumi.Output[Mapping[str, Mapping[str, object]]]
    """Error-budget policies of the platform's objectives, by name: what a delivery asks before it goes on."""


class DeliveryOutputs(TypedDict):
    """Outputs of `ENV.delivery`."""

    runner_names: pulumi.Output[Sequence[str]]
    """What workflows of GitHub Actions write as `runs-on`; empty without such runners."""
    registry: pulumi.Output[str]
    """Host of the account's registry; empty where the environment has not got it."""
    repository_urls: pulumi.Output[Mapping[str, str]]
    """Where images are pushed to, by repository."""
    signing_key: pulumi.Output[str]
    """The signing key as cosign names it; empty without a registry that signs."""
    signing_public_key: pulumi.Output[str]
    """What its signatures are verified with, in PEM; empty likewise."""
    release_engine: pulumi.Output[str]
    """Controller of releases, which a Rollout names as its `engine`; empty without one."""


class TenantsOutputs(TypedDict):
    """Outputs of `ENV.tenants-NN`."""

    namespaces: Mapping[str, str]
    """Namespaces by team."""
    budget_policies: pulumi.Output[Mapping[str, Mapping[str, Mapping[str, object]]]]
    """Error-budget policies by team and service, of services that are held to an objective: what a delivery asks before it goes on."""


class DataOutputs(TypedDict):
    """Outputs of `ENV.data`."""

    alarms_topic_arn: pulumi.Output[str]
    """ARN of the topic that alarms of stores tell; empty where nobody is to be told."""
    backup_vault_arn: pulumi.Output[str]
    """ARN of the vault of its backups; empty where it holds no data, or has no backups: an engine drops an output without a value."""
    stores: pulumi.Output[Mapping[str, Mapping[str, Mapping[str, object]]]]
    """Connections by kind (`buckets`, `queues`, ...) and name: that of the store, and those of whoever was granted something, by name."""


def said(value: pulumi.Input[str | None]) -> pulumi.Output[str]:
    """An output that is empty rather than none: an engine drops one without a value."""
    return pulumi.Output.from_input(value).apply(lambda found: found or "")
