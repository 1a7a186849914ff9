"""An `up` that is cut off in the middle: the next one finishes, nothing is there twice, no lock needs hand work."""

import json
import os
import signal
import subprocess
import time
from collections import Counter

import psutil
import pytest

from tests.engine.conftest import PLATFORMCTL, Repository
from tests.engine.test_bring_up import made_in


def names_of_what_was_made(repository: Repository) -> Counter[str]:
    """How often each Name tag stands on an EC2 resource; a duplicate would count twice."""
    tags = repository.aws("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["Name"]}])["Tags"]
    return Counter(f"{tag['ResourceType']}/{tag['Value']}" for tag in tags)


def resources_in_state(repository: Repository) -> int:
    exported = repository.pulumi("stack", "export", "-s", "dev.network").stdout
    return len(json.loads(exported)["deployment"]["resources"])


def interrupt_up(repository: Repository, after_resources: int, strike: signal.Signals, whole_group: bool) -> None:
    """Start `up dev.network`, wait until the sandbox's AWS holds some of it, and strike."""
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
        if whole_group:
            os.killpg(process.pid, strike)
        else:
            process.send_signal(strike)
        process.wait(timeout=120)
        _, alive = psutil.wait_procs(victims, timeout=30)
        assert not alive, f"left behind: {alive}"
    finally:
        if process.stdout:
            process.stdout.close()


@pytest.mark.parametrize(
    ("strike", "whole_group", "after"),
    [(signal.SIGINT, True, 2), (signal.SIGKILL, True, 1), (signal.SIGKILL, False, 3)],
    ids=["ctrl-c", "kill-9-all", "kill-9-platformctl"],
)
def test_the_next_up_finishes(repository: Repository, strike: signal.Signals, whole_group: bool, after: int) -> None:
    interrupt_up(repository, after, strike, whole_group)
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
