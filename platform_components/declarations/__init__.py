"""What people write: environments and teams, and the loader that names file, line and field."""
