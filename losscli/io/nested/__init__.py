"""Columns inside other columns: `doc.gold`, `st.*`, `probs[0]`. It uses `arrow` and `source`."""
