"""losscli help: a topic, a command's own help, or an error code, to the width of the screen."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import click

from losscli.cli import Plain, layout
from losscli.errors import CODES, UsageError, did_you_mean

# In the order in which people need them; each is topics/NAME.md, whose first line is its title.
TOPICS = (
    "columns",
    "losses",
    "missing",
    "where",
    "let",
    "slices",
    "weights",
    "batches",
    "shards",
    "dask",
    "intervals",
    "gates",
    "config",
    "formats",
    "remote",
    "exit-codes",
    "errors",
    "python",
)  # fmt: skip
_FOLDER = Path(__file__).parent / "topics"
_REPORT_FORMATS = "  {report formats}\n"  # in a topic; each format describes itself


@click.command("help", cls=Plain, epilog="losscli help columns\nlosscli help eval\nlosscli help DATA_NAN")
@click.argument("topic", required=False, shell_complete=lambda ctx, param, start: _starting(start))
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> int:
    """Show a help topic, the help of a command, or an error code. Without TOPIC, list the topics."""
    from losscli.cli.console import write_stdout

    write_stdout(_list() if topic is None else _found(ctx, topic))
    return 0


def _list() -> str:
    topics = "\n".join(f"  {name}  {read(name)[0]}" for name in TOPICS)
    below = "'losscli help TOPIC' shows a topic, and 'losscli COMMAND --help' the help of a command."
    return _laid_out(f"Topics:\n{topics}\n\n{below}")


def _laid_out(text: str) -> str:
    return layout.page(text, layout.page_width())


def _found(ctx: click.Context, topic: str) -> str:
    from losscli.cli import COMMANDS, cli

    if topic in TOPICS:
        return _laid_out(read(topic)[1])
    if topic in COMMANDS:
        found = cli.get_command(ctx, topic)
        assert found is not None
        with found.make_context(topic, [], parent=ctx.parent, resilient_parsing=True) as context:
            return found.get_help(context) + "\n"
    if topic in CODES:
        return _laid_out(f"{topic}\n" + _below(read("errors")[1], topic))
    known = (*TOPICS, *COMMANDS)
    raise UsageError(f"unknown topic '{topic}'", value=topic,
                     hint=did_you_mean(topic, known, f"the topics are: {', '.join(TOPICS)}"),
                     code="USAGE_UNKNOWN_COMMAND")  # fmt: skip


def _below(text: str, heading: str) -> str:
    """The indented lines below a line that is this word."""
    rest = text.partition(f"\n{heading}\n")[2].splitlines(keepends=True)
    return "".join(takewhile(lambda line: line.startswith(" "), rest))


def read(topic: str) -> tuple[str, str]:
    """The title of a topic, and its text as it is written: `layout` has the rules."""
    title, _, text = (_FOLDER / f"{topic}.md").read_text(encoding="utf-8").partition("\n")
    if _REPORT_FORMATS in text:
        text = text.replace(_REPORT_FORMATS, _report_formats())
    return title.removeprefix("# "), text.lstrip("\n")


def _report_formats() -> str:
    """One item per report format, with the suffixes that ask for it."""
    from losscli.report import format_names, renderer

    lines = []
    for name in format_names():
        suffixes = " ".join(renderer(name).suffixes)
        lines.append(f"  {name}  {renderer(name).summary}" + (f" ({suffixes})" if suffixes else ""))
    return "".join(f"{line}\n" for line in lines)


def _starting(start: str) -> list[str]:
    from losscli.cli import COMMANDS

    return [name for name in (*TOPICS, *COMMANDS) if name.startswith(start)]
