"""What one declaration says: roles from the positional arguments, parameters from the keyword-only ones, words."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

from losscli.contract.kinds import Kind
from losscli.contract.number_lists import checked_numbers
from losscli.contract.row_parameters import ColumnParameter
from losscli.errors import UsageError, did_you_mean
from losscli.lazy import dataclass

Value: TypeAlias = float | int | bool | str | tuple[float, ...] | ColumnParameter | None


@dataclass(frozen=True)
class Param:
    """The words and the range of one parameter; `gt`, `ge`, `lt`, `le` bound it.

    `in_formula=False` is for one that says how near the kernel comes to the formula, which then does not name it.
    `lifts` are roles with the kind that they have instead where this parameter is not its default: with a floor under
    what is divided by, 0 is a value like others. `per_row=True` is for one that may have another value for each row,
    from a column: kernel and gradients take an array of numbers in its place. `level_of` is a role whose columns may be
    of several values of the parameter, which their names say, such as the level of a quantile; it is two roles for the
    ends of intervals. `entries_of` is, of a
    parameter that is a list of numbers, the role whose vectors have an entry for each of them; `mirrored` says that
    these are levels that face each other across 0.5, as the bounds of central intervals do, and `any_order` that the
    numbers need not ascend. `steps_of` is, of such a list, the role that counts how many of the numbers lie below it.
    `in_errors` is a usual value in robust standard deviations of the errors, of which `inspect` makes a number.
    """

    help: str
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    in_formula: bool = True
    lifts: tuple[tuple[str, Any], ...] = ()
    per_row: bool = False
    level_of: str | None = None
    entries_of: str | None = None
    mirrored: bool = False
    any_order: bool = False
    steps_of: str | None = None
    in_errors: float | None = None

    @property
    def range(self) -> str:
        """The bounds in words: "> 0", ">= 0 and <= 1", or "" where there are none."""
        signs = (("> ", self.gt), (">= ", self.ge), ("< ", self.lt), ("<= ", self.le))
        return " and ".join(f"{sign}{bound:g}" for sign, bound in signs if bound is not None)

    def allows(self, value: float) -> bool:
        """Whether the value lies within the bounds."""
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )


@dataclass(frozen=True)
class Parameter:
    """One keyword argument of a loss: its type, default and bounds; `required` is one without a default."""

    name: str
    type: Literal["float", "int", "bool", "choice", "numbers"]
    default: Value
    param: Param
    choices: tuple[str, ...] = ()
    optional: bool = False
    required: bool = False

    @property
    def entries_of(self) -> str | None:
        """The role whose vectors have an entry for each number of a list."""
        return self.param.entries_of

    @property
    def steps_of(self) -> str | None:
        """The role that counts how many numbers of a list lie below it."""
        return self.param.steps_of

    def if_unset(self, loss_name: str) -> Value:
        """The value where none is given: the default; of a required parameter None if names of columns may say it."""
        if self.required and self.param.level_of is None:
            raise self.missing(loss_name)
        return self.default

    def missing(self, loss_name: str) -> UsageError:
        """The error about a required parameter that nobody gave."""
        shown = "0.1|0.5|0.9" if self.type == "numbers" else "VALUE"
        said = " or have names of columns say them: q_0.1, lo-90, hi-90" if self.param.level_of else ""
        return UsageError(f"'{loss_name}' needs '{self.name}': {self.param.help}",
                          hint=f"write {loss_name}:{self.name}={shown}{said}", code="USAGE_BAD_PARAMETER")  # fmt: skip

    @property
    def kind(self) -> Kind:
        """What a column of values, one a row, must hold."""
        p = self.param
        low, high = (
            next((bound for bound in pair if bound is not None), None) for pair in ((p.gt, p.ge), (p.lt, p.le))
        )
        return Kind(
            self.name, f"a number {p.range}".strip(), low=-np.inf if low is None else low,
            high=np.inf if high is None else high, open_low=p.gt is not None, open_high=p.lt is not None,
        )  # fmt: skip


@dataclass(frozen=True)
class Role:
    """One positional argument of a loss: the kinds of column that may play it."""

    name: str
    kinds: tuple[Kind, ...]
    optional: bool = False


def check_param(loss_name: str, spec: Parameter, value: Any) -> Value:
    """`value` as the parameter's type, within its range, or a UsageError that says both."""
    if value is None and spec.optional:
        return None
    where = f"'{spec.name}' of '{loss_name}'"
    if isinstance(value, ColumnParameter):
        if spec.param.per_row:
            return value
        raise UsageError(f"{where} has one value for all rows, so it cannot be read from the column '{value.column}'",
                         hint=f"'losscli show {loss_name}' says which parameters rows may have",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    if spec.type == "numbers":
        return checked_numbers(where, spec.param, value)
    if spec.type == "choice":
        if value not in spec.choices:
            raise UsageError(
                f"{where} must be one of {', '.join(spec.choices)}; got '{value}'",
                hint=did_you_mean(str(value), spec.choices),
                code="USAGE_BAD_PARAMETER",
            )
        return str(value)
    if spec.type == "bool":
        if not isinstance(value, (bool, np.bool_)):
            raise UsageError(f"{where} must be true or false; got {value!r}", code="USAGE_BAD_PARAMETER")
        return bool(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise UsageError(f"{where} must be a number; got {value!r}", code="USAGE_BAD_PARAMETER")
    if spec.type == "int" and float(value) != int(value):
        raise UsageError(f"{where} must be a whole number; got {value!r}", code="USAGE_BAD_PARAMETER")
    number = int(value) if spec.type == "int" else float(value)
    if not spec.param.allows(number):
        raise UsageError(f"{where} must be {spec.param.range}; got {number:g}", code="USAGE_BAD_PARAMETER")
    return number


def words(doc: str) -> tuple[str, str, str]:
    """A docstring's first line, the rest, and its example."""
    text = inspect.cleandoc(doc)
    prose, mark, example = text.partition(">>>")
    summary, _, notes = prose.partition("\n")
    return summary.strip(), notes.strip(), (mark + example).strip()


def arguments(kernel: Callable[..., Any]) -> tuple[dict[str, Role], dict[str, Parameter]]:
    """The roles of the positional arguments and the parameters of the keyword-only ones, by name."""
    hints = typing.get_type_hints(kernel, include_extras=True)
    roles, params = {}, {}
    for name, argument in inspect.signature(kernel).parameters.items():
        if argument.kind is inspect.Parameter.KEYWORD_ONLY:
            params[name] = _parameter(name, hints[name], argument.default)
        else:
            kinds = tuple(k for part in _parts(hints[name]) for k in getattr(part, "__metadata__", ()))
            roles[name] = Role(name, kinds, optional=argument.default is None)
    return roles, params


def _parameter(name: str, hint: Any, given: Any) -> Parameter:
    plain, param = hint.__origin__, hint.__metadata__[0]
    required = given is inspect.Parameter.empty
    default: Value = None if required else given
    options = _parts(plain)
    optional = types.NoneType in options
    (option,) = [o for o in options if o is not types.NoneType]
    if typing.get_origin(option) is Literal:
        return Parameter(name, "choice", default, param, typing.get_args(option), optional, required)
    if typing.get_origin(option) is tuple:
        return Parameter(name, "numbers", default, param, (), optional, required)
    return Parameter(name, option.__name__, default, param, (), optional, required)


def _parts(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
