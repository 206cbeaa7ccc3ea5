"""`-o mlflow=RUN`, `-o wandb=RUN`: what tracking servers log of results, whichever they are."""

from __future__ import annotations

import contextlib
import io
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import ClassVar, TypeVar

from losscli._version import __version__
from losscli.cli.destinations import Destination
from losscli.errors import Code, FileError, UsageError
from losscli.io.remote.address import with_redacted_urls
from losscli.lazy import dataclass, pattern
from losscli.report import renderer
from losscli.report.naming import UniqueNames, display_name, marked, nonfinite_results, safe_name
from losscli.report.suites import evaluated, status
from losscli.results import ComparisonResult, Evaluation, GateResult, LossResult, SuiteResult

_DISALLOWED = pattern(r"[^\w. :-]|^\.\.?$")  # what MLflow has no place for in names, and / joins them
_LONGEST = 200  # characters of a part of a name
_NAME = 250  # characters of a name, which MLflow refuses beyond
_NAMED = 5  # of the results that are left out

Value = TypeVar("Value")


@dataclass(frozen=True)
class Logged:
    """What is logged of results.

    Attributes
    ----------
    metrics : dict[str, float]
        Finite numbers: values, the ends of confidence intervals, differences of models, rows, and gates as 1 and 0.
    tags : dict[str, str]
        Texts: how it ended, the verdicts of gates and comparisons, the files that were read.
    page, document : str
        The HTML report, and the JSON report.
    omitted : tuple[str, ...]
        The results that are not finite, in words.
    """

    metrics: dict[str, float]
    tags: dict[str, str]
    page: str
    document: str
    omitted: tuple[str, ...]


class TrackedRun(Destination):
    """A run on a tracking server.

    Attributes
    ----------
    run : str
        Its name or id.
    module, extra : str
        The package that talks to the server, and the extra of losscli that brings it.
    setting : str
        How to say which server it is.
    """

    module: ClassVar[str]
    extra: ClassVar[str]
    setting: ClassVar[str]
    like = "html"

    def __init__(self, text: str) -> None:
        word, _, self.run = text.partition("=")
        text = with_redacted_urls(text)
        if word != self.extra or not self.run:
            raise UsageError(f"-o {text} names no run", hint=f"-o {self.extra}=RUN", code="USAGE_INCOMPLETE")
        if find_spec(self.module) is None:
            raise UsageError(f"-o {text} needs {self.extra}", hint=f"pip install 'losscli[{self.extra}]'",
                             code="USAGE_MISSING_PACKAGE")  # fmt: skip

    @abstractmethod
    def log(self, found: Logged) -> None:
        """Send it; errors of the package are made ours by `asked`."""

    def write(self, suites: Sequence[SuiteResult]) -> list[str]:
        """Send the results."""
        found = logged(suites)
        self.log(found)
        some, more = found.omitted[:_NAMED], len(found.omitted) - _NAMED
        said = "; ".join([*some, *([f"and {more} more"] if more > 0 else [])])
        return [f"{self.extra} gets no values that are not finite: {said}"] if some else []

    def asked(self, ask: Callable[[], Value], code: Code = "IO_NETWORK", hint: str | None = None) -> Value:
        """What the package answers. Its errors are ours, and what it prints is not among the results."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return ask()
        except Exception as error:  # of its own, of the libraries below it, of the operating system
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise FileError(f"{self.extra}: {first}", hint=hint or self.setting, code=code) from error


def logged(suites: Sequence[SuiteResult]) -> Logged:
    """What there is to log of a run, or of the suites of a check."""
    metrics: dict[str, float] = {}
    tags = {"losscli/version": __version__, "losscli/status": status(suites)}
    names, omitted = UniqueNames(), []
    for suite, evaluation in evaluated(suites):
        front = [] if suite is None else [_safe(suite)]
        for pieces, number in _numbers(evaluation):
            if math.isfinite(number):
                metrics[names.name((suite, pieces), _joined(*front, *pieces))] = float(number)
        for pieces, text in _texts(evaluation):
            tags[_joined("losscli", *front, *pieces)] = text
        omitted += nonfinite_results(evaluation)
    for one in suites:
        if one.error is not None:
            tags[_joined("losscli", *([] if one.name is None else [_safe(one.name)]), "error")] = one.error.message
    page, document = (renderer(format).render_file(suites) for format in ("html", "json"))
    return Logged(metrics, tags, page, document, tuple(omitted))


def _numbers(evaluation: Evaluation) -> Iterator[tuple[tuple[str, ...], float]]:
    for result in evaluation.results:
        yield from _with_interval(_subject(result.model, result), result.value, result)
    for pair in evaluation.comparisons:
        subject = _subject(f"{pair.model} vs {pair.against}", pair)
        yield from _with_interval((*subject[:-1], f"{subject[-1]}.difference"), pair.difference, pair)
    for name in ("read", "used", "dropped"):
        yield ("rows", name), getattr(evaluation.rows, name)
    for gate in evaluation.gates:
        if gate.state in ("passed", "failed"):
            yield _gate_name(gate), float(gate.state == "passed")


def _texts(evaluation: Evaluation) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("sources",), ", ".join(source.path for source in evaluation.sources)
    for gate in evaluation.gates:
        yield _gate_name(gate), f"{gate.state} {gate.gate}: {gate.reason}"
    for pair in evaluation.comparisons:
        yield _subject(f"{pair.model} vs {pair.against}", pair), pair.verdict


def _with_interval(
    subject: tuple[str, ...], value: float, found: LossResult | ComparisonResult
) -> Iterator[tuple[tuple[str, ...], float]]:
    yield subject, value
    for end, number in zip(("low", "high"), found.interval or (), strict=False):
        yield (*subject[:-1], f"{subject[-1]}.{end}"), number


def _subject(model: str | None, found: LossResult | ComparisonResult) -> tuple[str, ...]:
    """The model, the slice, then the loss: no name is the beginning of another, up to a slash, as folders need it."""
    named = display_name(found) if isinstance(found, LossResult) else found.spec
    return (*([] if model is None else [_safe(model)]), *_slice(found.by), _safe(named))


def _gate_name(gate: GateResult) -> tuple[str, ...]:
    return ("gate", *([] if gate.model is None else [_safe(gate.model)]), *_slice(gate.by), _safe(gate.gate))


def _slice(by: Mapping[str, str]) -> list[str]:
    """A slice as one piece of a name."""
    return [" ".join(f"{_safe(name)}:{_safe(value)}" for name, value in by.items())] if by else []


def _joined(*pieces: str) -> str:
    name = "/".join(pieces)
    return name if len(name) <= _NAME else marked(name[: _NAME - 10], name)


def _safe(text: str) -> str:
    return safe_name(text, _DISALLOWED, text[:_LONGEST])
