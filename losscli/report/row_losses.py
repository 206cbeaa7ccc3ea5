"""What texts and pages say alike of the losses of rows."""

from __future__ import annotations

from losscli.report.cells import Layout, listed
from losscli.report.view import short
from losscli.results.diagnostics import LossDistributionResult


def loss_of_rows(one: LossDistributionResult) -> str:
    """What the losses are of: the loss, the term of it, and the model."""
    term = "" if one.term is None else f" ({one.term})"
    return f"{one.spec}{term}" + ("" if one.model is None else f" of {one.model}")


def worst_rows_table(one: LossDistributionResult) -> Layout:
    """The worst rows with their keys, losses, inputs and slices."""
    keys = list(dict.fromkeys(name for row in one.worst for name in row.keys))
    slices = [name for name in dict.fromkeys(name for row in one.worst for name in row.by) if name not in keys]
    cells = [name for name in dict.fromkeys(name for row in one.worst for name in row.cells)
             if name not in keys and name not in slices]  # fmt: skip
    numbers = [name for name in cells if all(isinstance(row.cells.get(name, 0.0), float) for row in one.worst)]
    titles = ["row", *keys, _short_named(one), *cells, *slices]
    rows = [
        [str(row.row), *(row.keys.get(name, "") for name in keys), short(row.value),
         *(_cell(row.cells.get(name, "")) for name in cells), *(row.by.get(name, "") for name in slices)]
        for row in one.worst
    ]  # fmt: skip
    right = [0, 1 + len(keys), *(2 + len(keys) + cells.index(name) for name in numbers)]
    return listed(titles, rows, right)


def _short_named(one: LossDistributionResult) -> str:
    return one.spec if one.term is None else one.term


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else short(value)
