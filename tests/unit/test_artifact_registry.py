"""ArtifactRegistry: what it builds, what it lets whom do, what it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from platform_components.delivery.artifact_registry import ArtifactRegistry
from platform_components.delivery.registry_args import ArtifactRegistryArgs
from platform_components.delivery.registry_documents import PULL, PUSH, lifecycle, pull_policy
from platform_components.identity.statements import Statement
from platform_components.place import Place
from tests.iam_evaluator import applies
from tests.support import deploy
from tests.unit.cluster_cases import document

HERE = Place("123456789012", "eu-west-1", "aws")
REPOSITORY = "aws:ecr/repository:Repository"
SIGNER = "arn:aws:iam::123456789012:role/shop-build"
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


def test_a_pipeline_may_push_to_its_own_repository():
    def program() -> list[Statement]:
        registry = ArtifactRegistry("images", ArtifactRegistryArgs.model_validate({"repositories": {"shop": {}, "cart": {}}}))
        with pytest.raises(ValueError, match="repository bag is not one of cart, shop"):
            registry.push_statements("bag")
        return list(registry.push_statements("shop"))

    login, push = deploy(program).result
    assert (login.actions, login.resources) == (("ecr:GetAuthorizationToken",), ("*",))
    assert push.actions == PUSH


def test_only_who_was_granted_it_signs():
    def program() -> ArtifactRegistry:
        registry = ArtifactRegistry("images", ArtifactRegistryArgs(signers={"shop": SIGNER}))
        registry.grant_signing("cart", f"{SIGNER}-cart")
        return registry

    deployment = deploy(program)
    key = deployment.one("aws:kms/key:Key")
    assert (key.value("keyUsage"), key.value("customerMasterKeySpec")) == ("SIGN_VERIFY", "ECC_NIST_P256")
    # The account's policies decide all else: a statement of theirs that allows kms:Sign, or kms:*, would not be asked.
    (statement,) = document(key)["Statement"]
    assert statement["Principal"] == {"AWS": HERE.root}
    assert not any(applies(statement, f"kms:{action}", "*", {}) for action in ("Sign", "GenerateMac", "Encrypt", "Decrypt", "ReEncryptTo"))
    for action in ("PutKeyPolicy", "CreateGrant", "RevokeGrant", "GetPublicKey", "Verify", "ScheduleKeyDeletion"):
        assert applies(statement, f"kms:{action}", "*", {}), action
    grants = {node.name: node for node in deployment.graph.of_type("aws:kms/grant:Grant")}
    assert {name: grant.value("granteePrincipal") for name, grant in grants.items()} == {
        "images-signer-shop": SIGNER,
        "images-signer-cart": f"{SIGNER}-cart",
    }
    assert {tuple(grant.value("operations")) for grant in grants.values()} == {("DescribeKey", "GetPublicKey", "Sign")}
    assert deployment.value("signing_key") == "awskms:///alias/images-signing"
    assert deployment.value("signing_public_key").startswith("-----BEGIN PUBLIC KEY-----\n")


def test_without_signing_there_is_no_key():
    deployment = build(repositories={"shop": {}}, signing=False)
    assert deployment.names("aws:kms/key:Key") == []
    assert deployment.value("signing_key") is None
    assert deployment.value("signing_public_key") is None


def test_without_a_key_nobody_can_be_granted_it():
    def program() -> ArtifactRegistry:
        registry = ArtifactRegistry("images", ArtifactRegistryArgs(signing=False))
        with pytest.raises(ValueError, match="shop cannot sign"):
            registry.grant_signing("shop", SIGNER)
        return registry

    assert deploy(program).names("aws:kms/grant:Grant") == []


PACKAGES = {
    "domain": "acme",
    "repositories": {"python": {"upstreams": ["pypi", "old"]}, "pypi": {"public": "pypi"}, "old": {"upstreams": ["pypi"]}},
}


def test_packages_look_in_each_other_and_in_one_public_source():
    def program() -> tuple[ArtifactRegistry, list[Statement]]:
        args = ArtifactRegistryArgs.model_validate({"packages": PACKAGES, "readers": ["111111111111"], "organization_id": "o-abcdefghij"})
        registry = ArtifactRegistry("images", args)
        with pytest.raises(ValueError, match="package repository java is not one of old, pypi, python"):
            registry.package_statements("java")
        return registry, list(registry.package_statements("python", publish=True))

    deployment = deploy(program)
    made = {node.value("repository"): node for node in deployment.graph.of_type("aws:codeartifact/repository:Repository")}
    assert list(made) == ["pypi", "old", "python"], "each after those it looks in"
    assert made["pypi"].value("externalConnections") == {"externalConnectionName": "public:pypi"}
    assert made["python"].value("upstreams") == [{"repositoryName": "pypi"}, {"repositoryName": "old"}]
    assert made["python"].value("externalConnections") is None
    login = document(deployment.one("aws:codeartifact/domainPermissions:DomainPermissions"), "policyDocument")
    policies = deployment.graph.of_type("aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy")
    read = [document(node, "policyDocument") for node in policies]
    assert len(read) == 3
    for policy in (login, *read):
        accounts, organization = policy["Statement"]
        assert accounts["Principal"]["AWS"] == ["arn:aws:iam::111111111111:root"]
        assert organization["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
        assert not any("Publish" in action or "*" in action for entry in policy["Statement"] for action in entry["Action"])
    statements = {statement.sid: statement for statement in deployment.result[1]}
    assert list(statements) == ["PackagesLogIn", "PackagesToken", "PackagesRead", "PackagesPublish"]
    (published,) = statements["PackagesPublish"].resources
    assert deployment.value(published).endswith(":package/acme/python/*")


def test_nobody_else_reads_packages_unasked():
    deployment = build(packages=PACKAGES)
    assert deployment.names("aws:codeartifact/domainPermissions:DomainPermissions") == []
    assert sorted(deployment.value("package_repository_arns")) == ["old", "pypi", "python"]
    assert build().value("package_repository_arns") == {}


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
        ({"signing": False, "signers": {"shop": SIGNER}}, "signers are named and signing is off"),
        ({"packages": {"domain": "Acme", "repositories": {"a1": {}}}}, "domain"),
        ({"packages": {"domain": "acme", "repositories": {}}}, "repositories"),
        ({"packages": {"domain": "acme", "repositories": {"one": {"upstreams": ["two"]}}}}, "one looks in two, which there is not"),
        (
            {"packages": {"domain": "acme", "repositories": {"one": {"upstreams": ["two"]}, "two": {"upstreams": ["one"]}}}},
            "repository one would look in itself.*repository two would look in itself",
        ),
        ({"organization_id": "*"}, "organization_id"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        ArtifactRegistryArgs.model_validate(fields)
