"""Kubernetes objects and scripts around Vault's servers: certificate, first start, snapshots. Pure; late values are handed through.

Sources: https://developer.hashicorp.com/vault/docs/commands/operator/init; https://developer.hashicorp.com/vault/docs/auth/aws;
https://developer.hashicorp.com/vault/docs/commands/operator/raft.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from platform_components.charts.addon import Image
from platform_components.charts.hardening import container_security, pod_security, resources
from platform_components.charts.records import vault
from platform_components.secrets.tenancy import AUDIENCE

Spec = Any
"""A piece of a Kubernetes object."""

BOOTSTRAP: Final = "vault-bootstrap"
SNAPSHOTS: Final = "vault-snapshots"
SNAPSHOT_ROLE: Final = "platform.snapshots"
"""Its role in the login, and its policy. No team's are called so: those have no dot, or the team before it."""
PROGRAM_ROLE: Final = "platform-program"
"""Role of Vault's AWS login that the platform's program logs in for, and its policy."""
CERTIFICATE_HOURS: Final = 2160
"""Life of the servers' certificate."""
AWS_CLI: Final = Image("public.ecr.aws", "aws-cli/aws-cli", "2.31.25")

PROGRAM_POLICY: Final = """\
# Builds what teams use, and reads none of their secrets.
path "sys/mounts/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/mounts" { capabilities = ["read"] }
path "sys/auth/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/auth" { capabilities = ["read"] }
path "sys/policies/acl/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/policies/acl/platform-program" { capabilities = ["deny"] }
path "sys/policies/password/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/audit" { capabilities = ["read", "sudo"] }
path "sys/audit/*" { capabilities = ["create", "read", "update", "delete", "sudo"] }
path "sys/quotas/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/kubernetes/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/oidc/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "identity/group" { capabilities = ["create", "read", "update", "list"] }
path "identity/group/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "identity/group-alias" { capabilities = ["create", "read", "update", "list"] }
path "identity/group-alias/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "database/config/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "database/roles/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "database/static-roles/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "pki/roles/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "pki/root/*" { capabilities = ["create", "update", "sudo"] }
path "pki/issuer/*" { capabilities = ["read", "update", "delete"] }
path "pki/config/*" { capabilities = ["create", "read", "update"] }
path "transit/keys/*" { capabilities = ["create", "read", "update", "delete", "list"] }
"""
"""What the platform's program may do. It can change no policy of its own, reads nothing below `teams/`, takes no login, opens no cipher and
makes no token. Whoever writes policies and roles could still write one for somebody else: that stands in the audit log."""

SNAPSHOT_POLICY: Final = 'path "sys/storage/raft/snapshot" { capabilities = ["read"] }\n'

_LOGIN: Final = {"VAULT_ADDR": vault.ADDRESS, "VAULT_CACERT": "/vault/tls/ca.crt"}
_FIRST_START: Final = """\
set -eu
# 0: initialised, 2: not yet; anything else is tried again by the job.
status=0; vault operator init -status >/dev/null 2>&1 || status=$?
if [ "$status" = 0 ]; then echo "Vault is initialised; nothing to do"; exit 0; fi
[ "$status" = 2 ] || exit 1
# The root token is in this variable and nowhere else; the recovery keys are encrypted for those who hold them.
said=$(vault operator init -recovery-shares="$SHARES" -recovery-threshold="$THRESHOLD" -recovery-pgp-keys="$PGP_KEYS")
VAULT_TOKEN=$(printf '%s\\n' "$said" | sed -n 's/^Initial Root Token: //p'); export VAULT_TOKEN
printf '%s\\n' "$said" | grep '^Recovery Key'
vault audit enable -path=stdout file file_path=stdout
vault policy write platform-program /vault/bootstrap/platform-program.hcl
vault auth enable aws
vault write auth/aws/config/client iam_server_id_header_value="$SERVER_ID" >/dev/null
vault write auth/aws/role/platform-program auth_type=iam bound_iam_principal_arn="$PROGRAM_ARN" \\
  token_policies=platform-program token_ttl=1h token_max_ttl=1h token_no_default_policy=true >/dev/null
vault token revoke -self
"""


def certificate(issuer: Any) -> Spec:
    """The servers' certificate, good for every name that they have inside the cluster, and for themselves."""
    return {
        "secretName": vault.TLS_SECRET,
        "issuerRef": issuer,
        "dnsNames": list(vault.HOSTS),
        "ipAddresses": ["127.0.0.1"],
        "duration": f"{CERTIFICATE_HOURS}h",
        "renewBefore": "720h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["server auth", "client auth"],
    }


def bootstrap_files() -> dict[str, str]:
    """What the job of the first start runs and writes."""
    return {"start.sh": _FIRST_START, "platform-program.hcl": PROGRAM_POLICY}


def bootstrap_job(image: Image, program_arn: Any, server_id: Any, pgp_keys: Sequence[str], threshold: int) -> Spec:
    """Initialises Vault, gives the program its login, and revokes the root token; does nothing on a Vault that is initialised."""
    environ = {
        **_LOGIN,
        "SHARES": str(len(pgp_keys)),
        "THRESHOLD": str(threshold),
        "PGP_KEYS": ",".join(pgp_keys),
        "PROGRAM_ARN": program_arn,
        "SERVER_ID": server_id,
    }
    container = {
        **_container("start", image, environ),
        "command": ["/bin/sh", "/vault/bootstrap/start.sh"],
        "volumeMounts": [_TLS_MOUNT, {"name": "bootstrap", "mountPath": "/vault/bootstrap", "readOnly": True}],
    }
    volumes = [_TLS_VOLUME, {"name": "bootstrap", "configMap": {"name": BOOTSTRAP}}]
    return {"backoffLimit": 10, "template": {"spec": {**_pod(BOOTSTRAP), "containers": [container], "volumes": volumes}}}


def snapshot_job(image: Image, cli: Image, schedule: str, bucket: Any, role: str, mount: str) -> Spec:
    """Saves a snapshot and uploads it; whoever reads it still needs the key that unseals."""
    shared = {"name": "snapshot", "mountPath": "/snapshot"}
    save = (
        "set -eu\n"
        f'VAULT_TOKEN=$(vault write -field=token auth/{mount}/login role={role} jwt="$(cat /var/run/vault/token)"); export VAULT_TOKEN\n'
        "vault operator raft snapshot save /snapshot/vault.snap\n"
        "vault token revoke -self\n"
    )
    upload = 'set -eu\naws s3 cp /snapshot/vault.snap "s3://$BUCKET/$(date -u +%Y/%m/%d/%H%M%S).snap"\n'
    login = {"name": "login", "mountPath": "/var/run/vault", "readOnly": True}
    first = {**_container("save", image, _LOGIN), "command": ["/bin/sh", "-c", save], "volumeMounts": [_TLS_MOUNT, shared, login]}
    second = {
        **_container("upload", cli, {"BUCKET": bucket, "HOME": "/snapshot"}),
        "command": ["/bin/sh", "-c", upload],
        "volumeMounts": [shared],
    }
    token = {"serviceAccountToken": {"path": "token", "audience": AUDIENCE, "expirationSeconds": 600}}
    volumes = [_TLS_VOLUME, {"name": "snapshot", "emptyDir": {}}, {"name": "login", "projected": {"sources": [token]}}]
    pod = {**_pod(SNAPSHOTS), "initContainers": [first], "containers": [second], "volumes": volumes}
    return {
        "schedule": schedule,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "jobTemplate": {"spec": {"backoffLimit": 2, "template": {"spec": pod}}},
    }


_TLS_VOLUME: Final[Spec] = {"name": "tls", "secret": {"secretName": vault.TLS_SECRET, "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
_TLS_MOUNT: Final[Spec] = {"name": "tls", "mountPath": "/vault/tls", "readOnly": True}


def _pod(account: str) -> Spec:
    return {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "securityContext": pod_security(vault.VAULT_UID, fs_group=vault.VAULT_GID),
    }


def _container(name: str, image: Image, environ: Mapping[str, Any]) -> Spec:
    return {
        "name": name,
        "image": str(image),
        "env": [{"name": key, "value": value} for key, value in environ.items()],
        "securityContext": container_security(),
        "resources": resources(50, 128, 256),
    }
