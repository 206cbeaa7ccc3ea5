"""Several sources as one table: targets looked up by key, and models' files aligned by key or row order.

It uses `io.source`, `io.batches` and `io.arrow`.
"""
