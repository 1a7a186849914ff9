"""The executable behind `pulumi-resource-random`."""

import sys

from platformctl.sandbox.plugin_server import main
from platformctl.sandbox.random.provider import RandomProvider

if __name__ == "__main__":
    sys.exit(main(RandomProvider()))
