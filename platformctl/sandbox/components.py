# mypy: untyped-calls-exclude="grpc,google"
"""Components that a plugin itself builds (`yaml/v2:ConfigGroup`): children registered with the engine, each after what it needs."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from platformctl.sandbox.wire import SIGNATURE, encode

Values = Mapping[str, Any]

_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
"""Signature of a reference to a resource (pulumi/sdk: resource.ResourceReferenceSig)."""
_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Child:
    """A resource of a component."""

    type: str
    name: str
    inputs: Values
    after: tuple[str, ...] = ()
    """Names of the children that must be there first."""


@dataclass(frozen=True, slots=True)
class Built:
    """What Construct answers."""

    urn: str
    state: Values
    dependencies: Sequence[str] = field(default=())
    """URNs of the children."""


def build(request: Any, children: Sequence[Child], version: str) -> Built:
    """Register a component and its children with the engine that asked for it.

    Raises:
        grpc.RpcError: the engine refuses a child; it has told why.
    """
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(request.monitorEndpoint, options=options) as channel:
        monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        component = monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=False,
                acceptSecrets=True,
                acceptResources=True,
                protect=request.protect,
                providers=request.providers,
                dependencies=request.dependencies,
                aliases=request.aliases,
            )
        )
        package = request.type.partition(":")[0]
        provider = request.providers.get(package, "")
        made: dict[str, Any] = {}

        def register(child: Child) -> Any:
            wanted = resource_pb2.RegisterResourceRequest(
                type=child.type,
                name=child.name,
                parent=component.urn,
                custom=True,
                object=encode(child.inputs),
                acceptSecrets=True,
                acceptResources=True,
                supportsPartialValues=True,
                dependencies=[*request.dependencies, *(made[name].urn for name in child.after)],
                provider=provider,
                version=version,
            )
            return monitor.RegisterResource(wanted)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for wave in waves(children):
                made |= dict(zip((child.name for child in wave), pool.map(register, wave), strict=True))
        references = [{SIGNATURE: _REFERENCE, "urn": made[child.name].urn, "id": made[child.name].id} for child in children]
        state = {"resources": references}
        monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=component.urn, outputs=encode(state)))
        return Built(component.urn, state, [answer.urn for answer in made.values()])


def waves(children: Sequence[Child]) -> Iterator[list[Child]]:
    """The children in groups, each of which needs only what the groups before it made. What waits for itself comes last."""
    left, done = list(children), set[str]()
    names = {child.name for child in children}
    while left:
        ready = [child for child in left if not (set(child.after) & names) - done] or left
        yield ready
        done |= {child.name for child in ready}
        left = [child for child in left if child not in ready]


def response(built: Built) -> Any:
    """As the engine gets it."""
    needed = provider_pb2.ConstructResponse.PropertyDependencies(urns=list(built.dependencies))
    return provider_pb2.ConstructResponse(urn=built.urn, state=encode(built.state), stateDependencies={"resources": needed})
