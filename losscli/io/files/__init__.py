"""From paths to opened files: discovery, partition columns, compression, format detection, local inputs.

It uses `io.formats`, `io.arrow` and, for URLs, `io.remote`.
"""
