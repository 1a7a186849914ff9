"""Errors of the command line that are not a fault of what the user wrote."""

from platform_components.errors import PlatformError


class ToolError(PlatformError):
    """The engine or a tool failed or cannot be had (exit 3). Its text says what was tried and what to do."""
