"""The command line: one module a command, found by its name; nothing is imported before it is asked for."""

from __future__ import annotations

import importlib
import os
import textwrap
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click

from losscli.cli import argument_text, environment, error_format, versions
from losscli.cli.parameters import Option
from losscli.errors import UsageError, did_you_mean

# In the order in which people meet them; help shows them so.
COMMANDS = {
    "eval": "compute losses of prediction files, for every model and slice",
    "rows": "write the value of every row",
    "grad": "write the gradient of the final value with respect to each prediction",
    "calibrate": "fit a small map of the predictions that lowers a loss, and see whether it helps",
    "descend": "print the first steps of gradient descent on such a map",
    "compare": "compare models on the same rows: confidence intervals, p-values, win rates",
    "check": "run the suites of losscli.toml and judge their gates, as in a CI job",
    "plan-shards": "list the files of a run once, and say which shard reads which of them",
    "merge": "make the report of a run that was scored in shards",
    "diff": "compare two saved reports",
    "inspect": "say what a file holds, which losses fit it, what looks wrong, and what to try",
    "list": "list all losses, or those that match some words",
    "show": "show one loss: formula, inputs, parameters, gradient, library presets",
    "help": "show a help topic: "
    "columns, losses, missing, where, let, slices, weights, batches, shards, dask, intervals, gates, config, "
    "formats, remote, exit-codes, errors, python",
    "completion": "print the script that completes losscli in your shell",
}

EXAMPLES = """\
losscli eval preds.csv -t y -p p -l mse -l mae
losscli eval preds.parquet -t label -p 'p_*' -l cross_entropy --by country -o report.json
losscli show huber"""

# The sections of a long help, in the order of use. Each option names its own where it is declared (see `options`).
SECTIONS = ("Common options", "Input", "Columns", "Weights", "Slices and filters", "Statistics", "Gates", "Output",
            "Execution", "Input of --init")  # fmt: skip
_OUTPUT = "Output"  # of the options that all commands have
SECTIONS_FROM = 16
"""So many options need sections; fewer are easier to find in one list."""


class ShortHelp(click.ClickException):
    """A command without arguments: its help is the message. The oldest supported click has no such error."""


class _ErrorFormat(Option):
    """--error-format, of losscli and of every command; which one counts was found before (see `error_format`)."""

    def __init__(self) -> None:
        super().__init__(
            [error_format.OPTION], section=_OUTPUT, type=click.Choice(error_format.ERROR_FORMATS),
            envvar=error_format.VARIABLE, expose_value=False,
            help="Standard error as text for people, or as json or github for programs. "
                 "See 'losscli help errors'.  [default: text]",
        )  # fmt: skip


class _Documented(click.Command):
    """A command whose help has the width of the screen, and begins with what most readers look for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_ErrorFormat())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            argument_text.check(ctx, self.params)
        return rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, purpose, examples, options. Where these fill more than a screen, the details stand below them."""
        from losscli.cli import layout

        width = layout.page_width()
        usage = f"Usage: {ctx.command_path} {' '.join(self.collect_usage_pieces(ctx))}"
        tables = self.tables(ctx)
        about, details = cleandoc(self.help or ""), ""
        if "Options" not in tables:
            about, _, details = about.partition("\n\n")
        blocks = ["\n".join(layout.filled(usage, width, "", " " * len("Usage: "))), layout.page(about, width)]
        if self.epilog:
            blocks.append("Examples:\n" + layout.page(textwrap.indent(self.epilog, " " * 4), width))
        blocks += ["\n".join([f"{title}:", *layout.option_list(rows, width)]) for title, rows in tables.items()]
        blocks.append(layout.page(details, width))
        formatter.write("\n\n".join(block.rstrip("\n") for block in blocks if block) + "\n")

    def tables(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """The titles of the help, and the rows of two columns under each."""
        return {
            title: rows
            for title, params in self.sections(ctx).items()
            if (rows := [row for param in params if (row := param.get_help_record(ctx))])
        }

    def sections(self, ctx: click.Context) -> dict[str, list[click.Parameter]]:
        """The options, and arguments that have a text: by section if there are many, else in one list."""
        shown = [param for param in self.get_params(ctx) if isinstance(param, click.Option) or section_of(param)]
        if len(shown) < SECTIONS_FROM:
            return {"Options": shown}
        found = {title: [param for param in shown if section_of(param) == title] for title in SECTIONS}
        return {title: params for title, params in found.items() if params}


def section_of(param: click.Parameter) -> str | None:
    """The section of a long help in which a parameter stands."""
    if "--help" in param.opts:  # click makes this one
        return _OUTPUT
    return getattr(param, "section", None)


class Plain(_Documented):
    """A command: what all of them have."""

    def invoke(self, ctx: click.Context) -> Any:
        """Say what the environment had a say in, and run. Commands that write reports get its names, too."""
        if any(name.upper().startswith(environment.PREFIX) for name in os.environ):
            environment.announce(ctx)
        return super().invoke(ctx)


class Command(Plain):
    """A command that needs arguments; without any it shows its help and fails."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; without any, raise `ShortHelp`."""
        if not args and not ctx.resilient_parsing:
            raise ShortHelp(ctx.get_help())
        return super().parse_args(ctx, args)


class Lazy(_Documented, click.Group):
    """A group whose commands are modules; listing them imports none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; without any, raise `ShortHelp`."""
        if not args and not ctx.resilient_parsing:
            raise ShortHelp(ctx.get_help())
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands in the order of help."""
        return [*COMMANDS]  # `list` is a module of this package once somebody asks for it

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command, whose module is imported now; None if no command has this name."""
        module = name.replace("-", "_")
        if name not in COMMANDS or not (Path(__file__).parent / f"{module}.py").exists():
            return None
        command: click.Command = importlib.import_module(f"losscli.cli.{module}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command of the first argument; a near name is suggested where none fits."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            known = f"the commands are: {', '.join(COMMANDS)}"
            raise UsageError(f"unknown command '{args[0]}'", value=args[0], code="USAGE_UNKNOWN_COMMAND",
                             hint=did_you_mean(args[0], COMMANDS, known))  # fmt: skip
        return super().resolve_command(ctx, args)

    def tables(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """The commands, before the options."""
        return {"Commands": [*COMMANDS.items()], **super().tables(ctx)}


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@versions.options
def cli() -> None:
    """Score files of predictions against their targets with the right loss, exactly."""
