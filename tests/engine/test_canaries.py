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

PLANTED = ("kv", "database", "kubernetes", "stored", "oidc", "configuration")
PROGRAM = """
import json
import os

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_vault as vault

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
pulumi.export("login", planted["kv"])
pulumi.export("configured", settings.get_secret("login"))
"""


@dataclass(frozen=True)
class Run:
    """What a full run left and said."""

    planted: dict[str, str]
    printed: dict[str, str]
    root: Path


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
        said("outputs", "stack", "output", "--stack", "dev")
        said("export", "stack", "export", "--stack", "dev")
        said("refresh", "refresh", "--yes", "--stack", "dev")
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
        yield Run(planted, printed, root)


def forms(value: str) -> tuple[bytes, ...]:
    """A secret as it is, and as Kubernetes writes it."""
    return value.encode(), base64.b64encode(value.encode()).rstrip(b"=")[:-1]


def hits(run: Run, value: str) -> list[str]:
    found = [f"printed by {name}" for name, text in run.printed.items() if any(form in text.encode() for form in forms(value))]
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


def test_the_search_finds_what_is_there(run: Run) -> None:
    planted = run.planted["kv"]
    (run.root / "leak.txt").write_text(f"password={planted}")
    try:
        assert hits(run, planted) == ["leak.txt"]
    finally:
        (run.root / "leak.txt").unlink()
