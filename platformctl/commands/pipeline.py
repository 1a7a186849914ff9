"""`platformctl pipeline new`: the pipeline of a service, or the gate of a platform's repository, written as files."""

from pathlib import Path
from typing import Annotated

import typer

from platform_components.errors import DeclarationError, Problem

KINDS = ("github", "gitlab", "jenkins")


def new(  # noqa: PLR0913, PLR0917 -- the command's options
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="Name of the service; left out with --gate.")] = None,
    kind: Annotated[str, typer.Option("--for", metavar="|".join(KINDS), help="Where pipelines run.")] = "github",
    registry: Annotated[str, typer.Option("--registry", metavar="HOST", help="Registry: ACCOUNT.dkr.ecr.REGION.amazonaws.com.")] = "",
    build_role: Annotated[str, typer.Option("--build-role", metavar="ARN", help="Role that pushes and signs images.")] = "",
    signing_key: Annotated[str, typer.Option("--signing-key", metavar="KEY", help="awskms:///alias/NAME or awskms:///ARN.")] = "",
    environments: Annotated[
        list[str] | None,
        typer.Option(
            "--environment", metavar="NAME=ROLE_ARN", help="An environment and the role that delivers to it. In order; repeatable."
        ),
    ] = None,
    test: Annotated[str, typer.Option("--test", metavar="COMMAND", help="What tests the service.")] = "make test",
    program: Annotated[str, typer.Option("--program", metavar="DIR", help="Folder of the service's Pulumi program.")] = "infrastructure",
    branch: Annotated[str, typer.Option("--branch", help="Branch that is delivered.")] = "main",
    runner: Annotated[
        str, typer.Option("--runner", metavar="LABEL", help="Label of GitHub's runners, or of your scale set.")
    ] = "ubuntu-24.04",
    package: Annotated[
        str | None, typer.Option("--package", metavar="P", help="What pip installs for the gate. Left out: this version.")
    ] = None,
    mirror: Annotated[str, typer.Option("--mirror", metavar="HOST", help="Registry that stands before every image of a job.")] = "",
    digests: Annotated[
        list[str] | None,
        typer.Option("--digest", metavar="NAME=sha256:...", help="Digest of an image of a job, which is then pulled by it; repeatable."),
    ] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Write the pull-request gate of this platform repository instead.")] = False,
    output: Annotated[Path, typer.Option("--out", metavar="DIR", help="Repository to write into.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Write a pipeline: test, policies, image with SBOM and signature, delivery from environment to environment."""
    import importlib.metadata

    from platformctl.pipelines.pipeline import GATE_FILES, PlatformGate, ServicePipeline, Stage, by_version_only, render
    from platformctl.project import find_project
    from platformctl.report.files import save

    pipeline: ServicePipeline | PlatformGate
    if gate:
        names = sorted(path.stem for path in (find_project(output).folder / "environments").glob("*.yaml"))
        pipeline = PlatformGate(names, runner=runner, branch=branch)
    else:
        stages = [Stage(name, role) for name, _, role in (text.partition("=") for text in environments or ())]
        package = package or f"platform-components[cli,policies]=={importlib.metadata.version('platform-components')}"
        pipeline = ServicePipeline(
            service or "",
            registry,
            build_role,
            signing_key,
            stages,
            test=test,
            program=program,
            branch=branch,
            runner=runner,
            package=package,
            digests={name: digest for name, _, digest in (text.partition("=") for text in digests or ())},
        )
    problems = [Problem(text) for text in pipeline.problems()]
    if kind not in (GATE_FILES if gate else KINDS):
        problems.append(Problem(f"--for {kind!r}: choose from {', '.join(GATE_FILES if gate else KINDS)}"))
    if gate and service:
        problems.append(Problem("give a service or --gate, not both"))
    if problems:
        raise DeclarationError(problems)
    files = render(pipeline, kind, mirror)
    there = [path for path in files if (output / path).exists()]
    if there and not force:
        raise DeclarationError([Problem("is there already; --force overwrites it", file=str(output / path)) for path in there])
    for path, text in files.items():
        save(output / path, text)
        typer.echo(str(output / path))
    if loose := by_version_only(pipeline, files):
        typer.echo(f"by version, not by digest: {', '.join(loose)}; give --digest NAME=sha256:..., which your registry tells", err=True)
