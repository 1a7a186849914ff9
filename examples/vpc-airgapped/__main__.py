"""A network without a way out: AWS services are reached by endpoints, names outside them are not answered."""

import pulumi

import platform_components as platform

network = platform.Vpc(
    "vault",
    platform.VpcArgs(
        cidr="10.64.0.0/18",
        zones=["euc1-az1", "euc1-az2"],
        tiers=["private", "database"],
        nat="none",
        endpoints="airgapped",
        extra_endpoints=["codeartifact.api", "codeartifact.repositories"],
        endpoint_settings={"policy_services": ["codeartifact.api", "codeartifact.repositories"]},
        network_acls={"tiers": ["database"]},
        flow_logs={"retention_days": 365},
        tags={"Environment": "production"},
    ),
)

pulumi.export("vpc_id", network.vpc_id)
pulumi.export("endpoint_ids", network.endpoint_ids)
