"""Autoscaling: who waits for whom, what the controller is told, and what is switched."""

from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.autoscaling.args import KarpenterController
from platform_components.autoscaling.priorities import DEFAULT_CLASS, PRIORITIES
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="shop-1a2b", arn="arn:aws:eks:eu-west-1:123456789012:cluster/shop-1a2b")
POOLS = platform.KarpenterPoolsArgs(
    pools={"general": {"capacity": "karpenter", "families": ["m7g"], "limit_vcpu": 32}},  # type: ignore[dict-item]
    instance_profile_name="nodes",
    security_group_id="sg-1",
    subnet_ids=["subnet-1"],
)
KARPENTER = KarpenterController(pools=POOLS, interruption_queue_name="taken-back")


def built(**args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.Autoscaling(
            "shop", platform.AutoscalingArgs(cluster=CLUSTER, environment="dev", region="eu-west-1", vpc_id="vpc-1", **args)
        )
        return {"pools": made.pool_names}

    return deploy(program)


def named(done: Deployment[dict[str, Any]], name: str) -> Any:
    return next(node for node in done.graph if node.name == f"shop-{name}")


def releases(done: Deployment[dict[str, Any]]) -> list[str]:
    return sorted(node.inputs["chart"].rpartition("/")[2] for node in done.graph.of_type("kubernetes:helm.sh/v3:Release"))


def test_pools_come_after_their_controller_and_it_after_its_kinds() -> None:
    done = built(karpenter=KARPENTER)
    crds, controller, pool = named(done, "karpenter-crds"), named(done, "karpenter"), named(done, "pool-general")
    assert crds.urn in controller.dependencies
    component = next(node for node in done.graph if node.type.endswith(":KarpenterPools"))
    assert controller.urn in component.dependencies, "on destroy the nodes drain while the controller runs"
    assert pool.parent == component.urn
    assert done.value("pools") == ["general"]


def test_the_controller_is_told_its_cluster_and_its_queue_and_takes_the_identity_made_for_it() -> None:
    values = named(built(karpenter=KARPENTER), "karpenter").inputs["values"]
    assert values["settings"]["clusterName"] == "shop-1a2b"
    assert values["settings"]["interruptionQueue"] == "taken-back"
    assert values["serviceAccount"] == {"create": True, "name": "karpenter"}


def test_without_karpenter_nothing_of_it_is_there() -> None:
    done = built()
    assert releases(done) == ["keda", "metrics-server", "vertical-pod-autoscaler"]
    assert done.value("pools") == []


def test_addons_are_switched_by_name_and_the_descheduler_is_off() -> None:
    done = built(addons={"keda": {"enabled": False}, "descheduler": {"enabled": True}})
    assert releases(done) == ["descheduler", "metrics-server", "vertical-pod-autoscaler"]


def test_gpus_can_be_asked_for_where_that_is_wanted() -> None:
    done = built(addons={"nvidia-device-plugin": {"enabled": True}})
    assert "nvidia-device-plugin" in releases(done)
    terms = named(done, "gpus").inputs["values"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert {term["matchExpressions"][0]["key"] for term in terms["nodeSelectorTerms"]} == {
        "karpenter.k8s.aws/instance-gpu-manufacturer",
        "nvidia.com/gpu.present",
    }


def test_recommendations_come_after_what_they_read() -> None:
    done = built()
    assert named(done, "metrics-server").urn in named(done, "vertical-recommender").dependencies


def classes_of(**args: Any) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.PriorityClasses("shop", platform.PriorityClassesArgs(**args))
        return {"names": made.names, "platform": made.platform_class}

    return deploy(program)


def test_one_class_is_the_default_and_batch_pushes_nobody_out() -> None:
    done = classes_of()
    classes = {node.inputs["metadata"]["name"]: node.inputs for node in done.graph.of_type("kubernetes:scheduling.k8s.io/v1:PriorityClass")}
    assert set(classes) == set(PRIORITIES) == set(done.value("names"))
    assert [name for name, inputs in classes.items() if inputs["globalDefault"]] == [DEFAULT_CLASS]
    assert classes["batch"]["preemptionPolicy"] == "Never"
    assert sorted(classes, key=lambda name: -classes[name]["value"]) == ["platform", "production", "standard", "batch"]
    assert done.value("platform") == "platform"


def test_without_a_class_of_the_platform_no_pod_names_it() -> None:
    assert classes_of(classes={"mine": {"value": 1, "description": "x"}}).value("platform") is None


@pytest.mark.parametrize(
    ("name", "priority", "message"),
    [
        ("system-mine", {"value": 1, "description": "x"}, "names that begin with system-"),
        ("Mine", {"value": 1, "description": "x"}, "should match pattern"),
        ("mine", {"value": 2_000_000_000, "description": "x"}, "less than or equal to 1000000000"),
    ],
)
def test_a_priority_that_kubernetes_would_refuse_is_refused(name: str, priority: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        classes_of(classes={name: priority})
