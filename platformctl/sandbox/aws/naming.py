"""Autonaming: the physical name of a resource whose program gives none."""

import hashlib
import json
import re

from platformctl.sandbox.aws.rows import Name
from platformctl.sandbox.plugin import Subject, Values
from platformctl.sandbox.wire import Unknown

_SUFFIX_LENGTH = 7
_REFUSED = re.compile(r"[^A-Za-z0-9_.-]+")


def physical_name(rule: Name, subject: Subject, inputs: Values, olds: Values) -> str | None:
    """The name to fill in; None if the program gives one.

    It is `<logical name>-<7 hexadecimal digits>`, the digits taken from URN and inputs: the same program gets the same name again, and a
    replacement, whose inputs differ, another one. A resource that has a name keeps it.
    """
    if inputs.get(rule.prop) is not None:
        return None
    prefix = inputs.get(rule.prefix_prop or f"{rule.prop}Prefix")
    if isinstance(prefix, Unknown):
        return None
    kept = olds.get(rule.prop)
    start = f"{prefix}" if prefix else f"{rule.prefix}{_REFUSED.sub('-', subject.name)}-"
    if isinstance(kept, str) and is_automatic(kept, start):
        return kept
    digest = hashlib.sha256(f"{subject.urn}\n{json.dumps(inputs, sort_keys=True, default=repr)}".encode()).hexdigest()[:_SUFFIX_LENGTH]
    end = digest + rule.suffix(inputs)
    name = start[: rule.max_length - len(end) - 1].rstrip("-") + "-" + end if len(start) + len(end) > rule.max_length else start + end
    return name.lower() if rule.lower else name


def is_automatic(name: str, start: str) -> bool:
    """Whether a name looks like one of ours with this beginning, shortened or not."""
    match = re.fullmatch(r"(.*?)-?([0-9a-f]{7})(\.fifo)?", name)
    return bool(match) and bool(match and start.lower().startswith(match[1].lower()))
