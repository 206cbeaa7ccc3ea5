"""losscli list: the catalogue."""

from __future__ import annotations

import json

import click

from losscli.cli import Plain
from losscli.cli import options as shared
from losscli.errors import UsageError


@click.command("list", cls=Plain, epilog="\b\nlosscli list\nlosscli list contrastive\nlosscli list --format json")
@click.argument("words", nargs=-1)
@shared.option(
    "-f",
    "--format",
    "format_",
    envvar="LOSSCLI_LIST_FORMAT",
    default="text",
    metavar="text|json",
    help="text or json.  [default: text]",
)
def command(words: tuple[str, ...], format_: str) -> int:
    """All losses, or those that speak of all these words."""
    from losscli.cli import console
    from losscli.losses._catalogue import entry, matching

    found = matching(words)
    if format_ == "json":
        document = {"losses": [entry(loss) for loss in found]}
        console.write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return 0
    if format_ != "text":
        raise UsageError(f"there is no format '{format_}' here", hint="formats: text, json", code="USAGE_BAD_VALUE")
    width = max((len(loss.name) for loss in found), default=0)
    family = None
    lines: list[str] = []
    for loss in found:
        if loss.family != family:
            family = loss.family
            lines.append(f"{family}:" if not lines else f"\n{family}:")
        also = f"  (= {', '.join(loss.aliases)})" if loss.aliases else ""
        lines.append(f"  {loss.name:{width}}  {loss.summary}{also}")
    console.write_stdout("\n".join(lines) + "\n" if lines else "")
    if not found:
        console.print_notes([f"no loss speaks of {' '.join(words)}"])
    return 0
