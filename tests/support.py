"""What tests share: deploy a piece of program on the recording monitor, and look at ordinary data afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import pulumi
from platform_policies.graph import Node, ResourceGraph

from platformctl.readers import wire
from platformctl.readers.mock_run import run_program
from platformctl.readers.monitor import Engine, RecordingMonitor, Settings

T = TypeVar("T")


class Resolved(NamedTuple):
    """An Output after the run."""

    value: Any
    known: bool
    secret: bool


@dataclass(frozen=True)
class Deployment(Generic[T]):
    """What came of a deployment: ordinary data, to be asserted on outside any apply."""

    graph: ResourceGraph
    result: T
    """What the built function returned."""
    warnings: list[str] = field(default_factory=list)
    exports: Mapping[str, Any] = field(default_factory=dict)
    """What was pulumi.export'ed, as a graph keeps it."""

    def output(self, of: "str | pulumi.Output[Any]") -> Resolved:
        """An Output's value, or that of the result's attribute (or key) of this name."""
        if isinstance(of, str):
            of = self.result[of] if isinstance(self.result, Mapping) else getattr(self.result, of)
        if not isinstance(of, pulumi.Output):
            return Resolved(of, known=True, secret=False)
        # The runtime has no public way to read a settled Output outside its event loop, which is gone by now.
        if not of._data.done():
            raise AssertionError("this Output was made after the run; make it inside the deployed function and return it")
        data = of._data.result()
        return Resolved(data.value, data.is_known, data.is_secret)

    def value(self, of: "str | pulumi.Output[Any]") -> Any:
        """An Output's value; refuses one that is not known."""
        resolved = self.output(of)
        assert resolved.known, f"{of if isinstance(of, str) else 'this output'} is not known"
        return resolved.value

    def one(self, resource_type: str, name: str | None = None) -> Node:
        """The only resource of a type, or the only one whose name ends so."""
        found = [node for node in self.graph.of_type(resource_type) if name is None or node.name == name or node.name.endswith(f"-{name}")]
        assert len(found) == 1, (
            f"{len(found)} of {resource_type} {name or ''}: {sorted(node.name for node in self.graph.of_type(resource_type))}"
        )
        return found[0]

    def names(self, resource_type: str) -> list[str]:
        """Names of all resources of a type, sorted."""
        return sorted(node.name for node in self.graph.of_type(resource_type))

    def shape(self) -> list[tuple[str, str]]:
        """Type and name of every resource but the stack, sorted: what must be the same in preview and up."""
        return sorted((node.type, node.name) for node in self.graph if node.parent)


def deploy(
    build: Callable[[], T],
    *,
    preview: bool = False,
    project: str = "platform",
    stack: str = "test.network",
    region: str = "eu-west-1",
    config: Mapping[str, str] | None = None,
    upstream: Mapping[str, Mapping[str, Any]] | None = None,
    root: Path | None = None,
) -> Deployment[T]:
    """Run a function that builds resources, as a program of one stack.

    Args:
        build: builds resources; what it returns is the deployment's result.
        preview: ids and computed outputs unknown, as in the engine's preview; else stand-ins, as after an `up`.
        project: project name.
        stack: stack name.
        region: region of the default AWS provider.
        config: stack configuration.
        upstream: outputs of other stacks, by stack name; secrets by `platformctl.readers.wire.secret`.
        root: folder whose files count as the program's own for `Node.source`.
    """
    monitor = RecordingMonitor(Settings(project=project, stack=stack, preview=preview, region=region, upstream=upstream or {}, root=root))
    engine = Engine()
    results: list[T] = []
    run_program(lambda: results.append(build()), monitor, engine, config=config)
    exports = wire.plain(wire.to_struct(monitor.exports), collapse=preview)
    return Deployment(monitor.graph(), results[0], engine.warnings, exports)
