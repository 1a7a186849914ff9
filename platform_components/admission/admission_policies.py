"""AdmissionPolicies: what the API server itself refuses, beside Pod Security.

Builds a ValidatingAdmissionPolicy and its binding for each policy of the catalogue; no controller, no webhook.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from platform_components.admission.args import AdmissionPoliciesArgs
from platform_components.admission.catalogue import POLICIES
from platform_components.admission.policy import NAME_PREFIX, Mode, Policy, binding_spec, literal, policy_spec
from platform_components.component import PlatformComponent
from platform_components.labels import owned
from platform_components.names import child_name

ALWAYS_EXEMPT = ("kube-system",)
"""Kubernetes' own namespace."""


class AdmissionPolicies(PlatformComponent):
    """Guard-rails in the API server, for what Pod Security does not cover: images, host names, services, networks, the platform's objects.

    Nothing runs for them and nothing can be down. They take effect a moment after they are made. docs/admission-policies.md lists them.
    Example::

        AdmissionPolicies("prod", AdmissionPoliciesArgs(registries=["123456789012.dkr.ecr.eu-west-1.amazonaws.com"]),
                          pulumi.ResourceOptions(provider=kubernetes))
    """

    modes: pulumi.Output[Mapping[str, str]]
    """Mode of every policy, by name."""
    exempt_namespaces: pulumi.Output[Sequence[str]]
    """Namespaces in which no policy holds."""

    def __init__(self, name: str, args: AdmissionPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._exempt = tuple(dict.fromkeys((*ALWAYS_EXEMPT, *args.exempt_namespaces)))
        modes = {policy: args.policies.get(policy, args.mode) for policy in POLICIES}
        settings = self._settings(args)
        for policy in POLICIES.values():
            if modes[policy.name] is not Mode.DISABLED:
                self._create(policy, modes[policy.name], args, settings)
        self.modes = pulumi.Output.from_input({policy: mode.value for policy, mode in modes.items()})
        self.exempt_namespaces = pulumi.Output.from_input(list(self._exempt))
        self.register()

    def _settings(self, args: AdmissionPoliciesArgs) -> dict[str, pulumi.Input[str]]:
        """What policies are compiled with, as CEL; compiled in rather than looked up, so that one object says all that is judged."""
        return {
            "registries": pulumi.Output.from_input(args.registries).apply(literal),
            "require_digests": literal(args.require_digests),
            "pull_digests": literal(args.pull_digests),
            "external_names_outside": literal(args.external_names_outside),
            "reserved_priority_classes": literal(args.reserved_priority_classes),
            "guarded_ranges": literal([str(network) for network in args.guarded_ranges]),
            "platform_namespaces": literal(tuple(dict.fromkeys((*self._exempt, *args.identities.operators)))),
        }

    def _create(self, policy: Policy, mode: Mode, args: AdmissionPoliciesArgs, settings: Mapping[str, pulumi.Input[str]]) -> None:
        child = child_name(self._name, policy.name)
        # Their names are fixed: the API server puts them into every refusal, and people go by them.
        metadata = k8s.meta.v1.ObjectMetaArgs(name=f"{NAME_PREFIX}{policy.name}", labels=owned())
        # Any: the objects are written as the API has them, and the SDK types its own spelling of the fields only.
        rules: Any = policy_spec(policy, settings, args.identities.users, args.identities.all_groups())
        where: Any = binding_spec(policy, mode, self._exempt)
        made = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(child, metadata=metadata, spec=rules, opts=self.child_options())
        k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            child, metadata=metadata, spec=where, opts=self.child_options(depends_on=[made])
        )
