"""What commands share: the options, their environment variables, and how they become a run."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import completion
from losscli.errors import UsageError
from losscli.execution.engines import ENGINES

if TYPE_CHECKING:
    from losscli.binding.request import Inference, Request
    from losscli.execution.engines import Engine
    from losscli.execution.prepare import Data, Prepared

Function = Callable[..., Any]


FROM_FILE = "from a file"
"""The object of a context whose options stand in a file of configuration: there the environment has no say."""


class Option(click.Option):
    """An option that the environment may set: LOSSCLI_NAME, one value a line where it may be repeated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.name and self.envvar is None:
            self.envvar = f"LOSSCLI_{self.name.upper()}"

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        return None if ctx.obj == FROM_FILE else super().resolve_envvar_value(ctx)

    def value_from_envvar(self, ctx: click.Context) -> Any:
        value = self.resolve_envvar_value(ctx)
        if value is None:
            return None
        if self.multiple:
            return tuple(line for line in value.splitlines() if line.strip())
        return value


option = functools.partial(click.option, cls=Option)


def _stack(*options: Any) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for each in reversed(options):
            function = each(function)
        return function

    return decorate


sources = click.argument("sources", metavar="SOURCE…", nargs=-1, shell_complete=completion.files)

binding_options = _stack(
    option("-l", "--loss", "losses", envvar="LOSSCLI_LOSS", multiple=True, metavar="SPEC",
           shell_complete=completion.losses,
           help="A loss: mse, huber:delta=2, bce@keras, 'total=0.7*mse+0.3*mae'. Repeatable."),
    option("-t", "--target", metavar="COLS", help="The truth: a name, a,b,c, a glob p_*, or a list column."),
    option("-p", "--pred", "preds", envvar="LOSSCLI_PRED", multiple=True, metavar="[NAME=]COLS",
           help="A model's predictions. Repeatable: one model each."),
    option("-c", "--column", "columns", envvar="LOSSCLI_COLUMN", multiple=True, metavar="[MODEL:]ROLE=COLS",
           help="The columns of any other role, for one model or all. Repeatable."),
    option("--table", "tables", envvar="LOSSCLI_TABLE", multiple=True, metavar="[MODEL:]ROLE=FILE",
           help="A table that is read whole: prototypes, params. Repeatable."),
    option("--targets", metavar="FILE", shell_complete=completion.files,
           help="The truth in another file, joined by --on."),
    option("--on", metavar="KEY[,KEY]", help="The key columns that both files share; compared as text."),
    option("--unmatched", type=click.Choice(["error", "drop"]), default="error", show_default=True,
           help="Rows whose key is only on one side."),
    option("--positive", metavar="LABEL", help="Which text is 1 for binary targets."),
    option("--precision", type=click.Choice(["float64", "float32"]),
           help="Of losses that compare all pairs of a batch: float32 is about twice as fast.  [default: float64]"),
)  # fmt: skip

row_options = _stack(
    option("--where", metavar="EXPR", help="Score only rows where this holds: 'split == \"test\" and age >= 18'."),
    option("--batch-by", metavar="COL", help="Losses that see a batch: the rows of one key are a batch."),
    option("--batch-size", type=int, metavar="N", help="Losses that see a batch: N rows in a row are a batch."),
    option("--missing", type=click.Choice(["error", "drop"]), default="error", show_default=True,
           help="Rows with an empty or null cell in a column that is used."),
    option("--nan", type=click.Choice(["error", "drop"]), default="error", show_default=True,
           help="Rows with NaN in a column that is used."),
)  # fmt: skip

weight_options = _stack(
    option("-w", "--weight", metavar="COL", help="Row weights, at least 0."),
    option("--class-weight", metavar="balanced|A=1,B=2.5", help="Weights by the class of the target."),
    option("--divide-by", type=click.Choice(["weight", "count"]), default="weight", show_default=True,
           help="Mean = sum of weight x value over the sum of weights, or over the count."),
    option("--reduction", type=click.Choice(["mean", "sum"]), help="How row values make the number.  [default: mean]"),
)  # fmt: skip

file_options = _stack(
    option("--input-format", metavar="FORMAT", help="csv, tsv, parquet, arrow or jsonl, where the name does not tell."),
    option("--delimiter", metavar="CHAR", help="What separates the cells of a text file.  [default: ',', tab in .tsv]"),
    option("--decimal", metavar="CHAR", default=".", show_default=True, help="The decimal mark of a text file."),
    option("--encoding", metavar="NAME", default="utf-8", show_default=True, help="The encoding of a text file."),
    option("--comment", metavar="CHAR", help="Lines of a text file that begin so are skipped."),
    option("--no-header", is_flag=True, help="The first line is data; columns are called 1, 2, 3, …"),
    option("--null-values", metavar="A,B", help="Cells that hold no number.  [default: ,NA,N/A,null,NULL,None,<NA>]"),
)  # fmt: skip

engine_options = _stack(
    option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads that read and score.  [default: cores]"),
    option("--engine", type=click.Choice(ENGINES), default=ENGINES[0], show_default=True,
           help="Who reads and scores: threads of this process, or the workers of a Dask cluster."),
    option("--scheduler", metavar="ADDRESS",
           help="The cluster's scheduler, such as tls://host:8786.  [default: a cluster of --threads processes here]"),
    option("--insecure-scheduler", is_flag=True, help="Take a scheduler on another machine without tls://."),
)  # fmt: skip

shard_options = _stack(
    option("--shard", metavar="I/N", help="Score shard I of N alone, of any scheduler's making; needs --state-out."),
    option("--state-out", metavar="FILE", shell_complete=completion.files,
           help="Write what was added up instead of a report; 'losscli merge' makes the report of all shards."),
)  # fmt: skip

_gate = option("--gate", "gates", envvar="LOSSCLI_GATE", multiple=True, metavar="GATE",
               help="A limit: 'rmse<=1.1', 'bce<=0.4 by country', 'rmse<=baseline+1%'; exit 1 where it is not kept. "
                    "Repeatable; see 'losscli help gates'.")  # fmt: skip
_incomparable = option("--allow-incomparable", is_flag=True,
                       help="Set numbers beside a baseline that is about other rows, targets or settings.")  # fmt: skip
exit_zero_option = option("--exit-zero", is_flag=True, help="Exit 0 where a gate fails; errors keep their exit codes.")

gate_options = _stack(
    _gate,
    option("--baseline", metavar="FILE", shell_complete=completion.files,
           help="A saved JSON report, to set the numbers beside and for gates on 'baseline'."),
    option("--baseline-missing", type=click.Choice(["error", "skip", "create"]), default="error", show_default=True,
           help="Without that file, or a number in it: gates on it are an error, are skipped, or it is written."),
    _incomparable, exit_zero_option,
)  # fmt: skip
diff_options = _stack(_gate, _incomparable, exit_zero_option)

report_options = _stack(
    option("-f", "--format", "format_", envvar="LOSSCLI_FORMAT", metavar="FORMAT",
           help="table, plain, json, csv, markdown, html, junit … ('losscli help formats').  "
           "[default: table on a terminal, else plain]"),
    option("-o", "--output", "outputs", envvar="LOSSCLI_OUTPUT", multiple=True, metavar="[FORMAT=]FILE",
           shell_complete=completion.files,
           help="Also write a report to a file; the suffix tells the format. Repeatable. "
                "eval: rows=FILE saves the value of every row beside it."),
    option("-q", "--quiet", is_flag=True, help="Only the numbers, one a line, full precision."),
)  # fmt: skip

slice_options = _stack(
    option("--by", multiple=True, metavar="COL", help="Also score each slice of this column. Repeatable."),
    option("--max-slices", type=click.IntRange(min=1), default=100_000, show_default=True, metavar="N",
           help="More slices than this are an error."),
)  # fmt: skip

spread_options = _stack(
    option("--level", type=float, default=0.95, show_default=True, metavar="P", help="How sure intervals are."),
    option("--cluster", metavar="COL",
           help="Rows of one value belong together (a user, a session): intervals count with that."),
    option("--bootstrap", type=click.IntRange(min=2), metavar="N",
           help="Intervals of N resamples instead of the t interval: for numbers that are no mean."),
    option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
           help="Of resamples and permutations."),
)  # fmt: skip

inference_options = _stack(
    option("--interval", is_flag=True, help="Also the standard error and an interval of every number."),
    spread_options,
)

verbose_option = option(
    "-v", "--verbose", is_flag=True, help="Say on standard error how far a long run is, and what was read."
)
plan_option = option("--plan", is_flag=True, help="Say which column plays which role, and stop.")

table_options = _stack(
    option(
        "-o",
        "--output",
        metavar="[FORMAT=]FILE",
        shell_complete=completion.files,
        help="Where to write: .parquet .csv .tsv .jsonl .arrow, or - for CSV on standard output.  [default: -]",
    ),
    option("-q", "--quiet", is_flag=True, help="No notes on standard error."),
    verbose_option,
    plan_option,
)


def request_of(given: Mapping[str, Any]) -> Request:
    """The options as a value; what can be judged without a file is judged here."""
    from losscli.binding.column_names import split, unescape
    from losscli.binding.request import Request
    from losscli.binding.spec import parse, set_everywhere
    from losscli.cli.console import print_notes

    if not given["losses"]:
        raise UsageError(
            "no loss was asked for", hint="-l mse, for example; 'losscli list' shows all", code="USAGE_INCOMPLETE"
        )
    specs = [parse(text) for text in given["losses"]]
    if given["precision"] is not None:
        specs = list(set_everywhere(specs, "precision", given["precision"]))
    for spec in dict.fromkeys(spec for spec in specs if specs.count(spec) > 1):
        print_notes([f"{spec.text} is asked for more than once; it is scored once"], given["quiet"])
    on = given.get("on")
    return Request(
        losses=tuple(dict.fromkeys(specs)),
        target=given["target"], preds=given["preds"], columns=given["columns"], tables=given["tables"],
        weight=given.get("weight"), class_weight=read_class_weight(given.get("class_weight")),
        divide_by=given.get("divide_by", "weight"), reduction=given.get("reduction"),
        by=tuple(given.get("by", ())), max_slices=given.get("max_slices", 100_000), where=given["where"],
        batch_by=given["batch_by"], batch_size=given["batch_size"],
        missing=given["missing"], nan=given["nan"], positive=given["positive"],
        on=tuple(unescape(piece) for piece in split(on, ",")) if on else (),
        inference=inference_of(given),
    )  # fmt: skip


def inference_of(given: Mapping[str, Any]) -> Inference:
    """How sure the numbers are to be said to be; who names clusters or resamples wants intervals."""
    from losscli.binding.request import Inference

    if "interval" not in given:
        return Inference()
    return Inference(
        interval=given["interval"] or given["cluster"] is not None or given["bootstrap"] is not None,
        level=given["level"], cluster=given["cluster"], bootstrap=given["bootstrap"], seed=given["seed"],
    )  # fmt: skip


def read_class_weight(text: str | None) -> Any:
    """`balanced`, or `cat=1,dog=2.5`."""
    from losscli.binding.column_names import read_assignment, split
    from losscli.io.arrow.canonical import canonical

    if text is None or text == "balanced":
        return text
    weights = {}
    for piece in split(text, ","):
        name, value = read_assignment(piece, "CLASS=WEIGHT (or the word balanced)")
        try:
            weight = float(value)
        except ValueError:
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise UsageError(
                f"the weight '{value}' of class '{name}' is no number of at least 0", code="USAGE_BAD_VALUE"
            )
        if canonical(name) in weights:
            raise UsageError(f"class '{name}' is weighted twice", code="USAGE_BAD_VALUE")
        weights[canonical(name)] = weight
    return weights


def data_of(
    given: Mapping[str, Any], request: Request, *, spool: bool = False, named: tuple[tuple[str, str], ...] = ()
) -> Data:
    """Where the rows come from; `named` are models with files of their own."""
    from losscli.execution.prepare import Data
    from losscli.io.source import DEFAULT_NULLS, ReadOptions

    paths = tuple(given["sources"])
    if not paths and not named and not request.tables and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError(
            "no SOURCE was given", hint="name a file of predictions; - is standard input", code="USAGE_INCOMPLETE"
        )
    nulls = given["null_values"]
    options = ReadOptions(
        input_format=given["input_format"], delimiter=given["delimiter"], decimal=given["decimal"],
        encoding=given["encoding"], comment=given["comment"], header=not given["no_header"],
        null_values=DEFAULT_NULLS if nulls is None else tuple(nulls.split(",")), spool=spool,
    )  # fmt: skip
    data = Data(paths=paths, options=options, targets=given["targets"], on=request.on, unmatched=given["unmatched"],
                named=named)  # fmt: skip
    check_engine(given, request, data)
    return data


def engine_of(given: Mapping[str, Any], prepared: Prepared) -> Engine:
    """Who does the work."""
    from losscli.cli.console import print_notes
    from losscli.execution.engines.choose import chosen
    from losscli.execution.shardable import expected_files

    name = given["engine"]
    files = expected_files(prepared.source, f"--engine {name}") if name != ENGINES[0] else ()
    return chosen(name, given["threads"], given["scheduler"], files, lambda note: print_notes([note], given["quiet"]))


def check_engine(given: Mapping[str, Any], request: Request, data: Data) -> None:
    """What the chosen engine cannot do is refused before a file is opened."""
    from losscli.execution.engines.choose import check_choice

    check_choice(given["engine"], given["scheduler"], given["insecure_scheduler"])
    if given["engine"] != ENGINES[0]:
        from losscli.execution.shardable import check_mergeable

        check_mergeable(request, data, f"--engine {given['engine']}", f"--engine {ENGINES[0]}")


def plan_text(prepared: Prepared) -> str:
    """Which column became which role, for every loss and model."""
    from losscli.binding.plan import Input
    from losscli.report.sanitized import sanitized

    lines = []
    for line in prepared.plan.lines:
        for job in line.jobs:
            name = job.spec.full if line.model is None else f"{line.model}: {job.spec.full}"
            lines.append(name)
            for role, side in zip(job.spec.loss.roles, job.inputs, strict=True):
                if side is None:
                    lines.append(f"  {role}: (left out)")
                elif isinstance(side, Input):
                    lines.append(f"  {role}: {', '.join(side.columns)}  [{side.kind.says}]{_classes(side)}")
                else:
                    lines.append(f"  {role}: {side.path} ({', '.join(prepared.plan.tables[side].columns)})")
    plan = prepared.plan
    extra = {"weight": plan.weight, "by": ", ".join(plan.by), "batch by": plan.batch_by, "where": plan.request.where}
    lines += [f"{name}: {value}" for name, value in extra.items() if value]
    return "".join(f"{sanitized(line, limit=None)}\n" for line in lines)


def _classes(side: Any) -> str:
    classes = side.classes
    if classes is None or classes.carrier is None:
        return ""
    if classes.names is None:
        return "  classes by position"
    return f"  classes {'' if classes.sure else 'by name where they occur: '}{', '.join(classes.names)}"
