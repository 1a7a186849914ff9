"""The catalogue as a whole: every rule of the list is there, explained, and proven all four ways."""

import importlib
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from platform_policies import catalogue, enforcement, frameworks, remediation
from platform_policies.rule import Pack, Rule, Status

from tests.policies import mutation
from tests.policies.cases import Case, Kind
from tests.policies.proof import lacking

LISTED = Path(__file__).with_name("rule_ids.txt").read_text(encoding="utf-8").split()
"""The rules there must be."""

SECURITY = [name for name in LISTED if not name.startswith("cost-")]
COST = [name for name in LISTED if name.startswith("cost-")]

RULES = catalogue.rules()
CASES = mutation.all_cases()


def test_the_list_has_its_length() -> None:
    assert len(set(SECURITY)) == len(SECURITY) == 106
    assert len(set(COST)) == len(COST) == 10


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in RULES]
    assert sorted(ids) == sorted(set(ids))


def test_the_catalogue_is_the_list() -> None:
    assert {rule.id for rule in catalogue.pack(Pack.SECURITY)} == set(SECURITY)
    assert {rule.id for rule in catalogue.pack(Pack.COST)} == set(COST)


def test_every_module_of_rules_is_in_the_catalogue() -> None:
    for name in mutation.rule_module_names():
        assert all(one in RULES for one in importlib.import_module(f"platform_policies.rules.{name}").RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_explains_itself(rule: Rule) -> None:
    for text in (rule.title, rule.fix, rule.why):
        assert text.strip()
        assert "\n" not in text
    assert len(rule.title) <= 120
    assert not rule.title.endswith(".")
    assert all(re.fullmatch(r"(aws|kubernetes):[\w.]*:\w+|(aws):\w+/\w+:\w+|pulumi:\S+|[\w.:/-]+", kind) for kind in rule.types)
    assert set(rule.defaults).isdisjoint({"enforcementLevel"}), "the engine keeps this name for itself"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_proven_all_four_ways(rule: Rule) -> None:
    assert lacking(rule, CASES.get(rule.id, ())) == []


SAMPLE = next(rule for rule in RULES if rule.id == "aws-kms-rotation")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_kind_that_is_missing_is_noticed(kind: Kind) -> None:
    assert lacking(SAMPLE, [case for case in CASES[SAMPLE.id] if case.kind != kind]) == [f"{kind}: no case of this kind"]


@pytest.mark.parametrize(
    ("kind", "inputs", "expect", "said"),
    [
        ("passing", {"customerMasterKeySpec": "RSA_2048"}, None, "passing: no case passes"),
        ("failing", {"enableKeyRotation": True}, Status.PASS, "failing: no case fails"),
        ("unknown", {"enableKeyRotation": True}, Status.PASS, "unknown: no case is undecided for want of a value"),
        ("absent", {"enableKeyRotation": False}, Status.FAIL, "absent: no case lacks what another has"),
        ("absent", {}, Status.PASS, "absent : the rule does not say what the case expects"),
        ("unknown", {}, Status.UNKNOWN, "unknown : the rule does not say what the case expects"),
    ],
)
def test_a_case_that_proves_nothing_does_not_count(kind: Kind, inputs: dict[str, Any], expect: Status | None, said: str) -> None:
    faked = Case(SAMPLE.id, kind, SAMPLE.types[0], inputs, expect)
    assert said in lacking(SAMPLE, [*(case for case in CASES[SAMPLE.id] if case.kind != kind), faked])


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.sub_ids], ids=lambda rule: rule.id)
def test_each_part_of_a_rule_is_proven(rule: Rule) -> None:
    named = {case.sub_id for case in CASES.get(rule.id, ())}
    assert "" in named or set(rule.sub_ids) <= named


def test_cases_are_of_rules_there_are() -> None:
    assert set(CASES) <= {rule.id for rule in RULES}


def test_by_id() -> None:
    assert all(catalogue.by_id()[rule.id] is rule for rule in RULES)


def test_frameworks_speak_of_rules_of_the_list() -> None:
    assert set(frameworks.mapped_rules()) <= set(SECURITY)


def test_framework_mappings_are_as_published() -> None:
    assert frameworks.controls("aws-ebs-encrypted") == {
        "cis-aws": ("6.1.1",),
        "soc2": ("PI1.5",),
        "hipaa": ("164.308(a)(1)(ii)(B)", "164.308(a)(4)(ii)(A)", "164.312(a)(2)(iv)"),
        "nist-800-53": ("AU-9(3)", "CP-9", "SC-28(1)"),
        "fsbp": ("EC2.3", "EC2.7"),
    }
    assert frameworks.controls("aws-kms-deletion-window") == {"fsbp": ("KMS.3",)}
    assert frameworks.controls("aws-eks-secrets-cmk")["cis-eks"] == ("5.3.1",)
    assert frameworks.controls("aws-vpc-subnets-multi-az") == {}
    assert frameworks.same_as("k8s-probes") == ("CKV_K8S_8", "CKV_K8S_9")
    assert all(
        "prowler 5.46.0" in one.source for name, one in frameworks.frameworks().items() if name in {"soc2", "hipaa", "fsbp", "cis-aws"}
    )


@pytest.mark.parametrize(
    ("framework", "form"),
    [
        ("cis-aws", r"\d\.\d+(\.\d+)?"),
        ("cis-eks", r"\d\.\d+\.\d+"),
        ("soc2", r"(CC\d|PI1|A1|C1)\.\d"),
        ("hipaa", r"164\.3(08|12)(\([a-zA-Z0-9]+\))+"),
        ("nist-800-53", r"[A-Z]{2}-\d+(\(\d+\))?"),
        ("fsbp", r"[A-Za-z0-9]+\.\d+"),
        ("pss", r"baseline|restricted"),
        ("nsa", r"\d\.\d+"),
    ],
)
def test_controls_look_like_their_framework(framework: str, form: str) -> None:
    found = [control for rule in frameworks.mapped_rules() for control in frameworks.controls(rule).get(framework, ())]
    assert found
    assert [control for control in found if not re.fullmatch(form, control)] == []
    assert set(frameworks.frameworks()) == {
        "cis-aws",
        "cis-eks",
        "soc2",
        "hipaa",
        "nist-800-53",
        "nist-800-53-moderate",
        "fsbp",
        "pss",
        "nsa",
    }


def test_controls_are_ordered_by_number() -> None:
    listed = list(frameworks.all_controls("cis-aws"))
    assert listed.index("2.8") < listed.index("2.15") < listed.index("3.1.1")


@pytest.mark.parametrize(
    ("framework", "count"),
    [("cis-aws", 63), ("cis-eks", 51), ("soc2", 61), ("hipaa", 54), ("fsbp", 286), ("pss", 2), ("nsa", 27)],
)
def test_a_framework_is_counted_whole(framework: str, count: int) -> None:
    found = frameworks.all_controls(framework)
    assert len(found) == count, "a mapping names a control that the framework does not have, or one is lost"
    mapped = {control for rule in frameworks.mapped_rules() for control in frameworks.controls(rule).get(framework, ())}
    assert {control for control, rules in found.items() if rules} == mapped
    assert frameworks.frameworks()[framework].list


def test_what_is_mapped_beyond_the_high_baseline_is_counted_too() -> None:
    found = frameworks.all_controls("nist-800-53")
    assert len(found) > 370
    assert {"AC-4(21)", "AC-4(26)", "SC-28(1)", "PE-18"} <= set(found)
    assert found["PE-18"] == []


def test_a_smaller_baseline_has_the_mapping_of_the_whole_so_far_as_it_has_the_controls() -> None:
    whole, part = frameworks.all_controls("nist-800-53"), frameworks.all_controls("nist-800-53-moderate")
    assert len(part) == 287
    assert set(part) < set(whole)
    assert part["CP-9"] == whole["CP-9"] != []
    assert "AU-9(3)" not in part, "the high baseline only"
    assert list(frameworks.controls_in("aws-ebs-encrypted", "nist-800-53-moderate")) == ["CP-9", "SC-28(1)"]
    assert "nist-800-53-moderate" not in frameworks.controls("aws-ebs-encrypted"), "told once"


def test_settings_in_the_enforcement_file_of_the_repository() -> None:
    root = Path(__file__).parents[2] / "policies"
    found = enforcement.read(root / enforcement.FILE, RULES)
    assert found.environments["dev"] is enforcement.Level.ADVISORY
    assert found.environments["prod"] is enforcement.Level.MANDATORY


def test_remediations_are_of_rules_of_the_list_and_never_of_forbidden_ones() -> None:
    assert set(remediation.REMEDIATIONS) <= {*SECURITY, *COST}
    # Replaces what holds data, cuts people off, or rewrites rights: a person's to decide.
    assert not {name for name in remediation.REMEDIATIONS if re.search(r"encrypt|endpoint|iam|policy|cmk", name)}


@pytest.mark.timeout(400)
def test_cases_notice_changes_of_the_rules() -> None:
    outcomes = [mutation.run(name, CASES) for name in mutation.rule_module_names()]
    killed, total = sum(one.killed for one in outcomes), sum(one.total for one in outcomes)
    survivors = [survivor for one in outcomes for survivor in one.survivors]
    assert killed >= 0.95 * total, f"{killed} of {total} noticed; unnoticed: {survivors}"
    assert total > 800


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", mutation.helper_module_names())
def test_cases_notice_changes_of_what_rules_are_made_of(name: str) -> None:
    outcome = mutation.run_helper(name, CASES)
    assert outcome.total
    assert outcome.rate >= 0.95, f"{outcome.killed} of {outcome.total} noticed; unnoticed: {outcome.survivors}"


def test_a_mutation_that_changes_nothing_is_reported() -> None:
    assert mutation.run_helper("verdicts", {}).killed == 0
    assert mutation.run(mutation.rule_module_names()[0], {}).killed == 0
