"""The delivery layer: what brings changes into the cluster, beside the engine that keeps it as Git says. One component per section."""

import pulumi

from platform_components.admission.signature_args import SignedImagesArgs
from platform_components.admission.signed_images import SignedImages
from platform_components.ci.args import CiRunnersArgs, Kind
from platform_components.ci.ci_runners import HOMES, CiRunners
from platform_components.declarations.environment import Environment
from platform_components.delivery.artifact_registry import ArtifactRegistry
from platform_components.delivery.progressive_args import ProgressiveDeliveryArgs
from platform_components.delivery.progressive_delivery import ProgressiveDelivery
from platform_components.delivery.registry_args import ArtifactRegistryArgs
from platform_components.secrets.args import SecretsSettings
from platform_components.secrets.reference import SecretReference, SecretStore
from platform_components.secrets.team_secrets import TeamSecrets
from platform_components.secrets.tenancy import secret_path
from stacks.contracts import DeliveryOutputs, said
from stacks.layers.platform import addon_namespaces, after, surroundings
from stacks.providers import options
from stacks.secret_stores import team_secrets, with_vault
from stacks.upstream import Upstream

TEAM = "platform-ci"
"""Whose part of the secrets holds the credentials of forges."""


def build(environment: Environment, upstream: Upstream) -> DeliveryOutputs:
    """Build what the environment declares of its delivery."""
    opts = with_vault(environment, upstream, options(environment, "delivery", upstream.require("cluster", "kubeconfig")))
    runners = ci_runners(environment, upstream, opts)
    registry = artifact_registry(environment, opts)
    signed_images(environment, upstream, registry, opts)
    releases = progressive(environment, upstream, opts)
    return DeliveryOutputs(
        runner_names=runners.runner_names if runners is not None else pulumi.Output.from_input([]),
        registry=pulumi.Output.from_input(registry.registry if registry is not None else ""),
        repository_urls=pulumi.Output.from_input(registry.repository_urls if registry is not None else {}),
        signing_key=said(registry.signing_key if registry is not None else None),
        signing_public_key=said(registry.signing_public_key if registry is not None else None),
        release_engine=said(releases.engine if releases is not None else None),
    )


def artifact_registry(environment: Environment, opts: pulumi.ResourceOptions) -> ArtifactRegistry | None:
    """The registry of the account, where the environment is the one that has it."""
    settings = environment.delivery.registry
    if settings is None:
        return None
    tags = environment.default_tags("delivery")
    return ArtifactRegistry(environment.environment, ArtifactRegistryArgs(**dict(settings), tags=tags), opts)


def signed_images(
    environment: Environment, upstream: Upstream, registry: ArtifactRegistry | None, opts: pulumi.ResourceOptions
) -> SignedImages | None:
    """The rule that nothing unsigned runs, outside the namespaces of add-ons."""
    settings = environment.delivery.signed_images
    if settings is None:
        return None
    signs = registry is not None and environment.delivery.registry is not None and environment.delivery.registry.signing
    own = {"registry": registry.signing_public_key} if registry is not None and signs else {}
    given = {
        **dict(settings),
        "public_keys": {**own, **settings.public_keys},
        "exempt_namespaces": (*addon_namespaces(environment), *settings.exempt_namespaces),
    }
    return SignedImages(environment.environment, SignedImagesArgs(**given, **surroundings(environment, upstream)), opts)


def ci_runners(environment: Environment, upstream: Upstream, opts: pulumi.ResourceOptions) -> CiRunners | None:
    """Runners of CI jobs, where the environment has some."""
    settings = environment.delivery.ci
    if settings is None:
        return None
    given = dict(settings)
    if environment.secrets is not None:
        given |= {kind: with_credentials(kind, told, environment.secrets) for kind, told in settings.kinds().items()}
    runners = CiRunners(environment.environment, CiRunnersArgs(**given, **surroundings(environment, upstream)), opts)
    namespaces = [HOMES[kind] for kind in settings.kinds()]
    if secrets := team_secrets(environment, upstream, TEAM, namespaces):
        TeamSecrets(environment.environment, secrets, after(opts, runners))
    return runners


def with_credentials(kind: str, told: Kind, secrets: SecretsSettings) -> Kind:
    """A kind of runners whose credentials lie where the environment keeps its secrets, unless it says where."""
    if told.credentials is not None:
        return told
    path = secret_path(TEAM, kind)
    reference = path if secrets.backend is SecretStore.VAULT else f"{secrets.prefix}/{path}"
    return told.model_copy(update={"credentials": SecretReference(store=secrets.backend, reference=reference)})


def progressive(environment: Environment, upstream: Upstream, opts: pulumi.ResourceOptions) -> ProgressiveDelivery | None:
    """How releases of teams come in, where the environment says so."""
    settings = environment.delivery.progressive
    if settings is None:
        return None
    args = ProgressiveDeliveryArgs(**dict(settings), **surroundings(environment, upstream))
    return ProgressiveDelivery(environment.environment, args, opts)
