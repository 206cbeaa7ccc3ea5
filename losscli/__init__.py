"""losscli: score files of predictions and targets with the right loss, exactly.

>>> import losscli
>>> report = losscli.evaluate({"y": [1.0, 2.0], "p": [1.5, 2.0]}, "mse", target="y", pred="p")
>>> report["mse"].value
0.125
>>> losscli.losses.huber([3.0, 1.2], [1.0, 1.0], delta=2)
array([2.  , 0.02])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from losscli._version import __version__ as __version__

if TYPE_CHECKING:
    from losscli import losses as losses
    from losscli.api import Calibration as Calibration
    from losscli.api import Report as Report
    from losscli.api import calibrate as calibrate
    from losscli.api import compare as compare
    from losscli.api import evaluate as evaluate
    from losscli.api import gradient as gradient
    from losscli.api import merge as merge
    from losscli.api import row_values as row_values
    from losscli.errors import ExitCode as ExitCode
    from losscli.errors import LosscliError as LosscliError

# Loaded when first used: the command line's --help must not pay for NumPy.
_PLACES = {
    "Calibration": "losscli.api", "Report": "losscli.api", "calibrate": "losscli.api", "compare": "losscli.api",
    "evaluate": "losscli.api", "gradient": "losscli.api", "merge": "losscli.api", "row_values": "losscli.api",
    "ReadOptions": "losscli.io.source", "ExitCode": "losscli.errors", "LosscliError": "losscli.errors",
}  # fmt: skip

__all__ = [
    "Calibration",
    "ExitCode",
    "LosscliError",
    "ReadOptions",
    "Report",
    "calibrate",
    "compare",
    "evaluate",
    "gradient",
    "losses",
    "merge",
    "row_values",
]


def __getattr__(name: str) -> Any:
    if name == "losses":
        return importlib.import_module("losscli.losses")
    if name in _PLACES:
        found = getattr(importlib.import_module(_PLACES[name]), name)
        if isinstance(found, type):
            from losscli.lazy import complete

            complete(found)
        return found
    raise AttributeError(f"module 'losscli' has no attribute '{name}'")
