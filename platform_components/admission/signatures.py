"""The rule that images are signed, as Kyverno reads it. Pure.

The API server cannot ask a registry, so that this one rule is a webhook's. Which registries, and that a digest is named, is refused by
`image-registries` and `image-tags` without it.

Sources: https://kyverno.io/docs/policy-types/image-validating-policy/ and kyverno/kyverno at release-1.19, pkg/image/verification.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from platform_components.admission.policy import ACTIONS, Mode, Resources, literal

API_VERSION: Final = "policies.kyverno.io/v1"
KIND: Final = "ImageValidatingPolicy"
NAME: Final = "platform-signed-images"
TIMEOUT_SECONDS: Final = 20
"""For a registry that answers late; what has been verified is remembered."""

JUDGED: Final = (
    Resources("", ("pods", "pods/ephemeralcontainers")),
    Resources("apps", ("daemonsets", "deployments", "statefulsets")),
    Resources("batch", ("cronjobs", "jobs")),
)
"""Pods, debug containers, and those makers of pods whose images Kyverno finds by itself; of all others it sees the pods."""
CONTAINERS: Final = {"containers": "container", "initContainers": "init container", "ephemeralContainers": "debug container"}


def image_policy(keys: Mapping[str, Any], mode: Mode, unsigned: Any, exempt_namespaces: Sequence[str]) -> dict[str, Any]:
    """The `spec` of an ImageValidatingPolicy.

    Args:
        keys: public keys in PEM by name; one of them has to have signed. May be late.
        mode: what happens to what is not signed.
        unsigned: CEL of a list: beginnings of images that need no signature. May be late.
        exempt_namespaces: where nothing is asked.
    """
    return {
        "failurePolicy": "Fail",
        "validationActions": list(ACTIONS[mode]),
        "webhookConfiguration": {"timeoutSeconds": TIMEOUT_SECONDS},
        "evaluation": {"background": {"enabled": False}},
        "credentials": {"providers": ["amazon"]},
        "matchConstraints": {
            "namespaceSelector": {
                "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(exempt_namespaces)}]
            },
            "resourceRules": [
                {
                    "apiGroups": [rule.group],
                    "apiVersions": list(rule.versions),
                    "operations": ["CREATE", "UPDATE"],
                    "resources": list(rule.resources),
                }
                for rule in JUDGED
            ],
        },
        # What is running can still be labelled and finalized, after a key is gone.
        "matchConditions": [{"name": "changed", "expression": "request.operation == 'CREATE' || object.spec != oldObject.spec"}],
        "matchImageReferences": [{"expression": unsigned}],
        # A digest is asked for and never looked up: what was reviewed is what runs.
        "validationConfigurations": {"mutateDigest": False, "verifyDigest": True, "required": True},
        # Signed by a key of one's own there is nothing in public logs to look for.
        "attestors": [
            {
                "name": name,
                "cosign": {
                    "key": {"data": key, "hashAlgorithm": "sha256"},
                    "ctlog": {"insecureIgnoreTlog": True, "insecureIgnoreSCT": True},
                },
            }
            for name, key in keys.items()
        ],
        "validations": [_validation(field, words, list(keys)) for field, words in CONTAINERS.items()],
    }


def needs_signature(unsigned: Sequence[str]) -> str:
    """CEL that tells whether an image, `ref`, has to be signed. With the slash, or `registry/cache` would let `registry/cache-too` in."""
    return f"!{literal([f'{prefix}/' for prefix in unsigned])}.exists(prefix, ref.startsWith(prefix))" if unsigned else "true"


def _validation(field: str, words: str, names: Sequence[str]) -> dict[str, str]:
    attestors = ", ".join(f"attestors.{name}" for name in names)
    return {
        "expression": f"images.{field}.map(image, verifyImageSignatures(image, [{attestors}])).all(count, count > 0)",
        "message": f"the image of a {words} is not signed by {' or '.join(names)}; deliver it by its pipeline, which signs it",
    }
