"""The command line: one module a command, found by its name; nothing is imported before it is asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from losscli._version import __version__
from losscli.cli import error_format
from losscli.errors import UsageError, did_you_mean

# In the order in which people meet them; help shows them so.
COMMANDS = {
    "eval": "score prediction files: losses x models x slices",
    "rows": "write the value of every row",
    "grad": "write the derivative of the final value by each prediction",
    "compare": "models against each other on the same rows: interval, p-values, who wins",
    "check": "run the suites of losscli.toml and judge their gates: the CI job",
    "merge": "make the report of shards that were scored apart",
    "diff": "two saved reports side by side",
    "list": "all losses, or those about some words",
    "show": "one loss: formula, inputs, parameters, gradient, how others compute it",
    "help": "a topic in a page: "
    "columns, losses, missing, where, weights, batches, shards, intervals, gates, config, formats, remote, "
    "exit-codes, errors, python",
    "completion": "the script that completes losscli in your shell",
}

EXAMPLES = """\b
losscli eval preds.csv -t y -p p -l mse -l mae
losscli eval preds.parquet -t label -p 'p_*' -l cross_entropy --by country -o report.json
losscli show huber"""


class ShortHelp(click.ClickException):
    """A command that was given nothing: its help is the message. (The oldest click we take has none.)"""


class _ErrorFormat(click.Option):
    """--error-format, of losscli and of every command; which one counts was found before (see `error_format`)."""

    def __init__(self) -> None:
        super().__init__(
            [error_format.OPTION], type=click.Choice(error_format.ERROR_FORMATS), envvar=error_format.VARIABLE,
            expose_value=False,
            help="Standard error for people or for programs.  [default: text; see 'losscli help errors']",
        )  # fmt: skip


class Plain(click.Command):
    """A command: what all of them have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_ErrorFormat())


class Command(Plain):
    """A command that needs arguments; without any it shows its help and fails."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise ShortHelp(ctx.get_help())
        return super().parse_args(ctx, args)


class Lazy(click.Group):
    """A group whose commands are modules; listing them imports none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_ErrorFormat())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise ShortHelp(ctx.get_help())
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # `list` is a module of this package once somebody asks for it

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS or not (Path(__file__).parent / f"{name}.py").exists():
            return None
        command: click.Command = importlib.import_module(f"losscli.cli.{name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            known = f"the commands are: {', '.join(COMMANDS)}"
            raise UsageError(f"there is no command '{args[0]}'", value=args[0], code="USAGE_UNKNOWN_COMMAND",
                             hint=did_you_mean(args[0], COMMANDS, known))  # fmt: skip
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
               epilog=EXAMPLES)  # fmt: skip
@click.version_option(__version__, message="losscli %(version)s")
def cli() -> None:
    """Score files of predictions and targets with the right loss, exactly."""
