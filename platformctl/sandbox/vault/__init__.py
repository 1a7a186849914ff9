"""Vault in the sandbox: a real development server, and its provider."""

from typing import Final

FOLDER: Final = "vault"
"""Folder of the sandbox that everything of it lies in."""
