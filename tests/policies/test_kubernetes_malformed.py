"""What no schema allows must not stop a check: Kubernetes rules answer whatever stands in a resource."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platform_policies import catalogue
from platform_policies.graph import SECRET, UNKNOWN, ResourceGraph
from platform_policies.pods import TEMPLATES
from platform_policies.rule import Rule, Status

from tests.policies.cases import node
from tests.policies.test_kubernetes_pod_security_rules import CASES, put

RULES = [rule for rule in catalogue.rules() if rule.id.startswith("k8s-")]
PATHS = sorted({case.property for case in CASES if case.property} | {"spec", "spec.containers", "spec.containers.0", "metadata", "rules"})
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 1.5, "", "x", UNKNOWN, SECRET, [], [None], [[]], ["a", 1], {}, {"a": None}, {"name": {}}, [{"name": []}]]
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_rule_answers_whatever_it_is_given(rule: Rule, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(rule.types))
    prefix = TEMPLATES.get(kind, ("",))[0].replace("*", "0")
    inputs: Any = {}
    for path in data.draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=4)):
        full = f"{prefix}.{path}" if prefix and data.draw(st.booleans()) else path
        try:
            inputs = put(inputs, full.split("."), data.draw(ODD))
        except (TypeError, AttributeError, LookupError):
            continue  # the path goes through a value that was set before
    subject = node(kind, "subject", inputs)
    for verdict in rule(subject, ResourceGraph((subject,))):
        assert verdict.status is Status.PASS or verdict.message


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("odd", [None, True, 3, "x", [], [[]], {"a": []}])
def test_each_top_level_field_may_be_anything(rule: Rule, odd: Any) -> None:
    for kind in rule.types:
        fields = ("metadata", "spec", "rules", "roleRef", "subjects", "values", "template", "namespace")
        subject = node(kind, "subject", dict.fromkeys(fields, odd))
        for verdict in rule(subject, ResourceGraph((subject,))):
            assert verdict.status is not Status.UNKNOWN
