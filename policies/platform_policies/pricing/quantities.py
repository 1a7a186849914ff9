"""Quantities by type: which lines of the price list a resource needs, and how much of each."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import ceil
from types import MappingProxyType

from platform_policies.graph import Node
from platform_policies.pricing import compute
from platform_policies.pricing.need import Context, Need, Quantities, hours, listed, number, text, unpriced
from platform_policies.pricing.support import rds_standard_until
from platform_policies.rule import is_unknown


def nat_gateway(node: Node, context: Context) -> Iterator[Need]:
    """A NAT gateway; its public address is charged where it is declared."""
    mode = node.value("availabilityMode", "zonal")
    if is_unknown(mode):
        yield unpriced("NAT gateway", "its availability mode is not known before `up`")
        return
    rate = "nat.regional" if mode == "regional" else "nat"
    # A regional one spreads to the zones that have workloads, and is charged in each.
    yield hours(f"{'Regional ' if mode == 'regional' else ''}NAT gateway", f"{rate}.hour", at_least=mode == "regional")
    yield context.used(node, "Data processed", f"{rate}.gb", "monthly_data_processed_gb")


def elastic_ip(node: Node, _: Context) -> Iterator[Need]:
    """A public IPv4 address: the same whether it is in use or idle (https://aws.amazon.com/vpc/pricing/, since 2024-02-01)."""
    if node.value("publicIpv4Pool", "amazon") == "amazon":
        yield hours("Public IPv4 address", "ipv4.hour")


def vpc_endpoint(node: Node, context: Context) -> Iterator[Need]:
    """An interface endpoint, charged in each zone it stands in; a gateway endpoint costs nothing."""
    kind = node.value("vpcEndpointType", "Gateway")
    if kind == "Gateway":
        return
    if is_unknown(kind):
        yield unpriced("Endpoint", "its type is not known before `up`")
        return
    rate = "gwlb" if kind == "GatewayLoadBalancer" else "interface"
    subnets = listed(node.value("subnetIds") if node.value("subnetIds") is not None else node.value("subnetConfigurations"))
    zones = len(subnets or ()) or 1
    yield hours(f"{kind} endpoint in {zones} zones", f"endpoint.{rate}.hour", zones, at_least=not subnets)
    yield context.used(node, "Data processed", f"endpoint.{rate}.gb", "monthly_data_processed_gb")


def load_balancer(node: Node, context: Context) -> Iterator[Need]:
    """A load balancer by the hour, and its capacity units where a usage file gives their measures."""
    kind = node.value("loadBalancerType", "application")
    if is_unknown(kind):
        yield unpriced("Load balancer", "its type is not known before `up`")
        return
    yield hours(f"{str(kind).capitalize()} load balancer", f"lb.{kind}.hour")
    # One unit carries so much (https://aws.amazon.com/elasticloadbalancing/pricing/); the busiest measure decides.
    measures = {"new_connections": 25, "active_connections": 3000, "rule_evaluations": 1000, "processed_bytes_gb": 730}
    if kind == "network":
        measures = {"new_connections": 800, "active_connections": 100_000, "processed_bytes_gb": 730}
    given = [amount / size for key, size in measures.items() if (amount := context.usage.get(node.urn, key)) is not None]
    yield Need("Capacity units", f"lb.{kind}.lcu", max(given) if given else None, usage_key="processed_bytes_gb")


def classic_balancer(node: Node, context: Context) -> Iterator[Need]:
    """A classic load balancer."""
    yield hours("Classic load balancer", "lb.classic.hour")
    yield context.used(node, "Data processed", "lb.classic.gb", "monthly_data_processed_gb")


def kms_key(node: Node, context: Context) -> Iterator[Need]:
    """A key; the first two rotations add as much again each, which is not counted."""
    yield Need("Key", "kms.key", Decimal(1))
    yield context.used(node, "Requests", "kms.requests", "monthly_requests", 10_000)


def log_group(node: Node, context: Context) -> Iterator[Need]:
    """Logs, which only a usage file can size."""
    if node.value("logGroupClass", "STANDARD") != "STANDARD":
        yield unpriced("Logs", "no source for prices of this class of log group")
        return
    yield context.used(node, "Data ingested", "logs.ingest", "monthly_data_ingested_gb")
    yield context.used(node, "Storage", "logs.store", "storage_gb")
    yield context.used(node, "Insights queries", "logs.scan", "monthly_data_scanned_gb")


def queue(node: Node, context: Context) -> Iterator[Need]:
    """Requests to a queue, in chunks of 64 KB."""
    kind = "fifo" if node.value("fifoQueue") is True else "standard"
    requests = context.usage.get(node.urn, "monthly_requests")
    size = context.usage.get(node.urn, "request_size_kb") or Decimal(64)
    chunks = ceil(size / 64)
    yield Need("Requests", f"sqs.{kind}", None if requests is None else requests * chunks / 1_000_000, usage_key="monthly_requests")


def topic(node: Node, context: Context) -> Iterator[Need]:
    """Requests to a topic, in chunks of 64 KB, and what it delivers to the subscriptions a usage file counts."""
    requests = context.usage.get(node.urn, "monthly_requests")
    size = context.usage.get(node.urn, "request_size_kb") or Decimal(64)
    yield Need(
        "Requests", "sns.requests", None if requests is None else requests * ceil(size / 64) / 1_000_000, usage_key="monthly_requests"
    )
    for kind, component in (("http", "HTTP deliveries"), ("email", "E-mail deliveries")):
        subscriptions = context.usage.get(node.urn, f"{kind}_subscriptions")
        if subscriptions is not None:
            yield Need(component, f"sns.{kind}", (requests or 0) * subscriptions / 100_000, usage_key=f"{kind}_subscriptions")


def bucket(node: Node, context: Context) -> Iterator[Need]:
    """Objects of the standard class."""
    yield context.used(node, "Standard storage", "s3.standard.gb", "standard.storage_gb")
    yield context.used(node, "PUT, COPY, POST, LIST requests", "s3.standard.put", "standard.monthly_tier_1_requests", 1000)
    yield context.used(node, "GET and other requests", "s3.standard.get", "standard.monthly_tier_2_requests", 1000)


def backup_vault(node: Node, context: Context) -> Iterator[Need]:
    """Snapshots of databases in a vault; those of other services have rates of their own, which are not in the catalogue."""
    yield context.used(node, "RDS snapshots", "rds.backup.gb", "monthly_rds_snapshot_gb")


def secret(node: Node, context: Context) -> Iterator[Need]:
    """A secret, and the calls for it."""
    yield Need("Secret", "secret.month", Decimal(1))
    yield context.used(node, "API requests", "secret.requests", "monthly_requests", 10_000)


def hosted_zone(_: Node, __: Context) -> Iterator[Need]:
    """A DNS zone."""
    yield Need("Hosted zone", "route53.zone", Decimal(1))


def web_acl(node: Node, context: Context) -> Iterator[Need]:
    """A firewall, its rules (a group that AWS keeps counts as one), and what passes it."""
    rules = listed(node.value("rules"))
    yield Need("Web ACL", "waf.acl", Decimal(1))
    yield Need("Rules", "waf.rule", None if rules is None else Decimal(len(rules)))
    yield context.used(node, "Requests", "waf.requests", "monthly_requests", 1_000_000)


def resolver_endpoint(node: Node, _: Context) -> Iterator[Need]:
    """A resolver endpoint: each of its addresses is a network interface that is charged."""
    addresses = listed(node.value("ipAddresses"))
    yield hours("Resolver addresses", "route53.resolver", len(addresses or ()) or 2, at_least=not addresses)


def repository(node: Node, context: Context) -> Iterator[Need]:
    """Images."""
    yield context.used(node, "Storage", "ecr.gb", "storage_gb")


def alarm(node: Node, _: Context) -> Iterator[Need]:
    """An alarm; one that looks more often than every minute costs more."""
    period, _known = number(node.value("period"), 60)
    yield Need("Alarm metrics", "alarm.high" if period < 60 else "alarm.standard", Decimal(1))  # noqa: PLR2004 -- one minute


def dashboard(_: Node, __: Context) -> Iterator[Need]:
    """A dashboard."""
    yield Need("Dashboard", "dashboard", Decimal(1))


def budget_action(_: Node, __: Context) -> Iterator[Need]:
    """What a budget does by itself; the budget alone costs nothing."""
    yield unpriced("Budget action", "free for the first two budgets with actions of an account, charged by the day beyond them")


def vpn(_: Node, __: Context) -> Iterator[Need]:
    """A VPN connection."""
    yield hours("VPN connection", "vpn.hour")


def database(node: Node, context: Context) -> Iterator[Need]:
    """A database instance, its storage and what its version costs beyond standard support."""
    engine, kind = text(node.value("engine")), text(node.value("instanceClass"))
    if not engine or not kind:
        yield unpriced("Database instance", "its engine or class is not known before `up`")
        return
    zones = ".multi-az" if node.value("multiAz") is True else ""
    yield hours(f"{engine} {kind}{' in two zones' if zones else ''}", f"rds.{engine}.{kind}{zones}")
    default = "io1" if number(node.value("iops"))[0] else "gp2"
    storage = text(node.value("storageType"), default)
    size, known = number(node.value("allocatedStorage"))
    if size:
        yield Need(f"Storage ({storage}, {size} GB)", f"rds.{storage}.gb{zones}", Decimal(size), at_least=not known)
    if storage == "io1":
        yield Need("Provisioned IOPS", "rds.io1.iops", Decimal(number(node.value("iops"))[0]))
    yield context.used(node, "Additional backups", "rds.backup.gb", "additional_backup_storage_gb")
    if extended_database(node, context):
        yield unpriced("Extended support", "charged for each vCPU of the class, which the program does not say")


def extended_database(node: Node, context: Context) -> bool | None:
    """Whether a database's version is in extended support and charged for it; None where that is not known."""
    engine, version = node.value("engine"), node.value("engineVersion")
    if is_unknown(engine) or is_unknown(version):
        return None
    if engine is None or version is None or node.value("engineLifecycleSupport") == "open-source-rds-extended-support-disabled":
        return False
    until = rds_standard_until(str(engine), str(version))
    return until is not None and context.today > until


def cache_cluster(node: Node, context: Context) -> Iterator[Need]:
    """Nodes of a cache."""
    kind = text(node.value("nodeType"))
    if node.value("replicationGroupId") is not None:
        return  # charged with its replication group
    replicas, known = number(node.value("numCacheNodes"), 1)
    if node.type.endswith("ReplicationGroup"):
        groups, sized = number(node.value("numNodeGroups"), 1)
        each, replicated = number(node.value("replicasPerNodeGroup"), 0)
        replicas, known = number(node.value("numCacheClusters"), groups * (each + 1))
        known = known and sized and replicated
    engine = node.value("engine")
    if not kind or is_unknown(engine):
        yield unpriced("Cache", "its engine is not known before `up`" if kind else "no node type is named")
    else:
        # Valkey costs less than the other engines, which cost the same.
        yield hours(f"{replicas} x {kind}", f"cache.{'valkey.' if engine == 'valkey' else ''}{kind}", replicas, at_least=not known)
    if node.value("snapshotRetentionLimit") != 0:
        yield context.used(node, "Snapshots", "cache.backup.gb", "snapshot_storage_size_gb")


def service(node: Node, _: Context) -> Iterator[Need]:
    """A Kubernetes service of type LoadBalancer makes a load balancer that the program does not show."""
    if node.value("spec.type") == "LoadBalancer":
        yield unpriced("Load balancer of a service", "its kind is decided by the cluster's controller")


QUANTITIES: Mapping[str, Quantities] = MappingProxyType(
    {
        "aws:autoscaling/group:Group": compute.autoscaling_group,
        "aws:backup/vault:Vault": backup_vault,
        "aws:budgets/budgetAction:BudgetAction": budget_action,
        "aws:cloudwatch/dashboard:Dashboard": dashboard,
        "aws:cloudwatch/logGroup:LogGroup": log_group,
        "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
        "aws:ebs/volume:Volume": compute.ebs_volume,
        "aws:ec2/eip:Eip": elastic_ip,
        "aws:ec2/instance:Instance": compute.instance,
        "aws:ec2/natGateway:NatGateway": nat_gateway,
        "aws:ec2/vpcEndpoint:VpcEndpoint": vpc_endpoint,
        "aws:ec2/vpnConnection:VpnConnection": vpn,
        "aws:ecr/repository:Repository": repository,
        "aws:eks/cluster:Cluster": compute.cluster,
        "aws:eks/fargateProfile:FargateProfile": compute.fargate_profile,
        "aws:eks/nodeGroup:NodeGroup": compute.node_group,
        "aws:elasticache/cluster:Cluster": cache_cluster,
        "aws:elasticache/replicationGroup:ReplicationGroup": cache_cluster,
        "aws:elb/loadBalancer:LoadBalancer": classic_balancer,
        "aws:kms/key:Key": kms_key,
        "aws:lb/loadBalancer:LoadBalancer": load_balancer,
        "aws:rds/instance:Instance": database,
        "aws:route53/resolverEndpoint:ResolverEndpoint": resolver_endpoint,
        "aws:route53/zone:Zone": hosted_zone,
        "aws:s3/bucket:Bucket": bucket,
        "aws:secretsmanager/secret:Secret": secret,
        "aws:sns/topic:Topic": topic,
        "aws:sqs/queue:Queue": queue,
        "aws:wafv2/webAcl:WebAcl": web_acl,
        "kubernetes:core:Service": service,
    }
)
"""How to measure a resource, by canonical type."""
