"""SignedImages: what is asked of images, where, with which rights, and in which order it comes and goes."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.admission.policy import Mode
from platform_components.admission.signatures import image_policy, needs_signature
from platform_components.declarations.delivery import DeliverySettings
from tests.support import Deployment, deploy

CLUSTER = platform.ClusterRef(name="c", arn="arn:aws:eks:eu-west-1:123456789012:cluster/c")
KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
AROUND: dict[str, Any] = {"cluster": CLUSTER, "environment": "prod", "region": "eu-west-1", "vpc_id": "vpc-1"}


def built(**args: Any) -> Deployment[platform.SignedImages]:
    given = {"public_keys": {"images": KEY}, **args}
    return deploy(lambda: platform.SignedImages("shop", platform.SignedImagesArgs(**AROUND, **given)))


def policy(done: Deployment[Any]) -> Any:
    (found,) = [node for node in done.graph if node.type == "kubernetes:policies.kyverno.io/v1:ImageValidatingPolicy"]
    return found


def test_every_container_of_pods_and_of_what_makes_them_has_to_be_signed() -> None:
    spec = policy(built()).inputs["spec"]
    assert (spec["failurePolicy"], spec["validationActions"]) == ("Fail", ["Deny"])
    judged = {name for rule in spec["matchConstraints"]["resourceRules"] for name in rule["resources"]}
    assert {"pods", "pods/ephemeralcontainers", "deployments", "cronjobs"} <= judged
    assert [rule["expression"].partition(".map")[0] for rule in spec["validations"]] == [
        "images.containers",
        "images.initContainers",
        "images.ephemeralContainers",
    ]
    (attestor,) = spec["attestors"]
    assert attestor["cosign"]["key"]["data"] == KEY
    assert attestor["cosign"]["ctlog"]["insecureIgnoreTlog"] is True, "signatures are in no public log"
    assert spec["validationConfigurations"] == {"mutateDigest": False, "verifyDigest": True, "required": True}


def test_one_of_several_keys_is_enough_while_one_is_replaced() -> None:
    spec = policy(built(public_keys={"old": KEY, "new": KEY})).inputs["spec"]
    assert [attestor["name"] for attestor in spec["attestors"]] == ["old", "new"]
    first = spec["validations"][0]
    assert first["expression"] == (
        "images.containers.map(image, verifyImageSignatures(image, [attestors.old, attestors.new])).all(count, count > 0)"
    )
    assert "old or new" in first["message"]


def test_what_needs_no_signature_is_told_by_its_whole_beginning() -> None:
    assert needs_signature([]) == "true"
    assert needs_signature(["r.example/hub"]) == '!["r.example/hub/"].exists(prefix, ref.startsWith(prefix))'
    assert policy(built(unsigned=["r.example/hub"])).inputs["spec"]["matchImageReferences"] == [
        {"expression": needs_signature(["r.example/hub"])}
    ]


def test_namespaces_are_exempt_by_the_label_nobody_can_change() -> None:
    spec = policy(built(exempt_namespaces=["monitoring"])).inputs["spec"]
    (expression,) = spec["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    assert expression == {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["kube-system", "kyverno", "monitoring"],
    }


def test_the_verifier_reads_images_and_does_nothing_else() -> None:
    done = built()
    (statements,) = [json.loads(node.inputs["policy"])["Statement"] for node in done.graph.of_type("aws:iam/rolePolicy:RolePolicy")]
    actions = {action for one in statements for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])}
    assert actions == {
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    }


def test_the_rule_comes_after_its_verifier_and_goes_before_it() -> None:
    done = built()
    release = done.one("kubernetes:helm.sh/v3:Release")
    assert release.urn in policy(done).dependencies
    assert policy(done).inputs["metadata"]["labels"], "only the platform takes the rule away"
    association = done.one("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert (association.value("namespace"), association.value("serviceAccount")) == ("kyverno", "kyverno-admission-controller")
    assert association.urn in release.dependencies or any("shop-kyverno" in urn for urn in release.dependencies)


@pytest.mark.parametrize(("mode", "actions"), [(Mode.AUDIT, ["Warn", "Audit"]), (Mode.ENFORCE, ["Deny"])])
def test_audit_admits_and_tells(mode: Mode, actions: list[str]) -> None:
    assert image_policy({"images": KEY}, mode, "true", ())["validationActions"] == actions


def test_disabled_is_a_verifier_without_a_rule() -> None:
    done = built(mode="disabled")
    assert not [node for node in done.graph if "ImageValidatingPolicy" in node.type]
    assert done.value("policy") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"public_keys": {}}, "public_keys"),
        ({"public_keys": {"Images!": KEY}}, "public_keys"),
        ({"public_keys": {"images": "MFkw"}}, "public_keys"),
        ({"unsigned": ["https://r.example"]}, "unsigned"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        platform.SignedImagesArgs(**AROUND, **{"public_keys": {"images": KEY}, **fields})


@pytest.mark.parametrize("registry", [None, {"signing": False}])
def test_an_environment_that_asks_for_signatures_says_by_which_key(registry: Any) -> None:
    with pytest.raises(ValidationError, match="signed_images has no key to ask for"):
        DeliverySettings.model_validate({"registry": registry, "signed_images": {}})
    assert DeliverySettings.model_validate({"registry": registry, "signed_images": {"public_keys": {"shared": KEY}}}).signed_images
