"""Every kind of store and a registry, one identity that is granted something, and one that is not."""

import json

import pulumi
import pulumi_aws as aws

import platform_components as platform

TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)


def identity(name: str) -> platform.IdentityRef:
    """A role, by any means made."""
    role = aws.iam.Role(name, assume_role_policy=TRUST)
    return platform.IdentityRef(name=name, role_name=role.name, role_arn=role.arn)


ledger, stranger = identity("ledger"), identity("stranger")
throwaway = {"removal": "delete"}

reports = platform.Bucket("reports", platform.BucketArgs(**throwaway, expire_days=400))
reports.grant_read(ledger)
reports.grant_write(ledger, prefix="ledger/")
secrets = platform.Bucket("other", platform.BucketArgs(**throwaway, object_lock={"days": 3}))
secrets.grant_write(stranger)

jobs = platform.Queue("jobs", platform.QueueArgs(attempts=3, visibility_seconds=120))
jobs.grant_write(ledger)
jobs.grant_read(stranger)
orders = platform.Queue("orders", platform.QueueArgs(fifo=True, consumers={"billing": {}, "shipping": {"filter": {"kind": ["paid"]}}}))
orders.grant_write(ledger)
orders.grant_read(ledger, consumer="billing")

vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnets = [
    aws.ec2.Subnet(f"net-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=f"eu-west-1{zone}")
    for index, zone in enumerate("ab")
]
network = {"vpc_id": vpc.id, "subnet_ids": pulumi.Output.all(*(subnet.id for subnet in subnets))}
nodes = aws.ec2.SecurityGroup("nodes", vpc_id=vpc.id, description="Nodes of a cluster")
inside = ledger.model_copy(update={"security_groups": {"nodes": nodes.id}})

accounts = platform.Database("accounts", platform.DatabaseArgs(network=network, size="small", backup_days=21))
accounts_connection = accounts.grant_write(inside)
events = platform.Database(
    "events",
    platform.DatabaseArgs(
        network=network, engine="mysql", deployment="aurora-serverless", removal="delete", deletion_protection=False, database="events"
    ),
)
events.grant_read(inside)

sessions = platform.Cache("sessions", platform.CacheArgs(network=network, **throwaway))
sessions_connection = sessions.grant_write(inside)
clicks = platform.Stream("clicks", platform.StreamArgs(retention_hours=48, **throwaway))
clicks_connection = clicks.grant_read(ledger)

# Every kind of store, and of engine, with one identity that reads it and another that writes.
reads, writes = (
    identity(name).model_copy(
        update={"security_groups": {name: aws.ec2.SecurityGroup(f"{name}s", vpc_id=vpc.id, description=f"Pods of {name}").id}}
    )
    for name in ("reader", "writer")
)
ledgers = platform.Database(
    "ledgers",
    platform.DatabaseArgs(
        network=network, engine="mysql", size="large", storage_gb=50, max_storage_gb=400, removal="delete", deletion_protection=False
    ),
)
audit = platform.Database(
    "audit",
    platform.DatabaseArgs(
        network=network, deployment="aurora", version="16", size="large", readers=1, removal="delete", deletion_protection=False
    ),
)
carts = platform.Cache("carts", platform.CacheArgs(network=network, engine="redis", size="large", shards=2, snapshot_days=3, **throwaway))
feed = platform.Stream("feed", platform.StreamArgs(kind="kafka", network=network, **throwaway))
everything = {"reports": reports, "jobs": jobs, "ledgers": ledgers, "audit": audit, "carts": carts, "clicks": clicks, "feed": feed}
granted = {name: {"read": store.grant_read(reads), "write": store.grant_write(writes)} for name, store in everything.items()}
pulumi.export("granted", {name: {access: one.as_inputs() for access, one in made.items()} for name, made in granted.items()})
pulumi.export("granted_keys", {"reports": reports.key_arn, "jobs": jobs.key_arn, "clicks": clicks.key_arn})
pulumi.export("granted_ids", {"ledgers": ledgers.identifier, "audit": audit.identifier})

images = platform.ArtifactRegistry(
    "images",
    platform.ArtifactRegistryArgs(
        repositories={"shop": {"keep_images": 30, "untagged_days": 7}, "tools": {"movable_tags": ["cache-*"]}},
        readers=["111111111111"],
        upstreams={"quay": {"registry": "quay.io"}},
        replicate_to=[{"region": "eu-central-1"}],
        signers={"ledger": ledger.role_arn},
        packages={"domain": "acme", "repositories": {"python": {"upstreams": ["pypi"]}, "pypi": {"public": "pypi"}}},
        force_delete=True,
    ),
)

pulumi.export(
    "images",
    {
        "host": images.registry,
        "urls": images.repository_urls,
        "key": images.signing_key_arn,
        "public": images.signing_public_key,
        "packages": images.package_repository_arns,
    },
)
pulumi.export("cache", sessions_connection.as_inputs())
pulumi.export("stream", clicks_connection.as_inputs())
pulumi.export("stream_key", clicks.key_arn)
pulumi.export(
    "queue", {"jobs": jobs.connection.as_inputs(), "urls": orders.queue_urls, "arns": orders.queue_arns, "topic": orders.topic_arn}
)
pulumi.export("failed", {"jobs": jobs.dead_letter_urls, "orders": orders.dead_letter_urls})
pulumi.export("queue_keys", {"jobs": jobs.key_arn, "orders": orders.key_arn})
pulumi.export("database", {"accounts": accounts_connection.as_inputs(), "events": events.connection.as_inputs()})
pulumi.export(
    "database_ids",
    {
        name: {"identifier": store.identifier, "group": store.security_group_id, "key": store.key_arn, "secret": store.master_secret_arn}
        for name, store in {"accounts": accounts, "events": events}.items()
    },
)
pulumi.export("nodes", nodes.id)
pulumi.export("roles", {one.name: one.role_name for one in (ledger, stranger, reads, writes)})
pulumi.export("bucket", {"reports": reports.connection.as_inputs(), "other": secrets.connection.as_inputs()})
pulumi.export("keys", {"reports": reports.key_arn, "other": secrets.key_arn})
