"""What tests of stores share: an identity, a place in a network, and what our own rules say of a program."""

import json
from collections.abc import Callable
from typing import Any

from platform_policies.catalogue import RULES
from platform_policies.evaluate import evaluate
from platform_policies.rule import Status

from platform_components.data.options import NetworkPlace
from platform_components.identity.args import IdentityRef
from tests.support import Deployment, deploy

TAGS = {"Environment": "prod"}


def identity(name: str = "ledger", **groups: str) -> IdentityRef:
    role = f"{name}-role"
    return IdentityRef(name=name, role_name=role, role_arn=f"arn:aws:iam::123456789012:role/{role}", security_groups=groups)


def network() -> NetworkPlace:
    return NetworkPlace(vpc_id="vpc-0a1b2c3d", subnet_ids=("subnet-0a", "subnet-0b", "subnet-0c"))


def findings(build: Callable[[], Any], *, preview: bool = False, but: tuple[str, ...] = ()) -> tuple[list[str], set[str]]:
    """What our own rules find in a stack of production, and which of them were asked.

    Args:
        build: makes the resources.
        preview: as before `up`, or after.
        but: rules that another stack answers.
    """
    judgement = evaluate(deploy(build, preview=preview, stack="prod.data").graph, [one for one in RULES if one.id not in but])
    found = [f"{one.rule.id} {one.urn.rpartition('::')[2]}: {one.message}" for one in judgement.findings if one.status is Status.FAIL]
    return found, set(judgement.passed_by_rule)


def statements(deployment: Deployment[Any], name: str) -> list[dict[str, Any]]:
    """Statements of a grant's policy."""
    return list(json.loads(deployment.one("aws:iam/rolePolicy:RolePolicy", name).value("policy"))["Statement"])
