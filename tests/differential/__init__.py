"""One table through every reader and every way to run: see run.py."""
