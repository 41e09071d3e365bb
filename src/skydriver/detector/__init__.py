"""The detector: DOM positions, ice layers, and local to equatorial coordinates.

May import: errors.
"""
