"""Searching scans: conditions on manifests as terms, and the SQL that they become on each database."""
