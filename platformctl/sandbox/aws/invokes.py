"""Placeholder until the lookups are written."""
from typing import Any
def invoke(token: str, args: Any, region: Any) -> Any:
    raise NotImplementedError
