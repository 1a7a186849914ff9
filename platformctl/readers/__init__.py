"""Readers: what fills a ResourceGraph."""
