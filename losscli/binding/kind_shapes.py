"""Which kinds the columns of a role can be, by their shapes alone."""

from __future__ import annotations

from losscli.contract.kinds import Kind
from losscli.io.arrow.spelled_vectors import SpelledForm


def fits(kind: Kind, wide: bool | None) -> bool:
    """Whether columns of this shape can be of this kind: one column, or vectors (None: no column)."""
    if wide is None:  # a table, or an optional role without columns
        return True
    if kind.single:
        return not wide
    return kind.shape == "number" or (kind.shape == "class") != wide


def suits(kind: Kind, form: SpelledForm, likely: bool) -> bool:
    """Whether texts that spell vectors in this form can be of this kind, or are `likely` to be meant so.

    A text such as 0;1 may be a label, too.
    """
    if kind.shape == "number":
        return form.labels is None and (form.sure or not (kind.sides or kind.labels))
    return not likely or (kind.shape == "class") != form.sure
