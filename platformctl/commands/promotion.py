"""`platformctl promotion`: what has run long enough in one environment may run in the next."""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from platform_components.errors import DeclarationError, Problem

Evidence = Annotated[
    Path,
    typer.Option("--evidence", metavar="F", help="What `kubectl get rollout NAME -o json` prints in the environment before."),
]
Order = Annotated[
    str,
    typer.Option("--order", metavar="ENV:MINUTES,..", help="Environments in their order, and how long a version runs in each first."),
]
Recorded = Annotated[
    Path | None,
    typer.Option("--recorded", metavar="F", help="What `kubectl get configmap promotions -o json` prints there. Left out: nothing yet."),
]


def approve(
    evidence: Evidence,
    order: Order,
    target: Annotated[str, typer.Option("--to", metavar="ENV", help="Environment that it may go on to.")],
    namespace: Annotated[str, typer.Option("--namespace", metavar="NAME", help="Namespace there: TEAM-ENV.")],
    recorded: Recorded = None,
) -> None:
    """Print the record of a version that may go on, for `kubectl apply --server-side`; or say why it may not, and end with 1."""
    from platform_components.delivery.promotion import RECORD, record, refusals, running

    stages, problems = _stages(order)
    names = [name for name, _ in stages]
    if not problems and target not in names[1:]:
        what = f"is first in the order, and takes what it likes; choose from {', '.join(names[1:])}" if target in names else "is not in it"
        problems.append(Problem(f"environment {target} {what}", field="--to"))
    if not namespace.endswith(f"-{target}"):
        problems.append(Problem(f"namespace {namespace} is none of {target}; name it TEAM-{target}", field="--namespace"))
    document = _read(evidence, problems)
    kept = _read(recorded, problems) if recorded is not None else {}
    if kept and (kept.get("kind"), kept.get("metadata", {}).get("name")) != ("ConfigMap", RECORD):
        problems.append(Problem(f"is not the ConfigMap {RECORD}", file=str(recorded)))
    if problems:
        raise DeclarationError(problems)
    try:
        found = running(document)
    except ValueError as error:
        raise DeclarationError([Problem(str(error), file=str(evidence))]) from error
    reasons = list(refusals(found, stages, target, namespace, datetime.now(UTC)))
    if reasons:
        sys.stderr.write("".join(f"{found.service} {reason}\n" for reason in reasons))
        raise typer.Exit(1)
    sys.stdout.write(json.dumps(record(found, namespace, kept.get("data") or {}), indent=2) + "\n")


def _stages(order: str) -> tuple[list[tuple[str, int]], list[Problem]]:
    """Environments with their minutes, and what is wrong with them."""
    stages, problems = [], []
    for text in order.split(","):
        name, _, minutes = text.strip().partition(":")
        if not name or not (minutes or "0").isdecimal():
            problems.append(Problem(f"{text.strip()!r} is no environment with its minutes; write dev:0,staging:240,prod", field="--order"))
        stages.append((name, int(minutes) if minutes.isdecimal() else 0))
    names = [name for name, _ in stages]
    problems += [Problem(f"{name} is named twice", field="--order") for name in dict.fromkeys(names) if names.count(name) > 1]
    return stages, problems


def _read(path: Path, problems: list[Problem]) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(Problem(f"cannot be read: {_first_line(error)}", file=str(path)))
        return {}
    if not isinstance(found, dict):
        problems.append(Problem("is no Kubernetes object; give what kubectl prints with -o json", file=str(path)))
        return {}
    return found


def _first_line(error: Exception) -> str:
    lines: Iterator[str] = iter(str(error).splitlines())
    return next(lines, type(error).__name__)
