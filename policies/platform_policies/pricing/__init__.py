"""Prices as data, quantities from the graph, and what follows from both."""
