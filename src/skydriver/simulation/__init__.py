"""Simulated events as realtime JSON.

May import: events, detector, errors.
"""
