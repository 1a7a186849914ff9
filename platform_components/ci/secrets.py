"""How a credential reaches the controller that uses it: an ExternalSecret, which names it and holds nothing. Pure."""

from typing import Any, Final

from platform_components.secrets.reference import SecretReference

Spec = dict[str, Any]

API: Final = "external-secrets.io/v1"


def whole(name: str, store: str, credentials: SecretReference) -> Spec:
    """A Secret with every field of what is named."""
    return {**_target(name, store), "dataFrom": [{"extract": {"key": credentials.reference}}]}


def token(name: str, store: str, credentials: SecretReference, field: str) -> Spec:
    """A Secret as the chart of gitlab-runner mounts it, with one field; it asks for the old kind of token too, which is empty."""
    data = {"runner-token": "{{ .token }}", "runner-registration-token": ""}
    spec = _target(name, store)
    spec["target"]["template"] = {"engineVersion": "v2", "data": data}
    return {**spec, "data": [{"secretKey": "token", "remoteRef": {"key": credentials.reference, "property": field}}]}


def _target(name: str, store: str) -> Spec:
    return {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "SecretStore", "name": store},
        # What is gone from the store by mistake does not stop every pipeline at once.
        "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
    }
