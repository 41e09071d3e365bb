"""How the command line speaks with a service, over REST.

May import: errors.
"""
