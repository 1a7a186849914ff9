"""What the API server refuses, beside Pod Security.

Begin in audit mode: what is running already is warned of when it is next applied, and stands in the audit log of the cluster under
`validation.policy.admission.k8s.io/validation_failure`. An update that changes none of what a policy reads passes, so that objects from
before it can be scaled, labelled and deleted; but pods are always new, and those of an old template are refused once a policy is enforced.

A policy for workloads reads the template of whatever makes pods as well as the pods: containers, init containers, debug containers and
image volumes. Kinds of add-ons (Argo Rollouts, Gateway API, Istio, cert-manager, ExternalDNS, External Secrets) match wherever their
definitions are installed.

A namespace is granted what it may have by annotations that only the platform can set: `platform-components/domains` (its host names, by
commas), `platform-components/public-load-balancers` (`true`) and `platform-components/node-pool` (the pool whose nodes are its own).
Objects labelled `platform-components/owned-by` only the platform makes, changes and deletes.

Not seen: what is not created through the API server (static pods), bindings to groups of your own that hold everybody, and address blocks
that are each smaller than the guarded ranges and together cover them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from platform_components.admission import host_policies, service_policies, tenancy_policies, workload_policies
from platform_components.admission.policy import Policy

POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {policy.name: policy for module in (workload_policies, service_policies, host_policies, tenancy_policies) for policy in module.POLICIES}
)
"""The catalogue, in the order it is installed and documented."""
