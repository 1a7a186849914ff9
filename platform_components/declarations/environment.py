"""Environment: one YAML file that says what an environment is. Every layer of it is built from this and nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from platform_components.args import Args
from platform_components.audit.args import PROFILE_DEFAULTS as AUDIT_DEFAULTS
from platform_components.audit.args import EnvironmentAudit
from platform_components.cluster.args import PROFILE_DEFAULTS as CLUSTER_DEFAULTS
from platform_components.cluster.args import EksClusterSettings
from platform_components.declarations.crossings import (
    RESERVED_TAGS,
    Finding,
    audit_findings,
    ci_findings,
    cluster_findings,
    data_findings,
    platform_findings,
    progressive_findings,
    resilience_findings,
    secrets_findings,
    slo_findings,
    tag_findings,
    tenants_findings,
    zone_findings,
)
from platform_components.declarations.data import PROFILE_DEFAULTS as DATA_DEFAULTS
from platform_components.declarations.data import DataSettings
from platform_components.declarations.delivery import DeliverySettings
from platform_components.declarations.document import Document, FieldPath, read
from platform_components.declarations.loader import validate
from platform_components.declarations.platform import PROFILE_DEFAULTS as PLATFORM_DEFAULTS
from platform_components.declarations.platform import PlatformSettings
from platform_components.declarations.translate import nearest
from platform_components.errors import DeclarationError, Problem
from platform_components.finops.args import PROFILE_DEFAULTS as BUDGET_DEFAULTS
from platform_components.finops.args import BudgetSettings
from platform_components.names import ENVIRONMENT_PATTERN
from platform_components.network.args import PROFILE_DEFAULTS as NETWORK_DEFAULTS
from platform_components.network.args import VpcArgs
from platform_components.network.zones import regions
from platform_components.observability.alerts import RUNBOOKS, Links, grafana_address
from platform_components.observability.args import PROFILE_DEFAULTS as OBSERVABILITY_DEFAULTS
from platform_components.observability.args import ObservabilitySettings
from platform_components.observability.slo.args import SloName, SloSettings
from platform_components.profile import Profile, with_defaults
from platform_components.resilience.args import PROFILE_DEFAULTS as RESILIENCE_DEFAULTS
from platform_components.resilience.args import ResilienceSettings
from platform_components.secrets.args import PROFILE_DEFAULTS as SECRETS_DEFAULTS
from platform_components.secrets.args import SecretsSettings
from platform_components.tags import MANAGED_BY, merge_tags
from platform_components.tenancy.args import PROFILE_DEFAULTS as TENANTS_DEFAULTS
from platform_components.tenancy.args import TenantsSettings

A = TypeVar("A", bound=Args)

SECTION_DEFAULTS: Mapping[str, Mapping[Profile, Mapping[str, Any]]] = {
    "network": NETWORK_DEFAULTS,
    "cluster": CLUSTER_DEFAULTS,
    "platform": PLATFORM_DEFAULTS,
    "data": DATA_DEFAULTS,
    "resilience": RESILIENCE_DEFAULTS,
    "observability": OBSERVABILITY_DEFAULTS,
    "secrets": SECRETS_DEFAULTS,
    "budget": BUDGET_DEFAULTS,
    "audit": AUDIT_DEFAULTS,
    "tenants": TENANTS_DEFAULTS,
}
"""What each profile presets, by section of the file."""

_SHARED = IPv4Network("100.64.0.0/10")
"""Shared address space (RFC 6598): not routed between networks, so that every environment may give it to its pods."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def _refusal(kind: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{message}", {"message": message})


def _check_name(value: str) -> str:
    if not re.fullmatch(ENVIRONMENT_PATTERN, value):
        message = f"{value!r} is no environment name; use 2 to 20 lower-case letters, digits and hyphens, beginning with a letter"
        raise _refusal("environment_name", f"{message} (this has {len(value)})" if len(value) > 20 else message)  # noqa: PLR2004 -- as said
    return value


def _check_region(value: str) -> str:
    if value not in regions():
        guess = nearest(value, regions())
        raise _refusal(
            "region", f"region {value!r} does not exist; {f'did you mean {guess}?' if guess else 'choose from ' + ', '.join(regions())}"
        )
    return value


def _check_domain(value: str) -> str:
    if not _HOST_NAME.fullmatch(value):
        raise _refusal("domain", f"{value!r} is no domain name; write one such as dev.example.com, in lower case")
    return value


def _check_account(value: str) -> str:
    if not _ACCOUNT_ID.fullmatch(value):
        raise _refusal("account_id", f"{value!r} is no AWS account id; write its 12 digits, in quotes")
    return value


def _check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Limits of AWS: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html."""
    for key, value in tags.items():
        if key in RESERVED_TAGS:
            raise _refusal("tags", f"the tag {key} is set by the platform; choose another key")
        if key.lower().startswith("aws:") or not 1 <= len(key) <= 128:  # noqa: PLR2004 -- AWS's own limits
            raise _refusal("tags", f"the tag key {key[:40]!r} is not allowed; use 1 to 128 characters that do not begin with aws:")
        if len(value) > 256:  # noqa: PLR2004
            raise _refusal("tags", f"the value of tag {key} has {len(value)} characters; AWS takes at most 256")
    return tags


class Environment(Args):
    """An environment: what every layer of it is built from."""

    model_config = ConfigDict(title="Environment", json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"})

    environment: Annotated[str, AfterValidator(_check_name)] = Field(
        description="Name of the environment, and of its file. 2 to 20 lower-case letters, digits and hyphens. Required.",
        json_schema_extra={"pattern": ENVIRONMENT_PATTERN},
    )
    profile: Profile = Field(
        description="The set of defaults: dev, production or regulated. Whatever the file says goes over it. Required."
    )
    region: Annotated[str, AfterValidator(_check_region)] = Field(
        description="AWS region of everything in it, such as eu-west-1. Required.", json_schema_extra={"enum": list(regions())}
    )
    domain: Annotated[str, AfterValidator(_check_domain)] | None = Field(
        None, description="DNS domain under which its names lie, such as dev.example.com. Omitted: it has no names of its own."
    )
    account_id: Annotated[str, AfterValidator(_check_account)] | None = Field(
        None,
        description="AWS account it may be built in, 12 digits in quotes; any other is refused. Omitted: whichever the credentials reach.",
    )
    tags: Annotated[Mapping[str, str], AfterValidator(_check_tags)] = Field(
        default_factory=dict, description="Tags on everything in it, beside Environment, Layer and ManagedBy. Omitted: only those."
    )
    runbooks: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = Field(
        None,
        description="Address under which the runbooks of alerts lie, one page `NAME.md` each: where the platform's repository can be read. "
        "Omitted: alerts name their path in this repository.",
    )
    network: VpcArgs = Field(description="The network; see the page of Vpc. Required.")
    cluster: EksClusterSettings = Field(
        EksClusterSettings(), description="The Kubernetes cluster; see the page of EksCluster. Omitted: one without nodes."
    )
    platform: PlatformSettings = Field(
        PlatformSettings(), description="What the cluster has before teams arrive. Omitted: as the profile says."
    )
    observability: ObservabilitySettings = Field(
        ObservabilitySettings(), description="What watches the cluster; see the page of ObservabilityStack. Omitted: as the profile says."
    )
    delivery: DeliverySettings = Field(DeliverySettings(), description="What brings changes into the cluster. Omitted: nothing of it here.")
    tenants: TenantsSettings = Field(TenantsSettings(), description="How its teams are spread over stacks. Omitted: all in one.")
    data: DataSettings = Field(DataSettings(), description="What holds its data, by kind and name. Omitted: nothing.")
    slos: Mapping[SloName, SloSettings] = Field(
        {}, description="Service level objectives of the platform itself, by name; see the page of Slo. Omitted: none."
    )
    resilience: ResilienceSettings = Field(
        ResilienceSettings(), description="What is promised for a failure, and the backups that keep it. Omitted: backups, and no promise."
    )
    secrets: SecretsSettings | None = Field(
        None, description="What keeps its secrets; see the page of SecretsPlatform. Omitted: nothing does, and teams get no part of it."
    )
    audit: EnvironmentAudit | None = Field(
        None,
        description="The account's audit trail, and how long its records are kept; see the page of AuditTrail. One environment of an "
        "account has it. Omitted: somebody else keeps one.",
    )
    budget: BudgetSettings | None = Field(
        None, description="What a month may cost, and who hears of it; see the page of CostAlerts. Omitted: no limit, and nobody."
    )

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        """The same rules as for files, for those who build an environment in Python."""
        findings = [
            *zone_findings(self.region, self.network.zones, self.network.region),
            *tag_findings("network", self.network.tags),
            *tag_findings("cluster", self.cluster.tags),
            *cluster_findings(self.network, self.cluster),
            *platform_findings(self.cluster, self.platform),
            *ci_findings(self.cluster, self.delivery.ci),
            *tenants_findings(self.cluster, self.tenants),
            *progressive_findings(self.environment, self.delivery.progressive),
            *data_findings(self.environment, self.network, self.data),
            *slo_findings({name: slo.period_days for name, slo in self.slos.items()}, self.observability.metrics.retention_days),
            *resilience_findings(self.data, self.resilience),
            *secrets_findings(self.cluster, self.secrets),
            *audit_findings(self.audit, self.cluster),
        ]
        if findings:
            errors = [InitErrorDetails(type=_refusal("environment", message), loc=path, input=None) for path, message in findings]
            raise ValidationError.from_exception_data("Environment", errors)
        return self

    @property
    def links(self) -> Links:
        """Where alerts send people."""
        return Links(self.runbooks or RUNBOOKS, grafana_address(self.domain))

    def default_tags(self, layer: str) -> dict[str, str]:
        """Tags of every resource of a layer that takes tags."""
        return merge_tags(self.tags, {"Environment": self.environment, "Layer": layer, "ManagedBy": MANAGED_BY})


def load_environment(path: Path, shown: str | None = None) -> Environment:
    """Load one environment file.

    Args:
        path: the file; it is called like the environment.
        shown: its name in messages; the path as given where omitted.

    Raises:
        DeclarationError: with everything that is wrong in it.
    """
    return _load(read(path, shown), path.name)


def load_environments(directory: Path, root: Path | None = None) -> dict[str, Environment]:
    """Load every environment of a directory.

    Args:
        directory: holds one `NAME.yaml` per environment.
        root: files are named relative to it in messages; as under `directory` where omitted.

    Returns:
        Environments by name, sorted.

    Raises:
        DeclarationError: with everything that is wrong in any of them, names declared twice, and addresses of one that overlap another's.
    """
    problems: list[Problem] = []
    environments: list[Environment] = []
    documents: list[Document] = []
    for path in environment_files(directory):
        try:
            documents.append(read(path, _shown(path, root)))
            environments.append(_load(documents[-1], path.name))
        except DeclarationError as error:
            problems += error.problems
    problems += _overlaps(documents)
    if problems:
        raise DeclarationError(problems)
    return {environment.environment: environment for environment in environments}


def select_environment(directory: Path, name: str, root: Path | None = None) -> Environment:
    """Load one environment of a directory, and hold its addresses against those of its neighbours.

    A neighbour that cannot be read is passed over, and of one that is wrong only the sound blocks count: a fault in prod.yaml must not stop
    work on dev.

    Args:
        directory: holds one `NAME.yaml` per environment.
        name: the environment wanted.
        root: files are named relative to it in messages.

    Raises:
        DeclarationError: there is no such environment, it is wrong, or its addresses overlap another's.
    """
    files = {path.stem: path for path in environment_files(directory)}
    if name not in files:
        raise DeclarationError([Problem(f"there is no environment {name!r}; choose from: {', '.join(files)}")])
    own = read(files[name], _shown(files[name], root))
    neighbours: list[Document] = []
    for path in files.values():
        if path != files[name]:
            with suppress(DeclarationError):
                neighbours.append(read(path, _shown(path, root)))
    overlaps = [problem for other in neighbours for problem in _overlaps([other, own])]
    try:
        environment = _load(own, files[name].name)
    except DeclarationError as error:
        raise DeclarationError(sorted([*error.problems, *overlaps], key=lambda problem: problem.line)) from None
    if overlaps:
        raise DeclarationError(overlaps)
    return environment


def environment_files(directory: Path) -> list[Path]:
    """The environment files of a directory, sorted by name.

    Raises:
        DeclarationError: there are none.
    """
    files = sorted(directory.glob("*.yaml"))
    if not files:
        raise DeclarationError([Problem("holds no environments; write one NAME.yaml for each", file=str(directory))])
    return files


def _blocks(document: Document) -> Iterator[tuple[FieldPath, IPv4Network]]:
    """The address blocks that only this environment may have, and where its file says so; those that are wrong are left to the model."""
    network = document.data.get("network")
    if not isinstance(network, Mapping):
        return
    if (block := _block(network.get("cidr"))) is not None:
        yield ("network", "cidr"), block
    tiers = network.get("secondary_cidrs")
    for tier, entry in tiers.items() if isinstance(tiers, Mapping) else ():
        block = _block(entry.get("cidr")) if isinstance(entry, Mapping) else None
        if block is not None and not block.subnet_of(_SHARED):
            yield ("network", "secondary_cidrs", tier), block


def _block(text: Any) -> IPv4Network | None:
    with suppress(ValueError):
        return IPv4Network(text) if isinstance(text, str) else None
    return None


def _overlaps(documents: Sequence[Document]) -> Iterator[Problem]:
    """Blocks of two environments that overlap, told at the second."""
    for first, second in combinations(documents, 2):
        for path, block in _blocks(second):
            for taken_path, taken in _blocks(first):
                if block.overlaps(taken):
                    where = f"{first.file}:{first.line(taken_path)}"
                    owner = Path(first.file).stem
                    message = f"{block} overlaps {taken} of environment {owner} ({where}); give each its own block"
                    yield second.problem(path, message)


def _load(document: Document, file_name: str) -> Environment:
    return validate(document, Environment, prepare=_over_profile, check=partial(_findings, file_name=file_name))


def _over_profile(data: dict[str, Any]) -> dict[str, Any]:
    """Lay the file over its profile's defaults; over nothing where it names no profile that exists."""
    profile = data.get("profile")
    if not isinstance(profile, str) or profile not in set(Profile):
        return data
    # Not under a section that is missing and has to be written, or may be missing altogether.
    sections = {
        name: defaults
        for name, defaults in SECTION_DEFAULTS.items()
        if name in data or isinstance(Environment.model_fields[name].default, Args)
    }
    return with_defaults({section: defaults[Profile(profile)] for section, defaults in sections.items()}, data)


def _findings(data: Mapping[str, Any], file_name: str) -> Iterator[Finding]:
    """Rules across the file, on data that may be wrong elsewhere."""
    name, region, section = data.get("environment"), data.get("region"), data.get("network")
    if isinstance(name, str) and file_name != f"{name}.yaml":
        yield ("environment",), f"is {name!r}, but the file is called {file_name}; they must agree"
    if region in regions() and isinstance(section, Mapping):
        zones = section.get("zones")
        yield from zone_findings(str(region), zones if isinstance(zones, list) else (), section.get("region"))
    for tagged in ("network", "cluster"):
        if isinstance(data.get(tagged), Mapping):
            yield from tag_findings(tagged, data[tagged].get("tags"))
    network, cluster = _sound(VpcArgs, section), _sound(EksClusterSettings, data.get("cluster", {}))
    if network is not None and cluster is not None:
        yield from cluster_findings(network, cluster)
    settings = _sound(PlatformSettings, data.get("platform", {}))
    if cluster is not None and settings is not None:
        yield from platform_findings(cluster, settings)
    stores = _sound(DataSettings, data.get("data", {}))
    if network is not None and stores is not None and isinstance(name, str):
        yield from data_findings(name, network, stores)
    watching = _sound(ObservabilitySettings, data.get("observability", {}))
    if watching is not None and isinstance(data.get("slos"), Mapping):
        found = {name: _sound(SloSettings, slo) for name, slo in data["slos"].items()}
        yield from slo_findings({name: slo.period_days for name, slo in found.items() if slo}, watching.metrics.retention_days)
    promises = _sound(ResilienceSettings, data.get("resilience", {}))
    if stores is not None and promises is not None:
        yield from resilience_findings(stores, promises)
    if cluster is not None:
        yield from _asked_of_cluster(data, cluster)


def _asked_of_cluster(data: Mapping[str, Any], cluster: EksClusterSettings) -> Iterator[Finding]:
    """What other sections ask of the cluster, or of the environment, and do not get."""
    delivery = _sound(DeliverySettings, data.get("delivery", {}))
    if delivery is not None:
        yield from ci_findings(cluster, delivery.ci)
        yield from progressive_findings(data.get("environment"), delivery.progressive)
    tenants = _sound(TenantsSettings, data.get("tenants", {}))
    if tenants is not None:
        yield from tenants_findings(cluster, tenants)
    audit = _sound(EnvironmentAudit, data["audit"]) if isinstance(data.get("audit"), Mapping) else None
    yield from audit_findings(audit, cluster)


def _sound(model: type[A], section: Any) -> A | None:
    """A section by itself, or None where something is wrong in it, which its own validation tells."""
    try:
        return model.model_validate(section)
    except (ValidationError, DeclarationError):
        return None


def _shown(path: Path, root: Path | None) -> str:
    return str(path.relative_to(root)) if root is not None and path.is_relative_to(root) else str(path)
