import pulumi_aws as aws
import pytest
from pydantic import ValidationError

from platform_components.cluster.access import only_role, principal_of
from platform_components.cluster.eks_cluster import EksCluster
from platform_components.errors import UnsupportedError
from platform_components.labels import PLATFORM_GROUP
from platformctl.readers import lookups
from tests.support import deploy
from tests.unit.cluster_cases import arguments, bring_up, late

ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ROLE = "arn:aws:iam::123456789012:role/teams/web"
SSO = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admins_0123456789abcdef"


def test_the_deployer_is_admin_by_an_entry_everyone_can_see():
    deployment = bring_up(deployer="arn:aws:iam::123456789012:role/ci/deployer")
    entry = deployment.one(ENTRY)
    assert entry.value("principalArn") == "arn:aws:iam::123456789012:role/ci/deployer"
    assert entry.value("kubernetesGroups") == [PLATFORM_GROUP]
    association = deployment.one(ASSOCIATION)
    assert association.value("policyArn") == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert association.value("accessScope") == {"type": "cluster"}


@pytest.mark.parametrize(("deployer", "ignored"), [(None, ["principalArn"]), (ROLE, [])])
def test_only_a_deployer_who_was_not_named_stays_the_first_one(deployer, ignored, monkeypatch):
    seen = []
    original = aws.eks.AccessEntry.__init__

    def spy(self, name, *args, **kwargs):
        seen.append(kwargs["opts"].ignore_changes or [])
        original(self, name, *args, **kwargs)

    monkeypatch.setattr(aws.eks.AccessEntry, "__init__", spy)
    bring_up(deployer=deployer)
    assert seen == [ignored]


def test_a_grant_becomes_one_entry_and_a_scoped_association_for_each_policy():
    deployment = bring_up(
        access={"web": {"principal": ROLE, "policies": {"admin": ["web", "web-*"], "view": "cluster"}, "groups": ["deployers"]}}
    )
    entry = deployment.one(ENTRY, "access-web")
    assert (entry.value("principalArn"), entry.value("kubernetesGroups")) == (ROLE, ["deployers"])
    scopes = {node.name: node.value("accessScope") for node in deployment.graph.of_type(ASSOCIATION) if "web" in node.name}
    assert scopes == {
        "dev-access-web.admin": {"type": "namespace", "namespaces": ["web", "web-*"]},
        "dev-access-web.view": {"type": "cluster"},
    }
    assert {node.value("principalArn") for node in deployment.graph.of_type(ASSOCIATION) if "web" in node.name} == {ROLE}


@pytest.mark.parametrize(
    ("policies", "groups", "expected"),
    [
        ({"cluster-admin": "cluster"}, [], [PLATFORM_GROUP]),
        ({"cluster-admin": "cluster"}, ["sre", PLATFORM_GROUP], ["sre", PLATFORM_GROUP]),
        ({"admin": "cluster"}, ["sre"], ["sre"]),
        ({"view": ["web"]}, [], None),
    ],
)
def test_who_may_do_everything_acts_for_the_platform_and_nobody_else(policies, groups, expected):
    entry = bring_up(access={"web": {"principal": ROLE, "policies": policies, "groups": groups}}).one(ENTRY, "access-web")
    assert entry.value("kubernetesGroups", default=None) == expected


def test_keys_that_end_like_policies_do_not_collide():
    grants = {
        "web": {"principal": ROLE, "policies": {"admin-view": "cluster"}},
        "web-admin": {"principal": ROLE + "2", "policies": {"view": "cluster"}},
    }
    assert len(bring_up(access=grants).names(ASSOCIATION)) == 3


def test_a_principal_may_come_late():
    deployment = deploy(lambda: EksCluster("dev", arguments(access={"web": {"principal": late(ROLE), "policies": {"edit": ["web"]}}})))
    assert deployment.one(ENTRY, "access-web").value("principalArn") == ROLE


def test_a_permission_set_is_looked_up_by_its_exact_form(monkeypatch):
    asked = []

    def roles(arguments, place):
        asked.append(dict(arguments))
        return {"id": "x", "arns": [SSO], "names": ["AWSReservedSSO_Admins_0123456789abcdef"]}

    monkeypatch.setitem(lookups.LOOKUPS, "aws:iam/getRoles:getRoles", roles)
    deployment = bring_up(access={"admins": {"sso": "Admins", "policies": {"cluster-admin": "cluster"}}})
    assert deployment.one(ENTRY, "access-admins").value("principalArn") == SSO
    assert asked == [{"nameRegex": "^AWSReservedSSO_Admins_[0-9a-f]{16}$", "pathPrefix": "/aws-reserved/sso.amazonaws.com/"}]


@pytest.mark.parametrize(("arns", "says"), [([], "no role"), ([SSO, SSO + "2"], "2 roles")])
def test_a_permission_set_without_exactly_one_role_is_refused_by_name(arns, says):
    with pytest.raises(UnsupportedError, match=says):
        only_role(arns, "access.admins: permission set Admins")


def test_users_of_another_provider_get_prefixed_names_and_no_rights():
    login = {"issuer_url": "https://login.example", "client_id": "kubernetes", "groups_claim": "groups"}
    deployment = bring_up(oidc_login=login)
    config = deployment.one("aws:eks/identityProviderConfig:IdentityProviderConfig")
    assert config.value("oidc") == {
        "identityProviderConfigName": "oidc-login",
        "issuerUrl": "https://login.example",
        "clientId": "kubernetes",
        "usernameClaim": "sub",
        "usernamePrefix": "oidc:",
        "groupsClaim": "groups",
        "groupsPrefix": "oidc:",
    }
    assert len(deployment.names(ENTRY)) == 1


@pytest.mark.parametrize("prefix", ["", "system:"])
def test_another_provider_cannot_name_system_users(prefix):
    with pytest.raises(ValidationError, match="would let the provider name system users"):
        arguments(oidc_login={"issuer_url": "https://login.example", "client_id": "x", "username_prefix": prefix})


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/ann"),
        ("arn:aws:sts::123456789012:assumed-role/deployer/session", "arn:aws:iam::123456789012:role/deployer"),
        ("arn:aws-cn:sts::123456789012:assumed-role/deployer/i-0123", "arn:aws-cn:iam::123456789012:role/deployer"),
        ("arn:aws:sts::123456789012:federated-user/ann", None),
    ],
)
def test_the_lasting_principal_behind_a_caller_is_found(caller, principal):
    assert principal_of(caller) == principal


def _called_by(monkeypatch, arn):
    def caller(arguments, place):
        return {"id": "x", "accountId": "123456789012", "arn": arn, "userId": "x"}

    monkeypatch.setitem(lookups.LOOKUPS, "aws:index/getCallerIdentity:getCallerIdentity", caller)


def test_a_deployer_from_identity_center_is_entered_with_its_path(monkeypatch):
    _called_by(monkeypatch, "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admins_0123456789abcdef/ann")
    monkeypatch.setitem(lookups.LOOKUPS, "aws:iam/getRoles:getRoles", lambda *_: {"id": "x", "arns": [SSO], "names": []})
    assert bring_up().one(ENTRY).value("principalArn") == SSO


def test_a_caller_without_a_lasting_principal_is_told_what_to_do(monkeypatch):
    _called_by(monkeypatch, "arn:aws:sts::123456789012:federated-user/ann")
    with pytest.raises(Exception, match=r"name the role that runs this program in cluster\.deployer"):
        bring_up()
