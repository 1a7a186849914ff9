"""The sandbox's AWS provider plugin: boto3 against the sandbox's server, driven by a table of resource types."""
