"""One step in each file, in the order of their numbers."""
