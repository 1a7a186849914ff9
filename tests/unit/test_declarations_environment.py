"""Environment files: what is refused, where it is told, and what profiles lay underneath."""
# ruff: noqa: E501 -- one case a line

import json
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.declarations.crossings import RESERVED_TAGS, zone_findings
from platform_components.declarations.environment import (
    Environment,
    load_environment,
    load_environments,
    select_environment,
)
from platform_components.errors import DeclarationError
from platform_components.network.options import Nat
from platform_components.network.zones import regions, zone_ids
from platform_components.profile import Profile

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / "stacks" / "environments"

GOOD = """\
environment: dev
profile: dev
region: eu-west-1
domain: dev.example.com
account_id: "012345678901"
tags: {Team: core}
network:
  cidr: 10.16.0.0/16
  zones: [euw1-az1, euw1-az2]
budget: {monthly_usd: 600}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: str = GOOD, name: str = "dev.yaml") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return to_file


def problems_of(path: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(DeclarationError) as caught:
        load_environment(path)
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems]


def test_a_file_becomes_an_environment_over_its_profiles_defaults(write: Write) -> None:
    environment = load_environment(write())
    assert environment.profile is Profile.DEV
    assert environment.network.cidr == IPv4Network("10.16.0.0/16")
    assert environment.network.nat is Nat.SINGLE
    assert environment.default_tags("network") == {
        "Environment": "dev",
        "Layer": "network",
        "ManagedBy": "platform-components",
        "Team": "core",
    }


def test_what_the_file_says_goes_over_the_profile(write: Write) -> None:
    environment = load_environment(write(GOOD.replace("network:\n", "network:\n  nat: none\n")))
    assert environment.network.nat is Nat.NONE
    assert environment.network.flow_logs.retention_days == 14


def test_a_profile_changes_nothing_but_defaults(write: Write) -> None:
    production = load_environment(write(GOOD.replace("profile: dev", "profile: production")))
    assert production.network.nat is Nat.PER_ZONE


BAD = [
    # (what to replace, by what, line, field, the beginning of the message)
    ("region: eu-west-1", "region: eu-wets-1", 3, "region", "region 'eu-wets-1' does not exist; did you mean eu-west-1?"),
    ("region: eu-west-1", "region: moon", 3, "region", "region 'moon' does not exist; choose from af-south-1, "),
    ("profile: dev", "profile: devel", 2, "profile", '"devel" is not one of dev, production, regulated; did you mean dev?'),
    ("environment: dev", f"environment: {'d' * 40}", 1, "environment", f"'{'d' * 40}' is no environment name; use 2 to 20 lower-case letters, digits and hyphens, beginning with a letter (this has 40)"),
    ("environment: dev", "environment: Dev", 1, "environment", "'Dev' is no environment name"),
    ("environment: dev", "environment: staging", 1, "environment", "is 'staging', but the file is called dev.yaml; they must agree"),
    ("cidr: 10.16.0.0/16", "cidr: 10.16.0.0/33", 8, "network.cidr", "'10.16.0.0/33' is no CIDR block"),
    ("cidr: 10.16.0.0/16", "cidr: 10.16.0.1/16", 8, "network.cidr", "10.16.0.1/16 has bits set beyond its prefix length; did you mean 10.16.0.0/16?"),
    ("cidr: 10.16.0.0/16", "cidr: 10.16.0.0/15", 8, "network.cidr", "10.16.0.0/15 is a /15; a VPC takes /16 to /24"),
    ("cidr: 10.16.0.0/16", "cidr: 10", 8, "network.cidr", "10 is no CIDR block"),
    ("  cidr: 10.16.0.0/16\n", "", 7, "network.cidr", "give a cidr, or an ipam pool with a netmask_length"),
    ("euw1-az2]", "euw1-az4]", 9, "network.zones[1]", "zone euw1-az4 does not exist in eu-west-1; choose from euw1-az1, euw1-az2, euw1-az3"),
    ("euw1-az2]", "eu-west-1b]", 9, "network.zones[1]", "'eu-west-1b' is no zone id; write an id such as euw1-az1, not a name such as eu-west-1a"),
    ("euw1-az2]", "7]", 9, "network.zones[1]", '7 is read as a number here and text is wanted; quote it: "7"'),
    ("domain: dev.example.com", "domain: Dev_Example", 4, "domain", "'Dev_Example' is no domain name"),
    ('"012345678901"', "012345678901", 5, "account_id", '012345678901 is read as a number here and text is wanted; quote it: "012345678901"'),
    ('"012345678901"', '"1234"', 5, "account_id", "'1234' is no AWS account id; write its 12 digits, in quotes"),
    ("Team: core", "Environment: x", 6, "tags", "the tag Environment is set by the platform; choose another key"),
    ("Team: core", "aws:x: y", 6, "tags", "the tag key 'aws:x' is not allowed"),
    ("Team: core", f"Team: {'x' * 300}", 6, "tags", "the value of tag Team has 300 characters; AWS takes at most 256"),
    ("network:", "netwrok:", 7, "netwrok", "unknown key; did you mean network?"),
    ("  zones: [", "  nat: singel\n  zones: [", 9, "network.nat", '"singel" is not one of none, single, per-zone, regional; did you mean single?'),
    ("  zones: [", "  ipv6: on\n  zones: [", 9, "network.ipv6", 'must be true or false, not "on"; write true'),
    ("  zones: [", "  flow_logs: {retention_days: 15}\n  zones: [", 9, "network.flow_logs.retention_days", "CloudWatch Logs cannot keep logs for 15 days"),
    ("  zones: [", "  flow_logs: {retention_days: '14'}\n  zones: [", 9, "network.flow_logs.retention_days", 'must be a whole number, not "14"; remove the quotes'),
    ("budget", "cluster: {version: 1.35}\nbudget", 10, "cluster.version", '1.35 is read as a number here and text is wanted; quote it: "1.35"'),
    ("budget", "cluster:\n  version: '1.12'\nbudget", 11, "cluster.version", "Kubernetes '1.12' is not a version of EKS that is supported here; choose from 1.3"),
    ("budget", "cluster:\n  node_tier: cache\nbudget", 11, "cluster.node_tier", "the network has no tier cache; choose from public, private, intra, database"),
    ("budget", "cluster:\n  kubernetes_network: {ip_family: ipv6}\nbudget", 11, "cluster.kubernetes_network.ip_family", "ipv6 needs a network that has it"),
    ("budget", "cluster:\n  kubernetes_network: {service_cidr: 10.16.0.0/20}\nbudget", 11, "cluster.kubernetes_network.service_cidr", "10.16.0.0/20 overlaps 10.16.0.0/16 of the network"),
    ("budget", "cluster:\n  pools:\n    general: {capacity: karpentr}\nbudget", 12, "cluster.pools.general", 'capacity: "karpentr" is not one of managed, karpenter, auto, fargate; did you mean karpenter?'),
    ("budget", "cluster:\n  pools:\n    general: {capacity: karpenter, limit_cpu: 9}\nbudget", 12, "cluster.pools.general.limit_cpu", "unknown key; did you mean limit_vcpu?"),
    ("budget", "cluster:\n  pools:\n    general: {capacity: karpenter}\nbudget", 12, "cluster.pools.general.limit_vcpu", "is required: Most vCPUs of all nodes together: the pool's cost ceiling"),
    ("budget", "cluster:\n  pools:\n    general: {capacity: managed, min: 9}\nbudget", 12, "cluster.pools.general", "min 9 is above max 3; raise max or lower min"),
    ("budget", "cluster:\n  pools:\n    General: {capacity: managed}\nbudget", 12, "cluster.pools.General", 'the key "General" '),
    ("budget", "cluster:\n  tags: {ManagedBy: me}\nbudget", 11, "cluster.tags.ManagedBy", "the tag ManagedBy is set by the platform; choose another key"),
    ("euw1-az1, euw1-az2]", "euw1-az1]", 9, "network.zones", "a cluster needs 2 zones that can hold its control plane; only euw1-az1 here can"),
    ("monthly_usd: 600", "monthly_usd: 0", 10, "budget.monthly_usd", "must be more than 0, not 0"),
    ("monthly_usd: 600", "monthly_usd: lots", 10, "budget.monthly_usd", 'must be a number, not "lots"'),
    ("monthly_usd: 600", "montly_usd: 600", 10, "budget.montly_usd", "unknown key; did you mean monthly_usd?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "field", "message"), BAD)
def test_a_fault_is_told_where_it_stands(write: Write, old: str, new: str, line: int, field: str, message: str) -> None:
    assert old in GOOD
    found = problems_of(write(GOOD.replace(old, new)))
    told = [text for at, name, text in found if (at, name) == (line, field)]
    assert [text for text in told if text.startswith(message)], found


def test_a_zone_without_eks_control_planes_is_refused_although_two_others_have_them(write: Write) -> None:
    content = GOOD.replace("eu-west-1", "us-east-1").replace("euw1-az1, euw1-az2]", "use1-az1, use1-az2, use1-az3]")
    (told,) = problems_of(write(content))
    assert told == (9, "network.zones[2]", "EKS places no control plane in zone use1-az3; choose another zone")


def test_all_faults_are_told_at_once_whichever_layer_of_checks_finds_them(write: Write) -> None:
    content = "profile: developer\nregion: eu-west-1\nenvironment: live\ndomian: x.example.com\nnetwork:\n  zones: [euw1-az1, euw1-az4]\n  cidr: 10.0.0.0/40\n"
    assert [(line, field) for line, field, _ in problems_of(write(content))] == [
        (1, "profile"),
        (3, "environment"),
        (4, "domian"),
        (6, "network.zones[1]"),
        (7, "network.cidr"),
    ]


def test_a_rule_held_twice_is_told_once(write: Write) -> None:
    found = problems_of(write(GOOD.replace("euw1-az2]", "euw1-az4]")))
    assert [field for _, field, _ in found] == ["network.zones[1]"]


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        (
            "logging: {types: [api]}",
            "the control plane writes no audit log; add audit to cluster.logging.types, or set cluster_logs to false",
        ),
        ("logging: {infrequent_access: true}", "log groups of class Infrequent Access cannot be forwarded"),
    ],
)
def test_an_audit_log_that_cannot_be_kept_is_refused(write: Write, cluster: str, said: str) -> None:
    content = GOOD + "cluster: {%s}\naudit: {%s}\n"
    ((line, field, message),) = problems_of(write(content % (cluster, "cluster_logs: true")))
    assert (line, field) == (12, "audit.cluster_logs")
    assert message.startswith(said)
    assert load_environment(write(content % (cluster, "cluster_logs: false"))).audit


def test_profiles_say_how_long_records_are_kept(write: Write) -> None:
    kept = {
        profile: audit.days
        for profile in Profile
        if (audit := load_environment(write(GOOD.replace("profile: dev", f"profile: {profile}") + "audit: {}\n")).audit)
    }
    assert kept == {Profile.DEV: 365, Profile.PRODUCTION: 365, Profile.REGULATED: 2192}


def test_an_environment_built_in_python_holds_the_same_rule(write: Write) -> None:
    good = load_environment(write())
    with pytest.raises(ValidationError, match=r"network\.zones\.0\n  zone euw1-az1 does not exist in eu-west-2"):
        Environment(environment="dev", profile=Profile.DEV, region="eu-west-2", network=good.network)


@given(region=st.sampled_from(regions()), other=st.sampled_from(regions()))
def test_zones_of_a_region_are_accepted_there_and_nowhere_else(region: str, other: str) -> None:
    found = list(zone_findings(region, zone_ids(other)))
    assert [path for path, _ in found] == (
        [] if region == other else [("network", "zones", index) for index in range(len(zone_ids(other)))]
    )


def test_a_second_region_for_the_network_is_refused(write: Write) -> None:
    content = GOOD.replace("  zones:", "  region: eu-west-2\n  zones:")
    assert (9, "network.region", "the environment lies in eu-west-1; leave the network's region out") in problems_of(write(content))


# --- a directory of them


def directory_problems(directory: Path) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        load_environments(directory, root=directory)
    return [str(problem) for problem in caught.value.problems]


def other(cidr: str, name: str = "qa") -> str:
    return GOOD.replace("environment: dev", f"environment: {name}").replace("10.16.0.0/16", cidr)


def test_environments_come_by_name(write: Write, tmp_path: Path) -> None:
    write(other("10.20.0.0/16"), "qa.yaml")
    write()
    assert list(load_environments(tmp_path)) == ["dev", "qa"]


def test_an_overlap_names_both_files(write: Write, tmp_path: Path) -> None:
    write()
    write(other("10.16.128.0/20"), "qa.yaml")
    expected = "qa.yaml:8  network.cidr  10.16.128.0/20 overlaps 10.16.0.0/16 of environment dev (dev.yaml:8); give each its own block"
    assert directory_problems(tmp_path) == [expected]


def test_a_secondary_block_overlaps_too_but_shared_space_may_be_reused(write: Write, tmp_path: Path) -> None:
    pods = "  secondary_cidrs:\n    pods: {cidr: 100.64.0.0/16}\n    more: {cidr: %s}\n"
    write(GOOD.replace("budget", pods % "10.40.0.0/16" + "budget"))
    write(other("10.20.0.0/16").replace("budget", pods % "10.40.128.0/18" + "budget"), "qa.yaml")
    assert [line.split("  ")[:2] for line in directory_problems(tmp_path)] == [["qa.yaml:12", "network.secondary_cidrs.more"]]


def test_faults_of_all_files_are_told_together(write: Write, tmp_path: Path) -> None:
    write(GOOD.replace("profile: dev", "profile: d"))
    write(other("10.16.0.0/33"), "qa.yaml")
    write("", "empty.yaml")
    assert [line.split("  ")[0] for line in directory_problems(tmp_path)] == ["dev.yaml:2", "empty.yaml:1", "qa.yaml:8"]


def test_a_name_taken_by_another_file_is_refused(write: Write, tmp_path: Path) -> None:
    write()
    write(other("10.20.0.0/16", name="dev"), "qa.yaml")
    assert directory_problems(tmp_path) == ["qa.yaml:1  environment  is 'dev', but the file is called qa.yaml; they must agree"]


def test_a_directory_without_environments_is_refused(tmp_path: Path) -> None:
    assert directory_problems(tmp_path) == [f"{tmp_path}  holds no environments; write one NAME.yaml for each"]


def test_one_is_selected_although_a_neighbour_is_broken(write: Write, tmp_path: Path) -> None:
    write()
    write("nonsense", "prod.yaml")
    assert select_environment(tmp_path, "dev").environment == "dev"


def test_selecting_tells_of_an_overlap_whichever_of_the_two_is_selected(write: Write, tmp_path: Path) -> None:
    write()
    write(other("10.16.0.0/17"), "qa.yaml")
    for name in ("dev", "qa"):
        with pytest.raises(DeclarationError) as caught:
            select_environment(tmp_path, name, root=tmp_path)
        (problem,) = caught.value.problems
        assert problem.file == f"{name}.yaml"


def test_an_unknown_environment_names_the_known_ones(write: Write, tmp_path: Path) -> None:
    write()
    with pytest.raises(DeclarationError, match=r"there is no environment 'develop'; choose from: dev$"):
        select_environment(tmp_path, "develop")


# --- the platform's own


def test_the_platforms_environments_are_sound_and_apart() -> None:
    assert {name: environment.profile.value for name, environment in load_environments(ENVIRONMENTS).items()} == {
        "dev": "dev",
        "prod": "production",
        "staging": "production",
    }


def test_the_schema_for_editors_is_up_to_date() -> None:
    schema = json.loads((ROOT / "docs" / "environment-schema.json").read_text(encoding="utf-8"))
    assert schema == Environment.model_json_schema(), "run `make docs` and commit docs/environment-schema.json"


def test_every_environment_file_names_the_schema_and_passes_it() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from platform_components.declarations.document import read  # noqa: PLC0415

    validator = jsonschema.Draft202012Validator(Environment.model_json_schema())
    for path in sorted(ENVIRONMENTS.glob("*.yaml")):
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../../docs/environment-schema.json\n")
        assert [error.message for error in validator.iter_errors(read(path).data)] == []
    broken = read(ENVIRONMENTS / "dev.yaml").data | {"regoin": "x"}
    assert [error.validator for error in validator.iter_errors(broken)] == ["additionalProperties"]


def test_every_field_says_what_happens_when_it_is_left_out() -> None:
    for name, field in Environment.model_fields.items():
        assert field.description, name
        assert ("Required." in field.description) == field.is_required(), name
        assert ("Omitted:" in field.description) != field.is_required(), name


def test_reserved_tags_are_those_the_platform_sets() -> None:
    assert set(load_environments(ENVIRONMENTS)["dev"].default_tags("x")) == set(RESERVED_TAGS)
