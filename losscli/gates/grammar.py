"""The grammar of gates, `[MODEL/]LOSS OP LIMIT [significant] [by COL[,COL…]]`, and which numbers of a run one is about.

    rmse<=1.1    bce<=0.4 by country    rmse<=baseline+max(1%,0.01)    new/rmse<=old significant

A plain number is the double nearest to its text, as the values are that it is held against: a value that is printed as
1.1 is within `<=1.1`. A percentage is exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from losscli.binding.column_names import split, unescape
from losscli.errors import UsageError, did_you_mean

BASELINE = "baseline"
_LONGEST = 1000
# Three digits of an exponent are all that a double needs, and more could ask for a number that fills the memory.
_PLAIN = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_NUMBER = re.compile(rf"[+-]?{_PLAIN}", re.ASCII)
_AMOUNT = rf"{_PLAIN}\s*%?"
_ALLOWED = re.compile(
    rf"(?P<name>.*?)\s*(?P<sign>[+-])\s*(?P<text>max\s*\(\s*{_AMOUNT}\s*,\s*{_AMOUNT}\s*\)|{_AMOUNT})",
    re.ASCII | re.DOTALL,
)
_OPERATOR = re.compile("[<>]=?")
_REST = re.compile(r"\s*(?P<limit>.*?)(?P<significant>\s+significant)?(?:\s+by\s+(?P<by>.*))?\s*", re.DOTALL)
_FORM = "for example: rmse<=1.1 · bce<=0.4 by country · rmse<=baseline+1%; see 'losscli help gates'"


@dataclass(frozen=True)
class Tolerance:
    """How much worse is still allowed: the larger of the two, where there are two; `text` is as typed."""

    text: str = "0"
    absolute: Fraction = Fraction(0)
    relative: Fraction = Fraction(0)

    def allowance(self, baseline: Fraction) -> Fraction:
        """The same as a number."""
        return max(self.absolute, self.relative * abs(baseline))


@dataclass(frozen=True)
class Gate:
    """One gate as typed. Either `limit` is a number, or `against` names what has one: the baseline or a model.

    `about` is `[MODEL/]LOSS`. `path` and `line` say where a configuration file has the gate.
    """

    text: str
    about: str
    op: str
    limit: float | None
    against: str | None
    sign: str
    tolerance: Tolerance
    whole: str  # the limit before it was cut into name and tolerance: a model may be called a-1
    significant: bool
    by: tuple[str, ...]
    path: str | None = None
    line: int | None = None

    def error(self, message: str, hint: str | None = None) -> UsageError:
        """What is wrong with this gate."""
        return UsageError(
            f"gate '{self.text}': {message}", hint=hint, path=self.path, line=self.line, code="USAGE_BAD_GATE"
        )


def parse_gate(text: str, path: str | None = None, line: int | None = None) -> Gate:
    """Read one gate; whatever is no gate is a UsageError that shows the piece."""
    shown = text.strip()

    def wrong(message: str, hint: str = _FORM) -> UsageError:
        cut = shown if len(shown) <= 200 else f"{shown[:200]}…"
        return UsageError(f"gate '{cut}': {message}", hint=hint, path=path, line=line, code="USAGE_BAD_GATE")

    if len(shown) > _LONGEST:
        raise wrong(f"it is longer than {_LONGEST} characters")
    found = _OPERATOR.search(shown)
    if found is None:
        raise wrong("it has none of <= < >= >")
    about, op = shown[: found.start()].strip(), found[0]
    rest = _REST.fullmatch(shown, found.end())
    assert rest is not None
    limit, significant = rest["limit"].strip(), rest["significant"] is not None
    if not about:
        raise wrong(f"expected a loss before '{op}'")
    if not limit or limit == "significant":
        raise wrong(f"expected a limit after '{op}'")
    if limit.endswith((" by", "\tby")):
        raise wrong("expected a column after 'by'")
    number, against, sign, tolerance = _limit(limit, wrong)
    if significant and against is None:
        raise wrong(f"'significant' needs a baseline or a model to compare with, but {limit} is a number",
                    "name the baseline, or a model of the same run: rmse<=baseline significant")  # fmt: skip
    if significant and len(op) == 1:
        raise wrong(f"'{op}' with 'significant' is ambiguous: it could demand an improvement, or only no worsening",
                    f"write '{op}=': the gate then fails if a change for the worse is significant")  # fmt: skip
    by = () if rest["by"] is None else _columns(rest["by"], wrong)
    return Gate(shown, about, op, number, against, sign, tolerance, limit, significant, by, path, line)


def _columns(text: str, wrong: Callable[..., UsageError]) -> tuple[str, ...]:
    if re.search(r"\ssignificant\s*\Z", text):
        raise wrong("'significant' must come before 'by'")
    pieces = [unescape(piece.strip()) for piece in split(text, ",")]
    if not all(pieces):
        raise wrong(f"'by {text.strip()}' contains an empty column name")
    if len(set(pieces)) < len(pieces):
        raise wrong(f"'by {text.strip()}' names a column twice")
    return tuple(pieces)


def _limit(text: str, wrong: Callable[..., UsageError]) -> tuple[float | None, str | None, str, Tolerance]:
    """A number; or a name, and after a sign how much worse than it is allowed."""
    if _NUMBER.fullmatch(text):
        return _finite(text, wrong), None, "", Tolerance()
    if re.fullmatch(rf"[+-]?{_PLAIN}\s*%", text, re.ASCII):
        raise wrong(f"'{text}' is a percentage without a reference", f"name the reference: baseline+{text}")
    found = _ALLOWED.fullmatch(text)
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
        raise wrong(
            f"'{text}' has two of the same kind", "one must be a percentage and the other a number: max(1%,0.01)"
        )
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


# ------------------------------------------------------------------------------------------------ whom it is about


@dataclass(frozen=True)
class Scored:
    """A number that a run makes, before it is made: one loss of one model."""

    model: str | None
    spec: str
    loss: str
    direction: str

    @property
    def name(self) -> str:
        """As it stands in gates and messages."""
        return self.spec if self.model is None else f"{self.model}/{self.spec}"


@dataclass(frozen=True)
class Bound:
    """A gate on one model's loss; `against` is BASELINE or the model that has the limit, None for a plain number."""

    gate: Gate
    scored: Scored
    against: str | None
    tolerance: Tolerance

    @property
    def sign(self) -> int:
        """+1 where lower is better."""
        return 1 if self.scored.direction == "lower" else -1


def slices_of(gates: Iterable[Gate], by: Sequence[str]) -> tuple[str, ...]:
    """The columns that the run is cut by: as it was told, else as its gates say, which must agree."""
    found = tuple(by)
    for gate in gates:
        if gate.by and not found:
            found = gate.by
        elif gate.by and set(gate.by) != set(found):
            raise gate.error(f"it needs slices by {', '.join(gate.by)}; the run has slices by {', '.join(found)}",
                             "give --by once for each column, and name the same columns after 'by'")  # fmt: skip
    return found


def bind(
    gates: Iterable[Gate], run: Sequence[Scored], by: Sequence[str], canonical: Callable[[str], str]
) -> tuple[Bound, ...]:
    """Every gate on every number that it is about, or a UsageError; `canonical` makes the spec text of any spelling."""
    models = tuple(dict.fromkeys(one.model for one in run if one.model is not None))
    bound = []
    for gate in dict.fromkeys(gates):
        if gate.by and set(gate.by) != set(by):
            raise gate.error(f"there are no slices by {', '.join(gate.by)}", "--by makes them")
        against, tolerance = _against(gate, models)
        about = [
            one for one in _about(gate, run, models, canonical) if against in (None, BASELINE) or one.model != against
        ]
        if not about:
            raise gate.error(f"it compares '{against}' with itself", "name another model before the loss: new/…")
        for one in about:
            _check_direction(gate, one, tolerance)
            if against not in (None, BASELINE) and replace(one, model=against) not in run:
                raise gate.error(f"'{against}' has no {one.spec}")
            bound.append(Bound(gate, one, against, tolerance))
    return tuple(bound)


def pairs_of(bound: Iterable[Bound]) -> tuple[tuple[str | None, str | None], ...]:
    """The comparisons (model, against) whose intervals the gates need; against BASELINE are its saved rows."""
    return tuple(dict.fromkeys((one.scored.model, one.against) for one in bound if one.gate.significant))


def _against(gate: Gate, models: Sequence[str]) -> tuple[str | None, Tolerance]:
    if gate.against is None:
        return None, gate.tolerance
    if gate.against == BASELINE and BASELINE in models:
        raise gate.error(f"'{BASELINE}' is the saved report, and a model of this run has the same name",
                         "give the model another name: -p NAME=COLS")  # fmt: skip
    if gate.whole in models:  # it is called so: what looks like a tolerance is none
        return gate.whole, Tolerance()
    if gate.against != BASELINE and gate.against not in models:
        known = (BASELINE, *models)
        limits = f"a limit is a number or one of: {', '.join(known)}"
        raise gate.error(f"'{gate.against}' is neither a number nor a model of this run",
                         did_you_mean(gate.against, known, limits))  # fmt: skip
    return gate.against, gate.tolerance


def _about(
    gate: Gate, run: Sequence[Scored], models: Sequence[str], canonical: Callable[[str], str]
) -> Sequence[Scored]:
    """The numbers that a gate is about: those of one model, or of all that have the loss."""
    exact = [one for one in run if one.name == gate.about]
    if exact:
        return exact
    # A model may have a slash in its name, and no loss has one, so any slash may be the one between them.
    cuts = [i for i, char in enumerate(gate.about) if char == "/"]
    split_up = [(gate.about[:i].strip(), gate.about[i + 1 :].strip()) for i in cuts]
    known = [(model, text) for model, text in split_up if model in models]
    if split_up and not known:
        name = split_up[-1][0]
        named = f"the models are: {', '.join(models)}" if models else "the models of this run have no names"
        raise gate.error(f"unknown model '{name}'", did_you_mean(name, models, named))
    if not known:
        return _of_loss(gate, gate.about, run, canonical)
    model, text = known[0]
    return _of_loss(gate, text, [one for one in run if one.model == model], canonical)


def _of_loss(gate: Gate, text: str, some: Sequence[Scored], canonical: Callable[[str], str]) -> Sequence[Scored]:
    """By its spec as it is, by its name where that is the only spec of it, or by another spelling of either."""
    for spell in (str, canonical):
        try:
            spelled = spell(text)
        except UsageError:
            break  # the names below are what helps, not what is wrong with a spec that nobody computes
        if found := [one for one in some if one.spec == spelled]:
            return found
        found = [one for one in some if one.loss == spelled]
        if len({one.spec for one in found}) > 1:
            specs = ", ".join(dict.fromkeys(one.spec for one in found))
            raise gate.error(f"'{text}' could be any of {specs}", "name the spec with its parameters")
        if found:
            return found
    known = tuple(dict.fromkeys(one.spec for one in some))
    raise gate.error(f"'{text}' is not computed here", did_you_mean(text, known, f"computed: {', '.join(known)}"))


def _check_direction(gate: Gate, one: Scored, tolerance: Tolerance) -> None:
    lower = one.direction == "lower"
    if gate.op.startswith("<") != lower:
        word, right = ("lower", "<=") if lower else ("higher", ">=")
        raise gate.error(f"{word} is better for {one.spec}, so with '{gate.op}' the worse model would pass",
                         f"write {gate.about}{right}{gate.whole}")  # fmt: skip
    if tolerance.text == gate.tolerance.text and gate.sign == ("-" if lower else "+"):
        right = f"{gate.against}{'+' if lower else '-'}{tolerance.text}"
        raise gate.error(f"a tolerance allows a worse value, but '{gate.sign}{tolerance.text}' demands a better one",
                         f"write {gate.about}{gate.op}{right}")  # fmt: skip
