"""The rules, one module per service; each rule is a pure function."""
