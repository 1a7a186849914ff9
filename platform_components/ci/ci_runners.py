"""CiRunners: runners of CI jobs in a cluster, one for each job and gone after it.

Builds controllers, their namespaces and those of the jobs, sets of runners, what is scraped of them. Does not build node pools, which are
the cluster's, nor the forge's side: apps, runner groups, rules of branches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import gha_runner_scale_set as scale_set
from platform_components.charts.records import gha_runner_scale_set_controller as github_controller
from platform_components.charts.release import install
from platform_components.ci import monitors, pods, traffic
from platform_components.ci.args import CiRunnersArgs, GitHub, RunnerPool
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.names import child_name

_MONITORING = "monitoring.coreos.com/v1"


class CiRunners(PlatformComponent):
    """Runners of CI jobs: ephemeral, on nodes of their own, without a token of the cluster, and without a way to its network.

    Example::

        CiRunners("prod", CiRunnersArgs(cluster=cluster.ref(), ..., pools={"standard": {"max": 200}, "large": {"max": 20, "vcpu": 8}},
            github={"url": "https://github.com/acme"}))

    Workflows then write `runs-on: prod-standard`. Credentials lie beside the runners' sets, where no job has the right to read them.
    """

    runner_names: pulumi.Output[Sequence[str]]
    """What workflows write as `runs-on`; empty without GitHub."""
    namespaces: pulumi.Output[Sequence[str]]
    """Namespaces of jobs."""

    def __init__(self, name: str, args: CiRunnersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        self._jobs: list[str] = []
        names = self._create_github(args.github) if args.github is not None else []
        self.runner_names = pulumi.Output.from_input(names)
        self.namespaces = pulumi.Output.from_input(self._jobs)
        self.register()

    # -- GitHub Actions

    def _create_github(self, github: GitHub) -> list[str]:
        addon = github_controller.ADDON
        home = create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)
        controller = install(self, self._name, addon, addon.values(self._site), self._args, namespace=home.metadata.name)
        self._scrape("github", monitors.github(), home)
        pools = self._args.pools_of(github)
        namespace = self._create_jobs(scale_set.ADDON.namespace, pools.values())
        return [self._create_scale_set(github, pool_name, pool, namespace, controller) for pool_name, pool in pools.items()]

    def _create_scale_set(
        self, github: GitHub, pool_name: str, pool: RunnerPool, namespace: k8s.core.v1.Namespace, controller: pulumi.Resource
    ) -> str:
        runners = scale_set.ScaleSet(
            url=github.url,
            secret=github.secret,
            name=child_name(self._args.environment, pool_name),
            group=github.group,
            idle=pool.idle,
            maximum=pool.max,
            pod=pods.pod(pool_name, pool),
            container={"resources": pods.size(pool)},
        )
        addon = replace(scale_set.ADDON, role=child_name("github", pool_name))
        install(
            self,
            self._name,
            addon,
            scale_set.values(self._site, runners),
            self._args,
            namespace=namespace.metadata.name,
            # On destroy the sets go first: the controller is what removes their runners and finalizers.
            depends_on=[controller],
        )
        return runners.name

    # -- all kinds

    def _create_jobs(self, namespace: str, pools: Iterable[RunnerPool]) -> k8s.core.v1.Namespace:
        """A namespace in which jobs run."""
        self._jobs.append(namespace)
        reached = traffic.of_jobs(self._args.egress, self._args.private)
        return create_namespace(self, self._name, namespace, scale_set.ADDON.pod_security, reached, pods=sum(pool.max for pool in pools))

    def _scrape(self, kind: str, specs: dict[str, monitors.Spec], namespace: k8s.core.v1.Namespace) -> None:
        """What Prometheus scrapes of a kind, where it has the kinds to be told so."""
        if self._site.monitors:
            objects = CustomResources(self, self._name, namespace.metadata.name)
            for monitored, spec in specs.items():
                objects.create(child_name(kind, monitored), _MONITORING, "PodMonitor", monitored, spec)
