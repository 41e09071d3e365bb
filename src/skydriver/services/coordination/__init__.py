"""Scans of the service: from a stored request, over leases of pixels to workers, to a stored result."""
