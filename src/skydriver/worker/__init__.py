"""Workers: fit the pixels of a task, in processes that may be killed at any instant.

May import: events, detector, recos, log, errors.
"""
