"""The sandbox: local AWS and Kubernetes, and the provider plugins that stand before them."""
