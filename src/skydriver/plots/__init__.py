"""Pictures of sky maps.

May import: events, detector, skymap, errors.
"""
