"""Admission: what the API server itself refuses, beside Pod Security."""
