"""Where a component's AWS provider stands, and who runs the program."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from platform_components.place import Place


@dataclass(frozen=True)
class Location:
    """What the provider says of itself."""

    place: pulumi.Output[Place]
    """Account, region and partition."""
    caller_arn: pulumi.Output[str]
    """ARN of whoever runs the program."""


def locate(component: pulumi.ComponentResource) -> Location:
    """Ask the provider of a component: two lookups, answered in a preview too, so that every document can be judged before `up`."""
    options = pulumi.InvokeOutputOptions(parent=component)
    caller = aws.get_caller_identity_output(opts=options)
    region = aws.get_region_output(opts=options)
    place = pulumi.Output.all(caller.account_id, caller.arn, region.region).apply(
        lambda found: Place(account=found[0], region=found[2], partition=found[1].split(":")[1])
    )
    return Location(place, caller.arn)
