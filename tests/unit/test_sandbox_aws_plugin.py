"""The plugin framework over real gRPC, with a provider that keeps everything in memory."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from platformctl.sandbox import plugin, plugin_server
from platformctl.sandbox.wire import SECRET, SIGNATURE, UNKNOWN, UNKNOWN_TEXT, Secret, decode, encode

URN = "urn:pulumi:dev.network::platform::memory:index:Thing::thing"
SEEN: dict[str, Any] = {}


class Memory(plugin.Provider):
    name = "memory"
    version = "1.2.3"

    def configure(self, config):
        SEEN["config"] = config

    def check(self, subject, olds, news):
        failures = [plugin.Failure("bad", "is not a property")] if "bad" in news else []
        return plugin.Checked({**news, "size": 3}, failures)

    def diff(self, subject, old_inputs, old_outputs, news):
        changes = plugin.property_changes(old_inputs, news)
        return plugin.Difference(changes, replaces=[path for path in changes if path.startswith("name")])

    def create(self, subject, inputs, *, preview):
        SEEN["inputs"] = inputs
        if inputs.get("name") == "half":
            raise plugin.PartialCreateError("tagging failed", "id-1", {"name": "half"})
        if inputs.get("name") == "bug":
            raise KeyError("x")
        return plugin.Created("" if preview else "id-1", {**inputs, "arn": plugin.UNKNOWN if preview else "arn:1"})

    def read(self, subject, inputs, outputs):
        return None if subject.id == "gone" else plugin.ReadState(subject.id, inputs, outputs)

    def update(self, subject, old_inputs, old_outputs, news, *, preview):
        return {**old_outputs, **news}

    def delete(self, subject, inputs, outputs):
        SEEN["deleted"] = subject.id

    def invoke(self, token, args, *, preview):
        if token != "memory:index:get":
            raise plugin.ProviderError(f"unknown function {token}")
        return {"args": args}


@pytest.fixture
def stub() -> Iterator[Any]:
    SEEN.clear()
    ports: list[int] = []
    server = plugin_server.serve(Memory(), ports.append)
    with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None).wait()


def create(stub: Any, properties: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    return stub.Create(messages.CreateRequest(urn=URN, properties=encode(properties), **kwargs))


def test_handshake_takes_secrets_and_parameters_are_not_implemented(stub):
    assert stub.Handshake(messages.ProviderHandshakeRequest(engine_address="127.0.0.1:1")).accept_secrets
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    with pytest.raises(grpc.RpcError) as caught:
        stub.Parameterize(messages.ParameterizeRequest())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_values_cross_the_wire_whole():
    values = {"none": None, "int": 3, "float": 1.5, "bool": True, "list": [], "map": {}, "unknown": UNKNOWN, "deep": [{"a": [UNKNOWN]}]}
    back = decode(encode(values))
    assert back == values
    assert isinstance(back["int"], int)
    assert encode({"unknown": UNKNOWN}).fields["unknown"].string_value == UNKNOWN_TEXT


def test_nested_configuration_is_decoded(stub):
    stub.Configure(messages.ConfigureRequest(args=encode({"region": "eu-west-1", "defaultTags": '{"tags": {"a": "b"}}', "flag": "true"})))
    assert SEEN["config"] == {"region": "eu-west-1", "defaultTags": {"tags": {"a": "b"}}, "flag": True}


def test_a_secret_input_is_plain_for_the_provider_and_secret_in_the_outputs(stub):
    response = create(stub, {"name": "x", "password": Secret("hunter2")})
    assert SEEN["inputs"]["password"] == "hunter2"
    secret = response.properties.fields["password"].struct_value.fields
    assert secret[SIGNATURE].string_value == SECRET
    assert response.properties.fields["name"].string_value == "x"


def test_check_keeps_nested_secret_marks_and_reports_failures(stub):
    news = {"bad": 1, "nested": {"open": "a", "closed": Secret("b")}, "list": [1, Secret(2)]}
    response = stub.Check(messages.CheckRequest(urn=URN, news=encode(news)))
    assert [(failure.property, failure.reason) for failure in response.failures] == [("bad", "is not a property")]
    nested = response.inputs.fields["nested"].struct_value.fields
    assert nested["open"].string_value == "a"
    assert nested["closed"].struct_value.fields[SIGNATURE].string_value == SECRET
    assert response.inputs.fields["list"].list_value.values[0].number_value == 1
    assert response.inputs.fields["list"].list_value.values[1].struct_value.fields[SIGNATURE].string_value == SECRET


def test_diff_tells_replacement_and_update_apart(stub):
    old, new = {"name": "a", "tags": {"x.y": "1", "z": "2"}, "rules": [1, 2]}, {"name": "b", "tags": {"x.y": "3"}, "rules": [1]}
    response = stub.Diff(messages.DiffRequest(id="i", urn=URN, old_inputs=encode(old), news=encode(new)))
    assert response.changes == messages.DiffResponse.DIFF_SOME
    assert list(response.replaces) == ["name"]
    kinds = {path: messages.PropertyDiff.Kind.Name(diff.kind) for path, diff in response.detailedDiff.items()}
    assert kinds == {"name": "UPDATE_REPLACE", 'tags["x.y"]': "UPDATE", "tags.z": "DELETE", "rules[1]": "DELETE"}


def test_equal_inputs_are_no_difference(stub):
    same = encode({"name": "a", "list": [{"a": 1}]})
    assert stub.Diff(messages.DiffRequest(urn=URN, old_inputs=same, news=same)).changes == messages.DiffResponse.DIFF_NONE


def test_preview_marks_unknown_outputs(stub):
    assert create(stub, {"name": "x"}, preview=True).properties.fields["arn"].string_value == UNKNOWN_TEXT


def test_a_half_made_resource_keeps_its_id(stub):
    with pytest.raises(grpc.RpcError) as caught:
        create(stub, {"name": "half"})
    metadata = dict(caught.value.trailing_metadata())
    detail = messages.ErrorResourceInitFailed()
    status_pb2.Status.FromString(metadata["grpc-status-details-bin"]).details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("id-1", ["tagging failed"])


def test_a_fault_is_one_line(stub):
    with pytest.raises(grpc.RpcError) as caught:
        create(stub, {"name": "bug"})
    assert caught.value.details() == "KeyError: 'x'"


def test_a_resource_that_is_gone_reads_as_nothing(stub):
    assert stub.Read(messages.ReadRequest(id="gone", urn=URN)).id == ""
    assert stub.Read(messages.ReadRequest(id="here", urn=URN, properties=encode({"a": 1}))).properties.fields["a"].number_value == 1


def test_unknown_function_is_a_plain_message(stub):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Invoke(messages.InvokeRequest(tok="memory:index:other"))
    assert caught.value.details() == "unknown function memory:index:other"


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from platformctl.sandbox import plugin_server
from tests.unit.test_sandbox_aws_plugin import Memory
sys.exit(plugin_server.main(Memory()))
"""
ROOT = str(Path(__file__).parents[2])


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_quietly(end):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM.format(root=ROOT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    process.send_signal(end)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_the_process_ends_with_its_parent():
    # The parent starts the plugin, prints its pid and dies by SIGKILL.
    parent = (
        "import subprocess, sys, os, signal\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline(); print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", parent, PROGRAM.format(root=ROOT)], stdout=subprocess.PIPE, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < deadline, "the plugin outlived its parent"
        time.sleep(0.1)
    assert os.getpid() != pid
