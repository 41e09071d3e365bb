"""From events whose truth is known to a table of floors and levels: scans, coverage, the table, and what is kept of it.

May import: what services may.
"""
