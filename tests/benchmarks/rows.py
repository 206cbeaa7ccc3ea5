"""What is measured, against whom, and how good is good enough: every row of the table, declared once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import TOGETHER

SCRIPTS = Path(__file__).parent / "peers"
SUMS = 1e-9  # doubles added in another order
FLOATS = 1e-5  # a peer that computes in float32
SMALL = 300  # MB: what any row-by-row evaluation may hold
LITTLE = 200  # MB: what it was hoped to hold
SHARDS = 200
HELD = 1000  # MB: what one may hold that keeps the distinct values of three columns of 20 M rows
_FILE = re.compile(r"\b(?!pyarrow\.)\w+\.(?:csv|parquet|jsonl|json|states)\b")


@dataclass(frozen=True)
class Side:
    """One whole process: the arguments of a Python interpreter.

    `needs`: packages of the peers' interpreter (none: it runs under losscli's own). `base`: a process of the same
    program without the work, for goals that take it off.
    """

    name: str
    args: tuple[str, ...]
    needs: tuple[str, ...] = ()
    base: tuple[str, ...] = ()


@dataclass(frozen=True)
class Goal:
    """A key of measure.COMPARED and its limit; None: shown for information. `stretch`: one that was hoped for."""

    compared: str
    limit: float | None = None
    stretch: float | None = None


@dataclass(frozen=True)
class Row:
    """A piece of work that both sides do.

    `tolerance`: how far, relatively, their values may differ (None: they print none); `key`: the column that names
    values of CSV; `written`: the Parquet files of both that have the values; `often`: rounds for each one asked for;
    `long`: takes many minutes.
    """

    work: str
    ours: Side
    against: Side | None
    goals: tuple[Goal, ...]
    tolerance: float | None = SUMS
    key: str | None = None
    written: tuple[str, str] | None = None
    often: int = 1
    long: bool = False

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.ours,) if self.against is None else (self.ours, self.against)

    @property
    def files(self) -> tuple[str, ...]:
        """The data that its commands name."""
        words = [word for side in self.sides for word in (*side.args, *side.base)]
        return tuple(dict.fromkeys(name for word in words for name in _FILE.findall(word)))


def losscli(*args: str, base: tuple[str, ...] = (), name: str = "losscli") -> Side:
    return Side(name, ("-m", "losscli", *args), base=base)


def evaluated(file: str, columns: tuple[str, ...], *losses: str, more: tuple[str, ...] = ("-q",)) -> tuple[str, ...]:
    """The arguments of an `eval`; -q prints a number a loss."""
    return ("eval", *file.split(), *columns, *(word for loss in losses for word in ("-l", loss)), *more)


def peer(name: str, script: str, *args: str, needs: str, base: tuple[str, ...] = ()) -> Side:
    return Side(name, (str(SCRIPTS / f"{script}.py"), *args), tuple(needs.split()), base)


def duckdb(source: str, *averages: str, where: str = "true") -> Side:
    """A query of averages; `r` is the residual, computed once as a user would who wants it fast."""
    query = f"SELECT {', '.join(averages)} FROM (SELECT *, p - y AS r FROM '{source}' WHERE {where})"
    return peer("DuckDB", "duckdb_averages", query, needs="duckdb")


MISS = ("-t", "y", "-p", "p")
ODDS = ("-t", "label", "-p", "q")
VIEWS = ("-c", "anchor=a", "-c", "positive=b")
TWO = ("mse", "mae")
TWO_SQL = ("avg(r * r)", "avg(abs(r))")
# Ten that SQL can say in one average each; expressions as short and as quick as SQL allows.
TEN = {
    "mse": "avg(r * r)",
    "mae": "avg(abs(r))",
    "rmse": "sqrt(avg(r * r))",
    "huber:delta=0.5": "avg(CASE WHEN abs(r) <= 0.5 THEN r * r / 2 ELSE 0.5 * (abs(r) - 0.25) END)",
    "smooth_l1:beta=0.2": "avg(CASE WHEN abs(r) < 0.2 THEN r * r / 0.4 ELSE abs(r) - 0.1 END)",
    "pseudo_huber": "avg(sqrt(1 + r * r) - 1)",
    "log_cosh": "avg(ln(cosh(r)))",
    "pinball:q=0.9": "avg(CASE WHEN r <= 0 THEN -0.9 * r ELSE 0.1 * r END)",
    "expectile:q=0.9": "avg(CASE WHEN r < 0 THEN 0.9 * r * r ELSE 0.1 * r * r END)",
    "smape": "avg(2 * abs(r) / (abs(y) + abs(p)))",
}
BCE_SQL = "avg(-ln(CASE WHEN label = 1 THEN q ELSE 1 - q END))"
CLASSES = tuple(f"p_{number}" for number in range(10))
OURS_ALONE = ("-c", "import losscli.cli.entry, losscli.losses, losscli.execution.evaluate, numpy, pyarrow.parquet")
TORCH_ALONE = ("-c", "import torch, pyarrow.parquet")
YARDSTICK = Side("import click, numpy, pyarrow.lib", ("-c", "import click, numpy, pyarrow.lib"))


def of_rows() -> list[Row]:
    """Losses of rows, against programs that stream."""
    two, parquet = "mse and mae, Parquet, 20 M rows", "rows.parquet"
    ours = losscli(*evaluated(parquet, MISS, *TWO))
    bce = losscli(*evaluated(parquet, ODDS, "bce"))
    rows = [
        Row(two, ours, duckdb(parquet, *TWO_SQL), (Goal("time", 1.35, 1.2), Goal("memory"))),
        Row(two, ours, sklearn("errors", parquet), (Goal("time"), Goal("memory"))),
        Row(two, ours, peer("PyTorch", "torch_errors", parquet, needs="torch pyarrow"), (Goal("time"), Goal("memory"))),
        Row("ten regression losses, Parquet, 20 M rows", losscli(*evaluated(parquet, MISS, *TEN)),
            duckdb(parquet, *TEN.values()), (Goal("time", 1.25, 1.0),)),
        Row("bce, Parquet, 20 M rows", bce, duckdb(parquet, BCE_SQL), (Goal("time", 1.2, 1.0),)),
        Row("bce, Parquet, 20 M rows", bce, sklearn("log_loss", parquet, "label", "q"),
            (Goal("time", 1 / 20, 1 / 25),)),
    ]  # fmt: skip
    for size, file in (("128 MB", "rows_128mb.csv"), ("1 GB", "rows_1gb.csv")):
        work, mine = f"mse and mae, CSV, {size}", losscli(*evaluated(file, MISS, *TWO))
        polars = peer("Polars", "polars_errors", file, needs="polars")
        rows += [
            Row(work, mine, duckdb(file, *TWO_SQL), (Goal("time", 1.1, 0.95), Goal("memory"))),
            Row(work, mine, polars, (Goal("time", 1.1, 0.95), Goal("memory"))),
            Row(work, mine, sklearn("errors", file), (Goal("time"), Goal("memory"))),
        ]
    for kind, key in (("whole number", "key"), ("text", "name")):
        grouped = losscli(*evaluated(parquet, MISS, "mse", more=("--by", key, "-f", "csv")))
        rows.append(Row(f"mse by 100,000 groups, key a {kind}, Parquet, 20 M rows", grouped,
                        peer("DuckDB", "duckdb_groups", parquet, key, needs="duckdb"), (Goal("time", 1.5, 1.2),),
                        key=key))  # fmt: skip
    scored = losscli(*evaluated("classes.parquet", ("-t", "class", "-p", "p_*"), "cross_entropy"))
    theirs = sklearn("log_loss", "classes.parquet", "class", *CLASSES)
    return [*rows, Row("cross_entropy, 10 classes, Parquet, 5 M rows", scored, theirs, (Goal("time", 1 / 10),))]


def of_slices() -> list[Row]:
    """Parts of the rows, how sure a mean is, and many models, against the queries that a user would type."""
    file, models = "sliced.parquet", [f"m_{number:02}" for number in range(20)]
    grouped = losscli(*evaluated(file, MISS, "mse", more=("--by", "group", "-f", "csv")))
    where = losscli(*evaluated(file, MISS, *TWO, more=("-q", "--where", 'split == "test" and age >= 18')))
    sure = losscli(*evaluated(file, MISS, *TWO, more=("-q", "--interval")))
    many = losscli(*evaluated("models.parquet", ("-t", "y", *(w for m in models for w in ("-p", m))), *TEN))
    averages = [
        re.sub(r"\bp\b", model, re.sub(r"\br\b", f"({model} - y)", sql)) for sql in TEN.values() for model in models
    ]
    theirs = peer("DuckDB", "duckdb_averages", f"SELECT {', '.join(averages)} FROM 'models.parquet'", needs="duckdb")
    filtered = duckdb(file, *TWO_SQL, where="split = 'test' AND age >= 18")
    time = (Goal("time", 1.5, 1.25),)
    return [
        Row("mse by 20 groups, Parquet, 20 M rows", grouped,
            peer("DuckDB", "duckdb_groups", file, "group", needs="duckdb"), time, key="group"),
        Row("mse and mae of two conditions, Parquet, 20 M rows", where, filtered, time),
        Row("mse and mae with intervals, Parquet, 20 M rows", sure,
            peer("DuckDB", "duckdb_intervals", file, needs="duckdb"), time),
        Row("20 models and ten losses, Parquet, 1 M rows", many, theirs,
            (Goal("time", 1.1, 0.9), Goal("memory"))),
    ]  # fmt: skip


def of_many_slices() -> list[Row]:
    """100,000 slices where each has more than a number."""
    goals = (Goal("seconds"), Goal("peak memory"))
    rows = [
        Row(f"mse by 100,000 groups {work}, Parquet, 20 M rows", losscli(*evaluated(
            "rows.parquet", MISS, "mse", more=("--by", "key", *more, "-f", "csv"))), None, goals)
        for work, more in (("with intervals", ("--interval",)), ("with a baseline", ("--baseline", "groups.json")))
    ]  # fmt: skip
    states = (f"shards.states/{number:03}" for number in range(1, SHARDS + 1))
    merged = losscli("merge", *states, "-f", "csv")
    goals = (Goal("seconds", 20), Goal("peak memory", 500))
    return [*rows, Row(f"merge of {SHARDS} states of 100,000 slices", merged, None, goals, long=True)]


def of_files() -> list[Row]:
    """Other files than two large ones: many small ones, JSON lines, and files that are written."""
    small, lines, table = "small.csv", "rows.jsonl", "two_million.parquet"
    read = losscli(*evaluated(lines, MISS, *TWO))
    theirs = peer("DuckDB", "duckdb_averages", f"SELECT {', '.join(TWO_SQL)} FROM (SELECT p - y AS r FROM "
                  f"read_csv('{small}/*.csv'))", needs="duckdb")  # fmt: skip
    joined = losscli(*evaluated("keyed_preds.parquet", MISS, "mse",
                                more=("--targets", "keyed_targets.parquet", "--on", "id", "-q")))  # fmt: skip
    by_key = peer("DuckDB", "duckdb_averages", "SELECT avg((p - y) * (p - y)) FROM 'keyed_preds.parquet' "
                  "JOIN 'keyed_targets.parquet' USING (id)", needs="duckdb")  # fmt: skip
    rows = [
        Row("mse of a join, 2 M × 2 M text keys", joined, by_key, (Goal("time", 2.5, 1.5), Goal("memory"))),
        Row("mse of a join, 2 M × 2 M text keys", joined, None, (Goal("peak memory", 400),)),
        Row("mse and mae, 2,000 CSV files of 500 rows", losscli(*evaluated(small, MISS, *TWO)), theirs,
            (Goal("time", 2.0, 1.2), Goal("CPU"))),
        Row("mse and mae, JSON lines, 1 M rows", read, duckdb(lines, *TWO_SQL), (Goal("time", 1.5, 1.0),)),
        Row("mse and mae, JSON lines, 1 M rows", read, peer("Polars", "polars_errors", lines, needs="polars"),
            (Goal("time", 1.2, 1.0),)),
    ]  # fmt: skip
    for command, work, sql in (("rows", "squared error", "(p - y) * (p - y)"),
                               ("grad", "gradient of mse", "2 * (p - y) / 2000000")):  # fmt: skip
        ours = (command, table, *MISS, "-l", "mse")
        copied = peer("DuckDB COPY", "duckdb_copy", table, sql, needs="duckdb")
        binary = peer("DuckDB COPY", "duckdb_copy", table, sql, "theirs.out", needs="duckdb")
        rows += [
            Row(f"{work} of each of 2 M rows to CSV", losscli(*ours), copied, (Goal("time", 1.2, 1.0),),
                key="row"),
            Row(f"{work} of each of 2 M rows to Parquet", losscli(*ours, "-o", "parquet=ours.out"), binary,
                (Goal("time", 1.2, 1.0),), written=("ours.out", "theirs.out")),
        ]  # fmt: skip
    return rows


def of_wide_rows() -> list[Row]:
    """Rows of a thousand numbers, against PyTorch in float64."""
    found = []
    for work, file, columns, loss, script, limit in (
        ("cross_entropy_with_logits, lists of 1,000 classes, 50,000 rows", "logits.parquet",
         ("-t", "class", "-p", "logits"), "cross_entropy_with_logits", "cross_entropy", 0.35),
        ("cross_entropy_with_logits, 1,000 columns of classes, 50,000 rows", "wide_logits.parquet",
         ("-t", "class", "-p", "p_*"), "cross_entropy_with_logits", "cross_entropy", 0.5),
        ("triplet of vectors of 768, 40,000 rows", "triplets.parquet",
         ("-c", "anchor=a", "-c", "positive=b", "-c", "negative=n"), "triplet", "triplet", 0.35),
    ):  # fmt: skip
        torch = peer("PyTorch, float64", "torch_rows", file, script, needs="torch pyarrow numpy")
        goals = (Goal("time", limit, 0.25), Goal("memory"))
        found.append(Row(work, losscli(*evaluated(file, columns, loss)), torch, goals))
    return found


def sklearn(script: str, *args: str) -> Side:
    return peer("pandas + scikit-learn", f"sklearn_{script}", *args, needs="pandas pyarrow scikit-learn")


def of_order() -> list[Row]:
    """Numbers of the order of all rows, against programs that hold these."""
    file, rows = "rows.parquet", []
    for loss, columns, metric in (
        ("roc_auc", ODDS, "roc_auc_score"),
        ("average_precision", ODDS, "average_precision_score"),
        ("median_absolute_error", MISS, "median_absolute_error"),
        ("spearman", MISS, "spearman"),
    ):
        ours = losscli(*evaluated(file, columns, loss))
        theirs = sklearn("order", file, metric, columns[1], columns[3])
        goals = (Goal("time", 1 / 3), Goal("memory"))
        rows.append(Row(f"{loss}, Parquet, 20 M rows", ours, theirs, goals))
    ours = losscli(*evaluated(file, MISS, "median_absolute_error"))
    rows.append(Row("median_absolute_error, Parquet, 20 M rows", ours, duckdb(file, "median(abs(r))"), (Goal("time"),)))
    concordance = ("-p", "q", "-c", "event=label", "--let", "t=abs(y)", "-c", "time=t")
    goals = (Goal("peak memory", HELD),)
    return [*rows, Row("c_index, Parquet, 20 M rows", losscli(*evaluated(file, concordance, "c_index")), None, goals)]


def of_lists() -> list[Row]:
    """Losses of a list a row: ensembles of forecasts, and masks of pixels."""
    members, masks = "ensembles.parquet", "masks.parquet"
    crps = losscli(*evaluated(members, ("-t", "y", "-p", "members"), "crps_ensemble"))
    dice = losscli(*evaluated(masks, ("-t", "b", "-p", "a"), "dice"))
    scoringrules = peer("scoringrules", "scoringrules_crps", members, needs="numpy pyarrow scoringrules")
    numpy = peer("NumPy", "numpy_dice", masks, needs="numpy pyarrow")
    return [
        Row("crps_ensemble, 1 M rows of 50 members", crps, scoringrules, (Goal("time", 1.0), Goal("memory"))),
        Row("dice, 1,000 masks of 512 x 512", dice, numpy, (Goal("time"), Goal("memory"))),
    ]


def of_pairs() -> list[Row]:
    """Losses that compare all rows with all, against the matrix of all similarities."""
    file, loss = "pairs_16k.parquet", "nt_xent:temperature=0.5"
    torch = peer("PyTorch, float32", "torch_nt_xent", file, "0.5", needs="torch pyarrow", base=TORCH_ALONE)
    rows = []
    for precision, more, time in (("float32", ("-q", "--precision", "float32"), 1 / 4), ("float64", ("-q",), 1 / 2)):
        ours = losscli(*evaluated(file, VIEWS, loss, more=more), base=OURS_ALONE)
        goals = (Goal("time", time), Goal("memory over imports", 1 / 15), Goal("memory"))
        rows.append(Row(f"nt_xent, 16,384 pairs of 128, {precision}", ours, torch, goals, tolerance=FLOATS))
    many = losscli(*evaluated("pairs_100k.parquet", VIEWS, loss))
    return [*rows, Row("nt_xent, 100,000 pairs of 128", many, None, (Goal("peak memory", 500),), long=True)]


def of_memory() -> list[Row]:
    """Peaks that must not grow with the file: of the largest process, and of all together."""
    goals = (Goal("peak memory", SMALL, LITTLE), Goal(TOGETHER, SMALL, LITTLE))
    return [
        Row(f"mse and mae, {work}", losscli(*evaluated(files, MISS, *TWO)), None, goals)
        for work, files in (
            ("Parquet, 20 M rows", "rows.parquet"),
            ("Parquet, 100 M rows", " ".join(["rows.parquet"] * 5)),
            ("CSV, 1 GB", "rows_1gb.csv"),
            ("CSV, 3 GB", " ".join(["rows_1gb.csv"] * 3)),
        )
    ] + [
        Row(row.work, row.ours, None, goals) for row in (*of_wide_rows(), *of_slices()[-1:])
    ]  # fmt: skip


def of_threads() -> list[Row]:
    """Two threads against one; what an evaluation of ten rows takes is taken off both. Four and eight against one.

    Forks do the work of the first four and the last four, threads that of the others.
    """
    rows = []
    for work, file, ten, columns, losses, least in (
        ("mse and mae, Parquet, 20 M rows", "rows.parquet", "ten.parquet", MISS, TWO, 1.75),
        ("mse and mae, CSV, 1 GB", "rows_1gb.csv", "ten.csv", MISS, TWO, 1.7),
        ("ten regression losses, Parquet, 20 M rows", "rows.parquet", "ten.parquet", MISS, tuple(TEN), 1.75),
        ("bce, Parquet, 20 M rows", "rows.parquet", "ten.parquet", ODDS, ("bce",), 1.75),
        ("nt_xent, 16,384 pairs of 128, float64", "pairs_16k.parquet", "ten_pairs.parquet", VIEWS, ("nt_xent",), 1.7),
        ("mse with intervals of 100,000 clusters, Parquet, 20 M rows", "rows.parquet", "ten.parquet",
         (*MISS, "--interval", "--cluster", "key"), ("mse",), None),
    ):  # fmt: skip
        two, one = (
            losscli(
                *evaluated(file, columns, *losses, more=("-q", "--threads", number)),
                base=("-m", "losscli", *evaluated(ten, columns, *losses, more=("-q", "--threads", number))),
                name=name,
            )
            for number, name in (("2", "two threads"), ("1", "one thread"))
        )
        goals = (Goal("speed-up", least, 1.9 if least == 1.75 else None), Goal("CPU", least and 1.1))
        rows.append(Row(work, two, one, goals, tolerance=0.0))
    for losses, work in ((TWO, "mse and mae"), (tuple(TEN), "ten regression losses")):
        one = losscli(*evaluated("rows.parquet", MISS, *losses, more=("-q", "--threads", "1")), name="one thread")
        for number, word in (("4", "four"), ("8", "eight")):
            more = losscli(*evaluated("rows.parquet", MISS, *losses, more=("-q", "--threads", number)))
            named = f"{work} with {word} threads, Parquet, 20 M rows"
            rows.append(Row(named, more, one, (Goal("CPU", 1.1),), tolerance=0.0))
    return rows


def of_certainty() -> list[Row]:
    """What it costs to say how sure a number is, or which of two models is better."""
    file, memory = "rows.parquet", (Goal("peak memory", SMALL),)
    plain = losscli(*evaluated(file, MISS, *TWO), name="losscli without intervals")
    sure = losscli(*evaluated(file, MISS, *TWO, more=("-q", "--interval")))
    drawn = losscli(*evaluated(file, MISS, "rmse", more=("-q", "--bootstrap", "1000")))
    models = ("compare", file, "-t", "y", "-p", "p", "-p", "q", "-l", "mse", "-q")
    return [
        Row(
            "mse and mae with intervals, Parquet, 20 M rows", sure, plain, (Goal("time"), Goal("memory")), tolerance=0.0
        ),
        Row("rmse, bootstrap of 1,000, Parquet, 20 M rows", drawn, None, memory),
        Row("two models compared, 10,000 permutations, Parquet, 20 M rows", losscli(*models), None, memory),
    ]


def of_itself() -> list[Row]:
    """What exactness and start-up cost."""
    two = evaluated("rows.parquet", MISS, *TWO)
    plain = Side("losscli with plain sums", (str(SCRIPTS / "plain_sums.py"), *two))
    small = evaluated("thousand.csv", MISS, "mse", more=("-f", "json"))
    rows = [Row("mse and mae, Parquet, 20 M rows", losscli(*two), plain, (Goal("time", 1.25),))]
    for work, args, limit in (
        ("start-up: --version", ("--version",), (60 / 120,)),
        ("start-up: --help", ("--help",), (90 / 120,)),
        ("start-up: eval of 1,000 rows of CSV to JSON", small, (1.2, 1.1)),
    ):
        goals = (Goal("time", *limit), Goal("CPU"))
        rows.append(Row(work, losscli(*args), YARDSTICK, goals, tolerance=None, often=3))
    return rows


ROWS: tuple[Row, ...] = (
    *of_rows(), *of_slices(), *of_many_slices(), *of_files(), *of_wide_rows(), *of_order(), *of_lists(), *of_pairs(),
    *of_memory(), *of_threads(), *of_certainty(), *of_itself(),
)  # fmt: skip
