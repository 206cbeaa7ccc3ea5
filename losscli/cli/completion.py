"""losscli completion: the script for a shell, and the completions of an incomplete word.

Every press of TAB starts the program, so nothing here may import NumPy: the names of losses come from names.txt beside
them, which `python tests/generate.py` writes. A test fails if it is stale. Only where a column is due is a file opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from losscli.cli import Command
from losscli.errors import ExitCode, UsageError, did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

LOSS_NAMES = Path(__file__).parent.parent / "losses" / "names.txt"  # a line a name; see losses/__init__.py
VARIABLE = "_LOSSCLI_COMPLETE"  # the name that click's scripts set
_SHELLS = ("bash", "zsh", "fish", "powershell")


@click.command(
    "completion",
    cls=Command,
    epilog="""\
# in ~/.bashrc, or with zsh in ~/.zshrc
eval "$(losscli completion bash)"
eval "$(losscli completion zsh)"
losscli completion fish > ~/.config/fish/completions/losscli.fish""",
)
@click.argument("shell", shell_complete=lambda ctx, param, start: [s for s in shells() if s.startswith(start)])
def command(shell: str) -> int:
    """Print the script that completes commands, options, losses, columns and files with TAB in your SHELL."""
    from click.shell_completion import get_completion_class

    from losscli.cli import cli
    from losscli.cli.console import write_stdout

    if shell not in shells():
        raise UsageError(f"there is no completion for '{shell}'", value=shell,
                         hint=did_you_mean(shell, shells(), f"shells: {', '.join(shells())}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip
    found = get_completion_class(shell)
    assert found is not None
    write_stdout(found(cli, {}, "losscli", VARIABLE).source().rstrip("\n") + "\n")
    return 0


def shells() -> list[str]:
    """The shells that the installed version of click supports."""
    from click.shell_completion import get_completion_class

    return [name for name in _SHELLS if get_completion_class(name) is not None]


def answer(instruction: str) -> int:
    """Answer a request for completions: click reads the line from the environment and prints what fits."""
    from click.shell_completion import shell_complete

    from losscli.cli import cli

    try:
        if instruction == "bash_complete":
            _rejoin()
        unknown = shell_complete(cli, {}, "losscli", VARIABLE, instruction)
    except (UsageError, click.ClickException, KeyError, ValueError):
        return ExitCode.USAGE  # an invalid line: a message would be printed into the prompt
    return ExitCode.USAGE if unknown else ExitCode.OK


def _rejoin() -> None:
    """Make one word again of those that bash has cut at = and :, for click reads them from the environment."""
    import shlex

    from click.shell_completion import split_arg_string

    from losscli.cli.column_completion import rejoined

    words, cword = rejoined(split_arg_string(os.environ["COMP_WORDS"]), int(os.environ["COMP_CWORD"]))
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = shlex.join(words), str(cword)


def columns(ctx: click.Context, param: click.Parameter, start: str) -> list[CompletionItem]:
    """COLS that begin with `start`, of the first file on the line."""
    return _columns(ctx, param, start, grammar=True)


def column(ctx: click.Context, param: click.Parameter, start: str) -> list[CompletionItem]:
    """The names of columns that begin with `start`, of the first file on the line."""
    return _columns(ctx, param, start, grammar=False)


def _columns(ctx: click.Context, param: click.Parameter, start: str, *, grammar: bool) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from losscli.cli.column_completion import names, spelled

    bash = os.environ.get(VARIABLE, "").startswith("bash")
    found = names(ctx, param.name)
    return [CompletionItem(text) for text in spelled(found, start, grammar=grammar, bash=bash)]


def losses(ctx: click.Context, param: click.Parameter, start: str) -> list[CompletionItem]:
    """The losses that begin with `start`; behind the `:` of one its parameters, and behind `@` its libraries."""
    from click.shell_completion import CompletionItem

    # bash replaces what stands behind the last : or =, where it cuts words.
    bash = os.environ.get(VARIABLE, "").startswith("bash")
    known = max(start.rfind(":"), start.rfind("=")) + 1 if bash else 0
    rows = (line.split("\t") for line in LOSS_NAMES.read_text(encoding="utf-8").splitlines())
    return [CompletionItem(text[known:], help=about)
            for row in rows for text, about in _specs(row, start) if text.startswith(start)]  # fmt: skip


def _specs(row: list[str], start: str) -> Iterator[tuple[str, str]]:
    """What may stand for a loss that `names.txt` has in this line, as far as `start` asks for it."""
    name, _, summary, params, libraries = row
    if not start.startswith((f"{name}:", f"{name}@")):
        yield name, summary
        return
    before, colon, settings = start.partition(":")
    if not colon:
        yield from ((f"{name}@{library}", f"as {library} computes it") for library in libraries.split())
        return
    given, comma, _ = settings.rpartition(",")
    for param in params.split():
        if f",{param.partition('=')[0]}=" not in f",{given},":
            yield f"{before}:{given}{comma}{param}", "its default"


def files(ctx: click.Context, param: click.Parameter, start: str) -> list[CompletionItem]:
    """Files, which the shell completes itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(start, type="file")]
