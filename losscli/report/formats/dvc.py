"""What `dvc metrics show` and `dvc metrics diff` read: one JSON object of nested numbers.

DVC ignores lists and nulls silently, joins nested keys with a dot, and writes NaN, which its own JSON must not contain.
So there are only numbers here, no key contains a dot, and values that are not finite are omitted. The keys are the
suite and the model where there are any, then each loss. Below "slices" is each slice with its losses, and below "rows"
the number of rows used and dropped, and of those left out for each reason that occurred.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from losscli.report.json_document import dumps
from losscli.report.naming import UniqueNames, display_name, nonfinite_results, subject, underscored
from losscli.report.renderer import Renderer
from losscli.report.suites import evaluated
from losscli.report.view import View
from losscli.results import Evaluation, LossResult, SuiteResult

# DVC prints keys through a library that interprets text in brackets.
_DISALLOWED = re.compile(r"[.\[\]]")
_ROWS, _SLICES = "rows", "slices"


class Dvc(Renderer):
    """Metrics of DVC."""

    summary = "Numbers for 'dvc metrics': -o dvc=metrics.json"

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The object, one level deeper if suites have names. A suite that ended in an error has no numbers."""
        keys: dict[int, UniqueNames] = defaultdict(lambda: UniqueNames().reserve(_ROWS, _SLICES))
        whole: dict[str, Any] = {}
        for name, evaluation in evaluated(suites):
            parent = whole if name is None else _child(whole, keys, name, view)
            for result in sorted(evaluation.results, key=lambda result: bool(result.by)):
                if math.isfinite(result.value):
                    _add(parent, keys, result, view)
            rows = evaluation.rows
            names = UniqueNames().reserve("used", "dropped")
            left_out = {names.name(name, _key(name, view)): int(count) for name, count in rows.names.items()}
            parent[_ROWS] = {"used": int(rows.used), "dropped": int(rows.dropped), **left_out}
        return dumps(whole, view, indent=2) + "\n"

    def omitted(self, evaluation: Evaluation) -> list[str]:
        """The results that are not finite."""
        return nonfinite_results(evaluation)


RENDERER = Dvc()


def _add(parent: dict[str, Any], keys: dict[int, UniqueNames], result: LossResult, view: View) -> None:
    if result.model is not None:
        parent = _child(parent, keys, result.model, view)
    if result.by:
        parent = _child(parent.setdefault(_SLICES, {}), keys, ",".join(subject(None, result.by)), view)
    parent[keys[id(parent)].name((result.spec,), _key(display_name(result), view))] = float(result.value)


def _child(parent: dict[str, Any], keys: dict[int, UniqueNames], name: str, view: View) -> dict[str, Any]:
    """The object of this name in its parent. Different names have different objects, even if their keys look alike."""
    child: dict[str, Any] = parent.setdefault(keys[id(parent)].name(name, _key(name, view)), {})
    return child


def _key(text: str, view: View) -> str:
    return underscored(view.text(text), _DISALLOWED)
