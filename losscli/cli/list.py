"""losscli list: the catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from losscli.cli import Plain, layout
from losscli.cli import options as shared
from losscli.errors import did_you_mean

if TYPE_CHECKING:
    from losscli.contract.loss import Loss


@click.command("list", cls=Plain, epilog="losscli list\nlosscli list accuracy\nlosscli list --format json")
@click.argument("words", metavar="[WORD]…", nargs=-1)
@shared.text_or_json_options
def command(words: tuple[str, ...], format_: str) -> int:
    """List all losses, or those that match every WORD."""
    from losscli.cli import console
    from losscli.losses._catalogue import entry, matching

    found = matching(words)
    if format_ == "json":
        scores = [score for loss in found for score in loss.scores.values()]
        document = {"losses": [entry(loss) for loss in found], "scores": [entry(score) for score in scores]}
        console.write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return 0
    console.write_stdout(text(found, layout.screen_width()))
    if not found:
        console.print_notes([_nothing(words)])
    return 0


def _nothing(words: Sequence[str]) -> str:
    """What is said where no loss has all the words: who computes such things, or names that are near."""
    from losscli.losses import names
    from losscli.losses._tasks import elsewhere

    text = " ".join(words)
    hint = elsewhere(words) or did_you_mean(text.replace(" ", "_"), names())
    return f"no loss matches '{text}'" + (f"; {hint}" if hint else "")


def text(losses: Sequence[Loss], width: int) -> str:
    """The losses by task, each with its first line and its other names, and its scores below it."""
    from losscli.losses._tasks import tasks

    blocks = []
    for task, members in groupby(losses, key=lambda loss: tasks(loss)[0]):
        rows = [(one.name, one.summary + (f" (= {', '.join(one.aliases)})" if one.aliases else ""))
                for loss in members for one in (loss, *loss.scores.values())]  # fmt: skip
        blocks.append("".join(f"{line}\n" for line in [f"{task}:", *layout.listed(rows, width)]))
    return "\n".join(blocks)
