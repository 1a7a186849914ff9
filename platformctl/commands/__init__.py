"""The commands, one module per group; what their options have in common stands here."""

from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[
    Path | None,
    typer.Option("-C", metavar="DIR", help="Work on the repository in DIR; by default that of the nearest Pulumi.yaml upwards."),
]
"""The platform repository to work on."""

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
"""Whether to print JSON instead of text."""

Sarif = Annotated[Path | None, typer.Option("--sarif", metavar="F", help="Write the findings as SARIF 2.1.0, for code scanning.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="F", help="Write the findings as JUnit XML.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="F", help="Write the findings as one self-contained page.")]
