"""Builders and fakes for tests, ours and others'.

May import: everything.
"""
