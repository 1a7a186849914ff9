"""The security pack, by the settings of the shop: `pulumi preview --policy-pack policies/security`."""

from pathlib import Path

from platform_policies.crossguard import serve
from platform_policies.rule import Pack

serve(Pack.SECURITY, Path(__file__).absolute().parents[1])
