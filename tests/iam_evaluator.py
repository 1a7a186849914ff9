"""May a role do something? Decided as AWS does, from what boto3 reads back: the role's policies, the resource's own, and the key's.

Evaluation: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, within one account: an explicit Deny
wins; else an Allow of either the role or the resource is enough, but for a KMS key, whose own policy has to allow or to leave it to IAM.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

Statement = Mapping[str, Any]
Context = Mapping[str, str]


def many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def glob(pattern: str, text: str, *, fold: bool = False) -> bool:
    """IAM's wildcards: `*` and `?`, and no other."""
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


OPERATORS: Mapping[str, Any] = {
    "stringequals": lambda wanted, given: wanted == given,
    "stringlike": glob,
    "arnequals": glob,
    "arnlike": glob,
    "bool": lambda wanted, given: wanted.lower() == given.lower(),
    "numericlessthan": lambda wanted, given: float(given) < float(wanted),
}
NEGATED = {"stringnotequals": "stringequals", "stringnotlike": "stringlike"}


def holds(operator: str, key: str, wanted: Any, context: Context) -> bool:
    """One condition. A key the request lacks fails it, but with `IfExists`, and but for a negation."""
    operator = operator.lower()
    given = {name.lower(): value for name, value in context.items()}.get(key.lower())
    if operator == "null":
        return (given is None) is (str(wanted).lower() == "true")
    optional = operator.endswith("ifexists")
    operator = operator.removesuffix("ifexists")
    if operator in NEGATED:
        return given is None or not any(OPERATORS[NEGATED[operator]](str(one), given) for one in many(wanted))
    if given is None:
        return optional
    return any(OPERATORS[operator](str(one), given) for one in many(wanted))


def applies(statement: Statement, action: str, resource: str, context: Context) -> bool:
    """Whether a statement speaks of a request."""
    assert not statement.keys() - {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    actions = any(glob(one, action, fold=True) for one in many(statement.get("Action", statement.get("NotAction"))))
    resources = any(glob(one, resource) for one in many(statement.get("Resource", statement.get("NotResource"))))
    return (
        actions is ("Action" in statement)
        and resources is ("Resource" in statement)
        and all(
            holds(operator, key, wanted, context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def concerns(statement: Statement, role_arn: str) -> bool:
    """Whether a statement of a resource's policy is about a role by name, or about everybody."""
    principal = statement["Principal"]
    if principal == "*":
        return True
    return any(one in ("*", role_arn) for one in many(principal.get("AWS")))


def document(text: Any) -> list[Statement]:
    found = json.loads(unquote(text)) if isinstance(text, str) else text
    return many(found["Statement"])


class Account:
    """The policies of an account, as its API tells them; each is read once."""

    def __init__(self, client: Any) -> None:
        self._client = cache(client)
        self._arn_of = cache(lambda role: self._client("iam").get_role(RoleName=role)["Role"]["Arn"])
        self._own = cache(lambda role: tuple(self.identity_statements(role)))
        self._of = cache(lambda arn: tuple(self.resource_statements(arn)))

    def may(self, role: str, action: str, resource: str, **context: str) -> bool:
        """Whether a role may do something to a resource; the context's keys have `__` for a colon and `_` for a hyphen."""
        known = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
        known = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", **known}
        arn = self._arn_of(role)
        own = [one for one in self._own(role) if applies(one, action, resource, known)]
        resources = [one for one in self._of(resource) if concerns(one, arn) and applies(one, action, resource, known)]
        if any(one["Effect"] == "Deny" for one in (*own, *resources)):
            return False
        allowed = any(one["Effect"] == "Allow" for one in own)
        if ":key/" in resource:
            root = f"arn:aws:iam::{arn.split(':')[4]}:root"
            left_to_iam = any(
                one["Effect"] == "Allow" and root in many(one["Principal"].get("AWS")) and applies(one, action, resource, known)
                for one in self._of(resource)
            )
            return allowed and left_to_iam
        return allowed or any(one["Effect"] == "Allow" for one in resources)

    def identity_statements(self, role: str) -> Iterator[Statement]:
        """Statements of a role's inline and attached policies."""
        iam = self._client("iam")
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield from document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
            version = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=policy["DefaultVersionId"])
            yield from document(version["PolicyVersion"]["Document"])

    def resource_statements(self, arn: str) -> Iterator[Statement]:
        """Statements of a resource's own policy, where its service has such."""
        _, _, service, _, _, name = arn.split(":", 5)
        read = {"s3": self._bucket, "sqs": self._queue, "sns": self._topic, "kms": self._key}.get(service)
        text = read(arn, name) if read else None
        return iter(document(text) if text else ())

    def _bucket(self, arn: str, name: str) -> Any:
        s3 = self._client("s3")
        bucket = name.split("/", 1)[0]
        try:
            return s3.get_bucket_policy(Bucket=bucket)["Policy"]
        except s3.exceptions.ClientError:
            return None

    def _queue(self, arn: str, name: str) -> Any:
        sqs = self._client("sqs")
        try:
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            return None
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")

    def _topic(self, arn: str, name: str) -> Any:
        sns = self._client("sns")
        try:
            return sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy")
        except sns.exceptions.NotFoundException:
            return None

    def _key(self, arn: str, name: str) -> Any:
        kms = self._client("kms")
        try:
            return kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
        except kms.exceptions.NotFoundException:
            return None
