"""A sandbox's life with real processes: nothing is left behind, nothing is mistaken, state and server go together."""

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import psutil
import pytest

from platform_components.errors import DeclarationError
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient, SandboxGoneError, urn_key
from platformctl.sandbox.lifecycle import Sandbox, SandboxError

pytestmark = pytest.mark.timeout(180)


def processes(root):
    """Living processes whose command line names this folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if str(root) in " ".join(process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
        and process.pid != os.getpid()
    ]


def eventually(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def root(tmp_path):
    yield tmp_path
    left = processes(tmp_path)
    for process in left:
        process.kill()
    assert left == []


@pytest.fixture
def lines():
    return []


@pytest.fixture
def sandbox(root, lines):
    with lifecycle.temporary(root, "default", lines.append) as started:
        yield started


def record(root, name="default"):
    return root / ".platform" / "sandbox" / name / "server.json"


# -- start and stop


def test_a_started_sandbox_is_found_again_and_a_stopped_one_is_not(root, lines):
    sandbox = lifecycle.start(root, announce=lines.append)
    assert Sandbox.load(root) == sandbox
    assert lifecycle.start(root, announce=lines.append) == sandbox
    assert len(processes(root)) == 1
    (sandbox.directory / "state" / "x").write_text("state")
    sandbox.stop()
    assert Sandbox.load(root) is None
    assert processes(root) == []
    assert [path.name for path in sandbox.directory.iterdir()] == ["server.log"]
    assert lines == []
    sandbox.stop()
    assert lifecycle.stop(root) is False
    with pytest.raises(SandboxGoneError, match="run `platformctl sandbox start`"):
        sandbox.status()


def test_the_server_listens_on_this_machine_only_and_lives_in_its_own_session(sandbox):
    process = psutil.Process(sandbox.pid)
    addresses = {connection.laddr.ip for connection in process.net_connections("inet") if connection.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}
    assert os.getsid(sandbox.pid) == sandbox.pid != os.getsid(0)


def test_two_sandboxes_run_side_by_side(root, lines):
    with lifecycle.temporary(root, "a", lines.append) as first, lifecycle.temporary(root, "b", lines.append) as second:
        SandboxClient(first.url).request("PUT", "recorded", "t", "x", body=1)
        assert first.port != second.port
        assert (first.status().recorded, second.status().recorded) == ({"t": 1}, {})
        assert first.environ()["PULUMI_BACKEND_URL"] != second.environ()["PULUMI_BACKEND_URL"]
        first.stop()
        assert Sandbox.load(root, "b") == second


def test_two_starts_at_once_make_one_server(root):
    script = (
        "import sys; from pathlib import Path; from platformctl.sandbox import lifecycle; print(lifecycle.start(Path(sys.argv[1])).pid)"
    )
    starts = [subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    pids = {start.communicate(timeout=60)[0].strip() for start in starts}
    assert len(pids) == 1
    assert lifecycle.stop(root) is True


def test_reset_gives_an_empty_sandbox(sandbox, lines):
    SandboxClient(sandbox.url).request("PUT", "recorded", "t", "x", body=1)
    (sandbox.directory / "state" / "x").write_text("state")
    fresh = sandbox.reset(lines.append)
    try:
        assert fresh.status().recorded == {}
        assert list((fresh.directory / "state").iterdir()) == []
        assert lines == []
    finally:
        fresh.stop()


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "-a", "a-", "a" * 41, "ä"])
def test_a_name_that_is_no_folder_name_is_refused(root, name):
    with pytest.raises(DeclarationError, match="sandbox name"):
        lifecycle.start(root, name)
    assert list(root.iterdir()) == []


# -- mistaken identities


def test_a_recycled_process_number_is_not_taken_for_the_server_nor_killed(root, monkeypatch):
    monkeypatch.setattr(lifecycle, "_HEALTH_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as other:
        file = record(root)
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"pid": os.getpid(), "created": 1.0, "port": other.getsockname()[1], "identity": "x"}))
        assert Sandbox.load(root) is None
        assert lifecycle.stop(root) is False  # and this test goes on


def test_another_sandbox_behind_the_same_number_and_port_is_not_taken_for_ours(root, sandbox):
    theirs = json.loads(record(root).read_text())
    file = record(root, "other")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({**theirs, "identity": "somebody else"}))
    assert Sandbox.load(root, "other") is None
    assert Sandbox.load(root) == sandbox


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "created": 1, "port": 1, "identity": ""}'])
def test_a_damaged_record_is_no_sandbox(root, text):
    file = record(root)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert Sandbox.load(root) is None


# -- remains


def test_state_of_a_dead_server_is_removed_with_a_line(root, lines):
    dead = lifecycle.start(root, announce=lines.append)
    (dead.directory / "state" / "x").write_text("state")
    psutil.Process(dead.pid).kill()
    # Its port closes before its process ends: until then it is a server that hangs, which is told in other words.
    eventually(lambda: dead._process() is None)
    with lifecycle.temporary(root, "default", lines.append) as fresh:
        assert list((fresh.directory / "state").iterdir()) == []
        assert fresh.pid != dead.pid
    assert lines == ["sandbox default: its server is gone and with it every resource; the left-over engine state is removed"]


def test_a_server_that_hangs_is_ended_and_replaced(root, lines, monkeypatch):
    monkeypatch.setattr(lifecycle, "_HEALTH_SECONDS", 0.5)
    monkeypatch.setattr(lifecycle, "GRACE_SECONDS", 0.5)
    hanging = lifecycle.start(root, announce=lines.append)
    psutil.Process(hanging.pid).suspend()
    assert Sandbox.load(root) is None
    monkeypatch.setattr(lifecycle, "_HEALTH_SECONDS", 5.0)
    with lifecycle.temporary(root, "default", lines.append) as fresh:
        assert fresh.pid != hanging.pid
        assert [process.pid for process in processes(root)] == [fresh.pid]
    assert lines[0] == f"sandbox default: the server (process {hanging.pid}) does not answer and is ended"


def test_a_server_ends_when_its_folder_is_removed(root, lines):
    sandbox = lifecycle.start(root, announce=lines.append)
    record(root).unlink()
    eventually(lambda: processes(root) == [])
    sandbox.stop()


def test_a_clock_that_was_set_does_not_lose_the_server(root, sandbox):
    record(root).write_text(json.dumps({**json.loads(record(root).read_text()), "created": 1.0}))
    moved = Sandbox.load(root)
    assert moved is not None
    assert moved.pid == sandbox.pid
    moved.stop()
    assert processes(root) == []


# -- starts that fail


def test_a_start_that_fails_says_why_and_leaves_nothing(root, lines, monkeypatch):
    failing = "import sys; sys.exit('the port is taken')"
    monkeypatch.setattr(lifecycle, "_server_command", lambda directory, _: [sys.executable, "-c", failing, str(directory)])
    with pytest.raises(SandboxError, match="ended while starting: the port is taken"):
        lifecycle.start(root, announce=lines.append)
    assert not record(root).exists()
    assert Sandbox.load(root) is None


def test_a_start_that_takes_too_long_is_ended_even_if_it_ignores_being_told(root, lines, monkeypatch):
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    monkeypatch.setattr(lifecycle, "_server_command", lambda directory, _: [sys.executable, "-c", stubborn, str(directory)])
    monkeypatch.setattr(lifecycle, "START_SECONDS", 1.0)
    monkeypatch.setattr(lifecycle, "GRACE_SECONDS", 0.5)
    with pytest.raises(SandboxError, match="did not answer within 1 s"):
        lifecycle.start(root, announce=lines.append)
    assert processes(root) == []


START_AND_HANG = """
import signal, sys, time
from pathlib import Path
from urllib.parse import urlsplit
from platformctl.sandbox import lifecycle

def hang(root, name, process):
    while not (lifecycle.sandbox_directory(root, name) / "server.json").exists():
        time.sleep(0.05)
    print(process.pid, flush=True)
    time.sleep(600)

# What is started in the background inherits that Ctrl-C is ignored; a user's terminal does not.
signal.signal(signal.SIGINT, signal.default_int_handler)
lifecycle._await_health = hang
lifecycle.start(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_start_that_is_interrupted_leaves_no_server(root, signum):
    starter = subprocess.Popen(
        [sys.executable, "-c", START_AND_HANG, str(root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    assert psutil.pid_exists(server)
    starter.send_signal(signum)
    starter.wait(30)
    starter.stdout.close()
    eventually(lambda: processes(root) == [])
    assert Sandbox.load(root) is None


def test_a_server_survives_the_command_that_started_it(root):
    script = (
        "import sys; from pathlib import Path; from platformctl.sandbox import lifecycle; print(lifecycle.start(Path(sys.argv[1])).pid)"
    )
    pid = int(subprocess.run([sys.executable, "-c", script, str(root)], check=True, capture_output=True, text=True).stdout)
    time.sleep(1.5)
    sandbox = Sandbox.load(root)
    assert sandbox is not None
    assert sandbox.pid == pid
    sandbox.stop()


# -- the environment


def test_the_environment_leads_here_and_nowhere_else(root, sandbox, monkeypatch, tmp_path):
    profile = tmp_path / "real"
    profile.write_text("[profile work]\naws_access_key_id = REAL\naws_secret_access_key = REAL\nregion = us-east-1\n")
    for name, value in {"AWS_PROFILE": "work", "AWS_CONFIG_FILE": str(profile), "AWS_SESSION_TOKEN": "REAL", "no_proxy": "corp"}.items():
        monkeypatch.setenv(name, value)
    environ = sandbox.environ()
    assert environ["PATH"].split(os.pathsep)[0] == str(sandbox.directory / "bin")
    assert environ["no_proxy"] == "corp,127.0.0.1,localhost"
    assert environ["PLATFORM_SANDBOX_URL"] == environ["AWS_ENDPOINT_URL"] == sandbox.url
    assert Path(urlsplit(environ["PULUMI_BACKEND_URL"]).path).is_dir()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(region_name="eu-west-1")
    credentials = session.get_credentials().get_frozen_credentials()
    assert (credentials.access_key, credentials.token or "") == ("sandbox", "")
    assert session.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_asking_twice_for_the_environment_changes_nothing(sandbox, monkeypatch):
    first = sandbox.environ()
    for name, value in first.items():
        monkeypatch.setenv(name, value)
    assert sandbox.environ() == first


def test_a_shell_reads_the_exports_as_they_are_meant(tmp_path):
    odd = {"A": 'it\'s "odd" $HOME `x`\nline', "B": ""}
    script = lifecycle.shell_exports(odd) + f"{shlex.quote(sys.executable)} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    seen = json.loads(subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path).stdout)
    assert {name: seen[name] for name in odd} == odd


@pytest.mark.parametrize("package", ["kubernetes", "random"])
def test_the_launchers_start_plugins_whatever_lies_in_the_program_folder(sandbox, package, tmp_path):
    launcher = sandbox.directory / "bin" / f"pulumi-resource-{package}"
    assert launcher.stat().st_mode & stat.S_IXUSR
    for module in ("random", "json", "grpc"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('the wrong module')")
    plugin = subprocess.Popen([str(launcher), "127.0.0.1:1"], stdout=subprocess.PIPE, cwd=tmp_path, text=True)
    try:
        assert plugin.stdout is not None
        assert int(plugin.stdout.readline()) > 0
    finally:
        plugin.terminate()
        plugin.wait(30)
        plugin.stdout.close()


# -- requests


def test_a_create_whose_client_was_killed_is_kept(sandbox):
    urn = urn_key("urn:pulumi:dev::p::aws:ec2/vpc:Vpc::main")
    body = b"Action=CreateVpc&CidrBlock=10.0.0.0%2F16&Version=2016-11-15"
    head = (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Sandbox-Create: {urn}|d1\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", sandbox.port)) as client:
        client.sendall(head.encode() + body)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close with a reset, as a kill does
    client = SandboxClient(sandbox.url)
    eventually(lambda: client.request("GET", "unconfirmed").body == [urn])
    assert sandbox.status().resources["ec2/eu-west-1"]["VPC"] == 1


def test_what_the_server_logs_are_faults_only(sandbox):
    SandboxClient(sandbox.url).request("GET", "status")
    assert (sandbox.directory / "server.log").read_text() == ""
