"""Managed add-ons as an environment file declares them."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from platform_components.args import Args, Late

AddonName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]


class Conflicts(StrEnum):
    """What EKS does where a field of an add-on's objects was changed in the cluster."""

    OVERWRITE = "overwrite"
    """Sets it back: the file is what counts."""
    PRESERVE = "preserve"
    """Keeps the change; on update only."""
    NONE = "none"
    """Fails."""


class Addon(Args):
    """A managed add-on."""

    enabled: bool = Field(default=True, description="Install it. Omitted: yes.")
    version: str | None = Field(
        default=None,
        pattern=r"^v[0-9][0-9A-Za-z.+-]*$",
        description="Version such as v1.20.0-eksbuild.1. Omitted: the one AWS recommends for the cluster's version at creation; it "
        "then stays.",
    )
    configuration: Mapping[str, Any] = Field(
        default={}, description="Values of the add-on's own schema; they win over those made from typed fields. Omitted: none."
    )
    on_update: Conflicts = Field(
        default=Conflicts.OVERWRITE, description="What an update does to fields changed in the cluster. Omitted: overwrite."
    )
    keep: bool = Field(default=False, description="Leave its objects in the cluster when the add-on is removed. Omitted: no.")


class VpcCni(Addon):
    """The VPC CNI: addresses of pods."""

    prefix_delegation: bool = Field(
        default=True,
        description="Give nodes /28 (or /80) prefixes instead of single addresses: several times the pods on a node. Omitted: yes.",
    )
    warm_ip_target: int | None = Field(default=None, ge=0, description="Free addresses a node keeps ready. Omitted: one prefix.")
    minimum_ip_target: int | None = Field(default=None, ge=0, description="Fewest addresses a node holds. Omitted: none.")
    network_policy: bool = Field(default=True, description="Enforce NetworkPolicy objects. Omitted: yes.")
    pod_security_groups: bool = Field(default=False, description="Security groups for single pods (trunk interfaces). Omitted: no.")
    external_snat: bool = Field(
        default=False, description="Leave address translation of pods to a NAT gateway, so that peers see pods' own addresses. Omitted: no."
    )


class ExtraAddon(Addon):
    """A managed add-on this library has no typed fields for; installed once nodes are there."""

    pod_identity: Mapping[str, Late[str]] = Field(
        default={}, description="Role ARN by service account, for add-ons that call AWS. Omitted: none."
    )


class Addons(Args):
    """Managed add-ons. With only Auto Mode pools those that AWS runs itself are left out, whatever is said here."""

    vpc_cni: VpcCni = Field(default=VpcCni(), description="VPC CNI; before the nodes. Omitted: on, with prefixes and network policy.")
    kube_proxy: Addon = Field(default=Addon(), description="kube-proxy; before the nodes. Omitted: on.")
    pod_identity_agent: Addon = Field(default=Addon(), description="EKS Pod Identity agent; before the nodes. Omitted: on.")
    coredns: Addon = Field(default=Addon(), description="CoreDNS; once nodes are there. Omitted: on.")
    ebs_csi: Addon = Field(
        default=Addon(),
        description="EBS CSI driver, with its role, from v1.58.0 on; once nodes are there. Volumes it did not make itself need the tag "
        "`ebs.csi.aws.com/cluster-name` with the cluster's name. Omitted: on.",
    )
    node_monitoring: Addon = Field(
        default=Addon(), description="Node monitoring agent, which tells node repair what is broken; once nodes are there. Omitted: on."
    )
    extra: Mapping[AddonName, ExtraAddon] = Field(
        default={}, description="Further add-ons by their AWS name, such as metrics-server. Omitted: none."
    )

    @model_validator(mode="after")
    def _typed_ones_are_typed(self) -> "Addons":
        taken = {"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "aws-ebs-csi-driver", "eks-node-monitoring-agent"}
        double = sorted(taken & set(self.extra))
        if double:
            raise ValueError(f"extra.{double[0]} has a field of its own; move it there")
        pinned = self.ebs_csi.version
        if pinned is not None and _release(pinned) < EBS_CSI_MIN:
            raise ValueError(f"ebs_csi {pinned} does not mark its volumes with the cluster, which its role needs; use v1.58.0 or newer")
        return self


EBS_CSI_MIN = (1, 58)
"""First release that tags volumes with the cluster's name (https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918)."""


def _release(version: str) -> tuple[int, ...]:
    """Major and minor of a version such as v1.58.0-eksbuild.1."""
    return tuple(int(part) for part in re.findall(r"[0-9]+", version)[:2])
