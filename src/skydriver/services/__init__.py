"""Use cases: the only place where workers, scan planning and sky maps meet.

May import: everything but cli.
"""
