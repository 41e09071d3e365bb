"""Realtime events: JSON and I3 frames to an immutable Event, cleaning, and a writer for the same format.

May import: errors.
"""
