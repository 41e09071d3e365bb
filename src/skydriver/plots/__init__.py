"""Pictures of sky maps.

May import: events, detector, errors.
"""
