"""What a preview tells of a resource: its outputs after a create or an update, as far as they are known before.

A preview promises: whatever it tells, the create or the update then does. What it cannot know is UNKNOWN, never left out, and never a value
that only holds today.
"""

from collections.abc import Mapping
from typing import Any

from platformctl.sandbox.aws import recorded
from platformctl.sandbox.aws.rows import Row, Scope
from platformctl.sandbox.aws.signatures import signature
from platformctl.sandbox.plugin import UNKNOWN, Values, has_unknown


def created(row: Row, inputs: Values, region: str) -> dict[str, Any]:
    """Outputs of a create: what the inputs tell, and UNKNOWN for the rest."""
    known = signature(row.type)
    outputs: dict[str, Any] = dict.fromkeys((*(known.outputs if known else ()), *row.props), UNKNOWN)
    outputs.update(inputs)
    for prop, inner in row.added.items():
        if isinstance(inputs.get(prop), Mapping):
            outputs[prop] = {**dict.fromkeys(inner, UNKNOWN), **inputs[prop]}
    if "tagsAll" in outputs:
        outputs["tagsAll"] = inputs.get("tags", {})
    if "region" in outputs:
        outputs["region"] = inputs.get("region", region)
    return outputs


def updated(row: Row, scope: Scope) -> dict[str, Any]:
    """Outputs of an update in place."""
    old, news = scope.out, scope.new
    if not row.emulated and not has_unknown(news):
        return recorded.updated(row, scope, old)
    outputs = {key: value for key, value in old.items() if key in news or key not in scope.old}
    for prop, value in news.items():
        outputs[prop] = value if prop == "tags" else _block(old.get(prop), scope.old.get(prop), value)
    if "tagsAll" in outputs:
        outputs["tagsAll"] = news.get("tags", {})
    outputs.update({prop: UNKNOWN for prop in row.changing if prop in old and prop not in news})
    return outputs


def _block(actual: Any, declared: Any, wanted: Any) -> Any:
    """A block as declared now, with what AWS had added inside it; what is declared no more takes a value that AWS chooses."""
    if not isinstance(actual, Mapping) or not isinstance(wanted, Mapping):
        return wanted
    before = declared if isinstance(declared, Mapping) else {}
    rest = {key: UNKNOWN if key in before else value for key, value in actual.items() if key not in wanted and value is not None}
    return {**{key: _block(actual.get(key), before.get(key), value) for key, value in wanted.items()}, **rest}
