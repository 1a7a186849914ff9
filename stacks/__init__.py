"""What a platform engineer runs: one stack per layer of an environment."""
