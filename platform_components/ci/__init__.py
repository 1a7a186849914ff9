"""Runners of CI jobs: ephemeral, on nodes of their own, without rights in the cluster."""
