"""The judging road: a resource graph, and what is computed from it. Pure: imports no pulumi."""
