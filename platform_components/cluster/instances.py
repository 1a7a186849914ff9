"""What can be read from the name of an EC2 instance type or family. Pure text, no list of types to fall behind.

Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html: series, generation, then options, where `g` stands
for AWS Graviton (`m7g`, `c8gn.4xlarge`, `is4gen`, `im4gn`). `a1` is the one Graviton family without it.
"""

import re
from collections.abc import Iterable, Mapping

_FAMILY = re.compile(r"^(?P<series>[a-z]+(?:-[0-9a-z]+)?)(?P<generation>[0-9]+)(?P<options>[a-z]*)(?:-[a-z0-9]+)*$")


def instance_problem(instance: str) -> str | None:
    """Say what is wrong with the form of an instance type (`m7g.large`) or family (`m7g`), or None where it is fine."""
    family = instance.partition(".")[0]
    if _FAMILY.match(family):
        return None
    return f"{instance!r} is no EC2 instance type or family; write one such as m7g.large or m7g"


def architecture(instance: str) -> str:
    """Architecture of an instance type or family, as Kubernetes names it: `arm64` or `amd64`."""
    match = _FAMILY.match(instance.partition(".")[0])
    if match is None:
        return "amd64"
    options = match["options"]
    graviton = options.startswith("g") or (match["series"], match["generation"]) == ("a", "1")
    return "arm64" if graviton else "amd64"


def architectures(instances: Iterable[str]) -> tuple[str, ...]:
    """The architectures among instance types or families, sorted."""
    return tuple(sorted({architecture(instance) for instance in instances}))


_SMALL: Mapping[str, int] = {"medium": 1, "large": 2, "xlarge": 4}


def vcpus(instance_type: str) -> int | None:
    """How many vCPUs an instance type has, by its size; None where the name does not tell: `metal`, and what is smaller than `medium`.

    The `t` families have two from `nano` to `large`.
    """
    family, _, size = instance_type.partition(".")
    if family.startswith("t") and size in ("nano", "micro", "small", "medium", "large"):
        return 2
    if size in _SMALL:
        return _SMALL[size]
    found = re.fullmatch(r"([0-9]+)xlarge", size)
    return 4 * int(found[1]) if found else None
