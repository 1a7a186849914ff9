"""Node capacity, one module for each engine behind the one `pools` section."""
