"""The NetworkPolicies of a platform namespace: what each word of Traffic opens, and that nothing else is open."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from platform_components.charts.traffic import Traffic, network_policies

PORTS = st.lists(st.integers(1, 65535), max_size=3, unique=True).map(tuple)
NAMES = st.dictionaries(st.sampled_from(("argocd", "istio-ingress")), PORTS.filter(bool), max_size=2)


def open_ports(rules: list[dict[str, Any]]) -> set[int]:
    return {port["port"] for rule in rules for port in rule.get("ports", ())}


@given(webhooks=PORTS, metrics=PORTS, served=NAMES, public=PORTS, used=NAMES, outside=PORTS)
def test_what_is_open_is_what_is_declared(**words: Any) -> None:
    policies = network_policies(Traffic(**words))
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    allowed = policies["platform"]
    served = {port for ports in words["served"].values() for port in ports}
    used = {port for ports in words["used"].values() for port in ports}
    assert open_ports(allowed["ingress"]) == {*words["webhooks"], *words["metrics"], *words["public"], *served}
    assert open_ports(allowed["egress"]) == {53, 80, *words["outside"], *used}
    for rule in [*allowed["ingress"], *allowed["egress"]]:
        assert rule.get("ports") or rule.get("from", rule.get("to")) == [{"podSelector": {}}], (
            "a rule without ports is for its own pods only"
        )


def test_the_metadata_service_is_never_reachable() -> None:
    blocks = [
        peer["ipBlock"]
        for rule in network_policies(Traffic(outside=(80, 443)))["platform"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer and "except" in peer["ipBlock"]
    ]
    assert [block["except"] for block in blocks] == [["169.254.0.0/16"], ["fd00:ec2::/32", "fe80::/10"]]
