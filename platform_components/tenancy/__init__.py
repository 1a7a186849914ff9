"""Tenancy: what a team gets of a cluster, and what keeps it from every other team's."""
