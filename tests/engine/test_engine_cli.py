"""The engine's roads with a throw-away program and provider: plain `pulumi` command lines, policy packs, platformctl and its recovery."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from platformctl.engine.cli import find_cli

pytestmark = pytest.mark.engine

PROVIDER = Path(__file__).with_name("echo_provider.py")
THING = """
import pulumi


class Thing(pulumi.CustomResource):
    def __init__(self, name, props, opts=None):
        super().__init__("echo:index:Thing", name, props, opts)
"""


@dataclass
class Workshop:
    """A throw-away project with its own state and its own echo cloud."""

    root: Path
    environ: dict[str, str]

    @property
    def store(self) -> Path:
        """The echo cloud: one file for each resource."""
        return Path(self.environ["ECHO_STORE"])

    def write(self, program: str, **files: str) -> None:
        """Write the program, and files of other names beside it."""
        for name, text in {"__main__": program, "things": THING, **files}.items():
            (self.root / "prog" / f"{name}.py").write_text(text)

    def pulumi(self, *arguments: str, code: int = 0) -> str:
        """Run the plain CLI and expect an exit code; everything it printed."""
        return self._run(["pulumi", *arguments, "--non-interactive"], code)

    def platformctl(self, *arguments: str, code: int = 0) -> str:
        """Run platformctl on the project and expect an exit code; everything it printed."""
        printed = self._run([sys.executable, "-m", "platformctl", *arguments, "--no-sandbox", "-C", str(self.root)], code)
        assert "Traceback" not in printed
        return printed

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start platformctl on the project."""
        command = [sys.executable, "-m", "platformctl", *arguments, "--no-sandbox", "--yes", "-C", str(self.root)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.root, env=self.environ, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    def _run(self, command: list[str], code: int) -> str:
        done = subprocess.run(command, cwd=self.root, env=self.environ, capture_output=True, text=True, check=False, timeout=120)
        printed = done.stdout + done.stderr
        assert done.returncode == code, f"{command} ended with {done.returncode}:\n{printed}"
        return printed

    def in_store(self) -> list[dict[str, Any]]:
        """What the echo cloud holds."""
        return [json.loads(path.read_text()) for path in sorted(self.store.glob("*.json"))]

    def in_state(self, stack: str) -> dict[str, Any]:
        """The stack's resources by name, from its state."""
        exported = json.loads(self.pulumi("stack", "export", "-s", stack))
        return {item["urn"].rsplit("::", 1)[1]: item for item in exported["deployment"]["resources"]}


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    cli = find_cli()
    assert cli is not None
    for folder in ("project/prog", "project/pack", "bin", "store", "state", "home"):
        (tmp_path / folder).mkdir(parents=True)
    plugin = tmp_path / "bin" / "pulumi-resource-echo"
    plugin.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(PROVIDER))} "$@"\n')
    plugin.chmod(0o755)
    root = tmp_path / "project"
    (root / "Pulumi.yaml").write_text("name: workshop\nmain: prog/\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n")
    environ = cli.environ(os.environ)
    environ |= {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{environ['PATH']}",
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        "PULUMI_HOME": str(tmp_path / "home"),
        "ECHO_STORE": str(tmp_path / "store"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return Workshop(root, environ)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def no_orphans(workshop: Workshop) -> Iterator[None]:
    """After the test, no process of the workshop is left: they all carry its store in their environment."""
    yield

    def ours() -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("ECHO_STORE") == str(workshop.store) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    deadline = time.monotonic() + 20
    while left := ours():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.usefixtures("no_orphans")
def test_plain_command_lines(workshop: Workshop) -> None:
    workshop.write(
        "import pulumi\nfrom things import Thing\nimport more\n"
        'class Pair(pulumi.ComponentResource):\n    def __init__(self, name):\n        super().__init__("t:i:Pair", name)\n'
        '        Thing(f"{name}-left", {"value": "1"}, pulumi.ResourceOptions(parent=self))\n        self.register_outputs({})\n'
        'Pair("pair")\nprint("printed by the program")\n'
        'pulumi.export("stack", pulumi.get_stack())\npulumi.export("password", pulumi.Output.secret("s3cret"))\n',
        # Registers at import: preview and update share the host's process, and both must see it.
        more='from things import Thing\nThing("imported", {"value": "2"})\n',
    )
    workshop.pulumi("stack", "init", "dev.network")
    assert "+ 4 to create" in workshop.pulumi("preview", "-s", "dev.network")
    assert workshop.in_store() == []
    printed = workshop.pulumi("up", "-s", "dev.network", "--yes")
    assert "printed by the program" in printed
    assert "from $PATH at" not in printed.replace("pulumi-resource-echo from $PATH", ""), "the language host is no stranger to the engine"
    assert sorted(item["value"] for item in workshop.in_store()) == ["1", "2"]
    assert "[secret]" in workshop.pulumi("stack", "output", "-s", "dev.network")
    assert workshop.pulumi("stack", "output", "password", "-s", "dev.network", "--show-secrets").strip() == "s3cret"
    workshop.pulumi("refresh", "-s", "dev.network", "--yes", "--expect-no-changes")
    workshop.pulumi("up", "-s", "dev.network", "--yes", "--expect-no-changes")

    workshop.write(
        'import pulumi\nbelow = pulumi.StackReference("organization/workshop/dev.network")\n'
        'pulumi.export("password", below.get_output("password"))\npulumi.export("stack", below.require_output("stack"))\n'
    )
    workshop.pulumi("stack", "init", "dev.cluster")
    workshop.pulumi("up", "-s", "dev.cluster", "--yes", "--skip-preview")
    assert workshop.pulumi("stack", "output", "stack", "-s", "dev.cluster").strip() == "dev.network"
    assert workshop.pulumi("stack", "output", "password", "-s", "dev.cluster").strip() == "[secret]"
    state = (Path(workshop.environ["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/workshop/dev.cluster.json").read_text()
    assert "s3cret" not in state

    for stack in ("dev.cluster", "dev.network"):
        workshop.pulumi("destroy", "-s", stack, "--yes", "--skip-preview")
    assert workshop.in_store() == []


@pytest.mark.usefixtures("no_orphans")
def test_policy_packs(workshop: Workshop) -> None:
    (workshop.root / "pack" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (workshop.root / "pack" / "__main__.py").write_text(
        "from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy\n"
        'def no_nines(args, report):\n    if args.props.get("value") == "9":\n        report("nines are not allowed")\n'
        'PolicyPack("pack", enforcement_level=EnforcementLevel.MANDATORY,\n'
        '           policies=[ResourceValidationPolicy("no-nines", "No nines.", no_nines)])\n'
    )
    workshop.write('from things import Thing\nThing("a", {"value": "1"})\n')
    workshop.pulumi("stack", "init", "dev")
    assert "pack@" in workshop.pulumi("up", "-s", "dev", "--yes", "--skip-preview", "--policy-pack", "pack")
    workshop.write('from things import Thing\nThing("a", {"value": "9"})\n')
    refused = workshop.pulumi("preview", "-s", "dev", "--policy-pack", "pack", code=1)
    assert "no-nines" in refused
    assert "nines are not allowed" in refused
    assert [item["value"] for item in workshop.in_store()] == ["1"]


REFUSING = """
from platform_components.errors import DeclarationError, Problem
raise DeclarationError([Problem("is not a CIDR block", "network.cidr", "dev.yaml", 4), Problem("unknown key")])
"""


@pytest.mark.parametrize(
    ("program", "shown", "hidden"),
    [
        (
            REFUSING,
            ["dev.yaml:4  network.cidr  is not a CIDR block", "unknown key"],
            ["Traceback", "unhandled"],
        ),
        ('import pulumi\nraise pulumi.RunError("said in one sentence")\n', ["error: said in one sentence"], ["Traceback", "unhandled"]),
        ("import helper\nhelper.fail()\n", ['helper.py", line 2, in fail', "ValueError: boom"], ["language_host.py", "runpy"]),
        (
            'import pulumi\ndef late(_):\n    raise ValueError("late boom")\npulumi.export("x", pulumi.Output.from_input(1).apply(late))\n',
            ["in late", "ValueError: late boom"],
            ["language_host.py", "site-packages/pulumi/runtime"],
        ),
        ("import sys\nsys.exit(3)\n", ["Program exited with non-zero exit code: 3"], ["Traceback"]),
        ("def half(:\n", ["SyntaxError"], ["language_host.py"]),
    ],
    ids=["for people", "run error", "exception", "exception in an apply", "sys.exit", "syntax"],
)
def test_how_a_program_fails(workshop: Workshop, program: str, shown: list[str], hidden: list[str]) -> None:
    workshop.write(program, helper='def fail():\n    raise ValueError("boom")\n')
    workshop.pulumi("stack", "init", "dev")
    printed = workshop.pulumi("up", "-s", "dev", "--yes", "--skip-preview", code=1)
    for text in shown:
        assert text in printed
    for text in hidden:
        assert text not in printed


def test_a_folder_without_a_program(workshop: Workshop) -> None:
    workshop.pulumi("stack", "init", "dev")
    assert "there is no Python program" in workshop.pulumi("preview", "-s", "dev", code=1)


@pytest.mark.usefixtures("no_orphans")
def test_no_process_outlives_a_killed_engine(workshop: Workshop) -> None:
    workshop.write('import time\nfrom pathlib import Path\nPath("started").touch()\ntime.sleep(120)\n')
    workshop.pulumi("stack", "init", "dev")
    engine = subprocess.Popen(
        ["pulumi", "preview", "-s", "dev", "--non-interactive"], cwd=workshop.root, env=workshop.environ, stdout=subprocess.DEVNULL
    )
    until((workshop.root / "prog" / "started").exists)
    children = psutil.Process(engine.pid).children(recursive=True)
    assert children
    engine.kill()
    engine.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


@pytest.mark.usefixtures("no_orphans")
def test_platformctl_up_drift_refresh_destroy(workshop: Workshop) -> None:
    workshop.write('from things import Thing\nThing("a", {"value": "1", "tags": {"Team": "x"}})\nThing("b", {"value": "2"})\n')
    printed = workshop.platformctl("up", "dev", "--yes")
    assert printed.startswith("target: the real account, state in file://")
    assert "+ echo:index:Thing a created (" in printed
    assert "no drift" in workshop.platformctl("drift", "dev")

    changed = next(path for path in workshop.store.glob("*.json") if "tags" in path.read_text())
    changed.write_text(json.dumps({"value": "1", "tags": {"Team": "somebody-elses"}}))
    other = next(path for path in workshop.store.glob("*.json") if path != changed)
    other.unlink()
    before = workshop.in_state("dev")
    shown = workshop.platformctl("drift", "dev", code=1)
    assert "~ echo:index:Thing a  tags: declared {'Team': 'x'}, actual {'Team': 'somebody-elses'}" in shown
    assert "- echo:index:Thing b is gone" in shown
    assert workshop.in_state("dev") == before, "drift changes no state"
    assert "somebody-elses" in changed.read_text(), "nor the cloud"

    assert "1 created, 1 updated" in workshop.platformctl("up", "dev", "--yes")
    assert sorted(item["value"] for item in workshop.in_store()) == ["1", "2"]
    assert workshop.in_store() != []
    assert "no drift" in workshop.platformctl("drift", "dev")
    workshop.platformctl("refresh", "dev", "--yes")
    assert "dev: 3 deleted" in workshop.platformctl("destroy", "dev", "--yes")
    assert workshop.in_store() == []


def test_json_is_all_there_is_on_stdout(workshop: Workshop) -> None:
    workshop.write('from things import Thing\nThing("a", {"value": "1"})\n')
    command = [sys.executable, "-m", "platformctl", "up", "dev", "--yes", "--json", "--no-sandbox", "-C", str(workshop.root)]
    for expected in ({"create"}, {"same"}):
        done = subprocess.run(command, cwd=workshop.root, env=workshop.environ, capture_output=True, text=True, check=True)
        result = json.loads(done.stdout)
        assert (result["environment"], result["operation"]) == ("dev", "up")
        assert set(result["layers"][0]["changes"]) == expected
        assert "target: " in done.stderr


def test_changing_the_account_needs_a_yes(workshop: Workshop) -> None:
    workshop.write('from things import Thing\nThing("a", {"value": "1"})\n')
    for command in ("up", "destroy"):
        done = subprocess.run(
            [sys.executable, "-m", "platformctl", command, "dev", "--no-sandbox", "-C", str(workshop.root)],
            env=workshop.environ,
            cwd=workshop.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "--yes" in done.stderr
    assert workshop.in_store() == []


def test_a_failing_resource_is_named_with_its_providers_message(workshop: Workshop) -> None:
    workshop.write('from things import Thing\nThing("a", {"value": "1"})\nThing("bad", {"fail": "InvalidSubnet.Conflict: it overlaps"})\n')
    printed = workshop.platformctl("up", "dev", "--yes", code=3)
    assert "echo:index:Thing bad: " in printed
    assert "InvalidSubnet.Conflict: it overlaps" in printed
    workshop.write('from things import Thing\nThing("a", {"value": "1"})\nThing("bad", {"value": "2"})\n')
    assert "1 created" in workshop.platformctl("up", "dev", "--yes")


def test_a_program_that_refuses_ends_with_exit_2(workshop: Workshop) -> None:
    workshop.write(REFUSING)
    assert "dev.yaml:4  network.cidr  is not a CIDR block" in workshop.platformctl("up", "dev", "--yes", code=2)
    assert workshop.in_store() == []


QUICK_AND_SLOW = """
from things import Thing
for name, wait in (("quick", 0), ("slow-0", WAIT), ("slow-1", WAIT)):
    Thing(name, {"value": name, "wait": wait})
"""


def begin_up(workshop: Workshop, wait: float) -> "subprocess.Popen[str]":
    """Start an `up` of quick and slow resources; return once a slow one is in the cloud and its create has not answered."""
    workshop.write(QUICK_AND_SLOW.replace("WAIT", str(wait)))
    process = workshop.start("up", "dev")
    until(lambda: len(workshop.in_store()) == 3)
    return process


def finish(workshop: Workshop) -> None:
    """After an interruption the same command must finish, with everything there once."""
    workshop.platformctl("up", "dev", "--yes")
    assert sorted(item["value"] for item in workshop.in_store()) == ["quick", "slow-0", "slow-1"]
    assert {"quick", "slow-0", "slow-1"} <= set(workshop.in_state("dev"))
    assert "no drift" in workshop.platformctl("drift", "dev")


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize("strike", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_stops_cleanly_and_the_next_one_finishes(workshop: Workshop, strike: signal.Signals) -> None:
    process = begin_up(workshop, wait=2)
    process.send_signal(strike)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert "run the same command again" in printed
    assert "Traceback" not in printed
    finish(workshop)


@pytest.mark.usefixtures("no_orphans")
def test_after_kill_9_of_platformctl_the_next_up_waits_and_finishes(workshop: Workshop) -> None:
    process = begin_up(workshop, wait=4)
    process.kill()
    process.communicate(timeout=60)
    finish(workshop)


@pytest.mark.usefixtures("no_orphans")
def test_after_kill_9_of_everything_the_lock_is_removed_and_the_user_asked_to_look(workshop: Workshop) -> None:
    """The echo cloud, like a real one, does not find again what an interrupted create has made; nobody but the user can know."""
    process = begin_up(workshop, wait=30)
    everything = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for victim in everything:
        victim.kill()
    process.communicate(timeout=60)
    printed = workshop.platformctl("up", "dev", "--yes", code=3)
    assert "removed the lock of process" in printed
    assert "cut off while it created" in printed
    assert "echo:index:Thing slow-0" in printed
    for path in workshop.store.glob("*.json"):
        if "slow" in path.read_text():
            path.unlink()
    workshop.pulumi("refresh", "-s", "dev", "--yes", "--clear-pending-creates")
    workshop.write(QUICK_AND_SLOW.replace("WAIT", "0"))
    finish(workshop)


@pytest.mark.usefixtures("no_orphans")
def test_where_providers_find_interrupted_creates_again_nothing_is_asked(workshop: Workshop) -> None:
    process = begin_up(workshop, wait=30)
    everything = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for victim in everything:
        victim.kill()
    process.communicate(timeout=60)
    for path in workshop.store.glob("*.json"):
        if "slow" in path.read_text():
            path.unlink()
    workshop.write(QUICK_AND_SLOW.replace("WAIT", "0"))
    script = (
        "import os; from pathlib import Path\n"
        "from platformctl.engine.runner import StackRunner; from platformctl.project import find_project\n"
        "runner = StackRunner(find_project(Path.cwd()), dict(os.environ), adopts_interrupted=True)\n"
        "print(runner.up('dev').changes)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=workshop.root, env=workshop.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "what is there is taken over" in done.stderr
    finish(workshop)


def test_two_runs_on_one_stack_do_not_meet(workshop: Workshop) -> None:
    process = begin_up(workshop, wait=4)
    refused = workshop.platformctl("up", "dev", "--yes", code=3)
    assert "dev is in use by process" in refused
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed
