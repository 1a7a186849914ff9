"""Who Vault is before a cluster's API when it asks whether a login is good: outside the cluster it has no service account of its own."""

from collections.abc import Mapping
from typing import Final

from platformctl.sandbox.kubernetes.api import Api
from platformctl.sandbox.kubernetes.refusals import ApiError

_NAME: Final = "sandbox-vault"
_NAMESPACE: Final = "kube-system"
_ACCOUNTS: Final = f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts"
_BINDINGS: Final = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_MONTH_SECONDS: Final = 30 * 86400


def reviewer_token(cluster: Mapping[str, str]) -> str:
    """A token of a service account that may review tokens and do nothing else.

    Raises:
        ProviderError: the API refuses, or does not answer.
    """
    api = Api(cluster["server"], cluster["certificateAuthority"], cluster["token"])
    metadata = {"metadata": {"name": _NAME}}
    binding = {
        **metadata,
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}],
    }
    for path, document in ((_ACCOUNTS, {**metadata, "apiVersion": "v1", "kind": "ServiceAccount"}), (_BINDINGS, binding)):
        _make(api, path, document)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": _MONTH_SECONDS}}
    return str(api.request("POST", f"{_ACCOUNTS}/{_NAME}/token", body=request)["status"]["token"])


def _make(api: Api, path: str, document: Mapping[str, object]) -> None:
    try:
        api.request("POST", path, body=document)
    except ApiError as error:
        if not error.exists:
            raise
