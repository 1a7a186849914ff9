"""What fills a ResourceGraph."""
