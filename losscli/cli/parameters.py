"""The classes of options and arguments: their environment variables, their place in the help, values given twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from losscli.errors import UsageError

FROM_FILE = "from a file"
"""The object of a context whose options stand in a file of configuration: there the environment has no say."""


class Option(click.Option):
    """An option that the environment may set: LOSSCLI_NAME, one value a line where it may be repeated.

    `section` is its place in the help of a command with many options. With `typed`, the environment has no say.

    A command line that gives an option of one value several is refused: of two filters, files or roles, the first
    would be without effect. Flags may be repeated, and so may the same value.
    """

    def __init__(self, *args: Any, section: str | None = None, typed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        if self.name and self.envvar is None and not typed:
            self.envvar = f"LOSSCLI_{self.name.upper()}"

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser keep every value that is typed, of which click would keep the last."""
        if self._has_one_value:
            parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs)
        else:
            super().add_to_parser(parser, ctx)

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Take the one value that was typed, if any; several are a UsageError."""
        typed = opts.get(str(self.name)) if self._has_one_value else None
        if isinstance(typed, list):
            texts = [*dict.fromkeys(text for text in typed if isinstance(text, str))]
            if len(texts) > 1 and not ctx.resilient_parsing:
                raise self._given_twice(texts)
            opts = {**opts, str(self.name): typed[-1]}
        return super().handle_parse_result(ctx, opts, args)

    @property
    def _has_one_value(self) -> bool:
        return not (self.multiple or self.is_flag or self.count)

    def _given_twice(self, texts: list[str]) -> UsageError:
        *others, last = (f"'{text}'" for text in texts)
        listed = f"{', '.join(others)} and {last}"
        often = "twice" if len(texts) == 2 else f"{len(texts)} times"
        hint = "give it once"
        if self.envvar is not None:
            hint += f"; for a default that the command line overrides, set {self.envvar}"
        return UsageError(f"{max(self.opts, key=len)} was given {often}: {listed}", hint=hint, code="USAGE_CONFLICT")

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The text of the environment variable; None if a configuration file gives the values of this run."""
        return None if ctx.obj == FROM_FILE else super().resolve_envvar_value(ctx)

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """The value of the environment variable: for a repeatable option, one item per line; None if it is not set."""
        value = self.resolve_envvar_value(ctx)
        if value is None:
            return None
        if self.multiple:
            return tuple(line for line in value.splitlines() if line.strip())
        return value


class Argument(click.Argument):
    """An argument with a text and a section in the help, as options have; the oldest supported click has neither."""

    def __init__(self, *args: Any, help: str, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about, self.section = help, section

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """The name of the argument and its help."""
        return self.metavar or "", self.about
