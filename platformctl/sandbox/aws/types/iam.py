"""IAM: roles, policies, attachments, instance profiles and OIDC providers."""

import json
from typing import Any
from urllib.parse import urlsplit

from platformctl.sandbox.aws.rows import TAG_LIST, Call, Extra, F, Name, Row, Scope, Tags, Update, added, parts, removed, rows, untag


def _tags(kind: str, key: str, value: str = "$id") -> Tags:
    return Tags(
        add=Call(f"tag_{kind}", {key: value, "Tags": TAG_LIST}),
        remove=Call(f"untag_{kind}", {key: value, "TagKeys": F(untag)}),
    )


def _each(operation: str, key: str, items: F, id_key: str) -> Any:
    def run(scope: Scope) -> None:
        for item in items.compute(scope) or ():
            scope.call("iam", operation, **{key: item, id_key: scope.id})

    return run


def _inline_policies(scope: Scope) -> list[dict[str, Any]]:
    names = scope.call("iam", "list_role_policies", RoleName=scope.id)["PolicyNames"]
    found = [scope.call("iam", "get_role_policy", RoleName=scope.id, PolicyName=name) for name in names]
    return [{"name": entry["PolicyName"], "policy": _text(entry["PolicyDocument"])} for entry in found]


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def document_at(*path: str) -> F:
    """A policy document, which boto3 answers parsed, as text."""

    def compute(scope: Scope) -> str | None:
        found: Any = scope.item
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return None if found is None else _text(found)

    return F(compute)


def _set_inline_policies(scope: Scope) -> None:
    wanted = {entry["name"]: entry["policy"] for entry in scope.new.get("inlinePolicies") or () if entry.get("name")}
    for entry in scope.old.get("inlinePolicies") or ():
        if entry.get("name") and entry["name"] not in wanted:
            scope.call("iam", "delete_role_policy", RoleName=scope.id, PolicyName=entry["name"])
    for name, policy in wanted.items():
        scope.call("iam", "put_role_policy", RoleName=scope.id, PolicyName=name, PolicyDocument=policy)


def _attached(scope: Scope) -> list[str]:
    answer = scope.call("iam", "list_attached_role_policies", RoleName=scope.id)
    return [entry["PolicyArn"] for entry in answer["AttachedPolicies"]]


def _forget_own_policies(scope: Scope) -> None:
    """What the role itself declares goes with it; what others attached must go first, as on AWS, unless forceDetachPolicies."""
    everything = bool(scope.new.get("forceDetachPolicies"))
    held = _attached(scope)
    declared = scope.new.get("managedPolicyArns") or ()
    for policy in held:
        if everything or policy in declared:
            scope.call("iam", "detach_role_policy", RoleName=scope.id, PolicyArn=policy)
    inline = scope.call("iam", "list_role_policies", RoleName=scope.id)["PolicyNames"]
    own = {entry.get("name") for entry in scope.new.get("inlinePolicies") or ()}
    for name in inline:
        if everything or name in own:
            scope.call("iam", "delete_role_policy", RoleName=scope.id, PolicyName=name)


def _set_boundary(scope: Scope) -> None:
    if scope.new.get("permissionsBoundary"):
        scope.call("iam", "put_role_permissions_boundary", RoleName=scope.id, PermissionsBoundary=scope.new["permissionsBoundary"])
    else:
        scope.call("iam", "delete_role_permissions_boundary", RoleName=scope.id)


def _new_policy_version(scope: Scope) -> None:
    versions = scope.call("iam", "list_policy_versions", PolicyArn=scope.id)["Versions"]
    if len(versions) >= 5:  # noqa: PLR2004 -- AWS keeps five versions
        oldest = min((version for version in versions if not version["IsDefaultVersion"]), key=lambda version: version["CreateDate"])
        scope.call("iam", "delete_policy_version", PolicyArn=scope.id, VersionId=oldest["VersionId"])
    scope.call("iam", "create_policy_version", PolicyArn=scope.id, PolicyDocument=scope.new["policy"], SetAsDefault=True)


def _drop_old_versions(scope: Scope) -> None:
    for version in scope.call("iam", "list_policy_versions", PolicyArn=scope.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            scope.call("iam", "delete_policy_version", PolicyArn=scope.id, VersionId=version["VersionId"])


def _profile_role(scope: Scope) -> None:
    held = scope.call("iam", "get_instance_profile", InstanceProfileName=scope.id)["InstanceProfile"]["Roles"]
    for role in held:
        scope.call("iam", "remove_role_from_instance_profile", InstanceProfileName=scope.id, RoleName=role["RoleName"])
    if scope.new.get("role"):
        scope.call("iam", "add_role_to_instance_profile", InstanceProfileName=scope.id, RoleName=scope.new["role"])


def _empty_profile(scope: Scope) -> None:
    for role in scope.call("iam", "get_instance_profile", InstanceProfileName=scope.id)["InstanceProfile"]["Roles"]:
        scope.call("iam", "remove_role_from_instance_profile", InstanceProfileName=scope.id, RoleName=role["RoleName"])


def _attachment(scope: Scope) -> Any:
    held = scope.call("iam", "list_attached_role_policies", RoleName=scope.new["role"])["AttachedPolicies"]
    return next((entry for entry in held if entry["PolicyArn"] == scope.new["policyArn"]), None)


def _date(expression: str) -> F:
    return F(lambda scope: scope.item[expression].isoformat().replace("+00:00", "Z"))


def _thumbprints(scope: Scope) -> list[str]:
    """The provider asks the issuer for its certificate; the sandbox's issuers have none, so the well-known root's stands in."""
    return list(scope.new.get("thumbprintLists") or ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"])


_ROLE = {"RoleName": "$id"}
_LINKED = {"RoleName": F(lambda scope: scope.id.rpartition("/")[2])}
"""A service-linked role is known by its ARN."""

ROWS = rows(
    Row(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        "iam",
        create=Call(
            "create_service_linked_role",
            {"AWSServiceName": "$awsServiceName", "CustomSuffix": "$customSuffix", "Description": "$description"},
        ),
        id="Role.Arn",
        read=Call("get_role", _LINKED, at="Role"),
        props={
            "arn": "Arn",
            "name": "RoleName",
            "path": "Path",
            "description": "Description",
            "uniqueId": "RoleId",
            "createDate": _date("CreateDate"),
            "awsServiceName": F(lambda scope: scope.item["Path"].split("/")[2]),
        },
        updates=(Update(("description",), (Call("update_role", {**_LINKED, "Description": "$description"}),)),),
        delete=(Call("delete_service_linked_role", _LINKED),),
        force_new=frozenset({"awsServiceName", "customSuffix"}),
        parse=lambda role: {"awsServiceName": role.split("/")[2]},
    ),
    Row(
        "aws:iam/role:Role",
        "iam",
        create=Call(
            "create_role",
            {
                "RoleName": "$name",
                "AssumeRolePolicyDocument": "$assumeRolePolicy",
                "Path": "$path",
                "Description": "$description",
                "MaxSessionDuration": "$maxSessionDuration",
                "PermissionsBoundary": "$permissionsBoundary",
                "Tags": TAG_LIST,
            },
        ),
        id="Role.RoleName",
        read=Call("get_role", _ROLE, at="Role"),
        props={
            "arn": "Arn",
            "name": "RoleName",
            "path": "Path",
            "assumeRolePolicy": document_at("AssumeRolePolicyDocument"),
            "description": "Description",
            "maxSessionDuration": "MaxSessionDuration",
            "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
            "uniqueId": "RoleId",
            "createDate": _date("CreateDate"),
            "managedPolicyArns": F(lambda scope: _attached(scope) if "managedPolicyArns" in scope.new else None),
            "inlinePolicies": F(lambda scope: _inline_policies(scope) if "inlinePolicies" in scope.new else None),
        },
        updates=(
            Update(("assumeRolePolicy",), (Call("update_assume_role_policy", {**_ROLE, "PolicyDocument": "$assumeRolePolicy"}),)),
            Update(
                ("description", "maxSessionDuration"),
                (
                    Call(
                        "update_role",
                        {
                            **_ROLE,
                            "Description": F(lambda scope: scope.new.get("description", "")),
                            "MaxSessionDuration": F(lambda scope: scope.new.get("maxSessionDuration", 3600)),
                        },
                    ),
                ),
            ),
            Update(("permissionsBoundary",), (_set_boundary,)),
            Update(
                ("managedPolicyArns",),
                (
                    _each("attach_role_policy", "PolicyArn", added("managedPolicyArns"), "RoleName"),
                    _each("detach_role_policy", "PolicyArn", removed("managedPolicyArns"), "RoleName"),
                ),
                on_create=True,
            ),
            Update(("inlinePolicies",), (_set_inline_policies,), on_create=True),
        ),
        delete=(_forget_own_policies, Call("delete_role", _ROLE)),
        defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
        name=Name(max_length=64),
        tags=_tags("role", "RoleName"),
        shared=frozenset({"managedPolicyArns", "inlinePolicies"}),
        local=frozenset({"forceDetachPolicies", "namePrefix"}),
    ),
    Row(
        "aws:iam/rolePolicy:RolePolicy",
        "iam",
        create=Call("put_role_policy", {"RoleName": "$role", "PolicyName": "$name", "PolicyDocument": "$policy"}),
        id=F(lambda scope: f"{scope.new['role']}:{scope.new['name']}"),
        read=Call("get_role_policy", {"RoleName": "$role", "PolicyName": "$name"}),
        props={"role": "RoleName", "name": "PolicyName", "policy": document_at("PolicyDocument")},
        updates=(
            Update(("policy",), (Call("put_role_policy", {"RoleName": "$role", "PolicyName": "$name", "PolicyDocument": "$policy"}),)),
        ),
        delete=(Call("delete_role_policy", {"RoleName": "$role", "PolicyName": "$name"}),),
        name=Name(max_length=128),
        local=frozenset({"namePrefix"}),
        parse=parts("role", "name", separator=":"),
    ),
    Row(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "iam",
        create=Call("attach_role_policy", {"RoleName": "$role", "PolicyArn": "$policyArn"}),
        id=F(lambda scope: f"{scope.new['role']}/{scope.new['policyArn']}"),
        read=Call("get_role", {"RoleName": "$role"}, at="Role.{RoleName: RoleName}"),
        extras=(Extra("held", _attachment),),
        gone="held == `null`",
        props={"role": "RoleName", "policyArn": "held.PolicyArn"},
        delete=(Call("detach_role_policy", {"RoleName": "$role", "PolicyArn": "$policyArn"}),),
        parse=parts("role", "policyArn"),
    ),
    Row(
        "aws:iam/policy:Policy",
        "iam",
        create=Call(
            "create_policy",
            {"PolicyName": "$name", "PolicyDocument": "$policy", "Path": "$path", "Description": "$description", "Tags": TAG_LIST},
        ),
        id="Policy.Arn",
        read=Call("get_policy", {"PolicyArn": "$id"}, at="Policy"),
        props={
            "arn": "Arn",
            "name": "PolicyName",
            "path": "Path",
            "description": "Description",
            "policyId": "PolicyId",
            "policy": F(
                lambda scope: _text(
                    scope.call("iam", "get_policy_version", PolicyArn=scope.id, VersionId=scope.item["DefaultVersionId"])["PolicyVersion"][
                        "Document"
                    ]
                )
            ),
        },
        updates=(Update(("policy",), (_new_policy_version,)),),
        delete=(_drop_old_versions, Call("delete_policy", {"PolicyArn": "$id"})),
        defaults={"path": "/"},
        name=Name(max_length=128),
        tags=_tags("policy", "PolicyArn"),
        local=frozenset({"namePrefix", "delayAfterPolicyCreationInMs"}),
    ),
    Row(
        "aws:iam/instanceProfile:InstanceProfile",
        "iam",
        create=Call("create_instance_profile", {"InstanceProfileName": "$name", "Path": "$path", "Tags": TAG_LIST}),
        id="InstanceProfile.InstanceProfileName",
        read=Call("get_instance_profile", {"InstanceProfileName": "$id"}, at="InstanceProfile"),
        props={
            "arn": "Arn",
            "name": "InstanceProfileName",
            "path": "Path",
            "role": "Roles[0].RoleName",
            "uniqueId": "InstanceProfileId",
            "createDate": _date("CreateDate"),
        },
        updates=(Update(("role",), (_profile_role,), on_create=True),),
        delete=(_empty_profile, Call("delete_instance_profile", {"InstanceProfileName": "$id"})),
        defaults={"path": "/"},
        name=Name(max_length=128),
        tags=_tags("instance_profile", "InstanceProfileName"),
        local=frozenset({"namePrefix"}),
    ),
    Row(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "iam",
        create=Call(
            "create_open_id_connect_provider",
            {"Url": "$url", "ClientIDList": "$clientIdLists", "ThumbprintList": F(_thumbprints, ("thumbprintLists",)), "Tags": TAG_LIST},
        ),
        id="OpenIDConnectProviderArn",
        read=Call("get_open_id_connect_provider", {"OpenIDConnectProviderArn": "$id"}),
        props={
            "arn": F(lambda scope: scope.id),
            "url": F(lambda scope: scope.new.get("url") if _host(scope.new.get("url")) == _host(scope.item["Url"]) else scope.item["Url"]),
            "clientIdLists": "ClientIDList",
            "thumbprintLists": "ThumbprintList",
        },
        updates=(
            Update(
                ("thumbprintLists",),
                (
                    Call(
                        "update_open_id_connect_provider_thumbprint",
                        {"OpenIDConnectProviderArn": "$id", "ThumbprintList": F(_thumbprints)},
                    ),
                ),
            ),
        ),
        delete=(Call("delete_open_id_connect_provider", {"OpenIDConnectProviderArn": "$id"}),),
        tags=_tags("open_id_connect_provider", "OpenIDConnectProviderArn"),
        # moto has no calls to add or remove a client id.
        recorded_on_update=frozenset({"clientIdLists"}),
        delete_first=True,
    ),
)


def _host(url: Any) -> str:
    split = urlsplit(url if "//" in str(url) else f"//{url}")
    return f"{split.netloc}{split.path.rstrip('/')}"
