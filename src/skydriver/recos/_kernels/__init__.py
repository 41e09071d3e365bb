"""Compiled scalars. They import only math, numpy and the `kernel` decorator."""
