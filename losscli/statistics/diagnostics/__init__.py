"""Diagnostics: what a run added up for pictures becomes the numbers that they show."""
