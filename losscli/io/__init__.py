"""Bytes to Arrow to NumPy, and back: sources of rows, formats, joins, remote files, and what writes tables.

It uses nothing else of ours but the leaves. Nothing is imported here, as some commands need one module alone.
"""
