"""What Rollout is given: what runs, how a new version comes in, by which router, and what it is judged by."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from platform_components.args import Args, Late
from platform_components.labels import INCIDENT_PATTERN
from platform_components.observability.plans import PROMETHEUS_URL
from platform_components.observability.slo.args import SloName, SloSettings

NAME = r"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$"
HOST = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
Host = Annotated[str, Field(pattern=HOST, max_length=253)]
Minutes = Annotated[int, Field(ge=1, le=1440)]


class Engine(StrEnum):
    """Controller that releases."""

    ARGO_ROLLOUTS = "argo-rollouts"
    """Argo Rollouts: a Rollout takes the place of the Deployment."""
    FLAGGER = "flagger"
    """Flagger: a Canary beside an ordinary Deployment."""


class Match(StrEnum):
    """How a header is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"


# --- how a new version comes in


class Step(Args):
    """A share of the traffic, and how long it is watched."""

    weight: int = Field(ge=1, le=99, description="Share of the traffic that the new version gets, in percent. Required.")
    minutes: Minutes = Field(default=10, description="How long it is watched with this share, in minutes. Omitted: 10.")


class Canary(Args):
    """The new version gets a share of the traffic that rises step by step; after the last it gets all of it."""

    kind: Literal["canary"] = Field(default="canary", description="`canary`.")
    steps: tuple[Step, ...] = Field(
        default=(Step(weight=5), Step(weight=25), Step(weight=50)),
        min_length=1,
        max_length=20,
        description="Shares, each above the last. Omitted: 5, 25 and 50 percent for 10 minutes each.",
    )

    @model_validator(mode="after")
    def _rises(self) -> "Canary":
        weights = [step.weight for step in self.steps]
        for before, after in pairwise(weights):
            if after <= before:
                raise ValueError(f"the weights of steps must rise, and {after} follows {before}; a share that falls watches nothing new")
        return self

    @property
    def minutes(self) -> int:
        """How long it is watched at least."""
        return sum(step.minutes for step in self.steps)


class BlueGreen(Args):
    """The new version stands beside the old one and gets all traffic at once; the old one stays until the new has been watched."""

    kind: Literal["blue-green"] = Field(description="`blue-green`.")
    minutes: Minutes = Field(default=15, description="How long it is watched with all traffic, in minutes. Omitted: 15.")
    preview_replicas: int | None = Field(
        default=None,
        ge=1,
        description="Replicas before it gets traffic; then it has all (Argo Rollouts only). Omitted: all from the start.",
    )


class Header(Args):
    """A header that picks users."""

    name: str = Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$", description="Name of the header. Required.")
    value: str = Field(pattern=r"^[\x20-\x7e]{1,256}$", description="What it is compared with. Required.")
    match: Match = Field(default=Match.EXACT, description="How it is compared: exact, prefix or regex. Omitted: exact.")


class AbTest(Args):
    """Users with certain headers get the new version; when it has been watched, everybody does."""

    kind: Literal["a/b"] = Field(description="`a/b`.")
    headers: tuple[Header, ...] = Field(min_length=1, max_length=8, description="Headers that a request must all have. Required.")
    minutes: Minutes = Field(default=60, description="How long it is watched, in minutes. Omitted: 60.")
    replicas_percent: int = Field(
        default=100, ge=1, le=100, description="Replicas for those users, in percent of all (Argo Rollouts only). Omitted: 100."
    )


Strategy = Annotated[Canary | BlueGreen | AbTest, Field(discriminator="kind")]


# --- by which router


class GatewayApi(Args):
    """An HTTPRoute."""

    kind: Literal["gateway-api"] = Field(default="gateway-api", description="`gateway-api`.")
    hostnames: tuple[Host, ...] = Field(min_length=1, description="Host names that it answers for. Required.")
    gateway: str = Field(default="ingress", pattern=NAME, description="The Gateway. Omitted: ingress, which ServiceMesh makes.")
    gateway_namespace: str = Field(default="istio-ingress", pattern=NAME, description="Namespace of the Gateway. Omitted: istio-ingress.")
    path: str = Field(default="/", pattern=r"^/[!-~]{0,200}$", description="Beginning of the paths that it answers for. Omitted: /.")


class Istio(Args):
    """A VirtualService: also for callers inside the mesh."""

    kind: Literal["istio"] = Field(description="`istio`.")
    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9*.-]{1,253}$")], ...] = Field(
        default=(), description="Hosts that callers name. Omitted: the service itself, for callers inside the mesh."
    )
    gateways: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)?$")], ...] = Field(
        default=("mesh",), min_length=1, description="Gateways by namespace/name, `mesh` for callers inside. Omitted: mesh."
    )


class Alb(Args):
    """An Ingress with an Application Load Balancer of AWS."""

    kind: Literal["alb"] = Field(description="`alb`.")
    hostnames: tuple[Host, ...] = Field(min_length=1, description="Host names that it answers for. Required.")
    ingress_class: str = Field(default="alb", pattern=NAME, description="IngressClass. Omitted: alb, which is private.")
    path: str = Field(default="/", pattern=r"^/[!-~]{0,200}$", description="Beginning of the paths that it answers for. Omitted: /.")


Router = Annotated[GatewayApi | Istio | Alb, Field(discriminator="kind")]


# --- what goes together

_NO_ROUTER = "none"
_NEEDS_ROUTER = "only a router can tell requests apart by their headers; give a router"
_FLAGGER_ALB = "Flagger has no router for load balancers of AWS; use engine argo-rollouts, or router gateway-api or istio"

IMPOSSIBLE: Mapping[tuple[Engine, str, str], str] = {
    (Engine.ARGO_ROLLOUTS, "a/b", _NO_ROUTER): _NEEDS_ROUTER,
    (Engine.FLAGGER, "a/b", _NO_ROUTER): _NEEDS_ROUTER,
    (Engine.FLAGGER, "canary", _NO_ROUTER): "Flagger sends shares of traffic by a router only; give a router, or use blue-green",
    **{(Engine.FLAGGER, strategy, "alb"): _FLAGGER_ALB for strategy in ("canary", "blue-green", "a/b")},
}
"""Engine, strategy and router that do not go together, and why."""

COMPARES: Mapping[tuple[Engine, str], frozenset[Match]] = {
    # The plugin writes a prefix as a regular expression; a load balancer has neither.
    (Engine.ARGO_ROLLOUTS, "gateway-api"): frozenset(Match),
    (Engine.ARGO_ROLLOUTS, "istio"): frozenset(Match),
    (Engine.ARGO_ROLLOUTS, "alb"): frozenset({Match.EXACT}),
    (Engine.FLAGGER, "gateway-api"): frozenset({Match.EXACT, Match.REGEX}),
    (Engine.FLAGGER, "istio"): frozenset(Match),
}
"""How headers can be compared, by engine and router."""


class RolloutArgs(Args):
    """A service whose new versions come in little by little, and go back when they are bad."""

    service: str = Field(pattern=NAME, description="The service: of the Rollout, its pods, and its objectives. Required.")
    namespace: str = Field(pattern=NAME, description="Namespace, which has to exist: `TeamContext.namespace`. Required.")
    image: Late[str] = Field(description="Image of the version, best by its digest. Required.")
    objectives: Mapping[SloName, SloSettings] = Field(
        min_length=1, description="Objectives that a version is judged by, by name: what Slo was given. Required."
    )
    engine: Engine = Field(default=Engine.ARGO_ROLLOUTS, description="Controller: that of ProgressiveDelivery. Omitted: argo-rollouts.")
    strategy: Strategy = Field(default=Canary(), description="How a new version comes in. Omitted: canary with its own steps.")
    router: Router | None = Field(
        default=None, description="What shares out the traffic. Omitted: nothing; shares are those of pods, for callers inside the cluster."
    )
    told_apart_by: Literal["pod", "destination-service"] = Field(
        default="pod",
        description="Label by which the series of the new version are known: `pod`, where pods count themselves, or "
        "`destination-service`, where Istio counts for them. Omitted: pod.",
    )
    when_unmeasured: Literal["pause", "promote"] = Field(
        default="pause",
        description="What happens after a step with too few events to judge: it waits for somebody to promote it, or goes on. "
        "Flagger cannot wait. Omitted: pause.",
    )
    emergency: str | None = Field(
        default=None,
        pattern=INCIDENT_PATTERN,
        description="Incident, such as INC-123, for which it passes a freeze, a window and the order of environments. Omitted: none.",
    )
    prometheus_url: Late[str] = Field(
        default=PROMETHEUS_URL, description="Address of Prometheus, as the controller reaches it. Omitted: that of ObservabilityStack."
    )
    port: int = Field(default=8080, ge=1, le=65535, description="Port its pods listen on. Omitted: 8080.")
    replicas: int = Field(default=2, ge=1, le=1000, description="Replicas. Omitted: 2.")
    service_account: Late[str] | None = Field(default=None, description="Service account of its pods. Omitted: the namespace's default.")
    health_path: str | None = Field(
        default="/healthz",
        pattern=r"^/[!-~]{0,200}$",
        description="Path that answers when a pod is ready; null: none, and only that its port is open is asked. Omitted: /healthz.",
    )
    cpu_millicores: int = Field(default=100, ge=1, description="CPU that a pod requests, in thousandths of a core. Omitted: 100.")
    memory_mib: int = Field(default=256, ge=16, description="Memory that a pod requests and may use, in MiB. Omitted: 256.")
    variables: Mapping[str, Late[str]] = Field(default={}, description="Environment variables of its container. Omitted: none.")
    pod: Mapping[str, Any] = Field(
        default={}, description="Fields laid over those of the pod, key by key, as Kubernetes spells them; unchecked. Omitted: none."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "RolloutArgs":
        problems = list(_problems(self))
        if problems:
            raise PydanticCustomError("rollout", "{message}", {"message": "; ".join(problems)})
        return self

    @property
    def router_kind(self) -> str:
        """Kind of the router; `none` without one."""
        return self.router.kind if self.router is not None else _NO_ROUTER


def _problems(args: RolloutArgs) -> Iterator[str]:
    strategy = args.strategy
    if reason := IMPOSSIBLE.get((args.engine, strategy.kind, args.router_kind)):
        yield reason
    elif isinstance(strategy, AbTest):
        for header in strategy.headers:
            if header.match not in (known := COMPARES[args.engine, args.router_kind]):
                yield (
                    f"header {header.name}: router {args.router_kind} with {args.engine} compares {' or '.join(sorted(known))}, "
                    f"not {header.match}"
                )
    for name, slo in args.objectives.items():
        if slo.service != args.service:
            yield f"objective {name} is about service {slo.service}, and this one is {args.service}; a version is judged by its own"
        if "{{" in repr(slo.indicator):
            yield f"the indicator of objective {name} has {{{{ in it, which controllers replace; write it without"
    yield from _of_flagger(args) if args.engine is Engine.FLAGGER else _of_argo_rollouts(args)


def _of_flagger(args: RolloutArgs) -> Iterator[str]:
    if args.when_unmeasured == "pause":
        yield "Flagger takes no answer as a bad one and cannot wait for people: set when_unmeasured to promote, or use argo-rollouts"
    if isinstance(args.strategy, Canary) and len({step.minutes for step in args.strategy.steps}) > 1:
        yield "Flagger takes all steps at one pace; give each the same minutes, or use argo-rollouts"
    if isinstance(args.strategy, BlueGreen) and args.strategy.preview_replicas is not None:
        yield "preview_replicas is Argo Rollouts'; Flagger gives the new version all its replicas from the start"


def _of_argo_rollouts(args: RolloutArgs) -> Iterator[str]:
    strategy = args.strategy
    if isinstance(strategy, Canary) and args.router is None:
        for step in strategy.steps:
            if step.weight * args.replicas % 100:
                yield (
                    f"weight {step.weight} of {args.replicas} replicas is no whole number of pods, and without a router shares are pods; "
                    "give a router, or weights that fit"
                )
    if isinstance(strategy, BlueGreen) and strategy.preview_replicas is not None and strategy.preview_replicas > args.replicas:
        yield f"preview_replicas ({strategy.preview_replicas}) is above replicas ({args.replicas})"
