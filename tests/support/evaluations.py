"""Runs as values, for the tests of reports: ordinary runs, and runs in which every text is hostile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from losscli.report import View, renderer
from losscli.results import (
    BaselineResult,
    BaselineSource,
    ComparisonResult,
    ErrorResult,
    Evaluation,
    FormulaResult,
    GateResult,
    LossResult,
    Origin,
    PairedTest,
    RowCounts,
    SourceResult,
    SuiteResult,
    TermResult,
    Uncertainty,
    WarningResult,
)
from losscli.results.diagnostics import (
    BandPoint,
    Bin,
    CalibrationBlock,
    Cell2,
    ConfusionResult,
    Coverage,
    CurvePoint,
    CurvesResult,
    Decomposition,
    Diagnostics,
    ForecastResult,
    LossDistributionResult,
    MurphyPoint,
    MurphyResult,
    ReliabilityResult,
    ResidualsResult,
    Trend,
    WorstRowResult,
)
from losscli.results.worst_slices import LeftOutColumnResult, SearchedColumnResult, WorstSlice, WorstSlices

HOSTILE = (
    "\x1b[31mred\x1b]0;t\x07 \x9b1m [red]x[/x]:smile:\u202eab\u200b\ud800\ufffe]]>|`</script><img onerror=x>\r\n"
    "::error::x##[group]\"'&amp;{}%,#=\\"
)
HOW = Uncertainty("t", 0.95, "row", 442, df=441.0)


def render_suites(suites: Sequence[SuiteResult], format: str) -> str:
    return renderer(format).render_suites(suites, View())


def result(spec: str = "mse", value: float = 1.5, model: str | None = None, **more: Any) -> LossResult:
    count = more.pop("count", 442)
    fields: dict[str, Any] = {
        "by": {}, "loss": spec.partition(":")[0], "params": {}, "reduction": "mean", "direction": "lower",
        "terms": {"loss": TermResult(value, value * count, count, float(count))},
        "revision": 1, "signature": f"{spec}|rev1|mean",
    }  # fmt: skip
    return LossResult(model=model, spec=spec, value=value, count=count, weight=float(count), **{**fields, **more})


def run(*results: LossResult, **more: Any) -> Evaluation:
    rows = more.pop("rows", RowCounts(read=450, used=442, dropped=8))
    return Evaluation((SourceResult("d.csv", "csv", 450),), rows, results, more.pop("bindings", {}), **more)


def gate(
    text: str = "mse<=2", value: float = 1.5, limit: float = 2.0, state: str = "passed", **more: Any
) -> GateResult:
    fields: dict[str, Any] = {"model": None, "by": {}, "spec": text.partition("<")[0]}
    return GateResult(text, value=value, limit=limit, state=state, **{**fields, **more})


def versus(model: str | None, against: str | None, difference: float, **more: Any) -> ComparisonResult:
    fields: dict[str, Any] = {
        "by": {}, "loss": "mse", "spec": "mse", "direction": "lower", "value": 1.5 + difference, "against_value": 1.5,
        "count": 442, "verdict": "better" if difference < 0 else "worse", "stderr": 0.125,
        "interval": (difference - 0.25, difference + 0.25), "uncertainty": HOW, "t": -2.5,
        "t_test": PairedTest(0.0123, 0.0246), "permutation": PairedTest(0.0125, 0.025), "permutations": 9999,
        "wins": 221, "losses": 111, "ties": 110,
    }  # fmt: skip
    return ComparisonResult(model, against, difference=difference, **{**fields, **more})


GATED = run(
    result("mse", 0.41283917264, "ridge", stderr=0.01, interval=(0.39, 0.43), uncertainty=HOW,
           baseline=BaselineResult(0.4011, 0.01173917264, 0.029267446, "worse")),
    result("mae", 0.25, "ridge", baseline=BaselineResult(0.5, -0.25, -0.5, "better")),
    result("rmse", math.nan, "ridge", by={"country": "FR"}, n_eff=17.5,
           baseline=BaselineResult(0.0, math.nan, None, "undefined")),
    status="error",
    gates=(
        gate("mse<=0.40", 0.41283917264, 0.4, "failed", model="ridge", baseline=0.4011, path="losscli.toml", line=7,
             reason="mse = 0.41283917264 > 0.4 (over by 0.01283917264)"),
        gate("mae<=0.5", 0.25, 0.5, model="ridge", reason="mae = 0.25 <= 0.5"),
        gate("rmse<=1 by country", math.nan, 1.0, "error", spec="rmse", model="ridge", by={"country": "FR"},
             reason="rmse is not a number"),
        gate("mae<=baseline", 0.25, math.nan, "skipped", model="ridge", reason="there is no baseline"),
    ),
    baseline=BaselineSource("base.json", ("rmse of forest",)),
    warnings=(WarningResult("probabilities were clipped to the bound", 3),),
    rows_sha256="0" * 64,
    bindings={"ridge": {"pred": ("ridge",), "target": ("y",)}},
)  # fmt: skip
COMPARED = run(
    result("mse", 1.5, "a"), result("mse", 1.25, "b"), result("mse", 1.75, "c"),
    comparisons=(versus("b", "a", -0.25), versus("c", "a", 0.25, by={"loss": "x"}, t_test=None)),
)  # fmt: skip
PLAIN = run(result("mse", 0.1 + 0.2), result("huber:delta=0.5", -0.0))
ERROR = ErrorResult("data.cell", 3, "'abc' is not a number", hint="--null-values abc", path="d.csv", row=7, line=8,
                    column="p", value="abc", suggestions=("x",))  # fmt: skip
HOSTILE_ERROR = ErrorResult(HOSTILE, 3, HOSTILE, hint=HOSTILE, path=HOSTILE, row=7, column=HOSTILE, value=HOSTILE)


def diagnosed(text: str) -> Diagnostics:
    """Diagnostics in which every text from data is this text."""
    row = WorstRowResult(7, math.inf, {text: text}, {text + "k": text}, {text + "c": text, text + "d": 1e300})
    levels = dict(zip(("0", "0.05", "0.25", "0.5", "0.75", "0.95", "1"), range(7), strict=True))
    cells = (Cell2(-1.0, 0.5, 3), Cell2(2.0, -0.5, 1))
    trend = (Trend(-1.0, 2.0, 4, 0.25, -0.5, 0.5),)
    skewed = (Bin(0.0, 0.5, 3), Bin(0.5, 1.0, 0), Bin(1.0, 2.0, 1))
    return Diagnostics(
        losses=(
            LossDistributionResult(text, text, text, "lower", 4, 1, levels, True, skewed, (row,)),
            LossDistributionResult(None, "mse", None, "higher", 4, 0, levels, False, (Bin(1.0, 1.0, 4),), ()),
            LossDistributionResult(None, "mse", None, "zero", 0, 4, {}, False, (), (row,)),
        ),
        residuals=(
            ResidualsResult(text, text, text, 4, cells, 0.0, 0.0, trend),
            ResidualsResult(None, "p", "y", 4, cells, 1.0, 0.5, trend),
            ResidualsResult(None, "p", "y", 2, (Cell2(1e300, -1e300, 2),), 0.0, 0.0, ()),
        ),
        reliability=(
            ReliabilityResult(
                text,
                text,
                "positive",
                4,
                (CalibrationBlock(0.1, 0.3, 0.2, 0.5, 4),),
                (BandPoint(0.2, 0.0, 0.5), BandPoint(0.3, 0.0, 0.75)),
                0.9,
                100,
                (Bin(0.0, 1.0, 4),),
                (Decomposition(text, 0.2, 0.1, 0.05, 0.15),),
            ),
            ReliabilityResult(
                None,
                "p",
                "predicted",
                1,
                (CalibrationBlock(1.0, 1.0, 1.0, 1.0, 1),),
                (BandPoint(1.0, 1.0, 1.0),),
                0.9,
                100,
                (Bin(0.0, 1.0, 1),),
                (),
            ),
        ),
        curves=tuple(
            CurvesResult(model, text, 4, 2, 0.75, 0.8, (CurvePoint(0.9, 0.5, 0.0, 1.0), CurvePoint(0.1, 1.0, 1.0, 0.5)))
            for model in [text, *"abcdefg"]
        ),
        murphy=tuple(
            MurphyResult(model, text, text, (MurphyPoint(0.0, 0.0), MurphyPoint(1.0, 0.5)))
            for model in [text, *"abcdefg"]
        ),
        forecasts=(
            ForecastResult(
                text,
                text,
                None,
                4,
                (Bin(0.0, 0.5, 3), Bin(0.5, 0.5, 0), Bin(0.5, 1.0, 1)),
                (Coverage(0.5, 0.75, 0.3, 0.95),),
                (),
            ),
            ForecastResult(None, "p", None, 1, (Bin(0.0, 1.0, 1),), (), ()),
            ForecastResult(
                text,
                text,
                text,
                8,
                (Bin(0.0, 1.0, 8),),
                (Coverage(0.5, 0.75, 0.3, 0.95),),
                (Coverage(0.9, 0.625, 0.3, 0.875),),
            ),
        ),
        confusion=(ConfusionResult(text, text, (text, "1"), ((3, 1), (0, 0))),),
    )


def worst(text: str) -> WorstSlices:
    """A search for slices in which every text from data is this text."""
    slices = (
        WorstSlice(text, text, text, {text: text}, 2.0, 40, 1.0, 400, 1.0, 0.125, 51.5, "welch", 1e-9, 1e-7),
        WorstSlice(
            None, "zero_one", "zero_one", {text: text, "b": "1"}, 1.0, 20, 0.5, 420, 0.5, 0.0, None, "fisher", 0.0, 0.0
        ),
        WorstSlice(
            None, "zero_one", "zero_one", {"b": "1"}, 0.75, 40, 0.5, 400, 0.25, 0.0, None, "fisher", 0.0, 0.0, True
        ),
    )
    columns = SearchedColumnResult(f"{text}:1|2", text, 3), SearchedColumnResult("b", "b", 2)
    left = tuple(LeftOutColumnResult(text, "one value") for _ in range(8))
    return WorstSlices(columns, 1, 2, left, (text, "zero_one"), 20, 90, 0.95, 7, slices)


def hostile(text: str) -> Evaluation:
    """A run in which every text that can come from data or from a command line is this text."""
    by, other = {text: text}, text + "!"
    return run(
        result(text, 1.0, text, by=by, baseline=BaselineResult(2.0, -1.0, -0.5, "better"), signature=text),
        result(text + "'", math.nan, other, by={text: other}),
        status="failed",
        gates=(
            gate(text, 1.0, 0.5, "failed", model=text, by=by, spec=text, reason=text, path=text, line=3),
            gate(text, 1.0, 2.0, "passed", model=other, by=by, spec=text, reason=text),
        ),
        comparisons=(versus(text, other, 0.5, by=by, spec=text, loss=text),),
        bindings={text: {"pred": (text,)}},
        baseline=BaselineSource(text, (text,)),
        warnings=(WarningResult(text, 2),),
        rows_file=text,
        formulas=(
            FormulaResult(text, text, "(pred - target)**2 if pred else skip", {"delta": 1.0, "kind": text}, text),
        ),
        origin=Origin((text,), text),
        diagnostics=diagnosed(text),
        worst_slices=worst(text),
    )


SUITES = (
    SuiteResult("fast", PLAIN),
    SuiteResult("gated", GATED),
    SuiteResult("broken", None, ERROR),
    SuiteResult(HOSTILE, hostile(HOSTILE)),
)
RUNS = {
    "plain": PLAIN, "gated": GATED, "compared": COMPARED, "hostile": hostile(HOSTILE), "empty": run(),
    "searched": replace(PLAIN, worst_slices=worst("p")),
    "not found": replace(PLAIN, worst_slices=replace(worst("p"), slices=(), found=0)),
    "diagnosed": replace(PLAIN, diagnostics=diagnosed("p")),
    "passed": replace(PLAIN, gates=(gate("mse<=1", 0.1 + 0.2, 1.0, reason="fine"),)),
}  # fmt: skip
