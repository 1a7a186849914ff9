"""When two values mean the same to AWS: policy documents, lists that are sets, numbers written as text, absent and empty."""

import json
from collections.abc import Mapping
from typing import Any, Final

from platformctl.sandbox.plugin import Unknown, Values

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


def canonical(value: Any, *, ordered: bool = False) -> Any:
    """A form in which equal values are equal: documents parsed, sets sorted, scalars as text, empty ones gone.

    With `ordered`, lists keep their order.
    """
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Mapping):
        items = {key: canonical(item, ordered=ordered) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in _EMPTY}
    if isinstance(value, (list, tuple)):
        items_ = [canonical(item, ordered=ordered) for item in value]
        return items_ if ordered else sorted(items_, key=_sort_key)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    document = _document(value) if isinstance(value, str) else None
    return value if document is None else canonical_document(document)


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _document(text: str) -> Any:
    """A JSON document in a text, or None."""
    if not text.lstrip()[:1] in {"{", "["}:  # noqa: E713 -- reads as: the first sign is none of these
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def canonical_document(value: Any) -> Any:
    """A JSON document as IAM compares it: a list of one is its item, and lists are sets."""
    if isinstance(value, dict):
        return {key: canonical_document(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((canonical_document(item) for item in value), key=_sort_key)
        return items[0] if len(items) == 1 else items
    return value


def equal(old: Any, new: Any, *, ordered: bool = False) -> bool:
    """Whether two inputs mean the same; UNKNOWN equals nothing."""
    before, after = canonical(old, ordered=ordered), canonical(new, ordered=ordered)
    if isinstance(before, Unknown) or isinstance(after, Unknown) or _holds_unknown(before) or _holds_unknown(after):
        return False
    return bool(before == after) or (before in _EMPTY and after in _EMPTY)


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_unknown(item) for item in value)
    return isinstance(value, Unknown)


def covers(declared: Any, actual: Any) -> bool:
    """Whether what AWS answers agrees with what was declared; AWS may add properties to nested objects, not items to lists."""
    if isinstance(declared, Mapping) and isinstance(actual, Mapping):
        return all(covers(value, actual.get(key)) for key, value in declared.items())
    if isinstance(declared, (list, tuple)) and isinstance(actual, (list, tuple)):
        return _covers_list(declared, actual)
    if actual is None and declared in (False, 0):
        return True
    if isinstance(declared, Mapping) and actual is None:
        return all(covers(value, None) for value in declared.values())
    return equal(declared, actual)


def _covers_list(declared: list[Any] | tuple[Any, ...], actual: list[Any] | tuple[Any, ...]) -> bool:
    left = list(actual)
    for value in declared:
        match = next((index for index, item in enumerate(left) if covers(value, item)), None)
        if match is None:
            return False
        left.pop(match)
    return not left


def reconcile(declared: Any, actual: Any, *, exact: bool = False) -> Any:
    """The declared value where AWS agrees with it, else what AWS has, in the declared shape."""
    if (equal if exact else covers)(declared, actual):
        return declared
    if isinstance(declared, Mapping) and isinstance(actual, Mapping) and not exact:
        return {key: reconcile(value, actual.get(key)) for key, value in declared.items()}
    if isinstance(declared, (list, tuple)) and isinstance(actual, (list, tuple)) and len(declared) == 1 == len(actual) and not exact:
        return [reconcile(declared[0], actual[0])]
    return actual


def laid_over(actual: Any, declared: Any) -> Any:
    """The declared value, with what AWS added inside its blocks (`vpcConfig.clusterSecurityGroupId`)."""
    if not isinstance(declared, Mapping) or not isinstance(actual, Mapping):
        return declared
    added = {key: value for key, value in actual.items() if key not in declared and value is not None}
    return {**{key: laid_over(actual.get(key), value) for key, value in declared.items()}, **added}


def without_none(values: Values) -> dict[str, Any]:
    """The values that are not None."""
    return {key: value for key, value in values.items() if value is not None}
