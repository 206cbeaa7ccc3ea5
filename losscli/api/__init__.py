"""The Python API: the functions that callers use, and the report that they return."""

from losscli.api.functions import compare, evaluate, gradient, merge, row_values
from losscli.api.report import Report

__all__ = ["Report", "compare", "evaluate", "gradient", "merge", "row_values"]
