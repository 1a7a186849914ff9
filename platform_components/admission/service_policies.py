"""Policies for what lets traffic into the cluster or sends it elsewhere. Pure."""

from typing import Final

from platform_components.admission.policy import Check, Policy, Reason, Resources, Target, fields
from platform_components.labels import PUBLIC_LOAD_BALANCERS

SERVICES: Final = Target(resources=(Resources("", ("services",)),), reads=fields("spec"))

NODE_PORT_SERVICES: Final = Policy(
    name="node-port-services",
    refuses="services that open a port on every node",
    target=SERVICES,
    checks=(
        Check(
            name="node_ports",
            finds="[object.spec.?type.orValue('')].filter(t, t == 'NodePort')",
            says="a service of type {node_ports} opens a port on every node; use ClusterIP behind the platform's gateway, or LoadBalancer",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

LOAD_BALANCER_PORTS: Final = Policy(
    name="load-balancer-ports",
    refuses="load balancers that open ports on every node",
    target=SERVICES,
    checks=(
        Check(
            name="node_ports",
            finds="""
            object.spec.?type.orValue('') == 'LoadBalancer' && object.spec.?allocateLoadBalancerNodePorts.orValue(true)
              ? ['allocateLoadBalancerNodePorts'] : []
            """,
            says="{node_ports} is not false, so that this service opens ports on every node; set it to false and let the load balancer "
            "reach pods by their addresses (target type ip)",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_INGRESS_SCHEME = "alb.ingress.kubernetes.io/scheme"

PUBLIC: Final = Policy(
    name="public-load-balancers",
    refuses="load balancers on the internet in namespaces that may not have any",
    target=Target(
        resources=(*SERVICES.resources, Resources("networking.k8s.io", ("ingresses",))), reads=fields("spec", "metadata.annotations")
    ),
    variables=(
        ("annotations", "dyn(object).?metadata.?annotations.orValue({})"),
        (
            "internal",
            # The scheme is what the AWS Load Balancer Controller goes by; the older annotation counts where it is missing. An Ingress is
            # internal unless it says otherwise, a Service of the in-tree provider the other way round.
            f"""
            object.kind == 'Ingress' ? variables.annotations[?'{_INGRESS_SCHEME}'].orValue('internal') == 'internal'
            : dyn(object).?spec.?type.orValue('') != 'LoadBalancer'
              || variables.annotations[?'{_SCHEME}']
                 .orValue(variables.annotations[?'{_INTERNAL}'].orValue('') == 'true' ? 'internal' : '') == 'internal'
            """,
        ),
    ),
    checks=(
        Check(
            name="public",
            finds=f"""
            variables.internal || namespaceObject.metadata.?annotations[?'{PUBLIC_LOAD_BALANCERS}'].orValue('') == 'true'
              ? [] : [object.kind]
            """,
            says=f"this {{public}} would face the internet, which the namespace may not; say internal ({_SCHEME}, or {_INGRESS_SCHEME}), "
            f"or have the platform annotate the namespace with {PUBLIC_LOAD_BALANCERS}",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

EXTERNAL_IPS: Final = Policy(
    name="external-ips",
    refuses="services that take over addresses that are not theirs (CVE-2020-8554)",
    target=SERVICES,
    checks=(
        Check(
            name="addresses",
            finds="object.spec.?externalIPs.orValue([])",
            says="externalIPs {addresses} would take over traffic to these addresses on every node; leave them out",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

_INSIDE = r"'^([^.]+|.*\\.svc|(.*\\.)?cluster\\.local|[0-9.]+|.*:.*|localhost(\\..*)?)\\.?$'"
"""Names that lead into the cluster or to a node: of services, single words that search domains complete, addresses."""

EXTERNAL_NAMES: Final = Policy(
    name="external-name-services",
    refuses="services that are another name for something else, such as a service of another tenant",
    target=SERVICES,
    settings=("external_names_outside",),
    checks=(
        Check(
            name="elsewhere",
            finds=f"""
            object.spec.?type.orValue('') != 'ExternalName' ? []
              : [object.spec.?externalName.orValue('')]
                .filter(n, !variables.external_names_outside || n.lowerAscii().matches({_INSIDE}))
            """,
            says="a service of type ExternalName for {elsewhere} goes round NetworkPolicies and gateways; let programs use the name itself",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

POLICIES: Final = (NODE_PORT_SERVICES, LOAD_BALANCER_PORTS, PUBLIC, EXTERNAL_IPS, EXTERNAL_NAMES)
