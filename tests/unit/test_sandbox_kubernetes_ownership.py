"""Server-side apply by pure functions: whose fields, what is drift, what a refusal means."""

import pytest

from platformctl.sandbox.kubernetes import objects, ownership, waits
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.refusals import ApiError, conflict_text, fixed_paths

URN = "urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::x"
OURS = ownership.manager_of(URN, {})
DEPLOYMENT = Kind("apps/v1", "Deployment")


def entry(manager, operation, *fields, **more):
    return {"manager": manager, "operation": operation, "fieldsV1": {field: {} for field in fields}, **more}


def live(*entries, **fields):
    return {"metadata": {"name": "x", "managedFields": list(entries)}, **fields}


def test_a_manager_belongs_to_its_resource_and_stays_with_it():
    assert ownership.manager_of(URN, {}) == OURS
    assert ownership.manager_of(URN + "y", {}) != OURS
    assert OURS.startswith("pulumi-kubernetes-")
    assert ownership.manager_of(URN + "y", {}, {ownership.MANAGER: OURS}) == OURS  # an alias changed the URN
    noted = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "platform"}}}
    assert ownership.manager_of(URN, noted, {ownership.MANAGER: OURS}) == "platform"


def test_what_our_create_wrote_is_applied_by_us_from_then_on():
    status = entry("kube-controller-manager", "Update", "f:status", subresource="status")
    others = entry("hpa", "Update", "f:replicas")
    created = entry(OURS, "Update", "f:spec", "f:data")
    kubectl = entry("kubectl", "Update", "f:labels")
    assert ownership.taken_over(live(status, others, created, kubectl), OURS) == [
        status,
        others,
        {**created, "operation": "Apply", "fieldsV1": {"f:spec": {}, "f:data": {}, "f:labels": {}}},
    ]
    assert ownership.taken_over(live(others, entry(OURS, "Apply", "f:spec")), OURS) is None
    assert ownership.taken_over(live(), OURS) is None


def test_ignored_fields_go_only_where_others_keep_them():
    document = {"spec": {"replicas": 1, "template": {"a.b": 1}}, "metadata": {"labels": {"a/b": "c"}}}
    theirs = {"manager": "hpa", "fieldsV1": {"f:spec": {"f:replicas": {}}, "f:metadata": {"f:labels": {"f:a/b": {}}}}}
    paths = ["spec.replicas", 'metadata.labels["a/b"]', "spec.template", "spec.containers[0].image", "*"]
    assert ownership.without_others(document, live(theirs), OURS, paths) == {
        "spec": {"template": {"a.b": 1}},
        "metadata": {"labels": {}},
    }
    ours = {"manager": OURS, "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    assert ownership.without_others(document, live(theirs, ours), OURS, ["spec.replicas"]) == document


# -- drift


@pytest.mark.parametrize(
    ("ours", "left", "now", "expected"),
    [
        ({"a": "1000m"}, {"a": "1"}, {"a": "1"}, {"a": "1000m"}),  # the server's way to write it
        ({"a": "1000m"}, {"a": "1"}, {"a": "2"}, {"a": "2"}),
        ({"a": "1000m"}, None, {"a": "1"}, {"a": "1"}),  # nobody knows how it was left
        ({"a": {}}, {}, {}, {"a": {}}),  # the server drops what is empty
        ({"a": {"b": 1}}, {"a": {"b": 1}}, {}, {}),
        ({"a": 1}, {"a": 1}, {"a": 1, "theirs": 2}, {"a": 1}),
        ([1, 2], [1, 2], [1, 2], [1, 2]),
        ([1, 2], [1, 2], [2], [2]),
        ([{"port": 80}], [{"port": 80, "protocol": "TCP"}], [{"port": 80, "protocol": "TCP"}], [{"port": 80}]),
        ([{"port": 80}], [{"port": 80, "protocol": "TCP"}], [{"port": 81, "protocol": "TCP"}], [{"port": 81}]),
        (
            [{"name": "web", "cpu": "1000m"}],
            [{"name": "web", "cpu": "1"}],
            [{"name": "injected"}, {"name": "web", "cpu": "1"}],  # what others put between ours is no drift
            [{"name": "web", "cpu": "1000m"}],
        ),
        ([{"name": "web"}, {"name": "db"}], [{"name": "web"}, {"name": "db"}], [{"name": "web"}], [{"name": "web"}]),
    ],
)
def test_drift_is_what_changed_since_our_last_write(ours, left, now, expected):
    given = objects.live_inputs(DEPLOYMENT, {"spec": ours}, {"spec": now}, None if left is None else {"spec": left})
    assert given == {"spec": expected}


def test_a_definition_is_spelled_for_the_server_and_for_the_sdk():
    crd = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    sdk = {"spec": {"versions": [{"schema": {"x_kubernetes_preserve_unknown_fields": True}}]}}
    server = {"spec": {"versions": [{"schema": {"x-kubernetes-preserve-unknown-fields": True}}]}}
    assert objects.spelled(crd, sdk) == server
    assert objects.unspelled(crd, server) == sdk
    assert objects.spelled(DEPLOYMENT, sdk) == sdk


def test_a_dry_run_does_not_show_what_the_create_will_draw_anew():
    spec = {"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "type": "NodePort", "ports": [{"port": 80, "nodePort": 30001}]}
    answered = {"kind": "Service", "metadata": {"name": "x", "uid": "1", "managedFields": []}, "spec": spec, "status": {}}
    told = objects.foretold(Kind("v1", "Service"), {"spec": {"clusterIPs": ["10.0.0.7"]}}, answered)
    assert told["spec"] == {**spec, "clusterIP": objects.UNKNOWN, "ports": [{"port": 80, "nodePort": objects.UNKNOWN}]}
    assert told["metadata"]["uid"] is objects.UNKNOWN
    assert "managedFields" not in told["metadata"]
    assert "status" not in told


# -- refusals


def refusal(status, message="no", causes=(), reason=""):
    return ApiError(status, {"message": message, "reason": reason, "details": {"causes": list(causes)}})


def test_a_refusal_is_one_line():
    assert str(refusal(422, "a is invalid:\n  b:\t wrong")) == "a is invalid: b: wrong"
    assert str(ApiError(503, None)) == "HTTP 503"
    assert "nobody answers for a webhook" in str(refusal(500, 'failed calling webhook "x": no endpoints'))


def test_a_conflict_names_field_manager_and_what_to_do():
    error = refusal(409, 'Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas', reason="Conflict")
    assert error.conflict
    assert not error.exists
    assert '"hpa"' in conflict_text(error)
    assert ".spec.replicas" in conflict_text(error)
    assert "pulumi.com/patchForce" in conflict_text(error)


@pytest.mark.parametrize(
    ("causes", "changed", "expected"),
    [
        ([("spec.selector", "field is immutable")], ["spec.selector.matchLabels.a", "spec.replicas"], ["spec.selector.matchLabels.a"]),
        (
            [("spec", "updates to statefulset spec for fields other than 'replicas' are forbidden")],
            ["spec.serviceName"],
            ["spec.serviceName"],
        ),
        ([("spec.clusterIPs[0]", "may not change once set")], ["spec.clusterIP"], ["spec.clusterIP"]),  # told of another field
        ([("spec.replicas", "must be greater than or equal to 0")], ["spec.replicas"], []),
        ([], ["spec.replicas"], []),
    ],
)
def test_only_what_can_never_be_updated_replaces(causes, changed, expected):
    told = [{"field": field, "message": f"Invalid value: {message}", "reason": "FieldValueInvalid"} for field, message in causes]
    assert fixed_paths(refusal(422, causes=told), changed) == expected
    assert fixed_paths(refusal(403, causes=told), changed) == []


# -- waiting


def test_only_what_a_control_plane_without_nodes_makes_true_is_awaited():
    namespace, quota = Kind("v1", "Namespace"), Kind("v1", "ResourceQuota")
    crd = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert waits.unready(namespace, {"status": {"phase": "Active"}}) is None
    assert waits.unready(namespace, {}) == "its phase is None"
    assert waits.unready(quota, {"spec": {"hard": {"pods": "1"}}, "status": {}})
    assert waits.unready(quota, {"spec": {"hard": {"pods": "1"}}, "status": {"hard": {"pods": "1"}}}) is None
    assert waits.unready(crd, {"status": {"conditions": [{"type": "Established", "status": "True"}]}}) is None
    refused = {"type": "NamesAccepted", "status": "False", "message": '"widgets" is already in use'}
    assert waits.unready(crd, {"status": {"conditions": [refused]}}) == '"widgets" is already in use'
    assert waits.unready(DEPLOYMENT, {"status": {"readyReplicas": 0}}) is None


def test_annotations_decide_how_long_and_whether_to_wait():
    def noted(**annotations):
        return {"metadata": {"annotations": {f"pulumi.com/{key}": value for key, value in annotations.items()}}}

    assert waits.patience(noted(timeoutSeconds="7"), 0, 120) == 7
    assert waits.patience(noted(timeoutSeconds="7"), 3, 120) == 3
    assert waits.patience(noted(timeoutSeconds="soon"), 0, 120) == 120
    assert waits.propagation(noted(deletionPropagationPolicy="Orphan")) == "Orphan"
    assert waits.propagation({}) == "Foreground"
    assert waits.skips(noted(skipAwait="true"))
    assert not waits.skips(noted(skipAwait="false"))
    assert waits.skips_end(Kind("v1", "Namespace"), noted(skipAwait="true"))
    assert not waits.skips_end(Kind("v1", "ConfigMap"), noted(skipAwait="true"))


def test_what_lingers_says_why():
    conditions = [
        {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "All resources successfully discovered"},
        {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "Some content has finalizers remaining: x/y in 1 instances"},
    ]
    stuck = {"kind": "Namespace", "metadata": {}, "spec": {"finalizers": ["kubernetes"]}, "status": {"conditions": conditions}}
    assert waits.lingering(stuck) == ("Some content has finalizers remaining: x/y in 1 instances; it waits for its finalizers kubernetes")
    assert waits.lingering({"metadata": {}}) == "the API server does not say why"
