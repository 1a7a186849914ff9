"""Metrics, logs and traces, and what is made of them: rules, objectives, dashboards."""
