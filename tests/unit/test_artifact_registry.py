"""ArtifactRegistry: what it builds, what it lets whom do, what it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from platform_components.delivery.artifact_registry import ArtifactRegistry
from platform_components.delivery.registry_args import ArtifactRegistryArgs
from platform_components.delivery.registry_documents import PULL, PUSH, lifecycle, pull_policy
from platform_components.place import Place
from tests.support import deploy
from tests.unit.cluster_cases import document

HERE = Place("123456789012", "eu-west-1", "aws")
REPOSITORY = "aws:ecr/repository:Repository"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"


def build(**fields: Any):
    return deploy(lambda: ArtifactRegistry("images", ArtifactRegistryArgs.model_validate(fields)))


def test_tags_stay_images_are_scanned_encrypted_and_aged():
    deployment = build(repositories={"shop": {}, "team/cart": {"movable_tags": ["cache-*"], "keep_images": 7, "untagged_days": 2}})
    repositories = {node.value("name"): node for node in deployment.graph.of_type(REPOSITORY)}
    shop, cart = repositories["shop"], repositories["team/cart"]
    assert shop.value("imageTagMutability") == "IMMUTABLE"
    assert cart.value("imageTagMutability") == "IMMUTABLE_WITH_EXCLUSION"
    assert cart.value("imageTagMutabilityExclusionFilters") == [{"filter": "cache-*", "filterType": "WILDCARD"}]
    for node in (shop, cart):
        assert node.value("imageScanningConfiguration.scanOnPush") is True
        assert node.value("encryptionConfigurations") == [{"encryptionType": "KMS"}]
        assert not node.value("forceDelete")
    policies = {node.name: document(node) for node in deployment.graph.of_type("aws:ecr/lifecyclePolicy:LifecyclePolicy")}
    assert policies["images-team-cart-lifecycle"] == lifecycle(7, 2)
    assert deployment.names("aws:ecr/repositoryPolicy:RepositoryPolicy") == []


def test_a_lifecycle_keeps_the_newest_and_forgets_what_has_no_tag():
    untagged, any_image = lifecycle(100, 14)["rules"]
    assert (untagged["selection"]["tagStatus"], untagged["selection"]["countNumber"]) == ("untagged", 14)
    # ECR takes a rule for any image last only
    assert (any_image["selection"]["tagStatus"], any_image["selection"]["countNumber"]) == ("any", 100)
    assert untagged["rulePriority"] < any_image["rulePriority"]


def test_others_pull_and_never_push():
    policy = pull_policy(HERE, ["222222222222", "111111111111"], "o-abcdefghij") or {}
    readers, organization = policy["Statement"]
    assert readers["Principal"]["AWS"] == ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"]
    assert organization["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    assert all(set(statement["Action"]) == set(PULL) for statement in policy["Statement"])
    assert not {"ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:CompleteLayerUpload"} & set(PULL)
    assert pull_policy(HERE, [], None) is None
    deployment = build(repositories={"shop": {}}, readers=["111111111111"])
    assert document(deployment.one("aws:ecr/repositoryPolicy:RepositoryPolicy")) == pull_policy(HERE, ["111111111111"], None)


def test_a_pipeline_may_push_to_its_own_repository_and_sign():
    def program() -> ArtifactRegistry:
        registry = ArtifactRegistry("images", ArtifactRegistryArgs.model_validate({"repositories": {"shop": {}, "cart": {}}}))
        names.extend(statement.sid for statement in registry.push_statements("shop"))
        actions.update({statement.sid: statement.actions for statement in registry.push_statements("shop")})
        with pytest.raises(ValueError, match="repository bag is not one of cart, shop"):
            registry.push_statements("bag")
        return registry

    names: list[str] = []
    actions: dict[str, tuple[str, ...]] = {}
    deployment = deploy(program)
    assert names == ["LogIn", "Push", "Sign"]
    assert actions["Push"] == PUSH
    key = deployment.one("aws:kms/key:Key")
    assert (key.value("keyUsage"), key.value("customerMasterKeySpec")) == ("SIGN_VERIFY", "ECC_NIST_P256")
    assert deployment.value("signing_key") == "awskms:///alias/images-signing"


def test_without_signing_there_is_no_key():
    deployment = build(repositories={"shop": {}}, signing=False)
    assert deployment.names("aws:kms/key:Key") == []
    assert deployment.value("signing_key") is None


def test_the_registry_scans_copies_and_caches():
    deployment = build(
        scanning="ENHANCED",
        replicate_to=[{"region": "eu-central-1"}, {"region": "eu-north-1", "account": "111111111111"}],
        upstreams={"hub": {"registry": "registry-1.docker.io", "credentials_arn": SECRET}, "quay": {"registry": "quay.io"}},
    )
    scanning = deployment.one("aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration")
    assert (scanning.value("scanType"), scanning.value("rules.0.scanFrequency")) == ("ENHANCED", "CONTINUOUS_SCAN")
    copies = deployment.one("aws:ecr/replicationConfiguration:ReplicationConfiguration")
    assert copies.value("replicationConfiguration.rules.0.destinations") == [
        {"region": "eu-central-1", "registryId": "123456789012"},
        {"region": "eu-north-1", "registryId": "111111111111"},
    ]
    rules = deployment.graph.of_type("aws:ecr/pullThroughCacheRule:PullThroughCacheRule")
    caches = {node.value("ecrRepositoryPrefix"): node for node in rules}
    assert caches["hub"].value("credentialArn") == SECRET
    assert caches["quay"].value("credentialArn") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"repositories": {"Shop": {}}}, "repositories"),
        ({"repositories": {"shop": {"movable_tags": ["**"]}}}, "no tag would be fixed"),
        ({"repositories": {"shop": {"keep_images": 0}}}, "keep_images"),
        ({"upstreams": {"x": {"registry": "evil.example"}}}, "evil.example cannot be cached"),
        ({"upstreams": {"hub": {"registry": "registry-1.docker.io"}}}, "read with credentials only"),
        (
            {"upstreams": {"hub": {"registry": "ghcr.io", "credentials_arn": "arn:aws:secretsmanager:eu-west-1:1:secret:hub"}}},
            "must begin with",
        ),
        ({"replicate_to": [{"region": "europe"}]}, "region"),
        ({"readers": ["everyone"]}, "readers"),
        ({"organization_id": "*"}, "organization_id"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        ArtifactRegistryArgs.model_validate(fields)
