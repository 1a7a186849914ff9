"""What generated pipelines run that others wrote: actions by commit, images by version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Action:
    """An action of GitHub's, by the commit its version points to: a tag can be moved, a commit cannot."""

    version: str
    commit: str


ACTIONS: Final[Mapping[str, Action]] = {
    "actions/checkout": Action("v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    "actions/setup-python": Action("v7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97"),
    "actions/upload-artifact": Action("v7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),
    "anchore/sbom-action": Action("v0.24.0", "e22c389904149dbc22b58101806040fa8d37a610"),
    "anchore/scan-action": Action("v7.4.0", "e1165082ffb1fe366ebaf02d8526e7c4989ea9d2"),
    "aws-actions/amazon-ecr-login": Action("v2.1.7", "03f1aad4c6c7ffd436567f42f9384779290529bd"),
    "aws-actions/configure-aws-credentials": Action("v6.2.3", "e6de054238d6b7531b4efff3b6587d9aade6a06c"),
    "docker/build-push-action": Action("v7.3.0", "53b7df96c91f9c12dcc8a07bcb9ccacbed38856a"),
    "docker/setup-buildx-action": Action("v4.3.0", "37fe631027851001ddb9b187196cc803df7f5f0e"),
    "github/codeql-action/upload-sarif": Action("v4.36.2", "8aad20d150bbac5944a9f9d289da16a4b0d87c1e"),
    "pulumi/actions": Action("v7.0.0", "8e5e406f4007fca908480587cb9893c07090f58d"),
    "sigstore/cosign-installer": Action("v4.1.2", "6f9f17788090df1f26f669e9d70d6ae9567deba6"),
}
"""Commits read from the repositories' own tags on 2026-11-27."""

COSIGN: Final = "v3.1.2"
UNLOGGED: Final = "--use-signing-config=false --tlog-upload=false"
"""How cosign signs with a key of one's own, and asks nobody but KMS and the registry."""

IMAGES: Final[Mapping[str, str]] = {
    "buildkit": "docker.io/moby/buildkit:v0.32.2-rootless",
    "cosign": f"ghcr.io/sigstore/cosign/cosign:{COSIGN}-dev",
    "grype": "docker.io/anchore/grype:v0.116.0-debug",
    "pulumi": "docker.io/pulumi/pulumi-python:3.259.0",
    "python": "docker.io/library/python:3.13-slim",
    "syft": "docker.io/anchore/syft:v1.51.0-debug",
}
"""Images of jobs that run in containers, by version. Their digests are had from a registry only: `--digest` writes them behind it."""


def pinned(image: str, digest: str | None) -> str:
    """An image by version and, where it is known, by digest, which is what is then pulled."""
    return f"{image}@{digest}" if digest else image


def uses(action: str) -> str:
    """How a step names an action: the commit, and the version for readers and for update bots."""
    pin = ACTIONS[action]
    return f"{action}@{pin.commit} # {pin.version}"
