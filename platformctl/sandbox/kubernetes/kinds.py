"""What is known about kinds of objects beyond their schemas, as data: type tokens, scope, and what an update may not change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from platformctl.sandbox.documents import api_group


class Kind(NamedTuple):
    """Group, version and kind."""

    api_version: str
    """`v1`, or `group/version`."""
    kind: str

    @property
    def group(self) -> str:
        """API group; empty for core."""
        return api_group(self.api_version)

    @property
    def version(self) -> str:
        """Version without the group."""
        return self.api_version.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


def kind_of_token(token: str) -> Kind:
    """The kind behind a Pulumi type token: `kubernetes:core/v1:Namespace` is `v1 Namespace`."""
    _, api_version, kind = token.split(":", 2)
    return Kind(api_version.removeprefix("core/"), kind)


CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "ComponentStatus"),
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("authentication.k8s.io", "SelfSubjectReview"),
        ("authentication.k8s.io", "TokenReview"),
        ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "SubjectAccessReview"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("certificates.k8s.io", "ClusterTrustBundle"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("internal.apiserver.k8s.io", "StorageVersion"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("resource.k8s.io", "DeviceTaintRule"),
        ("resource.k8s.io", "ResourceSlice"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("storagemigration.k8s.io", "StorageVersionMigration"),
    }
)
"""Built-in kinds outside namespaces. Source: `kubectl api-resources --namespaced=false` and the API reference, Kubernetes 1.25 to 1.37."""

CUSTOM_CLUSTER_SCOPED: Final = frozenset(
    {
        ("argoproj.io", "ClusterAnalysisTemplate"),
        ("argoproj.io", "ClusterWorkflowTemplate"),
        ("capsule.clastix.io", "CapsuleConfiguration"),
        ("capsule.clastix.io", "Tenant"),
        ("cert-manager.io", "ClusterIssuer"),
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("constraints.gatekeeper.sh", "*"),
        ("crd.k8s.amazonaws.com", "ENIConfig"),
        ("eks.amazonaws.com", "NodeClass"),
        ("eks.amazonaws.com", "NodeDiagnostic"),
        ("elbv2.k8s.aws", "IngressClassParams"),
        ("external-secrets.io", "ClusterExternalSecret"),
        ("external-secrets.io", "ClusterPushSecret"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("generators.external-secrets.io", "ClusterGenerator"),
        ("karpenter.k8s.aws", "EC2NodeClass"),
        ("karpenter.sh", "NodeClaim"),
        ("karpenter.sh", "NodeOverlay"),
        ("karpenter.sh", "NodePool"),
        ("keda.sh", "ClusterTriggerAuthentication"),
        ("kyverno.io", "ClusterCleanupPolicy"),
        ("kyverno.io", "ClusterPolicy"),
        ("mutations.gatekeeper.sh", "*"),
        ("nvidia.com", "ClusterPolicy"),
        ("operator.tigera.io", "*"),
        ("policy.networking.k8s.io", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
        ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
        ("snapshot.storage.k8s.io", "VolumeSnapshotContent"),
        ("templates.gatekeeper.sh", "ConstraintTemplate"),
        ("trust.cert-manager.io", "Bundle"),
        ("trust-manager.io", "ClusterBundle"),
    }
)
"""Custom kinds outside namespaces, for where no definition says so; `*` is every kind of a group. Source: the projects' own definitions."""


def is_namespaced(kind: Kind, inputs: Mapping[str, Any]) -> bool:
    """The scope of a kind that no definition is at hand for: what the object says, else the table, else a namespace."""
    metadata = inputs.get("metadata")
    if isinstance(metadata, Mapping) and metadata.get("namespace"):
        return True
    return (kind.group, kind.kind) not in CUSTOM_CLUSTER_SCOPED and (kind.group, "*") not in CUSTOM_CLUSTER_SCOPED


@dataclass(frozen=True, slots=True)
class Frozen:
    """Fields that an API server refuses to change; everything under a path counts, but for the exceptions."""

    paths: tuple[str, ...]
    but_not: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether a change at this path (`spec.template.spec.containers[0].image`) needs a new object."""
        plain = _without_indices(path)
        return any(_under(plain, frozen) for frozen in self.paths) and not any(_under(plain, free) for free in self.but_not)


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))


def _without_indices(path: str) -> str:
    """`containers[0].image` as `containers.image`; a key in brackets (`["a.b"]`) stays."""
    kept = []
    for position, part in enumerate(path.split("[")):
        index, bracket, rest = part.partition("]")
        kept.append(rest if position and bracket and index.isdigit() else part if not position else f"[{part}")
    return "".join(kept)


_IDENTITY: Final = ("kind", "metadata.name", "metadata.namespace", "metadata.generateName")
_POD: Final = Frozen(
    ("spec",),
    (
        "spec.containers.image",
        "spec.initContainers.image",
        "spec.activeDeadlineSeconds",
        "spec.tolerations",
        "spec.terminationGracePeriodSeconds",
    ),
)
_STATEFUL_SET: Final = Frozen(
    ("spec",),
    (
        "spec.replicas",
        "spec.ordinals",
        "spec.template",
        "spec.updateStrategy",
        "spec.revisionHistoryLimit",
        "spec.persistentVolumeClaimRetentionPolicy",
        "spec.minReadySeconds",
    ),
)

FROZEN: Final[Mapping[tuple[str, str], Frozen]] = {
    ("", "PersistentVolume"): Frozen(
        ("spec.csi", "spec.hostPath", "spec.local", "spec.nfs", "spec.awsElasticBlockStore", "spec.volumeMode")
    ),
    ("", "PersistentVolumeClaim"): Frozen(("spec",), ("spec.resources", "spec.volumeAttributesClassName")),
    ("", "Pod"): _POD,
    ("", "ReplicationController"): Frozen(("spec.selector",)),
    ("", "Service"): Frozen(("spec.clusterIP", "spec.clusterIPs")),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Frozen(("spec.group", "spec.scope", "spec.names.kind", "spec.names.plural")),
    ("apps", "DaemonSet"): Frozen(("spec.selector",)),
    ("apps", "Deployment"): Frozen(("spec.selector",)),
    ("apps", "ReplicaSet"): Frozen(("spec.selector",)),
    ("apps", "StatefulSet"): _STATEFUL_SET,
    ("batch", "Job"): Frozen(("spec.selector", "spec.template", "spec.completions", "spec.completionMode", "spec.manualSelector")),
    ("certificates.k8s.io", "CertificateSigningRequest"): Frozen(("spec",)),
    ("discovery.k8s.io", "EndpointSlice"): Frozen(("addressType",)),
    ("networking.k8s.io", "IngressClass"): Frozen(("spec.controller",)),
    ("node.k8s.io", "RuntimeClass"): Frozen(("handler",)),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): Frozen(("roleRef",)),
    ("rbac.authorization.k8s.io", "RoleBinding"): Frozen(("roleRef",)),
    ("resource.k8s.io", "ResourceClaim"): Frozen(("spec",)),
    ("resource.k8s.io", "ResourceClaimTemplate"): Frozen(("spec",)),
    ("scheduling.k8s.io", "PriorityClass"): Frozen(("value", "preemptionPolicy")),
    ("storage.k8s.io", "CSIDriver"): Frozen(("spec.attachRequired", "spec.volumeLifecycleModes")),
    ("storage.k8s.io", "StorageClass"): Frozen(("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode", "mountOptions")),
    ("storage.k8s.io", "VolumeAttributesClass"): Frozen(("driverName", "parameters")),
}
"""Fields that cannot be updated, by group and kind. Source: the API reference's notes and the API server's validation of updates."""

_CONTENT: Final = {("", "ConfigMap"): ("data", "binaryData"), ("", "Secret"): ("data", "stringData", "type")}
_MUTABLE_SETTING: Final = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}


def needs_new_object(kind: Kind, path: str, old: Mapping[str, Any], config: Mapping[str, Any], *, partial: bool = False) -> bool:
    """Whether a change at `path` cannot be an update.

    The Pulumi provider replaces a ConfigMap or Secret whose content changes unless its configuration says that they are mutable; an
    object marked `immutable` is replaced in any case. A Patch resource (`partial`) has nothing that it could replace.
    """
    identity = (kind.group, kind.kind)
    if Frozen(_IDENTITY).covers(path):
        return True
    if partial:
        return False
    content = _CONTENT.get(identity)
    if content is not None:
        always = ("type",) if kind.kind == "Secret" else ()
        fixed = content if old.get("immutable") is True or config.get(_MUTABLE_SETTING[kind.kind]) is not True else always
        return Frozen(fixed).covers(path)
    frozen = FROZEN.get(identity)
    return frozen is not None and frozen.covers(path)
