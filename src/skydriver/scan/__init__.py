"""Scan planning: HEALPix pixels, the nside progression, the pure planner and the forecast.

May import: errors.
"""
