"""The Python API: the functions that callers use, and the report that they return."""

from losscli import results
from losscli.api.calibration import Calibration, calibrate
from losscli.api.functions import compare, evaluate, merge
from losscli.api.report import Report
from losscli.api.rows import gradient, row_values
from losscli.lazy import complete

__all__ = ["Calibration", "Report", "calibrate", "compare", "evaluate", "gradient", "merge", "row_values"]

for _name in results.__all__:  # callers may ask `dataclasses.fields` of a class of which there is no value yet
    complete(getattr(results, _name))
