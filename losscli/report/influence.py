"""The table of the units whose removal would change a number most."""

from __future__ import annotations

from losscli.report.cells import Cell, Column, Layout
from losscli.report.layout import SubjectColumns
from losscli.report.view import percent, short, signed
from losscli.results import Evaluation


def influence(evaluation: Evaluation) -> Layout:
    """One row per unit that is removed; slices and differences of two models have columns more."""
    found = evaluation.influence
    compared = any(one.against is not None for one in found)
    slices = SubjectColumns(False, tuple(dict.fromkeys(name for one in found for name in one.by)))
    columns = [Column("model"), *[Column("against")] * compared, *slices.columns, Column("loss"), Column("without")]
    columns += [Column(title, number=True) for title in ("value", "change", "share of weight")]
    rows = [
        (Cell(one.model or ""), *[Cell(one.against or "")] * compared, *slices.labels(None, one.by), Cell(one.spec),
         Cell(f"{one.units} {unit.unit}"), Cell(short(unit.value)), Cell(signed(unit.change)),
         Cell(percent(unit.share)))
        for one in found for unit in one.removed
    ]  # fmt: skip
    return Layout.of(columns, rows)
