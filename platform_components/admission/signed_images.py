"""SignedImages: pods run images that the platform's pipelines signed, and no others.

Builds Kyverno's admission controller, its right to read registries, and one ImageValidatingPolicy. Does not build the signing key (see
ArtifactRegistry), nor the rules on registries and digests (see AdmissionPolicies).
"""

import pulumi
import pulumi_kubernetes as k8s

from platform_components.admission.admission_policies import ALWAYS_EXEMPT
from platform_components.admission.policy import Mode
from platform_components.admission.signature_args import SignedImagesArgs
from platform_components.admission.signatures import API_VERSION, KIND, NAME, image_policy, needs_signature
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import kyverno
from platform_components.charts.release import install
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.delivery.registry_documents import PULL, log_in
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.labels import owned
from platform_components.locate import locate
from platform_components.names import child_name


class SignedImages(PlatformComponent):
    """Images without a signature of one of the keys are refused, in pods and in what makes them, and so are images without a digest.

    While the verifier is down nothing new starts outside exempt namespaces; what runs goes on.
    Example::

        SignedImages("prod", SignedImagesArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id,
            public_keys={"images": registry.signing_public_key}))
    """

    policy: pulumi.Output[str | None]
    """Name of the policy in the cluster; none where its mode is disabled."""
    namespace: pulumi.Output[str]
    """Namespace of the verifier."""

    def __init__(self, name: str, args: SignedImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        namespace = create_namespace(self, name, kyverno.NAMESPACE, kyverno.ADDON.pod_security, kyverno.ADDON.traffic)
        release = install(
            self,
            name,
            kyverno.ADDON,
            kyverno.ADDON.values(args.site()),
            args,
            namespace=namespace.metadata.name,
            depends_on=[self._identity()],
        )
        made = None if args.mode is Mode.DISABLED else self._create_policy(release)
        self.policy = pulumi.Output.from_input(NAME if made is not None else None)
        self.namespace = namespace.metadata.name.apply(str)
        self.register()

    def _identity(self) -> WorkloadIdentity:
        """The right to read images and their signatures, of whichever account lets this one."""
        repositories = locate(self).place.apply(lambda at: f"arn:{at.partition}:ecr:*:*:repository/*")
        return WorkloadIdentity(
            child_name(self._name, "kyverno"),
            WorkloadIdentityArgs(
                cluster=self._args.cluster,
                namespace=kyverno.NAMESPACE,
                service_account=kyverno.SERVICE_ACCOUNT,
                statements=(log_in(), Statement(sid="ReadImages", actions=PULL, resources=(repositories,))),
            ),
            self.child_options(),
        )

    def _create_policy(self, release: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        args = self._args
        exempt = tuple(dict.fromkeys((*ALWAYS_EXEMPT, kyverno.NAMESPACE, *args.exempt_namespaces)))
        unsigned = pulumi.Output.from_input(args.unsigned).apply(needs_signature)
        spec = image_policy(args.public_keys, args.mode, unsigned, exempt)
        return CustomResources(self, self._name).create("signed", API_VERSION, KIND, NAME, spec, [release], labels=owned())
