"""Releases as an API server meets them: the objects of every strategy, controller and router, and what is done to get past a gate."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any, Final

import platform_components as platform
from platform_components.delivery.rollout_args import IMPOSSIBLE, Engine
from tests.engine.kubernetes_api import Object
from tests.support import deploy
from tests.unit.test_rollout import IMAGE, TRIPLES, args

CLUSTER: Final = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
GROUPS: Final = {"argoproj.io", "flagger.app", "networking.istio.io"}
"""API groups of what the mesh's own objects are not of."""
NAMESPACE: Final = "shop-prod"
PROMOTION: Final = [{"environment": "staging", "soak_minutes": 240}, {"environment": "prod"}]
DIGEST: Final = IMAGE.partition("@")[2]
DEVELOPER: Final = {"user": "ada", "groups": ("developers",)}
CONTROLLER: Final = {
    "user": "system:serviceaccount:argo-rollouts:argo-rollouts",
    "groups": ("developers", "system:serviceaccounts:argo-rollouts"),
}


def registered(build: Any) -> list[Object]:
    """What a component registers, but for releases of charts."""
    graph = deploy(build).graph
    return [dict(node.inputs) for node in graph if node.custom and "apiVersion" in node.inputs and "helm.sh" not in node.type]


@cache
def of_platform(engine: Engine) -> list[Object]:
    """What ProgressiveDelivery registers; namespaces first, as they are needed."""
    settings = {
        "cluster": CLUSTER, "environment": "prod", "region": "eu-west-1", "vpc_id": "vpc-1", "engine": engine,
        "promotion": PROMOTION, "windows": [{"from_hour": 8, "until_hour": 15}],
    }  # fmt: skip
    made = platform.ProgressiveDeliveryArgs.model_validate(settings)
    return sorted(registered(partial(platform.ProgressiveDelivery, "prod", made)), key=lambda one: one["kind"] != "Namespace")


@cache
def of_releases() -> Mapping[str, list[Object]]:
    """Objects of every strategy that there is, by its name."""
    possible = [case for case in TRIPLES if case not in IMPOSSIBLE]
    return {" ".join(case): registered(partial(platform.Rollout, "checkout", args(*case))) for case in possible}


def of_kind(kind: str, *case: Any, **changes: Any) -> Object:
    """The object of a kind that a release registers."""
    made = args(*case, **changes)
    return next(one for one in registered(partial(platform.Rollout, "checkout", made)) if one["kind"] == kind)


def emergency(made: Object, incident: str) -> Object:
    """The same, with an incident named."""
    changed = copy.deepcopy(made)
    changed["metadata"].setdefault("annotations", {})["platform-components/emergency"] = incident
    return changed


def past_the_gates(rollout: Object) -> Iterator[tuple[str, Object]]:
    """The same Rollout, each time with another way past a gate."""
    for index, what in enumerate(("window", "budget")):
        left_out = copy.deepcopy(rollout)
        del left_out["spec"]["strategy"]["canary"]["steps"][index]
        yield f"without the {what}", left_out
        own = copy.deepcopy(rollout)
        own["spec"]["strategy"]["canary"]["steps"][index]["analysis"]["templates"][0]["clusterScope"] = False
        yield f"with a template of its own for the {what}", own
        lied = copy.deepcopy(rollout)
        argument: Mapping[str, Any] = {"name": "service", "value": "somebody-else"}
        lied["spec"]["strategy"]["canary"]["steps"][index]["analysis"]["args"][0] = argument
        yield f"with another service's {what}", lied
        claimed = copy.deepcopy(rollout)
        claimed["spec"]["strategy"]["canary"]["steps"][index]["analysis"]["args"][1] = {"name": "emergency", "value": "INC-1"}
        yield f"with an emergency that no annotation names, for the {what}", claimed
    late = copy.deepcopy(rollout)
    steps = late["spec"]["strategy"]["canary"]["steps"]
    steps.insert(0, {"setWeight": 1})
    yield "with a share of traffic first", late
    bare = copy.deepcopy(rollout)
    del bare["spec"]["strategy"]["canary"]["steps"]
    yield "without steps", bare


def canaries_past_the_gates(canary: Object) -> Iterator[tuple[str, Object]]:
    """The same Canary, each time with another way past a gate."""
    for index, what in enumerate(("window", "budget")):
        left_out = copy.deepcopy(canary)
        del left_out["spec"]["analysis"]["metrics"][index]
        yield f"without the {what}", left_out
        own = copy.deepcopy(canary)
        own["spec"]["analysis"]["metrics"][index]["templateRef"]["namespace"] = NAMESPACE
        yield f"with a template of its own for the {what}", own
        wide = copy.deepcopy(canary)
        wide["spec"]["analysis"]["metrics"][index]["thresholdRange"] = {"min": 0, "max": 9}
        yield f"with any answer of the {what} being right", wide
    skipped = copy.deepcopy(canary)
    skipped["spec"]["skipAnalysis"] = True
    yield "with no analysis at all", skipped
