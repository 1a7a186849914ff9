"""CustomResourceDefinitions of what runs on a cluster: Go modules held to their sums, of which only these files are kept.

Not there: the AWS Load Balancer Controller and Linkerd, whose releases are no versions of their modules, and the image controllers of
Flux, which no module proxy at hand served.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """Files of one Go module."""

    module: str
    version: str
    sum: str
    """As Go's checksum database has it; anything else is refused."""
    files: tuple[str, ...]
    """Patterns below the module's folder."""

    def __str__(self) -> str:
        return f"{self.module}@{self.version}"


def _module(named: str, *files: str) -> ModuleFiles:
    module, version, checksum = named.split()
    return ModuleFiles(module, version, checksum, files)


DEFINITIONS: Final = (
    _module("istio.io/api v1.32.0 h1:37mJvg9I0biYZAEQF+MATs4FNeCpXEIVO3LFpVb6iNM=", "kubernetes/customresourcedefinitions.gen.yaml"),
    _module("sigs.k8s.io/gateway-api v1.6.3 h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=", "config/crd/standard/*.yaml"),
    _module("github.com/aws/karpenter-provider-aws v1.14.1 h1:WGtIQTQcxpElYMdWfWuPwaF2+9muR+hYhPZsTtoY8Gs=", "pkg/apis/crds/*.yaml"),
    _module("github.com/argoproj/argo-cd/v3 v3.5.7 h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=", "manifests/crds/*-crd.yaml"),
    _module("github.com/argoproj/argo-rollouts v1.10.1 h1:6oyVPGiHHxu3ixkT6mngemh88HLPDoTX1IwO6KNR1Y4=", "manifests/crds/*-crd.yaml"),
    _module("github.com/cert-manager/cert-manager v1.21.2 h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=", "deploy/crds/*.yaml"),
    _module("github.com/cert-manager/trust-manager v0.25.0 h1:nGtkHH9wEacI5uACdsq8wqCKWsCw1PMrwHPJcrUFUXA=", "deploy/crds/*.yaml"),
    _module(
        "github.com/prometheus-operator/prometheus-operator v0.93.1 h1:4Juk8v93RdG1DSGD/mGp+SeQKPmnlLIj2iq3blLZgFY=",
        "example/prometheus-operator-crd/*.yaml",
    ),
    _module(
        "github.com/vmware-tanzu/velero v1.18.3 h1:9uwN5yxTWQl9PsF5ljX4xiG+7VIq3I9mxOQ0DyyZ31A=",
        "config/crd/v1/bases/*.yaml",
        "config/crd/v2alpha1/bases/*.yaml",
    ),
    _module("github.com/kedacore/keda/v2 v2.21.0 h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=", "config/crd/bases/*.yaml"),
    _module("github.com/fluxcd/source-controller v1.9.6 h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=", "config/crd/bases/*.yaml"),
    _module("github.com/fluxcd/kustomize-controller v1.9.6 h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE=", "config/crd/bases/*.yaml"),
    _module("github.com/fluxcd/helm-controller v1.4.3 h1:449LcGJXLCylvrNCq8ycevwa5mxE1Mn9vxTwlsj/no8=", "config/crd/bases/*.yaml"),
    _module("github.com/fluxcd/notification-controller v1.6.0 h1:5C06VdqTVsbBFjtSZejnKT60U00Uyj6DAtKrqU1Si/w=", "config/crd/bases/*.yaml"),
    _module("github.com/fluxcd/flagger v1.44.0 h1:JAb2mE3AAO5Y/JkfHy6xbFDPDPk9lGvqXwmtztNbdhw=", "charts/flagger/crds/crd.yaml"),
    _module("sigs.k8s.io/external-dns v0.21.0 h1:YAC7ERW32eZAjSdhu44taaZGII6nwz2/wteT+BtpFzM=", "config/crd/standard/*.yaml"),
    _module(
        "github.com/external-secrets/external-secrets v1.3.2 h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=", "config/crds/bases/*.yaml"
    ),
    _module(
        "k8s.io/autoscaler/vertical-pod-autoscaler v1.8.1 h1:Pe8bV1wozN4gOKO1rleiIY5alIyAXN+DnXDbXQcL4fI=", "deploy/vpa-v1-crd-gen.yaml"
    ),
    _module(
        "github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0 h1:HVaSUeRRHPu49aSiL8eXOjS9Re9G6pM0NzdTGI7mM14=",
        "config/crd/*.yaml",
    ),
    _module("github.com/kyverno/kyverno v1.19.1 h1:/MkgFii3/VlQfKR1JpC9tVwNNVNQTt2S4U6qCsafsTU=", "config/crds/*/*.yaml"),
    _module(
        "github.com/aws/amazon-vpc-resource-controller-k8s v1.8.2 h1:S6fvZf7+Xjho4LLo2AdxT3x9yaOJ37Ly/eGQd+ASWi4=",
        "config/crd/bases/*.yaml",
    ),
    _module("github.com/aws/amazon-vpc-cni-k8s v1.23.2 h1:Ka5CQyoDQhTJ41BruEiI35Xs7LJoC+zUubWI5+xbrLc=", "charts/aws-vpc-cni/crds/*.yaml"),
)
"""Where each project publishes them, in the newest version that a Go of 2026 takes."""
