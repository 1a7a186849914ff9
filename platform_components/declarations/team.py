"""Team files: one YAML file for each team, and what they have to agree on among each other and with the environments."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from platform_components.admission.policy import Mode
from platform_components.admission.workload_policies import IMAGE_REGISTRIES
from platform_components.charts.records import vcluster
from platform_components.cluster.instances import vcpus
from platform_components.cluster.pools import KarpenterPool, ManagedPool
from platform_components.data.bucket import NAME_MAX as BUCKET_NAME_MAX
from platform_components.declarations.crossings import Finding
from platform_components.declarations.document import Document, FieldPath, read
from platform_components.declarations.environment import Environment
from platform_components.declarations.loader import validate
from platform_components.declarations.platform import PlatformSettings
from platform_components.declarations.translate import choices, nearest
from platform_components.errors import DeclarationError, Problem
from platform_components.names import COMPONENT_NAME_MAX, child_name
from platform_components.resilience.promises import broken
from platform_components.tenancy.args import Team, namespace_of
from platform_components.tenancy.claims import SECTIONS, DataKind, claimed_stores, missing_tier, store_name
from platform_components.tenancy.isolation import Isolation, model_pool
from platform_components.tenancy.placement import crowded, shard_of, shards_needed
from platform_components.tenancy.quotas import QUOTA_CLASSES

LEFT_ALONE_VARIABLE = "PLATFORM_TEAMS_LEFT_ALONE"
"""Environment variable: teams, by commas, whose files are broken and whose resources a stack's program leaves out; whoever sets it keeps
the engine from deleting them (`platformctl up` does)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One team and the file it stands in."""

    team: Team
    document: Document


@dataclass(frozen=True, slots=True)
class Teams:
    """The teams of a directory: those that are sound, and what is wrong with the others."""

    sound: Mapping[str, Declared] = field(default_factory=dict)
    """By name, sorted."""
    broken: Mapping[str, DeclarationError] = field(default_factory=dict)
    """By the name of the file."""

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong in any file by itself."""
        return [problem for error in self.broken.values() for problem in error.problems]


def team_files(directory: Path) -> dict[str, Path]:
    """The team files of a directory by name, sorted; none where there is no such directory."""
    return {path.stem: path for path in sorted(directory.glob("*.yaml"))}


def shard_files(directory: Path, shard: int, shards: int) -> dict[str, Path]:
    """The team files of one shard. Where a team belongs is told by its file's name: a broken file has a place, too."""
    return {name: path for name, path in team_files(directory).items() if shard_of(name, shards) == shard}


def may_hold_data(directory: Path, environment: str) -> bool:
    """Whether a team has stores in an environment. A broken file may be of such a team: backups must not end with a slip of the pen."""
    teams = load_teams(team_files(directory))
    return bool(teams.broken) or any(declared.team.data and environment in declared.team.environments for declared in teams.sound.values())


def load_teams(files: Mapping[str, Path], root: Path | None = None) -> Teams:
    """Load team files, each for itself.

    Args:
        files: files by name.
        root: files are named relative to it in messages; as given where omitted.
    """
    sound: dict[str, Declared] = {}
    broken: dict[str, DeclarationError] = {}
    for name, path in files.items():
        shown = str(path.relative_to(root)) if root is not None and path.is_relative_to(root) else str(path)
        try:
            document = read(path, shown)
            sound[name] = Declared(validate(document, Team, check=partial(_own_findings, file_name=path.name)), document)
        except DeclarationError as error:
            broken[name] = error
    return Teams(sound, broken)


def fitting(teams: Teams, environment: Environment) -> Teams:
    """The teams of which an environment can make what they ask for; the others count as broken there, so that they stop nobody else."""
    found = {
        name: [declared.document.problem(path, message) for path, message in _fit_findings(declared.team, environment)]
        for name, declared in teams.sound.items()
    }
    return Teams(
        {name: declared for name, declared in teams.sound.items() if not found[name]},
        {**teams.broken, **{name: DeclarationError(problems) for name, problems in found.items() if problems}},
    )


def crossing_problems(teams: Teams, environments: Mapping[str, Environment], folder: str = "environments") -> list[Problem]:
    """What is wrong between teams, and between teams and environments.

    Args:
        teams: all of them; of broken ones nothing is known but that they exist.
        environments: all of them, by name.
        folder: where the environments' files stand, for messages.
    """
    problems: list[Problem] = []
    for declared in teams.sound.values():
        for check in (_environment_findings, _call_findings, _address_findings, _access_findings):
            problems += [declared.document.problem(path, message) for path, message in check(declared.team, teams, environments)]
        for environment in environments.values():
            problems += [declared.document.problem(path, message) for path, message in _fit_findings(declared.team, environment)]
    problems += _store_problems(teams, environments)
    problems += _domain_problems(teams, environments)
    for name, environment in environments.items():
        problems += [Problem(message, where, f"{folder}/{name}.yaml", 1) for where, message in _capacity(name, environment, teams)]
    return problems


def _own_findings(data: Mapping[str, Any], file_name: str) -> Iterator[Finding]:
    """Rules across one file, on data that may be wrong elsewhere."""
    name = data.get("team")
    if isinstance(name, str) and file_name != f"{name}.yaml":
        yield ("team",), f"is {name!r}, but the file is called {file_name}; they must agree"


def _environment_findings(team: Team, _: Teams, environments: Mapping[str, Environment]) -> Iterator[Finding]:
    for index, name in enumerate(team.environments):
        if name not in environments:
            guess = nearest(name, environments)
            yield (
                ("environments", index),
                f"there is no environment {name!r}; {f'did you mean {guess}?' if guess else 'choose from ' + choices(list(environments))}",
            )


def _isolation_findings(team: Team, environment: Environment) -> Iterator[Finding]:
    """What a team's isolation asks of an environment and does not get."""
    name = environment.environment
    if name not in team.environments:
        return
    path: FieldPath = ("isolations", name) if name in team.isolations else ("isolation",)
    match team.isolation_in(name):
        case Isolation.NODE_POOL if model_pool(environment.cluster.all_pools, environment.tenants.node_pool) is None:
            yield path, f"nodes of its own are launched by Karpenter, and {name} has no pool of capacity karpenter; add one there"
        case Isolation.VIRTUAL_CLUSTER if refused := _refused_images(environment.platform):
            yield path, f"{name} admits no images from {', '.join(refused)}; add them to platform.admission.registries there, or a mirror"


def _refused_images(platform: PlatformSettings) -> list[str]:
    """Places of a virtual cluster's images that an environment admits none from. It runs in a namespace that admission policies hold."""
    rules, mirror = platform.admission, platform.mirror
    if mirror is not None or rules.policies.get(IMAGE_REGISTRIES.name, rules.mode) is not Mode.ENFORCE:
        return []
    places = dict.fromkeys(str(image).rpartition("/")[0] for image in vcluster.ADDON.images)
    return [place for place in places if not any(f"{place}/".startswith(f"{admitted}/") for admitted in rules.registries)]


def _fit_findings(team: Team, environment: Environment) -> Iterator[Finding]:
    """What a team asks of an environment and does not get."""
    yield from _claim_findings(team, environment)
    yield from _promise_findings(team, environment)
    yield from _isolation_findings(team, environment)


def _call_findings(team: Team, teams: Teams, _: Mapping[str, Environment]) -> Iterator[Finding]:
    """A call is let through where both ends say so; a caller that says so alone would be left to find out by a timeout."""
    for index, call in enumerate(team.calls):
        callee, _slash, service = call.partition("/")
        path: FieldPath = ("calls", index)
        if callee in teams.broken:
            continue
        if callee not in teams.sound:
            guess = nearest(callee, teams.sound)
            yield path, f"there is no team {callee!r}{f'; did you mean {guess}?' if guess else ''}"
            continue
        other = teams.sound[callee].team
        if service not in other.services:
            yield path, f"{callee} has no service {service!r}; it has {choices(list(other.services)) or 'none'}"
        elif team.team not in other.services[service].callers:
            yield path, f"{callee} does not name {team.team} among the callers of {service}; ask {', '.join(other.owners)}"
        elif not set(team.environments) & set(other.environments):
            yield path, f"{callee} and {team.team} share no environment, so that this call can be made nowhere"
    for name, declared in team.services.items():
        for index, caller in enumerate(declared.callers):
            if caller not in teams.sound and caller not in teams.broken:
                yield ("services", name, "callers", index), f"there is no team {caller!r}; whoever took the name later could call {name}"


def _address_findings(team: Team, _: Teams, environments: Mapping[str, Environment]) -> Iterator[Finding]:
    for block in team.egress.addresses:
        for name in team.environments:
            network = environments[name].network if name in environments else None
            if network is None:
                continue
            for own in (network.cidr, *(tier.cidr for tier in network.secondary_cidrs.values())):
                if own is not None and block.overlaps(own):
                    message = f"{block} overlaps {own}, the network of {name}; what lies in it is reached by `calls`, or is a data service"
                    yield ("egress", "addresses", str(block)), message


def _claim_findings(team: Team, environment: Environment) -> Iterator[Finding]:
    """Stores whose tier the network lacks, and names that are too long with the team's and the environment's before them."""
    name = environment.environment
    if name not in team.environments:
        return
    for claim, wanted in team.data.items():
        path: FieldPath = ("data", claim)
        tier = missing_tier(wanted, environment.network.tiers)
        if tier is not None:
            yield path, f"a {wanted.kind.value} stands in the tier {tier}, which the network of {name} does not have; leave the claim out"
        full = store_name(namespace_of(team.team, name), claim)
        most = BUCKET_NAME_MAX if wanted.kind is DataKind.BUCKET else COMPONENT_NAME_MAX
        if len(full) > most:
            yield path, f"is called {full} in {name}, which has {len(full)} characters; use a name that makes it at most {most}"


def _promise_findings(team: Team, environment: Environment) -> Iterator[Finding]:
    """Stores that do not keep what an environment promises, or that its defaults make impossible."""
    if environment.environment not in team.environments:
        return
    defaults = environment.data.defaults.written()
    for claim, wanted in team.data.items():
        try:
            stores = claimed_stores({claim: wanted}, defaults)
        except ValidationError as error:
            why = "; ".join(detail["msg"] for detail in error.errors(include_url=False))
            yield ("data", claim), f"cannot be made with data.defaults.{SECTIONS[wanted.kind]} of {environment.environment}: {why}"
            continue
        for _, promise, message in broken(stores, environment.resilience):
            yield (
                ("data", claim),
                f"breaks resilience.{promise} of {environment.environment}: {message}; change either",
            )


def _store_problems(teams: Teams, environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Stores that would have one name, which environments of one account cannot give twice."""
    taken = {
        child_name(name, store): f"that of {kind}.{store} of environment {name}"
        for name, environment in environments.items()
        for kind in SECTIONS.values()
        for store in getattr(environment.data, kind)
    }
    for name, declared in teams.sound.items():
        for environment in declared.team.environments:
            for claim in declared.team.data:
                full = store_name(namespace_of(name, environment), claim)
                if full in taken:
                    message = f"is called {full} in {environment}, and so is {taken[full]}; choose another name"
                    yield declared.document.problem(("data", claim), message)
                taken.setdefault(full, f"that of team {name} in {environment}")


def _access_findings(team: Team, teams: Teams, _: Mapping[str, Environment]) -> Iterator[Finding]:
    """A principal has one access entry in a cluster, so it can be of one team and one role."""
    for role, access in team.access.items():
        for kind in ("sso", "principal"):
            wanted = getattr(access, kind)
            if wanted is None:
                continue
            for other in teams.sound.values():
                for taken, held in other.team.access.items():
                    if getattr(held, kind) == wanted and (other.team.team, taken.value) < (team.team, role.value):
                        message = f"{wanted} is {taken.value} of {other.team.team} already; an IAM principal has one entry in a cluster"
                        yield ("access", role.value, kind), message


def _domain_problems(teams: Teams, environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Domains that two teams could both answer for, and domains of the platform."""
    taken: dict[str, tuple[str, str]] = {}
    for name, environment in environments.items():
        if environment.domain is not None:
            taken[environment.domain] = ("", f"the domain of environment {name}")
            for team in (*teams.sound, *teams.broken):
                taken[f"{team}.{environment.domain}"] = (team, f"team {team}'s own in {name}")
    for name, declared in teams.sound.items():
        for index, domain in enumerate(declared.team.domains):
            path: FieldPath = ("domains", index)
            for other, (owner, what) in taken.items():
                above = other == domain or other.endswith(f".{domain}")
                below = bool(owner) and domain.endswith(f".{other}")
                if owner != name and (above or below):
                    yield declared.document.problem(path, f"{domain} and {other} overlap, and that is {what}; choose another")
                    break
            else:
                where = f"{declared.document.file}:{declared.document.line(path)}"
                taken.setdefault(domain, (name, f"team {name}'s ({where})"))


def _capacity(name: str, environment: Environment, teams: Teams) -> Iterator[tuple[str, str]]:
    """Quotas of all teams that share the environment's pools against these, and teams against shards."""
    here = [declared.team for declared in teams.sound.values() if name in declared.team.environments]
    asked = {team.team: QUOTA_CLASSES[team.quota_in(name)].vcpu for team in here if team.isolation_in(name) is not Isolation.NODE_POOL}
    held = pool_vcpus(environment)
    settings = environment.tenants
    most = held * settings.quota_overcommit
    if here and held and sum(asked.values()) > most:
        largest = sorted(asked, key=lambda team: (-asked[team], team))[:3]
        listed = ", ".join(f"{team} {asked[team]}" for team in largest)
        message = (
            f"teams may request {sum(asked.values())} vCPU; the pools hold {held}, with quota_overcommit {settings.quota_overcommit:g} "
            f"{most:g}; the largest are {listed}; give pools more, or teams less"
        )
        yield "tenants.quota_overcommit", message
    everybody = (*teams.sound, *teams.broken)
    for shard, count in crowded(everybody, settings.shards, settings.teams_per_shard).items():
        wanted = shards_needed(everybody, settings.teams_per_shard)
        message = (
            f"shard {shard:02d} would hold {count} teams, and may hold {settings.teams_per_shard}; set shards to {wanted}, "
            f"then move teams with `platformctl team rebalance {name}`"
        )
        yield "tenants.shards", message


def pool_vcpus(environment: Environment) -> int:
    """Most vCPUs of the pools that any pod may run on; 0 where a pool has no limit, or nobody knows it."""
    total = 0
    for pool in environment.cluster.all_pools.values():
        if getattr(pool, "dedicated", False):
            continue
        if isinstance(pool, KarpenterPool):
            total += pool.limit_vcpu
        elif isinstance(pool, ManagedPool):
            sizes = [vcpus(kind) for kind in pool.instance_types]
            if not sizes or None in sizes:
                return 0
            total += pool.max * min(size for size in sizes if size is not None)
        else:
            return 0
    return total
