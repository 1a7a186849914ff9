"""Zone ids by region."""

import pytest

from platform_components.network.addresses import ZONE_SLOTS_MAX, zone_number
from platform_components.network.zones import ZONE_ID_PATTERN, partition_of, region_of, regions, zone_ids, zone_problem


def test_every_zone_leads_back_to_its_region_and_fits_the_largest_layout():
    for region in regions():
        for zone in zone_ids(region):
            assert region_of(zone) == region
            assert zone_number(zone) <= ZONE_SLOTS_MAX
            assert zone_problem(region, zone) is None
    assert len(regions()) == len({zone_ids(region)[0] for region in regions()})


def test_the_table_has_every_zone_the_emulator_knows():
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend  # noqa: PLC0415 -- slow import, only here

    for region, zones in RegionsAndZonesBackend.zones.items():
        assert {zone.zone_id for zone in zones} <= set(zone_ids(region)), region


@pytest.mark.parametrize(
    ("region", "zone", "message"),
    [
        ("eu-west-1", "euw1-az4", "zone euw1-az4 does not exist in eu-west-1; choose from euw1-az1, euw1-az2, euw1-az3"),
        ("eu-west-1", "use1-az1", "zone use1-az1 does not exist in eu-west-1; choose from euw1-az1, euw1-az2, euw1-az3"),
        ("eu-west-1", "eu-west-1a", "'eu-west-1a' is no zone id; write an id such as euw1-az1"),
        ("eu-west-9", "euw9-az1", "the zones of region eu-west-9 are not known; choose from af-south-1, "),
    ],
)
def test_a_wrong_zone_is_told_what_to_choose_from(region, zone, message):
    problem = zone_problem(region, zone)
    assert problem is not None
    assert problem.startswith(message)


def test_partitions():
    assert [partition_of(region) for region in ("eu-west-1", "cn-north-1", "us-gov-west-1")] == ["aws", "aws-cn", "aws-us-gov"]
    assert ZONE_ID_PATTERN.endswith("$")
