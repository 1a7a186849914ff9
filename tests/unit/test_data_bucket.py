"""Bucket: what is refused at construction, what our own rules say of it, and what the removal policy does."""

from typing import Any

import pytest
from pydantic import ValidationError

from platform_components.data.bucket import Bucket
from platform_components.data.bucket_args import BucketArgs
from tests.support import Deployment, deploy
from tests.unit.data_cases import TAGS, findings, identity, statements

BUCKET = "aws:s3/bucket:Bucket"


def bucket(preview: bool = False, **fields: Any) -> Deployment[Bucket]:
    return deploy(lambda: Bucket("reports", BucketArgs.model_validate(fields)), preview=preview)


@pytest.mark.parametrize("preview", [True, False])
def test_the_defaults_pass_every_rule(preview: bool) -> None:
    found, asked = findings(lambda: Bucket("reports", BucketArgs(tags=TAGS)), preview=preview)
    assert found == []
    assert {"aws-s3-tls-only", "aws-s3-encryption", "aws-s3-access-logging", "aws-s3-public-access-block", "aws-kms-rotation"} <= asked


def test_a_bucket_without_its_safeguards_is_found() -> None:
    fields = {"access_logs": {"enabled": False}, "tags": {}}
    found, _ = findings(lambda: Bucket("reports", BucketArgs.model_validate(fields)))
    assert {one.split()[0] for one in found} == {"aws-s3-access-logging", "cost-required-tags"}


def test_what_is_not_kept_goes_with_all_in_it() -> None:
    for removal, emptied in (("keep", False), ("delete", True)):
        made = bucket(removal=removal)
        assert [made.one(BUCKET, name).value("forceDestroy") for name in ("reports", "reports-logs")] == [emptied, emptied]


def test_without_a_key_of_its_own_a_grant_needs_none() -> None:
    def build() -> Bucket:
        store = Bucket("reports", BucketArgs.model_validate({"encryption": {"owned_key": False}}))
        store.grant_read(identity())
        return store

    made = deploy(build)
    assert made.names("aws:kms/key:Key") == []
    assert [one["Sid"] for one in statements(made, "reports-read-ledger")] == ["List", "Objects"]


def test_the_same_grant_twice_is_made_once_and_two_prefixes_are_two() -> None:
    def build() -> Bucket:
        store = Bucket("reports", BucketArgs())
        for prefix in ("a/", "a/", "b/"):
            store.grant_read(identity(), prefix=prefix)
        return store

    made = deploy(build)
    assert made.names("aws:iam/rolePolicy:RolePolicy") == ["reports-read-ledger-a", "reports-read-ledger-b"]
    listing, objects, key = statements(made, "reports-read-ledger-a")
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["a/", "a/*"]}}
    assert objects["Resource"] == "arn:aws:s3:::reports-123456789012-eu-west-1/a/*"
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def test_a_connection_tells_where_and_as_whom_and_holds_no_secret() -> None:
    made = deploy(lambda: Bucket("reports", BucketArgs()).grant_write(identity()))
    connection = made.result
    assert (connection.kind, connection.port, connection.access, connection.network) == ("bucket", 443, ("write",), None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"expire_days": 30, "archive_days": 30}, "archive_days 30 is not before expire_days 30"),
        ({"expire_days": 30, "object_lock": {"days": 40}}, "expire_days 30 is before object_lock.days 40"),
        ({"versions_days": 0}, "greater than or equal to 1"),
        ({"public": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BucketArgs.model_validate(fields)
