"""One report with something of everything, for the tests of each form it is printed in."""

from datetime import date
from pathlib import Path

from platform_policies.enforcement import Enforcement, Level
from platform_policies.graph import Node, ResourceGraph
from platform_policies.rule import Answer, Rule, Settings, Severity, fail, passed, rule, unknown
from platform_policies.waivers import Waiver, Waivers

from platformctl.report.model import Judges, Places, Report, judge

STACK = "urn:pulumi:prod.data::shop::pulumi:pulumi:Stack::shop-prod.data"
STORE = "urn:pulumi:prod.data::shop::shop:index:Store::main"
BUCKET_TYPE = "aws:s3/bucket:Bucket"
TODAY = date(2026, 11, 23)
NASTY = "<script>alert('x')</script> & \x07\"quotes\" ]]>"


def urn(name: str) -> str:
    return f"urn:pulumi:prod.data::shop::shop:index:Store$aws:s3/bucket:Bucket::{name}"


@rule(
    "aws-s3-locked",
    title="Buckets are <locked>",
    severity=Severity.CRITICAL,
    types=[BUCKET_TYPE],
    fix="Set lock to true",
    sub_ids=["front", "back"],
)
def locked(node: Node, graph: ResourceGraph, settings: object) -> Answer:
    """Open buckets leak."""
    answers = []
    for door in ("front", "back"):
        value = node.value(door)
        if value == "?":
            answers.append(unknown(door, sub_id=door))
        else:
            answers.append(passed(sub_id=door) if value == "shut" else fail(door, f"{door} is {value}", sub_id=door))
    return answers


@rule("aws-s3-tidy", title="Buckets are tidy", severity=Severity.LOW, types=[BUCKET_TYPE], fix="Tidy up", advisory=True)
def tidy(node: Node, graph: ResourceGraph, settings: object) -> Answer:
    """Mess costs."""
    return fail("mess", f"mess: {node.value('mess')}") if node.value("mess") else passed()


@rule("aws-s3-old", title="Buckets are new", severity=Severity.MEDIUM, types=[BUCKET_TYPE], fix="Renew it")
def old(node: Node, graph: ResourceGraph, settings: object) -> Answer:
    """Old ones break."""
    return fail("age", "age is 9") if node.value("age") else None


RULES: tuple[Rule, ...] = (old, tidy, locked)


def bucket(name: str, source: str = "", parent: str = STORE, **inputs: object) -> Node:
    return Node(
        urn=urn(name), type=BUCKET_TYPE, name=name, inputs={"front": "shut", "back": "shut", **inputs}, parent=parent, source=source
    )


GRAPH = ResourceGraph(
    (
        Node(urn=STACK, type="pulumi:pulumi:Stack", name="shop-prod.data", inputs={}, custom=False),
        Node(urn=STORE, type="shop:index:Store", name="main", inputs={}, parent=STACK, custom=False, source="app/store.py:3"),
        bucket("open", "app/store.py:7", front="ajar"),
        bucket("messy", "app/my store.py:9", STACK, mess=NASTY),
        bucket("later", front="?"),
        bucket("excused", "app/store.py:11", age=9),
        bucket("fine", "app/store.py:12"),
    )
)
WAIVER = Waiver("aws-s3-old", "*::excused", "kept for <audit>", "data-team", "DATA-1", date(2027, 1, 31), 4)
PLACES = Places(project=Path("/r/own"), repository=Path("/r"), fallback="Pulumi.yaml")


def report(level: Level = Level.MANDATORY, *, strict: bool = False, graph: ResourceGraph = GRAPH) -> Report:
    enforcement = Enforcement(environments={"prod": level}, settings=Settings())
    waivers = Waivers([WAIVER] if graph is GRAPH else [])
    return judge(graph, Judges(RULES, enforcement, waivers, strict), TODAY, PLACES)
