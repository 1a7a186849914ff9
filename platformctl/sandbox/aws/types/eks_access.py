"""EKS add-ons, access entries, Pod Identity and identity providers: moto has none of them, so they are recorded."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Final

from platformctl.sandbox.aws.rows import TAG_MAP, Call, F, Row, Scope, rows
from platformctl.sandbox.plugin import ProviderError


def _now(_: Scope) -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _uuid(scope: Scope) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope.subject.urn}#{scope.id}"))


_DEFAULT_ADDON_VERSION: Final = "v1.0.0-eksbuild.1"
_EXISTS = Call("describe_cluster", {"name": "$clusterName"})
_DATES = {"createdAt": F(_now), "modifiedAt": F(_now)}


def _principal(scope: Scope) -> str:
    """`role/<account>/<name>` of an access entry's principal, as its ARN has it."""
    _, _, _, _, account, resource = str(scope.new["principalArn"]).split(":", 5)
    kind, _, name = resource.partition("/")
    return f"{kind}/{account or scope.region.account}/{name}"


def _entry_exists(scope: Scope) -> None:
    entry = f"{scope.new['clusterName']}:{scope.new['principalArn']}"
    if scope.region.cloud.server.get("aws:eks/accessEntry:AccessEntry", entry) is None:
        raise ProviderError(
            f"AssociateAccessPolicy: ResourceNotFoundException: the cluster {scope.new['clusterName']} "
            f"has no access entry of {scope.new['principalArn']}"
        )


def _eks_arn(kind: str, name: str) -> F:
    return F(
        lambda scope: (
            f"arn:{scope.region.partition}:eks:{scope.region.name}:{scope.region.account}:{kind}/{scope.new['clusterName']}/"
            f"{scope.new[name]}/{_uuid(scope)}"
        )
    )


_ADDON_INPUTS = {
    "clusterName": "$clusterName",
    "addonName": "$addonName",
    "addonVersion": "$addonVersion",
    "configurationValues": "$configurationValues",
    "serviceAccountRoleArn": "$serviceAccountRoleArn",
    "podIdentityAssociations": "$podIdentityAssociations",
}

ROWS = rows(
    Row(
        "aws:eks/addon:Addon",
        "eks",
        emulated=False,
        needs=(_EXISTS,),
        create=Call(
            "create_addon",
            {**_ADDON_INPUTS, "resolveConflicts": "$resolveConflictsOnCreate", "namespaceConfig": "$namespaceConfig", "tags": TAG_MAP},
        ),
        update=Call("update_addon", {**_ADDON_INPUTS, "resolveConflicts": "$resolveConflictsOnUpdate"}),
        id=F(lambda scope: f"{scope.new['clusterName']}:{scope.new['addonName']}"),
        props={
            "arn": _eks_arn("addon", "addonName"),
            "addonVersion": F(lambda scope: scope.new.get("addonVersion") or _DEFAULT_ADDON_VERSION),
            **_DATES,
        },
        sticky=frozenset({"createdAt", "modifiedAt"}),
        force_new=frozenset({"clusterName", "addonName", "namespaceConfig"}),
        delete_first=True,
    ),
    Row(
        "aws:eks/accessEntry:AccessEntry",
        "eks",
        emulated=False,
        needs=(_EXISTS,),
        create=Call(
            "create_access_entry",
            {
                "clusterName": "$clusterName",
                "principalArn": "$principalArn",
                "kubernetesGroups": "$kubernetesGroups",
                "username": "$userName",
                "type": "$type",
                "tags": TAG_MAP,
            },
        ),
        id=F(lambda scope: f"{scope.new['clusterName']}:{scope.new['principalArn']}"),
        props={
            "accessEntryArn": F(
                lambda scope: (
                    f"arn:{scope.region.partition}:eks:{scope.region.name}:{scope.region.account}:access-entry/"
                    f"{scope.new['clusterName']}/{_principal(scope)}/{_uuid(scope)}"
                )
            ),
            "type": F(lambda scope: scope.new.get("type") or "STANDARD"),
            "userName": F(lambda scope: scope.new.get("userName") or scope.new["principalArn"]),
            **_DATES,
        },
        sticky=frozenset({"createdAt", "modifiedAt"}),
        force_new=frozenset({"clusterName", "principalArn", "type"}),
        delete_first=True,
    ),
    Row(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "eks",
        emulated=False,
        needs=(_EXISTS, _entry_exists),
        create=Call(
            "associate_access_policy",
            {"clusterName": "$clusterName", "principalArn": "$principalArn", "policyArn": "$policyArn", "accessScope": "$accessScope"},
        ),
        id=F(lambda scope: f"{scope.new['clusterName']}#{scope.new['principalArn']}#{scope.new['policyArn']}"),
        props={"associatedAt": F(_now), "modifiedAt": F(_now)},
        sticky=frozenset({"associatedAt", "modifiedAt"}),
        force_new=frozenset({"clusterName", "principalArn", "policyArn", "accessScope"}),
        delete_first=True,
    ),
    Row(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "eks",
        emulated=False,
        needs=(_EXISTS,),
        create=Call(
            "create_pod_identity_association",
            {
                "clusterName": "$clusterName",
                "namespace": "$namespace",
                "serviceAccount": "$serviceAccount",
                "roleArn": "$roleArn",
                "targetRoleArn": "$targetRoleArn",
                "disableSessionTags": "$disableSessionTags",
                "policy": "$policy",
                "tags": TAG_MAP,
            },
        ),
        id=F(lambda scope: f"a-{hashlib.sha256(scope.subject.urn.encode()).hexdigest()[:17]}"),
        props={
            "associationId": "$id",
            "associationArn": F(
                lambda scope: (
                    f"arn:{scope.region.partition}:eks:{scope.region.name}:{scope.region.account}:"
                    f"podidentityassociation/{scope.new['clusterName']}/{scope.id}"
                )
            ),
            "externalId": F(lambda scope: _uuid(scope) if scope.new.get("targetRoleArn") else None),
        },
        force_new=frozenset({"clusterName", "namespace", "serviceAccount"}),
    ),
    Row(
        "aws:eks/identityProviderConfig:IdentityProviderConfig",
        "eks",
        emulated=False,
        needs=(_EXISTS,),
        create=Call(
            "associate_identity_provider_config",
            {
                "clusterName": "$clusterName",
                "oidc": F(lambda scope: {key: value for key, value in scope.new["oidc"].items() if value is not None}),
                "tags": TAG_MAP,
            },
        ),
        id=F(lambda scope: f"{scope.new['clusterName']}:{scope.new['oidc']['identityProviderConfigName']}"),
        props={
            "arn": F(
                lambda scope: (
                    f"arn:{scope.region.partition}:eks:{scope.region.name}:{scope.region.account}:identityproviderconfig/"
                    f"{scope.new['clusterName']}/oidc/{scope.new['oidc']['identityProviderConfigName']}/{_uuid(scope)}"
                )
            ),
            "status": F(lambda _: "ACTIVE"),
            "identityProviderConfigName": "$oidc.identityProviderConfigName",
        },
        force_new=frozenset({"clusterName", "oidc"}),
        delete_first=True,
    ),
)
