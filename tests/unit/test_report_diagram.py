"""The diagram of a program: components, what they hold, and which waits for which."""

from pathlib import Path

import pytest
from platform_policies.graph import Node, ResourceGraph

from platformctl.__main__ import run
from platformctl.report.diagram import mermaid

STACK = Node("urn:s", "pulumi:pulumi:Stack", "dev", {}, custom=False)


def node(name: str, parent: str = "urn:s", *, custom: bool = True, waits_for: tuple[str, ...] = (), layer: str = "network") -> Node:
    kind = "aws:ec2/vpc:Vpc" if custom else "platform-components:index:Vpc"
    return Node(f"urn:{name}", kind, name, {}, parent=parent, custom=custom, dependencies=waits_for, layer=layer)


def test_components_stand_for_their_resources_and_their_dependencies() -> None:
    graph = ResourceGraph(
        (
            STACK,
            node("net", custom=False),
            node("inner", "urn:net", custom=False),
            node("subnet", "urn:inner"),
            node("shop", custom=False, layer="cluster"),
            node("nodes", "urn:shop", waits_for=("urn:subnet",), layer="cluster"),
            node("alone", waits_for=("urn:nodes", "urn:nobody"), layer="cluster"),
        )
    )
    assert mermaid(graph).splitlines() == [
        "flowchart LR",
        '  subgraph layer_network["network"]',
        '    n0["net<br/>Vpc, 1 resource"]',
        "  end",
        '  subgraph layer_cluster["cluster"]',
        '    n1["shop<br/>Vpc, 1 resource"]',
        '    n2["alone<br/>Vpc"]',
        "  end",
        "  layer_network --> layer_cluster",
        "  n0 --> n1",
        "  n1 --> n2",
    ]


def test_a_name_cannot_break_out_of_its_box() -> None:
    text = mermaid(ResourceGraph((STACK, node('a"]<script>'))))
    assert '    n0["a#34;#93;#60;script#62;<br/>Vpc"]' in text.splitlines()


def test_the_preview_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "diagram.mmd"
    assert run(["preview", "dev.network", "--mermaid", str(file)]) == 0
    assert '["dev<br/>Vpc, ' in file.read_text()
    capsys.readouterr()
