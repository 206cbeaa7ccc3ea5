"""The names of the columns in a file of row values: one rule for writing such a file and for reading it back.

A line of the report has one column, `model/spec`. Where its loss has terms that share rows, or where only their means
make its number, each term has one: `model/spec/term`. A composite loss always has one column.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from losscli.binding.plan import Line
from losscli.binding.spec import Spec
from losscli.contract.loss import Loss
from losscli.errors import UsageError


def base(spec: Spec, model: str | None) -> str:
    """The column of a spec for a model, or for no model in particular."""
    return spec.text if model is None else f"{model}/{spec.text}"


def of_term(name: str, term: str) -> str:
    """The column of one term of the line whose column would be `name`."""
    return f"{name}/{term}"


def apart(loss: Loss, overlap: bool) -> bool:
    """Whether each term has a column of its own; terms `overlap` where a row may be in two of them."""
    return loss.own_combine or overlap


def without_rows(line: Line) -> UsageError | None:
    """The error for a line that has no value per row; None if it has one."""
    for job in line.jobs:
        loss = job.spec.loss
        if not loss.source_roles:
            return UsageError(
                f"'{loss.name}' has no value per row",
                hint="remove it here; 'losscli eval' scores it",
                code="USAGE_CONFLICT",
            )
        if loss.per_class or loss.sorted_by:
            what = "it is made of the shares of classes" if loss.per_class else "the order of all rows makes its number"
            return UsageError(
                f"'{loss.name}' has no value per row: {what}",
                hint="remove it here; 'losscli eval' scores it",
                code="USAGE_CONFLICT",
            )
        if line.spec.is_composite and loss.own_combine:
            return UsageError(
                f"'{line.spec.name}' has no value per row, because its component '{loss.name}' has none",
                code="USAGE_CONFLICT",
            )
    return None


def terms_of(names: Collection[str], line: Line, model: str | None) -> tuple[Mapping[str | None, str], ...]:
    """Where the values of a line stand among the columns `names`: one dict a job, term -> column.

    The key None is a column of all terms, as no row is in two of them. A composite loss has one such dict for the whole
    line. The result is empty if a column of the line is missing.
    """
    name = base(line.spec, model)
    loss = line.jobs[0].spec.loss
    if without_rows(line) is not None:
        return ()
    if line.spec.is_composite or not loss.own_combine:
        if name in names:
            return ({None: name},)
        begun = [other for other in names if other.startswith(of_term(name, ""))]
        terms = {other[len(name) + 1 :]: other for other in begun}
        found: dict[str | None, str] = {term: other for term, other in terms.items() if term.isidentifier()}
        return (found,) if found and not line.spec.is_composite else ()
    wanted: dict[str | None, str] = {term: of_term(name, term) for term in loss.combined}
    return (wanted,) if set(wanted.values()) <= set(names) else ()
