"""What PriorityClasses is given, and the platform's own classes."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from platform_components.args import Args

PRIORITY_MAX = 1_000_000_000
"""Highest value of a user's PriorityClass (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/)."""


def _not_of_kubernetes(name: str) -> str:
    if name.startswith("system-"):
        raise PydanticCustomError(
            "priority", "{message}", {"message": f"{name}: names that begin with system- are Kubernetes' own; choose another"}
        )
    return name


ClassName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"), AfterValidator(_not_of_kubernetes)]
"""Name of a PriorityClass."""


class Priority(Args):
    """A PriorityClass."""

    value: int = Field(
        ge=-PRIORITY_MAX, le=PRIORITY_MAX, description="Who goes first where there is no room for all; higher wins. Required."
    )
    preempts: bool = Field(default=True, description="Whether its pods may push others out. Omitted: yes.")
    description: str = Field(min_length=1, description="What it is for. Required.")


PRIORITIES: Mapping[str, Priority] = {
    "platform": Priority(value=900_000_000, description="What the platform itself runs: without it nothing else works."),
    "production": Priority(value=100_000, description="Services that serve users."),
    "standard": Priority(value=1_000, description="What names no class: everything else that is wanted now."),
    "batch": Priority(
        value=-1_000, preempts=False, description="Work that can wait: takes room that is left, and gives it up to everybody."
    ),
}
"""The platform's classes; an environment may add to them."""

PLATFORM_CLASS = "platform"
"""Class of what the platform itself runs."""

DEFAULT_CLASS = "standard"
"""Class of pods that name none."""


class PriorityClassesArgs(Args):
    """The PriorityClasses of one cluster."""

    classes: Mapping[ClassName, Priority] = Field(
        default=PRIORITIES,
        description="PriorityClasses by name. What is given takes the place of all of them; pods that name none get `standard`. "
        "Omitted: platform, production, standard and batch.",
    )
