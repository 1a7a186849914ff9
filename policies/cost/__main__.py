"""The cost pack: `pulumi preview -s dev.network --policy-pack policies/cost`.

What a failure does in which environment, and the settings of the rules, stand in policies/enforcement.yaml; what is accepted until when in
policies/waivers.yaml. `--policy-pack-config FILE` overrides both levels and settings for one run.
"""

from pathlib import Path

from platform_policies.crossguard import serve
from platform_policies.rule import Pack

serve(Pack.COST, Path(__file__).absolute().parents[1])
