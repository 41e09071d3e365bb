"""Where workers run: local processes, and the catalogue of images that ``docker_tag`` names.

May import: config, log, errors.
"""
