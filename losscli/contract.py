"""What a loss is: a kernel, the words around it, and nothing else.

A loss is a function from columns to one value per unit and term. `@loss` reads everything the rest of the project
needs off one declaration: roles from the positional arguments, parameters from the keyword-only ones, words from the
docstring. The machinery asks these attributes and never a loss's name.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from losscli.errors import DataError, UsageError, did_you_mean
from losscli.kinds import Array, Kind

Value: TypeAlias = float | int | bool | str | None


@dataclass(frozen=True)
class Term:
    """A named array of values, one a unit; `where` says which units take part (None: all)."""

    values: Array
    where: Array | None = None


Terms: TypeAlias = dict[str, Term]


@dataclass(frozen=True)
class Param:
    """The words and the range of one parameter; `gt`, `ge`, `lt`, `le` bound it."""

    help: str
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    @property
    def range(self) -> str:
        """The bounds in words: "> 0", ">= 0 and <= 1", or "" where there are none."""
        signs = (("> ", self.gt), (">= ", self.ge), ("< ", self.lt), ("<= ", self.le))
        return " and ".join(f"{sign}{bound:g}" for sign, bound in signs if bound is not None)

    def allows(self, value: float) -> bool:
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )


@dataclass(frozen=True)
class Parameter:
    """One keyword argument of a loss: its type, default and bounds."""

    name: str
    type: Literal["float", "int", "bool", "choice"]
    default: Value
    param: Param
    choices: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Role:
    """One positional argument of a loss: the kinds of column that may play it."""

    name: str
    kinds: tuple[Kind, ...]
    optional: bool = False


Scope: TypeAlias = Literal["row", "group", "table"]
Unit: TypeAlias = Literal["row", "pair", "group", "element"]


class Loss:
    """A kernel with its declaration; calling it gives the values, `gradient(role, …)` the slopes."""

    def __init__(self, kernel: Callable[..., Any], **declared: Any) -> None:
        functools.update_wrapper(self, kernel)
        self.kernel = kernel
        self.name: str = kernel.__name__
        self.family: str = kernel.__module__.rpartition(".")[2]
        self.formula: str = inspect.cleandoc(declared["formula"])
        self.cite: str = declared["cite"]
        self.same_as: dict[str, str] = dict(declared["same_as"])
        self.aliases: tuple[str, ...] = tuple(declared["aliases"])
        self.scope: Scope = declared["scope"]
        self.unit: Unit = declared["unit"]
        self.direction: Literal["lower", "higher"] = declared["direction"]
        self.optimum: float | None = declared["optimum"]
        self.revision: int = declared["revision"]
        self.reduction: Literal["mean", "sum"] = declared["reduction"]
        # A term that is another loss's only term names that loss, so that one tally serves them both.
        self.shares: dict[str, Loss] = dict(declared["shares"])
        self.gradients: dict[str, Callable[..., Any]] = {}
        self._combine: Callable[..., Any] | None = None
        self.summary, self.notes, self.example = _words(kernel.__doc__ or "")
        self.roles, self.params = _arguments(kernel)

    def __repr__(self) -> str:
        return f"<loss {self.name}>"

    @property
    def source_roles(self) -> tuple[Role, ...]:
        """The roles that rows play: all but the matrices, which are read whole from their own file."""
        return tuple(role for role in self.roles.values() if role.kinds[0].shape != "matrix")

    def combinations(self) -> list[tuple[Kind, ...]]:
        """Every choice of one kind a role in which the sides belong together, in declared order.

        Class probabilities or logits face classes or a distribution, never a number; a class faces such a side
        wherever the loss has one.
        """
        carries = any(kind.classes for role in self.roles.values() for kind in role.kinds)

        def belong(kinds: tuple[Kind, ...]) -> bool:
            carriers = sum(kind.classes for kind in kinds)
            speakers = sum(kind.shape == "class" for kind in kinds)
            return carriers + speakers >= 2 if carriers else not (speakers and carries)

        return [c for c in itertools.product(*(role.kinds for role in self.roles.values())) if belong(c)]

    @property
    def own_combine(self) -> bool:
        """Whether the value is something else than the sum of the term means."""
        return self._combine is not None

    # -- declaring -----------------------------------------------------------------------------------------------

    def value(self, combine: Callable[..., Any]) -> Callable[..., Any]:
        """Declare how term means make the number: `@rmse.value`. Only +, -, *, /, **, sqrt, exp and log."""
        self._combine = combine
        return combine

    @overload
    def gradient(self, role: str, /) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
    @overload
    def gradient(self, role: str, /, *columns: Any, **params: Any) -> Any: ...
    def gradient(self, role: str, /, *columns: Any, **params: Any) -> Any:
        """Declare the slope by `role` (no further argument: a decorator), or compute it (columns and parameters).

        Row scope: the slope of each value by its own row. Group scope: the sum of upstream * slope, where
        `upstream` is one factor a value (default 1).
        """
        if columns or params:
            return self._slopes(role, columns, params)

        def declare(slope: Callable[..., Any]) -> Callable[..., Any]:
            self.gradients[role] = slope
            return slope

        return declare

    # -- computing -----------------------------------------------------------------------------------------------

    def __call__(self, *columns: Any, **params: Any) -> Any:
        """The values, one a unit: an array, or a dict of `Term` where the loss has several terms."""
        arrays, settled = self._door(columns, params)
        with np.errstate(all="ignore"):
            return self.kernel(*arrays, **settled)

    def terms(self, arrays: tuple[Array | None, ...], params: Mapping[str, Value]) -> Terms:
        """The kernel's answer under one form: term name -> Term. Trusts its input."""
        return as_terms(self.kernel(*arrays, **params))

    def combine(self, means: Mapping[str, Any], params: Mapping[str, Value]) -> Any:
        """The number that the term means make."""
        if self._combine is None:
            return sum(means[name] for name in means)
        wanted = inspect.signature(self._combine).parameters
        return self._combine(**means, **{name: params[name] for name in params if name in wanted})

    def settle(self, params: Mapping[str, Any]) -> dict[str, Value]:
        """All parameters with their values; a wrong name, type or range is a UsageError."""
        for name in params:
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                raise UsageError(
                    f"'{self.name}' has no parameter '{name}'",
                    hint=did_you_mean(name, self.params, f"its parameters: {known}"),
                )
        return {
            name: check_param(self.name, spec, params[name]) if name in params else spec.default
            for name, spec in self.params.items()
        }

    def _door(self, columns: tuple[Any, ...], params: Mapping[str, Any]) -> tuple[list[Array | None], dict[str, Value]]:
        by_name = {name: params[name] for name in params if name in self.roles}
        settled = self.settle({name: params[name] for name in params if name not in self.roles})
        given: dict[str, Any] = dict(zip(self.roles, columns, strict=False)) | by_name
        for role in self.roles.values():
            if given.get(role.name) is None and not role.optional:
                raise UsageError(f"'{self.name}' needs '{role.name}'")
        arrays = self._arrays(given)
        lengths = {
            len(a)
            for a, r in zip(arrays, self.roles.values(), strict=True)
            if a is not None and r.kinds[0].shape != "matrix"
        }
        if len(lengths) > 1:
            raise DataError(f"'{self.name}' got columns of different lengths: {sorted(lengths)}")
        return arrays, settled

    def _arrays(self, given: Mapping[str, Any]) -> list[Array | None]:
        """The columns as the first combination of kinds whose shapes they have; then their values are checked."""
        problem: DataError | None = None
        for kinds in self.combinations():
            chosen = dict(zip(self.roles, kinds, strict=True))
            arrays: dict[str, Array | None] = {}
            try:
                for name, kind in chosen.items():
                    arrays[name] = None if given.get(name) is None else kind.array(given[name])
            except (TypeError, ValueError) as error:
                problem = problem or DataError(f"'{name}' of '{self.name}': {error}")
                continue
            for name, array in arrays.items():
                bad = None if array is None else chosen[name].first_bad(array)
                if bad is not None:
                    raise DataError(f"'{name}' of '{self.name}': row {bad[0] + 1} is {bad[1]}, not {chosen[name].says}")
            return list(arrays.values())
        assert problem is not None
        raise problem

    def _slopes(self, role: str, columns: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if role not in self.gradients:
            known = ", ".join(self.gradients) or "none"
            raise UsageError(f"'{self.name}' has no gradient by '{role}'", hint=f"it has: {known}")
        upstream = params.pop("upstream", None)
        arrays, settled = self._door(columns, params)
        with np.errstate(all="ignore"):
            if self.scope == "row":
                return self.gradients[role](*arrays, **settled)
            if upstream is None:
                terms = self.terms(tuple(arrays), settled)
                upstream = {name: np.ones(len(term.values)) for name, term in terms.items()}
                upstream = upstream["loss"] if set(upstream) == {"loss"} else upstream
            return self.gradients[role](*arrays, upstream=upstream, **settled)


def as_terms(answer: Any) -> Terms:
    """A kernel's answer as a dict of terms: a lone array or Term is the term called "loss"."""
    if isinstance(answer, dict):
        return answer
    return {"loss": answer if isinstance(answer, Term) else Term(answer)}


def check_param(loss_name: str, spec: Parameter, value: Any) -> Value:
    """`value` as the parameter's type, within its range, or a UsageError that says both."""
    if value is None and spec.optional:
        return None
    where = f"'{spec.name}' of '{loss_name}'"
    if spec.type == "choice":
        if value not in spec.choices:
            raise UsageError(
                f"{where} is one of {', '.join(spec.choices)}; got '{value}'",
                hint=did_you_mean(str(value), spec.choices),
            )
        return str(value)
    if spec.type == "bool":
        if not isinstance(value, (bool, np.bool_)):
            raise UsageError(f"{where} is true or false; got {value!r}")
        return bool(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise UsageError(f"{where} is a number; got {value!r}")
    if spec.type == "int" and float(value) != int(value):
        raise UsageError(f"{where} is a whole number; got {value!r}")
    number = int(value) if spec.type == "int" else float(value)
    if not spec.param.allows(number):
        raise UsageError(f"{where} must be {spec.param.range}; got {number:g}")
    return number


REGISTRY: dict[str, Loss] = {}
ALIASES: dict[str, str] = {}


def loss(
    *,
    formula: str,
    cite: str,
    same_as: Mapping[str, str] | None = None,
    aliases: tuple[str, ...] = (),
    scope: Scope = "row",
    unit: Unit = "row",
    direction: Literal["lower", "higher"] = "lower",
    optimum: float | None = 0.0,
    revision: int = 1,
    reduction: Literal["mean", "sum"] = "mean",
    shares: Mapping[str, Loss] | None = None,
) -> Callable[[Callable[..., Any]], Loss]:
    """Declare a loss; see CONTRIBUTING.md for what each word becomes.

    `optimum` is the value at a perfect prediction, None where it depends on the data. `reduction="sum"` is for
    losses that are a sum by definition (penalties) whatever the run asks for. `shares` names terms that are another
    loss's only term with the same roles and no parameters: they are computed and added up once.
    """
    declared = {
        "formula": formula, "cite": cite, "same_as": same_as or {}, "aliases": aliases, "scope": scope,
        "unit": unit, "direction": direction, "optimum": optimum, "revision": revision,
        "reduction": reduction, "shares": shares or {},
    }  # fmt: skip

    def declare(kernel: Callable[..., Any]) -> Loss:
        made = Loss(kernel, **declared)
        for name in (made.name, *made.aliases):
            if name in REGISTRY or name in ALIASES:
                raise UsageError(f"two losses are called '{name}'")
        REGISTRY[made.name] = made
        ALIASES.update(dict.fromkeys(made.aliases, made.name))
        return made

    return declare


def _words(doc: str) -> tuple[str, str, str]:
    """A docstring's first line, the rest, and its example."""
    text = inspect.cleandoc(doc)
    prose, mark, example = text.partition(">>>")
    summary, _, notes = prose.partition("\n")
    return summary.strip(), notes.strip(), (mark + example).strip()


def _arguments(kernel: Callable[..., Any]) -> tuple[dict[str, Role], dict[str, Parameter]]:
    hints = typing.get_type_hints(kernel, include_extras=True)
    roles, params = {}, {}
    for name, argument in inspect.signature(kernel).parameters.items():
        if argument.kind is inspect.Parameter.KEYWORD_ONLY:
            params[name] = _parameter(name, hints[name], argument.default)
        else:
            kinds = tuple(k for part in _parts(hints[name]) for k in getattr(part, "__metadata__", ()))
            roles[name] = Role(name, kinds, optional=argument.default is None)
    return roles, params


def _parameter(name: str, hint: Any, default: Value) -> Parameter:
    plain, param = hint.__origin__, hint.__metadata__[0]
    options = _parts(plain)
    optional = types.NoneType in options
    (option,) = [o for o in options if o is not types.NoneType]
    if typing.get_origin(option) is Literal:
        return Parameter(name, "choice", default, param, typing.get_args(option), optional)
    return Parameter(name, option.__name__, default, param, (), optional)


def _parts(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
