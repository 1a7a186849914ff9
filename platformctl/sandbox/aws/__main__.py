"""Entry of the plugin's process: `python -m platformctl.sandbox.aws`."""

import sys

from platformctl.sandbox.aws.provider import AwsProvider
from platformctl.sandbox.plugin_server import main

if __name__ == "__main__":
    sys.exit(main(AwsProvider()))
