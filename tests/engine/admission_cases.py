"""Objects that differ in one flaw only: each admitted without it, refused with it, and by the policy that is meant."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from platform_components.admission.templates import TEMPLATES

NAMESPACE = "shop"
REGISTRY = "registry.example.com/shop"
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"{REGISTRY}/app:1.2.3"

Object = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One flaw."""

    policy: str
    flaw: str
    sound: Object
    flawed: Object
    says: str
    """Part of the message that names the flaw."""

    def __str__(self) -> str:
        return f"{self.policy}: {self.sound['kind']} {self.flaw}".replace(" ", "-")


def named(api_version: str, kind: str, spec: Mapping[str, Any] | None = None, **metadata: Any) -> Object:
    made: Object = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "probe", **metadata}}
    return made if spec is None else {**made, "spec": dict(spec)}


def container(**fields: Any) -> Object:
    return {"name": "app", "image": IMAGE, "imagePullPolicy": "Always", **fields}


def pod_spec(**fields: Any) -> Object:
    return {"containers": [container()], **fields}


def workload(kind: str, spec: Object, labels: Mapping[str, str] | None = None) -> Object:
    """An object of a kind, around a pod's spec."""
    own = {"app": "probe", **(labels or {})}
    template = {"metadata": {"labels": own}, "spec": spec}
    selector = {"matchLabels": {"app": "probe"}}
    once = {**spec, "restartPolicy": "Never"}
    job = {"template": {**template, "spec": once}}
    made = {
        "Pod": lambda: named("v1", "Pod", spec),
        "CronJob": lambda: named("batch/v1", "CronJob", {"schedule": "0 4 * * *", "jobTemplate": {"spec": job}}),
        "DaemonSet": lambda: named("apps/v1", "DaemonSet", {"selector": selector, "template": template}),
        "Deployment": lambda: named("apps/v1", "Deployment", {"selector": selector, "template": template}),
        "Job": lambda: named("batch/v1", "Job", job),
        "ReplicaSet": lambda: named("apps/v1", "ReplicaSet", {"selector": selector, "template": template}),
        "ReplicationController": lambda: named("v1", "ReplicationController", {"selector": {"app": "probe"}, "template": template}),
        "Rollout": lambda: named("argoproj.io/v1alpha1", "Rollout", {"selector": selector, "template": template}),
        "StatefulSet": lambda: named("apps/v1", "StatefulSet", {"selector": selector, "serviceName": "probe", "template": template}),
    }[kind]()
    # With labels of its own: the API server gives some kinds those of their template otherwise.
    return {**made, "metadata": {**made["metadata"], "labels": {"app": "probe"}}}


KINDS = tuple(kind for template in TEMPLATES for kind in template.kinds)

BAD_IMAGES = {
    "another-registry": ("image-registries", "docker.io/library/nginx:1.29", "app (docker.io/library/nginx:1.29)"),
    "no-registry": ("image-registries", "nginx:1.29", "app (nginx:1.29)"),
    "a-registry-that-begins-alike": ("image-registries", f"{REGISTRY}-too/app:1.2.3", f"app ({REGISTRY}-too/app:1.2.3)"),
    "latest": ("image-tags", f"{REGISTRY}/app:latest", f"app ({REGISTRY}/app:latest)"),
    "no-tag": ("image-tags", f"{REGISTRY}/app", f"app ({REGISTRY}/app)"),
}


def _container_flaws() -> Iterator[tuple[str, str, Object, str]]:
    """Policy, flaw, a container with the flaw, and what is said."""
    for flaw, (policy, image, says) in BAD_IMAGES.items():
        yield policy, flaw, container(image=image), says
    for pull in ("IfNotPresent", "Never"):
        yield "image-pull-policy", f"pull-{pull}", container(imagePullPolicy=pull), f"app ({pull})"


POD_FLAWS: Mapping[str, tuple[str, Object, str]] = {
    "system-node-critical": ("priority-classes", {"priorityClassName": "system-node-critical"}, "system-node-critical"),
    "system-cluster-critical": ("priority-classes", {"priorityClassName": "system-cluster-critical"}, "system-cluster-critical"),
    "the-platforms-priority": ("priority-classes", {"priorityClassName": "platform"}, "priorityClassName platform"),
    "a-node-of-its-choice": ("node-name", {"nodeName": "node-1"}, "node-1"),
    "tolerate-everything": ("tolerations", {"tolerations": [{"operator": "Exists"}]}, "every taint"),
    "tolerate-every-no-schedule": (
        "tolerations",
        {"tolerations": [{"operator": "Exists", "effect": "NoSchedule"}]},
        "every NoSchedule taint",
    ),
    "tolerate-a-tenants-nodes": (
        "node-pools",
        {"tolerations": [{"key": "platform.pool/dedicated", "value": "tenant-other-prod"}]},
        "tenant-other-prod",
    ),
    "tolerate-all-dedicated-nodes": (
        "node-pools",
        {"tolerations": [{"key": "platform.pool/dedicated", "operator": "Exists"}]},
        "every pool",
    ),
}


def workload_cases() -> Iterator[Case]:
    for kind in KINDS:
        sound = workload(kind, pod_spec())
        for policy, flaw, bad, says in _container_flaws():
            yield Case(policy, flaw, sound, workload(kind, pod_spec(containers=[bad])), says)
        for flaw, (policy, fields, says) in POD_FLAWS.items():
            yield Case(policy, flaw, sound, workload(kind, pod_spec(**fields)), says)
    for kind in ("Pod", "Deployment", "CronJob"):
        for policy, flaw, bad, says in _container_flaws():
            first = {**bad, "name": "first"}
            yield Case(
                policy,
                f"{flaw}-in-an-init-container",
                workload(kind, pod_spec(initContainers=[container(name="first")])),
                workload(kind, pod_spec(initContainers=[first])),
                says.replace("app (", "first (", 1),
            )
        yield Case(
            "image-registries",
            "image-volume",
            workload(kind, pod_spec(volumes=[{"name": "model", "image": {"reference": IMAGE, "pullPolicy": "Always"}}])),
            workload(kind, pod_spec(volumes=[{"name": "model", "image": {"reference": "evil.io/m:1", "pullPolicy": "Always"}}])),
            "model (evil.io/m:1)",
        )


def service(annotations: Mapping[str, str] | None = None, **spec: Any) -> Object:
    metadata = {"annotations": dict(annotations)} if annotations else {}
    return named("v1", "Service", {"selector": {"app": "probe"}, "ports": [{"port": 80}], **spec}, **metadata)


def balancer(annotations: Mapping[str, str] | None = None, **spec: Any) -> Object:
    internal = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}
    return service(
        internal if annotations is None else annotations, type="LoadBalancer", **{"allocateLoadBalancerNodePorts": False, **spec}
    )


SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
OLD_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"


def service_cases() -> Iterator[Case]:
    yield Case("node-port-services", "node port", service(), service(type="NodePort"), "type NodePort")
    for flaw, allocates in (("node ports", True), ("node ports by default", None)):
        flawed = balancer(**({} if allocates is None else {"allocateLoadBalancerNodePorts": allocates}))
        if allocates is None:
            del flawed["spec"]["allocateLoadBalancerNodePorts"]
        yield Case("load-balancer-ports", flaw, balancer(), flawed, "allocateLoadBalancerNodePorts is not false")
    for flaw, annotations in {
        "public by silence": {},
        "public by scheme": {SCHEME: "internet-facing"},
        "public by scheme over internal": {SCHEME: "internet-facing", OLD_INTERNAL: "true"},
    }.items():
        yield Case("public-load-balancers", flaw, balancer(), balancer(annotations), "this Service would face the internet")
    yield Case(
        "public-load-balancers", "not internal", balancer({OLD_INTERNAL: "true"}), balancer({OLD_INTERNAL: "false"}), "face the internet"
    )
    yield Case(
        "public-load-balancers",
        "public ingress",
        ingress(annotations={"alb.ingress.kubernetes.io/scheme": "internal"}),
        ingress(annotations={"alb.ingress.kubernetes.io/scheme": "internet-facing"}),
        "this Ingress would face the internet",
    )
    yield Case("external-ips", "external address", service(), service(externalIPs=["203.0.113.7"]), "externalIPs 203.0.113.7")
    for name in ("db.other.svc.cluster.local", "example.com"):
        flawed = named("v1", "Service", {"type": "ExternalName", "externalName": name})
        yield Case("external-name-services", f"name of {name}", service(), flawed, name)


def ingress(*hosts: str, annotations: Mapping[str, str] | None = None, **spec: Any) -> Object:
    backend = {"service": {"name": "probe", "port": {"number": 80}}}
    paths = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    rules = [{"host": host, **paths} if host else dict(paths) for host in hosts or (HOST,)]
    metadata = {"annotations": dict(annotations)} if annotations else {}
    return named("networking.k8s.io/v1", "Ingress", {"rules": rules, **spec}, **metadata)


DOMAIN = "shop.example.com"
HOST = f"www.{DOMAIN}"
FOREIGN = "www.other.example.com"
EVERY = "every host (none is named)"
DNS_NAME = "external-dns.alpha.kubernetes.io/hostname"

GATEWAY_API = "gateway.networking.k8s.io/v1"
ISTIO = "networking.istio.io/v1"


def listener(hostname: str | None, protocol: str = "HTTPS") -> Object:
    named_host = {} if hostname is None else {"hostname": hostname}
    return {"name": "web", "port": 443, "protocol": protocol, **named_host}


def _by_host(kind: str) -> Callable[[str | None], Object]:
    """How an object of a kind says that it answers for a host, or for none in particular."""
    route = {"parentRefs": [{"name": "public"}]}
    tls = {**route, "rules": [{"backendRefs": [{"name": "web", "port": 443}]}]}
    port = {"number": 443, "name": "web", "protocol": "HTTPS"}
    certificate = {"secretName": "web", "issuerRef": {"name": "public", "kind": "ClusterIssuer"}}
    return {
        "HTTPRoute": lambda host: named(GATEWAY_API, kind, {**route, **({"hostnames": [host]} if host else {})}),
        "GRPCRoute": lambda host: named(GATEWAY_API, kind, {**route, **({"hostnames": [host]} if host else {})}),
        "TLSRoute": lambda host: named(GATEWAY_API, kind, {**tls, "hostnames": [host or "*.com"]}),
        "Gateway": lambda host: named(GATEWAY_API, kind, {"gatewayClassName": "istio", "listeners": [listener(host)]}),
        "ListenerSet": lambda host: named(GATEWAY_API, kind, {"parentRef": {"name": "public"}, "listeners": [listener(host)]}),
        "istio Gateway": lambda host: named(ISTIO, "Gateway", {"servers": [{"port": port, "hosts": [f"./{host}" if host else "*"]}]}),
        "VirtualService": lambda host: named(ISTIO, kind, {"hosts": [host or "*"]}),
        "Certificate": lambda host: named("cert-manager.io/v1", kind, {**certificate, "dnsNames": [host or "*"]}),
        "DNSEndpoint": lambda host: named("externaldns.k8s.io/v1alpha1", kind, {"endpoints": [{"dnsName": host or ""}]}),
        "Ingress": lambda host: ingress(host or ""),
    }[kind]


HOST_KINDS = (
    "Ingress",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "Gateway",
    "ListenerSet",
    "istio Gateway",
    "VirtualService",
    "Certificate",
    "DNSEndpoint",
)


def host_cases() -> Iterator[Case]:
    for kind in HOST_KINDS:
        made = _by_host(kind)
        yield Case("host-names", f"{kind} of another domain", made(HOST), made(FOREIGN), FOREIGN)
        yield Case("host-names", f"{kind} that ends alike", made(HOST), made(f"evil{DOMAIN}"), f"evil{DOMAIN}")
        yield Case("host-names", f"{kind} for every host", made(f"*.{DOMAIN}"), made(None), ": ")
    sound, other = ingress(), {"service": {"name": "probe", "port": {"number": 80}}}
    yield Case("host-names", "default backend", sound, ingress(defaultBackend=other), EVERY)
    yield Case("host-names", "certificate", ingress(tls=[{"hosts": [HOST]}]), ingress(tls=[{"hosts": [HOST, FOREIGN]}]), FOREIGN)
    yield Case("host-names", "second rule", sound, ingress(HOST, FOREIGN), FOREIGN)
    alias = "nginx.ingress.kubernetes.io/server-alias"
    yield Case("host-names", "alias", ingress(annotations={alias: HOST}), ingress(annotations={alias: f"{HOST}, {FOREIGN}"}), FOREIGN)
    conditions = "alb.ingress.kubernetes.io/conditions.probe"
    own, others = ('[{"field": "path-pattern"}]', '[{"field": "host-header", "hostHeaderConfig": {"values": ["www.other.example.com"]}}]')
    yield Case("host-names", "condition", ingress(annotations={conditions: own}), ingress(annotations={conditions: others}), conditions)
    empty = {"parentRefs": [{"name": "public"}], "hostnames": []}
    yield Case("host-names", "empty list", _by_host("HTTPRoute")(HOST), named(GATEWAY_API, "HTTPRoute", empty), EVERY)
    yield Case("host-names", "name of a service", balancer_named(HOST), balancer_named(FOREIGN), FOREIGN)
    inside = _by_host("VirtualService")
    own, foreign = f"web.{NAMESPACE}.svc.cluster.local", "web.other.svc.cluster.local"
    yield Case("host-names", "service of another namespace", inside(own), inside(foreign), foreign)


def balancer_named(host: str) -> Object:
    return service({DNS_NAME: host})


def network(direction: str, *rules: Object) -> Object:
    return named("networking.k8s.io/v1", "NetworkPolicy", {"podSelector": {}, "policyTypes": [direction.title()], direction: list(rules)})


def block(cidr: str, *without: str) -> Object:
    return {"ipBlock": {"cidr": cidr, **({"except": list(without)} if without else {})}}


PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "169.254.169.254/32", "172.16.0.0/12", "192.168.0.0/16")
TEAM = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}
PORTS = [{"port": 8080, "protocol": "TCP"}]


def network_cases() -> Iterator[Case]:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        sound = network(direction, {peers: [TEAM], "ports": PORTS})

        def flawed(*open_peers: Object, direction: str = direction, peers: str = peers) -> Object:
            return network(direction, {peers: [TEAM]}, {peers: [TEAM, *open_peers], "ports": PORTS})

        yield Case("open-network-policies", f"{direction} empty rule", sound, network(direction, {}), f"rule without `{peers}`")
        yield Case("open-network-policies", f"{direction} ports only", sound, network(direction, {"ports": PORTS}), f"without `{peers}`")
        for flaw, selector in {
            "every namespace": {},
            "every named namespace": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]},
            "every namespace but one": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["x"]}]},
        }.items():
            yield Case("open-network-policies", f"{direction} {flaw}", sound, flawed({"namespaceSelector": selector}), "every namespace")
            every = flawed({"namespaceSelector": selector, "podSelector": {}})
            yield Case("open-network-policies", f"{direction} every pod of {flaw}", sound, every, "every namespace")
        for cidr in ("0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8", "169.254.0.0/16", "169.254.169.254/32", "::/0", "fd00:ec2::254/128"):
            yield Case("open-network-policies", f"{direction} block {cidr}", sound, flawed(block(cidr)), "guarded ranges")
        within = flawed(block("0.0.0.0/0", *PRIVATE))
        yield Case(
            "open-network-policies", f"{direction} one exception short", within, flawed(block("0.0.0.0/0", *PRIVATE[:-1])), "guarded"
        )


def binding(kind: str, subject: str, subject_kind: str = "Group") -> Object:
    made = named("rbac.authorization.k8s.io/v1", kind)
    of = {"kind": subject_kind, "name": subject, "apiGroup": "rbac.authorization.k8s.io"}
    return {**made, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}, "subjects": [of]}


def binding_cases() -> Iterator[Case]:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for subject in ("system:authenticated", "system:unauthenticated", "system:serviceaccounts"):
            yield Case("bindings-to-everyone", subject, binding(kind, "shop-team"), binding(kind, subject), subject)
        flawed = binding(kind, "system:anonymous", "User")
        yield Case("bindings-to-everyone", "system:anonymous", binding(kind, "dana", "User"), flawed, "system:anonymous")


def label_cases() -> Iterator[Case]:
    """The platform's label, spoofed: on an object, and on what Kubernetes makes of a template."""
    mark = {"platform-components/owned-by": "platform"}
    for made in (service(), named("v1", "ConfigMap"), named("v1", "Secret"), workload("Pod", pod_spec())):
        labels = {**made["metadata"].get("labels", {})}
        sound = {**made, "metadata": {**made["metadata"], "labels": {**labels, "team": "shop"}}}
        yield Case("owned-objects", "spoofed", sound, {**made, "metadata": {**made["metadata"], "labels": {**labels, **mark}}}, "this ")
    for kind in KINDS[1:]:
        yield Case("template-labels", "pods", workload(kind, pod_spec()), workload(kind, pod_spec(), mark), "the pod template")
    job = named("batch/v1", "CronJob", workload("CronJob", pod_spec())["spec"])
    spoofed = {**job["spec"], "jobTemplate": {**job["spec"]["jobTemplate"], "metadata": {"labels": mark}}}
    yield Case("template-labels", "jobs", job, {**job, "spec": spoofed}, "the job template")
    for flaw, labels in (("claims", mark),):
        made, bad = (
            {
                **workload("StatefulSet", pod_spec())["spec"],
                "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": own}, "spec": CLAIM}],
            }
            for own in ({"team": "shop"}, labels)
        )
        yield Case(
            "template-labels", flaw, named("apps/v1", "StatefulSet", made), named("apps/v1", "StatefulSet", bad), "volume claim template"
        )
    sound, flawed = (
        workload(
            "Pod", pod_spec(volumes=[{"name": "tmp", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": own}, "spec": CLAIM}}}])
        )
        for own in ({"team": "shop"}, mark)
    )
    yield Case("template-labels", "claim of a volume", sound, flawed, "the claim of volume tmp")


CLAIM: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def namespace_cases() -> Iterator[Case]:
    def of(**metadata: Any) -> Object:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "probe", **metadata}}

    sound = of(labels={"team": "shop"}, annotations={"contact": "dana"})
    for key, value in {
        "pod-security.kubernetes.io/enforce": "privileged",
        "istio-injection": "disabled",
        "istio.io/dataplane-mode": "none",
    }.items():
        yield Case("namespaces", f"label {key}", sound, of(labels={key: value}), key)
    for key in ("platform-components/domains", "platform-components/public-load-balancers"):
        yield Case("namespaces", f"annotation {key}", sound, of(annotations={key: "true"}), key)
    yield Case("namespaces", "a name of the platform's", sound, of(name="external-secrets"), "the name external-secrets")


CASES = (
    *workload_cases(),
    *service_cases(),
    *host_cases(),
    *network_cases(),
    *binding_cases(),
    *label_cases(),
    *namespace_cases(),
)
