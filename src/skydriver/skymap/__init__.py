"""Results: the sky map, its columns and provenance, its posterior and regions, calibrations, and file formats.

May import: errors.
"""
