"""Which stack a team lies in: `ENV.tenants-NN`, by a hash that moves as few teams as can be when a shard is added. Pure.

Rendezvous hashing: every shard gives a team a score, and the highest wins. A further shard takes only those teams that score highest there,
about one in as many as there are shards; between older shards nobody moves.
Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1), 1998.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

LAYER: Final = "tenants"
"""The layer that is several stacks."""

TEAMS_PER_SHARD: Final = 12
"""Most teams of one stack: an `up` rewrites the stack's whole state at every step, so that its time grows with the square of its size."""

MAX_SHARDS: Final = 100

_STACK = re.compile(rf"{LAYER}-([0-9]{{2,}})")


def shard_of(team: str, shards: int) -> int:
    """The shard of a team."""
    return max(range(shards), key=lambda shard: hashlib.sha256(f"{shard}/{team}".encode()).digest())


def shard_layer(shard: int) -> str:
    """A shard as the second half of a stack's name: `tenants-03`."""
    return f"{LAYER}-{shard:02d}"


def shard_layers(shards: int) -> tuple[str, ...]:
    """Every shard of an environment, in order."""
    return tuple(map(shard_layer, range(shards)))


def parse_layer(name: str) -> tuple[str, int | None]:
    """The layer behind the second half of a stack's name, and the shard where it is one: `tenants-03` is ("tenants", 3)."""
    found = _STACK.fullmatch(name)
    return (LAYER, int(found[1])) if found and shard_layer(int(found[1])) == name else (name, None)


def crowded(teams: Iterable[str], shards: int, most: int) -> dict[int, int]:
    """Shards that would hold more teams than one may, with their numbers."""
    counts: dict[int, int] = {}
    for team in teams:
        shard = shard_of(team, shards)
        counts[shard] = counts.get(shard, 0) + 1
    return {shard: count for shard, count in sorted(counts.items()) if count > most}


def shards_needed(teams: Iterable[str], most: int) -> int:
    """Fewest shards of which none holds more teams than one may."""
    names = tuple(teams)
    shards = max(1, -(-len(names) // most))
    while crowded(names, shards, most):
        shards += 1
    return shards
