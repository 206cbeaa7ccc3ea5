"""From a path to bytes: what is found there, its format, its compression."""
