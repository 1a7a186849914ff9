"""The resource types of the Vault provider, as data: where each is written, read and deleted, and what its place is made of. Pure.

An input's name in Vault's API is its own in snake case, unless a row says otherwise. Paths are templates over inputs and outputs.

Source: https://developer.hashicorp.com/vault/api-docs.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

Values = Mapping[str, Any]
Body = dict[str, Any]

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")

ENTERPRISE: Final = frozenset(
    {
        "vault:index/namespace:Namespace",
        "vault:index/quotaLeaseCount:QuotaLeaseCount",
        "vault:index/egpPolicy:EgpPolicy",
        "vault:index/rgpPolicy:RgpPolicy",
        "vault:index/raftSnapshotAgentConfig:RaftSnapshotAgentConfig",
    }
)
"""Types that Vault's community edition does not have."""


def snake(name: str) -> str:
    """An input's name as Vault's API has it."""
    return _CAPITAL.sub("_", name).lower()


def fields(inputs: Values, leave: Sequence[str] = ()) -> Body:
    """Inputs as Vault takes them, without those that make the path."""
    return {snake(name): value for name, value in inputs.items() if value is not None and name not in leave}


@dataclass(frozen=True, slots=True)
class VaultType:
    """One resource type."""

    write: str
    """Path that a create and, unless `update` says otherwise, an update is sent to."""
    place: tuple[str, ...]
    """Inputs that say where it is: another value is another resource."""
    body: Callable[[Values], Body] | None = None
    """What is sent; None: every other input."""
    then: tuple[tuple[str, Callable[[Values], Body]], ...] = ()
    """Further writes after the first; also what an update sends where `update` is `then`."""
    update: str = "write"
    """`write`: as a create; `then`: only the further writes; a path: there; empty: it cannot be changed, only replaced."""
    read: str | None = "write"
    """Where it is read; None: Vault tells nothing of it again."""
    delete: str | None = "write"
    """Where it is deleted; None: nothing stays of it."""
    id: str = ""
    """Template of the id; empty: the path that it is written to."""
    answers: tuple[str, ...] = ()
    """Outputs that come with the answer of the write, or of the read."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    """Further inputs that no update changes."""
    outside: tuple[str, ...] = ()
    """What Vault says where it wanted to reach something that no sandbox has; the resource is then recorded, and nothing is behind it."""

    @property
    def identifier(self) -> str:
        """Template of the id."""
        return self.id or self.write

    def placed(self, resource_id: str) -> dict[str, str] | None:
        """What an id says of where it is; None where it is no id of this type."""
        pattern = _PLACEHOLDER.sub(r"(?P<\1>.+?)", re.escape(self.identifier).replace(r"\{", "{").replace(r"\}", "}"))
        found = re.fullmatch(pattern, resource_id)
        return {name: value for name, value in found.groupdict().items() if name != "id"} if found else None

    def path(self, template: str, values: Values) -> str:
        """A template with values filled in; slashes at the ends of a mount's path do not matter."""
        return _PLACEHOLDER.sub(lambda match: str(values[match[1]]).strip("/"), template)


def _mount(inputs: Values) -> Body:
    tuned = {"default_lease_ttl": inputs.get("defaultLeaseTtlSeconds"), "max_lease_ttl": inputs.get("maxLeaseTtlSeconds")}
    config = {name: value for name, value in tuned.items() if value}
    sent = {name: inputs.get(name) for name in ("type", "description", "options", "local")}
    return {**{name: value for name, value in sent.items() if value is not None}, "config": config}


def _tune(inputs: Values) -> Body:
    body = _mount(inputs)
    return {**body["config"], **{name: body[name] for name in ("description", "options") if name in body}}


def _login(inputs: Values) -> Body:
    tune = inputs.get("tune") or {}
    return {"type": inputs.get("type", "jwt"), "description": inputs.get("description", ""), "config": fields(tune)}


def _login_tune(inputs: Values) -> Body:
    return {"description": inputs.get("description", ""), **fields(inputs.get("tune") or {})}


def _jwt(inputs: Values) -> Body:
    return fields(inputs, ("path", "type", "description", "tune", "local", "disableRemount", "oidcClientSecretWoVersion"))


def _kv(inputs: Values) -> Body:
    text = inputs.get("dataJson") or inputs.get("dataJsonWo") or "{}"
    return {"data": json.loads(text), "options": fields(inputs.get("options") or {})}


def _kv_metadata(inputs: Values) -> Body:
    return fields(inputs.get("customMetadata") or {})


DATABASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "postgresql": "postgresql-database-plugin",
        "mysql": "mysql-database-plugin",
        "mysqlAurora": "mysql-aurora-database-plugin",
        "mysqlRds": "mysql-rds-database-plugin",
    }
)
"""Plugin of the database engine by the block that a connection has."""


def _connection(inputs: Values) -> Body:
    body = fields(inputs, ("backend", "name", "data", *DATABASES))
    for block, plugin in DATABASES.items():
        if inputs.get(block):
            body |= {"plugin_name": body.get("plugin_name", plugin), **fields(inputs[block])}
    # No database listens in a sandbox; what it is asked for comes out when somebody takes a login.
    return {**body, **(inputs.get("data") or {}), "verify_connection": False}


_KEY_SETTINGS: Final = ("minDecryptionVersion", "minEncryptionVersion", "deletionAllowed", "exportable", "allowPlaintextBackup")


def _key(inputs: Values) -> Body:
    return fields(inputs, ("backend", "name", "minDecryptionVersion", "minEncryptionVersion", "deletionAllowed"))


def _key_settings(inputs: Values) -> Body:
    return fields({name: inputs.get(name) for name in (*_KEY_SETTINGS, "autoRotatePeriod")})


def _without(*names: str) -> Callable[[Values], Body]:
    return lambda inputs: fields(inputs, names)


_CERTIFICATE: Final = ("certificate", "issuingCa", "serialNumber")

TYPES: Final[Mapping[str, VaultType]] = MappingProxyType(
    {
        "vault:index/policy:Policy": VaultType("sys/policies/acl/{name}", ("name",), id="{name}", body=_without("name", "allowOverwrite")),
        "vault:index/passwordPolicy:PasswordPolicy": VaultType("sys/policies/password/{name}", ("name",), id="{name}"),
        "vault:index/mount:Mount": VaultType(
            "sys/mounts/{path}",
            ("path", "type"),
            body=_mount,
            update="then",
            then=(("sys/mounts/{path}/tune", _tune),),
            id="{path}",
            answers=("accessor",),
            fixed=("local", "sealWrap", "externalEntropyAccess"),
        ),
        "vault:index/authBackend:AuthBackend": VaultType(
            "sys/auth/{path}",
            ("path", "type"),
            body=_login,
            update="then",
            then=(("sys/auth/{path}/tune", _login_tune),),
            id="{path}",
            answers=("accessor",),
            fixed=("local",),
        ),
        "vault:kubernetes/authBackendConfig:AuthBackendConfig": VaultType(
            "auth/{backend}/config",
            ("backend",),
            delete=None,
            defaults={"backend": "kubernetes"},
            # Without an API server beside it, Vault looks for the authority where a pod has it.
            outside=("open /var/run/secrets/kubernetes.io",),
        ),
        "vault:kubernetes/authBackendRole:AuthBackendRole": VaultType(
            "auth/{backend}/role/{roleName}", ("backend", "roleName"), defaults={"backend": "kubernetes"}
        ),
        "vault:jwt/authBackend:AuthBackend": VaultType(
            "sys/auth/{path}",
            ("path", "type"),
            body=_login,
            update="then",
            then=(("sys/auth/{path}/tune", _login_tune), ("auth/{path}/config", _jwt)),
            id="{path}",
            answers=("accessor",),
            defaults={"path": "jwt", "type": "jwt"},
            fixed=("local",),
            outside=("error checking oidc discovery URL", "error checking jwks URL"),
        ),
        "vault:jwt/authBackendRole:AuthBackendRole": VaultType(
            "auth/{backend}/role/{roleName}", ("backend", "roleName"), defaults={"backend": "jwt", "roleType": "oidc"}
        ),
        "vault:kv/secretV2:SecretV2": VaultType(
            "{mount}/data/{name}",
            ("mount", "name"),
            body=_kv,
            then=(("{mount}/metadata/{name}", _kv_metadata),),
            delete="{mount}/metadata/{name}",
        ),
        "vault:database/secretBackendConnection:SecretBackendConnection": VaultType(
            "{backend}/config/{name}", ("backend", "name"), body=_connection
        ),
        "vault:database/secretBackendRole:SecretBackendRole": VaultType("{backend}/roles/{name}", ("backend", "name")),
        "vault:database/secretBackendStaticRole:SecretBackendStaticRole": VaultType(
            "{backend}/static-roles/{name}",
            ("backend", "name"),
            fixed=("username",),
            outside=("connect", "no such host", "rotation_period is required", "dial tcp"),
        ),
        "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert": VaultType(
            "{backend}/root/generate/{type}",
            ("backend", "type"),
            update="",
            read="{backend}/issuer/{issuerId}",
            delete="{backend}/issuer/{issuerId}",
            id="{backend}/issuer/{issuerId}",
            answers=(*_CERTIFICATE, "issuerId", "keyId"),
        ),
        "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": VaultType(
            "{backend}/intermediate/generate/{type}", ("backend", "type"), update="", read=None, delete=None, answers=("csr", "keyId")
        ),
        "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate": VaultType(
            "{backend}/root/sign-intermediate",
            ("backend",),
            update="",
            read=None,
            delete=None,
            id="{backend}/{commonName}",
            answers=(*_CERTIFICATE, "caChain"),
        ),
        "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned": VaultType(
            "{backend}/intermediate/set-signed",
            ("backend",),
            update="",
            read=None,
            delete=None,
            answers=("importedIssuers", "importedKeys"),
        ),
        "vault:pkiSecret/secretBackendRole:SecretBackendRole": VaultType("{backend}/roles/{name}", ("backend", "name")),
        "vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls": VaultType("{backend}/config/urls", ("backend",), delete=None),
        "vault:transit/secretBackendKey:SecretBackendKey": VaultType(
            "{backend}/keys/{name}",
            ("backend", "name"),
            body=_key,
            update="then",
            then=(("{backend}/keys/{name}/config", _key_settings),),
            answers=("latestVersion",),
            fixed=("type", "derived", "convergentEncryption", "keySize"),
        ),
        "vault:index/audit:Audit": VaultType("sys/audit/{path}", ("path",), update="", read="sys/audit", id="{path}"),
        "vault:index/quotaRateLimit:QuotaRateLimit": VaultType("sys/quotas/rate-limit/{name}", ("name",), id="{name}"),
        "vault:identity/group:Group": VaultType(
            "identity/group",
            ("type",),
            update="identity/group/id/{id}",
            read="identity/group/id/{id}",
            delete="identity/group/id/{id}",
            id="{id}",
            answers=("id",),
            defaults={"type": "internal"},
            body=_without("externalPolicies", "externalMemberEntityIds", "externalMemberGroupIds"),
        ),
        "vault:identity/groupAlias:GroupAlias": VaultType(
            "identity/group-alias",
            (),
            update="identity/group-alias/id/{id}",
            read="identity/group-alias/id/{id}",
            delete="identity/group-alias/id/{id}",
            id="{id}",
            answers=("id",),
        ),
    }
)
"""Every type by token."""
