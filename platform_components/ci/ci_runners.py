"""CiRunners: runners of CI jobs in a cluster, one for each job and gone after it.

Builds controllers, their namespaces and those of the jobs, sets of runners, what is scraped of them. Does not build node pools, which are
the cluster's, nor the forge's side: apps, runner groups, rules of branches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import Addon, PodSecurity, mirrored
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import gha_runner_scale_set as scale_set
from platform_components.charts.records import gha_runner_scale_set_controller as github_controller
from platform_components.charts.records import gitlab_runner
from platform_components.charts.records import jenkins as jenkins_chart
from platform_components.charts.release import install
from platform_components.ci import gitlab, jenkins, monitors, pods, secrets, traffic
from platform_components.ci.args import CiRunnersArgs, GitHub, GitLab, Jenkins, RunnerPool
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.names import child_name

_MONITORING = "monitoring.coreos.com/v1"

HOMES: Mapping[str, str] = {"github": scale_set.ADDON.namespace, "gitlab": gitlab_runner.NAMESPACE, "jenkins": jenkins_chart.NAMESPACE}
"""Namespace of the credentials of each kind of runners."""


class CiRunners(PlatformComponent):
    """Runners of CI jobs: ephemeral, on nodes of their own, without a token of the cluster, and without a way to its network.

    Example::

        CiRunners("prod", CiRunnersArgs(cluster=cluster.ref(), ..., pools={"standard": {"max": 200}, "large": {"max": 20, "vcpu": 8}},
            github={"url": "https://github.com/acme"}))

    Workflows then write `runs-on: prod-standard`. No job has the right to read Secrets, wherever they lie. Containers of jobs of GitHub
    (`container:`) are not to be had: they would need a token of the cluster.
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
        if args.gitlab is not None:
            self._create_gitlab(args.gitlab)
        if args.jenkins is not None:
            self._create_jenkins(args.jenkins)
        self.runner_names = pulumi.Output.from_input(names)
        self.namespaces = pulumi.Output.from_input(self._jobs)
        self.register()

    # -- GitHub Actions

    def _create_github(self, github: GitHub) -> list[str]:
        addon = github_controller.ADDON
        home = self._create_home(addon)
        controller = install(self, self._name, addon, addon.values(self._site), self._args, namespace=home.metadata.name)
        self._scrape("github", monitors.github(), home)
        pools = self._args.pools_of(github)
        namespace = self._create_jobs(scale_set.ADDON.namespace, pools.values())
        if github.credentials is not None:
            spec = secrets.whole(github.secret, self._args.secret_store, github.credentials)
            self._bring("github-app", github.secret, spec, namespace)
        return [self._create_scale_set(github, pool_name, pool, namespace, controller) for pool_name, pool in pools.items()]

    def _create_scale_set(
        self, github: GitHub, pool_name: str, pool: RunnerPool, namespace: k8s.core.v1.Namespace, controller: pulumi.Resource
    ) -> str:
        runners = scale_set.ScaleSet(
            url=github.url,
            secret=github.secret,
            name=child_name(self._args.environment, pool_name),
            group=github.group,
            idle=pool.idle_runners(),
            maximum=pool.max,
            pod=pods.pod(pool_name, pool),
            container={"resources": pods.size(pool)},
        )
        addon = replace(scale_set.ADDON, role=child_name("github", pool_name))
        values = scale_set.values(self._site, runners)
        # On destroy the sets go first: the controller is what removes their runners and finalizers.
        install(self, self._name, addon, values, self._args, namespace=namespace.metadata.name, depends_on=[controller])
        return runners.name

    # -- GitLab

    def _create_gitlab(self, settings: GitLab) -> None:
        home = self._create_home(gitlab_runner.ADDON)
        pools = self._args.pools_of(settings)
        jobs = self._create_jobs(gitlab_runner.JOBS, pools.values())
        for pool_name, pool in pools.items():
            role = child_name("gitlab", pool_name)
            manager = gitlab_runner.Manager(
                url=settings.url,
                name=role,
                secret=child_name(settings.secret, pool_name),
                jobs=pool.max,
                config=gitlab.config(pool_name, pool, gitlab_runner.JOBS, settings.image, None, {}),
            )
            if settings.credentials is not None:
                spec = secrets.token(manager.secret, self._args.secret_store, settings.credentials, pool_name)
                self._bring(child_name("token", pool_name), manager.secret, spec, home)
            addon = replace(gitlab_runner.ADDON, role=role)
            values = gitlab_runner.values(self._site, manager)
            # After the namespace of jobs, in which the chart makes the managers' rights.
            install(self, self._name, addon, values, self._args, namespace=home.metadata.name, depends_on=[jobs])

    # -- Jenkins

    def _create_jenkins(self, settings: Jenkins) -> None:
        home = self._create_home(jenkins_chart.ADDON)
        pools = self._args.pools_of(settings)
        jobs = self._create_jobs(jenkins_chart.JOBS, pools.values(), {jenkins_chart.NAMESPACE: (jenkins_chart.PORT,)})
        place = jenkins.Place(
            service=f"http://{jenkins_chart.RELEASE}.{jenkins_chart.NAMESPACE}.svc.cluster.local:{jenkins_chart.PORT}",
            namespace=jenkins_chart.JOBS,
            image=str(mirrored(jenkins_chart.IMAGES["agent"], self._site.mirror)),
            uid=jenkins_chart.UID,
        )
        told = jenkins.configuration(settings, pools, place, settings.url or f"https://jenkins.{self._args.domain}")
        controller = jenkins_chart.Controller(settings.secret, jenkins.as_yaml(told), settings.volume_gib)
        if settings.credentials is not None:
            spec = secrets.whole(settings.secret, self._args.secret_store, settings.credentials)
            self._bring("jenkins-secret", settings.secret, spec, home)
        values = jenkins_chart.values(self._site, controller)
        # After the namespace of jobs, in which the chart makes the controller's rights.
        install(self, self._name, jenkins_chart.ADDON, values, self._args, namespace=home.metadata.name, depends_on=[jobs])

    # -- all kinds

    def _create_home(self, addon: Addon) -> k8s.core.v1.Namespace:
        """The namespace of a controller."""
        return create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)

    def _create_jobs(
        self, namespace: str, pools: Iterable[RunnerPool], used: Mapping[str, tuple[int, ...]] | None = None
    ) -> k8s.core.v1.Namespace:
        """A namespace in which jobs run."""
        self._jobs.append(namespace)
        reached = traffic.of_jobs(self._args.egress, self._args.private, used)
        most = sum(pool.max for pool in pools)
        return create_namespace(self, self._name, namespace, PodSecurity.RESTRICTED, reached, pods=most)

    def _bring(self, role: str, name: str, spec: secrets.Spec, namespace: k8s.core.v1.Namespace) -> None:
        """A Secret, out of the store that the namespace has."""
        CustomResources(self, self._name, namespace.metadata.name).create(role, secrets.API, "ExternalSecret", name, spec)

    def _scrape(self, kind: str, specs: Mapping[str, monitors.Spec], namespace: k8s.core.v1.Namespace) -> None:
        """What Prometheus scrapes of a kind, where it has the kinds to be told so."""
        if self._site.monitors:
            objects = CustomResources(self, self._name, namespace.metadata.name)
            for monitored, spec in specs.items():
                objects.create(child_name(kind, monitored), _MONITORING, "PodMonitor", monitored, spec)
