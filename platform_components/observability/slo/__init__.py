"""Service level objectives: one declaration becomes recording rules, alerts on how fast an error budget burns, and a delivery policy."""
