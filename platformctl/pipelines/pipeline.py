"""The declaration of a service's pipeline, and the files made of it. Pure: nothing is written here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from platformctl.pipelines.pins import COSIGN, IMAGES, UNLOGGED, pinned, uses

SERVICE_FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "github": {".github/workflows/{service}.yaml": "github_service.yaml"},
    "gitlab": {".gitlab-ci.yml": "gitlab_service.yaml"},
    "jenkins": {"Jenkinsfile": "jenkins_service"},
}
"""Files of a service's pipeline by where it runs, each with its template."""
GATE_FILES: Final[Mapping[str, Mapping[str, str]]] = {"github": {".github/workflows/platform-gate.yaml": "github_gate.yaml"}}
"""Files of the gate of a platform's own repository."""

ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
REGISTRY: Final = re.compile(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
FOLDER: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*")
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
TEXT: Final = re.compile(r"[A-Za-z0-9 _./:=@,+-]+")
"""What may stand in a command without being taken for a sign of a shell, of YAML, or of an expression."""

_TEMPLATES: Final = Environment(
    loader=PackageLoader("platformctl.pipelines"),
    autoescape=False,  # noqa: S701 -- YAML and Groovy, of values that were checked letter by letter
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    # GitHub's expressions have curly brackets of their own.
    variable_start_string="@{",
    variable_end_string="}@",
    block_start_string="<%",
    block_end_string="%>",
    comment_start_string="<#",
    comment_end_string="#>",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """An environment a service is delivered to, and the role that may do it."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class ServicePipeline:
    """From a commit to production: test, gate, build, scan, describe, sign, deploy, verify; one environment after the other."""

    service: str
    registry: str
    build_role: str
    signing_key: str
    """KMS key as cosign names it: `awskms:///alias/...` or `awskms:///ARN`."""
    stages: Sequence[Stage]
    test: str = "make test"
    program: str = "infrastructure"
    """Folder of the service's Pulumi program."""
    branch: str = "main"
    runner: str = "ubuntu-24.04"
    """Label of the runners: GitHub's own, or a scale set of yours."""
    package: str = "platform-components[cli,policies]"
    """What pip installs for the gate; carry a version in it."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Digests of images of jobs, by their names in `IMAGES`."""

    @property
    def region(self) -> str:
        """Region of the registry."""
        match = REGISTRY.fullmatch(self.registry)
        return match[1] if match else ""

    def problems(self) -> Iterator[str]:  # noqa: C901, PLR0912 -- a line per field
        """What is wrong with the declaration, every one of it."""
        if not NAME.fullmatch(self.service):
            yield f"service {self.service!r}: lower-case letters, digits and hyphens, at most 40"
        if not REGISTRY.fullmatch(self.registry):
            yield f"--registry {self.registry!r}: write ACCOUNT.dkr.ecr.REGION.amazonaws.com"
        if not ROLE.fullmatch(self.build_role):
            yield f"--build-role {self.build_role!r} is not the ARN of a role"
        if not re.fullmatch(r"awskms:///(alias/[\w/-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[\w/-]+)", self.signing_key):
            yield f"--signing-key {self.signing_key!r}: write awskms:///alias/NAME or awskms:///ARN"
        if not self.stages:
            yield "name at least one environment with --environment NAME=ROLE_ARN; they are delivered to in this order"
        names = [stage.name for stage in self.stages]
        for stage in self.stages:
            if not NAME.fullmatch(stage.name):
                yield f"--environment {stage.name!r}: lower-case letters, digits and hyphens, at most 40"
            if not ROLE.fullmatch(stage.role):
                yield f"--environment {stage.name}: {stage.role!r} is not the ARN of a role"
        if len(set(names)) < len(names):
            yield f"--environment: {', '.join(sorted({name for name in names if names.count(name) > 1}))} is named twice"
        for option, value, shape in (("--program", self.program, FOLDER), ("--test", self.test, TEXT), ("--branch", self.branch, FOLDER)):
            if not shape.fullmatch(value) or ".." in value:
                yield f"{option} {value!r} holds signs that would not stay inside a command"
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", self.runner):
            yield f"--runner {self.runner!r} is not a label"
        if not re.fullmatch(r"[A-Za-z0-9._-]+\[[a-z,]+\](==[A-Za-z0-9.]+)?", self.package):
            yield f"--package {self.package!r}: write NAME[cli,policies]==VERSION"
        for name, digest in self.digests.items():
            if name not in IMAGES:
                yield f"--digest {name}: there is no such image; choose from {', '.join(IMAGES)}"
            elif not DIGEST.fullmatch(digest):
                yield f"--digest {name}={digest}: write NAME=sha256: and 64 digits"


@dataclass(frozen=True, slots=True)
class PlatformGate:
    """What a change to a platform's repository must pass: preview, policies, cost difference and diagram, said in the pull request."""

    environments: Sequence[str]
    runner: str = "ubuntu-24.04"
    branch: str = "main"

    def problems(self) -> Iterator[str]:
        """What is wrong with the declaration."""
        yield from (
            f"environment {name!r}: lower-case letters, digits and hyphens, at most 40"
            for name in self.environments
            if not NAME.fullmatch(name)
        )
        if not self.environments:
            yield "there is no environment to judge"
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", self.runner):
            yield f"--runner {self.runner!r} is not a label"
        if not FOLDER.fullmatch(self.branch):
            yield f"--branch {self.branch!r} holds signs that would not stay inside a command"


def render(pipeline: ServicePipeline | PlatformGate, kind: str, mirror: str = "") -> Mapping[str, str]:
    """The files of a pipeline by their paths in the repository. The same declaration gives the same bytes.

    Args:
        pipeline: a declaration without problems.
        kind: `github`, `gitlab` or `jenkins`; a gate is had for `github`.
        mirror: registry that stands before every image, for networks that reach no other.
    """
    files = SERVICE_FILES[kind] if isinstance(pipeline, ServicePipeline) else GATE_FILES[kind]
    digests = pipeline.digests if isinstance(pipeline, ServicePipeline) else {}
    images = {name: pinned(f"{mirror}/{image.partition('/')[2]}" if mirror else image, digests.get(name)) for name, image in IMAGES.items()}
    said = {"uses": uses, "images": images, "cosign": COSIGN, "unlogged": UNLOGGED}
    service = pipeline.service if isinstance(pipeline, ServicePipeline) else ""
    return {
        path.format(service=service): _TEMPLATES.get_template(template).render(pipeline=pipeline, **said)
        for path, template in files.items()
    }


def by_version_only(pipeline: ServicePipeline | PlatformGate, files: Mapping[str, str]) -> list[str]:
    """Names of the images that files name without a digest."""
    digests = pipeline.digests if isinstance(pipeline, ServicePipeline) else {}
    text = "".join(files.values())
    return [name for name, image in IMAGES.items() if name not in digests and image.partition("/")[2] in text]
