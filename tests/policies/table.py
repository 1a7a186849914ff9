"""Cases of one rule, one line each."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_policies.graph import Node
from platform_policies.rule import Rule, Status

from tests.policies.cases import Case, Kind, judge


class Table:
    """Collects the cases of one rule (and one of its sub_ids) over one type of resource."""

    def __init__(self, cases: list[Case], rule: str, type_: str, sub_id: str = "") -> None:
        self.cases, self.rule, self.type, self.sub_id = cases, rule, type_, sub_id

    def passing(self, inputs: Mapping[str, Any], name: str = "", **more: Any) -> None:
        """Passes."""
        self._add("passing", Status.PASS, inputs, name, **more)

    def skipped(self, inputs: Mapping[str, Any], name: str = "", **more: Any) -> None:
        """Is none of the rule's business."""
        self._add("passing", None, inputs, name, **more)

    def failing(self, inputs: Mapping[str, Any], name: str = "", **more: Any) -> None:
        """Fails."""
        self._add("failing", Status.FAIL, inputs, name, **more)

    def absent(self, expect: Status | None, inputs: Mapping[str, Any] | None = None, name: str = "", **more: Any) -> None:
        """The deciding property, or the other resource, is not there."""
        self._add("absent", expect, inputs or {}, name, **more)

    def unknown(self, inputs: Mapping[str, Any], name: str = "", **more: Any) -> None:
        """Cannot be decided in a preview."""
        self._add("unknown", Status.UNKNOWN, inputs, name, **more)

    def _add(
        self,
        kind: Kind,
        expect: Status | None,
        inputs: Mapping[str, Any],
        name: str,
        *,
        of: str = "",
        others: Sequence[Node] = (),
        at: str | None = None,
        settings: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        refers: Mapping[str, Sequence[str]] | None = None,
        provider: str = "",
        says: str = "",
    ) -> None:
        self.cases.append(
            Case(
                self.rule,
                kind,
                of or self.type,
                inputs,
                expect,
                self.sub_id,
                others,
                at,
                settings or {},
                outputs or {},
                refers or {},
                name,
                provider,
                says,
            )
        )


def case_id(case: Case) -> str:
    """What a case is called in the test run."""
    return "-".join(part for part in (case.rule, case.sub_id, case.kind, case.name) if part)


def prove(rules: Sequence[Rule], case: Case) -> None:
    """The rule says of the case what it must, and names the property."""
    status, verdicts = judge(next(one for one in rules if one.id == case.rule), case)
    assert status == case.expect, verdicts
    if case.property is not None:
        assert case.property in {one.property for one in verdicts if one.status is status}
    assert not case.says or any(case.says in one.message for one in verdicts if one.status is status), verdicts
    assert all(one.message for one in verdicts if one.status is not Status.PASS)
