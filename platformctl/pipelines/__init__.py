"""Pipelines as a product: what a service's or a platform's repository runs on a change, written from one declaration."""
