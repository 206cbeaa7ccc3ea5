"""`huber:delta=2`, `bce@keras`, `total=0.7*mse+0.3*mae`, `1-zero_one`  <->  losses with all their parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Literal, cast, get_args

from losscli.binding.spec_text import column_parameter, cut, signed
from losscli.contract.history import NaiveForecast, take_naive_forecast
from losscli.contract.loss import Loss, Parameter, Value
from losscli.contract.presets import DivideBy
from losscli.contract.row_parameters import ColumnParameter
from losscli.contract.sibling_names import OF_CLASSES
from losscli.errors import UsageError, did_you_mean
from losscli.lazy import dataclass, pattern

_NAME = pattern(r"([A-Za-z_][\w.-]*)=")
_NUMBER = pattern(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)  # float() would take 1_0 and nan too
_FACTOR = pattern(r"([^*:@={]+)\*")
_DIVIDE_BY = "divide_by"  # every loss takes it beside its parameters: what its mean is divided by


@dataclass(frozen=True)
class LossSpec:
    """One loss with a value for every parameter.

    `divide_by` is what a preset, or the text, says of weights (None: as the run says). `presets` are the libraries
    that the text named: what they cannot follow is refused, and nothing else asks for them. `unset` are the parameters
    that the text left open though names of columns may say them. `history` is which naive forecast gives the roles
    that are taken of a table of past values, where the text says so.
    """

    loss: Loss
    params: Mapping[str, Value]
    divide_by: DivideBy | None = None
    presets: tuple[str, ...] = field(default=(), compare=False)
    unset: tuple[str, ...] = field(default=(), compare=False)
    history: NaiveForecast | None = None

    def __hash__(self) -> int:
        return hash((self.loss.name, self.full))

    @property
    def kernel(self) -> LossSpec:
        """What its values depend on: the loss and its parameters, not how values make the number."""
        plain = self.divide_by is None and not self.presets and not self.unset and self.history is None
        return self if plain else LossSpec(self.loss, self.params)

    @property
    def row_parameters(self) -> dict[str, str]:
        """The parameters of which each row has its own value, with their columns."""
        return {name: value.column for name, value in self.params.items() if isinstance(value, ColumnParameter)}

    @property
    def written_params(self) -> dict[str, float | int | bool | str | None]:
        """The parameters as reports show them; a column and several numbers as their text."""
        texts = (ColumnParameter, tuple)
        return {n: plain(v) if isinstance(v, texts) else v for n, v in self.params.items()}

    @property
    def text(self) -> str:
        """The shortest text that gives this loss: only parameters that differ from their defaults."""
        changed = [n for n, v in self.params.items() if v != self.loss.params[n].default]
        return self._text(changed, [*self._history, *([f"{_DIVIDE_BY}={self.divide_by}"] if self.divide_by else [])])

    @property
    def full(self) -> str:
        """The text with every parameter of the loss."""
        return self._text(list(self.params), self._history)

    @property
    def _history(self) -> list[str]:
        return [] if self.history is None else self.history.settings

    def _text(self, names: Iterable[str], more: Iterable[str] = ()) -> str:
        settings = ",".join([*(f"{name}={plain(self.params[name])}" for name in names), *more])
        return self.loss.name + (f":{settings}" if settings else "")


@dataclass(frozen=True)
class Spec:
    """What one -l asks for: a loss, or a composite loss: a weighted sum of several, and a constant, under a name."""

    parts: tuple[tuple[float, LossSpec], ...]
    name: str | None = None  # None: one loss, under its own name
    constant: float = 0.0  # what a composite loss adds to the sum of its parts, once

    @property
    def is_composite(self) -> bool:
        """Whether it is a composite loss; its name is its text if the user gave none."""
        return self.name is not None

    @property
    def direction(self) -> Literal["lower", "higher", "zero"]:
        """Which way is better. A factor below 0 turns it around; where parts disagree, it is that of the losses."""
        if self.parts[0][1].loss.direction == "zero":  # it stands alone
            return "zero"
        turned = {(part.loss.direction == "lower") == (factor >= 0) for factor, part in self.parts}
        lower = turned.pop() if len(turned) == 1 else self.parts[0][1].loss.direction == "lower"
        return "lower" if lower else "higher"

    @property
    def text(self) -> str:
        """The canonical text: parameters that have their defaults are left out."""
        return self._text([part.text for _, part in self.parts])

    @property
    def full(self) -> str:
        """The canonical text with all parameters."""
        return self._text([part.full for _, part in self.parts])

    def _text(self, texts: list[str]) -> str:
        if self.name is None:
            return texts[0]
        factors = [factor for factor, _ in self.parts]
        terms = [text if f == 1 else f"{plain(f)}*{text}" for f, text in zip(factors, texts, strict=True)]
        if not self.constant:
            total = "+".join(terms)
        else:  # a sum without a constant keeps the text that saved reports have: mse+-1*mae
            minus = ["-" + term.removeprefix("-").removeprefix("1*") for term in terms]
            total = plain(self.constant) + "".join(
                away if factor < 0 else f"+{term}" for factor, term, away in zip(factors, terms, minus, strict=True)
            )
        return total if total == self.name else f"{self.name}={total}"


def parse(text: str) -> Spec:
    """Read one spec; unknown names, presets, parameters and values out of range are UsageErrors."""
    stripped = text.strip()
    named = _NAME.match(stripped)
    body = stripped[named.end() :] if named else stripped
    pieces = signed(body)
    if any(not piece.strip() for _, piece in pieces):
        raise UsageError(
            f"'{text}' is not a valid loss: a component is empty",
            hint="for example: huber:delta=2, 0.7*mse+0.3*mae",
            code="USAGE_BAD_PARAMETER",
        )
    numbers = [sign + piece.strip() for sign, piece in pieces if _NUMBER.fullmatch(piece.strip())]
    constant = _constant(numbers, len(pieces), text) if numbers else 0.0
    parts = tuple(_part(sign, piece.strip(), text) for sign, piece in pieces if not _NUMBER.fullmatch(piece.strip()))
    _check_directions(parts, constant, text)
    if named:
        from losscli.losses import names

        if named[1] in names():
            raise UsageError(
                f"a composite loss cannot be named '{named[1]}', which is the name of a loss",
                hint="choose another name",
                code="USAGE_BAD_PARAMETER",
            )
        return Spec(parts, named[1], constant)
    if len(parts) == 1 and parts[0][0] == 1 and not constant and not _FACTOR.match(body):
        return Spec(parts)
    unnamed = Spec(parts, "", constant)
    return Spec(parts, unnamed.text.removeprefix("="), constant)


def _constant(numbers: Sequence[str], pieces: int, text: str) -> float:
    """The constant of a sum, of the texts of its components that are numbers, with their signs."""
    if len(numbers) == pieces:
        raise UsageError(f"'{text}' has no loss: it is a number", hint="add a loss to it, or subtract one: 1-zero_one",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    if len(numbers) > 1:
        raise UsageError(f"'{text}' has several constants", hint="write their sum in the place of one",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    sign, number = numbers[0][0], float(numbers[0][1:])
    if not math.isfinite(number):
        raise UsageError(f"the constant of '{text}' is beyond the largest double", code="USAGE_BAD_PARAMETER")
    return 0.0 if not number else -number if sign == "-" else number


def _check_directions(parts: Sequence[tuple[float, LossSpec]], constant: float, text: str) -> None:
    """A sum of a loss and a score that pull apart is better neither lower nor higher.

    Of losses alone, one may be subtracted from another, as an objective does; with a constant, such a sum is a score
    and a loss: 1 - zero_one is the accuracy.
    """
    declared = {part.loss.direction for _, part in parts}
    if "zero" in declared and (len(parts) > 1 or constant):
        name = next(part.loss.name for _, part in parts if part.loss.direction == "zero")
        raise UsageError(
            f"'{text}' is better neither lower nor higher: '{name}' is best at 0, on neither side of it",
            hint=f"score it beside the others: -l {name}",
            code="USAGE_BAD_PARAMETER",
        )
    apart = len({(part.loss.direction == "lower") == (factor >= 0) for factor, part in parts}) == 2
    if constant and apart and len(declared) == 1:
        raise UsageError(
            f"'{text}' is better neither lower nor higher: with a constant, a loss that is subtracted makes a score,"
            " and one that is added does not",
            hint="leave out the constant, or give all factors one sign",
            code="USAGE_BAD_PARAMETER",
        )
    if len(declared) == 2 and apart:
        higher = next(part.loss.name for _, part in parts if part.loss.direction == "higher")
        raise UsageError(
            f"'{text}' is better neither lower nor higher: '{higher}' is a score, of which higher is better",
            hint=f"subtract the score: write its factor as -1*{higher}",
            code="USAGE_BAD_PARAMETER",
        )


def settled(specs: Iterable[Spec], divide_by: DivideBy | None, *, weighted: bool) -> tuple[Spec, ...]:
    """The specs of a run, each once. Where the run says what a mean is divided by, or has no weights, they do not."""
    found: dict[Spec, Spec] = {}
    for spec in specs:
        keeps = weighted and divide_by is None
        own = spec if keeps else with_parts(spec, [(f, replace(part, divide_by=None)) for f, part in spec.parts])
        if own in found:  # the same number by another name: what either preset refuses is refused
            known = found[own].parts
            parts = [(f, replace(part, presets=tuple(dict.fromkeys((*old.presets, *part.presets))),
                                 unset=old.unset or part.unset))
                     for (f, part), (_, old) in zip(own.parts, known, strict=True)]  # fmt: skip
            own = replace(own, parts=tuple(parts))
        found[own] = own
    return tuple(found.values())


def set_everywhere(specs: Iterable[Spec], name: str, value: Value) -> tuple[Spec, ...]:
    """The specs with one parameter at this value wherever a loss has it; where none has, a UsageError."""
    specs = tuple(specs)
    if not any(name in part.params for spec in specs for _, part in spec.parts):
        asked = ", ".join(dict.fromkeys(part.loss.name for spec in specs for _, part in spec.parts))
        from losscli.losses import every

        having = ", ".join(other.name for other in every().values() if name in other.params)
        raise UsageError(f"none of the losses has a parameter '{name}': {asked}",
                         hint=f"these have it: {having}; remove --{name} for others",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    return tuple(_set(spec, name, value) for spec in specs)


def _set(spec: Spec, name: str, value: Value) -> Spec:
    return with_parts(spec, [
        (factor, replace(part, params=part.loss.settle({**part.params, name: value})) if name in part.params else part)
        for factor, part in spec.parts
    ])  # fmt: skip


def with_parts(spec: Spec, changed: Iterable[tuple[float, LossSpec]]) -> Spec:
    """The spec with other parts, which are those of a composite loss in their order."""
    parts = tuple(changed)
    # A composite loss without a name of its own has its text for a name, which changes with the parameter.
    unnamed = spec.is_composite and spec.name == replace(spec, name="").text.removeprefix("=")
    own = replace(spec, parts=parts)
    return replace(own, name=replace(own, name="").text.removeprefix("=")) if unnamed else own


def _part(sign: str, piece: str, whole: str) -> tuple[float, LossSpec]:
    turned = -1.0 if sign == "-" else 1.0
    match = _FACTOR.match(piece)
    if not match:
        return turned, parse_loss(piece)
    factor = float(match[1]) if _NUMBER.fullmatch(match[1].strip()) else math.nan
    if not math.isfinite(factor):
        raise UsageError(
            f"'{match[1]}' in '{whole}' is not a number",
            hint="write a composite loss as 0.7*mse+0.3*mae",
            code="USAGE_BAD_PARAMETER",
        )
    return turned * factor, parse_loss(piece[match.end() :])


def parse_loss(text: str) -> LossSpec:
    """Read `name`, `name@library`, `name:param=value,…`."""
    head, colon, settings = text.strip().partition(":")
    name, at, library = head.strip().partition("@")
    loss = _of_classes(find(name), settings)
    params: dict[str, Value] = {}
    divide_by: DivideBy | None = None
    if at:
        if library not in loss.same_as:
            known = ", ".join(sorted(loss.same_as)) or "none"
            raise UsageError(
                f"'{loss.name}' has no library preset '{library}'",
                hint=did_you_mean(library, loss.same_as, f"its presets: {known}"),
                code="USAGE_BAD_PARAMETER",
            )
        preset = loss.same_as[library]
        params |= read_params(loss, preset.settings)
        divide_by = None if preset.divide_by == "weight" else preset.divide_by
    if colon and not settings.strip():
        raise UsageError(
            f"'{text}' ends in a colon",
            hint=f"write its parameters after the colon: {loss.name}:{example(loss)}",
            code="USAGE_BAD_PARAMETER",
        )
    params |= read_params(loss, settings)
    if _DIVIDE_BY in params and _DIVIDE_BY not in loss.params:
        divide_by = _read_divide_by(loss, params.pop(_DIVIDE_BY))
    history = take_naive_forecast(loss.name, params) if loss.from_history else None
    unset = tuple(n for n, spec in loss.params.items() if spec.param.level_of is not None and n not in params)
    return LossSpec(loss, loss.settle(params), divide_by, (library,) if at else (), unset, history)


def _of_classes(loss: Loss, settings: str) -> Loss:
    """The same loss of several classes, where a parameter is set that only this one has: f1:average=macro."""
    given = {piece.partition("=")[0].strip() for piece in cut(settings, ",")} - {*loss.params, ""}
    if not given:
        return loss
    from losscli import losses

    known = OF_CLASSES + loss.name in losses.names()
    several = losses.find(OF_CLASSES + loss.name) if known else None
    return several if several is not None and given & {*several.params} else loss


def _read_divide_by(loss: Loss, value: Value) -> DivideBy:
    if value not in get_args(DivideBy):
        raise UsageError(
            f"'{_DIVIDE_BY}' of '{loss.name}' must be one of {', '.join(get_args(DivideBy))}; got '{value}'",
            hint=did_you_mean(str(value), get_args(DivideBy)),
            code="USAGE_BAD_PARAMETER",
        )
    return cast("DivideBy", value)


def find(name: str) -> Loss:
    """The loss of that name or alias."""
    from losscli import losses  # here, so that reading this module stays cheap

    found = losses.find(name)
    if found is None:
        from losscli.losses._tasks import elsewhere

        raise UsageError(
            f"unknown loss '{name}'",
            hint=elsewhere([name]) or did_you_mean(name, losses.names(), "'losscli list' shows all"),
            value=name,
            code="USAGE_UNKNOWN_LOSS",
        )
    return found


def read_params(loss: Loss, text: str) -> dict[str, Value]:
    """`delta=2,margin=0.5` as values of the types that the loss declares."""
    params: dict[str, Value] = {}
    for setting in filter(None, (piece.strip() for piece in cut(text, ","))):
        name, equals, value = (word.strip() for word in setting.partition("="))
        if not equals or not value:
            raise UsageError(
                f"'{setting}' does not set a parameter of '{loss.name}'",
                hint="write name=value",
                code="USAGE_BAD_PARAMETER",
            )
        if name in params:
            raise UsageError(f"'{name}' of '{loss.name}' is set twice", code="USAGE_BAD_PARAMETER")
        column = column_parameter(value, setting)
        params[name] = column or (_value(loss.params[name], value) if name in loss.params else value)
    return params


def _value(spec: Parameter, text: str) -> Value:
    """The text as the parameter's type; a text that is none of it goes on, and the check says what is wrong."""
    if spec.type == "choice":
        return text
    if spec.type == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    if spec.type == "numbers" and all(_NUMBER.fullmatch(piece.strip()) for piece in text.split("|")):
        return tuple(float(piece) for piece in text.split("|"))
    if text.lower() == "none" and spec.optional:
        return None
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return int(number) if spec.type == "int" and number.is_integer() else number


def example(loss: Loss) -> str:
    """A setting to show in a hint."""
    shown = ((name, "0.1|0.5|0.9" if p.type == "numbers" else plain(p.default)) for name, p in loss.params.items())
    return next((f"{name}={value}" for name, value in shown), "(it has no parameters)")


def plain(value: Value) -> str:
    """A parameter's value as one writes it: shortest form that reads back the same, no .0."""
    if value is None:
        return "none"
    if isinstance(value, ColumnParameter):
        return value.text
    if isinstance(value, tuple):
        return "|".join(map(plain, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    return str(value)
