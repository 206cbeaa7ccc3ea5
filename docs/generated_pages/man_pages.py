"""Manual pages of the commands, from what their help has: `man losscli-eval`.

The wheel has them in share/man/man1; docs/generated_pages/build_hook.py writes them while it is built.
"""

from __future__ import annotations

import inspect
from typing import Any

import click

from losscli._version import __version__
from losscli.cli import COMMANDS, cli, layout
from losscli.cli.help import read


def pages() -> dict[str, str]:
    """File name -> text, of losscli and of each command."""
    whole = click.Context(cli, info_name="losscli", **cli.context_settings)
    found = {"losscli.1": _page("losscli", "score files of predictions against targets", cli, whole)}
    for name, about in COMMANDS.items():
        command: Any = cli.get_command(whole, name)
        context = click.Context(command, info_name=name, parent=whole, max_content_width=1000)
        found[f"losscli-{name}.1"] = _page(f"losscli-{name}", about.partition(":")[0], command, context)
    return found


def _page(name: str, about: str, command: Any, context: click.Context) -> str:
    lines = [
        f'.TH "{name.upper()}" "1" "" "losscli {__version__}" "losscli"',
        ".SH NAME", _text(f"{name} - {about}"),
        ".SH SYNOPSIS", f".B {_text(context.command_path)}", _text(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION", *_body(inspect.cleandoc(command.help or "")),
    ]  # fmt: skip
    for title, rows in command.tables(context).items():
        lines.append(f'.SH "{title.upper()}"')
        for term, said in rows:
            lines += [".TP", f".B {_text(term)}", _text(" ".join(said.split()))]
    if command.epilog:
        lines += [".SH EXAMPLES", ".nf", *map(_text, command.epilog.splitlines()), ".fi"]
    lines += [".SH EXIT STATUS", *_body(read("exit-codes")[1].partition("\n\n")[0])]
    others = [f"losscli-{other}(1)" for other in COMMANDS if f"losscli-{other}" != name]
    lines += [".SH SEE ALSO", _text(", ".join((["losscli(1)"] if name != "losscli" else []) + others))]
    return "\n".join(lines) + "\n"


def _body(text: str) -> list[str]:
    """Paragraphs, lists of terms and code of a page of help."""
    lines: list[str] = []
    for kind, content in layout._parts(text):
        if kind == "blank":
            lines.append(".PP")
        elif kind == "code":
            lines += [".nf", _text(content), ".fi"]
        elif kind == "item":
            term, about = layout._item(content)
            lines += [".TP", f".B {_text(term)}", _text(about or " ")]
        else:
            lines.append(_text(content))
    return lines


def _text(text: str) -> str:
    """Text in which no character is a request of roff."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown
