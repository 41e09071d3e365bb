"""Pictures of sky maps and of events.

May import: events, detector, skymap, errors.
"""
