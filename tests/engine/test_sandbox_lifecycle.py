"""Random and Kubernetes resources, in the store that stands in for an API server: preview, up, drift, a killed run, destroy."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from platformctl.engine.cache import CACHE_VARIABLE
from platformctl.engine.cli import find_cli
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient

CLUSTER = "https://dev.example"
KUBECONFIG = json.dumps(
    {
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "dev"}}],
        "clusters": [{"name": "dev", "cluster": {"server": CLUSTER}}],
    }
)
PROGRAM = f"""
import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

settings = pulumi.Config()
password = random.RandomPassword("password", length=20)
pet = random.RandomPet("pet")
cluster = k8s.Provider("cluster", kubeconfig={KUBECONFIG!r})
on = pulumi.ResourceOptions(provider=cluster)
namespace = k8s.core.v1.Namespace("apps", opts=on)
inside = {{"namespace": namespace.metadata.name}}
k8s.core.v1.Secret("login", metadata=inside, string_data={{"password": password.result}}, opts=on)
k8s.core.v1.ConfigMap("settings", metadata={{**inside, "name": "settings"}}, data={{"mode": settings.get("mode") or "a"}}, opts=on)
k8s.core.v1.Service("web", metadata={{**inside, "name": "web"}}, spec={{"ports": [{{"port": 80}}]}}, opts=on)
k8s.apiextensions.CustomResource(
    "pool", api_version="karpenter.sh/v1", kind="NodePool", metadata={{"name": "general"}}, spec={{"weight": 1}}, opts=on
)
values = {{"token": password.result}}
release = k8s.helm.v3.Release("certs", chart="cert-manager", namespace=namespace.metadata.name, values=values, opts=on)
if settings.get_bool("slow"):
    release.status.apply(lambda _: __import__("time").sleep(600))
pulumi.export("pet", pet.id)
pulumi.export("password", password.result)
"""


class Program:
    """A small Pulumi project on a sandbox of its own."""

    def __init__(self, root, sandbox):
        self.root, self.sandbox = root, sandbox
        cli = find_cli()
        assert cli is not None
        self.pulumi = cli.path
        self.environ = {**os.environ, **sandbox.environ()}
        self.environ["PATH"] = os.pathsep.join([self.environ["PATH"], str(Path(sys.executable).parent)])

    def start(self, *arguments):
        return subprocess.Popen(
            [str(self.pulumi), *arguments, "--non-interactive", "--stack", "dev"],
            cwd=self.root,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments, check=0):
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == check, output
        return output

    def up(self, *arguments, **expected):
        return self.run("up", "--yes", "--skip-preview", *arguments, **expected)

    def objects(self, kind):
        body = SandboxClient(self.sandbox.url).request("GET", "kubernetes", CLUSTER, "objects", query={"kind": kind}).body
        return [item for item in body["items"] if not item["metadata"]["name"].startswith(("kube-", "default"))]


@pytest.fixture
def program(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path / "no-tools"))  # so that the cluster has no API server, and the store stands in
        lifecycle.start(tmp_path, "engine", lambda _: None)
    with lifecycle.temporary(tmp_path, "engine", lambda _: None) as sandbox:
        made = Program(tmp_path, sandbox)
        made.run("stack", "init")
        yield made
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(process.info["cmdline"] or ())]


def test_random_and_kubernetes_resources_from_preview_to_destroy(program):
    preview = program.run("preview")
    assert "password: [secret]" in preview
    assert "+ 10 to create" in preview
    program.up()
    outputs = json.loads(program.run("stack", "output", "--json", "--show-secrets"))
    assert len(outputs["password"]) == 20
    (namespace,) = (item["metadata"]["name"] for item in program.objects("Namespace"))
    assert f"apps-{namespace.removeprefix('apps-')}" == namespace
    (secret,) = program.objects("Secret")
    assert secret["metadata"]["namespace"] == namespace
    state = program.run("stack", "export")
    assert outputs["password"] not in state
    assert outputs["password"] not in preview

    assert "10 unchanged" in program.up()
    assert "10 unchanged" in program.run("refresh", "--yes", "--skip-preview")
    status = program.sandbox.status()
    assert status.unchecked == {"NodePool.karpenter.sh": 1}
    assert status.recorded == {"kubernetes:helm.sh/v3:Release": 1}

    (service,) = program.objects("Service")
    service["spec"]["ports"][0]["port"] = 8080
    path = ("kubernetes", CLUSTER, "v1", "Service", namespace, "web")
    assert SandboxClient(program.sandbox.url).request("PUT", *path, body=service).ok
    program.run("refresh", "--yes", "--skip-preview", "--expect-no-changes", check=7)
    assert "~ 1 updated" in program.up()
    assert program.objects("Service")[0]["spec"]["ports"][0]["port"] == 80

    program.run("config", "set", "mode", "b")
    assert "+-1 replaced" in program.up()
    assert [item["data"] for item in program.objects("ConfigMap")] == [{"mode": "b"}]

    assert "- 10 deleted" in program.run("destroy", "--yes", "--skip-preview")
    assert not any(program.objects(kind) for kind in ("Namespace", "Secret", "ConfigMap", "Service", "NodePool"))
    assert program.sandbox.status().recorded == {}


def test_a_wrong_object_is_refused_in_the_preview_and_nothing_is_made(program):
    source = program.root / "__main__.py"
    source.write_text(source.read_text().replace('"port": 80', '"prot": 80'))
    output = program.run("preview", check=1)
    assert "'web' has a problem: spec.ports[0].prot: there is no such field; did you mean port?" in output
    assert "Traceback" not in output
    program.up(check=1)
    assert program.objects("Service") == []


def test_after_a_killed_run_the_next_one_finishes_and_nothing_is_there_twice(program):
    program.run("config", "set", "slow", "true")
    run = program.start("up", "--yes", "--skip-preview")
    end = time.monotonic() + 120
    while not program.objects("Service"):
        assert time.monotonic() < end
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait(30)
    run.stdout.close()
    # What a killed engine leaves in its state: its lock, and a checkpoint from before the last creates.
    program.run("config", "rm", "slow")
    shutil.rmtree(program.sandbox.directory / "state" / ".pulumi" / "locks")
    program.up()
    for kind in ("Namespace", "Secret", "ConfigMap", "Service", "NodePool"):
        assert len(program.objects(kind)) == 1, kind
    assert "10 unchanged" in program.up()
    assert SandboxClient(program.sandbox.url).request("GET", "unconfirmed").body == []
    program.run("destroy", "--yes", "--skip-preview")
    assert not any(program.objects(kind) for kind in ("Namespace", "Secret", "ConfigMap", "Service", "NodePool"))
