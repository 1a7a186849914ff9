"""Documents of packages: who of other accounts logs in and reads, and what pipelines need. Pure but for Late values in statements.

Actions: https://docs.aws.amazon.com/codeartifact/latest/ug/auth-and-access-control-iam-identity-based-access-control.html.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pulumi

from platform_components.identity.statements import POLICY_VERSION, Statement
from platform_components.place import Place

LOG_IN: Final = ("codeartifact:GetAuthorizationToken",)
READ: Final = (
    "codeartifact:DescribePackageVersion",
    "codeartifact:DescribeRepository",
    "codeartifact:GetPackageVersionReadme",
    "codeartifact:GetRepositoryEndpoint",
    "codeartifact:ListPackageVersionAssets",
    "codeartifact:ListPackageVersionDependencies",
    "codeartifact:ListPackageVersions",
    "codeartifact:ListPackages",
    "codeartifact:ReadFromRepository",
)
PUBLISH: Final = ("codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata")


class Readers(NamedTuple):
    """Who reads beside the account itself."""

    accounts: tuple[str, ...]
    organization: str | None

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.accounts or self.organization)


def domain_policy(place: Place, readers: Readers) -> dict[str, Any]:
    """Policy of the domain: who may log in."""
    return _policy(place, readers, "LogIn", LOG_IN)


def repository_policy(place: Place, readers: Readers) -> dict[str, Any]:
    """Policy of a repository: who may read and never publish."""
    return _policy(place, readers, "Read", READ)


def _policy(place: Place, readers: Readers, sid: str, actions: Sequence[str]) -> dict[str, Any]:
    allowed: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    statements: list[dict[str, Any]] = []
    if readers.accounts:
        roots = [f"arn:{place.partition}:iam::{account}:root" for account in sorted(readers.accounts)]
        statements.append({"Sid": f"Readers{sid}", "Principal": {"AWS": roots}, **allowed})
    if readers.organization:
        condition = {"StringEquals": {"aws:PrincipalOrgID": readers.organization}}
        statements.append({"Sid": f"Organization{sid}", "Principal": "*", **allowed, "Condition": condition})
    return {"Version": POLICY_VERSION, "Statement": statements}


def read_statements(domain_arn: pulumi.Input[str], repository_arn: pulumi.Input[str]) -> tuple[Statement, ...]:
    """What it takes to install packages of one repository: a login of the domain, a bearer token for it, and reading."""
    token = {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}}
    return (
        Statement(sid="PackagesLogIn", actions=LOG_IN, resources=(domain_arn,)),
        # The service asks STS for it; a token names no resource.
        Statement(sid="PackagesToken", actions=("sts:GetServiceBearerToken",), resources=("*",), conditions=token),
        Statement(sid="PackagesRead", actions=READ, resources=(repository_arn,)),
    )


def publish_statement(repository_arn: pulumi.Output[str]) -> Statement:
    """What publishing into one repository takes beside reading: its packages are resources of their own."""
    packages = repository_arn.apply(lambda arn: f"{arn.replace(':repository/', ':package/')}/*")
    return Statement(sid="PackagesPublish", actions=PUBLISH, resources=(packages,))
