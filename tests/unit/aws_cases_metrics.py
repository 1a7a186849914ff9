"""Cases of Amazon Managed Service for Prometheus."""

from tests.unit.aws_cases import A, B, Case

METRICS = [
    Case("aws:amp/workspace:Workspace", lambda _: {"alias": "one", "tags": A}, lambda _: {"alias": "two", "tags": B}),
]
