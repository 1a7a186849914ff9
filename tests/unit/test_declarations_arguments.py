"""Wrong arguments of a program, told as a file's author is told."""

import pytest
from pydantic import ValidationError

import platform_components as platform
from platform_components.declarations.arguments import refusal


def refused(**arguments: object) -> list[str]:
    network = platform.VpcRef(vpc_id="vpc-1", cidr="10.0.0.0/16", subnet_ids={})
    with pytest.raises(ValidationError) as caught:
        platform.EksClusterArgs(network=network, **arguments)  # type: ignore[arg-type]
    return [str(problem) for problem in refusal(caught.value).problems]


def test_every_problem_is_one_line_with_its_field() -> None:
    lines = refused(version="1.12", versoin="1.35", access={"team": {"principal_arn": "x"}})
    assert any(line.startswith("EksClusterArgs.version  ") and "choose from" in line for line in lines)
    assert "EksClusterArgs.versoin  unknown key; did you mean version?" in lines
    assert any(line.startswith("EksClusterArgs.access.team.principal_arn  unknown key; did you mean principal?") for line in lines)
    assert not any("\n" in line or "pydantic" in line for line in lines)


def test_an_item_of_a_list_has_its_index() -> None:
    with pytest.raises(ValidationError) as caught:
        platform.VpcArgs(cidr="10.0.0.0/16", zones=["euw1-az1", "nowhere"])  # type: ignore[arg-type]
    assert any(str(problem).startswith("VpcArgs.zones[1]  ") for problem in refusal(caught.value).problems)
