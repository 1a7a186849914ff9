"""Addon: one version-locked Helm chart, with everything that has to change together when its version does. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from platform_components.charts.site import Mirror
from platform_components.charts.traffic import Traffic

Values = dict[str, Any]
"""Helm values; may hold late values, which are handed through and never read."""


class PodSecurity(StrEnum):
    """Level of Pod Security a namespace enforces (https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"
    PRIVILEGED = "privileged"


@dataclass(frozen=True, slots=True)
class KubernetesRange:
    """Kubernetes minor versions an add-on works with, both ends included."""

    oldest: str
    newest: str
    source: str
    """Where the project says so."""

    def problem(self, version: str) -> str | None:
        """Say why a Kubernetes version lies outside, or None where it does not."""
        if _minor(self.oldest) <= _minor(version) <= _minor(self.newest):
            return None
        return f"works with Kubernetes {self.oldest} to {self.newest}, and the cluster is {version}"


@dataclass(frozen=True, slots=True)
class Image:
    """A container image an add-on pulls."""

    registry: str
    """Host, such as quay.io."""
    repository: str
    """Path below the host, such as jetstack/cert-manager-controller."""
    tag: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Definitions:
    """Where an add-on's CustomResourceDefinitions come from."""

    groups: tuple[str, ...]
    """API groups whose kinds come with the add-on."""
    upgraded: bool
    """Whether an upgrade of the release upgrades them: Helm never touches those in a chart's `crds/` folder."""
    source: str
    """Chart or folder that holds them."""


@dataclass(frozen=True, slots=True)
class Addon:
    """One add-on: a chart at one version."""

    name: str
    """Key in the catalogue and in an environment's `addons`."""
    role: str
    """Role of its children in a component: short, at most 23 characters."""
    chart: str
    repository: str
    """`https://` repository, or `oci://` folder of the chart."""
    version: str
    app_version: str
    kubernetes: KubernetesRange
    namespace: str
    pod_security: PodSecurity
    traffic: Traffic
    """What its pods may be reached at and may reach; a namespace of several add-ons takes that of its component."""
    images: tuple[Image, ...]
    values: Callable[..., Values]
    """Builds the values from a Site and the add-on's own options; a pure function."""
    digest: str | None = None
    """SHA-256 of the packaged chart. None until `platformctl addons lock` has reached the repository: the version alone is locked then."""
    definitions: Definitions | None = None
    service_account: str | None = None
    """Service account that calls AWS; the component that installs the add-on gives it a WorkloadIdentity. None: it calls nothing."""
    needs: tuple[str, ...] = ()
    """Add-ons that have to be there first."""
    routed: bool = False
    """Whether routes of its namespace may join the gateway of the environment's domain."""
    optional: bool = False
    """Installed only where an environment enables it."""
    exceptions: Mapping[str, str] = field(default_factory=dict)
    """What is not as strict as elsewhere (`readOnlyRootFilesystem` and so on), and why."""

    def source(self, mirror: Mirror | None) -> tuple[str, str | None]:
        """Chart and repository as Helm takes them: an OCI chart is one address, any other a name in a repository."""
        repository = mirror.charts if mirror else self.repository
        return (f"{repository}/{self.chart}", None) if repository.startswith("oci://") else (self.chart, repository)


def mirrored(image: Image, mirror: Mirror | None) -> Image:
    """An image where it is pulled from: its own registry, or the mirror, below which every registry has its own folder."""
    if mirror is None:
        return image
    registry, _, prefix = mirror.registry.partition("/")
    return Image(registry, "/".join(filter(None, (prefix, image.registry, image.repository))), image.tag)


def _minor(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor.partition(".")[0])
