"""Container registries and their policies."""

from collections.abc import Mapping
from typing import Any

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, rows, untag

_NAME = {"repositoryName": "$id"}
_OF = {"repositoryName": "$repository"}


def _encryption(scope: Scope) -> dict[str, str] | None:
    for block in scope.new.get("encryptionConfigurations") or ():
        found = {"encryptionType": block.get("encryptionType") or "AES256", "kmsKey": block.get("kmsKey")}
        return {key: value for key, value in found.items() if value}
    return None


def _read_encryption(scope: Scope) -> list[dict[str, str]]:
    found: Mapping[str, Any] = scope.item.get("encryptionConfiguration") or {}
    return [{"encryptionType": found["encryptionType"], **({"kmsKey": found["kmsKey"]} if found.get("kmsKey") else {})}] if found else []


def _exclusions(scope: Scope) -> list[dict[str, str]] | None:
    given = scope.new.get("imageTagMutabilityExclusionFilters")
    return [{"filter": one["filter"], "filterType": one["filterType"]} for one in given] if given else None


_EXCLUSIONS = F(_exclusions, ("imageTagMutabilityExclusionFilters",))
_SCAN = {"scanOnPush": F(lambda scope: bool(scope.get("imageScanningConfiguration.scanOnPush")), ("imageScanningConfiguration",))}


def _attached(token: str, put: Call, get: Call, delete: Call, text: str) -> Row:
    """A policy of a repository as a resource of its own."""
    return Row(
        token,
        "ecr",
        create=put,
        id=F(lambda scope: scope.new["repository"]),
        read=get,
        props={"repository": "repositoryName", "registryId": "registryId", "policy": text},
        updates=(Update(("policy",), (put,)),),
        delete=(delete,),
        parse=lambda name: {"repository": name},
        delete_first=True,
    )


_SCANNING = {
    "scanType": "$scanType",
    "rules": F(
        lambda scope: [
            {
                "scanFrequency": one["scanFrequency"],
                "repositoryFilters": [{"filter": each["filter"], "filterType": each["filterType"]} for each in one["repositoryFilters"]],
            }
            for one in scope.new.get("rules") or ()
        ],
        ("rules",),
    ),
}
_NO_SCANNING = {"scanType": F(lambda _: "BASIC"), "rules": F(lambda _: [])}


def _replication(scope: Scope) -> dict[str, Any]:
    given = scope.new.get("replicationConfiguration") or {}
    return {"rules": given.get("rules") or []}


_REPLICATION = {"replicationConfiguration": F(_replication, ("replicationConfiguration",))}

ROWS = rows(
    Row(
        "aws:ecr/repository:Repository",
        "ecr",
        create=Call(
            "create_repository",
            {
                "repositoryName": "$name",
                "imageTagMutability": "$imageTagMutability",
                "imageTagMutabilityExclusionFilters": _EXCLUSIONS,
                "imageScanningConfiguration": _SCAN,
                "encryptionConfiguration": F(_encryption, ("encryptionConfigurations",)),
                "tags": TAG_LIST,
            },
        ),
        id="repository.repositoryName",
        read=Call("describe_repositories", {"repositoryNames": ["$id"]}, at="repositories[0]"),
        props={
            "arn": "repositoryArn",
            "name": "repositoryName",
            "registryId": "registryId",
            "repositoryUrl": "repositoryUri",
            "imageTagMutability": "imageTagMutability",
            "imageTagMutabilityExclusionFilters": "imageTagMutabilityExclusionFilters",
            "imageScanningConfiguration": "imageScanningConfiguration",
            "encryptionConfigurations": F(_read_encryption),
        },
        updates=(
            Update(
                ("imageTagMutability", "imageTagMutabilityExclusionFilters"),
                (
                    Call(
                        "put_image_tag_mutability",
                        {**_NAME, "imageTagMutability": "$imageTagMutability", "imageTagMutabilityExclusionFilters": _EXCLUSIONS},
                    ),
                ),
            ),
            Update(
                ("imageScanningConfiguration",),
                (Call("put_image_scanning_configuration", {**_NAME, "imageScanningConfiguration": _SCAN}),),
            ),
        ),
        delete=(Call("delete_repository", {**_NAME, "force": F(lambda scope: bool(scope.new.get("forceDelete")))}),),
        defaults={"imageTagMutability": "MUTABLE"},
        name=Name(max_length=256, lower=True),
        tags=Tags(
            read=Call("list_tags_for_resource", {"resourceArn": F(lambda scope: scope.item["repositoryArn"])}, at="tags"),
            add=Call("tag_resource", {"resourceArn": "$out.arn", "tags": TAG_LIST}),
            remove=Call("untag_resource", {"resourceArn": "$out.arn", "tagKeys": F(untag)}),
        ),
        local=frozenset({"forceDelete"}),
        parse=lambda name: {"name": name},
    ),
    _attached(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        Call("set_repository_policy", {**_OF, "policyText": "$policy"}),
        Call("get_repository_policy", _OF),
        Call("delete_repository_policy", _OF),
        "policyText",
    ),
    _attached(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        Call("put_lifecycle_policy", {**_OF, "lifecyclePolicyText": "$policy"}),
        Call("get_lifecycle_policy", _OF),
        Call("delete_lifecycle_policy", _OF),
        "lifecyclePolicyText",
    ),
    # An account has one of each in a region: deleting is setting what it was at first.
    Row(
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "ecr",
        create=Call("put_registry_scanning_configuration", _SCANNING),
        id=F(lambda scope: scope.region.account),
        read=Call("get_registry_scanning_configuration"),
        props={
            "registryId": "registryId",
            "scanType": "scanningConfiguration.scanType",
            "rules": "scanningConfiguration.rules",
        },
        updates=(Update(("scanType", "rules"), (Call("put_registry_scanning_configuration", _SCANNING),)),),
        delete=(Call("put_registry_scanning_configuration", _NO_SCANNING),),
        gone="scanningConfiguration.rules == `[]`",
    ),
    Row(
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        "ecr",
        create=Call("put_replication_configuration", _REPLICATION),
        id=F(lambda scope: scope.region.account),
        read=Call("describe_registry"),
        props={"registryId": "registryId", "replicationConfiguration": "replicationConfiguration"},
        updates=(Update(("replicationConfiguration",), (Call("put_replication_configuration", _REPLICATION),)),),
        delete=(Call("put_replication_configuration", {"replicationConfiguration": F(lambda _: {"rules": []})}),),
        gone="replicationConfiguration.rules == `[]`",
    ),
    # moto has no caches of other registries.
    Row(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        "ecr",
        emulated=False,
        create=Call(
            "create_pull_through_cache_rule",
            {
                "ecrRepositoryPrefix": "$ecrRepositoryPrefix",
                "upstreamRegistryUrl": "$upstreamRegistryUrl",
                "credentialArn": "$credentialArn",
                "customRoleArn": "$customRoleArn",
                "upstreamRepositoryPrefix": "$upstreamRepositoryPrefix",
            },
        ),
        update=Call("update_pull_through_cache_rule", {"ecrRepositoryPrefix": "$id", "credentialArn": "$credentialArn"}),
        id=F(lambda scope: scope.new["ecrRepositoryPrefix"]),
        props={"registryId": F(lambda scope: scope.region.account)},
        force_new=frozenset({"ecrRepositoryPrefix", "upstreamRegistryUrl", "upstreamRepositoryPrefix"}),
        parse=lambda prefix: {"ecrRepositoryPrefix": prefix},
    ),
)
