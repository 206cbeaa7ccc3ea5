"""The report that Python callers get: a sequence of results that finds, writes and shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from losscli.api import frames
from losscli.api.plot import Plot, plot
from losscli.binding.spec import parse, settled
from losscli.losses._loss_name import LossName
from losscli.report import render
from losscli.results import ComparisonResult, Evaluation, GateResult, InfluenceResult, LossResult, WarningResult
from losscli.results.columns import SliceColumns, examples, parts_of
from losscli.results.diagnostics import Diagnostics
from losscli.results.worst_slices import WorstSlices

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

    def find(self, loss: LossName | str, model: str | None = None, **by: str) -> LossResult:
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

    @overload
    def __getitem__(self, key: LossName | str | int) -> LossResult: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[LossResult]: ...
    def __getitem__(self, key: str | int | slice) -> LossResult | Sequence[LossResult]:
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
    def worst_slices(self) -> WorstSlices | None:
        """The slices with a worse loss than the other rows, by more than chance, where `why` asked for them."""
        return self.evaluation.worst_slices

    @property
    def diagnostics(self) -> Diagnostics | None:
        """What `--show` and pictures show, where `diagnostics` asked for it: `losses`, `reliability` and others."""
        return self.evaluation.diagnostics

    @property
    def warnings(self) -> tuple[WarningResult, ...]:
        """What a reader of the numbers should know."""
        return self.evaluation.warnings

    @property
    def gates(self) -> tuple[GateResult, ...]:
        """The verdicts of the gates: `gate`, `state` ("passed", "failed", "skipped"), `value`, `limit`, `reason`."""
        return self.evaluation.gates

    @property
    def passed(self) -> bool:
        """Whether no gate failed; true where there is none."""
        return self.evaluation.status == "passed"

    def plot(self, name: str) -> Plot:
        """A picture as it is in the HTML report; those of rows need a run with `diagnostics=True`.

        Parameters
        ----------
        name : str
            "models", "slices"; of rows "distribution" (of their losses), "residuals", "reliability", "decomposition"
            (of scores), "roc", "precision-recall", "confusion", "murphy", "pit" or "rank" (histogram),
            "quantile-coverage" or "interval-coverage". Which of these a report has depends on its losses and columns.

        Returns
        -------
        Plot
            What a notebook shows; `svg` is its text, `to_vega()` a dict, and `save(path)` writes a file. Several models
            or losses are beside each other.

        Raises
        ------
        UsageError
            The report has no such picture; the hint lists what it has.

        Examples
        --------
        >>> import losscli
        >>> table = {"y": [1.0, 2.0], "p": [1.5, 2.0]}
        >>> losscli.evaluate(table, "mse", target="y", pred="p", diagnostics=True).plot("residuals")
        <Plot: Residuals of p>
        """
        return plot(self.evaluation, name)

    def to_json(self) -> str:
        """The report as `losscli.report/1`, the same bytes as the command line writes."""
        return render(self.evaluation, "json")

    def to_markdown(self) -> str:
        """The report as a Markdown table."""
        return render(self.evaluation, "markdown")

    def to_html(self) -> str:
        """The report as a page of its own, as `-o report.html` writes it."""
        return render(self.evaluation, "html")

    def to_dict(self) -> dict[str, Any]:
        """The report as `losscli.report/1` in dicts and lists: with intervals, comparisons and gates."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def to_frame(self, of: Literal["results", "comparisons", "gates"] = "results") -> pandas.DataFrame:
        """One row a result, comparison or gate, as a pandas DataFrame.

        Parameters
        ----------
        of : {"results", "comparisons", "gates"}
            What the rows are. Results have their standard error (`stderr`), confidence interval (`low`, `high`) and
            skill where these were asked for.

        Examples
        --------
        >>> import losscli
        >>> table = {"y": [1.0, 2.0, 4.0], "a": [1.5, 2.0, 3.0], "b": [1.0, 2.0, 2.0]}
        >>> report = losscli.compare(table, "mae", target="y", pred={"a": "a", "b": "b"})
        >>> report.to_frame("comparisons")[["model", "against", "verdict"]].values.tolist()
        [['b', 'a', 'not enough units']]
        """
        import pandas as pd

        return pd.DataFrame(frames.columns(self.evaluation, of))

    def __repr__(self) -> str:
        return render(self.evaluation, "plain").rstrip("\n")

    def _repr_html_(self) -> str:
        tables = [self.to_frame().drop(columns=["signature"])]
        tables += [self.to_frame("comparisons")] if self.comparisons else []
        tables += [self.to_frame("gates")] if self.evaluation.gates else []
        return "".join(str(table.to_html(index=False, escape=True, notebook=True)) for table in tables)
