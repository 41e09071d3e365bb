"""Results: the sky map, its columns and provenance, its posterior and regions, calibrations, and what is published.

May import: the HEALPix pixels of scan, the times of events, the angles of detector, errors.
"""
