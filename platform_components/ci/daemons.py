"""The build daemons of CiRunners: their namespace, certificate, settings and StatefulSet."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import PodSecurity
from platform_components.charts.namespace import create_namespace
from platform_components.ci import builds, traffic
from platform_components.ci.args import Builds, CiRunnersArgs
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.labels import owned
from platform_components.names import child_name

CERTIFICATES = "cert-manager.io/v1"


def create_daemons(
    component: PlatformComponent, name: str, args: CiRunnersArgs, wanted: Builds, jobs: Sequence[str], bucket: pulumi.Output[str] | None
) -> None:
    """Create what builds images.

    Args:
        component: its parent.
        name: the component's own name.
        args: the component's args.
        wanted: how many daemons, and how large.
        jobs: namespaces of jobs, which may reach them.
        bucket: where layers are kept. None: on the daemons' own disks.
    """
    outside = traffic.of_jobs(args.egress, args.private).blocks
    reached = builds.traffic(jobs, outside, cache=bucket is not None)
    namespace = create_namespace(component, name, builds.NAMESPACE, PodSecurity.PRIVILEGED, reached, pods=2 * wanted.max)
    inside = namespace.metadata.name

    def named(**more: Any) -> Any:
        return {"name": builds.NAME, "namespace": inside, "labels": owned(dict(builds.LABELS)), **more}

    def role(what: str) -> str:
        return child_name(name, "builds", what)

    objects = CustomResources(component, name, inside)
    spec = builds.certificate(builds.SERVER_SECRET, args.internal_issuer, server=True, name=builds.NAME)
    certificate = objects.create("builds-certificate", CERTIFICATES, "Certificate", builds.SERVER_SECRET, spec)
    account = k8s.core.v1.ServiceAccount(
        role("account"), metadata=named(), automount_service_account_token=False, opts=component.child_options()
    )
    mirrors = pulumi.Output.all(**args.registry_cache).apply(lambda found: builds.settings(dict(found)))
    data: Any = {"buildkitd.toml": mirrors}
    settings = k8s.core.v1.ConfigMap(role("settings"), metadata=named(), data=data, opts=component.child_options())
    service: Any = {"cluster_ip": "None", "selector": dict(builds.LABELS), "ports": [{"name": "grpc", "port": builds.PORT}]}
    k8s.core.v1.Service(role("service"), metadata=named(), spec=service, opts=component.child_options())
    environment: Mapping[str, Any] = {} if bucket is None else {"AWS_BUCKET": bucket, "AWS_REGION": args.region}
    # Any, to mypy: matched against the SDK's overloads, a whole pod takes it minutes.
    daemons: Any = builds.stateful_set(args.site(), wanted, environment)
    k8s.apps.v1.StatefulSet(
        role("daemons"),
        metadata=named(),
        spec=daemons,
        opts=component.child_options(depends_on=[account, settings, certificate]),
    )
