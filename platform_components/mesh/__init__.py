"""Service mesh: identities, encryption and rules between workloads, by Istio or Linkerd."""
