"""Delivery: what runs is what Git says."""
