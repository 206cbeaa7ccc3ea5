"""What Python callers use: `evaluate`, `merge`, `row_values`, `gradient`, and the report that comes back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from losscli.binding.python_request import Columns, matrix_source, request_of
from losscli.binding.request import Policy, Request
from losscli.binding.spec import parse
from losscli.contract.kinds import Array
from losscli.errors import UsageError
from losscli.execution.engines import ENGINES, Engine
from losscli.execution.engines.choose import check_choice, chosen
from losscli.execution.evaluate import evaluate as evaluate_prepared
from losscli.execution.gradients import gradient as gradient_pieces
from losscli.execution.prepare import Data, Prepared, paired, prepare
from losscli.execution.progress import NO_PROGRESS, Line, ProgressObserver, shown, terminal
from losscli.execution.python_data import data_of, path_of, paths_of
from losscli.execution.row_values import OutputRows
from losscli.execution.row_values import row_values as value_pieces
from losscli.execution.shardable import check_mergeable, expected_files
from losscli.execution.shards import merge as merge_states
from losscli.io.source import ReadOptions
from losscli.parallel import one_blas_thread
from losscli.report import render
from losscli.results import ComparisonResult, Evaluation, LossResult, WarningResult

if TYPE_CHECKING:
    import pandas


class Report(Sequence[LossResult]):
    """The results of a run, in the order of losses, models and slices.

    `report["mse"]` is the result of that spec; where there are several (models, slices) use
    `report.find("mse", model="ridge", country="DE")`. In a notebook the report shows itself as a table.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    def find(self, loss: str, model: str | None = None, **by: str) -> LossResult:
        """The one result of a loss spec; a KeyError says what there is where none or several fit."""
        text = parse(loss).text if not any(r.loss == loss for r in self) else loss
        found = [
            r for r in self
            if text in (r.spec, r.loss) and (model is None or r.model == model) and (not by or dict(r.by) == by)
        ]  # fmt: skip
        if not by and len(found) > 1:
            found = [r for r in found if not r.by] or found
        if len(found) != 1:
            known = sorted({f"{r.model}/{r.spec}" if r.model else r.spec for r in self})
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
        """One row a result, as a pandas DataFrame."""
        import pandas as pd

        slices = dict.fromkeys((name for r in self for name in r.by), "")
        return pd.DataFrame(
            [
                {"model": r.model, **slices, **r.by, "loss": r.loss, "spec": r.spec, "value": r.value, "count": r.count,
                 "weight": r.weight, "reduction": r.reduction, "direction": r.direction, "signature": r.signature}
                for r in self
            ]
        )  # fmt: skip

    def __repr__(self) -> str:
        return render(self.evaluation, "plain").rstrip("\n")

    def _repr_html_(self) -> str:
        return str(self.to_frame().drop(columns=["signature"]).to_html(index=False, escape=True, notebook=True))


def evaluate(
    source: Any,
    losses: str | Sequence[str],
    *,
    target: Columns | None = None,
    pred: Columns | Mapping[str, Columns] | None = None,
    columns: Mapping[str, Columns] | None = None,
    tables: Mapping[str, Any] | None = None,
    targets: Any = None,
    on: str | Sequence[str] = (),
    unmatched: Policy = "error",
    weight: str | None = None,
    class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
    divide_by: Literal["weight", "count"] = "weight",
    reduction: Literal["mean", "sum"] | None = None,
    by: str | Sequence[str] = (),
    max_slices: int = 100_000,
    where: str | None = None,
    batch_by: str | None = None,
    batch_size: int | None = None,
    missing: Policy = "error",
    nan: Policy = "error",
    positive: str | None = None,
    precision: Literal["float64", "float32"] | None = None,
    interval: bool = False,
    level: float = 0.95,
    cluster: str | None = None,
    bootstrap: int | None = None,
    seed: int = 0,
    options: ReadOptions | None = None,
    threads: int | None = None,
    progress: bool = False,
    engine: Literal["threads", "dask"] = "threads",
    scheduler: str | None = None,
    insecure_scheduler: bool = False,
) -> Report:
    """Score predictions against targets.

    `source` is a path, a list of paths (one table), a pandas DataFrame, anything with `__arrow_c_stream__`, or a
    dict of arrays (a 2-D array is a column of vectors). `losses` are specs (`"huber:delta=2"`). `pred` is a COLS or
    a dict model -> COLS. `columns` maps other roles (`"anchor"`, `"model:anchor"`) to COLS; `tables` maps Matrix
    roles to a path or a table. With `progress`, a run of some length shows on standard error how far it is, where that
    is a terminal. The other arguments are the options of `losscli eval`. Raises `LosscliError`.
    """
    settings = dict(locals())
    with one_blas_thread(), observed(settings) as observer:
        run = prepared(settings)
        return Report(evaluate_prepared(run, engine_of(settings, run), hashing=True, observer=observer))


def compare(
    source: Any, losses: str | Sequence[str], *, against: str | None = None, permutations: int = 10_000, **settings: Any
) -> Report:
    """Score two or more models on the same rows, and each against one of them: `report.comparisons`.

    `against` is the model that the others are held against, by default the first. Each comparison has the difference,
    its interval, the p-values of the paired t test and of `permutations` swaps of the models in a random half of the
    rows (0: no such test), both corrected for the number of models (Holm 1979), and who wins how many rows. The other
    settings are those of `evaluate`; `cluster` and `bootstrap` count here too.

    `source` is one table with the predictions of all models (`pred` is a dict model -> COLS), or a dict model -> path
    or table where each has its own: rows are then paired by the key `on`, or by their place, and the target must be
    the same in all.
    """
    _check_names("compare", settings)
    given = {**settings, "source": source, "losses": losses, "interval": True, "permutations": permutations}
    with one_blas_thread(), observed(given) as observer:
        run = paired(prepared(given), against)
        _check_engine(given, run.plan.request, Data())
        return Report(evaluate_prepared(run, engine_of(given, run), hashing=True, observer=observer))


def merge(states: Any) -> Report:
    """The report of a run whose shards were scored apart, by `losscli eval --shard I/N --state-out FILE`.

    `states` is the path of its one state file, or a list of the paths of all, in any order.
    """
    return Report(merge_states(paths_of(states) or ()).evaluation)


def row_values(source: Any, losses: str | Sequence[str], **settings: Any) -> dict[str, Any]:
    """The value of every used row: `row` and one array a model and spec (NaN where a row takes no part).

    The settings are those of `evaluate`.
    """
    _check_names("row_values", settings)
    with one_blas_thread(), observed(settings) as observer:
        run = prepared({"source": source, "losses": losses, **settings})
        return gathered(value_pieces(run, engine_of(settings, run), observer))


def gradient(source: Any, loss: str, *, wrt: str | None = None, **settings: Any) -> dict[str, Any]:
    """The derivative of the final value by each prediction: `row` and one array a prediction column.

    `wrt` picks a role; the other settings are those of `evaluate`, without `by`.
    """
    _check_names("gradient", settings)
    if settings.get("by"):
        raise UsageError("the gradient is that of one value, so 'by' is not supported", code="USAGE_CONFLICT")
    settings["options"] = settings.get("options") or ReadOptions(spool=True)
    with one_blas_thread(), observed(settings, passes=2) as observer:
        run = prepared({"source": source, "losses": [loss], **settings})
        return gathered(gradient_pieces(run, wrt, engine_of(settings, run), observer))


def _check_names(function: str, settings: Mapping[str, Any]) -> None:
    """A setting that `evaluate` does not have is an error, as a misspelled argument is for any function."""
    for name in settings:
        if name not in (evaluate.__kwdefaults__ or {}):
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")


def engine_of(settings: Mapping[str, Any], run: Prepared) -> Engine:
    """Threads of this process (one per core by default), or the workers of a Dask cluster."""
    threads, name = settings.get("threads"), settings.get("engine") or ENGINES[0]
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be at least 1; got {threads}", code="USAGE_BAD_VALUE")
    files = expected_files(run.source, f"engine='{name}'") if name != ENGINES[0] else ()
    return chosen(name, threads, settings.get("scheduler"), files, lambda note: None)


def observed(settings: Mapping[str, Any], passes: int = 1) -> AbstractContextManager[ProgressObserver]:
    """The observer that shows the progress: none, unless `progress` is set and standard error is a terminal."""
    stream = terminal() if settings.get("progress") else None
    return nullcontext(NO_PROGRESS) if stream is None else shown(Line(stream, not os.environ.get("NO_COLOR")), passes)


def _check_engine(settings: Mapping[str, Any], request: Request, data: Data) -> None:
    name = settings.get("engine") or ENGINES[0]
    check_choice(name, settings.get("scheduler"), bool(settings.get("insecure_scheduler")))
    if name != ENGINES[0]:
        check_mergeable(request, data, f"engine='{name}'", f"engine='{ENGINES[0]}'")


def gathered(batches: Iterable[OutputRows]) -> dict[str, Any]:
    """All batches as one dict of arrays."""
    parts = list(batches)
    found: dict[str, Any] = {"row": np.concatenate([part.row_number_array for part in parts])}
    for name in (key.column for key in parts[0].keys):
        found[name] = [text for part in parts for key in part.keys if key.column == name for text in key.texts()]
    for name in parts[0].arrays:
        found[name] = np.concatenate([_with_nan(*part.arrays[name]) for part in parts])
    return found


def _with_nan(values: Array, part: Array | None) -> Array:
    return values if part is None else np.where(part, values, np.nan)


def prepared(settings: Mapping[str, Any]) -> Prepared:
    """The keyword arguments of `evaluate` as a bound run."""
    given = {name: value for name, value in settings.items() if value is not None}
    tables = {matrix_source(key, path_of(table)): path_of(table) for key, table in given.get("tables", {}).items()}
    request = request_of(given, tables)
    data = data_of(given, settings["source"], tables, request.on)
    _check_engine(settings, request, data)
    return prepare(request, data)
