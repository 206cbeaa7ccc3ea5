"""Conversion between Arrow arrays and NumPy arrays, without pandas. It uses `errors` only."""
