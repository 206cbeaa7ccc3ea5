"""Several sources as one table: by key, or side by side."""
