"""What commands share: the options, in the order of their sections."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from losscli.cli import completion
from losscli.cli.parameters import Argument, Option
from losscli.errors import UsageError

Function = Callable[..., Any]

option = functools.partial(click.option, cls=Option)
# An option of each section of the help; the order of the sections is that of `SECTIONS`.
common = functools.partial(option, section="Common options")
_input = functools.partial(option, section="Input")
_columns = functools.partial(option, section="Columns")
_weights = functools.partial(option, section="Weights")
_filters = functools.partial(option, section="Slices and filters")
statistics = functools.partial(option, section="Statistics")
_gates = functools.partial(option, section="Gates")
_output = functools.partial(option, section="Output")
execution = functools.partial(option, section="Execution")


def stack(*options: Any) -> Callable[[Function], Function]:
    """What adds these options to a command, in this order."""

    def decorate(function: Function) -> Function:
        for each in reversed(options):
            function = each(function)
        return function

    return decorate


def sources_argument(help: str) -> Callable[[Function], Function]:
    """The files of a command, which may be several or none."""
    return click.argument("sources", cls=Argument, metavar="SOURCE…", nargs=-1, shell_complete=completion.files,
                          help=help, section="Common options")  # fmt: skip


sources = sources_argument("One or more files (.csv .tsv .parquet .arrow .feather .jsonl .npy .npz, also compressed), "
                           "a folder, a quoted glob, or - for standard input. Several files are one "
                           "table.")  # fmt: skip

binding_options = stack(
    common("-l", "--loss", "losses", envvar="LOSSCLI_LOSS", multiple=True, metavar="SPEC",
           shell_complete=completion.losses,
           help="A loss: mse, huber:delta=2, bce@keras, 'total=0.7*mse+0.3*mae'. Repeatable."),
    common("-t", "--target", metavar="COLS", shell_complete=completion.columns,
           help="The target columns (ground truth): a name, a list a,b,c, a glob 'p_*', or a column of lists."),
    common("-p", "--pred", "preds", envvar="LOSSCLI_PRED", multiple=True, metavar="[NAME=]COLS",
           shell_complete=completion.columns,
           help="The prediction columns of a model. Repeatable: once for each model."),
    _columns("-c", "--column", "columns", envvar="LOSSCLI_COLUMN", multiple=True, metavar="[MODEL:]ROLE=COLS",
             shell_complete=completion.columns,
             help="The columns of any other role, for one model or for all. Repeatable."),
    _columns("--let", "lets", envvar="LOSSCLI_LET", multiple=True, metavar="NAME=EXPR",
             help="A derived column: 'p = pct / 100', 'p = softmax(logits)'. Repeatable; later ones may use earlier "
                  "ones. See 'losscli help let'."),
    _columns("--table", "tables", envvar="LOSSCLI_TABLE", multiple=True, metavar="[MODEL:]ROLE=FILE",
             help="A file that is read whole as a table: prototypes, params. Repeatable."),
    _input("--beside", envvar="LOSSCLI_BESIDE", multiple=True, metavar="[NAME=]FILE", shell_complete=completion.files,
           help="A file whose columns stand beside those of SOURCE, by row order: labels.npy. Both have as many rows. "
                "NAME renames its column, or begins the names of its columns: NAME.COLUMN. Repeatable."),
    _input("--targets", metavar="FILE", shell_complete=completion.files,
           help="A file with the targets (ground truth), if they are not in SOURCE. Needs --on. Of a column that is in "
                "both, -t takes that of FILE; targets.NAME and preds.NAME name either."),
    _input("--on", metavar="KEY[,KEY]", shell_complete=completion.columns,
           help="The key columns by which rows are joined: a name, or 'ID=id' if the targets have another; '' is a "
                "column without a name. Keys are compared as labels: 007 is not 7."),
    _input("--unmatched", type=click.Choice(["error", "drop", "drop-targets"]), default="error", show_default=True,
           help="Rows whose key is in one file only. drop-targets: targets may be without a prediction, but no "
                "prediction without a target."),
    _input("--join", type=click.Choice(["one-to-one", "many-to-one"]),
           help="How many predictions a target may have. Default: several where another used column, such as one of "
                "--by, tells them apart, else one."),
    _input("--key-match", metavar="WHAT[,WHAT]",
           help="What keys of --on may differ in: trim (white space around them), unicode (composed or not), number "
                "(zeros: 007 and 7.0 are 7), case."),
    _columns("--positive", metavar="LABEL", help="The positive class label of a binary target: the text that is 1."),
    _columns("--others", type=click.Choice(["error", "negative"]), default="error", show_default=True,
             help="Several labels beside the positive one. 'negative' makes all of them 0 (one against the rest)."),
    _columns("--classes", metavar="A,B,C",
             help="The classes of a column of lists, or of listed columns, in their order."),
    _columns("--first-class", type=int, metavar="N",
             help="The first class index of targets that are positions, such as 1.  [default: 0]"),
    execution("--precision", type=click.Choice(["float64", "float32"]),
               help="Precision of losses that compare all pairs of a batch. float32 is about twice as fast.  "
                    "[default: float64]"),
)  # fmt: skip

row_options = stack(
    _filters("--where", metavar="EXPR",
             help="Score only the rows for which this is true: 'split == \"test\" and age >= 18'."),
    _filters("--batch-by", metavar="COL", shell_complete=completion.column,
             help="For batch losses: rows with the same value in COL form a batch."),
    _filters("--batch-size", type=int, metavar="N", help="For batch losses: every N consecutive rows form a batch."),
    _filters("--missing", type=click.Choice(["error", "drop"]), default="error", show_default=True,
             help="Rows with an empty or null cell in a column that is used."),
    _filters("--nan", type=click.Choice(["error", "drop"]), default="error", show_default=True,
             help="Rows with NaN in a column that is used."),
)  # fmt: skip

weight_options = stack(
    _weights("-w", "--weight", metavar="COL", shell_complete=completion.column, help="Row weights, at least 0."),
    _weights("--class-weight", metavar="balanced|A=1,B=2.5", help="Weights by the class of the target."),
    _weights("--divide-by", type=click.Choice(["weight", "count", "rows"]),
             help="The divisor of the mean: the sum of the weights, the number of rows with weight, or of all rows.  "
             "[default: weight, or what a library preset says]"),
    _weights("--reduction", type=click.Choice(["mean", "sum"]),
             help="The mean or the sum of the row values.  [default: mean]"),
)  # fmt: skip

group_options = stack(
    _weights("--mean-of", metavar="COL", shell_complete=completion.column,
             help="The mean, over the groups of rows with the same value in COL (series, queries), of the value of "
                  "each group. Each group counts the same."),
    _weights("--group-weight", metavar="COL", shell_complete=completion.column,
             help="The weight of each group of --mean-of: a number that all of its rows have."),
)  # fmt: skip

shard_options = stack(
    execution("--shard", metavar="I/N",
              help="Score only shard I of N; auto/N asks the variables of the job scheduler. Needs --state-out."),
    execution("--shard-plan", metavar="FILE", shell_complete=completion.files,
              help="The plan of 'losscli plan-shards' in place of SOURCE: only the files of the shard are opened."),
    execution("--state-out", metavar="FILE", shell_complete=completion.files,
               help="Write the sums of the shard instead of a report. 'losscli merge' makes the report of all shards."),
)  # fmt: skip

merged_state_option = common(  # typed: the variable of a job that scores a shard would take the report away
    "--state-out", metavar="FILE", typed=True, shell_complete=completion.files,
    help="Write one state of these shards, which must follow each other, instead of a report.",
)  # fmt: skip

_gate = _gates("--gate", "gates", envvar="LOSSCLI_GATE", multiple=True, metavar="GATE",
               help="A limit: 'rmse<=1.1', 'bce<=0.4 by country', 'rmse<=baseline+1%'. The exit code is 1 if it is not "
                    "met. Repeatable. See 'losscli help gates'.")  # fmt: skip
_incomparable = _gates("--allow-incomparable", is_flag=True,
                       help="Compare with a baseline even if its rows, targets or settings differ.")  # fmt: skip
exit_zero_option = _gates("--exit-zero", is_flag=True, typed=True,
                          help="Exit with 0 if a gate fails. Errors keep their exit codes.")  # fmt: skip

max_dropped_option = _gates(
    "--max-dropped", metavar="N|P%",
    help="How many predictions may be left out by --missing, --nan and --unmatched drop. The exit code is 1 if there "
         "are more.  [default: 0 with a gate, else any number]",
)  # fmt: skip

gate_options = stack(
    _gate,
    _gates("--baseline", metavar="FILE", shell_complete=completion.files,
           help="A saved JSON report. Its numbers are shown beside the new ones, and gates on 'baseline' use them."),
    _gates("--baseline-missing", type=click.Choice(["error", "skip", "create"]), default="error", show_default=True,
           help="If the baseline or a number in it is missing, gates that need it are an error or are skipped; "
                "create also saves this run as the baseline."),
    max_dropped_option, _incomparable, exit_zero_option,
)  # fmt: skip
diff_options = stack(_gate, max_dropped_option, _incomparable, exit_zero_option)


_JSON = "losscli.cli.options.json"


def _note_json(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    context.meta[_JSON] = wanted


def format_name(context: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """The name of the format: that of -f, or json where --json says so."""
    if not context.meta.get(_JSON):
        return name
    typed = context.get_parameter_source(str(param.name)) == click.core.ParameterSource.COMMANDLINE
    if typed and name != "json":
        raise UsageError(f"--json is -f json, but -f {name} is given too", hint="leave one out", code="USAGE_CONFLICT")
    return "json"


def _choose_color(context: click.Context, param: click.Parameter, given: str | bool | None) -> None:
    if given:
        from losscli.cli import console

        console.choose_color(context, "never" if param.name == "no_color" else str(given))


_format = _output("-f", "--format", "format_", envvar="LOSSCLI_FORMAT", metavar="FORMAT", callback=format_name,
                  help="table, plain, json, csv, markdown, html, junit, … See 'losscli help formats'.  "
                  "[default: table on a terminal, else plain]")  # fmt: skip
_numbers_only = _output("-q", "--quiet", is_flag=True, help="Print only the numbers, one per line, with every digit.")

json_option = _output("--json", is_flag=True, typed=True, is_eager=True, expose_value=False, callback=_note_json,
                help="The same as -f json.")  # fmt: skip


def _text_or_json(context: click.Context, param: click.Parameter, value: str) -> str:
    name = format_name(context, param, value)
    if name not in ("text", "json"):
        raise UsageError(f"unknown format '{name}' here", hint="formats: text, json", code="USAGE_BAD_VALUE")
    return str(name)


text_or_json_options = stack(
    option("-f", "--format", "format_", envvar="LOSSCLI_LIST_FORMAT", default="text", metavar="text|json",
           callback=_text_or_json, help="text or json.  [default: text]"),
    json_option,
)  # fmt: skip

color_options = stack(
    _output("--color", type=click.Choice(["auto", "always", "never"]), typed=True, expose_value=False,
            callback=_choose_color,
            help="Colours of tables. auto: on a terminal, unless NO_COLOR is set.  [default: auto]"),
    _output("--no-color", is_flag=True, typed=True, expose_value=False, callback=_choose_color,
            help="The same as --color never."),
)  # fmt: skip

format_options = stack(_format, json_option, color_options, _numbers_only)


def _reporting(more: str = "") -> Callable[[Function], Function]:
    return stack(
        _format, json_option, color_options,
        common("-o", "--output", "outputs", envvar="LOSSCLI_OUTPUT", multiple=True, metavar="[FORMAT=]FILE",
               shell_complete=completion.files,
               help="Also write a report (its format by the suffix), plot:NAME=FILE or mlflow=RUN. Repeatable."
               f"{more}"),
        _numbers_only,
    )  # fmt: skip


report_options = _reporting()
eval_report_options = _reporting(" rows=FILE saves the value of every row.")

slice_options = stack(
    common("--by", multiple=True, metavar="COL", shell_complete=completion.column,
           help="Also score each slice: the rows with the same value in COL. COL:month truncates dates, COL:18|65 and "
                "COL:quantile=4 make intervals ('help slices'). Repeatable."),
    _filters("--max-slices", type=click.IntRange(min=1), default=100_000, show_default=True, metavar="N",
             help="More slices than this are an error."),
    _filters("--sort", metavar="loss|count|label|LOSS",
             help="The order of slices: by the first loss or LOSS, worst first; by count, largest first; by label."),
)  # fmt: skip

level_options = stack(
    statistics("--level", type=float, default=0.95, show_default=True, metavar="P",
               help="The confidence level of the confidence intervals."),
    statistics("--cluster", metavar="COL", shell_complete=completion.column,
               help="Rows with the same value in COL belong together (a user, a session) and count as one draw in "
                    "standard errors and confidence intervals."),
)  # fmt: skip

spread_options = stack(
    level_options,
    statistics("--time", metavar="COL", shell_complete=completion.column,
               help="COL orders the rows, which depend on those before (numbers, dates, dates with a time): standard "
                    "errors by Newey and West, no permutation test. Rows of one time are one unit."),
    statistics("--horizon", type=click.IntRange(min=1), metavar="H",
               help="Rows were forecast H steps ahead, so errors further apart are independent (Diebold and Mariano's "
                    "test, with the correction of Harvey, Leybourne and Newbold). Needs --time."),
    statistics("--sequential", is_flag=True,
               help="Confidence intervals and p-values that hold at all looks together, for a job that scores a "
                    "growing file every day (confidence sequences). They are wider."),
    statistics("--bootstrap", type=click.IntRange(min=2), metavar="N",
               help="Confidence intervals from N bootstrap resamples instead of sums of squares, "
                    "for statistics other than means."),
    statistics("--bootstrap-method", type=click.Choice(["bca", "studentised", "percentile"]),
               help="The confidence interval from bootstrap resamples. bca, the default: bias-corrected and "
                    "accelerated; studentised (bootstrap-t): for skewed values and few rows; percentile: plain "
                    "quantiles."),
    statistics("--interval-method", type=click.Choice(["auto", "t", "hall", "wilson", "clopper-pearson"]),
               help="The confidence interval without --bootstrap. auto, the default: wilson for losses that are 0 or "
                    "1, hall (corrected for skewness) for values with a limit on one side, t for others."),
    statistics("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
               help="The seed of bootstrap resamples and permutation tests."),
    statistics("--adjust", type=click.Choice(["holm", "bh", "max-t", "none"]), default="holm", show_default=True,
               help="Multiple comparisons. holm, bh (Benjamini-Hochberg, false discovery rate): adjusted p-values. "
                    "max-t: also simultaneous confidence intervals, which hold for all models and slices of a loss "
                    "together."),
)  # fmt: skip


def test_option(what: str) -> Callable[[Function], Function]:
    """The option that names a test; `what` is how its help begins."""
    tests = ["auto", "t", "permutation", "wild", "mcnemar", "mcnemar-mid-p"]
    return statistics(
        "--test", type=click.Choice(tests), default="auto", show_default=True,
        help=f"{what} auto goes by the loss and the number of units; wild is the wild cluster bootstrap.",
    )  # fmt: skip


inference_options = stack(
    statistics("--skill", is_flag=True,
               help="Also the skill: 1 - loss / loss of the best constant prediction (R2 for mse), on the same rows "
                    "and slice. Reads the data three times."),
    statistics("--skill-against", metavar="MODEL",
               help="Also the skill of the other models: 1 - loss / loss of MODEL, on the same rows and slice."),
    statistics("--between", metavar="rest|COL=VALUE",
               help="How each slice of --by differs from the rest of the rows, or from the slice COL=VALUE: with "
                    "confidence interval and p-value."),
    statistics("--interval", is_flag=True,
               help="Also report the standard error and a confidence interval (CI) of every number."),
    spread_options,
    statistics("--why", is_flag=True,
               help="Also show what numbers hang on: units (clusters, rows) whose removal would change them most, and "
                    "slices of any column or two that are worse than the rest by more than chance. Reads data twice."),
    test_option("The test that decides gates with 'significant' or 'shown':"),
)  # fmt: skip

verbose_option = _output(
    "-v", "--verbose", is_flag=True, help="Report on standard error the progress of a long run, and what was read."
)
plan_option = _output("--plan", is_flag=True, help="Print which column plays which role, and stop.")

table_options = stack(
    common(
        "-o",
        "--output",
        metavar="[FORMAT=]FILE",
        shell_complete=completion.files,
        help="The output file: .parquet .csv .tsv .jsonl .arrow, or - for CSV on standard output.  [default: -]",
    ),
    _output("-q", "--quiet", is_flag=True, help="Print no notes on standard error."),
    verbose_option,
    plan_option,
)
