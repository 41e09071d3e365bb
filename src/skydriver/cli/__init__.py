"""The command line, one file per command; heavy imports stay inside commands.

May import: everything but testing.
"""
