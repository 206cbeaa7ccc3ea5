"""What a loss is: a kernel, the words around it, and nothing else.

A loss is a function from columns to one value per unit and term. `@loss` reads everything the rest of the project
needs off one declaration: roles from the positional arguments, parameters from the keyword-only ones, words from the
docstring. The machinery asks these attributes and never a loss's name.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from losscli.contract.class_terms import folded, takes_classes
from losscli.contract.consistency import functionals
from losscli.contract.distributions import Cdf, checked_cdf
from losscli.contract.documentation import GeneratedDocstring
from losscli.contract.history import Change, checked_roles
from losscli.contract.kinds import Array
from losscli.contract.parameters import Param, Parameter, Role, Value, arguments, check_param, words
from losscli.contract.presets import Preset
from losscli.contract.role_kinds import RoleKinds
from losscli.contract.row_parameters import ColumnParameter, checked_row_values, with_row_parameters
from losscli.contract.scaled import doubtful_rows, positive_bounds
from losscli.contract.scores import Score
from losscli.contract.sibling_names import WITH_LOGITS
from losscli.contract.table_scope import TableScope
from losscli.contract.terms import Beyond, Term, Terms, as_terms
from losscli.errors import DataError, UsageError, did_you_mean

Scope: TypeAlias = Literal["row", "group", "table"]
Unit: TypeAlias = Literal["row", "pair", "group", "element", "table"]


class Loss(RoleKinds, TableScope):  # noqa: D101  written from the declaration, below
    __doc__ = GeneratedDocstring(
        "A kernel with its declaration; a call gives the values, `gradient(role, …)` the gradient."
    )

    def __init__(self, kernel: Callable[..., Any], **declared: Any) -> None:
        functools.update_wrapper(self, kernel, [name for name in functools.WRAPPER_ASSIGNMENTS if name != "__doc__"])
        self.kernel = kernel
        self.name: str = kernel.__name__
        self.family: str = kernel.__module__.rpartition(".")[2]
        self.formula: str = inspect.cleandoc(declared["formula"])
        self.cite: str = declared["cite"]
        self.same_as: dict[str, Preset] = {
            library: Preset(given) if isinstance(given, str) else given
            for library, given in declared["same_as"].items()
        }
        self.no_library: str | None = declared["no_library"]
        self.no_gradient: str | None = declared["no_gradient"]
        self.aliases: tuple[str, ...] = tuple(declared["aliases"])
        self.scope: Scope = declared["scope"]
        self.unit: Unit = declared["unit"]
        self.sorted_by: tuple[str, ...] = declared["sorted_by"]
        self.direction: Literal["lower", "higher", "zero"] = declared["direction"]
        self.optimum: float | None = declared["optimum"]
        self.worst: float | None = declared["worst"]
        self.consistent_for: dict[str, str] = declared["consistent_for"]
        self.revision: int = declared["revision"]
        self.reduction: Literal["mean", "sum"] = declared["reduction"]
        self.first: bool | str = declared["first"]
        self.binary: bool = declared["binary"]
        self.exact: bool = declared["exact"]
        self.labels: bool | Literal["classes", "positive"] = declared["labels"]
        self.from_history: dict[str, Change] = declared["from_history"]
        # A term that is another loss's only term names that loss, so that one accumulator serves both.
        self.shares: dict[str, Loss] = dict(declared["shares"])
        self.score_of: Loss | None = declared.get("score_of")  # the loss whose score this is
        self.as_score: Score | None = declared.get("as_score")  # how it is made of that loss
        self.scores: dict[str, Loss] = {}
        self._scores: list[tuple[Score, Loss]] = []
        self.gradients: dict[str, Callable[..., Any]] = {}
        self._combine: Callable[..., Any] | None = None
        self._scaled: Callable[..., Any] | None = None
        self.summary, self.notes, self.example = words(kernel.__doc__ or "")
        self.roles, self.params = arguments(kernel)
        self.cdf: Cdf | None = checked_cdf(declared["cdf"], self.roles, self.params)

    def __repr__(self) -> str:
        return f"<loss {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # By name: there is one of each in a process, and a kernel that stands below a decorator has no other address.
        return _registered, (self.name, self.kernel.__module__)

    @property
    def source_roles(self) -> tuple[Role, ...]:
        """The roles that rows play: all but the matrices, which are read whole from their own file."""
        return tuple(role for role in self.roles.values() if role.kinds[0].shape != "matrix")

    @property
    def of_logits(self) -> Loss | None:
        """The same loss of logits, where this one is of probabilities and there is such a loss."""
        return REGISTRY.get(self.name + WITH_LOGITS)

    @property
    def of_probabilities(self) -> Loss | None:
        """The same loss of probabilities, where this one is of logits and there is such a loss."""
        return REGISTRY.get(self.name.removesuffix(WITH_LOGITS)) if self.name.endswith(WITH_LOGITS) else None

    @property
    def scales(self) -> bool:
        """Whether there are values as scaled numbers, for rows where steps of the kernel overflow or vanish."""
        return self._scaled is not None

    @property
    def own_combine(self) -> bool:
        """Whether the value is something else than the sum of the term means."""
        return self._combine is not None

    @property
    def per_class(self) -> bool:
        """Whether the number is made of means a class, which a row has not."""
        return takes_classes(self._combine)

    @property
    def limits(self) -> tuple[float, float]:
        """What no value is below, and what none is above: a loss is best at its optimum, and a proportion ends at 1."""
        if self.binary:
            return 0.0, 1.0
        if self.optimum is None or self.direction == "zero":
            return -np.inf, np.inf
        worst = self.worst
        if self.direction == "lower":
            return self.optimum, np.inf if worst is None else worst
        return -np.inf if worst is None else worst, self.optimum

    @property
    def combined(self) -> tuple[str, ...]:
        """The terms whose means make the number; none where it is their sum, whatever they are called."""
        known = {*self.params, "total"}
        return tuple(name for name in self._combined_of if name not in known)

    @functools.cached_property
    def _combined_of(self) -> tuple[str, ...]:
        """What `combine` takes, looked up once: there may be very many slices."""
        return () if self._combine is None else tuple(inspect.signature(self._combine).parameters)

    # -- declaring -----------------------------------------------------------------------------------------------

    def value(self, combine: Callable[..., Any]) -> Callable[..., Any]:
        """Declare how term means make the number: `@rmse.value`. Only +, -, *, /, **, sqrt, exp and log.

        It may ask for `total`, what the means' sums were divided by: a limit of a sum is one of the mean over it.
        """
        self._combine = combine
        for score, made in self._scores:
            made.value(score.combine(combine))
        return combine

    def scaled(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the values, for rows where steps of the kernel overflow or vanish, as `Scaled`: `@mse.scaled`.

        It takes what the kernel takes, some rows of it. Terms that it leaves out keep the kernel's values.
        """
        self._scaled = kernel
        return kernel

    @overload
    def gradient(self, role: str, /) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
    @overload
    def gradient(self, role: str, /, *columns: Any, **params: Any) -> Any: ...
    def gradient(self, role: str, /, *columns: Any, **params: Any) -> Any:
        """Declare the gradient by `role` (no further argument: a decorator), or compute it (columns and parameters).

        Row scope: the derivative of each value by its own row. Group scope: the sum of upstream * derivative, where
        `upstream` is one factor a value (default 1).
        """
        if columns or params:
            return self._gradient(role, columns, params)

        def declare(kernel: Callable[..., Any]) -> Callable[..., Any]:
            self.gradients[role] = kernel
            for score, made in self._scores:
                made.gradients[role] = score.gradient(kernel, lambda: self.own_combine)
            return kernel

        return declare

    def score(self, score: Score, declared: Mapping[str, Any]) -> Loss:
        """Make a score of this loss: a declaration of its own, whose numbers are computed from the loss's."""
        words = {**declared, **score.declaration(self), "score_of": self, "as_score": score}
        made = Loss(score.kernel(self.kernel, lambda: self.own_combine), **words)
        made.params = {name: spec for name, spec in made.params.items() if name not in score.params}
        self.scores[made.name] = made
        self._scores.append((score, made))
        return made

    # -- computing -----------------------------------------------------------------------------------------------

    def __call__(self, *columns: Any, **params: Any) -> Any:
        """The values, one a unit: an array, or a dict of `Term` where the loss has several terms."""
        arrays, settled = self._called_with(columns, params)
        with np.errstate(all="ignore"):
            if self.sorted_by:
                return self.terms_of_table(arrays, settled)
            answer = self._run(self.kernel, arrays, settled)
            self.beyond(arrays, settled, as_terms(answer))
        return answer

    def terms(self, arrays: tuple[Array | None, ...], params: Mapping[str, Value]) -> Terms:
        """The kernel's answer under one form: term name -> Term. Trusts its input.

        Behind the arrays of the roles stand those of the parameters that each row has, in their order.
        """
        return as_terms(self._run(self.kernel, arrays, params))

    def kernel_gradient(self, role: str, arrays: Sequence[Array | None], params: Mapping[str, Value], **of: Any) -> Any:
        """The gradient by `role`, of arrays as `terms` takes them. Trusts its input."""
        return self._run(self.gradients[role], arrays, params, **of)

    def _run(
        self, kernel: Callable[..., Any], arrays: Sequence[Array | None], params: Mapping[str, Value], **more: Any
    ) -> Any:
        if len(arrays) == len(self.roles):
            return kernel(*arrays, **params, **more)
        own, settled = with_row_parameters([role.kinds for role in self.roles.values()], arrays, params)
        return kernel(*own, **settled, **more)

    def beyond(self, arrays: tuple[Array | None, ...], params: Mapping[str, Value], terms: Terms) -> dict[str, Beyond]:
        """Term -> the values that may be no normal doubles. Where steps overflowed or vanished, `terms` gets them too.

        The terms are those of these arrays; several outputs of a row are still apart, or have become their mean. They
        get the bounds that are found on the way.
        """
        found: dict[str, Beyond] = {}
        for name, term in list(terms.items()) if self._scaled is not None else ():
            values = term.values
            if (bounds := positive_bounds(values)) is not None:
                terms[name] = term.bounded(bounds)
                continue
            if (rows := doubtful_rows(values)) is None:
                continue
            assert self._scaled is not None
            some = arrays if self.unit == "element" else tuple(None if a is None else a[rows] for a in arrays)
            answer = self._run(self._scaled, some, params)
            numbers = answer.get(name) if isinstance(answer, dict) else answer
            if numbers is not None:
                numbers = numbers.at(rows) if self.unit == "element" else numbers
                numbers = numbers.mean() if numbers.values.ndim > values.ndim else numbers
                found[name] = Beyond(rows, numbers)
                lost = (values[rows] == 0) | ~np.isfinite(values[rows])
                terms[name] = terms[name].put(rows, np.where(lost, numbers.doubles(), values[rows]))
        return found

    def combine(self, means: Mapping[str, Any], params: Mapping[str, Value], total: Any = np.inf) -> Any:
        """The number that the term means make; `total` is what their sums were divided by."""
        if self._combine is None:
            return sum(means[name] for name in means)
        given = {**params, "total": total}
        return self._combine(**folded(means), **{name: given[name] for name in given if name in self._combined_of})

    def settle(self, params: Mapping[str, Any]) -> dict[str, Value]:
        """All parameters with their values; a wrong name, type or range is a UsageError."""
        for name in params:
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                raise UsageError(
                    f"'{self.name}' has no parameter '{name}'",
                    hint=did_you_mean(name, self.params, f"its parameters: {known}"),
                    code="USAGE_BAD_PARAMETER",
                )
        return {
            name: check_param(self.name, spec, params[name]) if name in params else spec.if_unset(self.name)
            for name, spec in self.params.items()
        }

    def _gradient(self, role: str, columns: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if role not in self.gradients:
            known = ", ".join(self.gradients) or "none"
            raise UsageError(
                f"'{self.name}' has no gradient by '{role}'", hint=f"it has: {known}", code="USAGE_CONFLICT"
            )
        upstream = params.pop("upstream", None)
        arrays, settled = self._called_with(columns, params)
        with np.errstate(all="ignore"):
            if self.scope == "row":
                return self.kernel_gradient(role, arrays, settled)
            if upstream is None:
                terms = self.terms(arrays, settled)
                upstream = {name: np.ones(len(term.values)) for name, term in terms.items()}
                upstream = upstream["loss"] if set(upstream) == {"loss"} else upstream
            return self.kernel_gradient(role, arrays, settled, upstream=upstream)

    def _called_with(
        self, columns: tuple[Any, ...], params: Mapping[str, Any]
    ) -> tuple[tuple[Array | None, ...], dict[str, Value]]:
        """The checked arrays of a Python call, those of parameters behind them, and all parameters."""
        from losscli.contract.arguments import checked_arrays, plain

        given = {name: value for name, value in params.items() if name not in self.roles}
        rows = {
            name: checked_row_values(self.name, name, spec.kind, plain(given[name]))
            for name, spec in self.params.items()
            if name in given and spec.param.per_row and np.ndim(plain(given[name]))
        }
        settled = self.settle(given | dict.fromkeys(rows, ColumnParameter("")))
        by_name = {name: params[name] for name in params if name in self.roles}
        arrays = checked_arrays(self, columns, by_name, settled)
        for name, values in rows.items():
            if any(array is not None and len(array) != len(values) and role.kinds[0].shape != "matrix"
                   for role, array in zip(self.roles.values(), arrays, strict=True)):  # fmt: skip
                raise DataError(
                    f"'{name}' of '{self.name}' has {len(values)} values, and there are other numbers of rows"
                )
        return (*arrays, *rows.values()), settled


def _registered(name: str, module: str) -> Loss:
    """The loss of that name; its module declares it where this process has not seen it yet."""
    if name not in REGISTRY:
        importlib.import_module(module)
    return REGISTRY[name]


REGISTRY: dict[str, Loss] = {}
ALIASES: dict[str, str] = {}


def loss(
    *,
    formula: str,
    cite: str,
    same_as: Mapping[str, str | Preset] | None = None,
    no_library: str | None = None,
    no_gradient: str | None = None,
    aliases: tuple[str, ...] = (),
    scope: Scope = "row",
    unit: Unit = "row",
    sorted_by: tuple[str, ...] = (),
    direction: Literal["lower", "higher", "zero"] = "lower",
    optimum: float | None = 0.0,
    worst: float | None = None,
    consistent_for: Mapping[str, str] | str | None = None,
    revision: int = 1,
    reduction: Literal["mean", "sum"] = "mean",
    shares: Mapping[str, Loss] | None = None,
    first: bool | str = False,
    binary: bool = False,
    labels: bool | Literal["classes", "positive"] = False,
    exact: bool = False,
    scores: tuple[Score, ...] = (),
    from_history: Mapping[str, Change] | None = None,
    cdf: Cdf | None = None,
    listed: bool = True,
) -> Callable[[Callable[..., Any]], Loss]:
    """Declare a loss; see CONTRIBUTING.md for what each word becomes.

    `same_as` are the libraries that have the loss: the parameters with which it is theirs, or a whole `Preset`.
    `no_library` says why no library computes the loss; its golden numbers are then those that its paper prints.
    `no_gradient` says why it has no gradient, where it has none. `optimum` is the value at a perfect prediction, None
    where it depends on the data; `worst` is what no value is beyond on the other side (None: there is no limit).
    `consistent_for` is the best constant prediction as an expression of the targets ("mean(target)"), where there is
    one; of several roles, a mapping by role. `reduction="sum"` is for losses that are a sum by definition (penalties)
    whatever the run asks for. `shares` names terms that are another loss's only term with the same roles and no
    parameters: they are computed and added up once. `first` marks what people ask for first where columns fit it, or
    where their values also have a trait (`losscli.contract.traits`): what chooses losses for a file takes these.
    `labels` says that one number of predictions may be a label: the kernel then gets the probability 1 or 0 of the
    class of the target, and a target of 1; with "classes" it gets both labels as positions, with "positive" 1 for the
    positive class label and 0 for any other. `binary` says that each value is 0 or 1, so that a mean is a proportion.
    `exact` gives `value` the exact means of the terms, as where a variance is made of them: in doubles, no digit may be
    left. `scores` are what people know the loss by: each is named like a loss, and computed from this one declaration.
    `sorted_by` names the columns by which a loss of scope "table" compares rows: see `losscli.contract.table_scope`.
    `from_history` are roles that a table of past values gives, where no column does: see `losscli.contract.history`.
    `cdf` is the cumulative distribution function of a forecast, for its pictures. One not `listed` has no name.
    """
    declared = {
        "formula": formula, "cite": cite, "same_as": same_as or {}, "no_library": no_library,
        "no_gradient": no_gradient, "aliases": aliases, "scope": scope, "unit": unit, "sorted_by": sorted_by,
        "direction": direction, "optimum": optimum, "worst": worst, "consistent_for": functionals(consistent_for),
        "revision": revision, "reduction": reduction, "shares": shares or {}, "first": first, "binary": binary,
        "labels": labels, "exact": exact, "from_history": checked_roles(from_history), "cdf": cdf,
    }  # fmt: skip

    def declare(kernel: Callable[..., Any]) -> Loss:
        made = Loss(kernel, **declared)
        for each in (made, *(made.score(score, declared) for score in scores)) if listed else ():
            _register(each)
        return made

    return declare


def _register(made: Loss) -> None:
    for name in (made.name, *made.aliases):
        if name in REGISTRY or name in ALIASES:
            raise UsageError(f"two losses are named '{name}'")
    REGISTRY[made.name] = made
    ALIASES.update(dict.fromkeys(made.aliases, made.name))


__all__ = [
    "ALIASES", "REGISTRY", "Beyond", "Loss", "Param", "Parameter", "Role", "Term", "Terms", "Value", "as_terms", "loss",
]  # fmt: skip
