"""Cases of what a container registry has once in an account and region."""

from tests.unit.aws_cases import READ, WRITE, A, B, Case
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
    Case("aws:codeartifact/domain:Domain", lambda _: {"domain": "acme", "tags": A}, lambda _: {"tags": B}),
    Case(
        "aws:codeartifact/repository:Repository",
        lambda _: {
            "domain": "acme",
            "repository": "python",
            "upstreams": [{"repositoryName": "pypi"}],
            "externalConnections": {"externalConnectionName": "public:pypi"},
            "tags": A,
        },
        lambda _: {"upstreams": [{"repositoryName": "pypi"}, {"repositoryName": "old"}], "description": "Python", "tags": B},
    ),
    Case(
        "aws:codeartifact/domainPermissions:DomainPermissions",
        lambda _: {"domain": "acme", "policyDocument": READ},
        lambda _: {"policyDocument": WRITE},
    ),
    Case(
        "aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy",
        lambda _: {"domain": "acme", "repository": "python", "policyDocument": READ},
        lambda _: {"policyDocument": WRITE},
    ),
]


def _secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:123456789012:secret:ecr-pullthroughcache/{name}-AbCdEf"
