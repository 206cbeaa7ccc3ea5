"""Readers: one module for each format, which yields splits of Arrow record batches.

Text formats have a fast reader (Arrow's) and an exact one, which takes over where the fast one is in doubt.
It uses `io.files` for bytes and `io.arrow` for arrays.
"""
