"""Upstream: what a layer reads of the layers below. The only place where a StackReference is made."""

from functools import cache
from typing import Any

import pulumi

from platform_components.errors import UpstreamError
from platform_components.identity.args import ClusterRef
from platform_components.network.reference import VpcRef


class MissingOutputError(UpstreamError, pulumi.RunError):
    """A stack below does not export what this one reads. A RunError too: raised in an apply, it is then printed without a traceback."""


class Upstream:
    """The layers below, of the same environment. Nothing is read before it is asked for, and each stack at most once."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._reference = cache(self._refer)

    @property
    def network(self) -> VpcRef:
        """The network, from `ENV.network`."""
        return VpcRef(**{key: self.require("network", key) for key in VpcRef.model_fields})

    @property
    def cluster(self) -> ClusterRef:
        """The cluster, from `ENV.cluster`."""
        return ClusterRef(name=self.require("cluster", "cluster_name"), arn=self.require("cluster", "cluster_arn"))

    def require(self, layer: str, key: str) -> pulumi.Output[Any]:
        """One output of a layer; secret where it was exported as one.

        Raises:
            MissingOutputError: when the value arrives, where the stack exports no such output.
        """
        stack = f"{self._environment}.{layer}"

        def present(value: Any) -> Any:
            if value is None:
                raise MissingOutputError(f"stack {stack} exports no {key}; bring it up again with `pulumi up -s {stack}`, then this stack")
            return value

        output: pulumi.Output[Any] = self._reference(stack).get_output(key)
        return output.apply(present)

    @staticmethod
    def _refer(stack: str) -> pulumi.StackReference:
        return pulumi.StackReference(stack, stack_name=f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}")
