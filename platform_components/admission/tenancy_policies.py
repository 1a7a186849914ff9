"""Policies for the walls between tenants: the platform's own objects, namespaces, bindings, and networks. Pure."""

from typing import Final

from platform_components.admission.policy import Check, Policy, Reason, Resources, Target, fields, literal
from platform_components.admission.templates import POD, WORKLOADS
from platform_components.labels import DEDICATED_KEY, NODE_POOL, OWNED, POOL_LABEL, PREFIX, TENANT_POOL_PREFIX

_MARK = f"dyn({{0}}).?metadata.?labels[?'{OWNED}']"

OWNED_OBJECTS: Final = Policy(
    name="owned-objects",
    refuses="making, changing or deleting what carries the platform's own label, and putting that label on or taking it off",
    target=Target(
        # Labels can be written by way of an object's status too, and operators write statuses of what the platform owns.
        resources=(Resources("*", ("*", "*/status"), ("*",)),),
        reads=lambda _: (),
        operations=("CREATE", "UPDATE", "DELETE"),
        marked=True,
    ),
    checks=(
        Check(
            name="protected",
            # Whoever gets here is not the platform, and the label is there before the change or after it.
            finds=f"""
            request.?subResource.orValue('') == 'status' && {_MARK.format("object")} == {_MARK.format("oldObject")}
              ? [] : ['this ' + request.kind.kind]
            """,
            says=f"{{protected}} carries the label {OWNED}, with which only the platform makes, changes and deletes objects; leave the "
            "label out, or ask the platform for the change",
        ),
    ),
    reason=Reason.FORBIDDEN,
    but_platform=True,
    # In the platform's namespaces too: a GitOps engine there has every right, and acts for tenants.
    everywhere=True,
)

NAMESPACE_KEYS: Final = (PREFIX, "pod-security.kubernetes.io/", "istio.io/", "istio-injection", "linkerd.io/", "config.linkerd.io/")
"""Beginnings of the labels and annotations of a namespace that say how its pods are held: by Pod Security, the mesh, and the platform."""

_OLD = "request.operation == 'CREATE' ? {{}} : dyn(oldObject).?metadata.?{0}.orValue({{}})"
_NEW = "dyn(object).?metadata.?{0}.orValue({{}})"


def _changed(what: str) -> str:
    """CEL: protected keys that are not as they were."""
    old, new = f"variables.old_{what}", f"variables.new_{what}"
    protected = "variables.namespace_keys.exists(p, k.startsWith(p))"
    return f"{new}.map(k, k).filter(k, {protected} && {old}[?k] != {new}[?k]) + {old}.map(k, k).filter(k, {protected} && !(k in {new}))"


NAMESPACES: Final = Policy(
    name="namespaces",
    refuses="setting, changing or taking off what holds a namespace's pods: labels of Pod Security, of the mesh and of the platform",
    target=Target(
        resources=(Resources("", ("namespaces", "namespaces/finalize", "namespaces/status")),),
        reads=fields("metadata.labels", "metadata.annotations"),
        operations=("CREATE", "UPDATE"),
    ),
    settings=("platform_namespaces",),
    variables=(
        ("namespace_keys", literal(NAMESPACE_KEYS)),
        *((f"{age}_{what}", text.format(what)) for what in ("labels", "annotations") for age, text in (("old", _OLD), ("new", _NEW))),
    ),
    checks=(
        Check(
            name="changed",
            finds=f"{_changed('labels')} + {_changed('annotations')}",
            says="only the platform sets, changes and takes off {changed} of a namespace; leave it as it is",
        ),
        Check(
            name="taken",
            # A namespace of this name would be exempt from the policies, or its service accounts the platform's.
            finds="request.operation == 'CREATE' ? [object.metadata.name].filter(n, n in variables.platform_namespaces) : []",
            says="the name {taken} belongs to a namespace of the platform; use another",
        ),
    ),
    reason=Reason.FORBIDDEN,
    but_platform=True,
    everywhere=True,
)

EVERYONE: Final = ("system:anonymous", "system:authenticated", "system:serviceaccounts", "system:unauthenticated")
"""Subjects that stand for everybody: whoever reaches the API, or every workload of every tenant."""

BINDINGS: Final = Policy(
    name="bindings-to-everyone",
    refuses="bindings that give everybody a role",
    target=Target(resources=(Resources("rbac.authorization.k8s.io", ("clusterrolebindings", "rolebindings")),), reads=fields("subjects")),
    variables=(("everyone", literal(EVERYONE)),),
    checks=(
        Check(
            name="anybody",
            finds="object.?subjects.orValue([]).filter(s, s.name in variables.everyone).map(s, s.name)",
            says="this binding would give its role to {anybody}; name the group, user or service account that needs it",
        ),
    ),
    reason=Reason.FORBIDDEN,
    but_platform=True,
)

_OPEN_SELECTOR = "{0}.?matchLabels.orValue({{}}).size() == 0 && !{0}.?matchExpressions.orValue([]).exists(e, e.operator == 'In')"
_OPEN = (
    f"has(p.namespaceSelector) && {_OPEN_SELECTOR.format('p.namespaceSelector')} "
    f"&& (!has(p.podSelector) || ({_OPEN_SELECTOR.format('p.podSelector')}))"
)
_WIDE = (
    "has(p.ipBlock) && variables.guarded_ranges.exists(g, cidr(p.ipBlock.cidr).containsCIDR(g) "
    "&& !p.ipBlock.?except.orValue([]).exists(x, cidr(x).containsCIDR(g)))"
)


def _peers(direction: str, peers: str, end: str) -> str:
    """CEL: what is too open in the rules of one direction."""
    rules = f"object.spec.?{direction}.orValue([])"
    return f"""
    {rules}.filter(r, r.?{peers}.orValue([]).size() == 0).map(r, 'an {direction} rule without `{peers}`')
    + {rules}.filter(r, r.?{peers}.orValue([]).exists(p, {_OPEN})).map(r, '{direction} {end} the pods of every namespace')
    + {rules}.filter(r, r.?{peers}.orValue([]).exists(p, {_WIDE})).map(r, '{direction} {end} an ipBlock that holds guarded ranges')
    """


NETWORKS: Final = Policy(
    name="open-network-policies",
    refuses="NetworkPolicies that undo the namespace's default-deny",
    target=Target(resources=(Resources("networking.k8s.io", ("networkpolicies",)),), reads=fields("spec")),
    settings=("guarded_ranges",),
    checks=(
        Check(
            name="open",
            finds=f"{_peers('ingress', 'from', 'from')} + {_peers('egress', 'to', 'to')}",
            says="{open}; name the namespaces or pods, and take these ranges out of every ipBlock with `except`: {guarded_ranges}",
        ),
    ),
    reason=Reason.FORBIDDEN,
    but_platform=True,
)

_DEDICATED = f"variables.pod.?tolerations.orValue([]).filter(t, t.?key.orValue('') == '{DEDICATED_KEY}')"
_EQUAL = "t.?operator.orValue('Equal') == 'Equal'"

_OWN = f"{_EQUAL} && t.?value.orValue('') == variables.own && t.?effect.orValue('') in ['', 'NoSchedule']"

NODE_POOLS: Final = Policy(
    name="node-pools",
    refuses="pods on the nodes of another tenant, and pods of a tenant that has nodes of its own on any others",
    # Whoever makes them: what a controller makes of a template runs as little elsewhere as what people make.
    target=WORKLOADS,
    variables=(POD, ("own", f"namespaceObject.metadata.?annotations[?'{NODE_POOL}'].orValue('')")),
    checks=(
        Check(
            name="foreign",
            finds=f"""
            {_DEDICATED}.filter(t, !({_EQUAL}) || (t.?value.orValue('').startsWith('{TENANT_POOL_PREFIX}') && t.value != variables.own))
              .map(t, {_EQUAL} ? string(t.value) : 'every pool')
            """,
            says=f"tolerations of {DEDICATED_KEY} would let pods onto nodes of other tenants: {{foreign}}; name a pool that is yours, with "
            "operator Equal",
        ),
        Check(
            name="elsewhere",
            finds=f"""
            variables.own == '' ? [] :
              (variables.pod.?nodeSelector[?'{POOL_LABEL}'].orValue('') == variables.own ? []
                : ['nodeSelector {POOL_LABEL}: ' + variables.own])
              + ({_DEDICATED}.exists(t, {_OWN}) ? []
                : ['a toleration with key {DEDICATED_KEY}, operator Equal, value ' + variables.own + ', effect NoSchedule'])
            """,
            says="this namespace has nodes of its own, on which all its pods run; what says so is missing: {elsewhere}",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

POLICIES: Final = (OWNED_OBJECTS, NAMESPACES, BINDINGS, NETWORKS, NODE_POOLS)
