"""CiRunners: runners of CI jobs in a cluster, one for each job and gone after it.

Builds controllers, their namespaces and those of the jobs, sets of runners, what is scraped of them. Does not build node pools, which are
the cluster's, nor the forge's side: apps, runner groups, rules of branches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.charts.addon import Addon, PodSecurity, mirrored
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import gha_runner_scale_set as scale_set
from platform_components.charts.records import gha_runner_scale_set_controller as github_controller
from platform_components.charts.records import gitlab_runner
from platform_components.charts.records import jenkins as jenkins_chart
from platform_components.charts.release import install
from platform_components.ci import alerts, builds, gitlab, jenkins, monitors, pods, secrets, traffic
from platform_components.ci.args import Cache, CiRunnersArgs, GitHub, GitLab, Jenkins, RunnerPool
from platform_components.ci.daemons import CERTIFICATES, create_daemons
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.data.bucket import Bucket
from platform_components.data.bucket_args import BucketArgs
from platform_components.data.options import Removal
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.workload_identity import WorkloadIdentity
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
    cache_bucket: pulumi.Output[str | None]
    """Name of the bucket for what the next job uses again; none without `cache`."""

    def __init__(self, name: str, args: CiRunnersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        self._jobs: list[str] = []
        self._made: list[pulumi.Resource] = []
        self._cache = self._create_cache(args.cache) if args.cache is not None else None
        self._secrets = {builds.CLIENT_SECRET: builds.CERTIFICATES} if args.builds is not None else {}
        self._variables = {"BUILDKIT_HOST": builds.address()} if args.builds is not None else {}
        names = self._create_github(args.github) if args.github is not None else []
        if args.gitlab is not None:
            self._create_gitlab(args.gitlab)
        if args.jenkins is not None:
            self._create_jenkins(args.jenkins)
        if args.builds is not None:
            bucket = self._keep(builds.NAME, builds.NAMESPACE, "builds")
            create_daemons(self, name, args, args.builds, self._jobs, bucket)
        if self._site.monitors and (args.gitlab is not None or args.jenkins is not None):
            spec = alerts.alerts(args.kinds(), args.links)
            CustomResources(self, name, self._jobs[0]).create("ci-alerts", _MONITORING, "PrometheusRule", "ci-runners", spec, self._made)
        self.cache_bucket = pulumi.Output.from_input(None if self._cache is None else self._cache.bucket_name)
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
            pod=self._pod(pool_name, pool),
            container={
                "resources": pods.size(pool),
                "env": [{"name": key, "value": value} for key, value in self._variables.items()],
                "volumeMounts": pods.mounts(self._secrets),
            },
        )
        addon = replace(scale_set.ADDON, role=child_name("github", pool_name))
        values = scale_set.values(self._site, runners)
        # On destroy the sets go first: the controller is what removes their runners and finalizers.
        install(self, self._name, addon, values, self._args, namespace=namespace.metadata.name, depends_on=[controller])
        return runners.name

    def _pod(self, pool_name: str, pool: RunnerPool) -> pods.Spec:
        pod = pods.pod(pool_name, pool)
        return {**pod, "spec": {**pod["spec"], "volumes": pods.volumes(self._secrets)}} if self._secrets else pod

    # -- GitLab

    def _create_gitlab(self, settings: GitLab) -> None:
        home = self._create_home(gitlab_runner.ADDON)
        bucket = self._keep(gitlab_runner.SERVICE_ACCOUNT, gitlab_runner.NAMESPACE, "gitlab")
        metadata: Any = {"name": gitlab_runner.SERVICE_ACCOUNT, "namespace": home.metadata.name}
        account = k8s.core.v1.ServiceAccount(child_name(self._name, "gitlab-account"), metadata=metadata, opts=self.child_options())
        pools = self._args.pools_of(settings)
        jobs = self._create_jobs(gitlab_runner.JOBS, pools.values())
        for pool_name, pool in pools.items():
            role = child_name("gitlab", pool_name)
            manager = gitlab_runner.Manager(
                url=settings.url,
                name=role,
                secret=child_name(settings.secret, pool_name),
                jobs=pool.max,
                config=pulumi.Output.all(bucket, self._args.region).apply(partial(self._gitlab_config, pool_name, pool, settings)),
            )
            if settings.credentials is not None:
                spec = secrets.token(manager.secret, self._args.secret_store, settings.credentials, pool_name)
                self._bring(child_name("token", pool_name), manager.secret, spec, home)
            addon = replace(gitlab_runner.ADDON, role=role)
            values = gitlab_runner.values(self._site, manager)
            # After the namespace of jobs, in which the chart makes the managers' rights.
            install(self, self._name, addon, values, self._args, namespace=home.metadata.name, depends_on=[jobs, account])

    def _gitlab_config(self, pool_name: str, pool: RunnerPool, settings: GitLab, place: Sequence[str | None]) -> str:
        bucket, region = place
        cache = gitlab.Cache(bucket, str(region)) if bucket is not None else None
        return gitlab.config(pool_name, pool, gitlab_runner.JOBS, settings.image, cache, self._variables, self._secrets)

    # -- Jenkins

    def _create_jenkins(self, settings: Jenkins) -> None:
        home = self._create_home(jenkins_chart.ADDON)
        pools = self._args.pools_of(settings)
        jobs = self._create_jobs(jenkins_chart.JOBS, pools.values(), {jenkins_chart.NAMESPACE: (jenkins_chart.PORT,)})
        bucket = self._keep(jenkins_chart.RELEASE, jenkins_chart.NAMESPACE, "jenkins")
        told = pulumi.Output.all(bucket, self._args.region).apply(partial(self._jenkins_configuration, settings, pools))
        controller = jenkins_chart.Controller(settings.secret, told, settings.volume_gib)
        if settings.credentials is not None:
            spec = secrets.whole(settings.secret, self._args.secret_store, settings.credentials)
            self._bring("jenkins-secret", settings.secret, spec, home)
        values = jenkins_chart.values(self._site, controller)
        # After the namespace of jobs, in which the chart makes the controller's rights.
        install(self, self._name, jenkins_chart.ADDON, values, self._args, namespace=home.metadata.name, depends_on=[jobs])

    def _jenkins_configuration(self, settings: Jenkins, pools: Mapping[str, RunnerPool], where: Sequence[str | None]) -> str:
        bucket, region = where
        place = jenkins.Place(
            service=f"http://{jenkins_chart.RELEASE}.{jenkins_chart.NAMESPACE}.svc.cluster.local:{jenkins_chart.PORT}",
            namespace=jenkins_chart.JOBS,
            image=str(mirrored(jenkins_chart.IMAGES["agent"], self._site.mirror)),
            uid=jenkins_chart.UID,
            variables=self._variables,
            secrets=self._secrets,
            bucket=bucket,
            region=str(region),
        )
        return jenkins.as_yaml(jenkins.configuration(settings, pools, place, settings.url or f"https://jenkins.{self._args.domain}"))

    # -- all kinds

    def _create_cache(self, settings: Cache) -> Bucket:
        """What is in it can be made again: it goes with the component, and keeps no old versions for long."""
        args = BucketArgs(removal=Removal.DELETE, expire_days=settings.expire_days, versions_days=1, tags=self._args.tags)
        return Bucket(child_name(self._name, "ci-cache"), args, self.child_options())

    def _keep(self, account: str, namespace: str, folder: str) -> pulumi.Output[str] | None:
        """Let a service account use its folder of the bucket, where there is one; its name."""
        if self._cache is None:
            return None
        identity = WorkloadIdentity(
            child_name(self._name, f"ci-{folder}"),
            WorkloadIdentityArgs(cluster=self._args.cluster, namespace=namespace, service_account=account, tags=self._args.tags),
            self.child_options(),
        )
        self._cache.grant_read(identity, f"{folder}/")
        self._cache.grant_write(identity, f"{folder}/")
        return self._cache.bucket_name

    def _create_home(self, addon: Addon) -> k8s.core.v1.Namespace:
        """The namespace of a controller."""
        return create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)

    def _create_jobs(
        self, namespace: str, pools: Iterable[RunnerPool], used: Mapping[str, tuple[int, ...]] | None = None
    ) -> k8s.core.v1.Namespace:
        """A namespace in which jobs run."""
        self._jobs.append(namespace)
        reached = traffic.of_jobs(self._args.egress, self._args.private, used)
        if self._args.builds is not None:
            reached = replace(reached, used={**reached.used, builds.NAMESPACE: (builds.PORT,)})
        most = sum(pool.max for pool in pools)
        made = create_namespace(self, self._name, namespace, PodSecurity.RESTRICTED, reached, pods=most)
        self._made.append(made)
        if self._args.builds is not None:
            spec = builds.certificate(builds.CLIENT_SECRET, self._args.internal_issuer, server=False, name=namespace)
            objects = CustomResources(self, self._name, made.metadata.name)
            objects.create(child_name("client", namespace), CERTIFICATES, "Certificate", builds.CLIENT_SECRET, spec)
        return made

    def _bring(self, role: str, name: str, spec: secrets.Spec, namespace: k8s.core.v1.Namespace) -> None:
        """A Secret, out of the store that the namespace has."""
        CustomResources(self, self._name, namespace.metadata.name).create(role, secrets.API, "ExternalSecret", name, spec)

    def _scrape(self, kind: str, specs: Mapping[str, monitors.Spec], namespace: k8s.core.v1.Namespace) -> None:
        """What Prometheus scrapes of a kind, where it has the kinds to be told so."""
        if self._site.monitors:
            objects = CustomResources(self, self._name, namespace.metadata.name)
            for monitored, spec in specs.items():
                objects.create(child_name(kind, monitored), _MONITORING, "PodMonitor", monitored, spec)
