"""losscli completion: the script for a shell, and what it offers for a half-typed word.

Every press of TAB starts the program, so nothing here may import NumPy: the names of losses come from the table
loss_names.txt. `python -m losscli.cli.completion` writes that table anew; a test fails when it is stale.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from losscli.cli import Command
from losscli.errors import ExitCode, UsageError, did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

TABLE = Path(__file__).parent / "loss_names.txt"
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
    """Print the script that completes commands, options, losses and files with TAB in your SHELL."""
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
    """The shells that the installed click knows."""
    from click.shell_completion import get_completion_class

    return [name for name in _SHELLS if get_completion_class(name) is not None]


def answer(instruction: str) -> int:
    """What a shell asks while somebody types: click reads the line from the environment and prints what fits."""
    from click.shell_completion import shell_complete

    from losscli.cli import cli

    try:
        unknown = shell_complete(cli, {}, "losscli", VARIABLE, instruction)
    except (UsageError, click.ClickException, KeyError, ValueError):
        return ExitCode.USAGE  # a line that is wrong so far: a message would land in the middle of the prompt
    return ExitCode.USAGE if unknown else ExitCode.OK


def losses(ctx: click.Context, param: click.Parameter, start: str) -> list[CompletionItem]:
    """The names and aliases of losses that begin so."""
    from click.shell_completion import CompletionItem

    rows = (line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines())
    return [CompletionItem(name, help=summary) for name, summary in rows if name.startswith(start)]


def files(ctx: click.Context, param: click.Parameter, start: str) -> list[CompletionItem]:
    """Files, which the shell finds best itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(start, type="file")]


def table() -> str:
    """The table of names: one line a loss or alias, with its summary."""
    from losscli.losses._catalogue import matching

    lines = [(name, loss.summary) for loss in matching(()) for name in (loss.name, *loss.aliases)]
    return "".join(f"{name}\t{summary}\n" for name, summary in sorted(lines))


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8", newline="\n")
