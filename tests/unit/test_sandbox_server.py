"""The sandbox's server without a process around it: replayed creates, the stores, and what counts as made by us."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.base_backend import BackendDict
from werkzeug.test import Client
from werkzeug.wrappers import Response

from platformctl.sandbox import moto_fixes
from platformctl.sandbox.client import urn_key
from platformctl.sandbox.replay import Replay
from platformctl.sandbox.server import SandboxApplication

URN = "urn:pulumi:dev.network::platform::aws:ec2/vpc:Vpc::main"
EC2 = {"Authorization": "AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0"}
CLUSTER = "https%3A%2F%2Fdev.example"


@pytest.fixture
def client():
    BackendDict.reset()
    yield Client(SandboxApplication("me"))
    BackendDict.reset()


def creating(urn=URN, digest="d1", **more):
    return {"X-Sandbox-Create": f"{urn_key(urn)}|{digest}", **more}


def ec2(client, headers=None, **form):
    return client.post("/", data={"Version": "2016-11-15", **form}, headers={**EC2, **(headers or {})})


def vpc_count(client):
    return ec2(client, Action="DescribeVpcs").text.count("<vpcId>")


class Counting:
    """A WSGI application that answers with the number of the request."""

    def __init__(self, status="201 CREATED", gate=None):
        self.runs, self.status, self.gate = 0, status, gate
        self.entered = threading.Semaphore(0)

    def __call__(self, environ, start_response):
        self.runs += 1
        self.entered.release()
        if self.gate:
            self.gate.wait(5)
        return Response(str(self.runs), status=self.status, headers={"X-Own": "kept"})(environ, start_response)


# -- replayed creates


def test_a_create_that_nobody_confirmed_is_answered_again_and_not_run_again(client):
    before = vpc_count(client)
    first = ec2(client, creating(), Action="CreateVpc", CidrBlock="10.0.0.0/16")
    again = ec2(client, creating(digest="d2"), Action="CreateVpc", CidrBlock="10.9.0.0/16")
    assert first.status_code == again.status_code == 200
    assert "X-Sandbox-Replayed" not in first.headers
    assert again.headers["X-Sandbox-Replayed"] == "d1"
    assert again.data == first.data
    assert vpc_count(client) == before + 1
    assert client.get("/sandbox/unconfirmed").json == [urn_key(URN)]


def test_after_confirmation_the_same_urn_makes_a_new_resource(client):
    before = vpc_count(client)
    ec2(client, creating(), Action="CreateVpc", CidrBlock="10.0.0.0/16")
    assert client.post("/sandbox/confirm", json={"urns": [urn_key(URN), "unknown"]}).status_code == 200
    assert client.get("/sandbox/unconfirmed").json == []
    again = ec2(client, creating(), Action="CreateVpc", CidrBlock="10.1.0.0/16")
    assert "X-Sandbox-Replayed" not in again.headers
    assert vpc_count(client) == before + 2


@pytest.mark.parametrize("how", ["header", "endpoint"])
def test_a_forgotten_create_is_run_again(client, how):
    app = Counting()
    replay = Replay(app)
    inner = Client(replay)
    inner.get("/", headers=creating())
    if how == "endpoint":
        replay.forget(urn_key(URN))
    headers = creating(digest="d2", **({"X-Sandbox-Forget": "1"} if how == "header" else {}))
    assert inner.get("/", headers=headers).text == "2"
    replayed = inner.get("/", headers=creating(digest="d3"))
    assert (replayed.text, replayed.headers["X-Sandbox-Replayed"], replayed.headers["X-Own"]) == ("2", "d2", "kept")


def test_a_refused_create_is_tried_again(client):
    app = Counting("400 BAD REQUEST")
    inner = Client(Replay(app))
    assert [inner.get("/", headers=creating()).text for _ in range(2)] == ["1", "2"]


def test_without_the_header_nothing_is_replayed():
    app = Counting()
    inner = Client(Replay(app))
    assert [inner.get("/").text for _ in range(3)] == ["1", "2", "3"]


def test_two_creates_of_one_urn_at_the_same_time_make_one_resource():
    gate = threading.Event()
    app = Counting(gate=gate)
    replay = Replay(app)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(lambda: Client(replay).get("/", headers=creating()).text) for _ in range(8)]
        gate.set()
        assert [answer.result() for answer in answers] == ["1"] * 8
    assert app.runs == 1


def test_two_urns_do_not_wait_for_each_other():
    gate = threading.Event()
    app = Counting(gate=gate)
    replay = Replay(app)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(lambda: Client(replay).get("/", headers=creating("urn:a")).text)
        assert app.entered.acquire(timeout=5)
        fast = pool.submit(lambda: Client(replay).get("/", headers=creating("urn:b")).text)
        assert app.entered.acquire(timeout=5)
        gate.set()
        assert {slow.result(), fast.result()} == {"2"}
    assert replay.unconfirmed() == ["urn:a", "urn:b"]


def test_a_request_cut_off_in_its_body_is_not_run():
    app = Counting()
    cut = {"CONTENT_LENGTH": "100"}
    answer = Client(Replay(app)).post("/", input_stream=BytesIO(b"Action=Create"), headers=creating(), environ_overrides=cut)
    assert (answer.status_code, app.runs) == (400, 0)


@pytest.mark.parametrize("header", ["no-separator", "|digest", ""])
def test_a_malformed_header_is_refused(header):
    app = Counting()
    assert Client(Replay(app)).get("/", headers={"X-Sandbox-Create": header}).status_code == 400
    assert app.runs == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["create", "confirm", "forget", "restart"]), st.sampled_from("ab"))))
def test_each_confirmed_create_ran_exactly_once(steps):
    """Model: a URN has at most one unconfirmed resource, and a create makes one only where there is none."""
    app = Counting()
    replay = Replay(app)
    pending, made = set(), 0
    for action, urn in steps:
        if action == "create":
            Client(replay).get("/", headers=creating(urn))
            made += urn not in pending
            pending.add(urn)
        elif action == "confirm":
            replay.confirm([urn])
            pending.discard(urn)
        elif action == "forget":
            replay.forget(urn)
            pending.discard(urn)
        assert app.runs == made
        assert replay.unconfirmed() == sorted(pending)


# -- recorded resources


def test_recorded_documents_keep_types_and_ids_with_slashes_apart(client):
    kind, key = "aws:eks/addon:Addon", "dev/vpc-cni"
    path = "/sandbox/recorded/aws%3Aeks%2Faddon%3AAddon/dev%2Fvpc-cni"
    assert client.get(path).status_code == 404
    assert client.put(path, json={"version": "v1"}).status_code == 200
    assert client.get(path).json == {"version": "v1"}
    assert client.get("/sandbox/recorded").json == {kind: {key: {"version": "v1"}}}
    assert client.get("/sandbox/recorded/aws%3Aeks%2Faddon%3AAddon").json == {key: {"version": "v1"}}
    assert client.get("/sandbox/recorded/other").json == {}
    assert client.get("/sandbox/status").json["recorded"] == {kind: 1}
    assert client.delete(path).status_code == 200
    assert client.delete(path).status_code == 404
    assert client.get("/sandbox/recorded").json == {}


def test_a_recorded_create_is_replayed_too(client):
    path = "/sandbox/recorded/t/one"
    client.put(path, json=1, headers=creating())
    answer = client.put("/sandbox/recorded/t/two", json=2, headers=creating(digest="d2"))
    assert (answer.headers["X-Sandbox-Replayed"], answer.json) == ("d1", {"id": "one"})
    assert client.get("/sandbox/recorded").json == {"t": {"one": 1}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/sandbox/recorded/t/one", b"{", 400),
        ("PATCH", "/sandbox/recorded/t/one", b"", 405),
        ("POST", "/sandbox/confirm", b'{"urns": "x"}', 400),
        ("POST", "/sandbox/confirm", b"[]", 400),
        ("POST", "/sandbox/forget", b"{}", 400),
        ("GET", "/sandbox/nothing", b"", 404),
        ("POST", "/sandbox/health", b"", 404),
        ("GET", f"/sandbox/kubernetes/{CLUSTER}/v1/ConfigMap", b"", 404),
        ("PUT", f"/sandbox/kubernetes/{CLUSTER}/v1/ConfigMap/default/x", b"[]", 400),
        ("POST", f"/sandbox/kubernetes/{CLUSTER}/v1/ConfigMap/default/x", b"{}", 405),
    ],
)
def test_bad_requests_say_what_is_wrong(client, method, path, body, status):
    answer = client.open(path, method=method, data=body)
    assert answer.status_code == status
    assert answer.json["error"]


# -- Kubernetes objects


def k8s(path, **query):
    return f"/sandbox/kubernetes/{CLUSTER}/{path}" + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}, "data": data}


def test_the_server_stamps_objects_as_an_api_server_does(client):
    path = k8s("v1/ConfigMap/default/x")
    created = client.put(path, json=config_map(a="1"))
    assert created.status_code == 201
    first = created.json["metadata"]
    assert first["generation"] == 1
    same = client.put(path, json=config_map(a="1"))
    assert (same.status_code, same.json["metadata"]) == (200, first)
    changed = client.put(path, json=config_map(a="2")).json["metadata"]
    assert (changed["uid"], changed["creationTimestamp"], changed["generation"]) == (first["uid"], first["creationTimestamp"], 2)
    assert int(changed["resourceVersion"]) > int(first["resourceVersion"])
    labelled = {**config_map(a="2"), "metadata": {"name": "x", "namespace": "default", "labels": {"a": "b"}}}
    assert client.put(path, json=labelled).json["metadata"]["generation"] == 2
    assert client.get(path).json["metadata"]["labels"] == {"a": "b"}


def test_an_existing_object_is_not_created_again(client):
    client.put(k8s("v1/ConfigMap/default/x"), json=config_map())
    refused = client.put(k8s("v1/ConfigMap/default/x", create=1), json=config_map())
    assert (refused.status_code, refused.json) == (409, {"error": "ConfigMap default/x already exists"})


def test_a_namespace_must_exist_and_takes_its_objects_along(client):
    missing = client.put(k8s("v1/ConfigMap/team/x"), json=config_map())
    assert (missing.status_code, missing.json) == (404, {"error": "namespace team of ConfigMap team/x does not exist"})
    client.put(k8s("v1/Namespace/-/team"), json={"metadata": {"name": "team"}})
    client.put(k8s("v1/ConfigMap/team/x"), json=config_map())
    client.put(k8s("v1/ConfigMap/default/x"), json=config_map())
    client.delete(k8s("v1/Namespace/-/team"))
    assert client.get(k8s("v1/ConfigMap/team/x")).status_code == 404
    assert client.get(k8s("v1/ConfigMap/default/x")).status_code == 200


def test_an_object_is_the_same_in_every_version_of_its_group(client):
    client.put(k8s("autoscaling%2Fv1/HorizontalPodAutoscaler/default/x"), json={"apiVersion": "autoscaling/v1"})
    assert client.get(k8s("autoscaling%2Fv2/HorizontalPodAutoscaler/default/x")).status_code == 200
    assert client.get(k8s("other%2Fv2/HorizontalPodAutoscaler/default/x")).status_code == 404


def test_clusters_are_apart_and_listed_by_what_is_asked_for(client):
    client.put(k8s("v1/ConfigMap/default/x"), json=config_map(), headers={})
    client.put(k8s("x.io%2Fv1/Thing/-/y", unchecked=1), json={"apiVersion": "x.io/v1", "kind": "Thing"})
    assert client.get("/sandbox/kubernetes/other/objects?kind=ConfigMap").json == {"items": []}
    assert len(client.get(k8s("objects", kind="ConfigMap")).json["items"]) == 1
    assert len(client.get(k8s("objects", group="x.io")).json["items"]) == 1
    status = client.get("/sandbox/status").json
    assert status["kubernetes"] == {"https://dev.example": {"ConfigMap": 1, "Thing.x.io": 1}}
    assert status["unchecked"] == {"Thing.x.io": 1}


@pytest.fixture
def eks(client):
    """boto3 clients would need a socket; moto's own mock shares its backends with the application."""
    from moto import mock_aws  # noqa: PLC0415 -- imports all of moto

    moto_fixes.apply("eks")  # as at the first request
    with mock_aws():
        yield boto3.client("eks", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_an_eks_cluster_is_reachable_while_it_exists_and_its_objects_go_with_it(client, eks):
    def create(name):
        arguments = {"roleArn": "arn:aws:iam::123456789012:role/x", "resourcesVpcConfig": {"subnetIds": []}, "version": "1.34"}
        return eks.create_cluster(name=name, **arguments)["cluster"]

    first, second = create("a"), create("b")
    assert first["endpoint"] != second["endpoint"]
    assert first["identity"] != second["identity"]
    path = "/sandbox/kubernetes/" + first["endpoint"].replace(":", "%3A").replace("/", "%2F")
    assert client.get(path).json == {"reachable": True, "version": "1.34", "api": None}
    assert client.put(f"{path}/v1/ConfigMap/default/x", json=config_map()).status_code == 201
    eks.delete_cluster(name="a")
    assert client.get(path).json == {"reachable": False, "version": None, "api": None}
    gone = client.get(f"{path}/v1/ConfigMap/default/x")
    assert gone.status_code == 503
    assert first["endpoint"] in gone.json["error"]
    assert client.get("/sandbox/status").json["kubernetes"] == {}


# -- what we made


def test_only_what_we_made_is_counted(client):
    ec2(client, Action="DescribeVpcs")
    assert client.get("/sandbox/status").json["resources"] == {}
    made = ec2(client, Action="CreateVpc", CidrBlock="10.0.0.0/16").text
    vpc = made.partition("<vpcId>")[2].partition("<")[0]
    ec2(client, Action="CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")
    counts = client.get("/sandbox/status").json["resources"]["ec2/eu-west-1"]
    assert counts == {"NetworkAcl": 1, "RouteTable": 1, "SecurityGroup": 1, "Subnet": 1, "VPC": 1}
    subnet = ec2(client, Action="DescribeSubnets").text.partition("<cidrBlock>10.0.0.0/24")[0].rpartition("<subnetId>")[2].partition("<")[0]
    ec2(client, Action="DeleteSubnet", SubnetId=subnet)
    ec2(client, Action="DeleteVpc", VpcId=vpc)
    assert client.get("/sandbox/status").json["resources"] == {}


def test_health_names_the_server(client):
    assert client.get("/sandbox/health").json["identity"] == "me"
    assert json.loads(client.get("/sandbox/status").text)["uptime_seconds"] >= 0
