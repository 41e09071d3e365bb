"""Reconstructions: the protocol, the registry, one file per algorithm, and what tells tracks from point sources.

May import: events, detector, errors.
"""
