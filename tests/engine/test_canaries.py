"""Planted secrets are searched for after a full run: in state, logs, previews, reports and error messages there is none in clear text.

Another area adds what it plants to `PROGRAM` and `PLANTED`; what is searched is everything that a run writes or prints.
"""

import base64
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from platformctl.sandbox import lifecycle
from tests.engine.conftest import Repository

pytestmark = pytest.mark.long

PLANTED = ("kv", "database", "kubernetes", "stored", "oidc", "configuration", "master")
PROGRAM = """
import json
import os

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_vault as vault

import platform_components as platform

planted = {name: pulumi.Output.secret(value) for name, value in json.loads(os.environ.get("PLANTED", "{}")).items()}
settings = pulumi.Config()
on_aws = pulumi.ResourceOptions(provider=aws.Provider("aws", region="eu-west-1"))
config = {"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "a"}}]}
config["clusters"] = [{"name": "a", "cluster": {"server": "https://canaries.example"}}]
on_cluster = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kubeconfig=json.dumps(config)))

store = vault.Mount("teams", path="teams", type="kv", options={"version": "2"})
vault.kv.SecretV2("login", mount=store.path, name="payments/ledger", data_json=pulumi.Output.json_dumps({"password": planted["kv"]}))
engine = vault.Mount("database", path="database", type="database")
vault.database.SecretBackendConnection(
    "orders", backend=engine.path, name="payments.orders", plugin_name=settings.get("plugin"),
    postgresql={"connection_url": "postgresql://v@127.0.0.1:1/o", "username": "v", "password": planted["database"]},
)
vault.jwt.AuthBackend(
    "people", type="oidc", path="oidc", oidc_discovery_url="https://login.invalid", oidc_client_id="v", oidc_client_secret=planted["oidc"]
)
k8s.core.v1.Secret("login", metadata={"name": "login"}, string_data={"password": planted["kubernetes"]}, opts=on_cluster)
aws.ssm.Parameter("login", name="/payments/login", type="SecureString", value=planted["stored"], opts=on_aws)
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", opts=on_aws)
subnets = [
    aws.ec2.Subnet(f"net-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=f"eu-west-1{zone}", opts=on_aws)
    for index, zone in enumerate("ab")
]
network = {"vpc_id": vpc.id, "subnet_ids": pulumi.Output.all(*(subnet.id for subnet in subnets))}
own = pulumi.ResourceOptions(providers=[on_aws.provider])
orders = platform.Database("orders", platform.DatabaseArgs(network=network, alarms={"enabled": False}), own)
pulumi.export("connection", orders.connection.as_inputs())
pulumi.export("master", orders.master_secret_arn)
pulumi.export("login", planted["kv"])
if settings.get_bool("leak"):
    k8s.core.v1.ConfigMap("leak", metadata={"name": "leak"}, data={"login": pulumi.Output.unsecret(planted["kv"])}, opts=on_cluster)
pulumi.export("configured", settings.get_secret("login"))
"""


@dataclass(frozen=True)
class Run:
    """What a full run left and said."""

    planted: dict[str, str]
    printed: dict[str, str]
    root: Path
    repository: Repository


@pytest.fixture(scope="module")
def run(vault_program: Path, kubernetes_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    root = tmp_path_factory.mktemp("canaries")
    planted = {name: f"canary-{name}-{secrets.token_hex(12)}" for name in PLANTED}
    (root / "Pulumi.yaml").write_text("name: canaries\nruntime: python\n")
    (root / "__main__.py").write_text(PROGRAM)
    with lifecycle.temporary(root, "default", lambda _: None) as sandbox:
        environ = {**os.environ, **sandbox.environ(), "PLANTED": json.dumps(planted)}
        repository = Repository(root, environ)
        printed: dict[str, str] = {}

        def said(name: str, *arguments: str, check: int | None = 0) -> None:
            done = repository.pulumi(*arguments, check=check)
            printed[name] = done.stdout + done.stderr

        said("init", "stack", "init", "dev")
        said("config", "config", "set", "--secret", "login", planted["configuration"], "--stack", "dev")
        said("preview", "preview", "--json", "--stack", "dev")
        said("up", "up", "--yes", "--skip-preview", "--stack", "dev")
        # RDS makes the master password, and the sandbox's the same one for everybody: it gets one that can be known again.
        master = json.loads(repository.pulumi("stack", "output", "--stack", "dev", "--json").stdout)["master"]
        login = json.dumps({"username": "master", "password": planted["master"]})
        repository.aws("secretsmanager").put_secret_value(SecretId=master, SecretString=login)
        said("refresh", "refresh", "--yes", "--stack", "dev")
        said("outputs", "stack", "output", "--stack", "dev")
        said("export", "stack", "export", "--stack", "dev")
        # Vault refuses it, and its refusal is told.
        said("refused", "up", "--yes", "--skip-preview", "--stack", "dev", "--config", "plugin=no-such-plugin", check=None)
        (root / "state.json").write_text(printed["export"])
        (root / "preview.json").write_text(printed["preview"])
        reports = ("--sarif", "out.sarif", "--html", "out.html", "--junit", "out.xml", "--json")
        for name, source in (("state", "--state"), ("preview", "--preview-json")):
            files = [str(root / f"{name}-{part}") if part.startswith("out.") else part for part in reports]
            done = repository.platformctl("check", source, str(root / f"{name}.json"), *files, check=None)
            assert done.returncode in {0, 1}, done.stderr
            printed[f"check {name}"] = done.stdout + done.stderr
        yield Run(planted, printed, root, repository)


def forms(value: str) -> tuple[bytes, ...]:
    """A secret as it is, and as it stands in what was encoded whole, wherever in it it begins."""
    plain = value.encode()
    # Whole groups of three only: those at both ends hold neighbours too.
    shifted = (plain[shift:] for shift in range(3))
    return plain, *(base64.b64encode(part[: len(part) // 3 * 3]) for part in shifted)


def told(printed: dict[str, str], value: str) -> list[str]:
    return [f"printed by {name}" for name, text in printed.items() if any(form in text.encode() for form in forms(value))]


def hits(run: Run, value: str) -> list[str]:
    found = told(run.printed, value)
    for path in run.root.rglob("*"):
        # The store of the cluster itself, where a Secret has to lie.
        if path.is_file() and not path.is_symlink() and "etcd" not in path.parts:
            content = path.read_bytes()
            found += [str(path.relative_to(run.root)) for form in forms(value) if form in content]
    return found


def test_no_planted_secret_is_anywhere_in_clear_text(run: Run) -> None:
    assert {name: found for name, value in run.planted.items() if (found := hits(run, value))} == {}


def test_the_run_did_what_it_was_to_be_searched_for(run: Run) -> None:
    assert "no-such-plugin" in run.printed["refused"]
    assert "error" in run.printed["refused"]
    assert {path.suffix for path in run.root.glob("*-out.*")} == {".sarif", ".html", ".xml"}
    written = [path for path in run.root.rglob("*") if path.is_file()]
    assert {"server.log", "vault.log", "audit.log"} <= {path.name for path in written}
    assert "[secret]" in run.printed["outputs"]
    # What may be told is told, and the secret it names is there: the search looks in the right places.
    master = next(line.split()[-1] for line in run.printed["outputs"].splitlines() if line.split()[:1] == ["master"])
    assert master in run.printed["export"]
    assert run.planted["master"] in run.repository.aws("secretsmanager").get_secret_value(SecretId=master)["SecretString"]


def test_the_search_finds_what_is_there(run: Run) -> None:
    planted = run.planted["kv"]
    (run.root / "leak.txt").write_text(f"password={planted}")
    try:
        assert hits(run, planted) == ["leak.txt"]
    finally:
        (run.root / "leak.txt").unlink()


def test_a_program_that_leaks_is_found(run: Run) -> None:
    """The same program, which forgets once that a secret is one; and a secret that is encoded with what stands around it."""
    done = run.repository.pulumi("preview", "--json", "--stack", "dev", "--config", "leak=true", check=None)
    assert told({"leak": done.stdout + done.stderr}, run.planted["kv"]) == ["printed by leak"]
    outputs = {"encoded": base64.b64encode(f"password={run.planted['kv']}".encode()).decode()}
    assert told(outputs, run.planted["kv"]) == ["printed by encoded"]
    assert told(outputs, run.planted["master"]) == []
