"""Writers: files that are replaced atomically, and tables of row values or gradients, one module for each format.

Formats are found by the name of their module. It uses `errors` and `csv_text`.
"""
