"""Where moto is simpler than AWS in a way that would let a wrong program pass or a right one fail."""

import uuid
from typing import Any

from moto.eks import models as eks

from platformctl.sandbox.inventory import ACCOUNT_ID


class Cluster(eks.Cluster):
    """An EKS cluster with an endpoint and an OIDC issuer of its own; moto gives all clusters of a region the same."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        identity, region = uuid.uuid4().hex.upper(), kwargs["region_name"]
        self.endpoint = f"https://{identity}.gr7.{region}.eks.amazonaws.com"
        self.identity = {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{identity}"}}


def apply() -> None:
    """Put the fixes in; once, before the first request."""
    vars(eks).update(Cluster=Cluster)


def eks_clusters() -> dict[str, str]:
    """Kubernetes version by endpoint, of every EKS cluster there is."""
    eks_backends = eks.eks_backends
    if ACCOUNT_ID not in eks_backends:
        return {}
    backends = tuple(eks_backends[ACCOUNT_ID].values())
    return {cluster.endpoint: cluster.version for backend in backends for cluster in tuple(backend.clusters.values())}
