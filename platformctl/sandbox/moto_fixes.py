"""Where moto is simpler than AWS in a way that would let a wrong program pass or a right one fail.

Each fix is put in when its service is first used: importing all of moto takes seconds.
"""

import json
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformctl.sandbox.inventory import ACCOUNT_ID


def apply(service: str) -> None:
    """Put the fixes of one service in, before its first request; a second time changes nothing."""
    fix = _FIXES.get(service)
    if fix is not None:
        fix()


@dataclass(frozen=True, slots=True)
class EksCluster:
    """What a Kubernetes API takes from its EKS cluster."""

    name: str
    version: str
    issuer: str


def eks_clusters() -> dict[str, EksCluster]:
    """Every EKS cluster there is, by endpoint."""
    if "moto.eks.models" not in sys.modules:
        return {}
    from moto.eks.models import eks_backends  # noqa: PLC0415 -- see above

    if ACCOUNT_ID not in eks_backends:
        return {}
    backends = tuple(eks_backends[ACCOUNT_ID].values())
    clusters = [cluster for backend in backends for cluster in tuple(backend.clusters.values())]
    return {cluster.endpoint: EksCluster(cluster.name, cluster.version, cluster.identity["oidc"]["issuer"]) for cluster in clusters}


def _fix_eks() -> None:
    """Give each cluster an endpoint and an OIDC issuer of its own; in moto all clusters of a region have the same."""
    from moto.eks import models  # noqa: PLC0415 -- see above

    class Cluster(models.Cluster):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            identity, region = uuid.uuid4().hex.upper(), kwargs["region_name"]
            self.endpoint = f"https://{identity}.gr7.{region}.eks.amazonaws.com"
            self.identity = {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{identity}"}}

    if models.Cluster.__module__ == models.__name__:
        vars(models).update(Cluster=Cluster)


def _fix_ec2() -> None:
    """Delete a VPC with its default network ACL, and a NAT gateway with its network interface: moto leaves both behind."""
    from moto.ec2.models.nat_gateways import NatGatewayBackend  # noqa: PLC0415 -- see above
    from moto.ec2.models.vpcs import VPCBackend  # noqa: PLC0415 -- see above

    plain, plain_gateway = VPCBackend.delete_vpc, NatGatewayBackend.delete_nat_gateway

    def delete_vpc(self: Any, vpc_id: str) -> Any:
        vpc = plain(self, vpc_id)
        for acl_id in [acl_id for acl_id, acl in self.network_acls.items() if acl.vpc_id == vpc_id and acl.default]:
            del self.network_acls[acl_id]
        return vpc

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        gateway = plain_gateway(self, nat_gateway_id)
        interface = getattr(vars(gateway).get("_eni"), "id", None)
        self.enis.pop(interface, None)
        return gateway

    if plain_gateway.__module__ != __name__:
        setattr(NatGatewayBackend, "delete_nat_gateway", delete_nat_gateway)  # noqa: B010 -- as below
    if plain.__module__ != __name__:
        setattr(VPCBackend, "delete_vpc", delete_vpc)  # noqa: B010 -- a plain assignment to a method is refused by the type checker


def _fix_budgets() -> None:
    """Let a budget be changed, and its subscribers be read: moto takes both and answers neither."""
    from moto.budgets import exceptions, models, responses  # noqa: PLC0415 -- see above

    def update_budget(self: Any) -> str:
        new = self._get_param("NewBudget")
        account, name = self._get_param("AccountId"), new["BudgetName"]
        self.backend.describe_budget(account, name)  # refuses one that does not exist
        changed = models.Budget(new, [])
        changed.notifications = self.backend.budgets[account][name].notifications
        self.backend.budgets[account][name] = changed
        return "{}"

    def describe_subscribers_for_notification(self: Any) -> str:
        account, name, wanted = (self._get_param(key) for key in ("AccountId", "BudgetName", "Notification"))
        self.backend.describe_budget(account, name)
        found = [one.subscribers for one in self.backend.budgets[account][name].notifications if one.details == wanted]
        if not found:
            raise exceptions.NotFoundException(f"Unable to find the notification of budget {name}.")
        return json.dumps({"Subscribers": found[0]})

    for operation in (update_budget, describe_subscribers_for_notification):
        setattr(responses.BudgetsResponse, operation.__name__, operation)


_FIXES: Final[Mapping[str, Callable[[], None]]] = {"budgets": _fix_budgets, "ec2": _fix_ec2, "eks": _fix_eks}
