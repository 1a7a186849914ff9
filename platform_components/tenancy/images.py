"""How long images of a service are kept. Pure.

Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html.
"""

from typing import Any, Final

UNTAGGED_DAYS: Final = 7
KEPT: Final = 100
"""Tagged images that are kept; older ones go."""


def lifecycle_policy() -> dict[str, Any]:
    """A lifecycle policy: what no tag names goes after a week, and of the rest the newest stay."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"what no tag names, after {UNTAGGED_DAYS} days",
                "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": UNTAGGED_DAYS},
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"all but the newest {KEPT}",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT},
                "action": {"type": "expire"},
            },
        ]
    }
