"""What the good halves of the shop share: somebody once knew how."""

import json
from typing import Any

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TAGS = {"Environment": "demo"}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/shop-boundary"
ANYWHERE = "0.0.0.0/0"


def document(*statements: dict[str, Any]) -> str:
    """An IAM policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]})


def trust(principal: Any, action: str = "sts:AssumeRole", **more: Any) -> str:
    """The trust policy of a role."""
    return document({"Principal": principal, "Action": action, **more})
