"""The EKS cluster: control plane, nodes, add-ons and workload identity."""
