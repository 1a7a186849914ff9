"""Where kinds keep their pods' template, and the CEL that reads pods and templates alike. Pure.

A Deployment with a bad template is admitted by a policy for pods alone, and its owner waits for pods that never come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from platform_components.admission.policy import Resources, Target


@dataclass(frozen=True, slots=True)
class Template:
    """Kinds whose pods are described at one path."""

    path: str
    """Path of the template in the object; empty where the object is the pod."""
    kinds: tuple[str, ...]
    resources: tuple[Resources, ...]


TEMPLATES: Final = (
    Template("", ("Pod",), (Resources("", ("pods",)),)),
    Template("spec.jobTemplate.spec.template", ("CronJob",), (Resources("batch", ("cronjobs",)),)),
    Template(
        "spec.template",
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "Rollout", "StatefulSet"),
        (
            Resources("apps", ("daemonsets", "deployments", "replicasets", "statefulsets")),
            Resources("batch", ("jobs",)),
            Resources("", ("replicationcontrollers",)),
            # Argo Rollouts; matches nothing where its definitions are not installed.
            Resources("argoproj.io", ("rollouts",), ("*",)),
        ),
    ),
)
"""Every kind that makes pods. One that is missing here is still held by its pods, only later."""

EPHEMERAL: Final = Resources("", ("pods/ephemeralcontainers",))
"""Debug containers, added to a running pod."""


def at_template(root: str, below: str) -> str:
    """CEL of a field below the pod template, whatever the kind; an optional value.

    Args:
        root: `object` or `oldObject`.
        below: path below the template, such as `spec`.
    """
    *first, last = TEMPLATES
    # dyn: the API server's type checker would hold every kind against the paths of the others.
    reads = {template: ".?".join((f"dyn({root})", *filter(None, template.path.split(".")), *below.split("."))) for template in TEMPLATES}
    choices = [f"object.kind in [{', '.join(repr(kind) for kind in template.kinds)}] ? {reads[template]} : " for template in first]
    return f"({''.join(choices)}{reads[last]})"


def _reads(root: str) -> Sequence[str]:
    return [at_template(root, "spec")]


WORKLOADS: Final = Target(resources=tuple(rule for template in TEMPLATES for rule in template.resources), reads=_reads)
"""Pods and everything that makes them."""

CONTAINERS: Final = Target(resources=(*WORKLOADS.resources, EPHEMERAL), reads=_reads)
"""The same, and debug containers."""

POD: Final = ("pod", f"{at_template('object', 'spec')}.orValue({{}})")
"""Variable `pod`: the pod's spec."""

_DEBUG = "request.?subResource.orValue('') == 'ephemeralcontainers'"

IMAGES: Final = (
    # Of a pod that gets a debug container, only that: the rest of it was judged when it was made, perhaps by other rules.
    ("part", f"{_DEBUG} ? {{'ephemeralContainers': variables.pod.?ephemeralContainers.orValue([])}} : variables.pod"),
    (
        "containers",
        " + ".join(f"variables.part.?{name}.orValue([])" for name in ("initContainers", "containers", "ephemeralContainers")),
    ),
    (
        "images",
        """
        variables.containers.map(c, {'of': c.name, 'image': c.?image.orValue(''), 'pull': c.?imagePullPolicy.orValue('')})
        + variables.part.?volumes.orValue([]).filter(v, has(v.image))
          .map(v, {'of': v.name, 'image': v.image.?reference.orValue(''), 'pull': v.image.?pullPolicy.orValue('')})
        """,
    ),
)
"""Variable `images`: of containers, init containers, debug containers and image volumes."""
