"""What an environment holds, as text that is the same for every bring-up of the same declaration.

The rule: whatever the clouds draw is replaced by a name that tells its kind and where it was first met (`<id 3>`), and by the same name
wherever it stands again. So two inventories are equal if everything is equal but the drawn values themselves, and if those stand in the
same places: a subnet's id that has moved to another resource is a difference. What has no form of its own to be known by (a version
counter, a password, a certificate) is known by the property that tells it, in the lists below and nowhere else.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.engine.conftest import Repository

FORMS: Final = {
    "uuid": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    "id": r"(?<=-)[0-9a-f]{17}",
    "accessor": r"\b(?:auth_)?[a-z]+_[0-9a-f]{8}\b",
    "suffix": r"(?<=-)[0-9a-f]{6,7}\b",
    "secret": r"(?<=-[0-9a-f]{12}-)[A-Za-z0-9]{6}\b",
    "cluster": r"\b[0-9A-F]{32}\b",
    "zone": r"\b[0-9A-Z]{22}\b",
    "loopback": r"\b127[.-]\d+[.-]\d+[.-]\d+\b(?::\d+)?",
}
"""What is drawn, by its form: ids of AWS, accessors of Vault's logins and engines, suffixes of names, the sandbox's own addresses (no
network block begins with 127)."""
TIME: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:eks/cluster:Cluster": ("certificateAuthority.data",),
    "random:index/randomPassword:RandomPassword": ("result", "bcryptHash"),
    "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert": ("certificate", "serialNumber"),
}
"""What is drawn and has no form, by the outputs that tell it: a certificate, a password. It is looked for everywhere, encoded too."""
DRAWN: Final = frozenset({"uniqueId", "resourceVersion", "privateIp"})
"""Properties that hold what is drawn and stand nowhere else: an address that a NAT gateway is given, a counter."""
OBSERVED: Final = "status"
"""What controllers write into an object of Kubernetes when they come to it: no part of what was declared, and early or late by chance."""
BOOKKEEPING: Final = frozenset({"created", "modified", "sourcePosition", "stackTrace"})
"""What the engine notes of a run beside a resource."""
_OF_A_PROCESS: Final = ("url", "pid", "directory", "uptime_seconds")
_OF_A_SERVER: Final = ("server", "processes", "process")
_DRAWN: Final = re.compile("|".join(f"(?P<{name}>{form})" for name, form in FORMS.items()))


class Names:
    """Names for what was drawn, in the order it is met."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._counts = dict.fromkeys(FORMS, 0)

    def __call__(self, value: Any) -> Any:
        """The same value, with names in the place of what was drawn."""
        if isinstance(value, Mapping):
            return {key: "<drawn>" if key in DRAWN else self(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [self(item) for item in value]
        return _DRAWN.sub(self._name, TIME.sub("<time>", value)) if isinstance(value, str) else value

    def _name(self, found: re.Match[str]) -> str:
        if found[0] not in self._given:
            kind = str(found.lastgroup)
            self._counts[kind] += 1
            self._given[found[0]] = f"<{kind} {self._counts[kind]}>"
        return self._given[found[0]]


def inventory(repository: Repository, stacks: list[str]) -> str:
    """Every resource of the stacks with its inputs and outputs, secrets too, and what the sandbox counts."""
    held: list[Any] = []
    for stack in stacks:
        exported = json.loads(repository.pulumi("stack", "export", "-s", stack, "--show-secrets").stdout)
        held += sorted(map(resource, exported["deployment"]["resources"]), key=lambda found: found["urn"])
    status = json.loads(repository.platformctl("sandbox", "status", "--json").stdout)
    counted = {key: value for key, value in status.items() if key not in _OF_A_PROCESS}
    counted["clusters"] = [_of_any_server(found) for found in status["clusters"]]
    counted["vault"] = _of_any_server(status["vault"] or {})
    text = json.dumps([*held, counted])
    for value, name in sorted({pair for found in held for pair in told(found)}):
        # As JSON writes it: a certificate has line breaks.
        text = text.replace(json.dumps(value)[1:-1], name)
    return json.dumps(Names()(json.loads(text)), indent=1)


def _of_any_server(status: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in status.items() if key not in _OF_A_SERVER}


def told(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a resource tells that was drawn, plain and encoded, and the name in its place."""
    for path in TOLD.get(found["type"], ()):
        value = found["outputs"]
        for part in path.split("."):
            value = value[part]
        if isinstance(value, Mapping):  # a secret
            value = json.loads(value["plaintext"])
        name = f"<{path} of {found['urn'].rpartition('::')[2]}>"
        yield value, name
        yield base64.b64encode(value.encode()).decode(), name


def resource(found: Mapping[str, Any]) -> dict[str, Any]:
    """A resource as the engine holds it; the order of what it depends on says nothing."""
    kept = {key: value for key, value in found.items() if key not in BOOKKEEPING}
    if found["type"].startswith("kubernetes:"):
        kept["outputs"] = {key: value for key, value in (found.get("outputs") or {}).items() if key != OBSERVED}
    if found["type"] == "random:index/randomId:RandomId":
        # Known by the names it is a suffix of.
        kept["outputs"] = kept["id"] = None
    kept["dependencies"] = sorted(found.get("dependencies") or ())
    kept["propertyDependencies"] = {key: sorted(urns or ()) for key, urns in (found.get("propertyDependencies") or {}).items()}
    return kept
