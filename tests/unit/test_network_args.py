"""VpcArgs: what is refused, where, and with which words."""

import json
from contextlib import suppress

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from platform_components.network.args import PROFILE_DEFAULTS, VpcArgs
from platform_components.network.checks import CHECKS, eks_zone_problems
from platform_components.network.endpoint_services import EndpointProfile
from platform_components.network.options import Nat
from platform_components.profile import Profile, with_defaults

ZONES = ["euw1-az1", "euw1-az2"]


def problems(**values):
    """Field and message of everything that is wrong with these args."""
    given = {"cidr": "10.0.0.0/16", "zones": ZONES, **values}
    with pytest.raises(ValidationError) as caught:
        VpcArgs.model_validate(given)
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors()]


CASES = {
    "no block": ({"cidr": None}, "cidr", "give a cidr, or an ipam pool with a netmask_length"),
    "pool without a length": ({"cidr": None, "ipam": {"pool_id": "p"}}, "cidr", "give a cidr, or an ipam pool with a netmask_length"),
    "block and length": (
        {"ipam": {"pool_id": "p", "netmask_length": 16}},
        "ipam.netmask_length",
        "the pool is asked for exactly 10.0.0.0/16; leave netmask_length out, or cidr",
    ),
    "too large": ({"cidr": "10.0.0.0/15"}, "cidr", "10.0.0.0/15 is a /15; a VPC takes /16 to /24"),
    "host bits": ({"cidr": "10.0.0.1/16"}, "cidr", "10.0.0.1/16 has bits set beyond its prefix length; did you mean 10.0.0.0/16?"),
    "no prefix length": ({"cidr": "10.0.0.0"}, "cidr", "'10.0.0.0' is no CIDR block; write one such as 10.0.0.0/16"),
    "a number": ({"cidr": 10}, "cidr", "10 is no CIDR block; write one such as 10.0.0.0/16"),
    "IPv6 as the block": ({"cidr": "2001:db8::/56"}, "cidr", "'2001:db8::/56' is an IPv6 block; write an IPv4 block such as 10.0.0.0/16"),
    "too small": (
        {"cidr": "10.0.0.0/24"},
        "cidr",
        (
            "/24 is too small for tier public over 4 zone slots: its subnets would be /29, AWS takes /28 or larger; "
            "use /23 or larger, fewer layout.zone_slots, or leave the tier out"
        ),
    ),
    "zone name": (
        {"zones": ["eu-west-1a"]},
        "zones.0",
        "'eu-west-1a' is no zone id; write an id such as euw1-az1, not a name such as eu-west-1a: names differ from account to account",
    ),
    "two regions": (
        {"zones": ["euw1-az1", "use1-az2"]},
        "zones",
        "all zones must lie in one region; euw1-az1 lies in eu-west-1, use1-az2 lies in us-east-1",
    ),
    "unknown region": (
        {"zones": ["xxx1-az1"]},
        "zones.0",
        "no region is known whose zones are named like xxx1-az1; correct it, or set region",
    ),
    "zone that does not exist": (
        {"zones": ["euw1-az9"]},
        "zones.0",
        "zone euw1-az9 does not exist in eu-west-1; choose from euw1-az1, euw1-az2, euw1-az3",
    ),
    "another region": ({"region": "us-east-1"}, "region", "the zones lie in eu-west-1, not in us-east-1"),
    "zone twice": ({"zones": ["euw1-az1", "euw1-az1"]}, "zones.1", "euw1-az1 is listed twice"),
    "tier twice": ({"tiers": ["public", "private", "public"]}, "tiers.2", "public is listed twice"),
    "zone beyond the slots": (
        {"zones": ["use1-az5"]},
        "zones",
        (
            "zone use1-az5 falls on slot 4, and there are 4 (0 to 3); "
            "give it a free slot in layout.zone_order, or start the VPC with more layout.zone_slots"
        ),
    ),
    "NAT zone": ({"nat": "single", "nat_zone": "euw1-az3"}, "nat_zone", "zone euw1-az3 is not in zones; choose from euw1-az1, euw1-az2"),
    "NAT zone without single": (
        {"nat_zone": "euw1-az1"},
        "nat_zone",
        "only nat single has one zone, and nat is per-zone; leave nat_zone out",
    ),
    "NAT without public": (
        {"tiers": ["private"]},
        "nat",
        "per-zone needs tier public, where its gateways lie; add it, or set nat to regional or none",
    ),
    "NAT without private": ({"tiers": ["public"]}, "nat", "per-zone has no private tier to serve; add tier private, or set nat to none"),
    "addresses without NAT": (
        {"nat": "none", "nat_eip_ids": {"euw1-az1": "eipalloc-1"}},
        "nat_eip_ids",
        "there is no NAT gateway to give addresses to; leave nat_eip_ids out",
    ),
    "addresses of some zones": (
        {"nat": "regional", "nat_eip_ids": {"euw1-az1": "eipalloc-1"}},
        "nat_eip_ids",
        "nat regional takes addresses for all zones or for none; add euw1-az2",
    ),
    "tags of an unknown zone": (
        {"zone_tags": {"euw1-az9": {}}},
        "zone_tags.euw1-az9",
        "zone euw1-az9 is not in zones; choose from euw1-az1, euw1-az2",
    ),
    "tags of an unknown tier": (
        {"tier_tags": {"pods": {"a": "b"}}},
        "tier_tags.pods",
        "there is no tier pods here; choose from public, private, intra, database",
    ),
    "secondary overlaps": (
        {"secondary_cidrs": {"pods": {"cidr": "10.0.128.0/17"}}},
        "secondary_cidrs.pods",
        "10.0.128.0/17 overlaps 10.0.0.0/16 of cidr",
    ),
    "secondaries overlap": (
        {"secondary_cidrs": {"pods": {"cidr": "100.64.0.0/16"}, "more": {"cidr": "100.64.128.0/17"}}},
        "secondary_cidrs.more",
        "100.64.128.0/17 overlaps 100.64.0.0/16 of pods",
    ),
    "secondary refused by AWS": (
        {"secondary_cidrs": {"pods": {"cidr": "172.16.0.0/16"}}},
        "secondary_cidrs.pods",
        (
            "AWS refuses 172.16.0.0/16 beside 10.0.0.0/16: a block of 172.16.0.0/12 goes only with a primary block of 172.16.0.0/12; "
            "take one of 100.64.0.0/10"
        ),
    ),
    "secondary never": (
        {"secondary_cidrs": {"pods": {"cidr": "198.19.0.0/17"}}},
        "secondary_cidrs.pods",
        "AWS refuses 198.19.0.0/17 as a secondary block: it lies in 198.19.0.0/16",
    ),
    "secondary named like a tier": (
        {"secondary_cidrs": {"cache": {"cidr": "100.64.0.0/16"}}},
        "secondary_cidrs.cache",
        "cache is a tier of the primary block already; choose another name",
    ),
    "secondary too small": (
        {"secondary_cidrs": {"pods": {"cidr": "100.64.0.0/27"}}},
        "secondary_cidrs.pods",
        "/27 is too small for 4 zone slots (AWS takes subnets of /28 or larger); use /26 or larger",
    ),
    "secondary from nowhere": (
        {"secondary_cidrs": {"pods": {}}},
        "secondary_cidrs.pods",
        "give a cidr, or an ipam pool with a netmask_length",
    ),
    "too many secondaries": (
        {"secondary_cidrs": {f"pods{n}": {"cidr": f"100.{64 + n}.0.0/16"} for n in range(5)}},
        "secondary_cidrs",
        "a VPC takes 5 IPv4 blocks, the primary included; 5 are too many",
    ),
    "block by hand overlaps": (
        {"layout": {"blocks": {"public": {"euw1-az1": "10.0.1.0/24"}}}},
        "layout.blocks",
        "10.0.0.0/19 of private euw1-az1 overlaps 10.0.1.0/24 of public euw1-az1",
    ),
    "block by hand with a pool": (
        {"cidr": None, "ipam": {"pool_id": "p", "netmask_length": 16}, "layout": {"blocks": {"public": {"euw1-az1": "10.0.1.0/24"}}}},
        "layout.blocks",
        "blocks set by hand need a cidr: what the pool will give is not known",
    ),
    "dns64 without ipv6": ({"dns64": True}, "dns64", "dns64 serves IPv6 clients; set ipv6 to true, or leave it out"),
    "dns64 without NAT": (
        {"dns64": True, "ipv6": True, "nat": "none"},
        "dns64",
        "dns64 needs a NAT gateway to translate; set nat, or leave it out",
    ),
    "airgapped with NAT": (
        {"endpoints": "airgapped", "tiers": ["public", "private"], "nat": "regional"},
        "nat",
        "an airgapped network has no NAT, and nat is regional; set nat to none, or endpoints to eks-private",
    ),
    "airgapped with a public tier": (
        {"endpoints": "airgapped", "nat": "none"},
        "tiers",
        "an airgapped network has no public tier; leave public out, or set endpoints to eks-private",
    ),
    "endpoints in a missing tier": (
        {"extra_endpoints": ["sts"], "endpoint_settings": {"tier": "cache"}},
        "endpoint_settings.tier",
        "there is no tier cache here; choose from public, private, intra, database",
    ),
    "unknown profile": ({"endpoints": "private"}, "endpoints", "Input should be 'minimal', 'eks-private' or 'airgapped'"),
    "gateway service": ({"extra_endpoints": ["s3"]}, "extra_endpoints.0", "s3 has its gateway endpoint in every network; leave it out"),
    "endpoint twice": ({"extra_endpoints": ["kafka", "kafka"]}, "extra_endpoints.1", "kafka is listed twice"),
    "block by hand too small": (
        {"layout": {"blocks": {"public": {"euw1-az1": "10.0.255.0/29"}}}},
        "layout.blocks.public.euw1-az1",
        "10.0.255.0/29 is a /29; a subnet takes /16 to /28",
    ),
    "retention": (
        {"flow_logs": {"retention_days": 100}},
        "flow_logs.retention_days",
        (
            "CloudWatch Logs cannot keep logs for 100 days; choose from 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, "
            "1096, 1827, 2192, 2557, 2922, 3288, 3653"
        ),
    ),
    "bucket": ({"flow_logs": {"destination": "s3"}}, "flow_logs.bucket_arn", "destination s3 needs the bucket's ARN"),
    "two keys": (
        {"logs_encryption": {"owned_key": True, "key_arn": "arn:aws:kms:eu-west-1:1:key/1"}},
        "logs_encryption",
        "owned_key and key_arn exclude each other; leave one out",
    ),
    "route twice": (
        {"transit_gateway": {"id": "tgw-1", "destinations": ["0.0.0.0/0"]}},
        "transit_gateway.destinations.0",
        "0.0.0.0/0 of tier private already goes to nat per-zone; leave one of the two out",
    ),
    "route to itself": (
        {"peerings": {"shared": {"vpc_id": "vpc-2", "destinations": ["10.0.4.0/24"]}}},
        "peerings.shared.destinations.0",
        "10.0.4.0/24 lies inside this VPC's own 10.0.0.0/16",
    ),
    "blocked NAT": (
        {"block_public_access": {"account_mode": "block-bidirectional"}},
        "block_public_access",
        "block-bidirectional cuts off nat per-zone; use block-ingress, exempt the vpc, or set nat to none",
    ),
    "blocked regional NAT": (
        {"block_public_access": {"account_mode": "block-bidirectional", "exempt": "public"}, "nat": "regional"},
        "block_public_access.exempt",
        "nat regional lies in no subnet, so no exempt subnet frees it; exempt the vpc",
    ),
    "blocked IPv6 egress": (
        {"block_public_access": {"account_mode": "block-bidirectional", "exempt": "public"}, "ipv6": True},
        "ipv6_egress",
        "block-bidirectional cuts it off; exempt the vpc, use block-ingress, or set ipv6_egress to false",
    ),
    "policy of no endpoint": (
        {"extra_endpoints": ["kafka"], "endpoint_settings": {"policy_services": ["kafka", "athena"]}},
        "endpoint_settings.policy_services.1",
        "athena has no interface endpoint here; choose from kafka",
    ),
    "zones of an endpoint that is not there": (
        {"endpoint_settings": {"service_zones": {"kafka": ["euw1-az1"]}}},
        "endpoint_settings.service_zones.kafka",
        "kafka has no interface endpoint here; choose from none",
    ),
    "endpoint in a zone that is not there": (
        {"extra_endpoints": ["kafka"], "endpoint_settings": {"service_zones": {"kafka": ["euw1-az3"]}}},
        "endpoint_settings.service_zones.kafka.0",
        "zone euw1-az3 is not in zones; choose from euw1-az1, euw1-az2",
    ),
    "priorities": (
        {"dns_firewall": {"managed_lists": {"l1": {"id": "rslvr-fdl-1", "priority": 1}, "l2": {"id": "rslvr-fdl-2", "priority": 1}}}},
        "dns_firewall.managed_lists",
        "each managed list needs a priority of its own",
    ),
    "nothing allowed": (
        {"dns_firewall": {"allow_only_listed": True}},
        "dns_firewall.allowed_domains",
        "allow_only_listed would refuse every name; list the allowed ones",
    ),
    "nothing blocked": (
        {"dns_firewall": {"threats": []}},
        "dns_firewall",
        "nothing is blocked; list domains, managed_lists or threats, or leave dns_firewall out",
    ),
    "unknown key": ({"natt": "none"}, "natt", "Extra inputs are not permitted"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_where_it_is(case):
    values, field, message = CASES[case]
    assert (field, message) in problems(**values)
    assert all("\n" not in text for _, text in problems(**values))


def test_every_fault_is_reported_at_once_those_of_fields_and_those_between_them():
    found = problems(cidr="10.0.0.1/16", zones=["eu-west-1a"], nat="single", tiers=["private"], dns64=True, typo=1)
    assert [field for field, _ in found] == ["cidr", "zones.0", "typo", "nat", "dns64"]


def test_a_fault_is_not_followed_by_complaints_about_its_consequences():
    assert [field for field, _ in problems(zones=["eu-west-1a"], nat_zone="euw1-az1", nat="single")] == ["zones.0"]
    assert problems(zones=None) == [("zones", "Input should be a valid tuple")]
    with pytest.raises(ValidationError, match="Field required"):
        VpcArgs.model_validate({"cidr": "10.0.0.0/16"})
    with pytest.raises(ValidationError, match="valid dictionary"):
        VpcArgs.model_validate([])


def test_the_form_of_an_environment_file_is_taken():
    text = '{"cidr": "10.32.0.0/16", "zones": ["euw1-az1", "euw1-az2"], "nat": "per-zone", "ipv6": true, "endpoints": "eks-private"}'
    args = VpcArgs.model_validate_json(text)
    assert args.nat is Nat.PER_ZONE
    assert args.endpoints is EndpointProfile.EKS_PRIVATE
    assert VpcArgs.model_validate(json.loads(text)) == args
    assert VpcArgs.model_validate(json.loads(args.model_dump_json())) == args


def test_faults_keep_what_the_loader_words_them_with():
    with pytest.raises(ValidationError) as caught:
        VpcArgs.model_validate({"cidr": "10.0.0.0/16", "zones": ZONES, "endpoints": "private", "dns64": True})
    fault, finding = caught.value.errors()
    assert (fault["type"], fault["input"]) == ("enum", "private")
    assert fault["ctx"]["expected"].startswith("'minimal', 'eks-private'")
    assert (finding["type"], finding["loc"], finding["input"]) == ("network", ("dns64",), "dns64")


def test_a_small_vpc_works_with_fewer_slots_and_tiers():
    args = VpcArgs(cidr="10.0.0.0/24", zones=ZONES, tiers=("public", "private"), layout={"zone_slots": 2})
    assert args.prefix_length == 24


def test_a_region_that_is_not_known_yet_can_be_named():
    args = VpcArgs(cidr="10.0.0.0/16", zones=["xxx1-az1", "xxx1-az2"], region="xx-new-1")
    assert args.region_name == "xx-new-1"
    assert VpcArgs(cidr="10.0.0.0/16", zones=["euw1-az4"], region="eu-west-1").zones == ("euw1-az4",)


def test_zones_come_in_the_order_of_their_slots():
    args = VpcArgs(cidr="10.0.0.0/16", zones=["use1-az3", "use1-az6", "use1-az1"], layout={"zone_order": {"use1-az6": 1}})
    assert args.ordered_zones == ("use1-az1", "use1-az6", "use1-az3")


def test_late_values_are_taken_and_never_printed():
    late = pulumi.Output.from_input("tgw-1")
    args = VpcArgs(cidr="10.0.0.0/16", zones=ZONES, transit_gateway={"id": late}, nat_eip_ids={"euw1-az1": late})
    assert args.transit_gateway.id is late
    with pytest.raises(ValidationError) as caught:
        VpcArgs(cidr="10.0.0.0/16", zones=ZONES, transit_gateway={"id": late, "oops": 1})
    assert [error["loc"] for error in caught.value.errors()] == [("transit_gateway", "oops")]


def test_every_field_says_what_happens_when_it_is_left_out():
    def models(model, seen):
        if model in seen:
            return
        seen.add(model)
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            assert "Omitted" in field.description or "Required" in field.description, f"{model.__name__}.{name}"
            for part in _models_in(field.annotation):
                models(part, seen)

    seen = set()
    models(VpcArgs, seen)
    assert len(seen) >= 16


def _models_in(annotation):
    from typing import get_args  # noqa: PLC0415 -- only here

    from pydantic import BaseModel  # noqa: PLC0415 -- only here

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def test_every_check_reads_fields_that_exist():
    assert len(CHECKS) >= 12
    assert all(check.fields <= set(VpcArgs.model_fields) for check in CHECKS)


@pytest.mark.parametrize("profile", Profile)
def test_profiles_preset_fields_that_exist_and_what_is_given_wins(profile):
    assert set(PROFILE_DEFAULTS) == set(Profile)
    given = {"cidr": "10.0.0.0/16", "zones": ZONES, "nat": "none", "flow_logs": {"interval_seconds": 600}}
    args = VpcArgs.model_validate(with_defaults(PROFILE_DEFAULTS[profile], given))
    assert args.nat is Nat.NONE
    assert args.flow_logs.interval_seconds == 600
    assert args.flow_logs.retention_days == PROFILE_DEFAULTS[profile]["flow_logs"]["retention_days"]


NESTED = [
    "cidr",
    "ipam",
    "pool_id",
    "netmask_length",
    "zone_slots",
    "zone_order",
    "blocks",
    "public",
    "private",
    "pods",
    "euw1-az1",
    "tier",
    "tiers",
    "route_tiers",
    "destinations",
    "id",
    "vpc_id",
    "threats",
    "action",
    "managed_lists",
    "priority",
    "exempt",
    "account_mode",
    "owned_key",
    "key_arn",
    "destination",
    "bucket_arn",
    "retention_days",
    "fields",
    "allowed_cidrs",
]
WORDS = [
    "10.0.0.0/8",
    "10.0.0.0/17",
    "100.64.0.0/16",
    "::/0",
    "2001:db8::/56",
    "0.0.0.0/0",
    "euw1-az1",
    "use1-az6",
    "xxx1-az0",
    "public",
    "private",
    "cache",
    "pods",
    "single",
    "regional",
    "none",
    "airgapped",
    "s3",
    "BLOCK",
    "DGA",
    "vpc",
    "block-bidirectional",
    "rslvr-fdl-1",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 500) | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NESTED), inner, max_size=3),
    max_leaves=8,
)


# A busy machine is no fault of the model: no deadline.
@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(VpcArgs.model_fields)), json_values, max_size=6))
def test_whatever_is_written_is_taken_or_refused_with_a_validation_error(values):
    with suppress(ValidationError):
        VpcArgs.model_validate({"cidr": "10.0.0.0/16", "zones": ZONES, **values})


def test_zones_without_an_eks_control_plane_are_told():
    assert eks_zone_problems(["use1-az1", "use1-az3"]) == ["EKS places no control plane in zone use1-az3; choose another zone"]
