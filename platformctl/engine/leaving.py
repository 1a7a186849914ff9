"""What a run leaves as it is: components of a stack that its program does not declare for the time being. Pure.

The engine can leave something out (`--exclude`), but then deletes nothing else of the stack either. So it is told what to work on instead
(`--target`): all that the state holds and all that the program declares, but for what is left and for what that stands on. Of a target
the engine takes along whatever depends on it and is not declared, and refuses.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platformctl.engine.drift import urn_name, urn_type


@dataclass(frozen=True, slots=True)
class Leaving:
    """Components that are left, and what the programs declare beside them."""

    components: tuple[str, ...] = ()
    """Their names."""
    declared: Mapping[str, Collection[str]] = field(default_factory=dict)
    """URNs of everything that the program declares, by stack: what is new has to be worked on, too."""

    def targets(self, stack: str, resources: Sequence[Mapping[str, Any]]) -> list[str]:
        """What a run of a stack works on; empty where that is everything.

        Args:
            stack: its name.
            resources: what its state holds.
        """
        kept = {urn for urns in by_component(resources, self.components).values() for urn in urns} if self.components else set()
        if not kept:
            return []
        there = {str(resource["urn"]) for resource in resources}
        new = {_if_there(urn) for urn in set(self.declared.get(stack, ())) - there}
        return sorted((there - with_foundations(resources, kept)) | new)


NOTHING = Leaving()


def with_foundations(resources: Sequence[Mapping[str, Any]], urns: Collection[str]) -> set[str]:
    """Resources and everything they stand on: parents, providers, whatever they depend on."""
    known = {str(resource["urn"]): resource for resource in resources}
    found: set[str] = set()
    open_ = list(urns)
    while open_:
        urn = open_.pop()
        if urn in found or urn not in known:
            continue
        found.add(urn)
        resource = known[urn]
        provider = str(resource.get("provider") or "").rpartition("::")[0]
        open_ += [str(resource.get("parent") or ""), provider, *map(str, resource.get("dependencies") or ())]
    return found


def _if_there(urn: str) -> str:
    """A pattern of this resource alone: where the cloud is looked at first, a name that the state does not have is refused."""
    return urn.replace("urn:pulumi:", "urn:pulumi*:", 1)


def by_component(resources: Sequence[Mapping[str, Any]], names: Collection[str] | None = None) -> dict[str, list[str]]:
    """URNs of a state's resources by the component of the stack that they lie in, the component's own first.

    Args:
        resources: resources as a state holds them.
        names: names of the components wanted; all where omitted.
    """
    top: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for resource in resources:
        urn, parent = str(resource["urn"]), str(resource.get("parent") or "")
        is_component = not resource.get("custom") and bool(parent) and urn_type(parent) == "pulumi:pulumi:Stack"
        name = urn_name(urn) if is_component else top.get(parent)
        if name is not None and (names is None or name in names):
            top[urn] = name
            found.setdefault(name, []).append(urn)
    return found
