"""Ingress: names of the public, load balancers behind them, and the firewall in front."""
