"""Which chart brings which CustomResourceDefinitions: what a release adds to a cluster, and what is missing without it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

from platformctl.sandbox.kubernetes.kinds import Kind

Values = Mapping[str, Any]


class Definitions(Protocol):
    """The CustomResourceDefinitions at hand, as their projects publish them."""

    def of_group(self, group: str) -> list[dict[str, Any]]:
        """All of an API group, by name."""


class AtHand:
    """Those that this machine has. Looking for them takes longer than most runs need."""

    @cached_property
    def _published(self) -> Definitions:
        from platformctl.sandbox.kubernetes.definitions import at_hand  # noqa: PLC0415 -- see above

        return at_hand()

    def of_group(self, group: str) -> list[dict[str, Any]]:
        """All of an API group, by name."""
        return self._published.of_group(group)


@dataclass(frozen=True, slots=True)
class Brings:
    """What a chart brings."""

    groups: tuple[str, ...]
    """API groups, or `group/Kind` where several charts share a group."""
    when: tuple[str, ...] = ()
    """Values of which one must be true; none: always."""
    default: bool = True
    """Whether it is so where none of them is set."""
    folder: bool = False
    """They lie in the chart's crds/ folder, which Helm never removes; else in its templates, which go with the release."""
    keep: str = ""
    """Value that makes them stay when the release goes (`helm.sh/resource-policy: keep`), and is true where it is not set."""
    repository: str = ""
    """Part of the chart's address, where its name alone says little."""


_KARPENTER: Final = ("karpenter.sh", "karpenter.k8s.aws", "autoscaling.x-k8s.io")
_FLUX: Final = tuple(f"{part}.toolkit.fluxcd.io" for part in ("source", "kustomize", "helm", "notification", "image"))
_ROLLOUTS: Final = ("Rollout", "AnalysisRun", "AnalysisTemplate", "ClusterAnalysisTemplate", "Experiment")
_GATEWAY: Final = ("gateway.networking.k8s.io", "gateway.networking.x-k8s.io")
_ALWAYS: Final = "helm.sh/resource-policy"
"""No value of any chart: its definitions stay, whatever is set."""

CHARTS: Final[Mapping[str, tuple[Brings, ...]]] = {
    "argo-cd": (
        Brings(
            tuple(f"argoproj.io/{kind}" for kind in ("Application", "ApplicationSet", "AppProject")), ("crds.install",), keep="crds.keep"
        ),
    ),
    "argo-rollouts": (Brings(tuple(f"argoproj.io/{kind}" for kind in _ROLLOUTS), ("installCRDs",), keep="keepCRDs"),),
    "aws-load-balancer-controller": (Brings(("elbv2.k8s.aws", "gateway.k8s.aws", "aga.k8s.aws"), folder=True),),
    "aws-privateca-issuer": (Brings(("awspca.cert-manager.io",), folder=True),),
    "base": (
        Brings(
            tuple(f"{part}.istio.io" for part in ("networking", "security", "telemetry", "extensions")),
            ("base.enableCRDTemplates",),
            repository="istio",
        ),
    ),
    "cert-manager": (
        Brings(("cert-manager.io", "acme.cert-manager.io"), ("crds.enabled", "installCRDs"), default=False, keep="crds.keep"),
    ),
    "flagger": (Brings(("flagger.app",), folder=True),),
    "gha-runner-scale-set-controller": (Brings(("actions.github.com",), folder=True),),
    "external-dns": (Brings(("externaldns.k8s.io",), folder=True),),
    "external-secrets": (Brings(("external-secrets.io", "generators.external-secrets.io"), ("installCRDs",)),),
    "flux2": (Brings(_FLUX, ("installCRDs",)),),
    "gateway-api-crds": (Brings(("gateway.networking.k8s.io",), keep=_ALWAYS),),
    "gateway-crds-helm": (
        Brings(_GATEWAY, ("crds.gatewayAPI.enabled",), default=False),
        Brings(("gateway.envoyproxy.io",), ("crds.envoyGateway.enabled",), default=False),
    ),
    "karpenter": (Brings(_KARPENTER, folder=True),),
    "karpenter-crd": (Brings(_KARPENTER),),
    "keda": (Brings(("keda.sh", "eventing.keda.sh"), ("crds.install",)),),
    "kube-prometheus-stack": (Brings(("monitoring.coreos.com",), ("crds.enabled",), folder=True),),
    "kyverno": (Brings(("kyverno.io", "policies.kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io"), ("crds.install",)),),
    "linkerd-crds": (
        Brings(("linkerd.io", "policy.linkerd.io", "workload.linkerd.io")),
        Brings(_GATEWAY, ("installGatewayAPI",), default=False),
    ),
    "prometheus-operator-crds": (Brings(("monitoring.coreos.com",)),),
    "trust-manager": (Brings(("trust.cert-manager.io", "trust-manager.io"), ("crds.enabled",), keep="crds.keep"),),
    "velero": (Brings(("velero.io",), folder=True),),
    "vertical-pod-autoscaler": (Brings(("autoscaling.k8s.io",), folder=True),),
}
"""Source: each chart's templates, crds/ folder and values.yaml in its own repository, releases of 2026."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A definition that a release brings."""

    definition: dict[str, Any]
    folder: bool
    """It lies in the chart's crds/ folder."""
    keep: bool
    """It outlives the release."""


@dataclass(frozen=True, slots=True)
class Known:
    """The definitions at hand, and the charts that bring them."""

    definitions: Definitions

    def definition(self, kind: Kind) -> dict[str, Any] | None:
        """The definition of a kind, if there is one at hand that serves its version."""
        for definition in self.definitions.of_group(kind.group):
            spec = definition["spec"]
            if spec["names"]["kind"] == kind.kind and kind.version in {version["name"] for version in spec["versions"]}:
                return definition
        return None

    def charts(self, kind: Kind) -> list[str]:
        """The charts that bring a kind whose definition is at hand, those made for nothing else first."""
        if self.definition(kind) is None:
            return []
        found = [(brings.folder, name) for name, all_brings in CHARTS.items() for brings in all_brings if _covers(brings, kind)]
        return [name for _, name in sorted(found)]

    def brought(self, chart: str, repository: str, values: Values, *, skip_folder: bool) -> Iterator[Brought]:
        """The definitions that a release of this chart with these values brings."""
        for brings in CHARTS.get(chart_name(chart), ()):
            if not _on(brings, values) or (skip_folder and brings.folder) or brings.repository not in f"{repository} {chart}":
                continue
            keep = bool(brings.keep) and _value(values, brings.keep) is not False
            for group in dict.fromkeys(entry.partition("/")[0] for entry in brings.groups):
                for definition in self.definitions.of_group(group):
                    if _covers(brings, Kind(f"{group}/v1", definition["spec"]["names"]["kind"])):
                        yield Brought(definition, brings.folder, keep)


def chart_name(chart: str) -> str:
    """The name in a chart's address: `oci://host/path/karpenter-crd` is `karpenter-crd`."""
    return chart.rstrip("/").rpartition("/")[2]


def _covers(brings: Brings, kind: Kind) -> bool:
    return kind.group in brings.groups or f"{kind.group}/{kind.kind}" in brings.groups


def _on(brings: Brings, values: Values) -> bool:
    given = [value for path in brings.when if isinstance(value := _value(values, path), bool)]
    return any(given) if given else brings.default


def _value(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values
