"""What Python callers call for a report: `evaluate`, `compare`, `merge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal

from losscli.api.report import Report
from losscli.binding.python_request import Columns
from losscli.binding.request import Adjust, BootstrapMethod, IntervalMethod, Others, Policy, Unmatched
from losscli.execution.judge import bound_to_results, gated
from losscli.execution.merge_states import merge as merge_states
from losscli.execution.prepare import Data, paired
from losscli.execution.python_data import paths_of
from losscli.execution.python_run import check_engine, evaluated, judged, observed, prepared, rules_of
from losscli.execution.state_file import state_files
from losscli.gates.verdicts import drop_limit, evaluate_gates
from losscli.io.source import ReadOptions
from losscli.losses._loss_name import LossName
from losscli.parallel import one_blas_thread

_JUDGING = ("gates", "baseline", "allow_incomparable")
"""The settings of `evaluate` that other functions do not take."""


def evaluate(
    source: Any,
    losses: LossName | str | Sequence[LossName | str],
    *,
    target: Columns | None = None,
    pred: Columns | Mapping[str, Columns] | None = None,
    columns: Mapping[str, Columns] | None = None,
    tables: Mapping[str, Any] | None = None,
    targets: Any = None,
    on: str | Sequence[str] | Mapping[str, str] = (),
    unmatched: Unmatched = "error",
    join: Literal["one-to-one", "many-to-one"] | None = None,
    key_match: str | Sequence[str] = (),
    beside: Any = (),
    weight: str | None = None,
    class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
    divide_by: Literal["weight", "count", "rows"] | None = None,
    reduction: Literal["mean", "sum"] | None = None,
    by: str | Sequence[str] = (),
    mean_of: str | None = None,
    group_weight: str | None = None,
    skill: bool = False,
    skill_against: str | None = None,
    max_slices: int = 100_000,
    sort: str = "label",
    where: str | None = None,
    let: str | Sequence[str] | Mapping[str, str] = (),
    batch_by: str | None = None,
    batch_size: int | None = None,
    missing: Policy = "error",
    nan: Policy = "error",
    max_dropped: int | str | None = None,
    gates: str | Sequence[str] = (),
    baseline: Any = None,
    allow_incomparable: bool = False,
    positive: str | None = None,
    others: Others = "error",
    classes: str | Sequence[Any] | None = None,
    first_class: int | None = None,
    precision: Literal["float64", "float32"] | None = None,
    interval: bool = False,
    level: float = 0.95,
    cluster: str | None = None,
    time: str | None = None,
    horizon: int | None = None,
    sequential: bool = False,
    why: bool = False,
    diagnostics: bool = False,
    bootstrap: int | None = None,
    bootstrap_method: BootstrapMethod | None = None,
    interval_method: IntervalMethod | None = None,
    seed: int = 0,
    adjust: Adjust = "holm",
    between: str | None = None,
    options: ReadOptions | None = None,
    threads: int | None = None,
    progress: bool = False,
    engine: Literal["threads", "dask"] = "threads",
    scheduler: str | None = None,
    insecure_scheduler: bool = False,
    scheduler_file: str | PathLike[str] | None = None,
    tls_ca: str | PathLike[str] | None = None,
    tls_cert: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    worker_timeout: float | None = None,
) -> Report:
    """Score predictions against targets: losses x models x slices, in one pass.

    Parameters
    ----------
    source : path, list of paths, DataFrame, Arrow table or stream, or dict of arrays
        One table of N rows. Several paths are one table. In a dict, an array of shape (N,) is a column of numbers and
        one of shape (N, D) a column of vectors. Anything with `__arrow_c_stream__` is read as a stream.
    losses : str or sequence of str
        Specs: `"mse"`, `"huber:delta=2"`, `"bce@keras"`, `"total=0.7*mse+0.3*huber"`.
    target : str or sequence of str, optional
        The columns of the target (ground truth): COLS as on the command line, or a list of exact names. By default
        the default names are tried.
    pred : str, sequence of str, or mapping of model to either, optional
        The columns of the prediction; a mapping names several models.
    columns : mapping of role to columns, optional
        Any other role: `{"anchor": "a_*"}`, or `{"model:anchor": …}` for one model.
    tables : mapping of role to path or table, optional
        Roles that are read whole, such as `prototypes`: a path, a 2-D array of shape (rows, D), or a table.
    targets : path or table, optional
        The targets in a table of their own, joined by `on`; `targets.NAME` and `preds.NAME` name columns of either.
    on : str, sequence of str, or dict
        The key columns of that join; a dict has the name in `source` and that in `targets`. "" is a column of a text
        file without a name.
    unmatched : {"error", "drop", "drop-targets"}
        What becomes of rows whose key is on one side only. With "drop-targets", targets may be without a prediction,
        but no prediction without a target.
    join : {"one-to-one", "many-to-one"}, optional
        How many predictions a target may have; by default several where a used column (as in `by`) tells them apart.
    key_match : str or sequence of str
        What keys may differ in: "trim" (white space around them), "unicode", "number" (zeros of 007, 7.0), "case".
    beside : path, table, list of them, or dict of name to path, table or array
        Columns beside those of `source`, by row order: all must have N rows. The names of a dict rename the only column
        of a table, or stand before the names of several: `NAME.COLUMN`.
    weight : str, optional
        The column of row weights, at least 0; 0 leaves the row out.
    class_weight : "balanced" or mapping of class to float, optional
        Weights by the class of the target.
    divide_by : {"weight", "count", "rows"}, optional
        What a weighted mean is divided by: the sum of weights (the default, unless a library preset says otherwise),
        the number of rows with a weight above 0, or the number of all rows.
    reduction : {"mean", "sum"}, optional
        How values make the number; by default as the loss says.
    by : str or sequence of str
        Columns by whose values slices are made, or by months of dates (`"ds:month"`), intervals (`"age:18|65"`).
    mean_of : str, optional
        The mean, over the groups of rows with the same value in this column, of the value of each group. Each group
        counts the same; intervals have the groups as units.
    group_weight : str, optional
        The column with the weights of these groups: a number of at least 0 that all rows of a group have.
    skill : bool
        Whether results get their `skill` against the best constant prediction on the same rows and slice (R2 for mse).
        The data is read three times.
    skill_against : str, optional
        A model that the others are held against: `skill` of their results is 1 - loss / loss of that model.
    max_slices : int
        More slices than this are an error.
    sort : str
        The order of slices: "loss" (the first one) or the name of a loss, the worst first; "count", the largest first;
        "label".
    where : str, optional
        A filter: `'split == "test" and age >= 18'`.
    let : str or sequence of str, or mapping of str to str
        Derived columns, `"p = pct / 100"` or `{"p": "pct / 100"}`, of which later ones may use earlier ones.
    batch_by : str, optional
        For batch losses: the column whose equal values make a batch.
    batch_size : int, optional
        For batch losses: so many rows, one after the other, make a batch. By default the whole table is one.
    missing, nan : {"error", "drop"}
        What becomes of rows with an empty cell or null, and of rows with NaN.
    max_dropped : int or str, optional
        How many predictions may be left out by these two and by `unmatched`: a number, or "1%" of them; by default any.
        The verdict is in `report.gates`; `report.passed` is false if there are more. With `gates`, none by default.
    gates : str or sequence of str
        Limits on the numbers, as for `--gate`: `"rmse<=1.1"`, `"bce<=baseline+1%"`, `"new/mae<=old significant"`,
        `"mae<=2 by country"`. A failed gate does not raise: the verdicts are in `report.gates`, and `report.passed`
        says whether all passed.
    baseline : path or Report, optional
        The run that this one is compared with: a saved JSON report, or a report in memory. Results have its number
        and the change in `baseline`. Gates that test the rows against it need a file, with the row values saved beside.
    allow_incomparable : bool
        Whether the baseline may be of other rows or targets; else that is an error.
    positive : str, optional
        The positive class label of a binary target.
    others : {"error", "negative"}
        What more than one other label beside `positive` is: an error, or negative (one against the rest).
    classes : str or sequence, optional
        The classes of a column of lists, or of listed columns, in their order.
    first_class : int, optional
        The first class index of targets that are positions; by default 0.
    precision : {"float64", "float32"}, optional
        Of the similarities in losses that have this parameter.
    interval : bool
        Whether results get a standard error and a confidence interval.
    level : float
        The confidence level, between 0 and 1.
    cluster : str, optional
        The column whose equal values mark rows that belong together; implies `interval`.
    time : str, optional
        The column that orders the rows (numbers, dates, dates with a time): rows depend on those before. Rows of one
        time are one unit. Implies `interval`.
    horizon : int, optional
        How many steps ahead the rows were forecast: those further apart are taken as independent. Needs `time`.
    sequential : bool
        Whether intervals hold at all looks at a growing sample together (confidence sequences); implies `interval`.
    why : bool
        Whether the report has the clusters, times, batches or rows whose removal would change a value most, in
        `influence`, and in `worst_slices` the slices of all columns without a role, and of pairs of them, whose loss is
        worse than that of the other rows by more than chance. It reads the data twice.
    diagnostics : bool
        Whether the report has what pictures show: `plot`, `to_html` and `to_json` then have it. By default not, as it
        takes longer, and the JSON report would not be that of the command.
    bootstrap : int, optional
        The number of bootstrap resamples, in place of sums of squares; implies `interval`.
    bootstrap_method : {"bca", "studentised", "percentile"}, optional
        The interval from bootstrap resamples, by default "bca".
    interval_method : {"auto", "t", "hall", "wilson", "clopper-pearson"}, optional
        The interval where there are no bootstrap resamples, by default by the nature of the loss; implies `interval`.
    seed : int
        The seed of bootstrap and permutation test.
    adjust : {"holm", "bh", "max-t", "none"}
        Multiple comparisons. By Holm's method or that of Benjamini and Hochberg (false discovery rate) p-values are
        adjusted; by "max-t" also the confidence intervals hold for all models and slices of a loss together.
    between : str, optional
        Whether slices are compared: "rest" (each with the rest of the rows) or "COL=VALUE" (with that slice); implies
        `interval`. `between` of each result has the difference.
    options : ReadOptions, optional
        How text files are read.
    threads : int, optional
        The number of threads; by default one a core. No bit of a result depends on it.
    progress : bool
        Whether a long run shows on standard error how far it is, where that is a terminal.
    engine : {"threads", "dask"}
        What does the work.
    scheduler : str, optional
        The address of a Dask scheduler; by default that of Dask's configuration.
    insecure_scheduler : bool
        Whether a scheduler without TLS beyond this machine is allowed.
    scheduler_file : path, optional
        The file in which a Dask scheduler wrote its address.
    tls_ca, tls_cert, tls_key : path, optional
        For a scheduler at a tls:// address: the certificate of its authority, one of your own, and its private key.
    worker_timeout : float, optional
        Seconds after which a silent worker is given up, and others do its work; by default 60.

    Returns
    -------
    Report
        The results, the same bits as `losscli eval` gives.

    Raises
    ------
    UsageError
        A spec, a column name, a gate or a setting is wrong.
    DataError
        A value is not acceptable; the error has file, row, column and value. The baseline is not comparable.
    FileError
        A file cannot be read.
    EmptyError
        There is nothing to score.

    References
    ----------
    `losscli help` and docs/design describe the joins, policies and intervals in full; each loss has its own source.

    Examples
    --------
    >>> table = {"y": [1.0, 2.0, 4.0], "ridge": [1.5, 2.0, 3.0], "forest": [1.0, 2.0, 2.0]}
    >>> report = evaluate(table, "mae", target="y", pred={"a": "ridge", "b": "forest"})
    >>> [(result.model, result.value) for result in report]
    [('a', 0.5), ('b', 0.6666666666666666)]
    """
    settings = {**locals(), "worst_slices": why}
    with one_blas_thread(), observed(settings) as observer:
        rules = rules_of(gates, _evaluation(baseline), max_dropped, allow_incomparable)
        run, bound, _ = gated(prepared(settings), rules)
        check_engine(settings, run.plan.request, Data())
        return Report(judged(evaluated(settings, run, observer), bound, rules))


def compare(
    source: Any, losses: LossName | str | Sequence[LossName | str], *, against: str | None = None, pairs: bool = False,
    permutations: int = 10_000, test: str = "auto", power: float | None = None, **settings: Any,
) -> Report:  # fmt: skip
    """Score two or more models on the same rows, and test each against one of them.

    Parameters
    ----------
    source : as in `evaluate`, or mapping of model to path or table
        One table with the predictions of all models, or one table a model. Those are paired by the key `on`, else by
        row order; the target must be the same in all.
    losses : str or sequence of str
        Specs, as in `evaluate`.
    against : str, optional
        The model that the others are compared with; by default the first.
    pairs : bool
        Whether every two models are compared, and all of them ranked: `ranking` of each result has the rank and the
        relative skill, which `against` scales to that of a model.
    permutations : int
        Random permutations of the permutation test; 0 leaves it out where another test decides.
    test : str
        The test that decides: "t", "permutation", "wild" (wild cluster bootstrap), "mcnemar", "mcnemar-mid-p", or
        "auto", which goes by the loss and the number of units.
    power : float, optional
        Such as 0.8: comparisons then have in `detection` the minimal detectable difference at this power, and the
        number of units needed to detect the observed difference.
    **settings
        The other arguments of `evaluate`; `cluster`, `bootstrap` and `adjust` count here too.

    Returns
    -------
    Report
        `report.comparisons` has for each pair the difference of the losses, its standard error and confidence
        interval, the p-values of the paired t test and of the permutation test, as they are and adjusted for several
        comparisons, the effect size, and how many rows each model wins.

    Raises
    ------
    LosscliError
        As in `evaluate`; a UsageError also where there are not two models.
    TypeError
        A setting that `evaluate` does not have.

    References
    ----------
    .. [1] Noreen 1989, Computer-intensive methods for testing hypotheses (permutation test)
    .. [2] Holm 1979, Scandinavian Journal of Statistics 6(2), 65-70
    .. [3] Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> table = {"y": [1.0, 2.0, 4.0], "ridge": [1.5, 2.0, 3.0], "forest": [1.0, 2.0, 2.0]}
    >>> report = compare(table, "mae", target="y", pred={"a": "ridge", "b": "forest"})
    >>> report.comparisons[0].difference
    0.16666666666666663
    """
    check_names("compare", settings)
    given = {**settings, "source": source, "losses": losses, "interval": True}
    given.update({"permutations": permutations, "test": test, "power": power})
    with one_blas_thread(), observed(given) as observer:
        limit = drop_limit(given.get("max_dropped"))
        run = paired(prepared(given), against, pairs=pairs)
        check_engine(given, run.plan.request, Data())
        evaluation = evaluated(given, run, observer)
        return Report(evaluate_gates(evaluation, (), max_dropped=limit))


def merge(
    states: Any, *, max_dropped: int | str | None = None, gates: str | Sequence[str] = (), baseline: Any = None,
    allow_incomparable: bool = False,
) -> Report:  # fmt: skip
    """Merge the shards of one run, scored by `losscli eval --shard I/N --state-out FILE`, into its report.

    Parameters
    ----------
    states : path or list of paths
        The state file of the whole run, or those of all its shards, in any order; a folder stands for its ``*.json``,
        and a glob for what it matches.
    max_dropped : int or str, optional
        How many predictions may have been left out, as in `evaluate`.
    gates, baseline, allow_incomparable
        As in `evaluate`; gates that test rows are refused, as states contain no rows.

    Returns
    -------
    Report
        The report of the whole run, the same bits as if it had run on one machine.

    Raises
    ------
    DataError
        A state is damaged, missing, there twice, or of another run or version.
    FileError
        A file cannot be read.

    Examples
    --------
    >>> merge("nowhere.state")
    Traceback (most recent call last):
    losscli.errors.FileError: no such file
    """
    rules = rules_of(gates, _evaluation(baseline), max_dropped, allow_incomparable)
    evaluation = merge_states(state_files(paths_of(states) or ())).evaluation
    return Report(judged(evaluation, bound_to_results(rules.gates, evaluation), rules))


def _evaluation(baseline: Any) -> Any:
    """The run of a baseline in memory; a path as it is."""
    return baseline.evaluation if isinstance(baseline, Report) else baseline


def check_names(function: str, settings: Mapping[str, Any]) -> None:
    """A setting that `evaluate` does not share is an error, as a misspelled argument is for any function."""
    for name in settings:
        if name not in (evaluate.__kwdefaults__ or {}) or name in _JUDGING:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")
