"""The Kubernetes provider on a real API server: what it refuses, who owns which field, what is awaited, what a killed run leaves."""

import os
import threading
from dataclasses import replace

import pytest

from platformctl.sandbox import lifecycle
from platformctl.sandbox.kubernetes import permissive
from platformctl.sandbox.kubernetes.api import APPLY, Api
from platformctl.sandbox.kubernetes.kinds import Kind
from platformctl.sandbox.kubernetes.provider import KubernetesProvider
from platformctl.sandbox.plugin import UNKNOWN, PartialCreateError, ProviderError, Secret, Subject

CLUSTER = "https://one.example"
KUBECONFIG = {
    "current-context": "one",
    "contexts": [{"name": "one", "context": {"cluster": "one"}}],
    "clusters": [{"name": "one", "cluster": {"server": CLUSTER}}],
}
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
POD = "kubernetes:core/v1:Pod"
QUOTA = "kubernetes:core/v1:ResourceQuota"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with lifecycle.temporary(tmp_path_factory.mktemp("objects"), "objects", lambda _: None) as started:
        yield started


@pytest.fixture(scope="module")
def connect(sandbox):
    """Make a provider of the one cluster of this module, as each run of the engine does."""

    def make(**config):
        os.environ["PLATFORM_SANDBOX_URL"] = sandbox.url
        made = KubernetesProvider()
        made.configure({"kubeconfig": KUBECONFIG, **config})
        assert made._where().real, "the cluster has no API server: run `platformctl tools install kubernetes`"
        return made

    yield make
    os.environ.pop("PLATFORM_SANDBOX_URL", None)


@pytest.fixture(scope="module")
def api(connect):
    """The API server, as somebody else's client."""
    facts = connect()._target().facts["api"]
    return Api(facts["server"], facts["certificateAuthority"], facts["token"])


@pytest.fixture
def provider(connect):
    return connect()


@pytest.fixture
def namespace(provider, request):
    """A namespace that no other test has."""
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")[:50].strip("-")
    make(provider, NAMESPACE, {"metadata": {"name": name}}, f"ns-{name}")
    return name


def subject(kind, name="x", resource_id="", **more):
    return Subject(f"urn:pulumi:dev::p::{kind}::{name}", kind, name, resource_id, **more)


def plain(values):
    return {name: value.value if isinstance(value, Secret) else value for name, value in values.items()}


def checked(provider, kind, inputs, name="x"):
    found = provider.check(subject(kind, name), {}, inputs)
    assert list(found.failures) == []
    return plain(found.inputs)


def make(provider, kind, inputs, name="x"):
    """Create a resource and confirm it, as an engine does that lives on."""
    ready = checked(provider, kind, inputs, name)
    made = provider.create(subject(kind, name), ready, preview=False)
    key = subject(kind, name).urn
    assert provider._target().client.request("POST", "confirm", body={"urns": [key]}).ok
    return ready, made


def preview(provider, kind, inputs, name="x"):
    return provider.create(subject(kind, name), checked(provider, kind, inputs, name), preview=True)


def config_map(namespace, data=None, name="settings", **metadata):
    return {"metadata": {"name": name, "namespace": namespace, **metadata}, "data": data or {"a": "1"}}


def deployment(namespace, *, replicas=1, cpu="1000m", **metadata):
    container = {"name": "web", "image": "nginx:1.27", "resources": {"requests": {"cpu": cpu}}, "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"metadata": {"name": "web", "namespace": namespace, **metadata}, "spec": spec}


def definition(plural, kind, group="example.com", **schema):
    spec = {"type": "object", "properties": {"size": {"type": "integer"}, "region": {"type": "string"}}, **schema}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    names = {"kind": kind, "plural": plural}
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def in_namespace(namespace, plural, name="", group="api/v1"):
    return f"/{group}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def somebody_applies(api, path, document, manager="hpa", force=True):
    query = {"fieldManager": manager, "force": str(force).lower()}
    return api.request("PATCH", path, body=document, query=query, content_type=APPLY)


# -- life


def test_an_object_lives_in_the_api_server_from_preview_to_deletion(provider, namespace, api):
    foretold = preview(provider, CONFIG_MAP, config_map(namespace))
    assert foretold.id == ""
    assert foretold.outputs["metadata"]["uid"] is UNKNOWN
    path = in_namespace(namespace, "configmaps", "settings")
    inputs, made = make(provider, CONFIG_MAP, config_map(namespace))
    assert made.id == f"{namespace}/settings"
    live = api.request("GET", path)
    assert live["data"] == {"a": "1"}
    assert live["metadata"]["managedFields"][0]["manager"] == made.outputs["__fieldManager"]
    this = subject(CONFIG_MAP, resource_id=made.id)
    state = provider.read(this, inputs, made.outputs)
    assert (state.inputs, state.outputs) == (inputs, made.outputs)
    news = {**inputs, "data": {"b": "2"}}
    assert provider.update(this, inputs, made.outputs, news, preview=True)["data"] == {"b": "2"}
    assert api.request("GET", path)["data"] == {"a": "1"}
    assert provider.update(this, inputs, made.outputs, news, preview=False)["data"] == {"b": "2"}
    assert api.request("GET", path)["data"] == {"b": "2"}, "what we dropped goes, though a create is no apply"
    provider.delete(this, news, {})
    provider.delete(this, news, {})
    assert provider.read(this, news, {}) is None
    with pytest.raises(ProviderError, match="gone; run refresh"):
        provider.update(this, inputs, made.outputs, news, preview=False)


def test_an_existing_object_is_refused_in_the_preview_already_unless_it_is_taken_over(connect, provider, namespace, api):
    path = in_namespace(namespace, "configmaps")
    api.request("POST", path, body={"metadata": {"name": "settings"}, "data": {"theirs": "1"}})
    for act in (preview, make):
        with pytest.raises(ProviderError, match=f"ConfigMap {namespace}/settings already exists; import it, or set upsertExistingObjects"):
            act(provider, CONFIG_MAP, config_map(namespace), "mine")
    _, made = make(connect(upsertExistingObjects=True), CONFIG_MAP, config_map(namespace), "mine")
    assert made.outputs["data"] == {"a": "1", "theirs": "1"}


def test_a_replacement_of_the_same_name_can_be_previewed(provider, namespace):
    inputs, made = make(provider, CONFIG_MAP, config_map(namespace))
    this = subject(CONFIG_MAP, resource_id=made.id)
    news = checked(provider, CONFIG_MAP, config_map(namespace, {"a": "2"}))
    assert provider.diff(this, inputs, made.outputs, news).delete_before_replace
    assert provider.create(subject(CONFIG_MAP), news, preview=True).outputs["data"] == {"a": "2"}


# -- what the server judges in a preview


def test_pod_security_refuses_a_pod_in_the_preview(provider, namespace, api):
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    api.request("PATCH", f"/api/v1/namespaces/{namespace}", body=labels, content_type="application/merge-patch+json")
    pod = {"metadata": {"name": "root", "namespace": namespace}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    with pytest.raises(ProviderError, match='violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'):
        preview(provider, POD, pod)
    assert api.request("GET", in_namespace(namespace, "pods"))["items"] == []


def test_a_quota_is_counted_before_it_is_relied_on_and_judges_in_the_preview(provider, namespace):
    make(provider, QUOTA, {"metadata": {"name": "small", "namespace": namespace}, "spec": {"hard": {"configmaps": "2"}}})
    make(provider, CONFIG_MAP, config_map(namespace, name="one"), "one")  # the second: kube-root-ca.crt is there
    with pytest.raises(ProviderError, match="exceeded quota: small, requested: configmaps=1, used: configmaps=2, limited: configmaps=2"):
        preview(provider, CONFIG_MAP, config_map(namespace, name="two"), "two")


def test_a_preview_shows_defaults_and_not_what_the_create_will_draw(provider, namespace):
    told = preview(provider, DEPLOYMENT, deployment(namespace)).outputs
    assert told["spec"]["strategy"]["type"] == "RollingUpdate"
    service = {"metadata": {"name": "web", "namespace": namespace}, "spec": {"ports": [{"port": 80}]}}
    told = preview(provider, "kubernetes:core/v1:Service", service).outputs
    assert told["spec"]["clusterIP"] is UNKNOWN
    assert told["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (CONFIG_MAP, config_map("comes-with-this-update")),
        ("kubernetes:later.example.com/v1:Widget", {"metadata": {"name": "x", "namespace": "comes-with-this-update"}, "spec": {"size": 1}}),
        (CONFIG_MAP, {"metadata": {"name": "x", "namespace": UNKNOWN}, "data": UNKNOWN}),
    ],
)
def test_what_comes_with_the_same_update_does_not_fail_the_preview(provider, kind, inputs):
    assert preview(provider, kind, inputs).id == ""


# -- whose field it is


def test_a_conflict_is_told_with_field_manager_and_what_to_do(provider, namespace, api):
    inputs, made = make(provider, DEPLOYMENT, deployment(namespace))
    this = subject(DEPLOYMENT, resource_id=made.id)
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 7}}
    somebody_applies(api, in_namespace(namespace, "deployments", "web", "apis/apps/v1"), theirs)
    news = checked(provider, DEPLOYMENT, deployment(namespace, replicas=3))
    for preview_only in (True, False):
        with pytest.raises(ProviderError, match=r'conflict with "hpa".*: \.spec\.replicas.*pulumi\.com/patchForce'):
            provider.update(this, inputs, made.outputs, news, preview=preview_only)
    left_alone = replace(this, ignored=("spec.replicas",))
    assert provider.update(left_alone, inputs, made.outputs, news, preview=False)["spec"]["replicas"] == 7
    forced = checked(provider, DEPLOYMENT, deployment(namespace, replicas=3, annotations={"pulumi.com/patchForce": "true"}))
    assert provider.update(this, inputs, made.outputs, forced, preview=False)["spec"]["replicas"] == 3


def test_refresh_shows_drift_of_what_we_declared_and_nothing_else(provider, namespace, api):
    inputs, made = make(provider, DEPLOYMENT, deployment(namespace))
    this = subject(DEPLOYMENT, resource_id=made.id)
    assert provider.read(this, inputs, made.outputs).inputs == inputs  # `1000m` is `1` there, and a dozen defaults are set
    path = in_namespace(namespace, "deployments", "web", "apis/apps/v1")
    container = {"name": "sidecar", "image": "proxy"}
    theirs = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"note": "theirs"}},
        "spec": {"replicas": 7, "template": {"spec": {"containers": [container]}}},
    }
    somebody_applies(api, path, theirs)
    state = provider.read(this, inputs, made.outputs)
    assert dict(provider.diff(this, state.inputs, state.outputs, inputs).changes) == {"spec.replicas": "update"}
    again = provider.read(this, state.inputs, state.outputs)
    assert again.inputs == state.inputs


def test_a_patch_resource_sets_its_fields_and_gives_them_back(provider, namespace, api):
    kind = "kubernetes:core/v1:NamespacePatch"
    path = f"/api/v1/namespaces/{namespace}"
    patch = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"team": "a"}}}
    assert preview(provider, kind, patch).id == ""
    inputs, made = make(provider, kind, patch)
    assert api.request("GET", path)["metadata"]["labels"]["team"] == "a"
    this = subject(kind, resource_id=made.id)
    assert provider.read(this, inputs, made.outputs).inputs == inputs
    news = checked(provider, kind, {**patch, "metadata": {"name": namespace, "labels": {"tier": "b"}}})
    assert not provider.diff(this, inputs, made.outputs, news).replaces
    provider.update(this, inputs, made.outputs, news, preview=False)
    labels = api.request("GET", path)["metadata"]["labels"]
    assert (labels.get("team"), labels.get("tier")) == (None, "b")
    provider.delete(this, news, made.outputs)
    assert "tier" not in api.request("GET", path)["metadata"]["labels"]


# -- what cannot be updated


def test_a_field_that_the_server_calls_immutable_replaces(provider, namespace):
    rules = [{"rule": "self.region == oldSelf.region", "message": "region is immutable", "fieldPath": ".region"}]
    schema = {"properties": {"region": {"type": "string"}, "size": {"type": "integer"}}, "x-kubernetes-validations": rules}
    make(provider, CRD, definition("places", "Place", **schema))
    kind = "kubernetes:example.com/v1:Place"
    inputs, made = make(provider, kind, {"metadata": {"name": "p", "namespace": namespace}, "spec": {"region": "a", "size": 1}})
    this = subject(kind, resource_id=made.id)
    for spec, replaces in (({"region": "b", "size": 1}, ["spec.region"]), ({"region": "a", "size": 2}, [])):
        news = checked(provider, kind, {"metadata": {"name": "p", "namespace": namespace}, "spec": spec})
        assert list(provider.diff(this, inputs, made.outputs, news).replaces) == replaces


# -- kinds


def test_a_custom_resource_is_judged_by_its_definition_and_goes_with_it(provider, namespace, api):
    rules = [{"rule": "self.size <= 3", "message": "at most 3"}]
    _, crd = make(provider, CRD, definition("widgets", "Widget", **{"x-kubernetes-validations": rules}))
    kind = "kubernetes:example.com/v1:Widget"
    with pytest.raises(ProviderError, match=r"spec: Invalid value.*at most 3"):
        preview(provider, kind, {"metadata": {"name": "w", "namespace": namespace}, "spec": {"size": 4}})
    found = provider.check(subject(kind), {}, {"metadata": {"name": "w", "namespace": namespace}, "spec": {"siz": UNKNOWN}})
    assert [failure.reason for failure in found.failures] == ["spec.siz: there is no such field; did you mean size?"]
    inputs, made = make(provider, kind, {"metadata": {"name": "w", "namespace": namespace}, "spec": {"size": 1}})
    provider.delete(subject(CRD, resource_id=crd.id), {}, crd.outputs)
    with pytest.raises(ProviderError, match="404|could not find"):  # noqa: RUF043 -- two texts
        api.request("GET", in_namespace(namespace, "widgets", "w", "apis/example.com/v1"))
    provider.delete(subject(kind, resource_id=made.id), inputs, made.outputs)  # gone with its kind
    assert provider.read(subject(kind, resource_id=made.id), inputs, made.outputs) is None


def test_a_kind_that_nobody_knows_is_taken_unchecked(provider, namespace, api):
    kind = "kubernetes:unheard.example.org/v1:Gateway"
    inputs, made = make(provider, kind, {"metadata": {"name": "g", "namespace": namespace}, "spec": {"any": [1]}})
    live = api.request("GET", in_namespace(namespace, "gateways", "g", "apis/unheard.example.org/v1"))
    assert live["spec"] == {"any": [1]}
    assert permissive.is_permissive(
        api.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.unheard.example.org")
    )
    assert provider.read(subject(kind, resource_id=made.id), inputs, made.outputs).inputs == inputs
    newer = "kubernetes:unheard.example.org/v2:Gateway"
    make(provider, newer, {"metadata": {"name": "h", "namespace": namespace}, "spec": {}}, "newer")
    pools = "kubernetes:unheard.example.org/v1:ClusterThing"
    assert make(provider, pools, {"metadata": {"name": "c"}}, "c")[1].id == "default/c"
    make(provider, CRD, definition("gateways", "Gateway", "unheard.example.org"))  # the real one comes and takes its place
    found = provider.check(subject(kind, "i"), {}, {"metadata": {"name": "i", "namespace": namespace}, "spec": {"any": 1}})
    assert [failure.reason for failure in found.failures] == ["spec.any: there is no such field"]


# -- the end


def test_deleting_a_namespace_waits_until_it_is_gone(provider, api):
    inputs, made = make(provider, NAMESPACE, {"metadata": {"name": "passing"}})
    make(provider, CONFIG_MAP, config_map("passing"))
    make(provider, DEPLOYMENT, deployment("passing"))
    provider.delete(subject(NAMESPACE, resource_id=made.id), inputs, made.outputs)
    assert "passing" not in [item["metadata"]["name"] for item in api.request("GET", "/api/v1/namespaces")["items"]]


def test_a_namespace_that_hangs_is_told_with_its_conditions(provider, api):
    # Kubernetes itself waits five seconds before it begins to empty a namespace.
    inputs, made = make(provider, NAMESPACE, {"metadata": {"name": "hanging", "annotations": {"pulumi.com/timeoutSeconds": "9"}}})
    held, _ = make(provider, CONFIG_MAP, config_map("hanging", finalizers=["example.com/hold"]))
    with pytest.raises(ProviderError) as refused:
        provider.delete(subject(NAMESPACE, resource_id=made.id), inputs, made.outputs)
    text = str(refused.value)
    assert text.startswith("Namespace hanging is still being deleted after 9 s: ")
    assert "example.com/hold in 1 resource instances" in text
    assert "\n" not in text
    with pytest.raises(ProviderError, match="because it is being terminated"):
        make(provider, CONFIG_MAP, config_map("hanging", name="late"), "late")
    unheld = {"metadata": {"finalizers": None}}
    api.request("PATCH", in_namespace("hanging", "configmaps", "settings"), body=unheld, content_type="application/merge-patch+json")
    provider.delete(subject(NAMESPACE, resource_id=made.id), inputs, made.outputs)
    assert held["metadata"]["finalizers"] == ["example.com/hold"]


def test_an_interrupted_run_does_not_wait(provider, api):
    inputs, made = make(provider, NAMESPACE, {"metadata": {"name": "stopped"}})
    make(provider, CONFIG_MAP, config_map("stopped", finalizers=["example.com/hold"]))
    threading.Timer(1, provider.cancel).start()
    with pytest.raises(ProviderError, match="still being deleted after 1 s"):
        provider.delete(subject(NAMESPACE, resource_id=made.id), inputs, made.outputs)


def test_a_definition_whose_names_are_taken_is_written_and_not_ready(provider):
    make(provider, CRD, definition("cogs", "Cog"))
    clash = {**definition("sprockets", "Sprocket"), "metadata": {"name": "sprockets.example.com"}}
    clash["spec"]["names"]["shortNames"] = ["cogs"]
    with pytest.raises(PartialCreateError, match=r"was written, and .*cogs.* is already in use"):
        provider.create(subject(CRD, "clash"), checked(provider, CRD, clash, "clash"), preview=False)


def test_a_webhook_that_nobody_answers_is_told_in_one_line(provider, namespace, api):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    webhook = {
        "name": "judge.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": {"name": "judge", "namespace": namespace}},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    kind = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration"
    _, made = make(provider, kind, {"metadata": {"name": "judge"}, "webhooks": [webhook]})
    with pytest.raises(ProviderError, match=r'failed calling webhook "judge.example.com".*nobody answers for a webhook'):
        make(provider, CONFIG_MAP, config_map(namespace))
    provider.delete(subject(kind, resource_id=made.id), {}, made.outputs)


# -- killed runs


def test_what_a_killed_run_made_is_taken_over_and_only_that(connect, namespace):
    inputs = config_map(namespace)
    first = connect().create(subject(CONFIG_MAP), checked(connect(), CONFIG_MAP, inputs), preview=False)
    after = connect()  # the first was killed before the engine heard of it
    again = after.create(subject(CONFIG_MAP), checked(after, CONFIG_MAP, {**inputs, "data": {"a": "2"}}), preview=False)
    assert again.outputs["metadata"]["uid"] == first.outputs["metadata"]["uid"]
    assert again.outputs["data"] == {"a": "2"}
    after.diff(subject(CONFIG_MAP, resource_id=again.id), inputs, again.outputs, inputs)
    third = connect()
    third.read(subject(CONFIG_MAP, resource_id=again.id), inputs, again.outputs)
    with pytest.raises(ProviderError, match="already exists"):
        third.create(subject(CONFIG_MAP), checked(third, CONFIG_MAP, inputs), preview=False)


def test_an_orphan_under_another_name_goes_and_somebody_elses_object_stays(connect, namespace, api):
    names = lambda: {item["metadata"]["name"] for item in api.request("GET", in_namespace(namespace, "configmaps"))["items"]}  # noqa: E731
    connect().create(
        subject(CONFIG_MAP, "moved"), checked(connect(), CONFIG_MAP, config_map(namespace, name="old"), "moved"), preview=False
    )
    make(connect(), CONFIG_MAP, config_map(namespace, name="new"), "moved")
    assert names() == {"kube-root-ca.crt", "new"}
    api.request("POST", in_namespace(namespace, "configmaps"), body={"metadata": {"name": "theirs"}})
    theirs = checked(connect(), CONFIG_MAP, config_map(namespace, name="theirs"), "killed")
    announced = {"X-Sandbox-Create": f"{subject(CONFIG_MAP, 'killed').urn}|0"}
    body = {"cluster": CLUSTER, "kind": str(Kind("v1", "ConfigMap")), "namespace": namespace, "name": "theirs"}
    assert connect()._target().client.request("POST", "announce", body=body, headers=announced).ok  # killed before it was made
    connect().delete_unfinished(subject(CONFIG_MAP, "killed", "unfinished-create"), theirs)
    assert "theirs" in names()


def test_what_a_killed_run_made_is_deleted_where_nobody_takes_it_over(connect, namespace):
    inputs = checked(connect(), CONFIG_MAP, config_map(namespace), "gone")
    made = connect().create(subject(CONFIG_MAP, "gone"), inputs, preview=False)
    connect().delete_unfinished(subject(CONFIG_MAP, "gone", "unfinished-create"), inputs)
    assert connect().read(subject(CONFIG_MAP, "gone", made.id), inputs, {}) is None
