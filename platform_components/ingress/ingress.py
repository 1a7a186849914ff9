"""Ingress: load balancers for what is declared in the cluster, their names, and a firewall in front of them.

Builds the AWS Load Balancer Controller and external-dns with their identities and namespaces, and the web ACL. Does not build zones (see
`PublicZone`), certificates (see `Certificates`) or the gateway of a mesh (see `ServiceMesh`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from platform_components.args import Late
from platform_components.charts.addon import Addon
from platform_components.charts.namespace import create_namespace
from platform_components.charts.records import aws_load_balancer_controller, external_dns
from platform_components.charts.release import install
from platform_components.component import PlatformComponent
from platform_components.custom_resources import CustomResources
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.ingress.args import Firewall, IngressArgs
from platform_components.ingress.documents import firewall_rules, load_balancer_statements, record_statements, visibility
from platform_components.names import child_name
from platform_components.tags import MANAGED_BY, merge_tags


class Ingress(PlatformComponent):
    """Ways into a cluster: private unless an object says otherwise, with modern TLS, and a firewall before what is public.

    An Ingress or a Service of type LoadBalancer gets a load balancer of AWS; `alb.ingress.kubernetes.io/scheme: internet-facing` makes it
    public, and class `alb-public` does that together with the firewall. Names are written into `zones`, and into no other zone.
    """

    web_acl_arn: pulumi.Output[str | None]
    """ARN of the web ACL; none without a firewall."""
    public_class_name: pulumi.Output[str | None]
    """IngressClass of public load balancers behind the firewall; none without a firewall."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._site = args.site()
        self._tags = merge_tags({"ManagedBy": MANAGED_BY}, args.tags)
        controller = self._create_load_balancers() if args.enabled(aws_load_balancer_controller.ADDON) else None
        acl = self._create_firewall(args.firewall) if args.firewall is not None else None
        public = self._create_public_class(acl, controller) if acl is not None and controller is not None else None
        if args.zones and args.enabled(external_dns.ADDON):
            self._create_names(args.zones)
        self.web_acl_arn = pulumi.Output.from_input(acl.arn if acl is not None else None)
        self.public_class_name = pulumi.Output.from_input(public)
        self.register()

    def _create_load_balancers(self) -> k8s.helm.v3.Release:
        statements = load_balancer_statements(self._arn, self._args.cluster.name)
        values = aws_load_balancer_controller.values(self._site, self._tags)
        return self._install(aws_load_balancer_controller.ADDON, "lbc", statements, values)

    def _create_names(self, zones: Mapping[str, Late[str]]) -> None:
        ids = [zone for _, zone in sorted(zones.items())]
        arns = [pulumi.Output.concat("arn:aws:route53:::hostedzone/", zone) for zone in ids]
        values = external_dns.values(self._site, ids, sorted(zones), self._args.records)
        self._install(external_dns.ADDON, "names", record_statements(arns), values)

    def _install(self, addon: Addon, role: str, statements: Sequence[Statement], values: Mapping[str, Any]) -> k8s.helm.v3.Release:
        """A controller with its namespace and its identity, which is there before the first pod asks for it."""
        namespace = create_namespace(self, self._name, addon.namespace, addon.pod_security, addon.traffic)
        identity = WorkloadIdentity(
            child_name(self._name, role),
            WorkloadIdentityArgs(
                cluster=self._args.cluster,
                namespace=addon.namespace,
                service_account=str(addon.service_account),
                statements=tuple(statements),
                tags=self._args.tags,
            ),
            self.child_options(),
        )
        return install(self, self._name, addon, values, self._args, namespace=namespace.metadata.name, depends_on=[identity])

    def _create_firewall(self, firewall: Firewall) -> aws.wafv2.WebAcl:
        allow: Any = {"allow": {}}
        return aws.wafv2.WebAcl(
            child_name(self._name, "firewall"),
            description=f"Public load balancers of {self._args.environment}",
            scope="REGIONAL",
            default_action=allow,
            rules=firewall_rules(firewall.requests_per_five_minutes, block=firewall.mode == "block"),
            visibility_config=visibility(child_name(self._name, "firewall")),
            tags=merge_tags({"Name": child_name(self._name, "firewall")}, self._tags),
            opts=self.child_options(),
        )

    def _create_public_class(self, acl: aws.wafv2.WebAcl, controller: pulumi.Resource) -> str:
        """The class whose load balancers are public: nobody has to remember the firewall's annotation."""
        public = "alb-public"
        spec = {
            "scheme": "internet-facing",
            "wafv2AclArn": acl.arn,
            "sslPolicy": aws_load_balancer_controller.TLS_POLICY,
            "sslRedirectPort": "443",
            "loadBalancerAttributes": [{"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"}],
        }
        parameters = CustomResources(self, self._name).create(
            "public-parameters", "elbv2.k8s.aws/v1beta1", "IngressClassParams", public, spec, [controller]
        )
        k8s.networking.v1.IngressClass(
            child_name(self._name, "public-class"),
            metadata={"name": public},
            spec={
                "controller": "ingress.k8s.aws/alb",
                "parameters": {"api_group": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": public},
            },
            opts=self.child_options(depends_on=[parameters]),
        )
        return public

    def _arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """An ARN of the cluster's account and region."""
        cluster = pulumi.Output.from_input(self._args.cluster.arn)
        return cluster.apply(lambda arn: ":".join([*arn.split(":")[:2], service, *arn.split(":")[3:5], resource]))
