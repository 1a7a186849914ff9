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
