"""The grammar of gates, `[MODEL/]LOSS OP LIMIT [TEST] [by COL[,COL…]]`, and what in a run they limit.

    rmse<=1.1    bce<=0.4 by country    rmse<=baseline+max(1%,0.01)    new/rmse<=old significant

TEST is `significant [if-enough]` or `shown`.

A plain number is the double nearest to its text, because values are doubles too: a value that is printed as 1.1 passes
`<=1.1`. A percentage is exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from losscli.binding.column_names import split, unescape
from losscli.errors import UsageError, did_you_mean
from losscli.lazy import dataclass, pattern
from losscli.results.directions import best_in_words, is_lower_better

BASELINE = "baseline"
_LONGEST = 1000
# A double needs at most three digits of exponent. With more, the exact fraction could fill the memory.
_PLAIN = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_NUMBER = pattern(rf"[+-]?{_PLAIN}", re.ASCII)
_AMOUNT = rf"{_PLAIN}\s*%?"
_WITH_TOLERANCE = pattern(
    rf"(?P<name>.*?)\s*(?P<sign>[+-])\s*(?P<text>max\s*\(\s*{_AMOUNT}\s*,\s*{_AMOUNT}\s*\)|{_AMOUNT})",
    re.ASCII | re.DOTALL,
)
_OPERATOR = pattern("[<>]=?")
_REST = pattern(
    r"\s*(?P<limit>.*?)(?:\s+(?P<test>significant|shown)(?P<enough>\s+if-enough)?)?(?:\s+by\s+(?P<by>.*))?\s*",
    re.DOTALL,
)
_TESTS = ("significant", "shown")
_FORM = "for example: rmse<=1.1 · bce<=0.4 by country · rmse<=baseline+1%; see 'losscli help gates'"


@dataclass(frozen=True)
class Tolerance:
    """How much worse than the reference is allowed: the larger of `absolute` and `relative`. `text` is as typed."""

    text: str = "0"
    absolute: Fraction = Fraction(0)
    relative: Fraction = Fraction(0)

    def allowance(self, reference: Fraction) -> Fraction:
        """The tolerance as an absolute number."""
        return max(self.absolute, self.relative * abs(reference))


@dataclass(frozen=True)
class Gate:
    """One gate as typed. Its limit is the number `limit`, or comes from `reference`: the baseline or a model.

    `subject` is `[MODEL/]LOSS`; `test` is "significant", "shown" or "", and `if_enough` says that the test is made only
    where there are enough units for one. `path` and `line` locate the gate in a configuration file.
    """

    text: str
    subject: str
    op: str
    limit: float | None
    reference: str | None
    sign: str
    tolerance: Tolerance
    limit_text: str  # before it is split into a name and a tolerance, because a model may be named a-1
    test: str
    by: tuple[str, ...]
    path: str | None = None
    line: int | None = None
    if_enough: bool = False

    def error(self, message: str, hint: str | None = None) -> UsageError:
        """An error about this gate."""
        return UsageError(
            f"gate '{self.text}': {message}", hint=hint, path=self.path, line=self.line, code="USAGE_BAD_GATE"
        )


def parse_gate(text: str, path: str | None = None, line: int | None = None) -> Gate:
    """Parse one gate; a UsageError shows the invalid part."""
    shown = text.strip()

    def wrong(message: str, hint: str = _FORM) -> UsageError:
        cut = shown if len(shown) <= 200 else f"{shown[:200]}…"
        return UsageError(f"gate '{cut}': {message}", hint=hint, path=path, line=line, code="USAGE_BAD_GATE")

    if len(shown) > _LONGEST:
        raise wrong(f"it is longer than {_LONGEST} characters")
    found = _OPERATOR.search(shown)
    if found is None:
        raise wrong("it has none of <= < >= >")
    subject, op = shown[: found.start()].strip(), found[0]
    rest = _REST.fullmatch(shown, found.end())
    assert rest is not None
    limit, test, if_enough = rest["limit"].strip(), rest["test"] or "", rest["enough"] is not None
    if not subject:
        raise wrong(f"expected a loss before '{op}'")
    if not limit or limit in _TESTS:
        raise wrong(f"expected a limit after '{op}'")
    if limit.endswith((" by", "\tby")):
        raise wrong("expected a column after 'by'")
    number, reference, sign, tolerance = _limit(limit, wrong)
    if test and reference is None:
        raise wrong(f"'{test}' needs a baseline or a model to compare with, but {limit} is a number",
                    f"name the baseline, or a model of the same run: rmse<=baseline {test}")  # fmt: skip
    if if_enough and test == "shown":
        raise wrong("'shown' fails where there are not enough rows, so 'if-enough' cannot be used with it",
                    "'significant if-enough' skips the gate where no test could tell")  # fmt: skip
    if test == "significant" and len(op) == 1:
        raise wrong(f"'{op}' with 'significant' is ambiguous: it could demand an improvement, or only no worsening",
                    f"write '{op}=': the gate then fails if a change for the worse is significant")  # fmt: skip
    by = () if rest["by"] is None else _columns(rest["by"], wrong)
    return Gate(shown, subject, op, number, reference, sign, tolerance, limit, test, by, path, line, if_enough)


def _columns(text: str, wrong: Callable[..., UsageError]) -> tuple[str, ...]:
    if found := re.search(r"\s(significant|shown|if-enough)\s*\Z", text):
        raise wrong(f"'{found[1]}' must come before 'by'")
    pieces = [unescape(piece.strip()) for piece in split(text, ",")]
    if not all(pieces):
        raise wrong(f"'by {text.strip()}' contains an empty column name")
    if len(set(pieces)) < len(pieces):
        raise wrong(f"'by {text.strip()}' names a column twice")
    return tuple(pieces)


def _limit(text: str, wrong: Callable[..., UsageError]) -> tuple[float | None, str | None, str, Tolerance]:
    """Parse a limit into a number, or into a name, a sign and a tolerance."""
    if _NUMBER.fullmatch(text):
        return _finite(text, wrong), None, "", Tolerance()
    if re.fullmatch(rf"[+-]?{_PLAIN}\s*%", text, re.ASCII):
        raise wrong(f"'{text}' is a percentage without a reference", f"name the reference: baseline+{text}")
    found = _WITH_TOLERANCE.fullmatch(text)
    cut = re.compile(rf"{BASELINE}\s*[+-]")
    if found is None or cut.match(found["name"]):
        if cut.match(text) or "%" in text:
            raise wrong(f"'{text}' does not end in a tolerance", "tolerances: +1% · +0.01 · +max(1%,0.01)")
        return None, text, "", Tolerance()
    if not found["name"]:
        raise wrong(f"'{text}' is neither a number nor a name with a tolerance", "for example: baseline+1%")
    return None, found["name"], found["sign"], _tolerance(found["text"], wrong)


def _tolerance(text: str, wrong: Callable[..., UsageError]) -> Tolerance:
    amounts = re.findall(_AMOUNT, text, re.ASCII)
    if len(amounts) == 2 and amounts[0].endswith("%") == amounts[1].endswith("%"):
        hint = "one must be a percentage and the other a number: max(1%,0.01)"
        raise wrong(f"'{text}' has two amounts of the same kind", hint)
    absolute = relative = Fraction(0)
    for amount in amounts:
        value = _finite(amount.removesuffix("%").strip(), wrong)
        if amount.endswith("%"):
            relative = Fraction(amount.removesuffix("%").strip()) / 100
        else:
            absolute = Fraction(value)
    return Tolerance(text, absolute, relative)


def _finite(text: str, wrong: Callable[..., UsageError]) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise wrong(f"'{text}' is too large for a number")
    return value


# -------------------------------------------------------------------------------------------- the numbers of a run


@dataclass(frozen=True)
class ModelLoss:
    """One loss of one model: a number that a run will compute."""

    model: str | None
    spec: str
    loss: str
    direction: str

    @property
    def name(self) -> str:
        """The name in gates and messages."""
        return self.spec if self.model is None else f"{self.model}/{self.spec}"


@dataclass(frozen=True)
class BoundGate:
    """A gate on one loss of one model; `reference` is BASELINE, a model, or None if the limit is a plain number."""

    gate: Gate
    model_loss: ModelLoss
    reference: str | None
    tolerance: Tolerance

    @property
    def sign(self) -> int:
        """+1 where lower is better."""
        return 1 if is_lower_better(self.model_loss.direction) else -1


def slice_columns(gates: Iterable[Gate], by: Sequence[str]) -> tuple[str, ...]:
    """The columns that slice the run: `by` if given, else those of the gates. All of them must agree."""
    found = tuple(by)
    for gate in gates:
        if gate.by and not found:
            found = gate.by
        elif gate.by and set(gate.by) != set(found):
            raise gate.error(f"it needs slices by {', '.join(gate.by)}; the run has slices by {', '.join(found)}",
                             "give --by once for each column, and name the same columns after 'by'")  # fmt: skip
    return found


def bind(
    gates: Iterable[Gate], run: Sequence[ModelLoss], by: Sequence[str], canonical: Callable[[str], str]
) -> tuple[BoundGate, ...]:
    """Bind every gate to each number that it limits; a gate that does not fit the run is a UsageError.

    `run` has the losses and models of the run, `by` the columns that slice it; `canonical` maps any spelling of a spec
    to its canonical text.
    """
    models = tuple(dict.fromkeys(item.model for item in run if item.model is not None))
    bound = []
    for gate in dict.fromkeys(gates):
        if gate.by and set(gate.by) != set(by):
            raise gate.error(f"there are no slices by {', '.join(gate.by)}", "--by makes them")
        reference, tolerance = _reference(gate, models)
        limited = _limited(gate, run, models, canonical)
        if reference not in (None, BASELINE):
            limited = [item for item in limited if item.model != reference]
        if not limited:
            raise gate.error(f"it compares '{reference}' with itself", "name another model before the loss: new/…")
        for model_loss in limited:
            _check_direction(gate, model_loss, tolerance)
            if reference not in (None, BASELINE) and replace(model_loss, model=reference) not in run:
                raise gate.error(f"'{reference}' has no {model_loss.spec}")
            bound.append(BoundGate(gate, model_loss, reference, tolerance))
    return tuple(bound)


def compared_pairs(bound: Iterable[BoundGate]) -> tuple[tuple[str | None, str | None], ...]:
    """The comparisons (model, reference) that the gates need; BASELINE stands for its saved row values."""
    return tuple(dict.fromkeys((item.model_loss.model, item.reference) for item in bound if item.gate.test))


def relative_margins(bound: Iterable[BoundGate]) -> tuple[Fraction, ...]:
    """The relative margins that gates with a test allow; each needs a test of its own."""
    return tuple(dict.fromkeys(i.tolerance.relative for i in bound if i.gate.test and i.tolerance.relative))


def _reference(gate: Gate, models: Sequence[str]) -> tuple[str | None, Tolerance]:
    if gate.reference is None:
        return None, gate.tolerance
    if gate.reference == BASELINE and BASELINE in models:
        raise gate.error(f"'{BASELINE}' is the saved report, and a model of this run has the same name",
                         "give the model another name: -p NAME=COLS")  # fmt: skip
    if gate.limit_text in models:  # the whole text is the name of a model, so it has no tolerance
        return gate.limit_text, Tolerance()
    if gate.reference != BASELINE and gate.reference not in models:
        known = (BASELINE, *models)
        limits = f"a limit is a number or one of: {', '.join(known)}"
        raise gate.error(f"'{gate.reference}' is neither a number nor a model of this run",
                         did_you_mean(gate.reference, known, limits))  # fmt: skip
    return gate.reference, gate.tolerance


def _limited(
    gate: Gate, run: Sequence[ModelLoss], models: Sequence[str], canonical: Callable[[str], str]
) -> Sequence[ModelLoss]:
    """The numbers that a gate limits: those of one model, or of all models that have the loss."""
    exact = [item for item in run if item.name == gate.subject]
    if exact:
        return exact
    # The name of a model may contain slashes, that of a loss cannot: any slash may be the separator.
    cuts = [i for i, char in enumerate(gate.subject) if char == "/"]
    split_up = [(gate.subject[:i].strip(), gate.subject[i + 1 :].strip()) for i in cuts]
    known = [(model, text) for model, text in split_up if model in models]
    if split_up and not known:
        name = split_up[-1][0]
        named = f"the models are: {', '.join(models)}" if models else "the models of this run have no names"
        raise gate.error(f"unknown model '{name}'", did_you_mean(name, models, named))
    if not known:
        return _of_loss(gate, gate.subject, run, canonical)
    model, text = known[0]
    return _of_loss(gate, text, [item for item in run if item.model == model], canonical)


def _of_loss(
    gate: Gate, text: str, candidates: Sequence[ModelLoss], canonical: Callable[[str], str]
) -> Sequence[ModelLoss]:
    """The numbers with this spec, or with this loss name if it is unambiguous, or with another spelling of either."""
    for spell in (str, canonical):
        try:
            spelled = spell(text)
        except UsageError:
            break  # the error below lists the specs of the run, which helps more than the error of this one
        if found := [item for item in candidates if item.spec == spelled]:
            return found
        found = [item for item in candidates if item.loss == spelled]
        if len({item.spec for item in found}) > 1:
            specs = ", ".join(dict.fromkeys(item.spec for item in found))
            raise gate.error(f"'{text}' could be any of {specs}", "name the spec with its parameters")
        if found:
            return found
    known = tuple(dict.fromkeys(item.spec for item in candidates))
    raise gate.error(f"'{text}' is not computed here", did_you_mean(text, known, f"computed: {', '.join(known)}"))


def _check_direction(gate: Gate, model_loss: ModelLoss, tolerance: Tolerance) -> None:
    lower = is_lower_better(model_loss.direction)
    if gate.op.startswith("<") != lower:
        word, right = best_in_words(model_loss.direction), "<=" if lower else ">="
        raise gate.error(f"{word} is better for {model_loss.spec}, so with '{gate.op}' the worse model would pass",
                         f"write {gate.subject}{right}{gate.limit_text}")  # fmt: skip
    if tolerance.text == gate.tolerance.text and gate.sign == ("-" if lower else "+"):
        right = f"{gate.reference}{'+' if lower else '-'}{tolerance.text}"
        raise gate.error(f"a tolerance allows a worse value, but '{gate.sign}{tolerance.text}' demands a better one",
                         f"write {gate.subject}{gate.op}{right}")  # fmt: skip
