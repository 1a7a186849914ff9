"""kyverno: verifies the signatures of images when pods are made. Its other engines stay off: admission rules are the API server's own.

Chart and values: kyverno/kyverno, charts/kyverno at release-1.19. Only the admission controller runs; it reads no object of tenants but
what it is sent, takes its registry logins from its own AWS identity, and is reachable by the API server alone.
"""

from platform_components.charts.addon import Addon, Definitions, Image, KubernetesRange, PodSecurity, Values, mirrored
from platform_components.charts.hardening import container_security, pod_security, priority, resources, spread
from platform_components.charts.site import Site
from platform_components.charts.traffic import Traffic

APP_VERSION = "v1.19.0"
IMAGE = Image("reg.kyverno.io", "kyverno/kyverno", APP_VERSION)
START = Image("reg.kyverno.io", "kyverno/kyvernopre", APP_VERSION)
CLI = Image("reg.kyverno.io", "kyverno/kyverno-cli", APP_VERSION)
CLEANUP = Image("ghcr.io", "kyverno/readiness-checker", APP_VERSION)
NAMESPACE = "kyverno"
SERVICE_ACCOUNT = "kyverno-admission-controller"
OTHERS = ("backgroundController", "cleanupController", "reportsController")
"""Controllers for policies that change, delete and report: none of which there is."""
SIZES = {"kyverno": resources(200, 256, 768), "pre": resources(20, 64, 256), "job": resources(20, 64, 256)}


def values(site: Site) -> Values:
    """The admission controller, and the jobs that Helm runs: one moves stored policies on upgrade, two take the webhooks down first."""
    return {
        "global": {
            "nodeSelector": {"kubernetes.io/os": "linux", **(site.node_selector or {})},
            "tolerations": list(site.tolerations),
        },
        "config": {
            "preserve": False,
            # Nobody passes but Kubernetes' own nodes, whose pods are the static ones.
            "excludeGroups": ["system:nodes"],
        },
        "rbac": {"roles": {"aggregate": {"admin": False, "view": False}}},
        "features": {
            "admissionReports": {"enabled": False},
            "aggregateReports": {"enabled": False},
            "policyReports": {"enabled": False},
            "validatingAdmissionPolicyReports": {"enabled": False},
            "backgroundScan": {"enabled": False},
            "generateValidatingAdmissionPolicy": {"enabled": False},
            "policyExceptions": {"enabled": False},
            "logging": {"format": "json"},
            "registryClient": {"allowInsecure": False, "credentialHelpers": ["amazon"]},
        },
        "crds": {"install": True, "migration": {**_image(CLI, site), **_job(), "podResources": SIZES["job"]}},
        "webhooksCleanup": {"enabled": True, **_image(CLEANUP, site), **_job(), "resources": SIZES["job"]},
        "test": {"resources": SIZES["job"]},
        "admissionController": {
            "replicas": site.replicas,
            **priority(site.priority_class),
            "rbac": {"createViewRoleBinding": False, "serviceAccount": {"name": SERVICE_ACCOUNT}},
            "podSecurityContext": pod_security(),
            "podDisruptionBudget": {"enabled": site.highly_available, "minAvailable": 1},
            "topologySpreadConstraints": spread({"app.kubernetes.io/component": "admission-controller"}),
            "initContainer": {**_image(START, site), "resources": SIZES["pre"], "securityContext": container_security()},
            "container": {**_image(IMAGE, site), "resources": SIZES["kyverno"], "securityContext": container_security()},
            "serviceMonitor": {"enabled": site.monitors},
        },
        **{part: {"enabled": False, "resources": SIZES["job"]} for part in OTHERS},
    }


def _image(image: Image, site: Site) -> Values:
    found = mirrored(image, site.mirror)
    return {"image": {"registry": found.registry, "repository": found.repository, "tag": found.tag}}


def _job() -> Values:
    return {"podSecurityContext": pod_security(), "securityContext": container_security()}


ADDON = Addon(
    name="kyverno",
    role="kyverno",
    chart="kyverno",
    repository="https://kyverno.github.io/kyverno",
    version="3.9.0",
    app_version="v1.19.0",
    kubernetes=KubernetesRange("1.33", "1.36", "https://github.com/kyverno/kyverno/blob/release-1.19/.github/workflows/conformance.yaml"),
    namespace=NAMESPACE,
    pod_security=PodSecurity.RESTRICTED,
    traffic=Traffic(webhooks=(9443,), metrics=(8000,)),
    images=(IMAGE, START, CLI, CLEANUP),
    values=values,
    definitions=Definitions(
        ("kyverno.io", "policies.kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io"),
        upgraded=True,
        source="the charts crds and kyverno-api below it, deleted with the release",
    ),
    service_account=SERVICE_ACCOUNT,
    needs=("prometheus-operator-crds",),
    optional=True,
)
