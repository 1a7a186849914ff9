"""One module per layer, each with build(environment, upstream) -> outputs."""
