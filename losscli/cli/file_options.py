"""Options that say which files are read and how: of all commands that score rows, and of `check --init`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from losscli.cli import completion
from losscli.cli.options import Function, option, stack
from losscli.cli.parameters import Option


class FileOption(Option):
    """An option about the files of rows: what is proposed for the same files has to have it, too."""


class FormatOption(FileOption):
    """How the bytes of a file become a table. A suite has it as a key, and --init takes it."""


class _InitOption(FormatOption):
    """The same of `check`, which reads no file but for --init: suites say themselves how their files are read."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        return super().resolve_envvar_value(ctx) if _is_given(ctx, "init") else None


def given_options(ctx: click.Context, kind: type[FileOption]) -> dict[str, Any]:
    """The options of this kind that were given, be it by a variable: their long names without hyphens, and values."""
    return {
        max(param.opts, key=len).removeprefix("--"): ctx.params[str(param.name)]
        for param in ctx.command.params
        if isinstance(param, kind) and _is_given(ctx, str(param.name))
    }


def _is_given(ctx: click.Context, name: str) -> bool:
    """Whether a parameter was given, also where its value is the default."""
    return ctx.get_parameter_source(name) not in (click.core.ParameterSource.DEFAULT, None)


file_option = functools.partial(option, cls=FileOption, section="Input")


def _format_options(kind: type[FormatOption], section: str) -> Callable[[Function], Function]:
    """How the bytes of a file become a table."""
    asked = functools.partial(option, cls=kind, section=section)
    return stack(
        asked("--input-format", metavar="FORMAT",
              help="csv, tsv, parquet, arrow, jsonl, json, npy, npz or safetensors, if the file name does not tell the "
                   "format."),
        asked("--delimiter", metavar="CHAR|blanks",
              help="Separates the cells of a text file. blanks: any run of spaces and tabs.  "
                   "[default: ',', tab in .tsv]"),
        asked("--quote", metavar="CHAR|none", default='"', show_default=True,
              help="Encloses cells of a text file that contain delimiters or line ends. none: quotes are plain text."),
        asked("--decimal", metavar="CHAR", default=".", show_default=True, help="The decimal mark of a text file."),
        asked("--thousands", metavar="CHAR",
              help="May separate groups of three digits in the numbers of a text file: ',' reads 1,234.5."),
        asked("--escape", metavar="CHAR",
              help="Makes the next character of a text file, such as a quote or a delimiter, part of its cell: '\\'."),
        asked("--encoding", metavar="NAME", default="utf-8", show_default=True, help="The encoding of a text file."),
        asked("--comment", metavar="CHAR", help="Lines of a text file that begin with this character are skipped."),
        asked("--skip-lines", type=click.IntRange(min=0), default=0, metavar="N",
              help="Lines above the header of a text file that are skipped, whatever they hold.  [default: 0]"),
        asked("--no-header", is_flag=True, help="The first line is data. The columns are named 1, 2, 3, …"),
        asked("--json-path", metavar="PATH",
              help="The part of a JSON document that is the table: results.samples.  [default: the records in it]"),
        asked("--null-values", metavar="A,B",
              help="Texts that mean 'missing' in a column of numbers and in --where.  "
                   "[default: ,NA,N/A,null,NULL,None,<NA>]"),
    )  # fmt: skip


init_options = _format_options(_InitOption, "Input of --init")

file_options = stack(
    _format_options(FormatOption, "Input"),
    file_option("--sha256", envvar="LOSSCLI_SHA256", multiple=True, metavar="FILE[=HEX]",
           help="The SHA-256 that a file must have, checked before it is read. Without =HEX it only stands in the "
                "report. Repeatable."),
    file_option("--checksums", metavar="FILE", shell_complete=completion.files,
           help="A file as sha256sum writes it. Every file that is read must be in it, and be as it says."),
)  # fmt: skip
