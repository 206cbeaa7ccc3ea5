"""The row values of an earlier run beside those of this one, row by row, so that the two can be compared as pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.required import SavedPart, unit_of
from losscli.aggregate.unit_statistics import Found, Owner
from losscli.baselines.row_file import SavedRows, terms_of
from losscli.binding.labels import EncodedLabels
from losscli.binding.plan import Plan
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.errors import DataError, UsageError

Columns: TypeAlias = Mapping[str | None, str]  # term (None: all) -> column of the file


@dataclass(frozen=True)
class Earlier:
    """Which saved columns stand beside which lines of the plan; `name` is what the earlier model is called here."""

    name: str
    rows: SavedRows = field(repr=False)
    columns: Mapping[int, Columns]  # line -> its columns
    plan: Plan = field(repr=False)

    @property
    def lines(self) -> frozenset[int]:
        """The lines that have saved values, by their places."""
        return frozenset(self.columns)

    def found(self, row_numbers: Array, keys: Sequence[EncodedLabels], present: Found) -> Found:
        """The values of these rows with the saved ones beside them; a row that was not saved is a DataError."""
        at = self.rows.places(row_numbers, list(keys))
        if len(at) and at.min() < 0:
            row = int(np.argmax(at < 0))
            whose = ", ".join(f"{key.column}={key.names[key.codes[row]]}" for key in keys) or f"row {row_numbers[row]}"
            raise DataError(f"{whose} is not among the saved row values", path=self.rows.path,
                            hint="the baseline and this run must score the same rows",
                            code="DATA_BAD_REPORT")  # fmt: skip
        beside: dict[Owner, Mapping[str, Term]] = {}
        for line, columns in self.columns.items():
            for work in (w for job in self.plan.lines[line].jobs for w in kernel_calls(job).values()):
                if work in present:
                    beside[SavedPart(line, 0)] = self._terms(line, columns, at, present)
        return {**present, **beside}

    def _terms(self, line: int, columns: Columns, at: Array, present: Found) -> dict[str, Term]:
        """Term of the line -> its saved values; a term takes part where it does now and did then."""
        found = {}
        for term, work in kernel_calls(self.plan.lines[line].jobs[0]).items():
            for own, (_, where) in present[work].items():
                name = columns.get(term or own, columns.get(None))
                if name is None:
                    raise DataError(
                        f"the term '{term or own}' is not among the saved row values",
                        path=self.rows.path,
                        code="DATA_BAD_REPORT",
                    )
                part = self.rows.parts[name]
                saved = None if part is None else part[at]
                has = where if saved is None else saved if where is None else where & saved
                found[term or own] = Term(self.rows.columns[name][at], has)
        return found


def beside(plan: Plan, rows: SavedRows, models: Mapping[tuple[str | None, str], str | None], name: str) -> Plan:
    """The plan with saved values; `models` are lines (model, spec), and what the file calls their model."""
    rows.check_keys(list(plan.keys))
    columns = {}
    for number, line in enumerate(plan.lines):
        if (line.model, line.spec.text) not in models:
            continue
        model = models[line.model, line.spec.text]
        if line.spec.blend or unit_of(line) != "row":
            raise UsageError(f"'{line.spec.text}' has no saved row values, which a significance test needs",
                             hint="compare the models in one run: -p old=… -p new=…",
                             code="USAGE_CONFLICT")  # fmt: skip
        found = terms_of(rows, line, model)
        if not found:
            raise DataError(f"no row values of '{line.spec.text}' were saved", path=rows.path,
                            hint="save them with the baseline: -o BASELINE.json -o rows=FILE.parquet",
                            code="DATA_BAD_REPORT")  # fmt: skip
        for column in found[0].values():
            if column in rows.unclear:
                raise DataError(f"'{column}' is null in some rows, which may have been infinite", path=rows.path,
                                hint="save row values as .parquet, .arrow or .csv, which distinguish the two",
                                code="DATA_BAD_REPORT")  # fmt: skip
        columns[number] = found[0]
    return replace(plan, saved=Earlier(name, rows, columns, plan))
