"""Objectives at the command line: where they are declared, and what is left of their budgets."""
