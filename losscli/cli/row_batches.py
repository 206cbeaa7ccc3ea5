"""Row values or gradients -> a table file: shared by `rows` and `grad`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from losscli.cli import console, outputs
from losscli.cli.option_values import TableFile, TableOptions
from losscli.errors import EmptyError
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.binding.read_rows import Reader
    from losscli.execution.engines import Engine
    from losscli.execution.prepare import Prepared
    from losscli.execution.progress import ProgressObserver
    from losscli.execution.row_values import OutputRows
    from losscli.execution.scan import AfterReading

FORMATS = ("parquet", "csv", "tsv", "jsonl", "arrow")


def target(text: str | None) -> TableFile:
    """`[FORMAT=]FILE`."""
    format_, path = outputs.split_format("-" if text is None else text, FORMATS)
    return TableFile(path, format_)


def prepared(options: TableOptions, *, spool: bool = False) -> Prepared:
    """Bind the run, and find out before it starts whether the output can be written."""
    from losscli.cli.run import data_of
    from losscli.execution.prepare import prepare
    from losscli.io.write.tables import format_of

    run, output = options.run, options.output
    if output.path != "-" and output.format is None:
        format_of(output.path)
    console.print_notes(run.notes, run.console.quiet)
    data = data_of(run, spool=spool)
    outputs.check_outputs([output.path], run.files)
    found = prepare(run.request, data)
    outputs.refuse_input(output.path, found.files)
    return found


def finish(
    options: TableOptions,
    prepared: Prepared,
    rows: Callable[[Engine, ProgressObserver, AfterReading], Iterator[OutputRows]],
    *,
    passes: int = 1,
) -> int:
    """Write the rows that `rows` computes, or only the plan of the run."""
    from losscli.cli import progress
    from losscli.cli.plan_text import plan_text
    from losscli.cli.run import engine_of
    from losscli.execution.evaluate import left_out, meaning_of_labels
    from losscli.parallel import using_threads

    run, output = options.run, options.output
    console.print_notes(prepared.notes, run.console.quiet)
    if run.console.plan:
        console.write_stdout(plan_text(prepared))
        return 0
    readers: list[Reader] = []
    engine = engine_of(run, prepared)
    with (
        progress.observed(run.console, passes=passes, output=output.path, engine=run.execution.engine) as observer,
        using_threads(engine.count),
    ):
        written = write(rows(engine, observer, readers.append), output)
    source = prepared.source
    for warning in () if run.console.quiet or not source.passes else left_out(source.passes[-1], source.dropped):
        console.say("warning", warning.message)
    console.print_notes(() if source.dropped is None else source.dropped.notes, run.console.quiet)
    for message, count in () if run.console.quiet else sorted(prepared.warned.items()):
        console.say("warning", message, count)
    for reader in readers:
        console.print_warnings(meaning_of_labels(prepared.plan, reader), run.console.quiet)
    console.print_notes(written.notes, run.console.quiet)
    return 0


@dataclass(frozen=True)
class Written:
    """What went where."""

    path: str
    rows: int
    nonfinite: int

    @property
    def notes(self) -> list[str]:
        """What the user should hear."""
        lost = f"{self.nonfinite} non-finite values are null in {self.path}"
        return [lost] * bool(self.nonfinite) + [f"wrote {self.rows:,} rows to {self.path}"] * (self.path != "-")


def write(batches: Iterator[OutputRows], output: TableFile) -> Written:
    """Write all batches. Columns are known from the first one."""
    from losscli.io.write.tables import ColumnSpec, open_table

    first = next(batches, None)
    if first is None:
        raise EmptyError("there is nothing to score: no row is left", code="EMPTY_NO_ROWS")
    specs = [ColumnSpec(key.column, "text") for key in first.keys]
    numbered = not specs or (first.repeats is not None and all(spec.name != "row" for spec in specs))
    specs += [ColumnSpec("row", "int")] * numbered
    specs += [
        ColumnSpec(
            name,
            "list" if values.ndim > 1 or values.dtype == object else "float",
            values.shape[1] if values.ndim > 1 else None,
        )
        for name, (values, _) in first.arrays.items()
    ]
    with open_table(output.path, specs, output.format) as table:
        batch: OutputRows | None = first
        while batch is not None:
            keys = {key.column: key.texts() for key in batch.keys}
            columns: dict[str, Any] = {**keys, **({"row": batch.row_number_array} if numbered else {})}
            columns |= {name: values for name, (values, _) in batch.arrays.items()}
            table.write(columns, {name: ~part for name, (_, part) in batch.arrays.items() if part is not None})
            batch = next(batches, None)
        return Written(output.path, table.rows, table.nonfinite)
