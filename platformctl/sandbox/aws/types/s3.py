"""S3 buckets and their settings."""

from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.aws.rows import Call, F, Name, Row, Scope, Tags, Update, camel, parts, pascal, rows, tag_list

_BUCKET = {"Bucket": "$bucket"}


def _location(scope: Scope) -> Any:
    return None if scope.region.name == "us-east-1" else {"LocationConstraint": scope.region.name}


def _tagging(scope: Scope) -> None:
    tags = scope.new.get("tags")
    if tags:
        scope.call("s3", "put_bucket_tagging", Bucket=scope.id, Tagging={"TagSet": tag_list(tags)})


def _tags(scope: Scope) -> Any:
    from platformctl.sandbox.aws.interpreter import missing  # noqa: PLC0415 -- the interpreter does not import the table

    try:
        return scope.call("s3", "get_bucket_tagging", Bucket=scope.id)["TagSet"]
    except Exception as error:
        if missing(error):
            return []
        raise


def _all_tags(scope: Scope) -> Any:
    """S3 sets tags as a whole."""
    return {"TagSet": tag_list({**(scope.new.get("tags") or {})}) or []}


def _empty(scope: Scope) -> None:
    if not scope.new.get("forceDestroy"):
        return
    held = scope.call("s3", "list_object_versions", Bucket=scope.id)
    for entry in (*held.get("Versions", ()), *held.get("DeleteMarkers", ())):
        scope.call("s3", "delete_object", Bucket=scope.id, Key=entry["Key"], VersionId=entry["VersionId"])


def _setting(
    token: str,
    put: Call,
    get: Call,
    delete: tuple[Call, ...],
    props: Mapping[str, str | F],
    *,
    local: frozenset[str] = frozenset(),
) -> Row:
    """A setting of a bucket as a resource of its own."""
    inputs = tuple(prop for prop in props if prop != "bucket")
    return Row(
        token,
        "s3",
        create=put,
        id=F(lambda scope: scope.new["bucket"]),
        read=get,
        props={**props, "bucket": F(lambda scope: scope.id)},
        updates=(Update(inputs, (put,)),),
        delete=delete,
        parse=lambda bucket: {"bucket": bucket},
        local=local,
        delete_first=True,
    )


def _encryption_rules(scope: Scope) -> list[dict[str, Any]]:
    found = []
    for rule in scope.new["rules"]:
        default = rule.get("applyServerSideEncryptionByDefault") or {}
        entry: dict[str, Any] = {}
        if default:
            entry["ApplyServerSideEncryptionByDefault"] = {
                "SSEAlgorithm": default["sseAlgorithm"],
                **({"KMSMasterKeyID": default["kmsMasterKeyId"]} if default.get("kmsMasterKeyId") else {}),
            }
        if rule.get("bucketKeyEnabled") is not None:
            entry["BucketKeyEnabled"] = rule["bucketKeyEnabled"]
        found.append(entry)
    return found


def _flag(prop: str) -> F:
    return F(lambda scope: bool(scope.new.get(prop)), (prop,))


_ACCESS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


def _lifecycle_rules(scope: Scope) -> list[dict[str, Any]]:
    found = []
    for rule in scope.new.get("rules") or ():
        entry = {key: value for key, value in pascal(rule).items() if value is not None}
        entry["ID"] = entry.pop("Id")
        entry.setdefault("Filter", {"Prefix": ""})
        upload = entry.get("AbortIncompleteMultipartUpload")
        if upload:
            entry["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": upload["DaysAfterInitiation"]}
        found.append(entry)
    return found


def _read_lifecycle(scope: Scope) -> list[dict[str, Any]]:
    return [{**camel({key: value for key, value in rule.items() if key != "ID"}), "id": rule["ID"]} for rule in scope.item["Rules"]]


def _lock_rule(scope: Scope) -> Any:
    return pascal(scope.new.get("rule"))


def _read_lock_rule(scope: Scope) -> Any:
    """The rule; moto answers 0 for the unit that was not given."""
    retention = (scope.item.get("Rule") or {}).get("DefaultRetention") or {}
    return {"defaultRetention": camel({key: value for key, value in retention.items() if value})} if retention else None


_GROUPS: Final = {
    frozenset[tuple[str, str]](): "private",
    frozenset({("AllUsers", "READ")}): "public-read",
    frozenset({("AllUsers", "READ"), ("AllUsers", "WRITE")}): "public-read-write",
    frozenset({("AuthenticatedUsers", "READ")}): "authenticated-read",
    frozenset({("LogDelivery", "READ_ACP"), ("LogDelivery", "WRITE")}): "log-delivery-write",
}
"""Canned ACLs by what they grant to AWS's own groups."""


def _canned_acl(scope: Scope) -> str | None:
    grants = scope.item["Grants"]
    return _GROUPS.get(
        frozenset((one["Grantee"]["URI"].rpartition("/")[2], one["Permission"]) for one in grants if one["Grantee"].get("URI"))
    )


ROWS = rows(
    Row(
        "aws:s3/bucket:Bucket",
        "s3",
        create=Call(
            "create_bucket",
            {**_BUCKET, "CreateBucketConfiguration": F(_location), "ObjectLockEnabledForBucket": "$objectLockEnabled"},
        ),
        id=F(lambda scope: scope.new["bucket"]),
        read=Call("head_bucket", {"Bucket": "$id"}, at="ResponseMetadata.HTTPHeaders"),
        props={
            "arn": F(lambda scope: f"arn:{scope.region.partition}:s3:::{scope.id}"),
            "bucket": F(lambda scope: scope.id),
            "bucketDomainName": F(lambda scope: f"{scope.id}.s3.amazonaws.com"),
            "bucketRegionalDomainName": F(lambda scope: f"{scope.id}.s3.{scope.region.name}.amazonaws.com"),
            "bucketRegion": F(lambda scope: scope.region.name),
        },
        after_create=(_tagging,),
        delete=(_empty, Call("delete_bucket", {"Bucket": "$id"})),
        defaults={"forceDestroy": False},
        name=Name("bucket", max_length=63, lower=True),
        tags=Tags(
            read=_tags,
            add=Call("put_bucket_tagging", {"Bucket": "$id", "Tagging": F(_all_tags)}),
            remove=Call("put_bucket_tagging", {"Bucket": "$id", "Tagging": F(_all_tags)}),
        ),
        local=frozenset({"forceDestroy", "bucketPrefix"}),
        parse=lambda bucket: {"bucket": bucket},
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        Call("put_bucket_policy", {**_BUCKET, "Policy": "$policy"}),
        Call("get_bucket_policy", _BUCKET),
        (Call("delete_bucket_policy", _BUCKET),),
        {"policy": "Policy"},
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        Call(
            "put_public_access_block",
            {
                **_BUCKET,
                "PublicAccessBlockConfiguration": {api: _flag(prop) for prop, api in _ACCESS.items()},
            },
        ),
        Call("get_public_access_block", _BUCKET, at="PublicAccessBlockConfiguration"),
        (Call("delete_public_access_block", _BUCKET),),
        dict(_ACCESS),
        local=frozenset({"skipDestroy"}),
    ),
    _setting(
        "aws:s3/bucketVersioning:BucketVersioning",
        Call("put_bucket_versioning", {**_BUCKET, "VersioningConfiguration": {"Status": "$versioningConfiguration.status"}}),
        Call("get_bucket_versioning", _BUCKET, at="{Status: Status}"),
        (Call("put_bucket_versioning", {**_BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}),),
        {"versioningConfiguration": "{status: Status}"},
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        Call(
            "put_bucket_encryption",
            {**_BUCKET, "ServerSideEncryptionConfiguration": {"Rules": F(_encryption_rules, ("rules",))}},
        ),
        Call("get_bucket_encryption", _BUCKET, at="ServerSideEncryptionConfiguration"),
        (Call("delete_bucket_encryption", _BUCKET),),
        {
            "rules": "Rules[].{bucketKeyEnabled: BucketKeyEnabled, applyServerSideEncryptionByDefault: ApplyServerSideEncryptionByDefault"
            ".{sseAlgorithm: SSEAlgorithm, kmsMasterKeyId: KMSMasterKeyID}}"
        },
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        Call("put_bucket_ownership_controls", {**_BUCKET, "OwnershipControls": {"Rules": [{"ObjectOwnership": "$rule.objectOwnership"}]}}),
        Call("get_bucket_ownership_controls", _BUCKET, at="OwnershipControls"),
        (Call("delete_bucket_ownership_controls", _BUCKET),),
        {"rule": "{objectOwnership: Rules[0].ObjectOwnership}"},
    ),
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        Call("put_bucket_lifecycle_configuration", {**_BUCKET, "LifecycleConfiguration": {"Rules": F(_lifecycle_rules, ("rules",))}}),
        Call("get_bucket_lifecycle_configuration", _BUCKET),
        (Call("delete_bucket_lifecycle", _BUCKET),),
        {"rules": F(_read_lifecycle)},
    ),
    _setting(
        "aws:s3/bucketLogging:BucketLogging",
        Call(
            "put_bucket_logging",
            {**_BUCKET, "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "$targetBucket", "TargetPrefix": "$targetPrefix"}}},
        ),
        Call("get_bucket_logging", _BUCKET, at="LoggingEnabled"),
        (Call("put_bucket_logging", {**_BUCKET, "BucketLoggingStatus": F(lambda _: {})}),),
        {"targetBucket": "TargetBucket", "targetPrefix": "TargetPrefix"},
    ),
    _setting(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        Call(
            "put_object_lock_configuration",
            {**_BUCKET, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": F(_lock_rule, ("rule",))}},
        ),
        Call("get_object_lock_configuration", _BUCKET, at="ObjectLockConfiguration"),
        (Call("put_object_lock_configuration", {**_BUCKET, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}),),
        {"objectLockEnabled": "ObjectLockEnabled", "rule": F(_read_lock_rule)},
    ),
    # moto has no metrics configurations.
    Row(
        "aws:s3/bucketMetric:BucketMetric",
        "s3",
        emulated=False,
        needs=(Call("head_bucket", _BUCKET),),
        create=Call("put_bucket_metrics_configuration", {**_BUCKET, "Id": "$name", "MetricsConfiguration": {"Id": "$name"}}),
        id=F(lambda scope: f"{scope.new['bucket']}:{scope.new['name']}"),
        name=Name(max_length=64),
        force_new=frozenset({"bucket", "name"}),
        parse=parts("bucket", "name", separator=":"),
    ),
    _setting(
        "aws:s3/bucketAcl:BucketAcl",
        Call("put_bucket_acl", {**_BUCKET, "ACL": "$acl"}),
        Call("get_bucket_acl", _BUCKET),
        (Call("put_bucket_acl", {**_BUCKET, "ACL": "private"}),),
        {"acl": F(_canned_acl)},
    ),
)
