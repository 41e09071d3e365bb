"""Results: the sky map, its columns and provenance, its posterior and regions, calibrations, and file formats.

May import: the HEALPix pixels of scan, errors.
"""
