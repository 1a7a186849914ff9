"""Who did what in an account, kept where nobody can change it."""
