"""What operators look at: whether the service is well, and numbers of what it does."""
