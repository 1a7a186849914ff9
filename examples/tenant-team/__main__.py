"""A team in a cluster that stands already: a namespace that is bounded, closed and its own, and what its one service needs around it."""

import pulumi

import platform_components as platform

arn = "arn:aws:eks:eu-west-1:123456789012:cluster/shop"

payments = platform.Tenant(
    "payments",
    platform.TenantArgs(
        declaration=platform.Team(
            team="payments",
            owners=["@payments-leads"],
            group="sso-payments",
            environments=["prod"],
            quota="medium",
            services={"ledger": {"port": 8080, "callers": ["storefront"]}},
        ),
        environment="prod",
        cluster=platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
        domain="prod.example.com",
        tags={"Environment": "prod"},
    ),
)

pulumi.export("namespace", payments.namespace)
pulumi.export("repositories", payments.repository_urls)
