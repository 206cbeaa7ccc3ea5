"""The row values of an earlier run beside those of this run, row by row: paired samples of two models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TypeAlias

import numpy as np

from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.paired_outcomes import ValueSource
from losscli.aggregate.required import BaselinePart, unit_of
from losscli.baselines.row_file import SavedRows, terms_of
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Line, Plan, UnitValues
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.errors import DataError, UsageError
from losscli.lazy import dataclass

TermColumns: TypeAlias = Mapping[str | None, str]  # term (None: every term) -> column of the file


@dataclass(frozen=True)
class PairedRows:
    """The row values of an earlier run, and the lines of the plan that they belong to (`binding.plan.BaselineRows`).

    `name` is what the earlier model is called in comparisons; `columns` are the columns of the file, by the position of
    the line in the plan.
    """

    name: str
    rows: SavedRows = field(repr=False)
    columns: Mapping[int, TermColumns]
    plan: Plan = field(repr=False)

    @property
    def lines(self) -> frozenset[int]:
        """The lines that have row values of the earlier run, by their positions in the plan."""
        return frozenset(self.columns)

    def paired(self, row_numbers: Array, keys: Sequence[EncodedLabels], values: UnitValues) -> UnitValues:
        """`values` of these rows with the earlier values of the same rows; a row that has none is a DataError."""
        at = self.rows.positions(row_numbers, keys)
        if len(at) and at.min() < 0:
            raise self._unknown_row(int(np.argmax(at < 0)), row_numbers, keys)
        earlier: dict[ValueSource, Mapping[str, Term]] = {}
        for line, columns in self.columns.items():
            calls = [call for job in self.plan.lines[line].jobs for call in kernel_calls(job).values()]
            if any(call in values for call in calls):
                earlier[BaselinePart(line, 0)] = self._terms(line, columns, at, values)
        return {**values, **earlier}

    def _unknown_row(self, row: int, row_numbers: Array, keys: Sequence[EncodedLabels]) -> DataError:
        """The error about a row that the earlier run did not score."""
        whose = ", ".join(f"{key.column}={key.names[key.codes[row]]}" for key in keys) or f"row {row_numbers[row]}"
        return DataError(f"{whose} is not among the saved row values", path=self.rows.path,
                         hint="the baseline and this run must score the same rows", code="DATA_BAD_REPORT")  # fmt: skip

    def _terms(self, line: int, columns: TermColumns, at: Array, values: UnitValues) -> dict[str, Term]:
        """Term of the line -> its earlier values; a unit takes part in a term if it did in both runs."""
        found = {}
        for term, call in kernel_calls(self.plan.lines[line].jobs[0]).items():
            for own, (_, where) in values[call].items():
                name = columns.get(term or own, columns.get(None))
                if name is None:
                    raise DataError(f"the term '{term or own}' is not among the saved row values",
                                    path=self.rows.path, code="DATA_BAD_REPORT")  # fmt: skip
                part = self.rows.taking_part[name]
                earlier = None if part is None else part[at]
                both = where if earlier is None else earlier if where is None else where & earlier
                found[term or own] = Term(self.rows.columns[name][at], both)
        return found


def with_baseline_rows(
    plan: Plan, rows: SavedRows, models: Mapping[tuple[str | None, str], str | None], name: str
) -> Plan:
    """The plan with the row values of an earlier run, to compare the models of this run with its model.

    Parameters
    ----------
    plan
        The plan of this run.
    rows
        The row values of the earlier run.
    models
        For the lines (model, spec) that are compared: what the file calls their model.
    name
        What the earlier model is called in comparisons.

    Raises
    ------
    UsageError
        If a line has no value a row.
    DataError
        If the file lacks the row values of a line, or names its rows by other keys than this run.
    """
    rows.check_keys(list(plan.keys))
    columns = {
        number: _columns_of(line, rows, models[line.model, line.spec.text])
        for number, line in enumerate(plan.lines) if (line.model, line.spec.text) in models
    }  # fmt: skip
    return replace(plan, baseline=PairedRows(name, rows, columns, plan))


def _columns_of(line: Line, rows: SavedRows, model: str | None) -> TermColumns:
    """The columns of the file that hold the values of a line."""
    if line.spec.is_composite or unit_of(line) != "row":
        raise UsageError(f"'{line.spec.text}' has no saved row values, which a significance test needs",
                         hint="compare the models in one run: -p old=… -p new=…",
                         code="USAGE_CONFLICT")  # fmt: skip
    found = terms_of(rows, line, model)
    if not found:
        raise DataError(f"no row values of '{line.spec.text}' were saved", path=rows.path,
                        hint="save them with the baseline: -o BASELINE.json -o rows=FILE.parquet",
                        code="DATA_BAD_REPORT")  # fmt: skip
    for column in found[0].values():
        if column in rows.ambiguous:
            raise DataError(f"'{column}' is null in some rows, which may have been infinite", path=rows.path,
                            hint="save row values as .parquet, .arrow or .csv, which distinguish the two",
                            code="DATA_BAD_REPORT")  # fmt: skip
    return found[0]
