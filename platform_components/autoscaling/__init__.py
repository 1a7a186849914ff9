"""Autoscaling: nodes as pods ask for them, replicas as events ask for them, and which pod goes first."""
