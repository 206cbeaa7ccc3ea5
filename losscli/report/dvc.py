"""What `dvc metrics show` and `dvc metrics diff` read: one JSON object of nested numbers.

DVC ignores lists and nulls without a word, joins nested keys with a dot, and writes NaN where its own JSON must not
have it. So there are only numbers here, no key has a dot, and values that are not finite are left out; `left_out` names
them, for somebody to say so. The keys: suite, then model, where there are such; then each loss, and under "slices" each
slice with its losses; "rows" says how many rows were used and dropped.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from losscli.report.json import dumps
from losscli.report.naming import Unique, about, called, restricted
from losscli.report.suites import alone, evaluated
from losscli.report.view import View, exact
from losscli.results import Evaluation, LossResult, SuiteResult

# DVC prints keys through a library that takes what stands in brackets for its own.
_UNFIT = re.compile(r"[.\[\]]")
_ROWS, _SLICES = "rows", "slices"


def render(evaluation: Evaluation, view: View) -> str:
    """The object of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The object, one level deeper where suites have names; a suite that ended in an error has no numbers."""
    keys: dict[int, Unique] = defaultdict(lambda: Unique().reserve(_ROWS, _SLICES))
    found: dict[str, Any] = {}
    for name, evaluation in evaluated(suites):
        place = found if name is None else _below(found, keys, name, view)
        for result in sorted(evaluation.results, key=lambda result: bool(result.by)):
            if math.isfinite(result.value):
                _put(place, keys, result, view)
        rows = evaluation.rows
        place[_ROWS] = {"used": int(rows.used), "dropped": int(rows.dropped)}
    return dumps(found, view, indent=2) + "\n"


def left_out(evaluation: Evaluation) -> list[str]:
    """The results that are not among the numbers, in words."""
    return [
        f"{' '.join([result.spec, *about(result.model, result.by)])} is {exact(result.value)}"
        for result in evaluation.results
        if not math.isfinite(result.value)
    ]


def _put(place: dict[str, Any], keys: dict[int, Unique], result: LossResult, view: View) -> None:
    if result.model is not None:
        place = _below(place, keys, result.model, view)
    if result.by:
        place = _below(place.setdefault(_SLICES, {}), keys, ",".join(about(None, result.by)), view)
    place[keys[id(place)].of((result.spec,), _key(called(result), view))] = float(result.value)


def _below(place: dict[str, Any], keys: dict[int, Unique], name: str, view: View) -> dict[str, Any]:
    """The object of this name in another; two names that differ get two, whatever is made of them."""
    inner: dict[str, Any] = place.setdefault(keys[id(place)].of(name, _key(name, view)), {})
    return inner


def _key(text: str, view: View) -> str:
    return restricted(view.text(text), _UNFIT)
