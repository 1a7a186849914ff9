"""The executable behind `pulumi-resource-vault`."""

import sys

from platformctl.sandbox.plugin_server import main
from platformctl.sandbox.vault.provider import VaultProvider

if __name__ == "__main__":
    sys.exit(main(VaultProvider()))
