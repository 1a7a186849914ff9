"""Rules of KMS keys: rotation, who may use them, how they end."""

from collections.abc import Mapping
from typing import Any

from platform_policies.checks import all_of, any_of, flag, number, related, text, verdict
from platform_policies.documents import Statement, has_condition, principals_public, statements
from platform_policies.graph import UNKNOWN, Node, ResourceGraph
from platform_policies.rule import PASS, Answer, Severity, fail, rule, unknown
from platform_policies.verdicts import stands

KEY = "aws:kms/key:Key"
REPLICA = "aws:kms/replicaKey:ReplicaKey"
EXTERNAL = "aws:kms/externalKey:ExternalKey"
REPLICA_EXTERNAL = "aws:kms/replicaExternalKey:ReplicaExternalKey"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
KEYS = (KEY, REPLICA, EXTERNAL, REPLICA_EXTERNAL)

OWNERS = (
    "kms:CallerAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
)
"""Conditions that say whose callers are meant. kms:ViaService alone does not: strangers use that service too."""


@rule(
    "aws-kms-rotation",
    title="The material of every symmetric KMS key is rotated every year",
    severity=Severity.MEDIUM,
    types=(KEY,),
    fix="Set enableKeyRotation to true; the key's id stays, and old data stays readable",
)
def rotation(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """The longer one key encrypts, the more a leak of its material opens."""
    specification, usage = text(node, "customerMasterKeySpec", "SYMMETRIC_DEFAULT"), text(node, "keyUsage", "ENCRYPT_DECRYPT")
    symmetric = None if specification is None else specification == "SYMMETRIC_DEFAULT"
    encrypts = None if usage is None else usage == "ENCRYPT_DECRYPT"
    in_kms = None if node.value("customKeyStoreId") == UNKNOWN else node.value("customKeyStoreId") is None
    rotates = all_of((symmetric, encrypts, in_kms))
    if rotates is False:
        return None  # KMS cannot rotate asymmetric and HMAC keys, nor those of custom key stores
    on = flag(node, "enableKeyRotation", False)
    if rotates is None and not on:
        return unknown("customerMasterKeySpec")
    return verdict(on, "enableKeyRotation", stands(node, "enableKeyRotation", False))


@rule(
    "aws-kms-no-wildcard-principal",
    title="No key policy lets in everyone",
    severity=Severity.CRITICAL,
    types=(*KEYS, KEY_POLICY),
    fix="Name the principals, or add a condition on kms:CallerAccount or aws:PrincipalOrgID",
)
def no_wildcard_principal(node: Node, _graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Whoever a key policy lets in reads what the key protects: in any account of the world."""
    listed = statements(node.value("policy"))
    if listed is None:
        return unknown("policy")
    for statement in listed:
        if _lets_in_everyone(statement):
            return fail(
                "policy", f"policy: {statement.label} allows principal * without a condition on the caller's account or organization"
            )
    return unknown("policy") if any(_lets_in_everyone(one) is None for one in listed) else PASS


def _lets_in_everyone(statement: Statement) -> bool | None:
    narrowed = has_condition(statement, OWNERS)
    allows = None if statement.effect == UNKNOWN else statement.allows
    return all_of((allows, principals_public(statement), None if narrowed is None else not narrowed))


@rule(
    "aws-kms-deletion-window",
    title="A KMS key that is deleted can be kept for thirty days",
    severity=Severity.MEDIUM,
    types=KEYS,
    fix="Set deletionWindowInDays to 30, or leave it out",
    defaults={"days": 30},
)
def deletion_window(node: Node, _graph: ResourceGraph, settings: Mapping[str, Any]) -> Answer:
    """What a deleted key encrypted is gone; the waiting time is when somebody notices."""
    days = number(node, "deletionWindowInDays", 30)
    shown = None if days is None else int(days)
    enough = None if days is None else days >= float(settings["days"])
    return verdict(enough, "deletionWindowInDays", f"deletionWindowInDays is {shown}, fewer than {settings['days']} days")


@rule(
    "aws-kms-policy-defined",
    title="Every KMS key says in a policy of its own who may use it",
    severity=Severity.LOW,
    types=KEYS,
    fix="Set policy, or add an aws.kms.KeyPolicy with the keyId",
)
def policy_defined(node: Node, graph: ResourceGraph, _settings: Mapping[str, Any]) -> Answer:
    """Without one, AWS's default lets every identity of the account use the key whose IAM policy says so: nobody sees who that is."""
    separate = related(node, graph, KEY_POLICY, "keyId")
    policy = node.value("policy")
    own = None if policy == UNKNOWN else bool(policy)
    message = "policy is absent, and no aws.kms.KeyPolicy has its keyId: AWS's default policy applies"
    return verdict(any_of((own, separate.any([True] if separate.nodes else []))), "policy", message)


RULES = (rotation, no_wildcard_principal, deletion_window, policy_defined)
