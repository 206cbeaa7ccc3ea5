"""The report that Python callers get: a sequence of results that finds, writes and shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from losscli.binding.spec import parse, settled
from losscli.report import render
from losscli.results import ComparisonResult, Evaluation, InfluenceResult, LossResult, WarningResult
from losscli.results.columns import SliceColumns, examples, parts_of

if TYPE_CHECKING:
    import pandas


class Report(Sequence[LossResult]):
    """The results of a run, in the order of losses, models and slices.

    In a notebook it shows itself as a table.

    Parameters
    ----------
    evaluation : Evaluation
        What a run came to; `report.evaluation` has it whole: sources, rows, bindings, gates.

    Examples
    --------
    >>> import losscli
    >>> report = losscli.evaluate({"y": [1.0, 2.0], "p": [1.5, 2.0]}, ["mse", "mae"], target="y", pred="p")
    >>> report["mse"].value, report[1].value, len(report)
    (0.125, 0.25, 2)
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def find(self, loss: str, model: str | None = None, **by: str) -> LossResult:
        """Find one result.

        Parameters
        ----------
        loss : str
            A spec (`"huber:delta=2"`), or the name that a composite loss was given.
        model : str, optional
            The model, where there are several.
        **by : str
            The slice: column name and value. Without it, the result over all rows.

        Returns
        -------
        LossResult
            The one result that fits.

        Raises
        ------
        KeyError
            If none or several fit; the message lists what the report has.

        Examples
        --------
        >>> import losscli
        >>> table = {"y": [1.0, 2.0], "p": [1.5, 2.0], "g": ["a", "b"]}
        >>> losscli.evaluate(table, "mse", target="y", pred="p", by="g").find("mse", g="a").value
        0.25
        """
        some = [*examples(self.evaluation.results)]
        if any(r.loss == loss for r in some):
            weighted = plain = loss
        else:
            weighted, plain = (settled([parse(loss)], None, weighted=one)[0].text for one in (True, False))

        def fits(r: LossResult) -> bool:
            return (weighted if r.is_weighted else plain) in (r.spec, r.loss) and (model is None or r.model == model)

        found: list[LossResult] = []
        for part in parts_of(self.evaluation.results):
            if not isinstance(part, SliceColumns):
                found += [r for r in part if fits(r) and (not by or dict(r.by) == by)]
            elif by and part and fits(part[0]):  # without a slice, it is the result before these
                found += part.of_slice(by)
        if not by and len(found) > 1:
            found = [r for r in found if not r.by] or found
        if len(found) != 1:
            known = sorted({f"{r.model}/{r.spec}" if r.model else r.spec for r in some})
            raise KeyError(f"{len(found)} results for '{loss}'; the report has {', '.join(known)}")
        return found[0]

    def __getitem__(self, key: Any) -> Any:
        return self.find(key) if isinstance(key, str) else self.evaluation.results[key]

    def __iter__(self) -> Iterator[LossResult]:
        return iter(self.evaluation.results)

    def __len__(self) -> int:
        return len(self.evaluation.results)

    @property
    def comparisons(self) -> tuple[ComparisonResult, ...]:
        """Models against each other, where the run was a comparison."""
        return self.evaluation.comparisons

    @property
    def influence(self) -> tuple[InfluenceResult, ...]:
        """The units whose removal would change each number most, where `why` asked for them."""
        return self.evaluation.influence

    @property
    def warnings(self) -> tuple[WarningResult, ...]:
        """What a reader of the numbers should know."""
        return self.evaluation.warnings

    def to_json(self) -> str:
        """The report as `losscli.report/1`, the same bytes as the command line writes."""
        return render(self.evaluation, "json")

    def to_markdown(self) -> str:
        """The report as a Markdown table."""
        return render(self.evaluation, "markdown")

    def to_frame(self) -> pandas.DataFrame:
        """One row a result, as a pandas DataFrame; with the skill where it was asked for."""
        import pandas as pd

        some = [*examples(self.evaluation.results)]
        skilled = any(r.skill is not None for r in some)
        slices = dict.fromkeys((name for r in some for name in r.by), "")
        columns: dict[str, list[Any]] = {}
        for part in parts_of(self.evaluation.results):
            for name, cells in _columns(part, slices, skilled).items():
                columns.setdefault(name, []).extend(cells)
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        return render(self.evaluation, "plain").rstrip("\n")

    def _repr_html_(self) -> str:
        return str(self.to_frame().drop(columns=["signature"]).to_html(index=False, escape=True, notebook=True))


def _columns(part: Sequence[LossResult], slices: Mapping[str, str], skilled: bool) -> dict[str, Sequence[Any]]:
    """The cells of some results by the names of their columns."""
    if not isinstance(part, SliceColumns):
        rows = [_row(r, slices, skilled) for r in part]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    if not part:
        return {}
    found: dict[str, Sequence[Any]] = {
        name: [cell] * len(part) for name, cell in _row(part[0], slices, skilled).items()
    }
    # As in a row, a slice wins over the model where their names are the same, and all else over a slice.
    ours = _row(replace(part[0], by={}), {}, skilled).keys() - {"model"}
    found |= {name: labels for name, labels in part.by.items() if name not in ours}
    return {**found, "value": part.values, "count": part.counts, "weight": part.weights}


def _row(r: LossResult, slices: Mapping[str, str], skilled: bool) -> dict[str, Any]:
    return {"model": r.model, **slices, **r.by, "loss": r.loss, "spec": r.spec, "value": r.value, "count": r.count,
            "weight": r.weight, "reduction": r.reduction, "direction": r.direction, **_skill(r, skilled),
            "signature": r.signature}  # fmt: skip


def _skill(result: LossResult, skilled: bool) -> dict[str, Any]:
    """The columns of the skill, named as in CSV; no value where a result has none."""
    if not skilled:
        return {}
    found = result.skill
    values = (None, None, None) if found is None else (found.reference, found.value, found.skill)
    return dict(zip(("skill_reference", "skill_value", "skill"), values, strict=True))
