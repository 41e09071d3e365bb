"""Where in the sky did a neutrino alert come from."""

__version__ = "0.1.0"
