"""What is made of the engine's events: lines, counts, failures and drift."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.automation.events import EngineEvent
from rich.console import Console

from platformctl.engine.drift import Drift, DriftReader, Kind, urn_name, urn_type, value_at
from platformctl.engine.render import Renderer, summary

VPC = "urn:pulumi:dev.network::platform::platform-components:index:Vpc$aws:ec2/vpc:Vpc::dev"
COMPONENT = "urn:pulumi:dev.network::platform::platform-components:index:Vpc::dev"


def event(
    kind: str, op: str, urn: str = VPC, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None, **more: Any
) -> EngineEvent:
    def state(inputs: dict[str, Any] | None) -> dict[str, Any] | None:
        return (
            None if inputs is None else {"urn": urn, "type": urn_type(urn), "custom": urn == VPC, "inputs": inputs, "outputs": {"arn": "a"}}
        )

    metadata = {"op": op, "urn": urn, "type": urn_type(urn), "old": state(old), "new": state(new), **more}
    return EngineEvent.from_json({kind: {"metadata": metadata}})


def message(text: str, severity: str, urn: str = "", ephemeral: bool = False) -> EngineEvent:
    return EngineEvent.from_json(
        {"diagnosticEvent": {"message": text, "severity": severity, "urn": urn, "ephemeral": ephemeral, "color": ""}}
    )


def drift_of(*events: EngineEvent) -> list[Drift]:
    reader = DriftReader()
    for item in events:
        reader(item)
    return reader.result()


def test_a_changed_property_names_path_declared_and_actual() -> None:
    old, new = {"tags": {"Environment": "other"}, "cidr": 1}, {"tags": {"Environment": "dev"}, "cidr": 1}
    diff = {"tags.Environment": {"diffKind": "update", "inputDiff": True}}
    found = drift_of(
        event("resOutputsEvent", "refresh", old=new, new=old),
        event("resourcePreEvent", "update", old=old, new=new, detailedDiff=diff),
    )
    assert found == [Drift(VPC, "aws:ec2/vpc:Vpc", "dev", Kind.CHANGED, "tags.Environment", "dev", "other", replaces=False)]
    assert str(found[0]) == "~ aws:ec2/vpc:Vpc dev  tags.Environment: declared dev, actual other"


def test_what_only_the_state_has_missed_is_no_drift() -> None:
    """A refresh that finds computed outputs changed, and a plan that has nothing to do."""
    found = drift_of(
        event("resOutputsEvent", "refresh", old={"a": 1}, new={"a": 1}, detailedDiff={"status": {"diffKind": "update"}}),
        event("resourcePreEvent", "same", old={"a": 1}, new={"a": 1}),
    )
    assert found == []


def test_a_deleted_resource_is_told_from_one_that_never_was() -> None:
    gone = event("resOutputsEvent", "refresh", old={"a": 1})
    create = event("resourcePreEvent", "create", new={"a": 1})
    assert [item.kind for item in drift_of(gone, create)] == [Kind.DELETED]
    assert [item.kind for item in drift_of(create)] == [Kind.MISSING]
    assert [item.kind for item in drift_of(gone)] == [Kind.DELETED], "also where the declaration has lost it, too"


def test_what_is_no_longer_declared() -> None:
    assert [item.kind for item in drift_of(event("resourcePreEvent", "delete", old={"a": 1}))] == [Kind.UNDECLARED]


def test_a_replacement_is_one_difference() -> None:
    diff = {"cidrBlock": {"diffKind": "update-replace"}}
    steps = [
        event("resourcePreEvent", op, old={"cidrBlock": "x"}, new={"cidrBlock": "y"}, detailedDiff=diff)
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    found = drift_of(*steps)
    assert [(item.property, item.declared, item.actual, item.replaces) for item in found] == [("cidrBlock", "y", "x", True)]
    assert "up replaces it" in str(found[0])


def test_without_a_detailed_diff_the_keys_serve() -> None:
    found = drift_of(event("resourcePreEvent", "update", old={"a": 1}, new={"a": 2}, diffs=["a"]))
    assert [(item.property, item.declared, item.actual) for item in found] == [("a", 2, 1)]


def test_components_have_no_drift_of_their_own() -> None:
    assert drift_of(event("resourcePreEvent", "update", urn=COMPONENT, old={"a": 1}, new={"a": 2}, diffs=["a"])) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [{"c": 1}, {"c": 2}], "d.e": 3}),
        ("a.b[1].c", 2),
        ('a["d.e"]', 3),
        ("a.b[7].c", None),
        ("a.x.y", None),
        ("a.b.c", None),
        ("nothing", None),
    ],
)
def test_value_at(path: str, value: Any) -> None:
    assert value_at({"a": {"b": [{"c": 1}, {"c": 2}], "d.e": 3}}, path) == value


@given(
    st.recursive(st.integers(), lambda inner: st.dictionaries(st.text("abc", min_size=1), inner, min_size=1) | st.lists(inner, min_size=1))
)
def test_every_leaf_is_found_by_its_path(tree: Any) -> None:
    def leaves(value: Any, path: str) -> list[tuple[str, Any]]:
        if isinstance(value, dict):
            return [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}")]
        if isinstance(value, list):
            return [leaf for index, item in enumerate(value) for leaf in leaves(item, f"{path}[{index}]")]
        return [(path, value)]

    for path, value in leaves(tree, "root"):
        assert value_at({"root": tree}, path) == value


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


def renderer(screen: io.StringIO, *, quiet: bool = False) -> Renderer:
    return Renderer(Console(file=screen, width=300), "dev.network: up", quiet=quiet)


def test_one_line_for_each_resource_that_is_done(screen: io.StringIO) -> None:
    shown = renderer(screen)
    for urn in (COMPONENT, VPC):
        shown(event("resourcePreEvent", "create", urn=urn, new={}))
        shown(event("resOutputsEvent", "create", urn=urn, new={}))
    shown(event("resourcePreEvent", "same", old={}, new={}))
    shown(event("resOutputsEvent", "same", old={}, new={}))
    assert screen.getvalue() == "+ aws:ec2/vpc:Vpc dev created (0.0s)\n"


def test_a_failure_is_shown_with_the_providers_message_and_kept(screen: io.StringIO) -> None:
    shown = renderer(screen)
    shown(event("resourcePreEvent", "create", new={}))
    shown(message("InvalidSubnet.Conflict: it overlaps\n", "error", VPC))
    shown(event("resOpFailedEvent", "create", new={}))
    shown(message("update failed", "error"))
    assert screen.getvalue().splitlines() == ["x aws:ec2/vpc:Vpc dev: InvalidSubnet.Conflict: it overlaps", "x update failed"]
    assert [str(failure) for failure in shown.run.failures] == ["aws:ec2/vpc:Vpc dev: InvalidSubnet.Conflict: it overlaps", "update failed"]


OBITUARY = """Detected that /x/bin/pulumi-resource-aws exited prematurely. \n       This is *always* a bug in the provider.
       To assist with debugging we have dumped the STDOUT and STDERR streams of the plugin:"""


def test_a_plugin_that_ended_without_a_word_is_no_news_and_one_that_crashed_is(screen: io.StringIO) -> None:
    shown = renderer(screen)
    shown(message(f"{OBITUARY}\n", "error"))
    assert (screen.getvalue(), shown.run.failures) == ("", [])
    shown(message(f"{OBITUARY}\nSegmentation fault", "error"))
    assert screen.getvalue().endswith("\nSegmentation fault\n")


def test_what_nobody_needs_to_read_is_left_out(screen: io.StringIO) -> None:
    shown = renderer(screen)
    shown(message("using pulumi-resource-aws from $PATH at /x", "warning"))
    shown(message("still waiting", "info", VPC, ephemeral=True))
    shown(message("internals", "debug"))
    assert screen.getvalue() == ""
    for _ in range(2):
        shown(message("EKS 1.34 leaves standard support", "warning", COMPONENT))
    assert screen.getvalue() == "! platform-components:index:Vpc dev: EKS 1.34 leaves standard support\n"


def test_a_quiet_run_prints_no_resources(screen: io.StringIO) -> None:
    shown = renderer(screen, quiet=True)
    shown(event("resourcePreEvent", "create", new={}))
    shown(event("resOutputsEvent", "create", new={}))
    assert screen.getvalue() == ""


def test_text_from_elsewhere_is_not_read_as_markup(screen: io.StringIO) -> None:
    renderer(screen)(message("[bold]tags[0] :smile:", "error"))
    assert screen.getvalue() == "x [bold]tags[0] :smile:\n"


def test_counts_come_from_the_engine(screen: io.StringIO) -> None:
    shown = renderer(screen)
    shown(EngineEvent.from_json({"summaryEvent": {"resourceChanges": {"create": 2, "same": 1}, "durationSeconds": 1}}))
    assert shown.run.changes == {"create": 2, "same": 1}


@pytest.mark.parametrize(
    ("changes", "planned", "text"),
    [
        ({"same": 2, "create": 63}, False, "63 created, 2 unchanged"),
        ({"same": 2, "create": 63, "replace": 1}, True, "63 to create, 1 to replace, 2 unchanged"),
        ({"same": 4}, False, "4 unchanged"),
        ({"import": 1}, False, "1 import"),
        ({}, False, "nothing to do"),
    ],
)
def test_summary(changes: dict[str, int], planned: bool, text: str) -> None:
    assert summary(changes, planned=planned) == text


def test_parts_of_a_urn() -> None:
    assert (urn_type(VPC), urn_name(VPC)) == ("aws:ec2/vpc:Vpc", "dev")
    assert urn_name("urn:pulumi:s::p::t:i:T::a::b") == "a::b"
