"""IAM policy documents read as plain statements, whichever form they arrived in: JSON text, mapping, or not known yet.

Answers about a statement are True, False or None; None means that a value which decides is not known before `up`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from platform_policies.graph import SECRET, UNKNOWN
from platform_policies.rule import is_unknown

EVERYONE = "*"

ANYWHERE = frozenset({"*", "0.0.0.0/0", "::/0"})
"""Values of a condition that every request fulfils."""


class Condition(NamedTuple):
    """One test of one key: `StringEquals`, `aws:sourceaccount`, its values. Operator and key are in lower case, as IAM compares them."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def narrows(self) -> bool:
        """Whether it keeps requests out unless the key has one of a few values.

        Negations let in all others, `IfExists` and `ForAllValues:` let in requests without the key, and a bare `*` lets in every value.
        """
        operator = self.operator.removeprefix("foranyvalue:")
        if operator.startswith("forallvalues:") or operator.endswith("ifexists") or "not" in operator or operator == "null":
            return False
        return bool(self.values) and not ANYWHERE.intersection(self.values)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, every element a tuple; a text that is not known is `UNKNOWN` in its place."""

    effect: str
    """`Allow` or `Deny`; `UNKNOWN` where it is not known."""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    """(kind, value): `("AWS", "arn:...")`, `("Service", "...")`; a bare `*` is `("AWS", "*")`."""
    not_principals: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    sid: str = ""

    @property
    def allows(self) -> bool:
        """Whether it grants. A statement whose effect is not known may grant: ask `is_unknown(statement.effect)` too."""
        return self.effect == "Allow"

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"statement {self.sid}" if self.sid and self.sid != UNKNOWN else "a statement"

    @property
    def unknown(self) -> bool:
        """Whether anything in it is not known."""
        parts = (self.effect, *self.actions, *self.not_actions, *self.resources, *self.not_resources)
        pairs = (*self.principals, *self.not_principals)
        return is_unknown((parts, pairs, [(one.operator, one.key, one.values) for one in self.conditions]))


def statements(value: Any) -> list[Statement] | None:
    """The statements of a document: JSON text or mapping; None where it is not known, secret, or not a policy document at all.

    No document (None or empty text) has no statements. A document that is known in parts has `UNKNOWN` in the places that are not.
    """
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = None if value == UNKNOWN else json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, Mapping) or value == SECRET:
        return None
    listed = _element(value, "Statement")
    if isinstance(listed, Mapping):
        listed = [listed]
    if not isinstance(listed, (list, tuple)) or not all(isinstance(item, Mapping) and item != SECRET for item in listed):
        return None
    return [_statement(item) for item in listed]


def principals_public(statement: Statement) -> bool | None:
    """Whether it speaks of everyone: `*` as a principal of any kind, or all but those in NotPrincipal. Conditions do not count."""
    values = [value for _, value in statement.principals]
    if EVERYONE in values or statement.not_principals:
        return True
    return None if UNKNOWN in values else False


def allows_action(statement: Statement, pattern: str) -> bool | None:
    """Whether the statement allows an action, or all actions of a pattern: `s3:*` is allowed by `s3:*` and `*`, not by `s3:Get*`."""
    if statement.effect not in {"Allow", UNKNOWN}:
        return False
    named = statement.actions or statement.not_actions
    hit = any(matches(given, pattern) for given in named if given != UNKNOWN)
    if statement.actions:
        covered: bool | None = True if hit else None if UNKNOWN in named else False
    elif statement.not_actions:
        covered = False if hit else None if UNKNOWN in named else True
    else:
        covered = False
    return None if covered and statement.effect == UNKNOWN else covered


def has_condition(statement: Statement, keys: Sequence[str]) -> bool | None:
    """Whether a condition on one of the keys narrows the statement; a key that ends in `/` or `*` stands for all that begin so."""
    on_keys = [one for one in statement.conditions if any(_same_key(one.key, key) for key in keys)]
    if any(one.narrows and UNKNOWN not in one.values for one in on_keys):
        return True
    open_ended = [one for one in statement.conditions if UNKNOWN in (one.key, one.operator)]
    return None if open_ended or any(one.narrows for one in on_keys) else False


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), re.IGNORECASE | re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Whether IAM's pattern (`*`, `?`, letters of either case) covers a text, itself perhaps a pattern."""
    return _compiled(pattern).fullmatch(text) is not None


def _same_key(key: str, wanted: str) -> bool:
    wanted = wanted.lower()
    return key.startswith(wanted.rstrip("*")) if wanted.endswith(("/", "*")) else key == wanted


def _statement(given: Mapping[str, Any]) -> Statement:
    effect = _element(given, "Effect")
    sid = _element(given, "Sid")
    return Statement(
        effect=UNKNOWN if is_unknown(effect) or not isinstance(effect, str) else effect.capitalize(),
        actions=_texts(_element(given, "Action")),
        not_actions=_texts(_element(given, "NotAction")),
        resources=_texts(_element(given, "Resource")),
        not_resources=_texts(_element(given, "NotResource")),
        principals=_principals(_element(given, "Principal")),
        not_principals=_principals(_element(given, "NotPrincipal")),
        conditions=tuple(_conditions(_element(given, "Condition"))),
        sid=sid if isinstance(sid, str) else "",
    )


def _element(given: Mapping[str, Any], name: str) -> Any:
    """An element by its name in any case: the SDKs' typed documents write `statement`, IAM's own `Statement`."""
    if name in given:
        return given[name]
    return next((value for key, value in given.items() if key.lower() == name.lower()), None)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, Mapping):
        return (UNKNOWN,)  # a secret
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value for text in _texts(item))
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _principals(value: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping) and value != SECRET:
        return tuple((kind, text) for kind, values in value.items() for text in _texts(values))
    return tuple(("AWS", text) for text in _texts(value))


def _conditions(value: Any) -> Iterator[Condition]:
    if value is None:
        return
    if not isinstance(value, Mapping) or value == SECRET:
        yield Condition(UNKNOWN, UNKNOWN, (UNKNOWN,))
        return
    for operator, tests in value.items():
        if not isinstance(tests, Mapping) or tests == SECRET:
            yield Condition(operator.lower(), UNKNOWN, (UNKNOWN,))
            continue
        for key, values in tests.items():
            yield Condition(operator.lower(), key.lower(), _texts(values))
