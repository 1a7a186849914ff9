"""The tools this platform needs beside Python, as data: name, pinned version, and the ways each may be obtained.

A tool may be several executables that only work together, or files alone. One that is built from Go modules is locked by the go.mod and
go.sum of `locks/<name>/`: the Go command refuses a module whose hash is not the one written there. Adding a tool is adding a record here
and, for a Go build, such a folder.
"""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from platformctl.engine.definitions import DEFINITIONS, ModuleFiles

LOCKS = Path(__file__).parent / "locks"

Version = tuple[int, int, int]

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def parse_version(text: str) -> Version | None:
    """First `x.y.z` in a text, or None where there is none."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


@dataclass(frozen=True, slots=True)
class Release:
    """An official release archive. `{version}`, `{os}` and `{arch}` are filled in."""

    url: str
    checksums: str
    """Address of the release's list of SHA-256 sums, one `<sum>  <file name>` a line."""
    strip: str
    """Folder inside the archive that holds the executables; a template like the addresses."""
    systems: Mapping[str, str]
    """Name of the operating system in the address, by `platform.system()`."""
    machines: Mapping[str, str]
    """Name of the processor in the address, by `platform.machine()`."""

    def address(self, template: str, version: str) -> str | None:
        """Fill in a template, or None where nothing is released for this machine."""
        system, machine = self.systems.get(platform.system()), self.machines.get(platform.machine())
        return template.format(version=version, os=system, arch=machine) if system and machine else None


@dataclass(frozen=True, slots=True)
class GoBuild:
    """A build from Go modules, locked by `locks/<tool>/`, which may also hold main packages of its own."""

    packages: tuple[str, ...]
    """Import path of each main package, its last part the executable's name; `./<name>` for one in the lock folder."""
    go: Version
    """Oldest Go that builds it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """String variables set at link time; `{version}`, `{major}` and `{minor}` are filled in."""
    tags: tuple[str, ...] = ()
    """Build tags: what the sources let one leave out."""
    module_version: str = "v{version}"
    """Version of the module that the executables lie in; `{version}` and its parts (`{major}`, `{minor}`, `{patch}`) are filled in."""
    typical: str = "about 4 minutes"
    """How long a build from nothing takes on two cores; shown to the user."""
    lock: str = ""
    """Folder below `locks` where it is another tool's; empty: the tool's own name."""

    def module(self, version: str) -> str:
        """Version of the module that is built, for a version of the tool."""
        major, minor, patch = version.split(".")
        return self.module_version.format(version=version, major=major, minor=minor, patch=patch)

    def linker_flags(self, version: str) -> str:
        """Flags of the Go linker: no debugging tables, and the version where the tool looks for it."""
        major, minor, *_ = version.split(".")
        filled = {name: value.format(version=version, major=major, minor=minor) for name, value in self.variables.items()}
        return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in filled.items())])


@dataclass(frozen=True, slots=True)
class Executable:
    """One program of a tool."""

    name: str
    minimum: Version
    """Oldest version accepted from PATH."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: the version we install, the oldest we accept from PATH, and the ways to have it."""

    name: str
    version: str
    minimum: Version
    version_command: tuple[str, ...]
    """Arguments that make it, or each of its executables, print its version."""
    what: str
    """What it is for, in a few words."""
    release: Release | None = None
    go: GoBuild | None = None
    companions: tuple[Executable, ...] = ()
    """Executables that the main one does not work without: from PATH they are taken together or not at all."""
    main: str = ""
    """Name of the executable whose version is the tool's; empty: the tool's own name."""
    modules: tuple[ModuleFiles, ...] = ()
    """Go modules whose files are the tool: it has no executable then."""
    brings: tuple[str, ...] = ()
    """Tools that are installed along with it."""

    @property
    def executables(self) -> tuple[Executable, ...]:
        """Everything that is run, the main one first."""
        return () if self.modules else (Executable(self.main or self.name, self.minimum), *self.companions)

    @property
    def lock(self) -> Path:
        """Folder with the go.mod and go.sum of its build."""
        return LOCKS / ((self.go and self.go.lock) or self.name)


_SYSTEMS = MappingProxyType({"Linux": "linux", "Darwin": "darwin"})
_MACHINES = MappingProxyType({"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"})
"""Names that Go's own projects give to systems and processors."""


def _prometheus_release(project: str) -> Release:
    """Where the Prometheus project publishes a program."""
    return Release(
        url=f"https://github.com/prometheus/{project}/releases/download/v{{version}}/{project}-{{version}}.{{os}}-{{arch}}.tar.gz",
        checksums=f"https://github.com/prometheus/{project}/releases/download/v{{version}}/sha256sums.txt",
        strip=f"{project}-{{version}}.{{os}}-{{arch}}",
        systems=_SYSTEMS,
        machines=_MACHINES,
    )


PULUMI = Tool(
    name="pulumi",
    version="3.259.0",
    # Live progress needs the event stream over gRPC, which came after 3.205.
    minimum=(3, 206, 0),
    version_command=("version",),
    what="the Pulumi engine and command line",
    release=Release(
        url="https://get.pulumi.com/releases/sdk/pulumi-v{version}-{os}-{arch}.tar.gz",
        # From another host than the archive, so that both would have to be wrong in the same way.
        checksums="https://github.com/pulumi/pulumi/releases/download/v{version}/pulumi-{version}-checksums.txt",
        strip="pulumi",
        systems=_SYSTEMS,
        machines={"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"},
    ),
    go=GoBuild(
        packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
        go=(1, 25, 11),
        # The Automation API refuses a CLI whose version is empty.
        variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v{version}"},
    ),
)

KUBERNETES = Tool(
    name="kubernetes",
    version="1.35.4",
    # Environments name 1.35, and an older API server lacks kinds that they use.
    minimum=(1, 35, 0),
    version_command=("--version",),
    what="a Kubernetes API for the sandbox: API server, controllers and etcd",
    main="kube-apiserver",
    companions=(Executable("kube-controller-manager", (1, 35, 0)), Executable("etcd", (3, 5, 24))),
    go=GoBuild(
        # One module for all three, so that etcd is the version that Kubernetes is made with.
        packages=("k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kube-controller-manager", "./etcd"),
        go=(1, 25, 0),
        variables={
            "k8s.io/component-base/version.gitVersion": "v{version}",
            "k8s.io/component-base/version.gitMajor": "{major}",
            "k8s.io/component-base/version.gitMinor": "{minor}",
            "k8s.io/component-base/version.gitTreeState": "clean",
        },
        typical="about 8 minutes",
    ),
    brings=("definitions",),
)

KUBECTL = Tool(
    name="kubectl",
    version=KUBERNETES.version,
    minimum=(1, 34, 0),  # one minor version of skew is supported
    version_command=("version", "--client"),
    what="the Kubernetes command line, for a look into the sandbox",
    go=GoBuild(
        packages=("k8s.io/kubernetes/cmd/kubectl",),
        go=(1, 25, 0),
        variables=KUBERNETES.go.variables if KUBERNETES.go else {},
        typical="about a minute where the Kubernetes API was built, else about 3 minutes",
        lock=KUBERNETES.name,
    ),
)

CUSTOM_RESOURCES = Tool(
    name="definitions",
    version=sha256("".join(f"{module!r}\n" for module in DEFINITIONS).encode()).hexdigest()[:10],  # another list is another version
    minimum=(0, 0, 0),
    version_command=(),
    what="CustomResourceDefinitions for the sandbox's Kubernetes API, as their projects publish them",
    modules=DEFINITIONS,
)

HELM = Tool(
    name="helm",
    version="3.22.0",
    minimum=(3, 18, 0),
    version_command=("version", "--short"),
    what="the renderer of Helm charts",
    release=Release(
        url="https://get.helm.sh/helm-v{version}-{os}-{arch}.tar.gz",
        checksums="https://get.helm.sh/helm-v{version}-{os}-{arch}.tar.gz.sha256sum",
        strip="{os}-{arch}",
        systems=_SYSTEMS,
        machines=_MACHINES,
    ),
    go=GoBuild(
        packages=("helm.sh/helm/v3/cmd/helm",),
        go=(1, 26, 0),
        variables={"helm.sh/helm/v3/internal/version.version": "v{version}"},
        typical="about 2 minutes",
    ),
)

PROMTOOL = Tool(
    name="promtool",
    version="3.16.0",
    # UTF-8 names and native histograms are read as Prometheus 3 reads them.
    minimum=(3, 5, 0),
    version_command=("--version",),
    what="Prometheus' own judge of rules: parses, checks and runs them on made-up series",
    release=_prometheus_release("prometheus"),
    go=GoBuild(
        packages=("github.com/prometheus/prometheus/cmd/promtool",),
        go=(1, 26, 7),
        variables={"github.com/prometheus/common/version.Version": "{version}"},
        # Nothing is discovered here, and the clients of two dozen clouds are a third of the build.
        tags=("remove_all_sd",),
        module_version="v0.{major}{minor}.{patch}",
        typical="about 3 minutes",
    ),
)

AMTOOL = Tool(
    name="amtool",
    version="0.35.0",
    minimum=(0, 28, 0),
    version_command=("--version",),
    what="Alertmanager's own judge of its configuration: says which receiver an alert reaches",
    release=_prometheus_release("alertmanager"),
    go=GoBuild(
        packages=("github.com/prometheus/alertmanager/cmd/amtool",),
        go=(1, 26, 0),
        variables={"github.com/prometheus/common/version.Version": "{version}"},
        typical="about 2 minutes",
    ),
)

ACTIONLINT = Tool(
    name="actionlint",
    version="1.7.12",
    minimum=(1, 7, 7),
    version_command=("--version",),
    what="The judge of GitHub's workflows: syntax, expressions, inputs of actions",
    go=GoBuild(
        packages=("github.com/rhysd/actionlint/cmd/actionlint",),
        go=(1, 26, 0),
        variables={"github.com/rhysd/actionlint.version": "{version}"},
        typical="about 20 seconds",
    ),
)

OTELCOL = Tool(
    name="otelcol",
    version="0.158.0",
    minimum=(0, 158, 0),
    version_command=("--version",),
    what="OpenTelemetry's own judge of collector configurations",
    # Under a name of its own: distributions called otelcol have other parts.
    main="otelcol-platform",
    go=GoBuild(
        # A collector with the parts that the platform uses; the whole distribution has ten times as many.
        packages=("./otelcol-platform",),
        go=(1, 26, 0),
        variables={"main.version": "{version}"},
        typical="about 5 minutes",
    ),
)

LOGQL = Tool(
    name="logql",
    version="3.7.6",
    minimum=(3, 7, 6),
    version_command=("--version",),
    what="Loki's own parser of LogQL",
    go=GoBuild(
        # The parser alone: the whole of Loki brings the clients of every cloud.
        packages=("./logql",),
        go=(1, 26, 5),
        variables={"main.version": "{version}"},
        typical="about 3 minutes",
    ),
)

VAULT = Tool(
    name="vault",
    # The last line under the Mozilla Public License.
    version="1.13.1",
    minimum=(1, 13, 0),
    version_command=("version",),
    what="a Vault for the sandbox, so that policies are tried by logging in",
    release=Release(
        url="https://releases.hashicorp.com/vault/{version}/vault_{version}_{os}_{arch}.zip",
        checksums="https://releases.hashicorp.com/vault/{version}/vault_{version}_SHA256SUMS",
        strip=".",
        systems=_SYSTEMS,
        machines=_MACHINES,
    ),
    go=GoBuild(
        # Its core with the engines and logins that the platform uses; the whole command brings those of every cloud.
        packages=("./vault",),
        variables={"github.com/hashicorp/vault/version.Version": "{version}"},
        go=(1, 26, 0),
        typical="about 3 minutes",
    ),
)

TOOLS: Mapping[str, Tool] = MappingProxyType(
    {tool.name: tool for tool in (PULUMI, KUBERNETES, CUSTOM_RESOURCES, KUBECTL, HELM, PROMTOOL, AMTOOL, OTELCOL, LOGQL, ACTIONLINT, VAULT)}
)
"""Every tool by name."""
