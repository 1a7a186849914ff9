"""The executable behind `pulumi-resource-kubernetes`."""

import sys

from platformctl.sandbox.kubernetes.provider import KubernetesProvider
from platformctl.sandbox.plugin_server import main

if __name__ == "__main__":
    sys.exit(main(KubernetesProvider()))
