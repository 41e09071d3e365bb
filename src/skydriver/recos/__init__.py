"""Reconstructions: the protocol, the registry, and one file per algorithm.

May import: events, detector, errors.
"""
