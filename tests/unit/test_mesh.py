"""ServiceMesh: what each kind makes, in which order, with which rules; how Istio moves to another version; and what is refused."""

import itertools
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_policies.graph import Node
from pydantic import ValidationError

import platform_components as platform
from platform_components.charts.records import istiod
from platform_components.mesh import namespaces, owners, policies, tags, trust
from platform_components.mesh.args import IstioAmbient
from platform_components.mesh.versions import canary_problem, minors_between, parts
from platform_components.observability.alerts import Links
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
INTERNAL = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-internal"}
PUBLIC = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-public"}
ROOT_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
NEXT = "1.31.1"
KINDS = ("istio-ambient", "istio-sidecar", "linkerd")


def args(**settings: Any) -> platform.ServiceMeshArgs:
    around = {"cluster": CLUSTER, "environment": "dev", "region": "eu-west-1", "vpc_id": "vpc-1", "domain": "dev.example.com"}
    return platform.ServiceMeshArgs(**{**around, "internal_issuer": INTERNAL, "public_issuer": PUBLIC, **settings})


def built(*, preview: bool = False, **settings: Any) -> Deployment[dict[str, Any]]:
    return built_once(json.dumps(settings, sort_keys=True), preview)


@cache
def built_once(settings: str, preview: bool) -> Deployment[dict[str, Any]]:
    def program() -> dict[str, Any]:
        made = platform.ServiceMesh("shop", args(**json.loads(settings)))
        return {
            "kind": made.kind,
            "labels": made.namespace_labels,
            "annotations": made.namespace_annotations,
            "gateway": made.gateway,
            "revisions": made.revisions,
        }

    return deploy(program, preview=preview)


def named(done: Deployment[dict[str, Any]], name: str) -> Node:
    found = [node for node in done.graph if node.name == f"shop-{name}"]
    assert len(found) == 1, sorted(node.name for node in done.graph)
    return found[0]


def names(done: Deployment[dict[str, Any]]) -> set[str]:
    return {node.name.removeprefix("shop-") for node in done.graph}


def values(done: Deployment[dict[str, Any]], release: str) -> dict[str, Any]:
    found: dict[str, Any] = named(done, release).inputs["values"]
    return found


def spec(done: Deployment[dict[str, Any]], name: str) -> dict[str, Any]:
    found: dict[str, Any] = named(done, name).inputs["spec"]
    return found


def comes_after(done: Deployment[dict[str, Any]], later: str, before: str) -> bool:
    """Whether one waits for the other, directly or through others between them."""
    reached, waiting = set(), [named(done, later).urn]
    while waiting:
        node = done.graph.by_urn[waiting.pop()]
        for urn in {*node.dependencies, *itertools.chain.from_iterable(node.property_dependencies.values())} - reached:
            reached.add(urn)
            waiting.append(urn)
    return named(done, before).urn in reached


# --- order


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("istio-ambient", ["istio-base", "gateway-api", "istiod-1-30-3", "istio-cni", "ztunnel", "istio-ingress", "ingress-gateway"]),
        ("istio-sidecar", ["istio-base", "gateway-api", "istiod-1-30-3", "istio-cni", "istio-ingress", "ingress-gateway"]),
        ("linkerd", ["linkerd-crds", "linkerd-cni", "linkerd"]),
    ],
)
def test_each_part_waits_for_the_one_before_it_and_goes_before_it(kind: str, order: list[str]) -> None:
    done = built(mesh={"kind": kind})
    for before, later in itertools.pairwise(order):
        assert comes_after(done, later, before), f"{later} does not wait for {before}"
        assert not comes_after(done, before, later)


def test_no_workload_is_in_the_mesh_before_its_rules_are() -> None:
    done = built()
    for rule in ("mesh-mtls", "allow-nothing", "waypoint-allow-nothing"):
        assert comes_after(done, "istio-cni", rule)
    assert comes_after(done, "istio-ingress", "mesh-clients")
    assert comes_after(done, "istiod-1-30-3", "mesh-intermediate"), "istiod would make an authority of its own"


def test_linkerd_starts_with_the_certificates_it_is_given() -> None:
    done = built(mesh={"kind": "linkerd"})
    webhooks = [f"mesh-{name}" for name in ("proxy-injector", "sp-validator", "policy-validator")]
    for certificate in ("mesh-intermediate", "mesh-roots", *webhooks):
        assert comes_after(done, "linkerd", certificate)


@pytest.mark.parametrize("kind", KINDS)
def test_preview_and_up_register_the_same(kind: str) -> None:
    assert built(mesh={"kind": kind}).shape() == built(mesh={"kind": kind}, preview=True).shape()


# --- namespaces


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("istio-ambient", {"istio-system": "restricted", "istio-data-plane": "privileged", "istio-ingress": "restricted"}),
        ("istio-sidecar", {"istio-system": "restricted", "istio-data-plane": "privileged", "istio-ingress": "restricted"}),
        ("linkerd", {"linkerd": "restricted", "linkerd-cni": "privileged"}),
    ],
)
def test_only_the_agents_of_nodes_have_rights_over_nodes(kind: str, levels: dict[str, str]) -> None:
    done = built(mesh={"kind": kind})
    found = {
        node.inputs["metadata"]["name"]: node.inputs["metadata"]["labels"] for node in done.graph.of_type("kubernetes:core/v1:Namespace")
    }
    assert {name: labels["pod-security.kubernetes.io/enforce"] for name, labels in found.items()} == levels
    for name in levels:
        assert spec(done, f"{name}-default-deny") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_a_namespace_of_agents_holds_those_of_a_large_cluster() -> None:
    done = built()
    pods = {name: int(spec(done, f"{name}-quota")["hard"]["pods"]) for name in ("istio-system", "istio-data-plane")}
    assert pods["istio-data-plane"] >= 2 * 1000
    assert pods["istio-system"] == 250


def test_the_gateway_may_reach_every_pod_and_nothing_outside() -> None:
    done = built()
    everywhere = {"to": [{"namespaceSelector": {}}]}
    assert everywhere in spec(done, "istio-ingress-platform")["egress"]
    assert "0.0.0.0/0" not in json.dumps(spec(done, "istio-ingress-platform"))
    assert everywhere not in spec(done, "istio-system-platform")["egress"]


# --- rules


def test_nothing_is_sent_in_plain_text_and_nothing_is_allowed_that_nobody_allowed() -> None:
    done = built()
    strict, nothing = named(done, "mesh-mtls").inputs, named(done, "allow-nothing").inputs
    assert (strict["metadata"]["namespace"], strict["spec"]) == ("istio-system", {"mtls": {"mode": "STRICT"}})
    assert (nothing["metadata"]["namespace"], nothing["spec"]) == ("istio-system", {"action": "ALLOW"})
    (source,) = spec(done, "allow-gateway")["rules"][0]["from"]
    assert source == {"source": {"principals": ["cluster.local/ns/istio-ingress/sa/istio-ingress"]}}
    (scrape,) = spec(done, "allow-metrics")["rules"]
    assert scrape["from"] == [{"source": {"namespaces": ["monitoring"]}}]
    assert "8080" in scrape["to"][0]["operation"]["ports"]


def test_waypoints_are_held_to_the_same_rules_by_name_for_others_do_not_reach_them() -> None:
    found = policies.authorization_policies("td", [9090], ambient=True, gateway=True)
    for name in ("allow-nothing", "allow-metrics", "allow-gateway"):
        waypoint = found[f"waypoint-{name}"]
        assert waypoint.pop("targetRefs") == [{"group": "gateway.networking.k8s.io", "kind": "GatewayClass", "name": "istio-waypoint"}]
        assert waypoint == found[name]
    assert set(policies.authorization_policies("td", [9090], ambient=False, gateway=False)) == {"allow-nothing", "allow-metrics"}


def test_without_a_gateway_nobody_is_let_in() -> None:
    for settings in ({"domain": None}, {"mesh": {"kind": "istio-ambient", "gateway": None}}):
        done = built(**settings)
        assert not {name for name in names(done) if "ingress" in name or name == "allow-gateway"}
        assert done.value("gateway") == {}


def test_telemetry_says_what_was_asked_for() -> None:
    assert "tracing" not in spec(built(), "mesh-telemetry")
    traced = built(mesh={"kind": "istio-ambient", "tracing": {"endpoint": "otel.monitoring.svc:4317", "sampling_percent": 5}})
    assert spec(traced, "mesh-telemetry")["tracing"] == [{"providers": [{"name": "otlp"}], "randomSamplingPercentage": 5}]
    (provider,) = values(traced, "istiod-1-30-3")["meshConfig"]["extensionProviders"]
    assert provider == {"name": "otlp", "opentelemetry": {"service": "otel.monitoring.svc", "port": 4317}}
    quiet = built(mesh={"kind": "istio-ambient", "access_logs": False})
    assert "accessLogging" not in spec(quiet, "mesh-telemetry")


def test_what_leaves_the_mesh_is_known_to_it_unless_the_environment_says_otherwise() -> None:
    assert values(built(), "istiod-1-30-3")["meshConfig"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
    free = built(mesh={"kind": "istio-sidecar", "outbound": "ALLOW_ANY", "native_sidecars": False})
    config = values(free, "istiod-1-30-3")
    assert config["meshConfig"]["outboundTrafficPolicy"] == {"mode": "ALLOW_ANY"}
    assert config["meshConfig"]["pathNormalization"] == {"normalization": "MERGE_SLASHES"}
    assert config["meshConfig"]["defaultConfig"] == {"holdApplicationUntilProxyStarts": True}
    assert config["env"] == {"ENABLE_NATIVE_SIDECARS": "false"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_namespace_joins_by_one_way_only(kind: str) -> None:
    done = built(mesh={"kind": kind})
    joins = {**done.value("labels"), **done.value("annotations")}
    assert len(joins) == 1
    assert done.value("kind") == kind
    # Both at once and neither works: https://istio.io/latest/docs/ambient/usage/add-workloads/
    assert not {"istio.io/dataplane-mode", "istio.io/rev"} <= set(joins)


# --- the way in


def test_the_domain_is_served_by_tls_for_namespaces_that_the_platform_lets_in() -> None:
    done = built()
    plain, *secure = spec(done, "ingress-gateway")["listeners"]
    assert plain["allowedRoutes"] == {"namespaces": {"from": "Same"}}, "nobody but the redirect is served in plain text"
    assert [listener["hostname"] for listener in secure] == ["dev.example.com", "*.dev.example.com"]
    for listener in secure:
        assert (listener["port"], listener["protocol"], listener["tls"]["mode"]) == (443, "HTTPS", "Terminate")
        assert listener["tls"]["certificateRefs"] == [{"name": spec(done, "ingress-certificate")["secretName"]}]
        assert listener["allowedRoutes"]["namespaces"]["selector"] == {"matchLabels": {"platform-components/ingress": "true"}}
    assert spec(done, "ingress-certificate")["issuerRef"] == PUBLIC
    assert spec(done, "ingress-certificate")["dnsNames"] == ["dev.example.com", "*.dev.example.com"]
    (redirect,) = spec(done, "ingress-redirect")["rules"][0]["filters"]
    assert redirect["requestRedirect"] == {"scheme": "https", "statusCode": 301}
    assert done.value("gateway") == {"namespace": "istio-ingress", "name": "ingress"}


@pytest.mark.parametrize("scheme", ["internal", "internet-facing", "none"])
def test_the_load_balancer_is_the_one_that_was_asked_for_and_opens_no_node_port(scheme: str) -> None:
    service = values(built(mesh={"kind": "istio-ambient", "gateway": {"load_balancer": scheme}}), "istio-ingress")["service"]
    assert [port["port"] for port in service["ports"]] == [80, 443], "the status port is not for the outside"
    if scheme == "none":
        assert service["type"] == "ClusterIP"
    else:
        assert service["annotations"]["service.beta.kubernetes.io/aws-load-balancer-scheme"] == scheme
        assert service["allocateLoadBalancerNodePorts"] is False
        assert service["annotations"]["external-dns.alpha.kubernetes.io/hostname"] == "dev.example.com,*.dev.example.com"


# --- versions of Istio


def test_a_canary_stands_beside_stable_and_nothing_follows_it_by_itself() -> None:
    done = built(mesh={"kind": "istio-ambient", "revisions": {"canary": NEXT}})
    assert (named(done, "istiod-1-30-3").inputs["version"], named(done, "istiod-1-31-1").inputs["version"]) == ("1.30.3", NEXT)
    assert done.value("revisions") == {"stable": "1-30-3", "canary": "1-31-1"}
    assert named(done, "istio-base").inputs["version"] == NEXT, "definitions serve the newest"
    assert values(done, "istio-base")["defaultRevision"] == "1-30-3"
    assert {named(done, part).inputs["version"] for part in ("istio-cni", "ztunnel", "istio-ingress")} == {"1.30.3"}
    assert values(done, "istiod-1-31-1")["global"]["tag"] == NEXT


def test_the_data_plane_follows_one_step_at_a_time() -> None:
    for data_plane, reached in (
        ({}, ("1.30.3", "1.30.3")),
        ({"cni": "canary"}, (NEXT, "1.30.3")),
        ({"cni": "canary", "ztunnel": "canary"}, (NEXT, NEXT)),
    ):
        done = built(mesh={"kind": "istio-ambient", "revisions": {"canary": NEXT}, "data_plane": data_plane})
        assert tuple(named(done, part).inputs["version"] for part in ("istio-cni", "ztunnel")) == reached
        assert values(done, "ztunnel")["revision"] == istiod.revision(reached[1])


def test_a_canary_that_becomes_stable_stays_and_the_tag_moves() -> None:
    before = built(mesh={"kind": "istio-ambient", "revisions": {"canary": NEXT}})
    after = built(mesh={"kind": "istio-ambient", "revisions": {"stable": NEXT}})
    assert named(before, "istiod-1-31-1").inputs == named(after, "istiod-1-31-1").inputs
    assert "istiod-1-30-3" not in names(after)
    for tag in ("stable", "default"):
        (service,) = {webhook["clientConfig"]["service"]["name"] for webhook in named(after, f"mesh-tag-{tag}").inputs["webhooks"]}
        assert service == "istiod-1-31-1"
        assert named(before, f"mesh-tag-{tag}").urn == named(after, f"mesh-tag-{tag}").urn
    assert "mesh-tag-canary" not in names(after)


def admits(webhook: Mapping[str, Any], namespace: Mapping[str, str], pod: Mapping[str, str]) -> bool:
    """Whether a webhook is asked of a pod: label selectors as the API server reads them."""

    def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
        operators = {
            "In": lambda key, given: labels.get(key) in given,
            "NotIn": lambda key, given: labels.get(key) not in given,
            "DoesNotExist": lambda key, _: key not in labels,
        }
        return all(operators[one["operator"]](one["key"], one.get("values", [])) for one in selector["matchExpressions"])

    return matches(webhook["namespaceSelector"], namespace) and matches(webhook["objectSelector"], pod)


LABELS = st.dictionaries(
    st.sampled_from(("istio.io/rev", "istio-injection", "sidecar.istio.io/inject")),
    st.sampled_from(("stable", "canary", "default", "enabled", "true", "false")),
)


@given(namespace=LABELS, pod=LABELS)
def test_a_pod_is_given_at_most_one_proxy_and_none_that_refuses_it(namespace: dict[str, str], pod: dict[str, str]) -> None:
    webhooks = [webhook for tag in ("default", "stable", "canary") for webhook in tags.webhooks(tag, "1-30-3")]
    asked = [webhook["name"] for webhook in webhooks if admits(webhook, namespace, pod)]
    assert len(asked) <= 1
    if pod.get("sidecar.istio.io/inject") == "false":
        assert not asked


@pytest.mark.parametrize(
    ("namespace", "pod", "tag"),
    [
        ({"istio.io/rev": "canary"}, {}, "canary"),
        ({}, {"istio.io/rev": "stable"}, "stable"),
        ({"istio-injection": "enabled"}, {}, "default"),
        ({}, {"sidecar.istio.io/inject": "true"}, "default"),
        ({}, {}, None),
    ],
)
def test_a_tag_takes_what_names_it(namespace: dict[str, str], pod: dict[str, str], tag: str | None) -> None:
    taking = {one for one in ("default", "stable", "canary") for webhook in tags.webhooks(one, "r") if admits(webhook, namespace, pod)}
    assert taking == ({tag} if tag else set())


VERSIONS = st.tuples(st.just(1), st.integers(28, 33), st.integers(0, 12)).map(lambda version: ".".join(map(str, version)))


@given(stable=VERSIONS, canary=VERSIONS)
def test_a_canary_is_newer_and_one_minor_version_away_at_most(stable: str, canary: str) -> None:
    allowed = parts(canary) > parts(stable) and minors_between(stable, canary) <= 1
    assert (canary_problem(stable, canary) is None) == allowed


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "istio-ambient", "revisions": {"stable": "1.30.3", "canary": "1.30.1"}}, "1.30.1 is older than stable 1.30.3: a mesh is not"),
    (
        {"kind": "istio-ambient", "revisions": {"stable": "1.29.6", "canary": "1.31.0"}},
        "more than one minor version above stable 1.29.6; go to",
    ),
    ({"kind": "istio-ambient", "revisions": {"canary": "1.30.3"}}, "is what stable is, too; leave the canary out"),
    ({"kind": "istio-ambient", "revisions": {"stable": "1.27.1"}}, "more than one minor version from 1.30.3, which the platform's values"),
    ({"kind": "istio-ambient", "data_plane": {"cni": "canary"}}, "cni would be ahead of istiod: there is no revisions.canary"),
    (
        {"kind": "istio-ambient", "revisions": {"canary": NEXT}, "data_plane": {"ztunnel": "canary"}},
        "ztunnel follows the CNI agents: set data_plane.cni to canary first",
    ),
    ({"kind": "linkerd", "revisions": {"stable": "1.30.3"}}, "Linkerd has no revisions: its control plane is upgraded in place"),
    ({"kind": "linkerd", "trust": {"authority": {"kind": "acm-pca"}}}, "give trust.authority.root_certificate"),
    (
        {"kind": "istio-ambient", "multi_cluster": {"mesh_id": "m", "network": "n"}},
        "multi_cluster needs one root for all clusters, and the platform's own authority is of this cluster alone",
    ),
    ({"kind": "consul"}, "does not match any of the expected tags"),
    ({"kind": "istio-ambient", "trust": {"intermediate_days": 2}}, "greater than or equal to 90"),
]


@pytest.mark.parametrize(("mesh", "message"), REFUSED)
def test_what_does_not_go_together_is_refused_with_the_way_out(mesh: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        args(mesh=mesh)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "addons", "message"),
    [
        ("linkerd", {"linkerd-crds": {"values": {"installGatewayAPI": True}}}, "makes this chart a second owner"),
        ("istio-ambient", {"gateway-api-crds": {"enabled": True}}, None),
        ("istio-ambient", {"istiod": {"version": "1.31.1"}}, "set mesh.revisions"),
        ("linkerd", {"linkerd-crds": {"version": "2026.8.2"}}, "Linkerd's charts go together"),
        ("linkerd", {name: {"version": "2026.8.2"} for name in owners.LINKERD_CHARTS}, None),
        ("istio-ambient", {"linkerd-crds": {"values": {"installGatewayAPI": True}}}, None),
    ],
)
def test_one_owner_of_what_only_one_may_install(kind: str, addons: dict[str, Any], message: str | None) -> None:
    if message is None:
        args(mesh={"kind": kind}, addons=addons)
        return
    with pytest.raises(ValidationError, match=message):
        args(mesh={"kind": kind}, addons=addons)


def test_definitions_that_somebody_else_has_installed_are_left_to_them() -> None:
    done = built(mesh={"kind": "istio-ambient", "gateway_api": "existing"})
    assert "gateway-api" not in names(done)
    with pytest.raises(ValidationError, match="somebody else owns the Gateway API"):
        args(mesh={"kind": "istio-ambient", "gateway_api": "existing"}, addons={"gateway-api-crds": {"enabled": True}})


# --- trust


@pytest.mark.parametrize(("kind", "secret"), [("istio-ambient", "cacerts"), ("linkerd", "linkerd-identity-issuer")])
def test_the_cluster_has_an_authority_of_its_own_below_the_root(kind: str, secret: str) -> None:
    done = built(mesh={"kind": kind})
    intermediate = spec(done, "mesh-intermediate")
    assert (intermediate["isCA"], intermediate["secretName"], intermediate["issuerRef"]) == (True, secret, INTERNAL)
    hours = {key: int(intermediate[key].removesuffix("h")) for key in ("duration", "renewBefore")}
    assert hours["duration"] >= 90 * 24
    assert hours["renewBefore"] >= 30 * 24, "long before it expires"
    assert intermediate["privateKey"]["rotationPolicy"] == "Always"


def test_an_authority_in_a_secret_and_one_of_aws_sign_in_its_place() -> None:
    shared = built(mesh={"kind": "linkerd", "trust": {"authority": {"kind": "secret", "secret": "mesh-root"}}})
    assert spec(shared, "mesh-authority") == {"ca": {"secretName": "mesh-root"}}
    assert spec(shared, "mesh-intermediate")["issuerRef"]["name"] == "mesh-authority"
    assert comes_after(shared, "mesh-intermediate", "mesh-authority")
    assert spec(shared, "mesh-roots")["sources"] == [{"secret": {"name": "mesh-root", "key": "tls.crt"}}]
    aws = built(mesh={"kind": "linkerd", "trust": {"authority": {"kind": "acm-pca", "root_certificate": ROOT_PEM}}})
    assert spec(aws, "mesh-intermediate")["issuerRef"] == PUBLIC
    assert spec(aws, "mesh-roots")["sources"] == [{"inLine": ROOT_PEM}]


def test_linkerd_makes_no_certificate_itself() -> None:
    done = built(mesh={"kind": "linkerd"})
    found = values(done, "linkerd")
    assert found["identity"] == {"externalCA": True, "issuer": {"scheme": "kubernetes.io/tls"}}
    for value, name in (("proxyInjector", "proxy-injector"), ("profileValidator", "sp-validator"), ("policyValidator", "policy-validator")):
        secret = f"linkerd-{name}-k8s-tls"
        assert found[value] == {"externalSecret": True, "injectCaFrom": f"linkerd/{secret}"}
        certificate = named(done, f"mesh-{name}").inputs
        assert (certificate["metadata"]["name"], certificate["spec"]["secretName"]) == (secret, secret)
        assert certificate["spec"]["dnsNames"] == [f"linkerd-{name}.linkerd.svc"]
    assert not [key for key in json.dumps(found).split('"') if key.endswith("PEM")]
    # The identity service holds its authority against this name: https://linkerd.io/2/tasks/generate-certificates/
    assert spec(done, "mesh-intermediate")["dnsNames"] == ["identity.linkerd.cluster.local"]
    roots = named(done, "mesh-roots").inputs
    assert (roots["metadata"]["name"], roots["spec"]["target"]["configMap"]) == ("linkerd-identity-trust-roots", {"key": "ca-bundle.crt"})


def test_clusters_that_trust_each_other_are_told_who_they_are() -> None:
    done = built(
        mesh={
            "kind": "istio-ambient",
            "trust": {"domain": "shop.example.com", "authority": {"kind": "secret", "secret": "mesh-root"}},
            "multi_cluster": {"mesh_id": "shop", "network": "euw1"},
        }
    )
    told = values(done, "istiod-1-30-3")
    assert (told["global"]["meshID"], told["global"]["network"], told["meshConfig"]["trustDomain"]) == ("shop", "euw1", "shop.example.com")
    assert told["global"]["multiCluster"] == {"clusterName": "c"} == values(done, "ztunnel")["multiCluster"]
    assert values(done, "ztunnel")["network"] == "euw1"
    assert named(done, "namespace-istio-system").inputs["metadata"]["labels"]["topology.istio.io/network"] == "euw1"
    assert spec(done, "allow-gateway")["rules"][0]["from"][0]["source"]["principals"][0].startswith("shop.example.com/ns/")


@pytest.mark.parametrize("namespace", ["istio-system", "linkerd"])
def test_an_authority_that_is_not_renewed_is_told_before_it_expires(namespace: str) -> None:
    (group,) = trust.expiry_rules(namespace, "x", 180, Links())["groups"]
    rules = {rule["alert"]: rule for rule in group["rules"]}
    assert rules["MeshAuthorityNotRenewed"]["expr"].endswith(f"- time() < {30 * 86400}")
    assert rules["MeshAuthorityExpires"]["labels"] == {"severity": "page", "team": "platform"}
    assert len(rules) == 3, "and one that tells whether the control plane uses what was renewed"


@pytest.mark.parametrize("kind", KINDS)
def test_without_monitors_nothing_needs_their_kinds(kind: str) -> None:
    done = built(mesh={"kind": kind}, monitors=False)
    assert not [node.type for node in done.graph if "monitoring.coreos.com" in node.type]
    assert [node.type for node in built(mesh={"kind": kind}).graph if "monitoring.coreos.com" in node.type]


# --- what namespaces of the mesh need


@pytest.mark.parametrize(
    ("kind", "ports"),
    [("istio-ambient", {15008}), ("istio-sidecar", {15012, 15020, 15090}), ("linkerd", {4143, 4191, 8080, 8086, 8090})],
)
def test_closed_namespaces_let_the_mesh_through(kind: str, ports: set[int]) -> None:
    found = namespaces.network_policy_exceptions(kind)
    text = json.dumps(found)
    assert {port for port in range(1, 65536) if f'"port": {port},' in text} == ports
    for policy in found.values():
        for direction in ("ingress", "egress"):
            assert all(rule.get("from", rule.get("to")) for rule in policy.get(direction, [])), "nobody is let in without being named"
            assert (direction in policy) == (direction.capitalize() in policy["policyTypes"])


def test_probes_of_an_ambient_mesh_come_from_addresses_of_their_own() -> None:
    probes = namespaces.network_policy_exceptions("istio-ambient")["allow-mesh-probes"]
    assert [peer["ipBlock"]["cidr"] for peer in probes["ingress"][0]["from"]] == [
        "169.254.7.127/32",
        "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128",
    ]


def test_ambient_is_what_a_mesh_is_where_nothing_is_said() -> None:
    assert isinstance(args().mesh, IstioAmbient)
