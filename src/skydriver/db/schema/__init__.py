"""The tables, one in each file. Documents are stored as the bytes that are served; times are seconds since 1970."""
