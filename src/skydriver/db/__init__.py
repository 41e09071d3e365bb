"""The memory: tables, one transaction after the other, and the migrations between releases. Only here is SQLAlchemy.

May import: config, log, errors.
"""
