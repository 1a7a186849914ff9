"""The Kubernetes provider: what an API server accepts, refuses and replaces, and what becomes of a killed run."""

import base64
import copy
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server

from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.kubernetes import objects, rules, schemas
from platformctl.sandbox.kubernetes.cluster import address_of, decode_yaml
from platformctl.sandbox.kubernetes.kinds import CLUSTER_SCOPED, FROZEN, Kind
from platformctl.sandbox.kubernetes.provider import KubernetesProvider
from platformctl.sandbox.plugin import UNKNOWN, ProviderError, Secret, Subject
from platformctl.sandbox.server import SandboxApplication

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
NAMESPACE = "kubernetes:core/v1:Namespace"
RELEASE = "kubernetes:helm.sh/v3:Release"
POOL = "kubernetes:karpenter.sh/v1:NodePool"
KUBECONFIG = {
    "current-context": "dev",
    "contexts": [{"name": "dev", "context": {"cluster": "dev"}}, {"name": "prod", "context": {"cluster": "prod"}}],
    "clusters": [
        {"name": "dev", "cluster": {"server": "https://dev.example/"}},
        {"name": "prod", "cluster": {"server": "https://prod.example"}},
    ],
}


@pytest.fixture(scope="module")
def url():
    server = make_server("127.0.0.1", 0, SandboxApplication(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(url, monkeypatch, request):
    """A provider of a cluster that no other test has."""
    return connect(url, monkeypatch, server=f"https://{request.node.name[:80]}.example".replace("[", "-").replace("]", ""))


def connect(url, monkeypatch, server="https://dev.example", **config):
    monkeypatch.setenv("PLATFORM_SANDBOX_URL", url)
    made = KubernetesProvider()
    kubeconfig = {**KUBECONFIG, "clusters": [{"name": "dev", "cluster": {"server": server}}]}
    made.configure({"kubeconfig": kubeconfig, **config})
    return made


def subject(kind, name="x", resource_id=""):
    return Subject(f"urn:pulumi:dev::p::{kind}::{name}", kind, name, resource_id)


def deployment(**changes):
    container = {"name": "web", "image": "nginx:1.27", **changes.pop("container", {})}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template, **changes.pop("spec", {})}
    return {"metadata": {"name": "web", "namespace": "default"}, "spec": spec, **changes}


def config_map(data=None, **metadata):
    return {"metadata": {"name": "x", "namespace": "default", **metadata}, "data": {"a": "1"} if data is None else data}


def failures(provider, kind, inputs):
    found = provider.check(subject(kind), {}, inputs).failures
    assert {failure.property for failure in found} <= {""}  # the engine would print the property's value
    return dict(failure.reason.split(": ", 1) for failure in found)


def plain(values):
    return {name: value.value if isinstance(value, Secret) else value for name, value in values.items()}


def create(provider, kind, inputs, name="x"):
    checked = provider.check(subject(kind, name), {}, inputs)
    assert list(checked.failures) == []
    made = provider.create(subject(kind, name), plain(checked.inputs), preview=False)
    return plain(checked.inputs), made


# -- what is refused


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        (DEPLOYMENT, deployment(), {}),
        (DEPLOYMENT, deployment(container={"image": UNKNOWN, "env": [{"name": "A", "value": UNKNOWN}]}), {}),
        (DEPLOYMENT, deployment(spec={"template": UNKNOWN}), {}),
        (DEPLOYMENT, deployment(spec={"replicas": None}), {}),
        (
            DEPLOYMENT,
            deployment(container={"imagePullpolicy": "Always"}),
            {"spec.template.spec.containers[0].imagePullpolicy": "there is no such field; did you mean imagePullPolicy?"},
        ),
        (
            DEPLOYMENT,
            deployment(container={"image_pull_policy": "Always"}),
            {"spec.template.spec.containers[0].image_pull_policy": "there is no such field; did you mean imagePullPolicy?"},
        ),
        (DEPLOYMENT, deployment(spec={"replicas": "3"}), {"spec.replicas": "must be a whole number, not a string"}),
        (DEPLOYMENT, deployment(spec={"paused": "no"}), {"spec.paused": "must be true or false, not a string"}),
        (
            DEPLOYMENT,
            deployment(container={"resources": {"limits": {"memory": "64MB", "cpu": "500m"}}}),
            {"spec.template.spec.containers[0].resources.limits.memory": "must be a quantity, such as 500m, 2 or 1Gi"},
        ),
        (
            DEPLOYMENT,
            deployment(container={"livenessProbe": {"httpGet": {"port": True}}}),
            {"spec.template.spec.containers[0].livenessProbe.httpGet.port": "must be a string or a whole number, not true or false"},
        ),
        (
            DEPLOYMENT,
            deployment(spec={"selector": {"matchLabels": {"app": "other"}}}),
            {"spec.selector.matchLabels.app": "must be a label of spec.template, with the same value"},
        ),
        (DEPLOYMENT, deployment(spec={"selector": {}}), {"spec.selector": "must not be empty"}),
        (DEPLOYMENT, {"metadata": {"name": "x"}}, {"spec": "is required"}),
        (
            DEPLOYMENT,
            {"metadata": {"name": "x"}, "spec": {"template": {}}},
            {"spec.selector": "is required"},
        ),
        (
            CONFIG_MAP,
            config_map(labels={"team/": "a", "a": "-x", "example.com/ok": "", "n": "x" * 64}),
            {'metadata.labels["team/"]', "metadata.labels.a", "metadata.labels.n"},
        ),
        (CONFIG_MAP, config_map({"a b": "1"}), {'data["a b"]', "data.a b"}),
        (CONFIG_MAP, config_map(name="Upper"), {"metadata.name"}),
        (CONFIG_MAP, config_map(name="a" * 254), {"metadata.name"}),
        (CONFIG_MAP, config_map({"a": 1}), {"data.a": "must be a string, not a whole number"}),
        (CONFIG_MAP, config_map({"a": "x" * 1_100_000}), {"data": "the ConfigMap holds more than 1048576 bytes"}),
        (CONFIG_MAP, config_map(annotations={"a": "x" * 300_000}), {"metadata.annotations": "are together longer than 262144 bytes"}),
        (SECRET, {"metadata": {"name": "x"}, "data": {"a": "no base64!"}}, {"data.a": "must be base64"}),
        (NAMESPACE, {"metadata": {"name": "a.b"}}, {"metadata.name"}),
        (
            NAMESPACE,
            {"metadata": {"name": "x", "namespace": "default"}},
            {"metadata.namespace": "Namespace objects are in no namespace; leave it out"},
        ),
        ("kubernetes:core/v1:Service", {"metadata": {"name": "1a"}}, {"metadata.name"}),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {"metadata": {"name": "system:Reader"}, "rules": []}, {}),
        (
            "kubernetes:policy/v1beta1:PodDisruptionBudget",
            {"metadata": {"name": "x"}},
            {"apiVersion": "Kubernetes 1.37 has no PodDisruptionBudget in policy/v1beta1; use policy/v1"},
        ),
        ("kubernetes:apps/v1:Deploymint", {"metadata": {"name": "x"}}, {"apiVersion": "Kubernetes 1.37 has no Deploymint in apps/v1"}),
        (POOL, {"metadata": {"name": "general"}, "spec": {"whatever": 1}}, {}),
        (POOL, {"metadata": {"name": "General"}, "spec": {}}, {"metadata.name"}),
    ],
)
def test_an_object_is_refused_with_path_and_reason(provider, kind, inputs, expected):
    found = failures(provider, kind, inputs)
    if isinstance(expected, dict):
        assert found == expected
    else:
        assert set(found) <= expected
        assert found


def test_every_problem_is_told_at_once(provider):
    bad = deployment(spec={"replicas": "3", "foo": 1}, container={"imag": "x"})
    assert set(failures(provider, DEPLOYMENT, bad)) == {"spec.replicas", "spec.foo", "spec.template.spec.containers[0].imag"}


def test_no_message_shows_a_value_that_may_be_secret(provider):
    text = "tops3cret"
    inputs = {"metadata": {"name": "x"}, "data": {"a": text}, "stringData": {"b": [text]}, "immutable": text}
    assert text not in str(failures(provider, SECRET, inputs))


# -- names and namespaces


def test_a_name_is_chosen_kept_on_update_and_new_on_replacement(provider):
    checked = provider.check(subject(CONFIG_MAP, "settings"), {}, {"data": {"a": "1"}})
    name = checked.inputs["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 7
    assert checked.inputs["metadata"]["namespace"] == "default"
    again = provider.check(subject(CONFIG_MAP, "settings"), {}, {"data": {"a": "1"}})
    assert again.inputs == checked.inputs  # the preview shows the name that `up` gives
    updated = provider.check(subject(CONFIG_MAP, "settings"), checked.inputs, {"data": {"a": "2"}})
    assert updated.inputs["metadata"]["name"] == name
    replaced = provider.check(subject(CONFIG_MAP, "settings"), {}, {"data": {"a": "2"}})
    assert replaced.inputs["metadata"]["name"] != name


def test_a_given_name_is_not_marked_and_removing_it_chooses_one(provider):
    given_name = provider.check(subject(CONFIG_MAP), {}, config_map()).inputs
    assert "annotations" not in given_name["metadata"]
    chosen = provider.check(subject(CONFIG_MAP), given_name, {"data": {}}).inputs
    assert chosen["metadata"]["name"] != "x"


def test_a_namespace_comes_from_the_provider_and_only_where_there_are_namespaces(url, monkeypatch):
    provider = connect(url, monkeypatch, namespace="team")
    assert provider.check(subject(CONFIG_MAP), {}, {"metadata": {"name": "x"}}).inputs["metadata"]["namespace"] == "team"
    assert "namespace" not in provider.check(subject(NAMESPACE), {}, {"metadata": {"name": "x"}}).inputs["metadata"]
    assert "namespace" not in provider.check(subject(POOL), {}, {"metadata": {"name": "x"}}).inputs["metadata"]


def test_generate_name_makes_a_new_name_each_time(provider):
    inputs = {"metadata": {"generateName": "job-"}}
    first, second = (create(provider, CONFIG_MAP, inputs, name)[1].id for name in "ab")
    assert first.startswith("default/job-")
    assert first != second


# -- life


def test_an_object_lives_from_preview_to_deletion(provider):
    inputs = provider.check(subject(CONFIG_MAP), {}, config_map()).inputs
    foretold = provider.create(subject(CONFIG_MAP), inputs, preview=True)
    assert foretold.id == ""
    assert foretold.outputs["metadata"]["uid"] is UNKNOWN
    made = provider.create(subject(CONFIG_MAP), inputs, preview=False)
    assert made.id == "default/x"
    assert made.outputs["metadata"]["generation"] == 1
    this = subject(CONFIG_MAP, resource_id=made.id)
    state = provider.read(this, inputs, made.outputs)
    assert (state.id, state.inputs, state.outputs) == (made.id, inputs, made.outputs)
    news = {**inputs, "metadata": {**inputs["metadata"], "labels": {"a": "b"}}}
    planned = provider.update(this, inputs, made.outputs, news, preview=True)
    assert planned["metadata"]["labels"] == {"a": "b"}
    assert planned["metadata"]["resourceVersion"] is UNKNOWN
    assert planned["metadata"]["uid"] == made.outputs["metadata"]["uid"]
    assert provider.update(this, inputs, made.outputs, news, preview=False)["metadata"]["labels"] == {"a": "b"}
    provider.delete(this, news, {})
    provider.delete(this, news, {})
    assert provider.read(this, news, {}) is None
    with pytest.raises(ProviderError, match="gone; run refresh"):
        provider.update(this, inputs, made.outputs, news, preview=False)


def out_of_band(provider, kind, change):
    cluster = provider._target()
    path = ("kubernetes", cluster.address, kind.api_version, kind.kind, "default", "x")
    live = cluster.client.request("GET", *path).body
    change(live)
    assert cluster.client.request("PUT", *path, body=live).ok


def test_what_somebody_else_changed_is_seen_and_what_they_added_is_left_alone(provider):
    inputs, made = create(provider, CONFIG_MAP, config_map())
    this = subject(CONFIG_MAP, resource_id=made.id)

    def change(live):
        live["data"]["a"] = "theirs"
        live["metadata"]["annotations"] = {"note": "theirs"}

    out_of_band(provider, Kind("v1", "ConfigMap"), change)
    state = provider.read(this, inputs, made.outputs)
    assert state.inputs == {**inputs, "data": {"a": "theirs"}}
    assert dict(provider.diff(this, state.inputs, state.outputs, inputs).changes) == {"data.a": "update"}
    outputs = provider.update(this, state.inputs, state.outputs, inputs, preview=False)
    assert outputs["data"] == {"a": "1"}
    assert outputs["metadata"]["annotations"] == {"note": "theirs"}


def test_a_secret_stays_secret_and_its_text_becomes_data(provider):
    checked = provider.check(subject(SECRET), {}, {"metadata": {"name": "x"}, "stringData": {"password": "hunter2"}})
    assert isinstance(checked.inputs["stringData"], Secret)
    inputs = plain(checked.inputs)
    made = provider.create(subject(SECRET), inputs, preview=False)
    assert made.outputs["data"] == Secret({"password": base64.b64encode(b"hunter2").decode()})
    assert made.outputs["stringData"] == Secret({"password": "hunter2"})
    this = subject(SECRET, resource_id=made.id)
    assert plain(provider.read(this, inputs, {}).inputs) == inputs
    out_of_band(provider, Kind("v1", "Secret"), lambda live: live["data"].update(password=base64.b64encode(b"theirs").decode()))
    drifted = provider.read(this, inputs, {})
    assert drifted.inputs["stringData"] == Secret({"password": "theirs"})
    assert "theirs" not in repr(drifted)


def test_an_import_takes_what_is_there(provider):
    create(provider, CONFIG_MAP, config_map())
    state = provider.read(subject(CONFIG_MAP, resource_id="default/x"), {}, {})
    assert state.inputs == {"apiVersion": "v1", "kind": "ConfigMap", **config_map()}


def test_an_existing_object_is_refused_unless_taking_it_over_is_asked_for(url, monkeypatch):
    first = connect(url, monkeypatch, "https://upsert.example")
    create(first, CONFIG_MAP, config_map(), "one")
    with pytest.raises(ProviderError, match="ConfigMap default/x already exists; import it, or set upsertExistingObjects"):
        create(first, CONFIG_MAP, config_map(), "two")
    taking = connect(url, monkeypatch, "https://upsert.example", upsertExistingObjects=True)
    assert create(taking, CONFIG_MAP, config_map({"a": "2"}), "three")[1].outputs["data"] == {"a": "2"}


def test_a_namespace_must_be_there_first(provider):
    with pytest.raises(ProviderError, match="namespace team of ConfigMap team/x does not exist"):
        create(provider, CONFIG_MAP, config_map(namespace="team"))


def test_a_load_balancer_gets_an_address(provider):
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    _, made = create(provider, "kubernetes:core/v1:Service", {"metadata": {"name": "web"}, "spec": spec})
    assert made.outputs["status"]["loadBalancer"]["ingress"][0]["hostname"].endswith(".invalid")
    inputs = provider.check(subject("kubernetes:core/v1:Service"), {}, {"metadata": {"name": "web"}, "spec": spec}).inputs
    assert provider.create(subject("kubernetes:core/v1:Service"), inputs, preview=True).outputs["status"] is UNKNOWN


# -- killed runs


def test_what_a_killed_run_made_is_taken_over(url, monkeypatch):
    server = "https://killed.example"
    _, first = create(connect(url, monkeypatch, server), CONFIG_MAP, config_map())  # killed before the engine heard of it
    after = connect(url, monkeypatch, server)
    inputs, again = create(after, CONFIG_MAP, config_map())
    assert again == first
    this = subject(CONFIG_MAP, resource_id=again.id)
    after.diff(this, inputs, again.outputs, inputs)
    third = connect(url, monkeypatch, server)
    with pytest.raises(ProviderError, match="already exists"):
        create(third, CONFIG_MAP, config_map())


def test_what_a_killed_run_made_in_another_cluster_is_not_taken_for_ours(url, monkeypatch):
    create(connect(url, monkeypatch, "https://old-cluster.example"), CONFIG_MAP, config_map(), "moved")
    after = connect(url, monkeypatch, "https://new-cluster.example")
    inputs, made = create(after, CONFIG_MAP, config_map(), "moved")
    assert after.read(subject(CONFIG_MAP, "moved", made.id), inputs, made.outputs) is not None


def test_what_a_killed_run_made_is_deleted_where_nobody_takes_it_over(url, monkeypatch):
    server = "https://killed-and-destroyed.example"
    name = "gone"
    inputs, _ = create(connect(url, monkeypatch, server), CONFIG_MAP, config_map(), name)
    after = connect(url, monkeypatch, server)

    def there():
        query = {"kind": "ConfigMap"}
        items = SandboxClient(url).request("GET", "kubernetes", server, "objects", query=query).body["items"]
        return [item["metadata"]["name"] for item in items if item["metadata"]["name"] == "x"]

    after.delete_unfinished(subject(CONFIG_MAP, "never-made"), inputs)
    assert there() == ["x"]
    after.delete_unfinished(subject(CONFIG_MAP, name), inputs)
    assert there() == []
    after.delete_unfinished(subject(CONFIG_MAP, name), inputs)

    third = connect(url, monkeypatch, server)
    create(third, CONFIG_MAP, config_map(), name)
    third.delete_unfinished(subject(CONFIG_MAP, name), inputs)
    assert there() == ["x"], "made in this run: it is the engine's own"


@pytest.mark.parametrize(("changed", "left"), [(config_map({"a": "2"}), ["x"]), (config_map(name="y"), ["y"])])
def test_a_program_that_changed_after_the_kill_leaves_one_object_as_it_says_now(url, monkeypatch, changed, left):
    server = f"https://killed-{left[0]}.example"
    kind = CONFIG_MAP
    create(connect(url, monkeypatch, server), kind, config_map(), server)
    after = connect(url, monkeypatch, server)
    _, made = create(after, kind, changed, server)
    items = SandboxClient(url).request("GET", "kubernetes", server, "objects", query={"kind": "ConfigMap"}).body["items"]
    assert [item["metadata"]["name"] for item in items] == left
    assert items[0]["data"] == changed["data"] == made.outputs["data"]


# -- replacement


def diff(provider, kind, old, new):
    checked = [provider.check(subject(kind), {}, inputs).inputs for inputs in (old, new)]
    return provider.diff(subject(kind, resource_id="default/x"), plain(checked[0]), {}, plain(checked[1]))


STATEFUL = {
    "metadata": {"name": "x"},
    "spec": {
        "serviceName": "x",
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    },
}


def changed(base, path, value):
    result = copy.deepcopy(base)
    *parents, last = path.split(".")
    inner = result
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return result


@pytest.mark.parametrize(
    ("kind", "old", "path", "value", "replaces"),
    [
        (DEPLOYMENT, deployment(), "spec.replicas", 5, False),
        (DEPLOYMENT, deployment(), "metadata.name", "other", True),
        (DEPLOYMENT, deployment(), "metadata.namespace", "kube-system", True),
        (DEPLOYMENT, deployment(), "metadata.labels", {"a": "b"}, False),
        (DEPLOYMENT, deployment(), "spec.selector", {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ("kubernetes:apps/v1:StatefulSet", STATEFUL, "spec.replicas", 2, False),
        ("kubernetes:apps/v1:StatefulSet", STATEFUL, "spec.serviceName", "y", True),
        ("kubernetes:apps/v1:StatefulSet", STATEFUL, "spec.podManagementPolicy", "Parallel", True),
        (CONFIG_MAP, config_map(), "data.a", "2", True),
        (CONFIG_MAP, config_map(), "metadata.annotations", {"a": "b"}, False),
        ("kubernetes:core/v1:Service", {"metadata": {"name": "x"}, "spec": {"clusterIP": "10.0.0.1"}}, "spec.clusterIP", "10.0.0.2", True),
        ("kubernetes:core/v1:Service", {"metadata": {"name": "x"}, "spec": {"type": "ClusterIP"}}, "spec.type", "NodePort", False),
        (POOL, {"metadata": {"name": "x"}, "spec": {"weight": 1}}, "spec.weight", 2, False),
    ],
)
def test_only_what_cannot_be_updated_replaces(provider, kind, old, path, value, replaces):
    difference = diff(provider, kind, old, changed(old, path, value))
    assert difference.changes
    assert bool(difference.replaces) == replaces
    assert difference.delete_before_replace == (replaces and not path.startswith("metadata.name"))


def test_no_change_is_no_difference(provider):
    assert not diff(provider, DEPLOYMENT, deployment(), deployment(spec={"paused": None})).changes


def test_a_named_object_makes_room_for_its_successor_and_an_autonamed_one_need_not(provider):
    old = provider.check(subject(CONFIG_MAP), {}, {"data": {"a": "1"}}).inputs
    kept = provider.check(subject(CONFIG_MAP), old, {"data": {"a": "2"}}).inputs
    difference = provider.diff(subject(CONFIG_MAP), old, {}, kept)
    assert (difference.replaces, difference.delete_before_replace) == (["data.a"], False)
    assert diff(provider, CONFIG_MAP, config_map(), config_map({"a": "2"})).delete_before_replace


def test_config_maps_and_secrets_are_updated_where_the_provider_is_told_so(url, monkeypatch):
    provider = connect(url, monkeypatch, enableConfigMapMutable=True, enableSecretMutable=True)
    assert not diff(provider, CONFIG_MAP, config_map(), config_map({"a": "2"})).replaces
    fixed = {**config_map(), "immutable": True}
    assert diff(provider, CONFIG_MAP, fixed, {**fixed, "data": {"a": "2"}}).replaces == ["data.a"]
    secret = {"metadata": {"name": "x"}, "type": "Opaque", "stringData": {"a": "1"}}
    assert not diff(provider, SECRET, secret, {**secret, "stringData": {"a": "2"}}).replaces
    assert diff(provider, SECRET, secret, {**secret, "type": "kubernetes.io/tls"}).replaces == ["type"]


# -- custom resources


DEFINITION = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "name": {"type": "string", "pattern": "^[a-z]+$"},
                                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                                    "odd": {"type": "string", "pattern": r"\p{Lu}"},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
WIDGET = "kubernetes:example.com/v1:Widget"


def widget(**spec):
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def test_a_custom_resource_is_checked_once_its_definition_is_there(provider):
    assert failures(provider, WIDGET, widget(siz=1)) == {}
    create(provider, "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", DEFINITION)
    good = widget(size=1, port="http", name="abc", free={"any": [1]}, labels={"a": "b"}, odd="x")
    assert failures(provider, WIDGET, good) == {}
    bad = widget(siz=1, size=0, port=1.5, name="A", labels={"a": 1})
    assert failures(provider, WIDGET, bad) == {
        "spec.siz": "there is no such field; did you mean size?",
        "spec.size": "breaks the rule exclusiveMinimum 0",
        "spec.port": "must be a string or a whole number, not a number",
        "spec.name": 'breaks the rule pattern "^[a-z]+$"',
        "spec.labels.a": "must be a string, not a whole number",
    }
    assert provider.check(subject(WIDGET), {}, good).inputs["metadata"]["namespace"] == "default"
    other = "kubernetes:example.com/v2:Widget"
    assert failures(provider, other, {**good, "apiVersion": "example.com/v2"}) == {
        "apiVersion": "the CustomResourceDefinition of Widget does not serve v2"
    }


def test_what_no_schema_is_known_for_is_counted_as_unchecked(provider, url):
    create(provider, "kubernetes:unchecked.example/v1:Thing", {"metadata": {"name": "t"}})
    create(provider, CONFIG_MAP, config_map())
    assert SandboxClient(url).request("GET", "status").body["unchecked"]["Thing.unchecked.example"] == 1


# -- Helm releases


def release(**more):
    return {"chart": "cert-manager", "version": "1.19.1", "namespace": "cm", "createNamespace": True, "values": {"a": {"b": 1}}, **more}


def test_a_release_is_recorded_with_its_revision_and_not_rendered(provider, url):
    inputs, made = create(provider, RELEASE, release(), "certs")
    assert made.id == f"cm/{inputs['name']}"
    assert made.outputs["status"]["status"] == "deployed"
    this = subject(RELEASE, "certs", made.id)
    assert provider.read(this, inputs, made.outputs).inputs == inputs
    news = {**inputs, "values": {"a": {"b": 2}}}
    assert not provider.diff(this, inputs, made.outputs, news).replaces
    assert provider.update(this, inputs, made.outputs, news, preview=False)["status"]["revision"] == 2
    assert provider.read(this, news, made.outputs).outputs["values"] == {"a": {"b": 2}}
    assert SandboxClient(url).request("GET", "status").body["recorded"][RELEASE] >= 1
    provider.delete(this, news, {})
    provider.delete(this, news, {})
    assert provider.read(this, news, {}) is None
    assert provider.diff(this, inputs, {}, {**inputs, "namespace": "other"}).replaces == ["namespace"]


def test_a_release_without_a_namespace_to_go_to_is_refused(provider):
    with pytest.raises(ProviderError, match=r"namespace nowhere of release .* does not exist; create it, or set createNamespace"):
        create(provider, RELEASE, {"chart": "x", "namespace": "nowhere"})


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, {"chart": "is required: a chart's name, path or oci:// address"}),
        ({"chart": "x", "valuse": {}}, {"valuse": "there is no such input of a Release"}),
        ({"chart": "x", "values": []}, {"values": "must be an object"}),
        ({"chart": "x", "timeout": UNKNOWN}, {}),
        (
            {"chart": "x", "repositoryOpts": {"repo": "charts.jetstack.io"}},
            {"repositoryOpts": "repo must be an address that begins with https://"},
        ),
        ({"chart": "x", "name": "A"}, {"name"}),
        ({"chart": "x", "name": "a" * 54}, {"name"}),
    ],
)
def test_bad_inputs_of_a_release_are_refused(provider, inputs, expected):
    found = failures(provider, RELEASE, inputs)
    assert found == expected if isinstance(expected, dict) else set(found) == expected


def test_a_killed_release_is_not_recorded_twice(url, monkeypatch):
    server = "https://killed-release.example"
    create(connect(url, monkeypatch, server), RELEASE, release(name="old"), server)
    _, made = create(connect(url, monkeypatch, server), RELEASE, release(name="new"), server)
    recorded = SandboxClient(url).request("GET", "recorded", RELEASE).body
    assert [key for key in recorded if key.startswith(server)] == [f"{server}|{made.id}"]


# -- configuration


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ({}, "default"),
        ({"kubeconfig": KUBECONFIG}, "https://dev.example"),
        ({"kubeconfig": KUBECONFIG, "context": "prod"}, "https://prod.example"),
        ({"kubeconfig": KUBECONFIG, "cluster": "prod"}, "https://prod.example"),
        (
            {
                "kubeconfig": "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://c'}}]"
            },
            "https://c",
        ),
    ],
)
def test_the_cluster_is_the_one_the_kubeconfig_leads_to(config, address):
    assert address_of(config) == address


@pytest.mark.parametrize(
    ("kubeconfig", "message"),
    [
        ("no/such/file", "neither a kubeconfig nor the path of one"),
        ("a: [\n", "not YAML"),
        ("just\ntext", "not an object"),
        ({}, "no current-context"),
        ({"current-context": "x"}, "contexts have no x"),
        ({**KUBECONFIG, "clusters": []}, "clusters have no dev"),
        ({**KUBECONFIG, "clusters": [{"name": "dev"}]}, "cluster dev has no server"),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_is_refused(kubeconfig, message):
    (failure,) = KubernetesProvider().check_config({"kubeconfig": kubeconfig})
    assert failure.property == "kubeconfig"
    assert message in failure.reason


def test_a_kubeconfig_that_is_not_known_yet_passes():
    assert KubernetesProvider().check_config({"kubeconfig": UNKNOWN}) == []


def test_a_cluster_that_is_gone_is_unreachable_and_can_be_let_go(url, monkeypatch):
    gone = "https://ABC.gr7.eu-west-1.eks.amazonaws.com"
    provider = connect(url, monkeypatch, gone)
    this = subject(CONFIG_MAP, resource_id="default/x")
    for act in (
        lambda: create(provider, CONFIG_MAP, config_map()),
        lambda: provider.read(this, config_map(), {}),
        lambda: provider.delete(this, config_map(), {}),
    ):
        with pytest.raises(ProviderError, match="unreachable"):
            act()
    connect(url, monkeypatch, gone, deleteUnreachable=True).delete(this, config_map(), {})


def test_without_a_sandbox_the_plugin_says_so(monkeypatch):
    monkeypatch.delenv("PLATFORM_SANDBOX_URL", raising=False)
    with pytest.raises(ProviderError, match="platformctl sandbox start"):
        KubernetesProvider().configure({})


@pytest.mark.parametrize("kind", ["kubernetes:apps/v1:DeploymentPatch", "kubernetes:core/v1:ConfigMapList"])
def test_types_of_the_sdk_that_are_no_objects_are_refused(provider, kind):
    with pytest.raises(ProviderError, match="declare the object"):
        provider.check(subject(kind), {}, {})


# -- YAML


def test_yaml_is_decoded_as_kubernetes_reads_it():
    dated = "apiVersion: v1\nkind: ConfigMap\ndata: {since: 2026-01-01}\n"
    text = f"{dated}---\n---\napiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Secret}}\n"
    first, second = decode_yaml(text, "team")
    assert first["data"] == {"since": "2026-01-01"}
    assert (second["kind"], second["metadata"]) == ("Secret", {"namespace": "team"})


@pytest.mark.parametrize(("text", "message"), [("a: [", "not YAML .line 1"), ("just text", "document 1"), ("kind: X", "document 1")])
def test_yaml_that_is_no_object_is_refused(text, message):
    with pytest.raises(ProviderError, match=message):
        decode_yaml(text)


def test_functions(provider):
    assert provider.invoke("kubernetes:yaml:decode", {"text": "{apiVersion: v1, kind: X}"}, preview=False) == {
        "result": [{"apiVersion": "v1", "kind": "X"}]
    }
    with pytest.raises(ProviderError, match="kubernetes:helm:template"):
        provider.invoke("kubernetes:helm:template", {}, preview=False)


# -- rules


JSON = st.recursive(
    st.integers() | st.text(max_size=3), lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@settings(deadline=None)
@given(old=DOCUMENTS, new=DOCUMENTS, theirs=DOCUMENTS)
def test_an_update_sets_ours_and_keeps_theirs(old, new, theirs):
    live = objects.merged({}, old, theirs)
    after = objects.merged(old, new, live)
    assert objects.live_inputs(Kind("v1", "X"), new, after) == new
    for key in theirs.keys() - old.keys() - new.keys():
        assert after[key] == theirs[key]
    for key in old.keys() - new.keys():
        assert key not in after


@settings(deadline=None)
@given(st.text("abz019-._/A%", max_size=70))
def test_a_name_rule_never_allows_what_a_url_cannot_carry(name):
    for kind in (Kind("v1", "Namespace"), Kind("v1", "Service"), Kind("v1", "ConfigMap"), Kind("rbac.authorization.k8s.io/v1", "Role")):
        if rules.name_problem(kind, name) is None:
            assert name
            assert "/" not in name
            assert "%" not in name
            assert len(name) <= 253


def test_the_tables_speak_of_kinds_that_exist():
    known = {(kind.group, kind.kind) for version in ("1.25", "1.31", "1.34", None) for kind in schemas.release(version).names}
    assert set(FROZEN) - known == set()
    assert CLUSTER_SCOPED - known == set()


@pytest.mark.parametrize(
    ("wanted", "version"), [("1.34", "1.34"), ("v1.33.5-eks-1", "1.33"), ("1.99", "1.37"), ("1.2", "1.25"), (None, "1.37")]
)
def test_the_schemas_are_those_of_the_cluster_or_the_nearest_before(wanted, version):
    assert schemas.release(wanted).version == version
