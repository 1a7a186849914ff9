"""The policy for host names: who may answer for which. Pure.

Sources: the specifications of Ingress, Gateway API 1.6 and Istio 1.30, and the annotations of ExternalDNS and ingress-nginx.
"""

from dataclasses import dataclass
from typing import Final

from platform_components.admission.policy import Check, Policy, Reason, Resources, Target, fields
from platform_components.labels import DOMAINS

CLUSTER_DOMAIN: Final = "svc.cluster.local"

ANNOTATIONS: Final = (
    "external-dns.alpha.kubernetes.io/hostname",
    "external-dns.alpha.kubernetes.io/internal-hostname",
    "nginx.ingress.kubernetes.io/server-alias",
)
"""Annotations that name hosts, separated by commas, beside those of the spec."""

_CONDITIONS: Final = "alb.ingress.kubernetes.io/conditions."
"""Beginning of the annotations that give a rule of a load balancer conditions of its own; others' host names may be among them."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where one kind says its host names."""

    kind: str
    """API group, a slash, and the kind; `v1/` for core."""
    resource: str
    finds: str
    """CEL: a list of host names. An empty one stands for every host that nobody else answers for."""
    inside: bool = False
    """Whether names of services of the own namespace are among them."""
    versions: tuple[str, ...] = ("*",)

    @property
    def group(self) -> str:
        """API group; empty for core."""
        return self.kind.partition("/")[0].removeprefix("v1")


_SPEC = "dyn(object).?spec"
# A route between services of a mesh has a Service as its parent, and no host name of its own.
_MESH_ROUTE = f"{_SPEC}.?parentRefs.orValue([]).all(p, p.?kind.orValue('Gateway') == 'Service')"
_NAMED = f"{_SPEC}.?hostnames.orValue([])"
_ROUTE = f"{_NAMED}.size() > 0 || {_MESH_ROUTE} ? {_NAMED} : ['']"
_LISTENERS = (
    f"{_SPEC}.?listeners.orValue([]).filter(l, l.?protocol.orValue('') in ['HTTP', 'HTTPS', 'TLS']).map(l, l.?hostname.orValue(''))"
)

HOSTS: Final = (
    Hosts("v1/Service", "services", "[]", versions=("v1",)),
    Hosts(
        "networking.k8s.io/Ingress",
        "ingresses",
        f"""
        {_SPEC}.?rules.orValue([]).map(r, r.?host.orValue('')) + ({_SPEC}.?defaultBackend.hasValue() ? [''] : [])
        + {_SPEC}.?tls.orValue([]).map(t, t.?hosts.orValue([]).join(',')).join(',').split(',').filter(h, h != '')
        """,
        versions=("v1",),
    ),
    *(
        Hosts(f"gateway.networking.k8s.io/{kind}", resource, _ROUTE)
        for kind, resource in (("HTTPRoute", "httproutes"), ("GRPCRoute", "grpcroutes"), ("TLSRoute", "tlsroutes"))
    ),
    Hosts("gateway.networking.k8s.io/Gateway", "gateways", _LISTENERS),
    Hosts("gateway.networking.k8s.io/ListenerSet", "listenersets", _LISTENERS),
    # `namespace/host`, where the namespace says whose services may be bound.
    Hosts(
        "networking.istio.io/Gateway",
        "gateways",
        f"""
        {_SPEC}.?servers.orValue([]).map(s, s.?hosts.orValue(['']).map(h, h.split('/')[h.split('/').size() - 1]).join(','))
          .join(',').split(',')
        """,
    ),
    # Without hosts it is a part of another one, which names them.
    Hosts("networking.istio.io/VirtualService", "virtualservices", f"{_SPEC}.?hosts.orValue([])", inside=True),
    Hosts(
        "cert-manager.io/Certificate",
        "certificates",
        f"{_SPEC}.?dnsNames.orValue([]) + [{_SPEC}.?commonName.orValue('')].filter(n, n != '')",
        inside=True,
    ),
    Hosts("externaldns.k8s.io/DNSEndpoint", "dnsendpoints", f"{_SPEC}.?endpoints.orValue([]).map(e, e.?dnsName.orValue(''))"),
)
"""Kinds that answer for host names; those whose definitions are not installed match nothing."""


def _choice() -> str:
    """CEL: the host names of whichever kind it is."""
    return " : ".join((*(f"variables.kind == '{row.kind}' ? ({row.finds})" for row in HOSTS), "['']"))


_ANNOTATED = " + ".join(f"variables.annotations[?'{key}'].orValue('').split(',')" for key in ANNOTATIONS)
_INSIDE = ", ".join(f"'{row.kind}'" for row in HOSTS if row.inside)

HOST_NAMES: Final = Policy(
    name="host-names",
    refuses="host names outside the domains of the namespace",
    target=Target(
        resources=tuple(Resources(row.group, (row.resource,), row.versions) for row in HOSTS),
        reads=fields("spec", "metadata.annotations"),
    ),
    variables=(
        ("kind", "object.apiVersion.split('/')[0] + '/' + object.kind"),
        ("annotations", "dyn(object).?metadata.?annotations.orValue({})"),
        (
            "hosts",
            f"""
            ({_choice()}) + ({_ANNOTATED}).map(h, h.trim()).filter(h, h != '')
            + variables.annotations.map(k, k).filter(k, k.startsWith('{_CONDITIONS}') && variables.annotations[k].contains('host-header'))
            """,
        ),
        (
            "domains",
            f"""
            namespaceObject.metadata.?annotations[?'{DOMAINS}'].orValue('').split(',').map(d, d.trim()).filter(d, d != '')
            """,
        ),
        ("own", f"['.' + namespaceObject.metadata.name + '.svc', '.' + namespaceObject.metadata.name + '.{CLUSTER_DOMAIN}']"),
        ("inside", f"variables.kind in [{_INSIDE}]"),
    ),
    checks=(
        Check(
            name="outside",
            finds="""
            variables.hosts.filter(h, !variables.domains.exists(d, h == d || h.endsWith('.' + d))
              && !(variables.inside && h != '' && h != '*' && (!h.contains('.') || variables.own.exists(o, h.endsWith(o)))))
              .map(h, h == '' ? 'every host (none is named)' : h)
            """,
            says=f"host names outside the domains of this namespace: {{outside}}; its domains, which the platform sets in the annotation "
            f"{DOMAINS} of the namespace, are: {{domains}}",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

POLICIES: Final = (HOST_NAMES,)
