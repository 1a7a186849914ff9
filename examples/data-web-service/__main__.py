"""A web service with a database, a cache, a queue and a bucket, and a worker that takes jobs off. Cluster and network exist already."""

import pulumi

import platform_components as platform

cluster = platform.ClusterRef(name="shop", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop")
vpc = {"vpc_id": "vpc-0123456789abcdef0", "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]}
nodes = {"nodes": "sg-0123456789abcdef0"}
tags = {"Environment": "prod", "Team": "checkout"}


def identity(name: str) -> platform.WorkloadIdentity:
    """The AWS role of one service account of the namespace `checkout`."""
    return platform.WorkloadIdentity(
        name,
        platform.WorkloadIdentityArgs(cluster=cluster, namespace="checkout", service_account=name, security_groups=nodes, tags=tags),
    )


web, worker = identity("web"), identity("worker")

orders = platform.Database("orders", platform.DatabaseArgs(network=vpc, size="small", tags=tags))
sessions = platform.Cache("sessions", platform.CacheArgs(network=vpc, size="small", tags=tags))
jobs = platform.Queue("jobs", platform.QueueArgs(tags=tags))
invoices = platform.Bucket("invoices", platform.BucketArgs(versions_days=400, tags=tags))

platform.BackupPlan("checkout", platform.BackupPlanArgs(tag_key="Team", tag_value="checkout", tags=tags))

pulumi.export(
    "web",
    {
        "orders": orders.grant_write(web).as_inputs(),
        "sessions": sessions.grant_write(web).as_inputs(),
        "jobs": jobs.grant_write(web).as_inputs(),
        "invoices": invoices.grant_read(web).as_inputs(),
    },
)
pulumi.export(
    "worker",
    {
        "orders": orders.grant_read(worker).as_inputs(),
        "jobs": jobs.grant_read(worker).as_inputs(),
        "invoices": invoices.grant_write(worker, prefix="2026/").as_inputs(),
    },
)
pulumi.export("login_sql", orders.login_sql)
