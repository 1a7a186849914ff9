"""Kubernetes' own fixtures judge our Pod Security checks: each fixture, of every version, in exactly the family its file names."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_policies.graph import Node, ResourceGraph
from platform_policies.pod_security import parse_version
from platform_policies.rule import Settings, Status
from platform_policies.rules.kubernetes_pod_security import RULES

from tests.go_modules import module_folder, refuse

MODULE = "k8s.io/pod-security-admission@v0.37.2"
SUM = "h1:mnfCR7fUzsvtiSiYZD9HTcTJ9cpJDMnQn++9Rq1mlrc="
FIXTURES = 4_537
"""Fixtures of v0.37.2: fewer read means that the test lost some."""

FAMILY_OF_FILE = {
    "allowprivilegeescalation": "allowPrivilegeEscalation",
    "apparmorprofile": "apparmor",
    "capabilities_baseline": "capabilities",
    "capabilities_restricted": "capabilities",
    "hostnamespaces": "hostNamespaces",
    "hostpathvolumes": "hostPath",
    "hostports": "hostPorts",
    "hostprobesandhostlifecycle": "hostProbesAndHostLifecycle",
    "privileged": "privileged",
    "procmount": "procMount",
    "procmount_restricted": "procMount",
    "restrictedvolumes": "volumeTypes",
    "runasnonroot": "runAsNonRoot",
    "runasuser": "runAsUser",
    "seccompprofile_baseline": "seccomp",
    "seccompprofile_restricted": "seccomp",
    "selinuxoptions": "selinux",
    "sysctls": "sysctls",
    "windowshostprocess": "windowsHostProcess",
}

ALSO = (
    ("windowshostprocess", "baseline", 0, "hostNamespaces"),
    ("privileged", "restricted", 8, "allowPrivilegeEscalation"),
    ("allowprivilegeescalation3", "restricted", 22, "capabilities"),
    ("hostpathvolumes", "restricted", 0, "volumeTypes"),
    ("restrictedvolumes19", "baseline", 0, "hostPath"),
)
"""Where a fixture breaks a second family: (fixture or kind of fixture, lowest level, minor version from which it does, that family).

Kubernetes refuses these pods on both counts: a HostProcess pod must use the node's network, a privileged container cannot forbid
escalation, a container without a security context lacks all that restricted asks of one, and a hostPath volume is a type that restricted
does not allow.
"""


def expected(level: str, minor: int, outcome: str, file: str) -> set[str]:
    """Families a fixture must fail in."""
    if outcome == "pass":
        return set()
    fixture = file.removesuffix(".yaml")
    kind = fixture.rstrip("0123456789")
    also = {family for name, lowest, since, family in ALSO if name in (fixture, kind) and minor >= since and lowest in ("baseline", level)}
    return {FAMILY_OF_FILE[kind], *also}


@pytest.fixture(scope="module")
def testdata() -> Path:
    return module_folder(MODULE, SUM) / "test" / "testdata"


def documents(testdata: Path) -> list[tuple[str, str, str, str, dict[str, Any]]]:
    """(level, version, outcome, file, pod) of every fixture."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [
        (*path.relative_to(testdata).parts[:3], path.name, yaml.load(path.read_text(encoding="utf-8"), Loader=loader))  # noqa: S506 -- a safe loader
        for path in sorted(testdata.glob("*/v*/*/*.yaml"))
    ]


def test_agrees_with_every_fixture(testdata: Path) -> None:
    wrong, seen = [], Counter[str]()
    for level, version, outcome, file, body in documents(testdata):
        seen[f"{level}/{version}/{outcome}"] += 1
        node = Node(urn="pod", type="kubernetes:core/v1:Pod", name="pod", inputs=body)
        graph = ResourceGraph((node,))
        verdicts = [verdict for rule in RULES for verdict in rule(node, graph, Settings({rule.id: {"level": level, "version": version}}))]
        failed = {verdict.sub_id for verdict in verdicts if verdict.status is Status.FAIL}
        unsure = [verdict for verdict in verdicts if verdict.status is Status.UNKNOWN]
        if failed != expected(level, parse_version(version), outcome, file) or unsure:
            wrong.append(f"{level}/{version}/{outcome}/{file}: {sorted(failed)}")
    assert wrong == []
    assert sum(seen.values()) == FIXTURES
    assert len(seen) == 2 * 38 * 2  # levels, v1.0 to v1.37, pass and fail


def test_without_go_it_skips_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Go"):
        refuse("no Go")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no Go"):
        refuse("no Go")
