"""The Pulumi engine: finding or building the CLI, hosting Python, running stacks."""
