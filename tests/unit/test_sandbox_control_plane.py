"""The parts of the sandbox's Kubernetes APIs that need no API server: certificates, arguments, processes, and what a failure says."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from moto.core.base_backend import BackendDict
from werkzeug.test import Client

from platformctl.sandbox.kubernetes import control_plane, programs
from platformctl.sandbox.kubernetes.born import eks_objects
from platformctl.sandbox.kubernetes.census import _is_theirs
from platformctl.sandbox.kubernetes.certificates import Authority
from platformctl.sandbox.kubernetes.control_plane import ControlPlaneError, Endpoint, kubeconfig
from platformctl.sandbox.kubernetes.control_planes import ControlPlanes
from platformctl.sandbox.kubernetes.definitions import Published
from platformctl.sandbox.kubernetes.processes import RECORD, Processes, end_left_over
from platformctl.sandbox.server import SandboxApplication

ROOT = Path(__file__).parents[2]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    yield made
    made.close()


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# -- certificates


def test_a_certificate_is_trusted_by_its_own_authority_alone(tmp_path: Path) -> None:
    ours, other = Authority.create("ours"), Authority.create("ours")
    signed = ours.sign("server", ["localhost"], ["127.0.0.1"])
    certificate = x509.load_pem_x509_certificate(signed.certificate)
    certificate.verify_directly_issued_by(ours.certificate)
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(other.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_key_is_readable_to_nobody_else_even_where_a_file_was_before(tmp_path: Path) -> None:
    (tmp_path / "server.key").write_text("old")
    (tmp_path / "server.key").chmod(0o644)
    _, key = Authority.create("a").sign("server").write(tmp_path, "server")
    assert key.stat().st_mode & 0o777 == 0o600
    assert "old" not in key.read_text()


# -- arguments


def flags(arguments: list[str]) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def test_every_listener_is_on_loopback() -> None:
    etcd = flags(programs.etcd_arguments(programs.EtcdFiles(Path("/e")), 1, 2))
    assert [value for name, value in etcd.items() if name.startswith("listen")] == ["https://127.0.0.1:1", "https://127.0.0.1:2"]
    assert (etcd["client-cert-auth"], etcd["peer-client-cert-auth"]) == ("true", "true")
    server = flags(programs.api_server_arguments(programs.Files(Path("/c")), programs.EtcdFiles(Path("/e")), 1, 3, "/dev", "https://i"))
    assert (server["bind-address"], server["secure-port"], server["authorization-mode"]) == ("127.0.0.1", "3", "RBAC")
    assert server["etcd-prefix"] == "/dev"
    assert flags(programs.controller_arguments(programs.Files(Path("/c"))))["secure-port"] == "0"


def test_the_first_cluster_is_the_current_context() -> None:
    ports = {"dev": 1, "prod": 2}
    endpoints = {name: Endpoint(f"https://127.0.0.1:{port}", Path(f"/{name}/ca.crt"), f"t-{name}") for name, port in ports.items()}
    config = kubeconfig(endpoints)
    assert config["current-context"] == "dev"
    assert {entry["name"]: entry["user"]["token"] for entry in config["users"]} == {"dev": "t-dev", "prod": "t-prod"}
    assert kubeconfig({})["current-context"] == ""
    assert "t-dev" not in repr(endpoints["dev"])


# -- processes


def test_closing_kills_and_starts_nothing_more(processes: Processes, tmp_path: Path) -> None:
    running = processes.start(["sleep", "600"], tmp_path / "log", {"PATH": os.environ["PATH"]})
    assert [entry["pid"] for entry in json.loads((tmp_path / RECORD).read_text())] == [running.pid]
    processes.close()
    assert running.returncode == -signal.SIGKILL
    assert json.loads((tmp_path / RECORD).read_text()) == []
    with pytest.raises(RuntimeError, match="being stopped"):
        processes.start(["sleep", "600"], tmp_path / "log", {"PATH": os.environ["PATH"]})


def test_a_process_outlives_the_thread_that_asked_for_it(processes: Processes, tmp_path: Path) -> None:
    """The kernel tells a child when the thread that started it ends; a request's thread ends with its answer."""
    started: list[subprocess.Popen[bytes]] = []

    def ask() -> None:
        started.append(processes.start(["sleep", "600"], tmp_path / "log", {"PATH": os.environ["PATH"]}))
        while psutil.Process(started[0].pid).name() != "sleep":  # until then it has not asked the kernel to be told
            time.sleep(0.01)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    with pytest.raises(subprocess.TimeoutExpired):
        started[0].wait(0.5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_server_takes_its_processes_with_it(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from platformctl.sandbox.kubernetes.processes import Processes\n"
        "folder = Path(sys.argv[1]); child = Processes(folder).start(['sleep', '600'], folder / 'log', dict(os.environ))\n"
        "print(child.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running()


def test_what_a_server_left_is_ended_and_nobody_elses_process_is(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as left, subprocess.Popen(["sleep", "600"]) as reused:
        created = psutil.Process(left.pid).create_time()
        entries = [{"pid": left.pid, "created": created}, {"pid": reused.pid, "created": created - 3600}, {"pid": os.getpid()}, "junk"]
        (tmp_path / RECORD).write_text(json.dumps(entries))
        try:
            end_left_over(tmp_path)
            assert not psutil.pid_exists(left.pid)
            assert psutil.pid_exists(reused.pid)
        finally:
            left.kill()
            reused.kill()


@pytest.mark.parametrize("record", [None, "", "{}", "[{"])
def test_no_record_is_nothing_left(record: str | None, tmp_path: Path) -> None:
    if record is not None:
        (tmp_path / RECORD).write_text(record)
    end_left_over(tmp_path)


# -- failures


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[ControlPlanes]:
    path = script(tmp_path / "program", "echo 'first words'; echo 'the port is taken' >&2; exit 1")
    made = ControlPlanes(tmp_path / "sandbox", dict.fromkeys(("etcd", "kube-apiserver", "kube-controller-manager"), path))
    (tmp_path / "sandbox").mkdir()
    yield made
    made.close()


def test_a_program_that_does_not_start_says_its_last_words(broken: ControlPlanes) -> None:
    with pytest.raises(ControlPlaneError, match=r"etcd ended while starting: the port is taken \(log: .*/etcd\.log\)") as caught:
        broken.endpoint("default")
    assert "\n" not in str(caught.value)


def test_a_program_that_does_not_answer_is_ended(tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_plane, "START_SECONDS", 0.5)
    program = control_plane._Program("slow", script(tmp_path / "slow", "exec sleep 600"), tmp_path / "log", processes)
    with pytest.raises(ControlPlaneError, match="slow did not answer within"):
        program.ensure([], lambda: False)
    assert program.pid is None
    assert json.loads((tmp_path / RECORD).read_text()) == []


def test_who_asks_for_an_api_that_does_not_start_is_told_why(broken: ControlPlanes) -> None:
    BackendDict.reset()
    answer = Client(SandboxApplication("me", broken)).get("/sandbox/kubernetes/default")
    assert answer.status_code == 503
    assert "the Kubernetes API of default cannot be had: etcd ended while starting: the port is taken" in answer.json["error"]


def test_without_programs_objects_are_stored_and_counted() -> None:
    BackendDict.reset()
    client = Client(SandboxApplication("me"))
    assert client.get("/sandbox/kubernetes").json == {"api": False, "stored": 0}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}}
    assert client.put("/sandbox/kubernetes/default/v1/ConfigMap/default/x", json=document).status_code == 201
    assert client.get("/sandbox/kubernetes").json == {"api": False, "stored": 1}


# -- what counts


@pytest.mark.parametrize(
    ("managers", "theirs"),
    [
        (["kube-apiserver"], False),
        (["eks"], False),
        ([], False),
        (["pulumi-kubernetes-1"], True),
        (["kube-controller-manager", "kubectl"], True),
    ],
)
def test_whose_an_object_is(managers: list[str], theirs: bool) -> None:
    assert _is_theirs({"metadata": {"managedFields": [{"manager": manager} for manager in managers]}}) is theirs


def test_a_cluster_is_born_with_definitions_that_are_at_hand(tmp_path: Path) -> None:
    assert [document["metadata"]["name"] for _, document in eks_objects(Published(None))] == ["gp2"]
    (tmp_path / "vpcresources.k8s.aws").mkdir()
    definition = {"metadata": {"name": "cninodes.vpcresources.k8s.aws"}, "spec": {"group": "vpcresources.k8s.aws"}}
    (tmp_path / "vpcresources.k8s.aws" / "cninodes.json").write_text(json.dumps(definition))
    assert [document["metadata"]["name"] for _, document in eks_objects(Published(tmp_path))] == ["cninodes.vpcresources.k8s.aws", "gp2"]
