"""OpenMetrics text, which GitLab takes as metrics of a merge request and Prometheus reads.

GitLab cuts each line at `#` and splits the rest as a shell would, so label values hold nothing but letters, digits and
`_.:/=+-`; whatever else becomes an underscore, and values that then look alike get a number. Each label has its own
place in every line, and numbers have every digit: GitLab compares both as text. A slice over everything is "all".
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from losscli.report.naming import Unique, called, restricted
from losscli.report.suites import alone, evaluated
from losscli.report.view import View, exact
from losscli.results import Evaluation, SuiteResult

_UNFIT_VALUE = re.compile(r"[^A-Za-z0-9_.:/=+\-]")
_UNFIT_NAME = re.compile("[^A-Za-z0-9_]")
_WHOLE = "all"
_NOBODY = "none"

# Name and help, in the order of the page; a family's lines stand together, whatever suite they are of.
_FAMILIES = {
    "losscli_loss": "Value of a loss.",
    "losscli_loss_baseline": "Value of the same loss in the baseline.",
    "losscli_stderr": "Standard error of the value of a loss.",
    "losscli_difference": "Value of a loss of one model minus that of another on the same rows.",
    "losscli_rows": "Rows read, used and dropped.",
    "losscli_gate": "1: the gate passed; 0: it failed or could not be judged.",
    "losscli_error": "1: an error ended the run.",
}
_OURS = ("suite", "model", "against", "loss", "gate", "state", "code")


def render(evaluation: Evaluation, view: View) -> str:
    """The page of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The page of all suites; each line says of which suite it is."""
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


def _add(page: _Page, suite: str | None, evaluation: Evaluation) -> None:
    for result in evaluation.results:
        whom = {"model": result.model, "loss": called(result)}
        page.add("losscli_loss", result.value, suite, result.by, **whom)
        if result.baseline is not None:
            page.add("losscli_loss_baseline", result.baseline.value, suite, result.by, **whom)
        if result.stderr is not None:
            page.add("losscli_stderr", result.stderr, suite, result.by, **whom)
    for one in evaluation.comparisons:
        pair = {"model": one.model, "against": one.against, "loss": one.spec}
        page.add("losscli_difference", one.difference, suite, one.by, **pair)
    for state in ("read", "used", "dropped"):
        page.add("losscli_rows", getattr(evaluation.rows, state), suite, state=state)
    for gate in evaluation.gates:
        if gate.state != "skipped":
            page.add("losscli_gate", int(gate.state == "passed"), suite, gate.by, model=gate.model, gate=gate.gate)


@dataclass
class _Page:
    """The lines of each family, and the names that labels and their values got."""

    suites: bool
    models: bool
    slices: tuple[str, ...]
    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    names: Unique = field(default_factory=lambda: Unique().reserve(*_OURS))
    values: dict[str, Unique] = field(default_factory=dict)

    def add(
        self, family: str, value: float, suite: str | None, by: Mapping[str, str] | None = None, **labels: str | None
    ) -> None:
        """One line; `by` is given where the family is about slices."""
        given = {**({"suite": suite} if self.suites else {}), **labels}
        if not self.models:
            given.pop("model", None)
        pairs = [self._pair(name, text, _NOBODY) for name, text in given.items()]
        if by is not None:
            pairs += [self._pair(self._label(column), by.get(column), _WHOLE) for column in self.slices]
        self.lines[family].append(f"{family}{{{','.join(pairs)}}} {_number(value)}")

    def _pair(self, name: str, text: str | None, nothing: str) -> str:
        """A label and what its value is called: the same for the same text, another for another."""
        if name not in self.values:
            self.values[name] = Unique()
            self.values[name].of(None, nothing)
        return f'{name}="{self.values[name].of(text, restricted(text or "", _UNFIT_VALUE))}"'

    def _label(self, column: str) -> str:
        name = restricted(column, _UNFIT_NAME)
        # Names that begin with a digit are none, and those with two underscores belong to Prometheus.
        plain = name[0] not in "_0123456789" and name not in _OURS
        return self.names.of(column, name if plain else f"by_{name}")


def _has_models(suites: Sequence[SuiteResult]) -> bool:
    return any(result.model is not None for _, evaluation in evaluated(suites) for result in evaluation.results)


def _slices(suites: Sequence[SuiteResult]) -> tuple[str, ...]:
    about: list[Mapping[str, str]] = []
    for _, evaluation in evaluated(suites):
        about += [result.by for result in evaluation.results]
        about += [comparison.by for comparison in evaluation.comparisons]
        about += [gate.by for gate in evaluation.gates]
    return tuple(dict.fromkeys(column for by in about for column in by))


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    return exact(value) if math.isfinite(value) else "+Inf" if value > 0 else "-Inf"
