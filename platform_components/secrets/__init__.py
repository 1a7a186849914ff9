"""Where secrets lie, who may read which, and when they change."""
