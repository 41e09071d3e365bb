"""Compiled scalars: no object, no loop over DOMs, no logging.

They import only math and the `kernel` decorator. Inside a fit only + - * / and square roots are used, beside
table look-ups: the C library's exp and log differ between processors in their last bit, these do not.
"""
