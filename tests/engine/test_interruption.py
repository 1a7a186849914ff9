"""An `up` that is cut off in the middle: the next one finishes, nothing is there twice, no lock needs hand work."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress

import psutil
import pytest

from tests.engine.conftest import PLATFORMCTL, Repository
from tests.engine.test_bring_up import made_in

pytestmark = pytest.mark.long


def names_of_what_was_made(repository: Repository) -> Counter[str]:
    """How often each Name tag stands on an EC2 resource; a duplicate would count twice."""
    tags = repository.aws("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["Name"]}])["Tags"]
    return Counter(f"{tag['ResourceType']}/{tag['Value']}" for tag in tags)


def resources_in_state(repository: Repository) -> int:
    exported = repository.pulumi("stack", "export", "-s", "dev.network").stdout
    return len(json.loads(exported)["deployment"]["resources"])


def interrupt_up(repository: Repository, after_resources: int, strike: signal.Signals, everything: bool) -> None:
    """Start `up dev.network`, wait until the sandbox holds some of it, and strike: platformctl alone, or the engine and plugins too."""
    repository.platformctl("sandbox", "start")
    ec2 = repository.aws("ec2")
    process = subprocess.Popen(
        [*PLATFORMCTL, "up", "dev.network", "--sandbox", "--yes", "-C", str(repository.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=dict(os.environ),
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if sum(not vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]):
                subnets = [subnet for subnet in ec2.describe_subnets()["Subnets"] if not subnet["DefaultForAz"]]
                if len(subnets) >= after_resources:
                    break
            time.sleep(0.05)
        assert process.poll() is None, "up ended before it could be interrupted"
        victims = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(strike)
        for victim in victims if everything else ():
            with suppress(psutil.NoSuchProcess):
                victim.send_signal(strike)
        process.wait(timeout=120)
        _, alive = psutil.wait_procs(victims, timeout=30)
        assert not alive, f"left behind: {alive}"
    finally:
        if process.stdout:
            process.stdout.close()


@pytest.mark.parametrize(
    ("strike", "everything", "after"),
    [(signal.SIGINT, False, 2), (signal.SIGKILL, True, 1), (signal.SIGKILL, False, 3)],
    ids=["ctrl-c", "kill-9-all", "kill-9-platformctl"],
)
def test_the_next_up_finishes(repository: Repository, strike: signal.Signals, everything: bool, after: int) -> None:
    interrupt_up(repository, after, strike, everything)
    repository.platformctl("up", "dev.network", "--sandbox", "--yes")
    made = made_in(repository)
    assert len(made["vpcs"]) == 1
    assert len(made["internet gateways"]) <= 1
    assert len(made["flow logs"]) == 1
    assert len(made["roles"]) == len({name.rsplit("-", 1)[0] for name in made["roles"]}), made["roles"]
    twice = {name: count for name, count in names_of_what_was_made(repository).items() if count > 1}
    assert not twice
    repository.platformctl("drift", "dev.network")
    repository.platformctl("destroy", "dev.network", "--sandbox", "--yes")
    left = {kind: items for kind, items in made_in(repository).items() if items}
    assert not left, "something was made that the state does not know"


def unfinished(repository: Repository) -> list[str]:
    """Names of the resources that the state calls begun, and of whose end it knows nothing."""
    deployment = json.loads(repository.pulumi("stack", "export", "-s", "dev.network").stdout)["deployment"]
    return [operation["resource"]["urn"].rsplit("::", 1)[1] for operation in deployment.get("pending_operations") or ()]


def test_destroy_right_after_a_kill_leaves_nothing(repository: Repository) -> None:
    """What the state does not know the id of goes, too."""
    interrupt_up(repository, 1, signal.SIGKILL, everything=True)
    assert unfinished(repository), "the run was cut off between two steps; nothing is shown by this"
    printed = repository.platformctl("destroy", "dev.network", "--sandbox", "--yes").stdout
    assert "an earlier run was cut off while it created" in printed
    assert {kind: items for kind, items in made_in(repository).items() if items} == {}
    status = json.loads(repository.platformctl("sandbox", "status", "--json").stdout)
    assert (status["resources"], status["recorded"], status["unconfirmed"]) == ({}, {}, 0)
    repository.platformctl("destroy", "dev.network", "--sandbox", "--yes")


TIERS = {"public", "private", "intra", "database", "cache"}
"""Tiers of dev.yaml."""


def test_what_is_no_longer_declared_after_a_kill_goes(repository: Repository) -> None:
    """The declaration is changed between the kill and the next `up`: what the killed run had begun for the old one is not left behind."""
    interrupt_up(repository, 1, signal.SIGKILL, everything=True)
    begun = unfinished(repository)
    declaration = repository.root / "stacks" / "environments" / "dev.yaml"
    tiers = [tier for tier in ("intra", "database", "cache") if any(name.startswith(f"dev-{tier}-") for name in begun)]
    text = declaration.read_text(encoding="utf-8")
    for tier in tiers:
        text = text.replace(f", {tier}", "")
    # What stands in those tiers goes with them: stores in a tier that is not there are refused.
    text = re.sub(r"^data:.*\n(?:  .*\n)+|^resilience:.*\n", "", text, flags=re.MULTILINE)
    declaration.write_text(text, encoding="utf-8")
    repository.platformctl("up", "dev.network", "--sandbox", "--yes")
    # Not through names_of_what_was_made: moto still lists the tags of a subnet that is gone.
    vpc = {"Name": "vpc-id", "Values": made_in(repository)["vpcs"]}
    subnets = repository.aws("ec2").describe_subnets(Filters=[vpc])["Subnets"]
    names = [tag["Value"] for subnet in subnets for tag in subnet["Tags"] if tag["Key"] == "Name"]
    assert sorted(names) == sorted(f"dev-{tier}-{zone}" for tier in TIERS - set(tiers) for zone in ("euw1-az1", "euw1-az2"))
    again = json.loads(repository.platformctl("up", "dev.network", "--sandbox", "--yes", "--json").stdout)
    assert set(again["layers"][0]["changes"]) == {"same"}
    repository.platformctl("destroy", "dev.network", "--sandbox", "--yes")
    assert {kind: items for kind, items in made_in(repository).items() if items} == {}
