"""The network of an environment: Vpc and what belongs to it."""
