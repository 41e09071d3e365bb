"""Whether a service could work here: each thing that it needs is looked at, and what is wrong is said with its cure."""
