"""The tools this platform needs beside Python, as data: name, pinned version, and the ways each may be obtained.

A tool that is built from Go modules is locked by the go.mod and go.sum of `locks/<name>/`: the Go command refuses a module whose hash is
not the one written there. Adding a tool is adding a record here and, for a Go build, such a folder.
"""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

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
    """Folder inside the archive that holds the executables."""
    systems: Mapping[str, str]
    """Name of the operating system in the address, by `platform.system()`."""
    machines: Mapping[str, str]
    """Name of the processor in the address, by `platform.machine()`."""

    def address(self, template: str, version: str) -> str | None:
        """Fill in an address, or None where nothing is released for this machine."""
        system, machine = self.systems.get(platform.system()), self.machines.get(platform.machine())
        return template.format(version=version, os=system, arch=machine) if system and machine else None


@dataclass(frozen=True, slots=True)
class GoBuild:
    """A build from Go modules, locked by `locks/<tool>/`, which may also hold a main package of its own."""

    package: str
    """Import path of the main package; `.` for the one in the lock folder."""
    go: Version
    """Oldest Go that builds it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """String variables set at link time; `{version}` is filled in."""
    typical: str = "about 4 minutes"
    """How long a build from nothing takes on two cores; shown to the user."""

    def linker_flags(self, version: str) -> str:
        """Flags of the Go linker: no debugging tables, and the version where the tool looks for it."""
        return " ".join(["-s", "-w", *(f"-X {name}={value.format(version=version)}" for name, value in self.variables.items())])


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: the version we install, the oldest we accept from PATH, and the ways to have it."""

    name: str
    version: str
    minimum: Version
    version_command: tuple[str, ...]
    """Arguments that make it print its version."""
    what: str
    """What it is for, in a few words."""
    release: Release | None = None
    go: GoBuild | None = None

    @property
    def lock(self) -> Path:
        """Folder with the go.mod and go.sum of its build."""
        return LOCKS / self.name


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
        systems={"Linux": "linux", "Darwin": "darwin"},
        machines={"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"},
    ),
    go=GoBuild(
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        go=(1, 25, 11),
        # The Automation API refuses a CLI whose version is empty.
        variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v{version}"},
    ),
)

TOOLS: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in (PULUMI,)})
"""Every tool by name."""
