"""Remote files: object stores and web servers, read through fsspec.

fsspec is imported only when a remote file is opened. It uses `io.files` for streams and temporary copies.
"""
