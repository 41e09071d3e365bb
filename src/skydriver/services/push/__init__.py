"""What listeners are told as it happens: events of one scan or of all, from the database, each with its place."""
