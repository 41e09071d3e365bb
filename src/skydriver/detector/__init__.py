"""The detector: DOM positions, its edge, ice layers, a track's light in them, and local to equatorial coordinates.

May import: errors.
"""
