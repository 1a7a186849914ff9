"""What CiRunners is given: sizes of runners, and whose jobs they take."""

from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from platform_components.args import Args, Late
from platform_components.charts.args import InstallationArgs
from platform_components.ci.jobs import SHAPES, Load
from platform_components.ci.sizing import idle_runners
from platform_components.cluster.pools import PoolName
from platform_components.delivery.args import SecretName
from platform_components.secrets.reference import SecretReference

RunnerPoolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}[a-z0-9]$")]
"""2 to 16 characters: releases and jobs are named after it."""
RegistryHost = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Egress = Mapping[IPv4Network | IPv6Network, tuple[Port, ...]]

NODE_POOL = "ci"
"""Pool of nodes that runners stand on, unless they say otherwise."""

KINDS = ("github", "gitlab", "jenkins")
"""Sections that bring runners of a kind."""

DAYS = 3
"""Days that are drawn from a load to see how many idle runners it takes; the same ones each time."""


class LoadSettings(Args):
    """The work that a pool is for, in the figures of `platformctl capacity ci`."""

    services: int = Field(ge=1, description="Services with a pipeline. Required.")
    runs: float = Field(default=6, gt=0, description="Pipeline runs a service starts in a working day. Omitted: 6.")
    jobs: int = Field(default=4, ge=1, description="Jobs of a run; they queue together. Omitted: 4.")
    minutes: float = Field(default=6, gt=0, description="Mean minutes a job takes. Omitted: 6.")
    hours: float = Field(default=8, gt=0, le=24, description="Hours of a working day. Omitted: 8.")
    peak: float = Field(default=3, ge=1, description="Busiest time relative to the mean of the working day. Omitted: 3.")
    shape: str = Field(default="morning", description=f"How a day runs: {', '.join(SHAPES)}. Omitted: morning.")
    wait_seconds: float = Field(default=120, gt=0, description="Queue wait that 95 of 100 jobs keep to, in seconds. Omitted: 120.")
    start_seconds: float = Field(default=45, gt=0, description="Until a new runner takes a job, node included, in seconds. Omitted: 45.")

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "LoadSettings":
        if problems := self.load().problems():
            raise ValueError("; ".join(problems))
        return self

    def load(self) -> Load:
        """As the sizing takes it."""
        return Load(self.services, self.runs, self.jobs, self.minutes, self.hours, self.peak, self.shape)


@cache
def idle_of(load: LoadSettings) -> int:
    """Runners kept ready, so that the wait is kept although runners take a while to start."""
    return idle_runners(load.load().days(DAYS, seed=1), load.wait_seconds, load.start_seconds)


class RunnerPool(Args):
    """Runners of one size."""

    max: int = Field(ge=1, le=5_000, description="Most runners at a time; `platformctl capacity ci` says how many a load takes. Required.")
    idle: int | None = Field(
        default=None,
        ge=0,
        description="Runners of GitHub kept ready, which cost while they wait; other kinds make a pod when a job comes. Omitted: as many "
        "as `load` takes; none without it.",
    )
    load: LoadSettings | None = Field(default=None, description="The work it is for, from which `idle` is computed. Omitted: not known.")
    vcpu: float = Field(default=2, gt=0, le=64, description="vCPUs of each. Omitted: 2.")
    memory_gib: float = Field(default=4, gt=0, le=512, description="Memory of each, in GiB; also its limit. Omitted: 4.")
    disk_gib: int = Field(default=10, ge=1, le=500, description="Room on the node's disk for each, in GiB; also its limit. Omitted: 10.")
    architecture: Literal["amd64", "arm64"] | None = Field(
        default=None, description="Architecture of its nodes, where the pool of nodes has both. Omitted: any."
    )
    node_pool: PoolName = Field(
        default=NODE_POOL, description="Pool of the cluster whose nodes they stand on, dedicated to such. Omitted: ci."
    )

    @model_validator(mode="after")
    def _idle_within(self) -> "RunnerPool":
        if self.idle_runners() > self.max:
            raise ValueError(f"idle {self.idle_runners()} is above max {self.max}; raise max, or lower idle or what load asks for")
        return self

    def idle_runners(self) -> int:
        """Runners kept ready: as told, or as the load takes."""
        if self.idle is not None:
            return self.idle
        return idle_of(self.load) if self.load is not None else 0


class Kind(Args):
    """What every kind of runners takes."""

    credentials: SecretReference | None = Field(
        default=None,
        description="Where the credentials lie; External Secrets brings them. Omitted: in an environment with `secrets` at the path "
        "platform-ci/<kind>, else in a Secret that somebody else keeps.",
    )
    pools: tuple[RunnerPoolName, ...] = Field(default=(), description="Pools it has runners in. Omitted: all.")


class GitHub(Kind):
    """GitHub Actions: a scale set for each pool, which workflows name as `runs-on`.

    Its credentials are a GitHub App: github_app_id, github_app_installation_id and github_app_private_key.
    """

    url: str = Field(
        pattern=r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9_.-]+){1,2}$",
        description="Organization (https://github.com/acme), repository or enterprise whose jobs they take. Required.",
    )
    secret: SecretName = Field(default="github-app", description="Secret with the app, in namespace ci-github. Omitted: github-app.")
    group: str | None = Field(
        default=None, min_length=1, description="Runner group, which says at GitHub whose jobs they take. Omitted: GitHub's default group."
    )


class GitLab(Kind):
    """GitLab: a runner for each pool, whose tags and projects are set at GitLab, where its token comes from.

    Its credentials are one token (glrt-...) for each pool, under the pool's name.
    """

    url: str = Field(
        default="https://gitlab.com", pattern=r"^https://[A-Za-z0-9.:/-]+$", description="GitLab. Omitted: https://gitlab.com."
    )
    secret: SecretName = Field(
        default="gitlab-runner",
        description="Begin of the name of the Secret of each pool, in namespace gitlab-runner: gitlab-runner-<pool>, with runner-token and "
        "an empty runner-registration-token. Omitted: gitlab-runner.",
    )
    image: str = Field(
        default="public.ecr.aws/docker/library/alpine:3.22", description="Image of jobs that name none. Omitted: Alpine Linux 3.22."
    )


class JenkinsLogin(Args):
    """Who logs in to Jenkins, and as what; nobody does by password."""

    issuer: str = Field(pattern=r"^https://\S+$", description="Issuer URL of the identity provider (OpenID Connect). Required.")
    client_id: str = Field(min_length=1, description="Client id of Jenkins there. Required.")
    admin_groups: tuple[str, ...] = Field(min_length=1, description="Groups that may do everything. Required.")
    user_groups: tuple[str, ...] = Field(default=(), description="Groups that may see jobs and build them. Omitted: nobody.")
    user_claim: str = Field(default="preferred_username", description="Claim with the name of a person. Omitted: preferred_username.")
    groups_claim: str = Field(default="groups", description="Claim with the groups of a person. Omitted: groups.")


class Jenkins(Kind):
    """Jenkins: one controller, configured as code, and agents with the label of each pool.

    Its credentials are the secret of its client at the identity provider, oidc-client-secret, and whatever else its configuration names.
    """

    login: JenkinsLogin = Field(description="Who logs in. Required.")
    url: str | None = Field(
        default=None, pattern=r"^https://[A-Za-z0-9.:/-]*[A-Za-z0-9]$", description="Address that people use. Omitted: jenkins.<domain>."
    )
    secret: SecretName = Field(default="jenkins", description="Secret with its credentials, in namespace jenkins. Omitted: jenkins.")
    volume_gib: int = Field(default=20, ge=5, le=1000, description="Volume of jobs and their results, in GiB. Omitted: 20.")


class Cache(Args):
    """A bucket for what the next job uses again."""

    expire_days: int = Field(default=14, ge=1, description="When objects are deleted, in days after they were written. Omitted: 14.")


class Builds(RunnerPool):
    """BuildKit without root, for jobs that build images: they find it at BUILDKIT_HOST, with a certificate in /etc/buildkit/tls."""

    max: int = Field(default=1, ge=1, le=50, description="Daemons. Omitted: 1.")
    idle: None = Field(default=None, description="Left out: daemons stay.")
    load: None = Field(default=None, description="Left out: daemons stay.")
    vcpu: float = Field(default=4, gt=0, le=64, description="vCPUs of each. Omitted: 4.")
    memory_gib: float = Field(default=8, gt=0, le=512, description="Memory of each, in GiB; also its limit. Omitted: 8.")
    disk_gib: int = Field(default=30, ge=1, le=500, description="Room for layers on the node's disk, in GiB; also its limit. Omitted: 30.")


class CiSettings(Args):
    """Runners of CI jobs, as an environment file declares them."""

    pools: Mapping[RunnerPoolName, RunnerPool] = Field(min_length=1, description="Sizes of runners by name. Required.")
    github: GitHub | None = Field(default=None, description="Runners of GitHub Actions. Omitted: none.")
    gitlab: GitLab | None = Field(default=None, description="Runners of GitLab. Omitted: none.")
    jenkins: Jenkins | None = Field(default=None, description="Jenkins with agents. Omitted: none.")
    cache: Cache | None = Field(
        default=None,
        description="A bucket for caches of GitLab, artifacts and stashes of Jenkins, and layers of images; jobs get signed addresses and "
        "no credentials. GitHub keeps its own. Omitted: none.",
    )
    builds: Builds | None = Field(default=None, description="Builds of images without root. Omitted: none.")
    registry_cache: Mapping[RegistryHost, Late[str]] = Field(
        default={},
        description="Where builds take images of a registry from, such as {quay.io: <ArtifactRegistry.registry>/quay}. Omitted: from "
        "itself.",
    )
    egress: Egress = Field(
        default={},
        description="Addresses that jobs may reach, with ports, such as {140.82.112.0/20: [443]}. What is given takes the place of the "
        "whole internet. Omitted: the internet at port 443, and nothing private.",
    )
    private: Egress = Field(
        default={}, description="Private addresses that jobs may reach besides, with ports: a proxy, VPC endpoints. Omitted: none."
    )

    @model_validator(mode="after")
    def _known_pools(self) -> "CiSettings":
        for name, kind in self.kinds().items():
            unknown = sorted(set(kind.pools) - set(self.pools))
            if unknown:
                raise ValueError(f"{name}.pools: there is no pool {', '.join(unknown)}; choose from {', '.join(self.pools)}")
        return self

    def kinds(self) -> dict[str, Any]:
        """The kinds of runners it has, by name."""
        return {name: kind for name in KINDS if (kind := getattr(self, name)) is not None}

    def pools_of(self, kind: Kind) -> dict[str, RunnerPool]:
        """The pools that one kind of runners has."""
        return {name: pool for name, pool in self.pools.items() if not kind.pools or name in kind.pools}


class CiRunnersArgs(InstallationArgs, CiSettings):
    """Runners of CI jobs in one cluster."""

    secret_store: SecretName = Field(
        default="team",
        description="Name of the SecretStore in the namespaces of credentials, which `credentials` are read from. Omitted: team, as "
        "TeamSecrets names it.",
    )

    internal_issuer: Late[dict[str, str]] = Field(
        default={"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "platform-internal"},
        description="`issuerRef` of the certificates of builds (`Certificates.internal_issuer`). Omitted: platform-internal.",
    )
    tags: Mapping[str, str] = Field(default={}, description="Tags of everything in AWS. Omitted: only the library's own.")

    @model_validator(mode="after")
    def _jenkins_has_an_address(self) -> "CiRunnersArgs":
        if self.jenkins is not None and self.jenkins.url is None and self.domain is None:
            raise ValueError("jenkins.url is missing, and there is no domain to make it from; give one of them")
        return self
