"""OpenMetrics text, which GitLab takes as metrics of a merge request and Prometheus reads.

GitLab cuts each line at `#` and splits the rest as a shell would, so label values only contain letters, digits and
`_.:/=+-`. Any other character becomes an underscore, and then a part of the hash of the text follows, so that different
texts stay different, in this run and in others. Labels are in the same order in every line, and numbers have every
digit: GitLab compares both as text. The slice of all rows is "all".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field

from losscli.lazy import dataclass, pattern
from losscli.report.naming import UniqueNames, display_name, safe_name
from losscli.report.renderer import Renderer
from losscli.report.suites import evaluated
from losscli.report.view import View, exact
from losscli.results import Evaluation, SuiteResult

_NOT_IN_VALUES = pattern(r"[^A-Za-z0-9_.:/=+\-]")
_NOT_IN_NAMES = pattern("[^A-Za-z0-9_]")
_ALL_ROWS = "all"
_NO_LABEL = "none"
_BY = "by_"  # before the names of columns that may not be labels as they are, and of those that have it already

# Name and help, in the order of the page. The lines of a family are together, for all suites.
_FAMILIES = {
    "losscli_loss": "Value of a loss.",
    "losscli_loss_baseline": "Value of the same loss in the baseline.",
    "losscli_stderr": "Standard error of the value of a loss.",
    "losscli_difference": "Value of a loss of one model minus that of another on the same rows.",
    "losscli_rows": "Rows read, used and dropped.",
    "losscli_rows_left_out": "Rows that were left out, by reason and side.",
    "losscli_gate": "1: the gate passed; 0: it failed or could not be judged.",
    "losscli_error": "1: an error ended the run.",
}
_LABELS = ("suite", "model", "against", "loss", "gate", "state", "code", "reason", "side")


class OpenMetrics(Renderer):
    """Gauges in the text format of OpenMetrics."""

    summary = "Metrics of a GitLab merge request, and Prometheus."
    suffixes = (".prom", "metrics.txt")  # GitLab looks for the second

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The page of all suites; in a check, each line has the name of its suite."""
        page = _Page(any(suite.name is not None for suite in suites), _has_models(suites), _slices(suites))
        for name, evaluation in evaluated(suites):
            _add(page, name, evaluation)
        for suite in suites:
            if suite.error is not None:
                page.add("losscli_error", 1, suite.name, code=suite.error.code)
        text = []
        for family, help in _FAMILIES.items():
            if family in page.lines:
                text += [f"# HELP {family} {help}", f"# TYPE {family} gauge", *page.lines[family]]
        return "".join(line + "\n" for line in [*text, "# EOF"])


RENDERER = OpenMetrics()


def _add(page: _Page, suite: str | None, evaluation: Evaluation) -> None:
    for result in evaluation.results:
        labels = {"model": result.model, "loss": display_name(result)}
        page.add("losscli_loss", result.value, suite, result.by, **labels)
        if result.baseline is not None:
            page.add("losscli_loss_baseline", result.baseline.value, suite, result.by, **labels)
        if result.stderr is not None:
            page.add("losscli_stderr", result.stderr, suite, result.by, **labels)
    for one in evaluation.comparisons:
        pair = {"model": one.model, "against": one.against, "loss": one.spec}
        page.add("losscli_difference", one.difference, suite, one.by, **pair)
    for state in ("read", "used", "dropped"):
        page.add("losscli_rows", getattr(evaluation.rows, state), suite, state=state)
    for (reason, side), count in evaluation.rows.left_out.items():
        page.add("losscli_rows_left_out", int(count), suite, reason=reason, side=side)
    for gate in evaluation.gates:
        if gate.state != "skipped":
            page.add("losscli_gate", int(gate.state == "passed"), suite, gate.by, model=gate.model, gate=gate.gate)


@dataclass
class _Page:
    """The lines of each family, and the names of labels and of their values."""

    suites: bool
    models: bool
    slices: tuple[str, ...]
    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    names: UniqueNames = field(default_factory=lambda: UniqueNames().reserve(*_LABELS))
    values: dict[str, UniqueNames] = field(default_factory=dict)

    def add(
        self, family: str, value: float, suite: str | None, by: Mapping[str, str] | None = None, **labels: str | None
    ) -> None:
        """Add one line. `by` is the slice, for families that have slices."""
        given = {**({"suite": suite} if self.suites else {}), **labels}
        if not self.models:
            given.pop("model", None)
        pairs = [self._pair(name, text, _NO_LABEL) for name, text in given.items()]
        if by is not None:
            pairs += [self._pair(self._label(column), by.get(column), _ALL_ROWS) for column in self.slices]
        self.lines[family].append(f"{family}{{{','.join(pairs)}}} {_number(value)}")

    def _pair(self, name: str, text: str | None, nothing: str) -> str:
        """A label with its value, which is unique for each text."""
        if name not in self.values:
            self.values[name] = UniqueNames()
            self.values[name].name(None, nothing)
        return f'{name}="{self.values[name].name(text, safe_name(text or "", _NOT_IN_VALUES))}"'

    def _label(self, column: str) -> str:
        name = safe_name(column, _NOT_IN_NAMES)
        # Names must not begin with a digit, and those with two underscores are reserved for Prometheus.
        plain = name[0] not in "_0123456789" and name not in _LABELS and not name.startswith(_BY)
        return self.names.name(column, name if plain else f"{_BY}{name}")


def _has_models(suites: Sequence[SuiteResult]) -> bool:
    return any(result.model is not None for _, evaluation in evaluated(suites) for result in evaluation.results)


def _slices(suites: Sequence[SuiteResult]) -> tuple[str, ...]:
    found: list[Mapping[str, str]] = []
    for _, evaluation in evaluated(suites):
        found += [result.by for result in evaluation.results]
        found += [comparison.by for comparison in evaluation.comparisons]
        found += [gate.by for gate in evaluation.gates]
    return tuple(dict.fromkeys(column for by in found for column in by))


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    return exact(value) if math.isfinite(value) else "+Inf" if value > 0 else "-Inf"
