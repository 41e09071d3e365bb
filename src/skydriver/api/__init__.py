"""The REST API: routes by audience, wire models, and the one table from errors to statuses. A route holds no logic.

May import: services and what they may import.
"""
