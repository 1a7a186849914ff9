"""Which version may go on to the next environment: what has run in the one before, whole, healthy and long enough. Pure.

What is approved is recorded in a ConfigMap of the namespace, which the admission policy `platform-promotion-order` reads.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from platform_components.labels import owned

RECORD: Final = "promotions"
"""ConfigMap of a namespace: digests that may run there, by service, separated by spaces, the newest first."""
KEPT: Final = 10
"""Digests of a service that stay recorded, so that it can go back."""

_DIGEST: Final = re.compile(r"@(sha256:[a-f0-9]{64})$")
_PRIMARY: Final = "-primary"
"""What Flagger adds to the name of the Deployment that has all traffic."""


@dataclass(frozen=True, slots=True)
class Running:
    """A Rollout or Deployment, as the API server of the environment before says it runs."""

    service: str
    namespace: str
    images: Sequence[str]
    since: datetime | None
    """When its newest version had come in whole; None where it has not."""
    healthy: bool

    @property
    def digests(self) -> list[str]:
        """Digests of its images that name one."""
        return [found[1] for image in self.images if (found := _DIGEST.search(image))]


def running(document: Mapping[str, Any]) -> Running:
    """Read what `kubectl get rollout NAME -o json`, or that of a Deployment, prints.

    Raises:
        ValueError: it is something else; says what.
    """
    kind = document.get("kind")
    if kind not in ("Rollout", "Deployment"):
        raise ValueError(
            f"is a {kind or 'document without a kind'}; give what `kubectl get rollout NAME -o json` or `get deployment` prints"
        )
    try:
        metadata, status, pod = document["metadata"], document.get("status", {}), document["spec"]["template"]["spec"]
        containers = [*pod.get("initContainers", ()), *pod["containers"]]
        conditions = {one["type"]: one for one in status.get("conditions", ())}
        since, healthy = (_rollout if kind == "Rollout" else _deployment)(status, conditions)
        current = str(status.get("observedGeneration", "")) == str(metadata.get("generation"))
        return Running(
            service=str(metadata["name"]).removesuffix(_PRIMARY),
            namespace=str(metadata["namespace"]),
            images=tuple(str(container["image"]) for container in containers),
            since=since,
            healthy=healthy and current,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"lacks {error}; give the whole {kind}, with its status") from error


def _rollout(status: Mapping[str, Any], conditions: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    whole = bool(status.get("stableRS")) and status.get("stableRS") == status.get("currentPodHash")
    return _since(conditions, "Completed", "Healthy"), whole and status.get("phase") == "Healthy" and not status.get("abort", False)


def _deployment(status: Mapping[str, Any], conditions: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    wanted = status.get("replicas", 0)
    whole = wanted > 0 and status.get("updatedReplicas") == status.get("availableReplicas") == wanted
    return _since(conditions, "Progressing", "Available"), whole


def _since(conditions: Mapping[str, Any], *kinds: str) -> datetime | None:
    """The latest of these conditions' beginnings; None where one does not hold."""
    found = [conditions.get(kind, {}) for kind in kinds]
    if any(one.get("status") != "True" for one in found):
        return None
    # A Deployment's Progressing stays true and is updated when a version has come in.
    times = [max(filter(None, (one.get("lastTransitionTime"), one.get("lastUpdateTime")))) for one in found]
    return max(datetime.fromisoformat(time) for time in times)


def refusals(found: Running, order: Sequence[tuple[str, int]], target: str, namespace: str, now: datetime) -> Iterator[str]:
    """Why it may not go on; nothing where it may.

    Args:
        found: what runs in the environment before.
        order: environments in their order, with the minutes that a version has to run in each.
        target: the environment it is to go to.
        namespace: namespace there.
        now: the time, with its zone.
    """
    names = [name for name, _ in order]
    before, minutes = order[names.index(target) - 1]
    team = namespace.removesuffix(f"-{target}")
    if found.namespace != f"{team}-{before}":
        yield (
            f"runs in namespace {found.namespace}, and {target} takes what runs in {team}-{before}: the order is {', '.join(names)}; "
            f"bring it through {before} first"
        )
    for image in found.images:
        if not _DIGEST.search(image):
            yield f"runs {image}, which somebody may move; name the image by its digest"
    if not found.healthy or found.since is None:
        yield f"is not whole and healthy in {before}; wait for its release to end, or see why it went back"
    elif (age := now - found.since) < timedelta(minutes=minutes):
        left = timedelta(minutes=minutes) - age
        ready = (now + left).astimezone(UTC)
        yield f"has run for {int(age.total_seconds() // 60)} of {minutes} minutes in {before}; come again at {ready:%Y-%m-%d %H:%M} UTC"


def record(found: Running, namespace: str, recorded: Mapping[str, str]) -> dict[str, Any]:
    """The ConfigMap of the namespace, with the service's entry alone: applied on the server's side, the others stay.

    Args:
        found: what has been approved.
        namespace: where it may run now.
        recorded: the data of the ConfigMap as it is.
    """
    before = recorded.get(found.service, "").split()
    kept = list(dict.fromkeys((*found.digests, *before)))[: max(KEPT, len(found.digests))]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": RECORD, "namespace": namespace, "labels": owned()},
        "data": {found.service: " ".join(kept)},
    }
