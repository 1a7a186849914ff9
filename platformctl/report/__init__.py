"""Reports: what came of judging a graph, for people and for the tools of others."""
