"""Reusable Pulumi components of the platform. Importing this package reads no config, no clock and no network."""
