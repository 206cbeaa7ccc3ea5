"""Files that are elsewhere: object stores and web servers, read over the network through fsspec.

What is local never comes here, and what comes here imports fsspec only when a file is asked for.
"""
