"""Certificates: cert-manager and trust-manager, the issuers, and the platform's own certificate authority.

Builds their namespace, releases, identities, issuers, the root and its bundle, and the alerts on expiry. Does not build certificates: each
is declared beside what serves it.
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from platform_components.certificates import issuers
from platform_components.certificates.args import AcmeIssuer, CertificatesArgs, PrivateCaIssuer
from platform_components.charts.addon import Addon
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import aws_privateca_issuer, cert_manager, trust_manager
from platform_components.charts.release import install
from platform_components.charts.traffic import Traffic
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.names import child_name

_API = "cert-manager.io/v1"

TRAFFIC = Traffic(
    webhooks=(*cert_manager.ADDON.traffic.webhooks, *trust_manager.ADDON.traffic.webhooks), metrics=(9402,), outside=(53, 443)
)
"""Of both charts together; port 53 of the zones' own name servers, where cert-manager looks whether its proof has arrived."""


class Certificates(PlatformComponent):
    """Certificates for names inside and outside the cluster, renewed long before they expire.

    Example::

        Certificates("prod", CertificatesArgs(
            cluster=cluster.ref(), environment="prod", region="eu-west-1", vpc_id=vpc.vpc_id,
            issuer={"kind": "acme", "email": "platform@example.com"}, zones={"prod.example.com": zone.zone_id}))

    Every namespace gets a ConfigMap `platform-ca` whose `ca.crt` is the platform's root; mount it to trust what `internal_issuer` signs.
    """

    public_issuer: pulumi.Output[Mapping[str, str]]
    """`issuerRef` of certificates for public names: group, kind and name."""
    internal_issuer: pulumi.Output[Mapping[str, str]]
    """`issuerRef` of certificates that only the platform has to trust: group, kind and name."""
    bundle_name: pulumi.Output[str]
    """ConfigMap with the platform's root, in every namespace."""

    def __init__(self, name: str, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        self._objects = CustomResources(self, name)
        self._namespace = create_namespace(self, name, cert_manager.NAMESPACE, cert_manager.ADDON.pod_security, TRAFFIC)
        manager = self._install(cert_manager.ADDON, self._create_identity())
        trust = self._install(trust_manager.ADDON, [manager])
        internal = self._create_authority(manager, trust)
        self.internal_issuer = _reference(internal, "cert-manager.io", "ClusterIssuer", issuers.INTERNAL)
        self.public_issuer = self._create_public_issuer(manager) or self.internal_issuer
        self._create_alerts()
        self.bundle_name = pulumi.Output.from_input(issuers.BUNDLE)
        self.register()

    def _install(self, addon: Addon, after: Sequence[pulumi.Resource]) -> k8s.helm.v3.Release:
        return install(
            self, self._name, addon, addon.values(self._site), self._args, namespace=self._namespace.metadata.name, depends_on=after
        )

    def _create_identity(self) -> list[pulumi.Resource]:
        """The right to prove names in the zones, and in no other zone, for issuer acme."""
        if not isinstance(self._args.chosen(), AcmeIssuer):
            return []
        arns = tuple(pulumi.Output.concat("arn:aws:route53:::hostedzone/", zone) for _, zone in sorted(self._args.zones.items()))
        statements = (
            Statement(
                sid="ProveNames",
                actions=("route53:ChangeResourceRecordSets",),
                resources=arns,
                conditions={"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]}},
            ),
            Statement(sid="ReadZones", actions=("route53:ListResourceRecordSets",), resources=arns),
            Statement(sid="AwaitChanges", actions=("route53:GetChange",), resources=("arn:aws:route53:::change/*",)),
        )
        return [self._identity("cert-manager", statements)]

    def _identity(self, account: str, statements: tuple[Statement, ...]) -> WorkloadIdentity:
        return WorkloadIdentity(
            child_name(self._name, "dns" if account == "cert-manager" else "pca"),
            WorkloadIdentityArgs(
                cluster=self._args.cluster, namespace=cert_manager.NAMESPACE, service_account=account, statements=statements
            ),
            self.child_options(),
        )

    def _create_authority(self, manager: pulumi.Resource, trust: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        """The root, signed by itself; the issuer that signs with it; and its copy in every namespace."""
        starter = self._objects.create("root-issuer", _API, "ClusterIssuer", issuers.ROOT, issuers.self_signed(), [manager])
        root = self._objects.create(
            "root",
            _API,
            "Certificate",
            issuers.ROOT,
            issuers.root_certificate(self._args.root_years),
            [starter],
            namespace=cert_manager.NAMESPACE,
        )
        # Whom to trust is said everywhere before the first certificate is signed.
        bundle = self._objects.create("bundle", "trust.cert-manager.io/v1alpha1", "Bundle", issuers.BUNDLE, issuers.bundle(), [root, trust])
        return self._objects.create("internal-issuer", _API, "ClusterIssuer", issuers.INTERNAL, issuers.internal(), [bundle])

    def _create_public_issuer(self, manager: pulumi.Resource) -> pulumi.Output[Mapping[str, str]] | None:
        """The issuer of public names and its reference; None where the platform's own authority signs those, too."""
        issuer, region = self._args.chosen(), self._args.region
        if isinstance(issuer, AcmeIssuer):
            spec = issuers.acme(issuer.server, issuer.email, self._args.zones, region)
            made = self._objects.create("public-issuer", _API, "ClusterIssuer", issuers.PUBLIC, spec, [manager])
            return _reference(made, "cert-manager.io", "ClusterIssuer", issuers.PUBLIC)
        if isinstance(issuer, PrivateCaIssuer):
            actions = ("acm-pca:DescribeCertificateAuthority", "acm-pca:GetCertificate", "acm-pca:IssueCertificate")
            identity = self._identity(
                str(aws_privateca_issuer.ADDON.service_account), (Statement(sid="Sign", actions=actions, resources=(issuer.arn,)),)
            )
            release = self._install(aws_privateca_issuer.ADDON, [manager, identity])
            spec = issuers.private_ca(issuer.arn, region)
            made = self._objects.create(
                "public-issuer", "awspca.cert-manager.io/v1beta1", "AWSPCAClusterIssuer", issuers.PUBLIC, spec, [release]
            )
            return _reference(made, "awspca.cert-manager.io", "AWSPCAClusterIssuer", issuers.PUBLIC)
        return None

    def _create_alerts(self) -> None:
        if self._site.monitors:
            self._objects.create(
                "alerts",
                "monitoring.coreos.com/v1",
                "PrometheusRule",
                "certificates",
                issuers.expiry_rules(self._args.links),
                [self._namespace],
                namespace=cert_manager.NAMESPACE,
            )


def _reference(issuer: k8s.apiextensions.CustomResource, group: str, kind: str, name: str) -> pulumi.Output[Mapping[str, str]]:
    """An issuer's reference: known in a preview, and whatever takes it comes after the issuer."""
    return issuer.urn.apply(lambda _: {"group": group, "kind": kind, "name": name})
