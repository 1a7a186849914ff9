"""Policies for pods and what makes them. Pure.

Images: references as https://pkg.go.dev/github.com/distribution/reference describes them.
"""

from typing import Final

from platform_components.admission.policy import Check, Policy, Reason, Resources, Target, fields
from platform_components.admission.templates import CONTAINERS, IMAGES, POD, WORKLOADS, at_template
from platform_components.labels import OWNED

_TAGGED = r"'^([^/]+/)*[^/:@]+:[^/:@]+$'"
"""A tag on the last part of the path; a colon before that is a registry's port."""
_DIGEST = r"'@sha256:[a-f0-9]{64}$'"

IMAGE_REGISTRIES: Final = Policy(
    name="image-registries",
    refuses="images from registries that are not on the list",
    target=CONTAINERS,
    settings=("registries",),
    variables=(POD, *IMAGES),
    checks=(
        Check(
            name="foreign",
            # With the slash, or ghcr.io/acme would let ghcr.io/acme-too in.
            finds="""
            variables.images.filter(i, !variables.registries.exists(r, i.image.startsWith(r + '/')))
              .map(i, i.of + ' (' + i.image + ')')
            """,
            says="images from other registries than {registries}: {foreign}; copy them there, and write the registry out in full",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

IMAGE_TAGS: Final = Policy(
    name="image-tags",
    refuses="images whose tag is missing or latest, so that nobody can say what runs",
    target=CONTAINERS,
    settings=("require_digests",),
    variables=(POD, *IMAGES),
    checks=(
        Check(
            name="floating",
            finds=f"""
            variables.images.filter(i, !i.image.matches({_DIGEST})
              && (variables.require_digests || !i.image.matches({_TAGGED}) || i.image.endsWith(':latest')))
              .map(i, i.of + ' (' + i.image + ')')
            """,
            says="images that are not pinned: {floating}; name a digest (@sha256:...) or, where the platform allows it, a version as tag",
        ),
    ),
    reason=Reason.INVALID,
)

IMAGE_PULL_POLICY: Final = Policy(
    name="image-pull-policy",
    refuses="images that a node may run from its cache, without the credentials that pulling them takes",
    target=CONTAINERS,
    settings=("pull_digests",),
    variables=(POD, *IMAGES),
    checks=(
        Check(
            name="cached",
            finds=f"""
            variables.images.filter(i, i.pull != 'Always' && (variables.pull_digests || !i.image.matches({_DIGEST})))
              .map(i, i.of + ' (' + (i.pull == '' ? 'not set' : i.pull) + ')')
            """,
            says="imagePullPolicy is not Always: {cached}; set it, for a tag that is not latest has IfNotPresent by default",
        ),
    ),
    reason=Reason.INVALID,
)

PRIORITY_CLASSES: Final = Policy(
    name="priority-classes",
    refuses="pods that would evict the platform's",
    target=WORKLOADS,
    settings=("reserved_priority_classes",),
    variables=(POD,),
    checks=(
        Check(
            name="reserved",
            finds="""
            [variables.pod.?priorityClassName.orValue('')]
              .filter(p, p.startsWith('system-') || p in variables.reserved_priority_classes)
            """,
            says="priorityClassName {reserved} is the platform's; leave it out, or use another class",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

NODE_NAME: Final = Policy(
    name="node-name",
    refuses="pods that choose their node past the scheduler, whatever its taints",
    target=WORKLOADS,
    variables=(POD,),
    checks=(
        Check(
            name="chosen",
            # Once it is scheduled every pod has one, so of pods only new ones can be judged by it.
            finds="""
            (object.kind == 'Pod' && request.operation == 'UPDATE' ? [] : [variables.pod.?nodeName.orValue('')])
              .filter(n, n != '')
            """,
            says="nodeName {chosen} goes past the scheduler; use a nodeSelector or an affinity",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

TOLERATIONS: Final = Policy(
    name="tolerations",
    refuses="pods that tolerate every taint, so that they land on anybody's nodes",
    target=WORKLOADS,
    variables=(POD,),
    checks=(
        Check(
            name="everything",
            finds="""
            variables.pod.?tolerations.orValue([]).filter(t, t.?key.orValue('') == '' && t.?operator.orValue('') == 'Exists')
              .map(t, t.?effect.orValue('') == '' ? 'every taint' : 'every ' + string(t.effect) + ' taint')
            """,
            says="tolerations without a key tolerate {everything}; name the key of the taint that is meant",
        ),
    ),
    reason=Reason.FORBIDDEN,
)

_LABELLED: Final = {
    "spec.template.metadata.labels": "the pod template",
    "spec.jobTemplate.metadata.labels": "the job template",
    "spec.jobTemplate.spec.template.metadata.labels": "the pod template",
    "spec.target.template.metadata.labels": "the template of the secret",
    "spec.secretTemplate.labels": "the template of the secret",
    "spec.infrastructure.labels": "what the gateway runs on",
    "spec.metadata.labels": "the claim template",
}
"""Where objects say the labels of what will be made of them: workloads, ExternalSecret, Certificate, Gateway, ResourceClaimTemplate."""

_TEMPLATES = " + ".join(
    f"('{OWNED}' in dyn(object).?{path.replace('.', '.?')}.orValue({{}}) ? ['{words}'] : [])" for path, words in _LABELLED.items()
)
_CLAIMS = "dyn(object).?spec.?volumeClaimTemplates.orValue([])"
_VOLUMES = f"{at_template('object', 'spec.volumes')}.orValue([])"
_CLAIM_OF_VOLUME = "?ephemeral.?volumeClaimTemplate.?metadata.?labels"

TEMPLATE_LABELS: Final = Policy(
    name="template-labels",
    refuses="the platform's own label on what a controller will make of a template",
    # `owned-objects` holds objects as they are sent; what Kubernetes and the platform's operators make of a template they may label.
    target=Target(
        resources=(
            *WORKLOADS.resources,
            Resources("external-secrets.io", ("externalsecrets",), ("*",)),
            Resources("cert-manager.io", ("certificates",), ("*",)),
            Resources("gateway.networking.k8s.io", ("gateways",), ("*",)),
            Resources("resource.k8s.io", ("resourceclaimtemplates",), ("*",)),
        ),
        reads=fields("spec"),
    ),
    checks=(
        Check(
            name="spoofed",
            finds=f"""
            {_TEMPLATES}
            + {_CLAIMS}.filter(c, '{OWNED}' in c.?metadata.?labels.orValue({{}})).map(c, 'a volume claim template')
            + {_VOLUMES}.filter(v, '{OWNED}' in v.{_CLAIM_OF_VOLUME}.orValue({{}})).map(v, 'the claim of volume ' + v.name)
            """,
            says=f"the label {OWNED} is the platform's, and stands in {{spoofed}}; leave it out",
        ),
    ),
    reason=Reason.FORBIDDEN,
    but_platform=True,
)

POLICIES: Final = (IMAGE_REGISTRIES, IMAGE_TAGS, IMAGE_PULL_POLICY, PRIORITY_CLASSES, NODE_NAME, TOLERATIONS, TEMPLATE_LABELS)
