"""Cases of what a container registry has once in an account and region."""

from tests.unit.aws_cases import Case
from tests.unit.aws_sandbox import REGION


def _scan(pattern: str, frequency: str = "SCAN_ON_PUSH") -> dict[str, object]:
    return {"scanFrequency": frequency, "repositoryFilters": [{"filter": pattern, "filterType": "WILDCARD"}]}


def _copy(*regions: str) -> dict[str, object]:
    return {"rules": [{"destinations": [{"region": region, "registryId": "123456789012"} for region in regions]}]}


REGISTRY = [
    Case(
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        lambda _: {"scanType": "BASIC", "rules": [_scan("*")]},
        lambda _: {"scanType": "ENHANCED", "rules": [_scan("prod*", "CONTINUOUS_SCAN"), _scan("*")]},
    ),
    Case(
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        lambda _: {"replicationConfiguration": _copy("eu-central-1")},
        lambda _: {"replicationConfiguration": _copy("eu-central-1", "eu-north-1")},
    ),
    Case(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda _: {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": _secret("one")},
        lambda _: {"credentialArn": _secret("two")},
    ),
    Case(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda _: {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"},
        lambda _: {"upstreamRegistryUrl": "public.ecr.aws"},
        ("upstreamRegistryUrl",),
    ),
]


def _secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:123456789012:secret:ecr-pullthroughcache/{name}-AbCdEf"
