"""The cost report on a terminal: a table of charges with their sources, the lower bound, and what could cost less."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from platform_policies.types import canonical
from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from platform_policies.pricing.estimate import Difference, Estimate, Line

    from platformctl.commands.cost import Report


def render(report: "Report") -> Iterator[Table | Text]:
    """Everything the command says, in the order it is read."""
    priced = report.priced
    sources = list(dict.fromkeys((line.price.source, str(line.price.source_date), line.price.confidence) for line in priced.lines))
    yield _charges(priced, sources)
    yield total(report)
    yield from _unpriced(priced)
    for ceiling in report.ceilings:
        most = "cannot be said: " + ceiling.reason if ceiling.monthly is None else f"{money(ceiling.monthly)} a month at most"
        limit = f" ({ceiling.vcpu.normalize():f} vCPU)" if ceiling.vcpu is not None else ""
        yield Text(f"ceiling, not in the total: node pool {ceiling.node.name}{limit}: {most}")
    for advice in report.advice:
        saving = f" saves {money(advice.saving)} a month" if advice.saving is not None else ""
        yield Text(f"advice: {advice.node.name}: {advice.title}{';' + saving if saving else ''}", style="cyan")
    if report.difference:
        yield from _difference(report.difference)
    for warning in priced.warnings:
        yield Text(f"warning: {warning}", style="yellow")
    yield from (
        Text(f"[{number}] {source}, {day}, {confidence}", style="dim") for number, (source, day, confidence) in enumerate(sources, 1)
    )


def money(amount: Decimal) -> str:
    """An amount of US dollars with two decimals: `$35.04`, `-$3.65`."""
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def summary(priced: "Estimate") -> str:
    """The total in one line: lower bound, coverage and the day of the catalogue."""
    return (
        f"at least {money(priced.monthly)} a month in {priced.catalogue.region} "
        f"(lower bound; {priced.coverage}; catalogue of {priced.catalogue.compiled})"
    )


def _charges(priced: "Estimate", sources: Sequence[tuple[str, str, str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Resource", "Charge", "Quantity", "Unit price", "Monthly", "Source"):
        table.add_column(heading, justify="right" if heading in ("Quantity", "Monthly") else "left")
    for line in priced.lines:
        source = sources.index((line.price.source, str(line.price.source_date), line.price.confidence)) + 1
        table.add_row(
            Text(f"{line.node.layer}/{line.node.name}" if line.node.layer else line.node.name),
            Text(line.component),
            _quantity(line),
            f"${line.price.usd.normalize():f} per {line.price.unit}",
            "by usage" if line.monthly is None else money(line.monthly),
            Text(f"[{source}]"),
        )
    return table


def _quantity(line: "Line") -> str:
    if line.quantity is None:
        return line.usage_key
    many = "s" if line.quantity != 1 and line.price.unit.endswith(("hour", "month")) else ""
    return f"{'at least ' if line.at_least else ''}{line.quantity.normalize():,f} {line.price.unit}{many}"


def total(report: "Report") -> Text:
    """The lower bound, and how it stands to the budget."""
    text = Text(summary(report.priced), style="bold")
    if report.budget is None:
        return text
    if report.over is not None:
        return text.append(f"\nover the budget of {money(report.budget)} by {money(report.over)}", style="bold red")
    return text.append(f"\nthe lower bound is within the budget of {money(report.budget)}", style="green")


def _unpriced(priced: "Estimate") -> Iterator[Text]:
    for kind in priced.unpriced_types:
        gaps = [gap for gap in priced.gaps if canonical(gap.node.type) == kind]
        what = "; ".join(dict.fromkeys(f"{gap.component}: {gap.reason}" if gap.component else gap.reason for gap in gaps))
        yield Text(f"no price: {kind} ({', '.join(dict.fromkeys(gap.node.name for gap in gaps))}): {what}", style="yellow")


def _difference(difference: "Difference") -> Iterator[Text]:
    percent = "" if difference.percent is None else f" ({difference.percent:+.1f} %)"
    sign = "+" if difference.absolute >= 0 else ""
    yield Text(f"difference: {sign}{money(difference.absolute)} a month{percent}", style="bold")
    for change in difference.changes:
        yield Text(f"  {change.urn.rpartition('::')[2]}: {money(change.before)} -> {money(change.after)}")
