"""What many rules ask of an input or of the graph, answered True, False, or None where what decides is not known before `up`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from platform_policies.documents import Statement, has_condition, principals_public, statements
from platform_policies.graph import SECRET, UNKNOWN, Node, ResourceGraph
from platform_policies.rule import Verdict, fail, passed, unknown
from platform_policies.types import canonical

KMS_KEYS = (
    "aws:kms/key:Key",
    "aws:kms/alias:Alias",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:kms/externalKey:ExternalKey",
    "aws:kms/replicaExternalKey:ReplicaExternalKey",
)
"""Resources that are, or name, a key of one's own."""

NARROWING_KEYS = (
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:userid",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
)
"""Conditions that keep strangers out of a statement for `*` (S3 user guide, "The meaning of public"; SNS writes aws:SourceOwner itself)."""


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """True where all are; False where one is not, whatever the others; else None."""
    found = set(answers)
    return False if False in found else None if None in found else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True where one is, whatever the others; None where one may be; else False."""
    found = set(answers)
    return True if True in found else None if None in found else False


def day_of(settings: Mapping[str, Any]) -> date:
    """The day a rule judges by: its setting `today`, which the hosts fill in; the clock's where nobody did."""
    return date.fromisoformat(settings["today"]) if settings["today"] else datetime.now(UTC).date()


def verdict(holds: bool | None, path: str, message: str, *, sub_id: str = "") -> Verdict:
    """The verdict of an answer: pass, fail with the message, or unknown."""
    if holds is None:
        return unknown(path, sub_id=sub_id)
    return passed(sub_id=sub_id) if holds else fail(path, message, sub_id=sub_id)


def truth(value: Any) -> bool | None:
    """A boolean, also as a YAML program or an old state writes it (`"true"`); None for all else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def flag(node: Node, path: str, default: Literal[True, False]) -> bool | None:
    """A boolean input, or the provider's default where it is absent."""
    return truth(node.value(path, default))


def number(node: Node, path: str, default: float) -> float | None:
    """A number of an input, or the provider's default where it is absent."""
    value = node.value(path, default)
    try:
        return float(value) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None  # UNKNOWN, or no number


def text(node: Node, path: str, default: str = "") -> str | None:
    """A text of an input, or the provider's default where it is absent."""
    value = node.value(path, default)
    return value if isinstance(value, str) and value != UNKNOWN else None


def items(value: Any) -> Sequence[Any] | None:
    """A list of an input: absent is empty, a single block is a list of one; None where it is not known as a whole."""
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return value
    return None if value in (UNKNOWN, SECRET) else (value,)


def present(value: Any) -> bool | None:
    """Whether anything is there: a secret is, an empty text, list or block is not."""
    return None if value == UNKNOWN else bool(value)


def given(node: Node, graph: ResourceGraph, path: str, *kinds: str) -> bool | None:
    """Whether an input is there; a value that comes from a resource of one of these types is, though it is not known yet."""
    there = present(node.value(path))
    if there is None and any(canonical(target.type) in kinds for target in graph.referred(node, path)):
        return True
    return there


def own_key(node: Node, graph: ResourceGraph, path: str) -> bool | None:
    """Whether an input names a KMS key of one's own: not absent, and not one that AWS manages (`alias/aws/...`)."""
    value = node.value(path)
    if isinstance(value, str) and (value.startswith("alias/aws/") or ":alias/aws/" in value):
        return False
    return given(node, graph, path, *KMS_KEYS)


@dataclass(frozen=True, slots=True)
class Related:
    """Resources that mean one resource, and whether there may be more."""

    nodes: Sequence[Node]
    more: bool
    """Some resource of the kind means one that is not known yet: perhaps this."""

    def any(self, answers: Iterable[bool | None]) -> bool | None:
        """Whether one of them is as it should be; None also where one that is not known to be related may be."""
        return any_of((*answers, None if self.more else False))


def related(node: Node, graph: ResourceGraph, kind: str, path: str) -> Related:
    """Resources of a canonical type whose input at a path means this node."""
    return Related(graph.referring(node, kind, path), graph.undecided(kind, path, canonical(node.type)))


def open_to_the_world(statement: Statement) -> bool | None:
    """Whether a statement lets in strangers: it allows, for everyone, and no condition narrows that."""
    allows = None if statement.effect == UNKNOWN else statement.allows
    narrowed = has_condition(statement, NARROWING_KEYS)
    return all_of((allows, principals_public(statement), None if narrowed is None else not narrowed))


def closed_policy(node: Node, path: str, *, sub_id: str = "") -> Verdict:
    """Whether a resource policy lets no strangers in; no policy lets in nobody."""
    listed = statements(node.value(path))
    if listed is None:
        return unknown(path, sub_id=sub_id)
    for statement in listed:
        if open_to_the_world(statement):
            message = f"{path}: {statement.label} allows principal * without a condition on account, organisation, VPC or source"
            return fail(path, message, sub_id=sub_id)
    return verdict(all_of(None if open_to_the_world(one) is None else True for one in listed), path, "", sub_id=sub_id)
