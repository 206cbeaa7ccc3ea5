"""The Python API: the functions that callers use, and the report that they return."""

from losscli.api.functions import compare, evaluate, merge
from losscli.api.report import Report
from losscli.api.rows import gradient, row_values

__all__ = ["Report", "compare", "evaluate", "gradient", "merge", "row_values"]
