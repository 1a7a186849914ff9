"""Add-ons: one module per Helm chart with its version-locked record and its values, tested as one."""
