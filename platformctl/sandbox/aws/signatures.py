"""What the pulumi_aws SDK says about a resource type, read from its source.

Importing pulumi_aws.ec2 takes most of a second, for a handful of its two hundred types; the generated source is regular, and reading one
file takes a millisecond.
"""

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_PARAMETER = re.compile(r"^ {17}(\w+): pulumi\.Input\[(.*?)\]( = None)?[,)]", re.MULTILINE)
_GETTER = re.compile(r"^    @pulumi\.getter(?:\(name=\"(\w+)\"\))?\n    def (\w+)\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Signature:
    """Names of a type's properties, in wire form."""

    inputs: frozenset[str]
    required: frozenset[str]
    outputs: frozenset[str]


@cache
def signature(token: str) -> Signature | None:
    """The signature of a type token such as `aws:ec2/vpc:Vpc`; None if the SDK has no such type."""
    try:
        _, module, name = token.split(":")
        source = (_package() / f"{module.split('/')[0]}/{_file_name(module.split('/')[1])}.py").read_text(encoding="utf-8")
    except (ValueError, IndexError, OSError):
        return None
    # A type whose own name ends like an Args class of another has `InitArgs`.
    args = _class_body(source, f"class {name}Args:") or _class_body(source, f"class {name}InitArgs:")
    resource = _class_body(source, f"class {name}(pulumi.CustomResource):")
    wire = {python: declared or python for declared, python in _GETTER.findall(args)}
    parameters = args.partition('"""')[0]
    optional = {python: bool(default) for python, _, default in _PARAMETER.findall(parameters)}
    return Signature(
        inputs=frozenset(wire.values()),
        required=frozenset(wire[python] for python, has_default in optional.items() if not has_default and python in wire),
        outputs=frozenset(declared or python for declared, python in _GETTER.findall(resource)),
    )


@cache
def _package() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        raise OSError("the pulumi_aws SDK is not installed")
    return Path(spec.origin).parent


def _file_name(module: str) -> str:
    return _CAPITAL.sub("_", module).lower()


def _class_body(source: str, header: str) -> str:
    start = source.find(header)
    if start < 0:
        return ""
    end = re.compile(r"^(?:class |@pulumi\.)", re.MULTILINE).search(source, start + len(header))
    return source[start : end.start() if end else len(source)]
