"""The network of an environment: Vpc and what belongs to it."""

from platform_components.network.args import PROFILE_DEFAULTS, VpcArgs
from platform_components.network.reference import VpcRef
from platform_components.network.vpc import Vpc

__all__ = ["PROFILE_DEFAULTS", "Vpc", "VpcArgs", "VpcRef"]
