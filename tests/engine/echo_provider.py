"""A provider plugin for tests: every resource is a JSON file in the folder ECHO_STORE, for tests to look at and to change out of band.

Inputs with a meaning: `value` (updated in place), `key` (replaces), `wait` (seconds a create takes), `fail` (message of a failing create).
"""

# ruff: noqa: N802 -- methods carry the names of the protocol

import json
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

STORE = Path(os.environ.get("ECHO_STORE", "."))


def plain(struct: Any) -> dict[str, Any]:
    return dict(json_format.MessageToDict(struct))


def fill(struct: Any, values: dict[str, Any]) -> None:
    json_format.ParseDict(values, struct)


class Echo(provider_pb2_grpc.ResourceProviderServicer):
    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=False, accept_resources=True, accept_outputs=False)

    def Parameterize(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not parameterized")

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = plain(request.old_inputs), plain(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) and not key.startswith("__"))
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=["key"] if "key" in changed else [],
            hasDetailedDiff=True,
            detailedDiff={
                key: provider_pb2.PropertyDiff(
                    kind=provider_pb2.PropertyDiff.UPDATE_REPLACE if key == "key" else provider_pb2.PropertyDiff.UPDATE
                )
                for key in changed
            },
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = plain(request.properties)
        response = provider_pb2.CreateResponse()
        fill(response.properties, inputs)
        if request.preview:
            return response
        if inputs.get("fail"):
            context.abort(grpc.StatusCode.UNKNOWN, str(inputs["fail"]))
        response.id = f"echo-{uuid.uuid4().hex[:8]}"
        (STORE / f"{response.id}.json").write_text(json.dumps(inputs))
        time.sleep(float(inputs.get("wait", 0)))
        return response

    def Read(self, request: Any, context: Any) -> Any:
        response = provider_pb2.ReadResponse()
        file = STORE / f"{request.id}.json"
        if file.exists():
            response.id = request.id
            fill(response.properties, json.loads(file.read_text()))
            fill(response.inputs, json.loads(file.read_text()))
        return response

    def Update(self, request: Any, context: Any) -> Any:
        response = provider_pb2.UpdateResponse()
        fill(response.properties, plain(request.news))
        if not request.preview:
            (STORE / f"{request.id}.json").write_text(json.dumps(plain(request.news)))
        return response

    def Delete(self, request: Any, context: Any) -> Any:
        (STORE / f"{request.id}.json").unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def main() -> None:
    server: Any = grpc.server(ThreadPoolExecutor(max_workers=16))  # type: ignore[no-untyped-call]
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
