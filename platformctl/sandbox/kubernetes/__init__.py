"""The Kubernetes provider of the sandbox: objects checked as an API server would, kept by the sandbox's server."""
