"""Packages in CodeArtifact, which moto does not know: checked against its API and remembered."""

from typing import Any

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, rows, tag_list

_DOMAIN = {"domain": "$domain"}
_REPOSITORY = {**_DOMAIN, "repository": "$repository"}


def _tags(scope: Scope) -> Any:
    return tag_list(scope.new.get("tags"), "key", "value")


def _upstreams(scope: Scope) -> Any:
    return [{"repositoryName": one["repositoryName"]} for one in scope.new.get("upstreams") or ()]


def _aws_key(scope: Scope) -> str:
    return f"arn:{scope.region.partition}:kms:{scope.region.name}:{scope.region.account}:alias/aws/codeartifact"


def _of_domain(kind: str, name: str = "") -> F:
    """ARN of what belongs to a domain; also its id."""
    return F(
        lambda scope: (
            f"arn:{scope.region.partition}:codeartifact:{scope.region.name}:{scope.region.account}:{kind}/{scope.new['domain']}"
            + (f"/{scope.new[name]}" if name else "")
        )
    )


_ACCOUNT = F(lambda scope: scope.region.account)
_WRITTEN = {**_DOMAIN, "policyDocument": "$policyDocument"}
_REPOSITORY_KEYS = {"upstreams": F(_upstreams, ("upstreams",)), "description": "$description"}

ROWS = rows(
    Row(
        "aws:codeartifact/domain:Domain",
        "codeartifact",
        emulated=False,
        create=Call("create_domain", {**_DOMAIN, "encryptionKey": "$encryptionKey", "tags": F(_tags, ("tags",))}),
        id=_of_domain("domain"),
        props={
            "arn": _of_domain("domain"),
            "owner": _ACCOUNT,
            "repositoryCount": F(lambda _: 0),
            "assetSizeBytes": F(lambda _: "0"),
            "encryptionKey": F(lambda scope: scope.new.get("encryptionKey") or _aws_key(scope)),
        },
        force_new=frozenset({"domain", "encryptionKey"}),
        parse=lambda found: {"domain": found.rpartition("/")[2]},
    ),
    Row(
        "aws:codeartifact/repository:Repository",
        "codeartifact",
        emulated=False,
        create=Call("create_repository", {**_REPOSITORY, **_REPOSITORY_KEYS, "tags": F(_tags, ("tags",))}),
        update=Call("update_repository", {**_REPOSITORY, **_REPOSITORY_KEYS}),
        id=_of_domain("repository", "repository"),
        props={
            "arn": _of_domain("repository", "repository"),
            "administratorAccount": _ACCOUNT,
            "domainOwner": _ACCOUNT,
        },
        # A call of its own, by which the connection is made after the repository.
        local=frozenset({"externalConnections"}),
        force_new=frozenset({"domain", "repository", "domainOwner"}),
        parse=lambda found: {"domain": found.split("/")[1], "repository": found.split("/")[2]},
    ),
    Row(
        "aws:codeartifact/domainPermissions:DomainPermissions",
        "codeartifact",
        emulated=False,
        create=Call("put_domain_permissions_policy", _WRITTEN),
        id=_of_domain("domain"),
        props={"resourceArn": _of_domain("domain"), "domainOwner": _ACCOUNT, "policyRevision": F(lambda _: "1")},
        force_new=frozenset({"domain", "domainOwner"}),
        parse=lambda found: {"domain": found.rpartition("/")[2]},
        delete_first=True,
    ),
    Row(
        "aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy",
        "codeartifact",
        emulated=False,
        create=Call("put_repository_permissions_policy", {**_WRITTEN, "repository": "$repository"}),
        id=_of_domain("repository", "repository"),
        props={"resourceArn": _of_domain("repository", "repository"), "domainOwner": _ACCOUNT, "policyRevision": F(lambda _: "1")},
        force_new=frozenset({"domain", "repository", "domainOwner"}),
        parse=lambda found: {"domain": found.split("/")[1], "repository": found.split("/")[2]},
        delete_first=True,
    ),
)
