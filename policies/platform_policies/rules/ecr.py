"""ECR: what may be pushed, pulled, scanned and forgotten."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from platform_policies.checks import all_of, any_of, closed_policy, flag, given, items, related, text, verdict
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, fail, rule, unknown

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
REGISTRY_POLICY = "aws:ecr/registryPolicy:RegistryPolicy"
SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"

SCANNED = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


@rule(
    "aws-ecr-immutable-tags",
    title="An image tag means one image for ever",
    severity=Severity.MEDIUM,
    types=(REPOSITORY,),
    fix="Set imageTagMutability IMMUTABLE, or IMMUTABLE_WITH_EXCLUSION with filters that leave most tags fixed",
)
def immutable_tags(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Whoever can push could put other code behind a tag that has been reviewed and deployed."""
    del graph, settings
    path, filters = "imageTagMutability", "imageTagMutabilityExclusionFilters"
    mutability = text(node, path, "MUTABLE")
    if mutability is None:
        return unknown(path)
    if not mutability.startswith("IMMUTABLE"):
        return fail(path, f"{path} is {mutability}: a tag can be moved to another image")
    excluded = items(node.value(filters)) if mutability == "IMMUTABLE_WITH_EXCLUSION" else ()
    if excluded is None:
        return unknown(filters)
    patterns = [one.get("filter") if isinstance(one, Mapping) else UNKNOWN for one in excluded]
    fixed = all_of(None if pattern == UNKNOWN else set(str(pattern)) != {"*"} for pattern in patterns)
    return verdict(fixed, filters, f"{filters} has *: no tag is fixed")


@rule(
    "aws-ecr-scan-on-push",
    title="Images are scanned when they are pushed",
    severity=Severity.MEDIUM,
    types=(REPOSITORY,),
    fix="Set imageScanningConfiguration.scanOnPush true, or cover the repository with a RegistryScanningConfiguration",
)
def scan_on_push(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """An image with known holes is cheapest to stop before anything runs it."""
    del settings
    path = "imageScanningConfiguration.scanOnPush"
    answers = (flag(node, path, default=False), *(_covers(one, node) for one in graph.of_type(SCANNING)))
    return verdict(any_of(answers), path, f"{path} is not true, and no registry scan covers the repository")


def _covers(scanning: Node, repository: Node) -> bool | None:
    """Whether the registry's rules scan a repository on push or all the time."""
    rules = items(scanning.value("rules"))
    return None if rules is None else any_of(_rule_covers(one, repository) for one in rules)


def _rule_covers(one: Any, repository: Node) -> bool | None:
    if not isinstance(one, Mapping):
        return None
    frequency, filters = one.get("scanFrequency"), items(one.get("repositoryFilters"))
    in_time = None if frequency == UNKNOWN else frequency in SCANNED
    return all_of((in_time, None if filters is None else any_of(_filter_covers(entry, repository) for entry in filters)))


def _filter_covers(entry: Any, repository: Node) -> bool | None:
    """ECR's wildcards; a filter without one covers every name that contains it."""
    pattern = entry.get("filter") if isinstance(entry, Mapping) else None
    if not isinstance(pattern, str) or pattern == UNKNOWN:
        return None
    if pattern == "*":
        return True
    names = [name for name in (repository.outputs.get("name"), repository.value("name")) if isinstance(name, str) and name != UNKNOWN]
    return fnmatchcase(names[0], pattern if "*" in pattern else f"*{pattern}*") if names else None


@rule(
    "aws-ecr-lifecycle",
    title="Old images are removed",
    severity=Severity.LOW,
    types=(REPOSITORY,),
    fix="Add a LifecyclePolicy for the repository",
)
def lifecycle(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Every image ever built is kept and paid for, with every hole found since."""
    del settings
    policies = related(node, graph, LIFECYCLE, "repository")
    answers = [given(one, graph, "policy", REPOSITORY) for one in policies.nodes]
    return verdict(policies.any(answers), "", "no LifecyclePolicy is for this repository: images are kept for ever")


@rule(
    "aws-ecr-no-public-policy",
    title="No repository policy lets in strangers",
    severity=Severity.CRITICAL,
    types=(REPOSITORY, REPOSITORY_POLICY, REGISTRY_POLICY),
    fix="Name the principals in the policy, or narrow principal * by aws:PrincipalOrgID",
)
def no_public_policy(node: Node, graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """Any AWS account could pull the images, or push its own. A repository is private until a policy says otherwise."""
    del graph, settings
    return PASS if node.type == REPOSITORY else closed_policy(node, "policy")


RULES = (immutable_tags, scan_on_push, lifecycle, no_public_policy)
