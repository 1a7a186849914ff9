"""S3: who can reach a bucket, and what is kept of it. Inline blocks of old programs and separate resources alike."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from platform_policies.checks import (
    all_of,
    any_of,
    closed_policy,
    flag,
    given,
    items,
    number,
    present,
    related,
    text,
    truth,
    verdict,
)
from platform_policies.documents import Condition, Statement, matches, principals_public, statements
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Answer, Severity, Verdict, fail, passed, rule, unknown
from platform_policies.types import canonical

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
ACL = "aws:s3/bucketAcl:BucketAcl"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
TRAIL = "aws:cloudtrail/trail:Trail"

LOG_TARGETS = ((LOGGING, "targetBucket"), (BUCKET, "logging.targetBucket"), (BUCKET, "loggings.0.targetBucket"))
"""Where a bucket is named as the target of another's access log."""

PLAIN_ENCRYPTION_TARGETS = (
    *LOG_TARGETS,
    ("aws:lb/loadBalancer:LoadBalancer", "accessLogs.bucket"),
    ("aws:lb/loadBalancer:LoadBalancer", "connectionLogs.bucket"),
    ("aws:elb/loadBalancer:LoadBalancer", "accessLogs.bucket"),
)
"""Senders that cannot write to a bucket encrypted with KMS (ELB user guide, access logs; S3 user guide, server access logging)."""

SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
PUBLIC_GROUPS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
"""How the addresses of the ACL groups of strangers end."""


@rule(
    "aws-s3-public-access-block",
    title="Every bucket blocks public access, itself or through its account",
    severity=Severity.HIGH,
    types=(BUCKET, BLOCK, ACCOUNT_BLOCK),
    fix="Add a BucketPublicAccessBlock with blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets true",
)
def public_access_block(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """A block that stands in the program holds whatever policy or ACL comes later; without one, a slip makes data public."""
    del settings
    kind = canonical(node.type)
    if kind == ACCOUNT_BLOCK:
        return _switches(node)
    if kind == BLOCK:
        return None if _bucket_known(node, graph) else _switches(node)
    blocks = related(node, graph, BLOCK, "bucket")
    verdicts = [_switches(block) for block in blocks.nodes]
    account = [_switches(block) for block in graph.of_type(ACCOUNT_BLOCK) if block.provider == node.provider]
    holds = any_of((*map(_holds, verdicts), *map(_holds, account), None if blocks.more else False))
    if holds:
        return passed()
    if holds is None:
        return next((one for one in (*verdicts, *account) if _holds(one) is None), unknown(""))
    return next(
        iter((*verdicts, *account)), fail("", "no BucketPublicAccessBlock is for this bucket: nothing keeps it from becoming public")
    )


def _bucket_known(block: Node, graph: ResourceGraph) -> bool:
    return any(canonical(target.type) == BUCKET for target in graph.referred(block, "bucket"))


def _holds(one: Verdict) -> bool | None:
    return {"pass": True, "fail": False}.get(one.status)


def _switches(block: Node) -> Verdict:
    answers = {switch: flag(block, switch, default=False) for switch in SWITCHES}
    off = next((switch for switch, on in answers.items() if on is False), None)
    if off:
        return fail(off, f"{off} of {block.name} is false, its default: public access is not blocked altogether")
    return verdict(all_of(answers.values()), next((switch for switch, on in answers.items() if on is None), ""), "")


@rule(
    "aws-s3-no-public-policy",
    title="No bucket policy or ACL lets in strangers",
    severity=Severity.CRITICAL,
    types=(BUCKET, POLICY, ACL),
    fix="Name the principals in the policy, or narrow principal * by account, organisation, VPC endpoint or source; keep the acl private",
    sub_ids=("policy", "acl"),
)
def no_public_policy(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Whoever finds the name of a public bucket reads, or writes, what is in it."""
    del graph, settings
    kind = canonical(node.type)
    if kind != ACL:
        yield closed_policy(node, "policy", sub_id="policy")
    if kind != POLICY:
        yield _closed_acl(node)


def _closed_acl(node: Node) -> Verdict:
    canned = text(node, "acl", "private")
    if canned in PUBLIC_ACLS:
        return fail("acl", f"acl is {canned}: it grants access to strangers", sub_id="acl")
    path = "grants" if node.value("grants") is not None else "accessControlPolicy.grants"
    grants = items(node.value(path))
    if grants is None:
        return unknown(path, sub_id="acl")
    groups = [_group(grant) for grant in grants]
    public = next((group for group in groups if group and group.endswith(PUBLIC_GROUPS)), None)
    if public:
        return fail(path, f"{path} grants access to {public.rpartition('/')[2]}: to strangers", sub_id="acl")
    if canned is None:
        return unknown("acl", sub_id="acl")
    return verdict(None if None in groups else True, path, "", sub_id="acl")


def _group(grant: Any) -> str | None:
    """The group a grant is for; empty where it is for an account; None where that is not known."""
    if not isinstance(grant, Mapping) or grant == SECRET:
        return None
    grantee = grant.get("grantee", grant)
    uri = grantee.get("uri", "") if isinstance(grantee, Mapping) else None
    return uri if isinstance(uri, str) and uri != UNKNOWN else None


@rule(
    "aws-s3-tls-only",
    title="Every bucket refuses requests without TLS",
    severity=Severity.MEDIUM,
    types=(BUCKET,),
    fix="Add a BucketPolicy that denies s3:* to principal * on the bucket and its objects where Bool aws:SecureTransport is false",
)
def tls_only(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """S3 answers plain HTTP too, where anyone on the way can read signed requests and data."""
    del settings
    policies = related(node, graph, POLICY, "bucket")
    documents = [document for document in (one.value("policy") for one in (node, *policies.nodes)) if document not in (None, "")]
    if not documents and not policies.more:
        return fail("policy", "no bucket policy: requests over plain HTTP are answered")
    holds = policies.any(_denies_plain_http(document) for document in documents)
    return verdict(holds, "policy", "policy has no statement that denies s3:* to everyone where aws:SecureTransport is false")


def _denies_plain_http(document: Any) -> bool | None:
    listed = statements(document)
    return None if listed is None else any_of(_plain_http_denied(statement) for statement in listed)


def _plain_http_denied(statement: Statement) -> bool | None:
    return all_of(
        (
            None if statement.effect == UNKNOWN else statement.effect == "Deny",
            principals_public(statement) if not statement.not_principals else False,
            any_of(None if action == UNKNOWN else matches(action, "s3:*") for action in statement.actions),
            any_of(None if one == UNKNOWN else "/" not in one for one in statement.resources),
            any_of(None if one == UNKNOWN else one.endswith("*") for one in statement.resources),
            bool(statement.conditions) and all_of(_is_plain_http(one) for one in statement.conditions),
        )
    )


def _is_plain_http(condition: Condition) -> bool | None:
    if UNKNOWN in (condition.operator, condition.key):
        return None
    if condition.operator not in {"bool", "boolifexists"} or condition.key != "aws:securetransport":
        return False
    return None if UNKNOWN in condition.values else tuple(value.lower() for value in condition.values) == ("false",)


@rule(
    "aws-s3-encryption",
    title="Every bucket encrypts with a KMS key",
    severity=Severity.MEDIUM,
    types=(BUCKET,),
    fix="Add a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms (set algorithms to allow AES256 too)",
    defaults={"algorithms": ("aws:kms", "aws:kms:dsse")},
)
def encryption(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """With S3's own key whoever may read the object may decrypt it; a KMS key has a policy and a trail of its own."""
    if any(graph.referring(node, kind, path) for kind, path in PLAIN_ENCRYPTION_TARGETS):
        return None
    found = related(node, graph, ENCRYPTION, "bucket")
    algorithms = [text(one, f"{path}.sseAlgorithm") for one in (node, *found.nodes) for path in _encryption_paths(one)]
    holds = found.any(None if one is None else one in settings["algorithms"] for one in algorithms)
    inline = next(iter(_encryption_paths(node)), "serverSideEncryptionConfiguration")
    has = next((one for one in algorithms if one), "AES256, S3's default")
    return verdict(holds, inline, f"sseAlgorithm is {has}: not one of {', '.join(settings['algorithms'])}")


def _encryption_paths(node: Node) -> Sequence[str]:
    """Paths of the default encryption in a bucket (both shapes) or in a separate configuration."""
    shapes = (
        ("serverSideEncryptionConfiguration", ".rule.applyServerSideEncryptionByDefault"),
        ("serverSideEncryptionConfigurations", ".0.rules.0.applyServerSideEncryptionByDefaults.0"),
        ("rules", ".0.applyServerSideEncryptionByDefault"),
    )
    return [top + rest for top, rest in shapes if node.value(top) is not None]


@rule(
    "aws-s3-versioning",
    title="Every bucket keeps earlier versions",
    severity=Severity.MEDIUM,
    types=(BUCKET,),
    fix="Add a BucketVersioning with versioningConfiguration.status Enabled",
)
def versioning(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without versions an overwritten or deleted object is gone, by mistake or by ransom."""
    del settings
    found = related(node, graph, VERSIONING, "bucket")
    inline = _either(node, "versioning", "versionings.0")
    status = [text(one, "versioningConfiguration.status") for one in found.nodes]
    holds = found.any((flag(node, f"{inline}.enabled", default=False), *(None if one is None else one == "Enabled" for one in status)))
    return verdict(holds, f"{inline}.enabled", "versioning is not enabled: an overwritten object is gone")


def _either(node: Node, first: str, second: str) -> str:
    """The path of the two that is there: Bucket has a block where BucketV2 of pulumi-aws 6 had a list."""
    return second if node.value(second.partition(".")[0]) is not None else first


@rule(
    "aws-s3-access-logging",
    title="Every bucket logs who accesses it",
    severity=Severity.LOW,
    types=(BUCKET,),
    fix="Add a BucketLogging with the bucket for logs as targetBucket",
)
def access_logging(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """After a leak, the access log is what says which objects were read and by whom. Buckets that receive logs are left out."""
    del settings
    if any(graph.referring(node, kind, path) for kind, path in LOG_TARGETS):
        return None
    found = related(node, graph, LOGGING, "bucket")
    inline = f"{_either(node, 'logging', 'loggings.0')}.targetBucket"
    answers = (given(node, graph, inline, BUCKET), *(given(one, graph, "targetBucket", BUCKET) for one in found.nodes))
    return verdict(found.any(answers), inline, "no BucketLogging is for this bucket: accesses are not logged")


@rule(
    "aws-s3-lifecycle",
    title="Every bucket has a lifecycle rule in force",
    severity=Severity.LOW,
    types=(BUCKET,),
    fix="Add a BucketLifecycleConfiguration with a rule whose status is Enabled",
)
def lifecycle(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Without one, every version and every object is kept, and paid for, for ever."""
    del settings
    return _some_rule(node, graph, _enabled, "no lifecycle rule is enabled: objects and versions are kept for ever")


@rule(
    "aws-s3-abort-multipart",
    title="Broken-off uploads are removed from every bucket",
    severity=Severity.LOW,
    types=(BUCKET,),
    fix="Add an enabled lifecycle rule for the whole bucket with abortIncompleteMultipartUpload.daysAfterInitiation of at most max_days",
    defaults={"max_days": 7},
)
def abort_multipart(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Parts of uploads that never finished are invisible in listings and paid for each month."""

    def aborts(path: str, owner: Node) -> bool | None:
        days = "abortIncompleteMultipartUpload.daysAfterInitiation" if owner is not node else "abortIncompleteMultipartUploadDays"
        if owner.value(f"{path}.{days}") is None:
            return False
        count = number(owner, f"{path}.{days}", 0)
        short = None if count is None else 0 < count <= settings["max_days"]
        return all_of((_enabled(path, owner), short, _whole_bucket(owner.value(path))))

    message = f"no enabled lifecycle rule for the whole bucket aborts multipart uploads within {settings['max_days']} days"
    return _some_rule(node, graph, aborts, message)


def _some_rule(node: Node, graph: ResourceGraph, good: Any, message: str) -> Verdict:
    """Whether one lifecycle rule, inline or of a separate configuration, is good."""
    found = related(node, graph, LIFECYCLE, "bucket")
    answers: list[bool | None] = []
    for owner, path in ((node, "lifecycleRules"), *((one, "rules") for one in found.nodes)):
        rules = items(owner.value(path))
        answers += [None] if rules is None else [good(f"{path}.{index}", owner) for index in range(len(rules))]
    return verdict(found.any(answers), "lifecycleRules", message)


def _enabled(path: str, owner: Node) -> bool | None:
    if owner.value(f"{path}.enabled") is not None:
        return truth(owner.value(f"{path}.enabled"))
    status = text(owner, f"{path}.status")
    return None if status is None else status == "Enabled"


def _whole_bucket(lifecycle_rule: Any) -> bool | None:
    """Whether a lifecycle rule has no prefix, tag or size that keeps it from some objects."""
    if not isinstance(lifecycle_rule, Mapping):
        return None
    chosen = lifecycle_rule.get("filter") or {}
    limits = [lifecycle_rule.get("prefix"), lifecycle_rule.get("tags"), *(chosen.values() if isinstance(chosen, Mapping) else [chosen])]
    narrowed = any_of(present(limit) for limit in limits)
    return None if narrowed is None else not narrowed


@rule(
    "aws-s3-object-lock-for-logs",
    title="Buckets that keep the audit trail lock its objects for a time",
    severity=Severity.MEDIUM,
    types=(BUCKET,),
    fix="Set objectLockEnabled on the bucket and add a BucketObjectLockConfiguration with rule.defaultRetention",
    defaults={"buckets": ()},
)
def object_lock_for_logs(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """An intruder's first wish is to delete the trail; a locked object outlives even the account's administrator.

    Judged: buckets a CloudTrail trail writes to, and those whose name in the program is in the setting `buckets` (globs).
    """
    named = any(fnmatchcase(node.name, pattern) for pattern in settings["buckets"])
    if not named and not graph.referring(node, TRAIL, "s3BucketName"):
        return None
    found = related(node, graph, OBJECT_LOCK, "bucket")
    locks = [_lock(node, "objectLockConfiguration.rule.defaultRetention.mode")]
    locks += [_lock(one, "rule.defaultRetention.mode") for one in found.nodes]
    return verdict(found.any(locks), "objectLockConfiguration", "no object lock with a default retention: the trail can be deleted")


def _lock(node: Node, path: str) -> bool | None:
    return present(node.value(path))


RULES = (
    public_access_block,
    no_public_policy,
    tls_only,
    encryption,
    versioning,
    access_logging,
    lifecycle,
    abort_multipart,
    object_lock_for_logs,
)
