"""Capacity: how much of something is needed for what is asked of it, computed before it is bought."""
