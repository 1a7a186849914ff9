"""What an EKS cluster holds before anybody writes to it, as far as programs notice. Source: a new cluster of version 1.35."""

from collections.abc import Iterator
from typing import Any, Final

from platformctl.sandbox.kubernetes.definitions import Published

MANAGER: Final = "eks"
"""What EKS calls itself where it writes."""
_GROUPS: Final = ("vpcresources.k8s.aws", "crd.k8s.amazonaws.com")
"""Definitions of the VPC resource controller and the VPC CNI."""
_DEFINITIONS_PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_GP2: Final = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    # Not the default class: since 1.30 a cluster has none until somebody names one.
    "metadata": {"name": "gp2"},
    "provisioner": "kubernetes.io/aws-ebs",
    "parameters": {"type": "gp2", "fsType": "ext4"},
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}


def eks_objects(published: Published) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path of the collection and object, in the order in which they are made."""
    for group in _GROUPS:
        for definition in published.of_group(group):
            yield _DEFINITIONS_PATH, definition
    yield "/apis/storage.k8s.io/v1/storageclasses", _GP2
