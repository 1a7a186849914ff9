"""What is wrong in an environment file: exit 2, every problem in a line of its own with file, line and field, and never a traceback."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platformctl.__main__ import run

ROOT = Path(__file__).parents[2]
FILE = "stacks/environments/dev.yaml"
LINE = re.compile(rf"{re.escape(FILE)}(:\d+)?  (?P<rest>\S.*)")
"""A problem: the file, its line where it has one, the field where there is one, and what to do."""

Break = Callable[[Path], object]


def swap(*pairs: tuple[str, str]) -> Break:
    """Replace text in the file."""

    def change(file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) >= 1, f"dev.yaml no longer says {old}"
            text = text.replace(old, new, 1)
        file.write_text(text, encoding="utf-8")

    return change


def mesh(text: str) -> Break:
    """Another mesh."""
    return swap(("  mesh: {kind: istio-ambient}", f"  mesh: {text}"))


def content(data: bytes) -> Break:
    """Replace the whole file."""
    return lambda file: file.write_bytes(data)


def as_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def as_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def as_broken_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere.yaml")


def as_link_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to("dev.yaml")


def in_latin_1(file: Path) -> None:
    file.write_bytes("environment: dev\ndomain: \xe9.example.com\n".encode("latin-1"))


BOMB = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MANY = (
    ("eu-west-1", "eu-wets-1"),
    ("10.16.0.0/16", "10.32.0.0/33"),
    ('"1.35"', '"1.12"'),
    ("spot: true", "spott: true"),
    ("budget", "bugdet"),
)
CASES: dict[str, tuple[Break, list[tuple[int, str]]]] = {
    # name: (how the file is broken, [(line; 0 where the file has none, how field and message begin)]), in the order of the lines
    "wrong CIDR": (swap(("10.16.0.0/16", "10.16.0.0/33")), [(8, "network.cidr  '10.16.0.0/33' is no CIDR block")]),
    "CIDR with host bits": (swap(("10.16.0.0/16", "10.16.0.1/16")), [(8, "network.cidr  10.16.0.1/16 has bits set")]),
    "CIDR of IPv6": (swap(("10.16.0.0/16", '"fd00::/48"')), [(8, "network.cidr  'fd00::/48' is an IPv6 block")]),
    "overlap between environments": (
        swap(("10.16.0.0/16", "10.32.128.0/20")),
        [(8, "network.cidr  10.32.128.0/20 overlaps 10.32.0.0/16 of environment prod (stacks/environments/prod.yaml:7)")],
    ),
    "overlap is told beside other faults": (
        swap(("10.16.0.0/16", "10.32.0.0/16"), ("eu-west-1", "eu-wets-1")),
        [(5, "region  "), (8, "network.cidr  10.32.0.0/16 overlaps 10.32.0.0/16 of environment prod")],
    ),
    "overlap of a secondary CIDR with its own": (
        swap(("  cidr: 10.16.0.0/16", "  cidr: 10.16.0.0/16\n  secondary_cidrs: {pods: {cidr: 10.16.0.0/18}}")),
        [(9, "network.secondary_cidrs.pods  10.16.0.0/18 overlaps 10.16.0.0/16")],
    ),
    "overlap of a secondary CIDR with another environment": (
        swap(("  cidr: 10.16.0.0/16", "  cidr: 10.16.0.0/16\n  secondary_cidrs: {pods: {cidr: 10.32.0.0/18}}")),
        [(9, "network.secondary_cidrs.pods  10.32.0.0/18 overlaps 10.32.0.0/16 of environment prod")],
    ),
    "prefix too small for the zones": (
        swap(("10.16.0.0/16", "10.16.0.0/24")),
        [(8, f"network.cidr  /24 is too small for tier {tier} over 4 zone slots") for tier in ("public", "intra", "database", "cache")],
    ),
    "prefix too small for a VPC": (swap(("10.16.0.0/16", "10.16.0.0/29")), [(8, "network.cidr  10.16.0.0/29 is a /29")]),
    "unknown key": (swap(("spot: true", "spott: true")), [(15, "cluster.pools.general.spott  unknown key; did you mean spot?")]),
    "unknown section": (
        swap(("network:", "netwrok:")),
        [(1, "network  is required"), (7, "netwrok  unknown key; did you mean network?")],
    ),
    "key given twice": (swap(("region: eu-west-1", "region: eu-west-1\nregion: eu-west-2")), [(6, "region  is given twice")]),
    "unknown region": (swap(("eu-west-1", "eu-wets-1")), [(5, "region  region 'eu-wets-1' does not exist; did you mean eu-west-1?")]),
    "unsupported version": (swap(('"1.35"', '"1.12"')), [(12, "cluster.version  Kubernetes '1.12' is not a version of EKS")]),
    "version of the future": (swap(('"1.35"', '"9.99"')), [(12, "cluster.version  Kubernetes '9.99' is not a version of EKS")]),
    "version without quotes": (
        swap(('"1.35"', "1.35")),
        [(12, 'cluster.version  1.35 is read as a number here and text is wanted; quote it: "1.35"')],
    ),
    "40-character environment": (
        swap(("environment: dev", f"environment: {'d' * 40}")),
        [
            (3, f"environment  '{'d' * 40}' is no environment name"),
            (3, f"environment  is '{'d' * 40}', but the file is called dev.yaml"),
            (21, "data.databases.platform  with the environment's name it is 49 characters long"),
            (22, "data.caches.builds  with the environment's name it is 47 characters long"),
            (23, "data.buckets.artifacts  with the environment's name it is 50 characters long"),
            (24, "data.queues.events  with the environment's name it is 47 characters long"),
            (35, f"delivery.progressive.promotion  environment {'d' * 40} has no place in promotion"),
        ],
    ),
    "40-character pool": (
        swap(("    system:", f"    {'s' * 40}:")),
        [(14, f'cluster.pools.{"s" * 40}  the key "{"s" * 40}" does not have the form')],
    ),
    "empty file": (content(b""), [(1, "the file is empty")]),
    "comments only": (content(b"# nothing\n\n"), [(1, "the file is empty")]),
    "a list": (content(b"- dev\n"), [(1, "the top of the file must be")]),
    "YAML bomb": (content(BOMB.encode()), [(1, "a  uses the anchor &a"), (2, "b  uses the anchor &b"), (2, "b[0]  uses the alias *a")]),
    "deep nesting": (content(b"a: " + b"[" * 5000 + b"]" * 5000), [(1, f"a{'[0]' * 23}  is nested deeper than 24 levels")]),
    "a tag that runs code": (
        content(b'a: !!python/object/apply:os.system ["false"]\n'),
        [(1, "a  uses the tag !!python/object/apply:os.system")],
    ),
    "tab": (content(b"environment: dev\n\tprofile: dev\n"), [(2, "not valid YAML: a tab")]),
    "bracket left open": (content(b"environment: dev\nnetwork: {cidr: 10.0.0.0/8\n"), [(3, "not valid YAML: expected ',' or '}'")]),
    "binary file": (content(bytes(range(256)) * 8), [(0, "is a binary file")]),
    "UTF-16": (content("environment: dev\n".encode("utf-16")), [(0, "is a binary file")]),
    "not UTF-8": (in_latin_1, [(2, "is not UTF-8 text; save the file as UTF-8")]),
    "huge file": (content(b"a" * 300_000), [(0, "is larger than 256 KiB")]),
    "directory": (as_directory, [(0, "is not a file")]),
    "pipe": (as_fifo, [(0, "is not a file")]),
    "broken link": (as_broken_link, [(0, "no such file")]),
    "link to itself": (as_link_to_itself, [(0, "no such file")]),
    "control characters": (swap(("dev.example.com", '"a\\e[31mb"')), [(6, "domain  holds the unprintable character U+001B")]),
    "unknown kind of mesh": (
        mesh("{kind: istio-ambiant}"),
        [(28, 'platform.mesh  kind: "istio-ambiant" is not one of istio-ambient, istio-sidecar, linkerd; did you mean istio-ambient?')],
    ),
    "mesh downgrade": (
        mesh('{kind: istio-ambient, revisions: {stable: "1.30.3", canary: "1.30.1"}}'),
        [(28, "platform.mesh.revisions.canary  1.30.1 is older than stable 1.30.3: a mesh is not downgraded; ")],
    ),
    "two minor versions of a mesh at once": (
        mesh('{kind: istio-sidecar, revisions: {stable: "1.29.6", canary: "1.31.1"}}'),
        [(28, "platform.mesh.revisions.canary  1.31.1 is more than one minor version above stable 1.29.6; go to 1.30 first")],
    ),
    "data plane ahead of the control plane": (
        mesh("{kind: istio-ambient, data_plane: {cni: canary, ztunnel: canary}}"),
        [(28, "platform.mesh.data_plane  cni and ztunnel would be ahead of istiod: there is no revisions.canary")],
    ),
    "ztunnel ahead of the CNI agents": (
        mesh('{kind: istio-ambient, revisions: {canary: "1.31.1"}, data_plane: {ztunnel: canary}}'),
        [(28, "platform.mesh.data_plane.ztunnel  ztunnel follows the CNI agents: set data_plane.cni to canary first")],
    ),
    "a version of one chart of a mesh": (
        mesh('{kind: istio-ambient}\n  addons: {istiod: {version: "1.31.1"}}'),
        [(29, "platform.addons.istiod.version  Istio's charts go together, in order and at most one minor version at a time; set mesh.")],
    ),
    "revisions of Linkerd": (
        mesh('{kind: linkerd, revisions: {stable: "1.30.3"}}'),
        [(28, "platform.mesh.revisions  Linkerd has no revisions: its control plane is upgraded in place; leave them out")],
    ),
    "unknown add-on": (
        mesh("{kind: istio-ambient}\n  addons: {kedda: {enabled: true}}"),
        [(29, "platform.addons.kedda  the key \"kedda\": there is no add-on 'kedda'; choose from ")],
    ),
    "add-on outside its Kubernetes versions": (
        swap(
            ("  mesh: {kind: istio-ambient}", "  mesh: {kind: istio-ambient}\n  addons: {descheduler: {enabled: true}}"),
            ('"1.35"', '"1.33"'),
        ),
        [(29, "platform.addons.descheduler  descheduler 0.36.0 works with Kubernetes 1.34 to 1.36, and the cluster is 1.33; ")],
    ),
    "two owners of the Gateway API": (
        mesh("{kind: linkerd}\n  addons: {linkerd-crds: {values: {installGatewayAPI: true}}}"),
        [(29, "platform.addons.linkerd-crds.values.installGatewayAPI  makes this chart a second owner: the mesh installs the Gateway API")],
    ),
    "a mesh past which IPv6 goes": (
        swap(
            ("  mesh: {kind: istio-ambient}", "  mesh: {kind: linkerd}"),
            ('  version: "1.35"', '  version: "1.35"\n  kubernetes_network: {ip_family: ipv6}'),
            ("  cidr: 10.16.0.0/16", "  cidr: 10.16.0.0/16\n  ipv6: true"),
        ),
        [(30, "platform.mesh  the cluster's pods have IPv6 addresses, which would pass by Linkerd's proxies; set ipv6 to true")],
    ),
    "a load balancer that nobody makes": (
        mesh("{kind: istio-ambient}\n  addons: {aws-load-balancer-controller: {enabled: false}}"),
        [(28, "platform.mesh.gateway  an internal load balancer is made by aws-load-balancer-controller, which is switched off")],
    ),
    "an authority of AWS that nobody named": (
        mesh("{kind: istio-ambient, trust: {authority: {kind: acm-pca}}}"),
        [
            (
                28,
                "platform.mesh.trust.authority  acm-pca is the authority that certificates.issuer names, and that is none of AWS",
            )
        ],
    ),
    "everything at once": (
        swap(*MANY),
        [(5, "region  "), (8, "network.cidr  "), (12, "cluster.version  "), (15, "cluster.pools.general.spott  "), (26, "bugdet  ")],
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """The environments and programs, to be broken."""
    root = tmp_path / "platform"
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root)
    shutil.copytree(ROOT / "stacks", root / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    yield root
    file = root / FILE
    if file.is_file():
        file.chmod(0o600)


@pytest.mark.parametrize("name", CASES)
def test_every_problem_is_told_in_its_place(copy: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    change, expected = CASES[name]
    change(copy / FILE)
    assert run(["preview", "dev", "-C", str(copy)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), output.err
    starts = [f"{FILE}{f':{line}' if line else ''}  {start}" for line, start in expected]
    told = lines[: len(starts)] if name == "YAML bomb" else lines
    assert len(told) == len(starts), output.err
    assert [line for line, start in zip(told, starts, strict=True) if not line.startswith(start)] == [], output.err
    assert "Traceback" not in output.err
    assert not any(letter in output.err for letter in "\x1b\x00")


@pytest.mark.parametrize("name", ["wrong CIDR", "overlap between environments", "YAML bomb", "binary file", "everything at once"])
@pytest.mark.parametrize("command", [["up", "--sandbox", "--yes"], ["up", "--sandbox", "--yes", "--or-preview"]])
def test_up_refuses_before_anything_is_there(copy: Path, capsys: pytest.CaptureFixture[str], name: str, command: list[str]) -> None:
    change, expected = CASES[name]
    change(copy / FILE)
    assert run([*command, "dev", "-C", str(copy)]) == 2
    assert expected[0][1] in capsys.readouterr().err
    assert not (copy / ".platform").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / FILE).chmod(0)
    assert run(["preview", "dev", "-C", str(copy)]) == 2
    assert capsys.readouterr().err == f"{FILE}  cannot be read: Permission denied\n"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "there is no environment ''; choose from: dev, prod, staging"),
        ("develop", "there is no environment 'develop'; choose from: dev, prod, staging"),
        ("../dev", "there is no environment '../dev'; choose from: dev, prod, staging"),
        ("dev\nprod", "there is no environment 'dev\\nprod'; choose from: dev, prod, staging"),
        ("d" * 40, f"there is no environment '{'d' * 40}'; choose from: dev, prod, staging"),
        ("dev.", "there is no layer ''; choose from: network, cluster, platform, observability, delivery, data, tenants"),
        ("dev.nosuch", "there is no layer 'nosuch'; choose from: network, cluster, platform, observability, delivery, data, tenants"),
        ("dev.network.x", "there is no layer 'network.x'; choose from: network, cluster, platform, observability, delivery, data, tenants"),
    ],
)
@pytest.mark.parametrize("command", ["preview", "up", "destroy", "refresh", "drift"])
def test_a_target_that_is_not_there(copy: Path, capsys: pytest.CaptureFixture[str], command: str, target: str, message: str) -> None:
    assert run([command, target, "-C", str(copy)]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"{message}\n")


def test_a_missing_file(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / FILE).unlink()
    assert run(["preview", "dev", "-C", str(copy)]) == 2
    assert capsys.readouterr().err == "there is no environment 'dev'; choose from: prod, staging\n"


@pytest.mark.parametrize("broken", ["x: y", "[network, 1]", "[", "\x00"])
def test_a_broken_order_of_layers(copy: Path, capsys: pytest.CaptureFixture[str], broken: str) -> None:
    (copy / "stacks" / "layers" / "order.yaml").write_text(broken, encoding="utf-8")
    assert run(["preview", "dev", "-C", str(copy)]) == 2
    error = capsys.readouterr().err
    assert "order.yaml" in error
    assert len(error.splitlines()) == 1
