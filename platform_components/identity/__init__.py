"""Identities of workloads: which AWS role a Kubernetes service account may use, and what that role may do."""
