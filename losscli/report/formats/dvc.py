"""What `dvc metrics show` and `dvc metrics diff` read: one JSON object of nested numbers.

DVC ignores lists and nulls silently, joins nested keys with a dot, and writes NaN, which its own JSON must not contain.
So there are only numbers here, no key contains a dot, and values that are not finite are omitted. The keys are the
suite and the model where there are any, then each loss. Below "slices" is each slice with its losses, and below "rows"
the number of rows used and dropped, and of those left out for each reason that occurred.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

from losscli.lazy import pattern
from losscli.report.json_document import dumps
from losscli.report.naming import UniqueNames, display_name, marked, nonfinite_results, safe_name, subject
from losscli.report.renderer import Renderer
from losscli.report.suites import evaluated
from losscli.report.view import View
from losscli.results import Evaluation, LossResult, SuiteResult

# DVC prints keys through a library that interprets text in brackets.
_DISALLOWED = pattern(r"[.\[\]]")
_ROWS, _SLICES = "rows", "slices"

Named: TypeAlias = "str | tuple[tuple[str, str], ...]"


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
        return dumps(whole, view, indent=True) + "\n"

    def omitted(self, evaluation: Evaluation) -> list[str]:
        """The results that are not finite."""
        return nonfinite_results(evaluation)


RENDERER = Dvc()


def _add(parent: dict[str, Any], keys: dict[int, UniqueNames], result: LossResult, view: View) -> None:
    if result.model is not None:
        parent = _child(parent, keys, result.model, view)
    if result.by:
        parent = _child(parent.setdefault(_SLICES, {}), keys, tuple(result.by.items()), view)
    parent[keys[id(parent)].name((result.spec,), _key(display_name(result), view))] = float(result.value)


def _child(parent: dict[str, Any], keys: dict[int, UniqueNames], name: Named, view: View) -> dict[str, Any]:
    """The object of this name, or of this slice, in its parent: another one for each, even if their keys look alike."""
    wanted = _key(name, view) if isinstance(name, str) else _slice_key(name, view)
    child: dict[str, Any] = parent.setdefault(keys[id(parent)].name(name, wanted), {})
    return child


def _slice_key(by: tuple[tuple[str, str], ...], view: View) -> str:
    """The key of a slice, `column=value,column=value`, which must not be that of another slice."""
    text = ",".join(subject(None, dict(by)))
    if any(sign in part for pair in by for part in pair for sign in ",="):
        return marked(_DISALLOWED.sub("_", view.text(text)), *(part for pair in by for part in pair))
    return _key(text, view)


def _key(text: str, view: View) -> str:
    return safe_name(text, _DISALLOWED, view.text(text))
