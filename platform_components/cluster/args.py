"""What an EksCluster is given."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from platform_components.args import Args, Late
from platform_components.cluster.access_args import AccessGrant, Endpoint, Key, OidcLogin
from platform_components.cluster.addon_args import Addons
from platform_components.cluster.checks import Finding, findings, whole_error
from platform_components.cluster.pools import AutoPool, Pool, PoolName, with_system_pool
from platform_components.cluster.versions import DEFAULT_VERSION, supported_versions, version_problem
from platform_components.network.reference import VpcRef
from platform_components.profile import Profile

RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Retentions CloudWatch Logs takes (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html)."""


class LogType(StrEnum):
    """A log of the control plane."""

    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"


class Logging(Args):
    """Logs of the control plane, in a log group this component owns."""

    types: tuple[LogType, ...] = Field(default=tuple(LogType), description="Which logs. Omitted: all five. An empty list: none.")
    retention_days: int = Field(default=90, description="How long they are kept, in days, as CloudWatch Logs counts. Omitted: 90.")
    infrequent_access: bool = Field(
        default=False,
        description="Half the price of ingestion, without metric filters and live tail; cannot be changed later. Omitted: no.",
    )
    encrypted: bool = Field(default=True, description="Encrypt them with the cluster's own KMS key. Omitted: yes.")

    @field_validator("retention_days")
    @classmethod
    def _known(cls, days: int) -> int:
        if days not in RETENTION_DAYS:
            raise ValueError(f"{days} days is no retention CloudWatch Logs has; choose from {', '.join(map(str, RETENTION_DAYS))}")
        return days


class Encryption(Args):
    """Keys: Kubernetes secrets are always envelope-encrypted with a KMS key."""

    key_arn: Late[str] | None = Field(
        default=None,
        description="KMS key to use, whose policy must already let EKS, CloudWatch Logs and EC2 in. Omitted: this component makes one "
        "and rotates it.",
    )
    rotation_days: int = Field(default=365, ge=90, le=2560, description="How often an owned key rotates, in days. Omitted: 365.")
    deletion_window_days: int = Field(
        default=30, ge=7, le=30, description="How long a deleted owned key can be brought back, in days. Omitted: 30."
    )
    volumes: bool = Field(
        default=True, description="Encrypt the nodes' volumes with this key; if not, with the AWS key for EBS. Omitted: yes."
    )


class UpgradePolicy(StrEnum):
    """What AWS does when standard support of the version ends."""

    STANDARD = "standard"
    """Upgrades the cluster."""
    EXTENDED = "extended"
    """Keeps the version for 12 months more, at about six times the price."""


class KubernetesNetwork(Args):
    """Addresses inside the cluster. Changing any of them replaces the cluster."""

    ip_family: Literal["ipv4", "ipv6"] = Field(default="ipv4", description="Family of pod and service addresses. Omitted: ipv4.")
    service_cidr: IPv4Network | None = Field(
        default=None,
        description="IPv4 block of services, /12 to /24, clear of the VPC and its peers; ipv4 only. Omitted: AWS takes 10.100/16 or "
        "172.20/16.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "KubernetesNetwork":
        if self.service_cidr is None:
            return self
        if self.ip_family == "ipv6":
            raise ValueError("service_cidr is for ip_family ipv4; with ipv6 AWS assigns the block")
        if not 12 <= self.service_cidr.prefixlen <= 24:  # noqa: PLR2004 -- the limits EKS documents
            raise ValueError(f"service_cidr {self.service_cidr} must be a /12 to /24")
        if not self.service_cidr.is_private:
            raise ValueError(
                f"service_cidr {self.service_cidr} is not private; choose a block within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
            )
        return self


class ControlPlane(Args):
    """Size and tuning of the control plane."""

    tier: Literal["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"] | None = Field(
        default=None,
        description="Provisioned capacity; tiers above standard cost extra by the hour. Omitted: AWS's standard, which scales by itself; "
        "to leave a higher tier, write `standard`.",
    )
    event_ttl_minutes: int | None = Field(
        default=None, ge=10, le=60, description="How long Kubernetes events are kept, in minutes. Omitted: 60."
    )


class Karpenter(Args):
    """Self-managed Karpenter: used where a pool says `capacity: karpenter`."""

    namespace: str = Field(default="kube-system", description="Namespace of the controller. Omitted: kube-system.")
    service_account: str = Field(default="karpenter", description="Service account of the controller. Omitted: karpenter.")
    objects: Literal["cluster", "platform"] = Field(
        default="cluster",
        description="Which layer registers the NodePool and EC2NodeClass objects. They need Karpenter's CRDs, and its controller on "
        "destroy: `cluster` registers them here, last; `platform` leaves them to `KarpenterPools`, next to the chart. Omitted: cluster.",
    )
    crd_chart_version: str | None = Field(
        default="1.14.1",
        pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$",
        description="Version of the chart `karpenter-crd` that is installed before objects of this layer. null: the CRDs are there "
        "already. Omitted: 1.14.1.",
    )


class AutoMode(Args):
    """EKS Auto Mode: on where a pool says `capacity: auto`, or a built-in pool is named."""

    builtin_pools: tuple[Literal["general-purpose", "system"], ...] = Field(
        default=(), description="Pools that AWS defines. Omitted: none."
    )


class EksClusterSettings(Args):
    """Everything an environment file may say of a cluster; the network comes from the layer below."""

    version: str = Field(
        default=DEFAULT_VERSION,
        json_schema_extra={"enum": list(supported_versions())},
        description=f"Kubernetes version of the control plane. Omitted: {DEFAULT_VERSION}.",
    )
    generation: str = Field(
        default="",
        pattern=r"^([a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?)?$",
        description="Told apart by it: the physical name is `<component>-<generation>`. For blue and green, and for a new start where the "
        "log group of a destroyed cluster came back. Omitted: the component's name alone.",
    )
    pools: Mapping[PoolName, Pool] = Field(
        default={},
        description="Node capacity by name. Omitted: none. Where only Karpenter pools are named, a managed pool `system` is added for it.",
    )
    node_tier: str = Field(default="private", description="Subnet tier of the nodes. Omitted: private.")
    control_plane_tier: str = Field(default="private", description="Subnet tier of the control plane's interfaces. Omitted: private.")
    endpoint_access: Endpoint = Field(
        default=Endpoint(), description="Where the API can be reached from. Omitted: only from inside the VPC."
    )
    access: Mapping[Key, AccessGrant] = Field(default={}, description="Who may do what, by a name of your own. Omitted: only the deployer.")
    oidc_login: OidcLogin | None = Field(default=None, description="Users of an identity provider besides IAM. Omitted: IAM alone.")
    deployer: Late[str] | None = Field(
        default=None,
        description="ARN of the role (or user) that runs this program; cluster-admin by an entry of its own. Omitted: whoever runs the "
        "first `up`, and it stays so when somebody else runs the next.",
    )
    encryption: Encryption = Field(default=Encryption(), description="Keys. Omitted: an owned key, rotated every year.")
    logging: Logging = Field(default=Logging(), description="Control plane logs. Omitted: all five, kept for 90 days, encrypted.")
    kubernetes_network: KubernetesNetwork = Field(
        default=KubernetesNetwork(), description="Addresses inside the cluster. Omitted: IPv4, AWS's block."
    )
    control_plane: ControlPlane = Field(default=ControlPlane(), description="Size and tuning. Omitted: standard.")
    upgrade_policy: UpgradePolicy = Field(
        default=UpgradePolicy.STANDARD, description="What happens when standard support ends. Omitted: AWS upgrades."
    )
    deletion_protection: bool = Field(
        default=True,
        description="AWS and Pulumi both refuse to delete the cluster, its key and its logs until this is off and applied. Omitted: on.",
    )
    zonal_shift: bool = Field(default=True, description="Let AWS (ARC) move traffic away from an impaired zone. Omitted: yes.")
    irsa: bool = Field(
        default=False,
        description="Make an IAM OIDC provider, for workloads that Pod Identity cannot serve (Fargate, Windows). Omitted: no.",
    )
    node_session_manager: bool = Field(default=False, description="Let Session Manager open shells on nodes. Omitted: no.")
    karpenter: Karpenter = Field(default=Karpenter(), description="Self-managed Karpenter. Omitted: in kube-system, objects in this layer.")
    auto_mode: AutoMode = Field(default=AutoMode(), description="EKS Auto Mode. Omitted: off, unless a pool asks for it.")
    addons: Addons = Field(default=Addons(), description="Managed add-ons. Omitted: those a node needs, EBS and node monitoring.")
    tags: Mapping[str, str] = Field(
        default={}, description="Tags of every AWS resource, of instances and volumes too. Omitted: only the library's own."
    )

    @field_validator("version")
    @classmethod
    def _known_version(cls, version: str) -> str:
        problem = version_problem(version)
        if problem:
            raise ValueError(problem)
        return version

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell what is wrong in single fields and between fields at once: nobody should have to run it twice."""
        try:
            settings = handler(data)
        except ValidationError as error:
            unsound = frozenset(str(fault["loc"][0]) for fault in error.errors() if fault["loc"])
            raise whole_error(cls.__name__, _findings_without(data, unsound, handler), error) from None
        if found := findings(settings):
            raise whole_error(cls.__name__, found)
        return settings

    @property
    def all_pools(self) -> dict[str, Pool]:
        """The pools, with the system pool where Karpenter needs one."""
        return with_system_pool(self.pools)

    @property
    def auto_mode_on(self) -> bool:
        """Whether the cluster runs EKS Auto Mode."""
        return bool(self.auto_mode.builtin_pools) or any(isinstance(pool, AutoPool) for pool in self.pools.values())


class EksClusterArgs(EksClusterSettings):
    """An EKS cluster: the settings of its environment, and the network it stands in."""

    network: VpcRef = Field(description="Network of the cluster: `Vpc.ref()`, or a VpcRef of one built elsewhere. Required.")


def _findings_without(data: Any, unsound: AbstractSet[str], handler: ModelWrapValidatorHandler[Any]) -> list[Finding]:
    """What the checks find in the sound fields alone; nothing where not even those can be read."""
    if not isinstance(data, Mapping):
        return []
    try:
        return findings(handler({key: value for key, value in data.items() if key not in unsound}), unsound)
    except ValidationError:
        return []


_LAYERED: Mapping[str, Any] = {"karpenter": {"objects": "platform"}}
"""An environment has a platform layer, which installs Karpenter's controller: its objects live and die beside it."""

PROFILE_DEFAULTS: Mapping[Profile, Mapping[str, Any]] = {
    Profile.DEV: {
        **_LAYERED,
        # Thrown away often, and watched by the people who made it.
        "deletion_protection": False,
        "zonal_shift": False,
        "logging": {"types": ["audit", "authenticator"], "retention_days": 7},
        "encryption": {"deletion_window_days": 7},
    },
    Profile.PRODUCTION: {**_LAYERED},
    Profile.REGULATED: {
        **_LAYERED,
        # SOC 2 and HIPAA auditors ask for a year of audit logs at hand; HIPAA keeps documentation for six.
        "logging": {"retention_days": 2192},
        "encryption": {"rotation_days": 180},
    },
}
"""A profile's values where they differ from the fields' own defaults, which are those of production. YAML form."""
