"""Results: the sky map, its columns and provenance, and its file formats.

May import: errors.
"""
