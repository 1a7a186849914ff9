"""The loader: every problem of a file at once, each with file, line and field, and never anything but a DeclarationError."""
# ruff: noqa: E501 -- one case a line

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator, model_validator

from platform_components.args import Args, Late
from platform_components.declarations.document import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, read
from platform_components.declarations.loader import load
from platform_components.errors import DeclarationError, Problem


class Kind(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Karpenter(Args):
    capacity: Literal["karpenter"] = "karpenter"
    limit_vcpu: int = Field(100, ge=1, description="Most vCPU.")


class Fixed(Args):
    capacity: Literal["fixed"]
    nodes: int = 1


class Network(Args):
    cidr: IPv4Network = Field(description="Primary block; /16 to /24.")
    zones: tuple[str, ...] = Field((), description="Zone ids.")
    ipv6: bool = False
    nat: Literal["none", "single", "per-zone"] = "single"
    retention_days: int | Literal["forever"] = 90

    @model_validator(mode="before")
    @classmethod
    def look(cls, data: Any) -> Any:
        return data

    @field_validator("cidr")
    @classmethod
    def prefix(cls, cidr: IPv4Network) -> IPv4Network:
        if not 16 <= cidr.prefixlen <= 24:
            raise ValueError(f"{cidr} is a /{cidr.prefixlen}; use /16 to /24")
        return cidr


class House(Args):
    name: str = Field(min_length=2, max_length=20)
    kind: Kind = Kind.SMALL
    version: Late[str] = "1.35"
    count: int = Field(1, ge=1, le=9)
    ratio: float = 0.5
    network: Network | None = None
    tags: Mapping[str, str] = Field(default_factory=dict)
    pools: Mapping[Annotated[str, Field(pattern="^[a-z]+$")], Annotated[Karpenter | Fixed, Field(discriminator="capacity")]] = Field(
        default_factory=dict
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def to_file(content: str | bytes) -> Path:
        path = tmp_path / "house.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def refused(path: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(DeclarationError) as caught:
        load(path, House, shown="house.yaml")
    problems = caught.value.problems
    assert all(problem.file == "house.yaml" for problem in problems)
    assert all("\n" not in str(problem) for problem in problems)
    return [(problem.line, problem.field, problem.message) for problem in problems]


def test_a_good_file_becomes_its_model(write: Callable[[str], Path]) -> None:
    house = load(
        write(
            "name: alpha # a comment\nkind: large\nversion: '1.30'\ncount: 0x5\nratio: 2\n"
            "network: {cidr: 10.0.0.0/16, zones: [a, b], retention_days: forever}\n"
            "tags:\n  1: one\n  no: 'yes'\n  when: 2026-01-01\npools:\n  a: {capacity: fixed, nodes: 3}\n"
        ),
        House,
    )
    assert house.kind is Kind.LARGE
    assert house.version == "1.30"
    assert (house.count, house.ratio) == (5, 2.0)
    assert house.network == Network(cidr=IPv4Network("10.0.0.0/16"), zones=("a", "b"), retention_days="forever")
    assert house.tags == {"1": "one", "no": "yes", "when": "2026-01-01"}
    assert house.pools == {"a": Fixed(capacity="fixed", nodes=3)}


BAD_FILES = [
    # --- the file itself
    ("", 1, "", "the file is empty"),
    ("# only a comment\n", 1, "", "the file is empty"),
    ("---\n...\n", 2, "", "the file is empty"),
    (b"\x7fELF\x00\x01", 0, "", "is a binary file; a declaration is YAML text in UTF-8"),
    (b"name: a\nkind: \xff\xfe\n", 2, "", "is not UTF-8 text; save the file as UTF-8"),
    ("name: al\u0007pha\n", 0, "", "holds a character that YAML does not allow: U+0007"),
    ('name: "al\\apha"\n', 1, "name", "holds the unprintable character U+0007"),
    ('name: "\\ud800"\n', 1, "name", "holds the unprintable character U+D800"),
    ("x" * (MAX_BYTES + 1), 0, "", "is larger than 256 KiB; a declaration is a few lines of text"),
    ("- a\n- b\n", 1, "", "the top of the file must be `key: value` lines"),
    ("just text", 1, "", "the top of the file must be `key: value` lines"),
    ("name: alpha\n---\nname: beta\n", 2, "", "holds a second YAML document (`---`); one file declares one thing"),
    ("%YAML 1.1\n---\nname: alpha\n", 2, "", "holds a % directive; remove it, the file is read as YAML 1.2"),
    # --- YAML
    ("name: alpha\nkind: 'small\n", 3, "", "not valid YAML: found unexpected end of stream (while scanning a quoted scalar, begun in line 2)"),
    ("name: a: b\n", 1, "", "not valid YAML: mapping values are not allowed here"),
    ("network:\n\tcidr: x\n", 2, "", "not valid YAML: a tab where spaces are needed for indentation"),
    ("name: alpha\nname: beta\n", 2, "name", "is given twice, first in line 1; keep one"),
    ("name: alpha\ntags:\n  a: b\n  c: d\n  a: {x: y}\n", 5, "tags.a", "is given twice, first in line 3; keep one"),
    ("name: &n alpha\n", 1, "name", "uses the anchor &n; anchors are not supported, write the value out"),
    ("name: *n\n", 1, "name", "uses the alias *n; aliases are not supported, write the value out"),
    ("name: alpha\n<<: {kind: small}\n", 2, "", "merge keys (<<) are not supported; write the values out"),
    ("name: !!python/object/apply:os.system [id]\n", 1, "name", "uses the tag !!python/object/apply:os.system; tags are not supported, remove it"),
    ("name: !secret x\n", 1, "name", "uses the tag !secret; tags are not supported, remove it"),
    ("? [a]\n: b\nname: x\n", 1, "", "a key must be plain text, not a mapping or list (quote it where it begins with a bracket)"),
    ("? name\n\n  x\n: b\n", 1, "", "a key holds the unprintable character U+000A"),
    ("name: al\u202epha\n", 1, "name", "holds the unprintable character U+202E"),
    (": b\n", 1, "", "a key is missing before the colon"),
    ("count: .inf\n", 1, "count", ".inf is not a number anything here can use"),
    ("count: 1e999\n", 1, "count", "the number 1e999 is too large"),
    ("count: " + "9" * 5000 + "\n", 1, "count", "the number 999999999999999999... is longer than 18 digits; quote it where text is meant"),
    ("name: " + "[" * 100 + "\n", 1, "name" + "[0]" * (MAX_DEPTH - 1), f"is nested deeper than {MAX_DEPTH} levels"),
    # --- keys
    ("name: alpha\nknid: small\n", 2, "knid", "unknown key; did you mean kind?"),
    ("name: alpha\nzzz: 1\n", 2, "zzz", "unknown key; known here: name, kind, version, count, ratio, network, tags, pools"),
    ("name: alpha\nnetwork:\n  cidr: 10.0.0.0/16\n  Zones: [a]\n", 4, "network.Zones", "unknown key; did you mean zones?"),
    ("name: alpha\npools:\n  a: {capacity: fixed, limit_cpu: 3}\n", 3, "pools.a.limit_cpu", "unknown key; did you mean limit_vcpu?"),
    ("kind: small\n", 1, "name", "is required"),
    ("name: alpha\n\nnetwork:\n  ipv6: true\n", 3, "network.cidr", "is required: Primary block"),
    ("name: alpha\npools: {Big: {capacity: fixed}}\n", 2, "pools.Big", 'the key "Big" does not have the form ^[a-z]+$'),
    # --- values
    ("name: alpha\nversion: 1.30\n", 2, "version", '1.30 is read as a number here and text is wanted; quote it: "1.30"'),
    ("name: 007\n", 1, "name", '007 is read as a number here and text is wanted; quote it: "007"'),
    ("name: alpha\ntags: {a: true}\n", 2, "tags.a", 'true is read as true or false here and text is wanted; quote it: "true"'),
    ("name:\n", 1, "name", "has no value; give it one, or leave the key out"),
    ("name: [a]\n", 1, "name", 'must be text, not ["a"]'),
    ("name: " + "a" * 40 + "\n", 1, "name", "must be at most 20 characters long, not 40"),
    ("name: alpha\nkind: lagre\n", 2, "kind", '"lagre" is not one of small, large; did you mean large?'),
    ("name: alpha\nkind: 3\n", 2, "kind", "3 is not one of small, large"),
    ("name: alpha\ncount: '3'\n", 2, "count", 'must be a whole number, not "3"; remove the quotes'),
    ("name: alpha\ncount: 1.5\n", 2, "count", "must be a whole number, not 1.5"),
    ("name: alpha\ncount: 12\n", 2, "count", "must be at most 9, not 12"),
    ("name: alpha\ncount: true\n", 2, "count", "must be a whole number, not true"),
    ("name: alpha\nratio: lots\n", 2, "ratio", 'must be a number, not "lots"'),
    ("name: alpha\nnetwork: {cidr: 10.0.0.0/16, ipv6: yes}\n", 2, "network.ipv6", 'must be true or false, not "yes"; write true'),
    ("name: alpha\nnetwork: {cidr: 10.0.0.0/16, ipv6: 1}\n", 2, "network.ipv6", "must be true or false, not 1"),
    ("name: alpha\nnetwork: {cidr: 10.0.0.0/16, zones: a}\n", 2, "network.zones", 'must be a list, not "a"; for one item write [a]'),
    ("name: alpha\nnetwork:\n  cidr: 10.0.0.0/16\n  zones:\n    - a\n    - 7\n", 6, "network.zones[1]", '7 is read as a number here and text is wanted; quote it: "7"'),
    ("name: alpha\nnetwork: text\n", 2, "network", 'must be a mapping (`key: value` lines), not "text"'),
    ("name: alpha\ntags: [a]\n", 2, "tags", 'must be a mapping (`key: value` lines), not ["a"]'),
    ("name: alpha\nnetwork: {cidr: 10.0.0.0/8}\n", 2, "network.cidr", "10.0.0.0/8 is a /8; use /16 to /24"),
    ("name: alpha\nnetwork: {cidr: 10.0.0.0/40}\n", 2, "network.cidr", 'must be an IPv4 block such as 10.0.0.0/16, not "10.0.0.0/40"'),
    ("name: alpha\nnetwork: {cidr: 10.0.1.0/16}\n", 2, "network.cidr", 'must be an IPv4 block such as 10.0.0.0/16, not "10.0.1.0/16"; did you mean 10.0.0.0/16?'),
    ("name: alpha\nnetwork: {cidr: 10.0.0.0/16, retention_days: never}\n", 2, "network.retention_days",
     'must be a whole number, not "never"; or "never" is not one of forever'),
    ("name: alpha\npools: {a: {nodes: 3}}\n", 2, "pools.a", "needs the key capacity, which says what kind of thing this is"),
    ("name: alpha\npools: {a: {capacity: karpentr}}\n", 2, "pools.a", 'capacity: "karpentr" is not one of karpenter, fixed; did you mean karpenter?'),
    ("name: alpha\npools: {a: {capacity: karpenter, limit_vcpu: 0}}\n", 2, "pools.a.limit_vcpu", "must be at least 1, not 0"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "field", "message"), BAD_FILES)
def test_a_bad_file_is_told_in_one_located_line(
    write: Callable[[str | bytes], Path], content: str | bytes, line: int, field: str, message: str
) -> None:
    assert refused(write(content)) == [(line, field, message)]


def test_every_problem_is_told_at_once_in_the_order_of_lines(write: Callable[[str], Path]) -> None:
    content = "count: 12\nversion: 1.35\nname: a\nnetwork:\n  zones: a\n  zones: b\n  natt: none\ntags: {a: 1}\n"
    assert [(line, field) for line, field, _ in refused(write(content))] == [
        (1, "count"),
        (2, "version"),
        (3, "name"),
        (4, "network.cidr"),
        (5, "network.zones"),
        (6, "network.zones"),
        (7, "network.natt"),
        (8, "tags.a"),
    ]


def test_a_yaml_bomb_is_refused_without_being_expanded(write: Callable[[str], Path]) -> None:
    lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    problems = refused(write("\n".join(lines)))
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[0] == (1, "a0", "uses the anchor &a0; anchors are not supported, write the value out")
    assert problems[-1][2] == f"reading stopped here, after {MAX_PROBLEMS} problems"


@pytest.mark.parametrize("name", ["missing.yaml", ".", "\0"])
def test_what_is_not_a_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeclarationError, match=r"no such file|is not a file|cannot be read: its name is not valid"):
        read(tmp_path / name)


def test_a_file_is_named_as_the_user_named_it(write: Callable[[str], Path]) -> None:
    path = write("name: x\n")
    with pytest.raises(DeclarationError) as caught:
        load(path, House)
    assert str(caught.value) == f"{path}:1  name  must be at least 2 characters long, not 1"


def test_defaults_are_laid_under_and_a_fault_in_them_is_told_at_the_section(write: Callable[[str], Path]) -> None:
    path = write("name: alpha\nnetwork:\n  zones: [a]\n")

    def prepare(data: dict[str, Any]) -> dict[str, Any]:
        return data | {"network": {"cidr": "10.0.0.0/8"} | data["network"]}

    with pytest.raises(DeclarationError) as caught:
        load(path, House, shown="f", prepare=prepare)
    assert str(caught.value) == "f:2  network.cidr  10.0.0.0/8 is a /8; use /16 to /24"


def test_a_check_over_the_file_is_told_together_with_the_models_problems(write: Callable[[str], Path]) -> None:
    path = write("name: alpha\nnetwork:\n  zones:\n  - x\n  cidr: nonsense\n")
    with pytest.raises(DeclarationError) as caught:
        load(path, House, shown="f", check=lambda data: [(("network", "zones", 0), f"zone {data['network']['zones'][0]} is unknown")])
    assert [problem.line for problem in caught.value.problems] == [4, 5]
    assert caught.value.problems[0] == Problem("zone x is unknown", field="network.zones[0]", file="f", line=4)


class Picky(Args):
    network: dict[str, int]

    @model_validator(mode="after")
    def refuse(self) -> "Picky":
        raise DeclarationError([Problem("no room", field="network.cidr"), Problem("odd", field="elsewhere")])


def test_problems_raised_inside_a_model_get_their_line(write: Callable[[str], Path]) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(write("network:\n  cidr: 3\n"), Picky, shown="f")
    assert str(caught.value) == "f  elsewhere  odd\nf:2  network.cidr  no room"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_no_content_raises_anything_else(tmp_path: Path, content: bytes) -> None:
    only_declaration_errors(tmp_path, content)


YAML_PIECES = st.sampled_from(
    ["name", "network", "cidr", "zones", ":", ": ", "\n", "\n  ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "!", "|", ">", "'", '"', "#", "? ",
     "---", "...", "%YAML 1.2\n", "%TAG ! x:\n", "\t", "~", "null", "1e5", "0x", "0o8", ".5", "-", "\\x", "\\U00110000", "\u2028", "\ufeff", "<<", "10.0.0.0/8"]
)  # fmt: skip


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=st.lists(YAML_PIECES, max_size=40))
def test_no_yaml_raises_anything_else(tmp_path: Path, pieces: list[str]) -> None:
    only_declaration_errors(tmp_path, "".join(pieces).encode())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "network", "cidr", "pools", "tags", "a"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=st.dictionaries(st.sampled_from([*House.model_fields, "other"]), JSON_VALUES))
def test_no_values_raise_anything_else(tmp_path: Path, values: dict[str, Any]) -> None:
    only_declaration_errors(tmp_path, json.dumps(values).encode())


def only_declaration_errors(folder: Path, content: bytes) -> None:
    path = folder / "any.yaml"
    path.write_bytes(content)
    try:
        load(path, House)
    except DeclarationError as error:
        problems = error.problems
    else:
        return
    assert problems
    for problem in problems:
        assert problem.message
        assert "\n" not in str(problem)
        str(problem).encode()
