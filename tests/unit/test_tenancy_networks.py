"""NetworkPolicies of twenty teams, judged by a small model of what Kubernetes does with them: only declared edges exist."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Any

import pytest

from platform_components.charts.records import vcluster
from platform_components.tenancy.networks import Call, Listener, authorization_policies, network_policies, virtual_cluster_policies

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod, or (without a namespace) an address outside the cluster."""

    namespace: str
    labels: tuple[tuple[str, str], ...]
    address: str

    def has(self, selector: Spec) -> bool:
        """Whether a label selector of matchLabels, the only kind used here, selects it."""
        assert set(selector) <= {"matchLabels"}, selector
        return dict(selector.get("matchLabels", {})).items() <= dict(self.labels).items()


def of(namespace: str, app: str, index: int = 1) -> Pod:
    return Pod(namespace, (("app.kubernetes.io/name", app),), f"10.0.{index // 250}.{index % 250 + 1}")


Policies = Mapping[str, Sequence[Spec]]
"""Specs of the policies of each namespace."""


def matches(peer: Spec, pod: Pod, own: str) -> bool:
    """Whether a peer of a rule is a pod (https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/)."""
    if "ipBlock" in peer:
        address = ip_address(pod.address)
        block = peer["ipBlock"]
        return address in ip_network(block["cidr"]) and not any(address in ip_network(hole) for hole in block.get("except", ()))
    if not pod.namespace:
        return False
    if "namespaceSelector" in peer:
        named = Pod("", (("kubernetes.io/metadata.name", pod.namespace),), pod.address)
        if not named.has(peer["namespaceSelector"]):
            return False
    elif pod.namespace != own:
        return False
    return pod.has(peer.get("podSelector", {}))


def side_allows(policies: Policies, pod: Pod, other: Pod, port: int, protocol: str, direction: str) -> bool:
    """Whether one end lets a connection through: everything, unless a policy of this direction selects the pod."""
    rules, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    selecting = [one for one in policies.get(pod.namespace, ()) if direction in one["policyTypes"] and pod.has(one["podSelector"])]
    if not selecting:
        return True
    return any(
        (not rule.get(peers) or any(matches(peer, other, pod.namespace) for peer in rule[peers]))
        and (not rule.get("ports") or any((one["port"], one.get("protocol", "TCP")) == (port, protocol) for one in rule["ports"]))
        for policy in selecting
        for rule in policy.get(rules, ())
    )


def reaches(policies: Policies, source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection is let through at both ends."""
    out = side_allows(policies, source, target, port, protocol, "Egress") if source.namespace else True
    return out and (side_allows(policies, target, source, port, protocol, "Ingress") if target.namespace else True)


# --- twenty teams: each has two services, and calls the first of the next team where that is a multiple of three

TEAMS = tuple(f"team-{index:02d}" for index in range(20))
PORT = 8080
DECLARED = {(team, TEAMS[(index + 1) % 20]) for index, team in enumerate(TEAMS) if index % 3 == 0}
PORTS = (PORT, 8443, 15008, 22, 5432)


def listeners(team: str) -> list[Listener]:
    callers = tuple(caller for caller, callee in sorted(DECLARED) if callee == team)
    return [Listener("api", PORT, callers, public=team == "team-05"), Listener("worker", 9000)]


def cluster(mesh: str | None, **options: Any) -> dict[str, list[Spec]]:
    calls = {team: [Call(callee, "api") for caller, callee in sorted(DECLARED) if caller == team] for team in TEAMS}
    return {team: list(network_policies(listeners(team), calls[team], mesh, **options).values()) for team in TEAMS}


PODS = tuple(of(team, app, 2 * index + place) for index, team in enumerate(TEAMS) for place, app in enumerate(("api", "worker")))


def edges(policies: Policies, ports: Sequence[int] = PORTS) -> Iterator[tuple[Pod, Pod, int]]:
    for source, target in product(PODS, PODS):
        if source.namespace != target.namespace:
            for port in ports:
                if reaches(policies, source, target, port):
                    yield source, target, port


@pytest.mark.parametrize(("mesh", "more"), [(None, set()), ("istio-ambient", {15008}), ("istio-sidecar", set()), ("linkerd", {4143})])
def test_between_teams_only_declared_edges_exist(mesh: str | None, more: set[int]) -> None:
    found = {
        (source.namespace, target.namespace, dict(target.labels)["app.kubernetes.io/name"], port)
        for source, target, port in edges(cluster(mesh), (*PORTS, 4143))
    }
    assert found == {(caller, callee, "api", port) for caller, callee in DECLARED for port in {PORT, *more}}


def test_the_model_sees_a_hole() -> None:
    policies = cluster(None)
    open_ = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}
    for team in ("team-10", "team-11"):
        policies[team].append(open_)
    assert any(source.namespace == "team-10" and target.namespace == "team-11" and port == 22 for source, target, port in edges(policies))


def test_one_end_alone_lets_nothing_through() -> None:
    policies = cluster(None)
    policies["team-04"] = list(network_policies([Listener("api", PORT, ("team-10",))], [], None).values())
    assert not reaches(policies, of("team-10", "api"), of("team-04", "api"), PORT)


VIRTUAL = "team-07"


def with_virtual_cluster(policies: Mapping[str, Sequence[Spec]]) -> dict[str, list[Spec]]:
    """The same, where one team has a virtual cluster."""
    return {**policies, VIRTUAL: [*policies[VIRTUAL], *virtual_cluster_policies().values()]}  # type: ignore[dict-item]


def test_a_virtual_clusters_control_plane_reaches_the_api_and_no_tenant() -> None:
    policies = with_virtual_cluster(cluster(None))
    plane = Pod(VIRTUAL, tuple(vcluster.LABELS.items()), "10.0.1.1")
    inside = of(VIRTUAL, "api", 200)
    api_server = Pod("", (), "10.32.9.9")
    assert reaches(policies, plane, api_server, 443)
    assert not reaches(policies, plane, api_server, 22)
    assert not reaches(policies, inside, api_server, 443), "what runs in the virtual cluster has that one's API"
    assert reaches(policies, inside, plane, vcluster.PORT)
    assert not reaches(policies, plane, METADATA, 80)
    assert not reaches(policies, plane, INTERNET, 443)
    for pod in PODS:
        if pod.namespace != VIRTUAL:
            for port in (*PORTS, 443, vcluster.PORT):
                assert not reaches(policies, plane, pod, port)
                assert not reaches(policies, pod, plane, port)
    assert list(edges(policies)) == list(edges(cluster(None))), "between teams nothing is otherwise"


METADATA = Pod("", (), "169.254.169.254")
INTERNET, PRIVATE = Pod("", (), "93.184.215.14"), Pod("", (), "10.32.7.7")


@pytest.mark.parametrize("internet", [False, True])
@pytest.mark.parametrize("mesh", [None, "istio-ambient", "istio-sidecar", "linkerd"])
def test_the_metadata_service_is_out_of_reach(mesh: str | None, internet: bool) -> None:
    policies = cluster(mesh, internet=internet)
    for pod in PODS:
        assert not reaches(policies, pod, METADATA, 80)
        assert not reaches(policies, pod, PRIVATE, 443)
        assert reaches(policies, pod, INTERNET, 443) is internet
        assert reaches(policies, pod, Pod("", (), "169.254.170.23"), 80), "the agent of Pod Identity"


def test_what_every_pod_needs_is_there() -> None:
    policies = cluster("istio-ambient")
    dns = Pod("kube-system", (("k8s-app", "kube-dns"),), "10.1.0.10")
    other = Pod("kube-system", (("k8s-app", "metrics"),), "10.1.0.11")
    prometheus, gateway = of("monitoring", "prometheus", 900), of("istio-ingress", "gateway", 901)
    for pod in PODS:
        assert reaches(policies, pod, dns, 53, "UDP")
        assert reaches(policies, pod, dns, 53)
        assert not reaches(policies, pod, dns, 443)
        assert not reaches(policies, pod, other, 53)
        assert reaches(policies, prometheus, pod, 9102)
        assert reaches(policies, of(pod.namespace, "job", 950), pod, 5432), "pods of one team reach each other"
    assert reaches(policies, gateway, of("team-05", "api"), PORT)
    assert not reaches(policies, gateway, of("team-06", "api"), PORT)
    assert not reaches(policies, gateway, of("team-05", "worker"), 9000)


def test_addresses_are_opened_at_their_ports() -> None:
    policies = cluster(None, addresses={"192.168.7.0/24": (5432,)})
    database = Pod("", (), "192.168.7.9")
    assert reaches(policies, PODS[0], database, 5432)
    assert not reaches(policies, PODS[0], database, 22)
    assert not reaches(policies, PODS[0], Pod("", (), "192.168.8.9"), 5432)


def test_the_mesh_tells_ports_apart_where_it_hides_them() -> None:
    specs = authorization_policies("team-01", [Listener("api", PORT, ("team-00",)), Listener("worker", 9000)], "istio-ambient")
    assert set(specs) == {"allow-same-namespace", "allow-callers-api"}
    assert '"ports": ["8080"]' in json.dumps(specs["allow-callers-api"])
    assert authorization_policies("team-01", [], "linkerd") == {}
