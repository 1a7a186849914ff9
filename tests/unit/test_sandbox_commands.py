"""`platformctl sandbox`: what it prints, and its exit codes."""

import json
import os
import subprocess
import sys

import pytest

from platformctl.__main__ import run
from platformctl.commands.sandbox import describe
from platformctl.invocation import program
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.lifecycle import Sandbox, Status

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    yield tmp_path
    lifecycle.stop(tmp_path)


def test_a_sandbox_is_started_shown_reset_and_stopped(project, capsys):
    def call(*arguments, code=0):
        assert run(["sandbox", *arguments, "-C", str(project)]) == code
        return capsys.readouterr()

    assert call("status").out == "sandbox default is not running\n"
    assert json.loads(call("status", "--json").out) == {"name": "default", "running": False}
    missing = call("env", code=3)
    assert (missing.out, missing.err) == ("", "sandbox default is not running; run `platformctl sandbox start`\n")

    assert call("start").out.startswith("sandbox default  http://127.0.0.1:")
    first = json.loads(call("start", "--json").out)
    sandbox = Sandbox.load(project)
    assert sandbox is not None
    assert (first["url"], first["pid"]) == (sandbox.url, sandbox.pid)
    SandboxClient(sandbox.url).request("PUT", "recorded", "aws:eks/addon:Addon", "x", body={})
    assert "aws:eks/addon:Addon  1" in call("status").out
    found = json.loads(call("status", "--json").out)
    assert (found["running"], found["recorded"]) == (True, {"aws:eks/addon:Addon": 1})

    environ = json.loads(call("env", "--json").out)
    exports = call("env").out
    script = exports + f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    shell = json.loads(subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, env=os.environ).stdout)
    assert {name: shell[name] for name in environ} == environ

    assert call("reset").out.startswith("sandbox default  http://127.0.0.1:")
    assert json.loads(call("status", "--json").out)["recorded"] == {}
    assert call("stop").out == "sandbox default stopped\n"
    assert call("stop").out == "sandbox default was not running\n"
    assert json.loads(call("stop", "--json").out) == {"name": "default", "stopped": False}


def test_a_wrong_name_is_bad_input(project, capsys):
    assert run(["sandbox", "start", "--name", "Not Good", "-C", str(project)]) == 2
    captured = capsys.readouterr()
    assert captured.err == "sandbox name 'Not Good'  use 1 to 40 of a-z, 0-9 and -, not at either end\n"
    assert not (project / ".platform").exists()


def test_the_status_tells_emulated_recorded_and_unchecked_apart():
    status = Status(
        name="default",
        url="http://127.0.0.1:1",
        pid=7,
        directory="/x",
        uptime_seconds=3725,
        resources={"ec2/eu-west-1": {"Subnet": 3, "VPC": 1}},
        recorded={"aws:eks/addon:Addon": 5},
        kubernetes={"https://dev": {"ConfigMap": 2, "NodePool.karpenter.sh": 1}},
        unchecked={"NodePool.karpenter.sh": 1},
        unconfirmed=2,
    )
    assert list(describe(status)) == [
        "sandbox default  http://127.0.0.1:1  up 1 h 2 min  process 7",
        "  AWS, emulated by moto",
        "    ec2/eu-west-1  3 Subnet, 1 VPC",
        "  recorded, not emulated: inputs checked and remembered, nothing behind them",
        "    aws:eks/addon:Addon  5",
        "  Kubernetes objects, checked against their schemas",
        "    https://dev  2 ConfigMap, 1 NodePool.karpenter.sh",
        "  of these without a known schema: stored unchecked",
        "    NodePool.karpenter.sh  1",
        f"  for a real Kubernetes API: `{program()} tools install kubernetes`, then `{program()} sandbox reset`",
        f"  for a real Vault: `{program()} tools install vault`, then `{program()} sandbox reset`",
        "  2 creates of a run that has not been followed by another yet",
    ]


def test_the_status_shows_every_kubernetes_api_and_the_vault():
    dev = {
        "name": "dev",
        "address": "https://dev.eks.amazonaws.com",
        "server": "https://127.0.0.1:4",
        "version": "1.35.4",
        "processes": {"kube-apiserver": 8, "etcd": 9},
        "objects": {"ConfigMap": 2, "Widget.example.test": 1},
        "unchecked": {"Widget.example.test": 1},
        "error": None,
    }
    dead = {
        **dev,
        "name": "prod",
        "version": None,
        "processes": {},
        "objects": {},
        "unchecked": {},
        "error": "it does not answer (ReadTimeoutError)",
    }
    vault = {
        "address": "http://127.0.0.1:5",
        "process": 11,
        "token_file": "/x/vault/token",
        "version": "1.13.1",
        "engines": ["sys/", "teams/"],
        "logins": ["token/"],
        "policies": 3,
        "error": None,
    }
    status = Status(
        "default",
        "http://127.0.0.1:1",
        7,
        "/x",
        9,
        {},
        {},
        {},
        {},
        0,
        kubernetes_api=True,
        clusters=[dev, dead],
        vault_api=True,
        vault=vault,
    )
    assert list(describe(status))[1:] == [
        "  Kubernetes API of dev, version 1.35.4  https://127.0.0.1:4  processes: kube-apiserver 8, etcd 9",
        "    no nodes: pods are judged and counted, none runs, and no workload's readiness is awaited",
        "    2 ConfigMap, 1 Widget.example.test",
        "    of these without a known definition, unchecked: 1 Widget.example.test",
        "  Kubernetes API of prod, version unknown  https://127.0.0.1:4  processes: none",
        "    no nodes: pods are judged and counted, none runs, and no workload's readiness is awaited",
        "    it does not answer (ReadTimeoutError)",
        "  Vault, version 1.13.1  http://127.0.0.1:5  process 11",
        "    3 policies; engines: sys/, teams/; logins: token/",
        "    for vault: VAULT_ADDR=http://127.0.0.1:5, and the token in /x/vault/token",
        "  for kubectl: KUBECONFIG=/x/kubeconfig",
    ]
