import json

import pytest
from pydantic import ValidationError

from platform_components.cluster.eks_cluster import EksCluster
from platform_components.component import public_outputs
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.identity.statements import Statement
from platform_components.identity.workload_identity import WorkloadIdentity
from tests.support import deploy
from tests.unit.cluster_cases import MANAGED, arguments, comes_after, document, late

CLUSTER = {"name": "dev", "arn": "arn:aws:eks:eu-west-1:123456789012:cluster/dev"}
IRSA = {
    **CLUSTER,
    "oidc_issuer": "https://oidc.example/id/A",
    "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/A",
}
READ = Statement(sid="Read", actions=("s3:GetObject",), resources=("arn:aws:s3:::reports/*",))
NARROW = Statement(sid="Narrow", actions=("s3:GetObject",), resources=("arn:aws:s3:::reports/2026/*",))
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ROLE = "aws:iam/role:Role"


def given(**fields):
    return WorkloadIdentityArgs.model_validate({"cluster": CLUSTER, "namespace": "payments", "service_account": "ledger", **fields})


def identity(preview=False, **fields):
    return deploy(lambda: WorkloadIdentity("ledger", given(**fields)), preview=preview)


def test_pod_identity_gives_one_service_account_one_role():
    deployment = identity(statements=(READ,))
    association = deployment.one(ASSOCIATION)
    assert (association.value("clusterName"), association.value("namespace"), association.value("serviceAccount")) == (
        "dev",
        "payments",
        "ledger",
    )
    assert association.value("roleArn") == deployment.value("role_arn")
    trust = json.dumps(document(deployment.one(ROLE), "assumeRolePolicy"))
    assert "pods.eks.amazonaws.com" in trust
    assert CLUSTER["arn"] in trust
    assert document(deployment.one("aws:iam/rolePolicy:RolePolicy"))["Statement"] == [
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
    ]
    assert deployment.value("service_account_annotations") == {}


def test_irsa_annotates_the_service_account_and_associates_nothing():
    deployment = identity(cluster=IRSA, mode="irsa", statements=(READ,))
    assert deployment.names(ASSOCIATION) == []
    trust = json.dumps(document(deployment.one(ROLE), "assumeRolePolicy"))
    assert "sts:AssumeRoleWithWebIdentity" in trust
    assert "system:serviceaccount:payments:ledger" in trust
    assert deployment.value("service_account_annotations") == {"eks.amazonaws.com/role-arn": deployment.value("role_arn")}
    assert deployment.value("external_id") is None


def test_a_session_policy_narrows_and_switches_tags_off():
    association = identity(statements=(READ,), session_policy=(NARROW,), session_tags=False).one(ASSOCIATION)
    assert association.value("disableSessionTags") is True
    assert document(association)["Statement"][0]["Resource"] == "arn:aws:s3:::reports/2026/*"


def test_a_chain_may_assume_its_target_and_tells_its_external_id():
    target = "arn:aws:iam::210987654321:role/reports"
    deployment = identity(target_role_arn=late(target))
    assert deployment.one(ASSOCIATION).value("targetRoleArn") == target
    (statement,) = document(deployment.one("aws:iam/rolePolicy:RolePolicy"))["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["sts:AssumeRole", "sts:TagSession"], target)
    assert deployment.value("external_id")


def test_the_association_waits_for_the_permissions():
    deployment = identity(statements=(READ,), managed_policy_arns={"read-only": "arn:aws:iam::aws:policy/ReadOnlyAccess"})
    permissions = list(deployment.graph.of_type("aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"))
    assert len(permissions) == 2
    assert comes_after(deployment.graph, [deployment.one(ASSOCIATION)], permissions)


def test_a_late_arn_in_a_statement_reaches_the_policy():
    late_read = {"sid": "Read", "actions": ["s3:GetObject"], "resources": [late("arn:aws:s3:::late/*")]}
    policy = document(deploy(lambda: WorkloadIdentity("ledger", given(statements=[late_read]))).one("aws:iam/rolePolicy:RolePolicy"))
    assert policy["Statement"][0]["Resource"] == "arn:aws:s3:::late/*"


@pytest.mark.parametrize(
    "fields", [{"statements": (READ,)}, {"cluster": IRSA, "mode": "irsa"}, {"target_role_arn": "arn:aws:iam::1:role/x"}]
)
def test_a_preview_shows_the_graph_that_comes_up(fields):
    assert identity(preview=True, **fields).shape() == identity(**fields).shape()


def test_every_output_is_registered():
    deployment = identity(statements=(READ,))
    (component,) = deployment.graph.of_type("platform-components:index:WorkloadIdentity")
    assert set(public_outputs(WorkloadIdentity)) <= set(component.outputs)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mode": "irsa"}, "set irsa: true on the cluster"),
        ({"cluster": IRSA, "mode": "irsa", "session_policy": (NARROW,)}, "session_policy needs mode pod-identity"),
        ({"cluster": IRSA, "mode": "irsa", "target_role_arn": "arn:aws:iam::1:role/x"}, "target_role_arn needs mode pod-identity"),
        ({"session_policy": (NARROW,)}, "session_policy needs session_tags: false"),
        ({"namespace": "*"}, "pattern"),
        ({"service_account": "Ledger"}, "pattern"),
        ({"statements": [{"sid": "All", "actions": ["s3:*"], "resources": ["*"]}]}, "name the resources, or write the reason"),
    ],
)
def test_what_cannot_work_is_refused(fields, says):
    with pytest.raises(ValidationError) as refusal:
        given(**fields)
    assert says in str(refusal.value)


@pytest.mark.parametrize("mode", ["pod-identity", "irsa"])
def test_a_cluster_gives_workloads_what_they_need_to_know(mode):
    def build():
        cluster = EksCluster("dev", arguments(pools=MANAGED, irsa=mode == "irsa"))
        return WorkloadIdentity("ledger", given(cluster=cluster.ref(), mode=mode, statements=(READ,)))

    deployment = deploy(build)
    trust = document(deployment.one(ROLE, "ledger-role"), "assumeRolePolicy")
    assert ("Federated" in json.dumps(trust)) == (mode == "irsa")
