"""Where workers run: local processes and HTCondor pools, how they get there, and the catalogue of images.

May import: config, log, errors.
"""
