"""The page of a loss, written from its declaration: all that `losscli show` says, and a picture."""

from __future__ import annotations

from html import escape

from curves import curves
from pictures import picture

from losscli.binding.spec import plain
from losscli.cli.preset_examples import values as preset_values
from losscli.cli.show import DISTRIBUTION
from losscli.contract.loss import Loss
from losscli.losses._catalogue import command_line
from losscli.report.page.mathml import typeset
from losscli.results.directions import best_in_words

_SCOPES = {
    "row": "each row by itself",
    "group": "all rows of a batch together",
    "table": "all rows of the table together",
}


def page(loss: Loss, known_to: str) -> str:
    """The Markdown of a loss's page.

    Parameters
    ----------
    loss : Loss
        A declared loss, not a score: scores stand on the page of their loss.
    known_to : str
        Who says its number too, as docs/golden-numbers.md has it.

    Returns
    -------
    str
        The page, which begins with its title.
    """
    parts = [
        f"# {title(loss)}",
        f"`-l {loss.name}`{_also(loss)}",
        loss.summary,
        _facts(loss, known_to),
        _formula(loss),
        _picture(loss),
        _inputs(loss),
        _parameters(loss),
        _presets(loss),
        _traps(loss),
        f"## Example\n\n```sh\n{command_line(loss)}\n```\n\n```python\n{loss.example}\n```" if loss.example else "",
        f"## Source\n\n{_prose(loss.cite)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def title(loss: Loss) -> str:
    """The name that people know it by: what stands before the colon of its summary."""
    name, colon, _ = loss.summary.partition(":")
    return name if colon and len(name) <= 70 else loss.name


def _also(loss: Loss) -> str:
    scores = [name for score in loss.scores.values() for name in (score.name, *score.aliases)]
    said = f", also called {', '.join(f'`{name}`' for name in loss.aliases)}" if loss.aliases else ""
    return said + (f"; its score, of which higher is better: {', '.join(f'`{n}`' for n in scores)}" if scores else "")


def _formula(loss: Loss) -> str:
    """Typeset, and as it is declared: what the tests run."""
    lines = []
    for label, line in typeset(loss.formula):
        lines.append(f"<div>{f'<em>{escape(label)}</em> ' if label else ''}{line}</div>")
    return f"""## Formula

<div class="loss-formula">
{"".join(lines)}
</div>

Of one row. In Python, as the tests run it at hundreds of digits:

```python
{loss.formula}
```"""


def _picture(loss: Loss) -> str:
    found = curves(loss)
    if found is None:
        return ""
    many = f" for several values of {found.curves[0].label.partition(' = ')[0]}" if len(found.curves) > 1 else ""
    gradient = " and its gradient" if found.curves[0].gradients is not None else ""
    about = f"{title(loss)}{gradient}, as {found.axis} moves{many}"
    note = f"The other numbers are those of the first row of the example below; `{found.axis}` moves{many}."
    if not (loss.scope == "row" and not loss.own_combine):
        note = f"The number of all rows of the example below, as `{found.axis}` of the first row moves{many}."
    return f"## Picture\n\n{picture(found, about)}\n\n{note}"


def _facts(loss: Loss, known_to: str) -> str:
    """What a reader looks for first, as a list."""
    best = ", ".join(f"`{role} = {text}`" for role, text in loss.consistent_for.items())
    low, high = (f"{limit:g}".replace("inf", "∞").replace("-", "−") for limit in loss.limits)
    between = "" if (low, high) == ("−∞", "∞") else f"; its values are between {low} and {high}"
    flat = f"none: {_prose(loss.no_gradient)}" if loss.no_gradient else "none"
    rows = [
        ("Better", best_in_words(loss.direction) + between),
        ("Best constant prediction", best),
        ("Distribution", DISTRIBUTION if loss.cdf else ""),
        ("Sees", _SCOPES[loss.scope]),
        ("Gradient", f"by {', '.join(f'`{role}`' for role in loss.gradients)}" if loss.gradients else flat),
        ("Number confirmed by", known_to),
    ]
    return "\n".join(f"- **{name}**: {text}" for name, text in rows if text)


def _inputs(loss: Loss) -> str:
    rows = [
        (f"`{role.name}`" + (" (optional)" if role.optional else ""), " or ".join(kind.says for kind in role.kinds))
        for role in loss.roles.values()
    ]
    return f"## Inputs\n\n{_table(('role', 'is'), rows)}"


def _parameters(loss: Loss) -> str:
    rows = []
    for p in loss.params.values():
        values = " or ".join(p.choices) if p.choices else "true or false" if p.type == "bool" else p.param.range
        default = "required" if p.required else f"`{plain(p.default)}`"
        column = f"; `{p.name}={{COL}}` takes it from a column" if p.param.per_row else ""
        rows.append((f"`{p.name}`", default, _prose(values), _prose(p.param.help) + column))
    return f"## Parameters\n\n{_table(('name', 'default', 'values', 'what it is'), rows)}" if rows else ""


def _presets(loss: Loss) -> str:
    """Where libraries differ: their parameters, what they give on the example, what is refused."""
    if not loss.same_as:
        return f"## Libraries\n\nNo library has it: {_prose(loss.no_library)}." if loss.no_library else ""
    rows = []
    for library, preset in sorted(loss.same_as.items()):
        given = preset_values(loss, library)
        divided = {"rows": "all rows", "weight": "the weights"}.get(preset.divide_by, preset.divide_by)
        notes = "; ".join([*([preset.notes] if preset.notes else []), *(f"refuses {text}" for text in preset.refused)])
        rows.append((f"`{loss.name}@{library}`", f"`{preset.settings}`" if preset.settings else "the defaults",
                     ", ".join(f"{value:g}" for value in given) if given else "–", divided, _prose(notes)))  # fmt: skip
    head = ("preset", "parameters", "on the example", "weighted values are divided by", "differs or is refused")
    return f"## Libraries\n\n{_table(head, rows)}\n\n[Library presets](../presets.md) has how near each comes."


def _traps(loss: Loss) -> str:
    """What is easily got wrong: the notes of the loss, and what follows from its declaration."""
    said = [_prose(" ".join(paragraph.split())) for paragraph in loss.notes.split("\n\n") if paragraph]
    if loss.of_logits is not None:
        said.append(f"It takes probabilities. Of logits it is [`{loss.of_logits.name}`]({loss.of_logits.name}.md).")
    if loss.of_probabilities is not None:
        name = loss.of_probabilities.name
        said.append(f"It takes logits. Of probabilities it is [`{name}`]({name}.md).")
    if loss.scope == "group":
        said.append("It is a batch loss: compare its numbers only between runs with the same batches.")
    if loss.own_combine:
        said.append("It is not a mean of values of rows: the numbers of slices do not average to that of all rows.")
    if loss.reduction == "sum":
        said.append("It is a sum by its definition, whatever `--reduction` says.")
    return "## Traps\n\n" + "\n".join(f"- {text}" for text in said) if said else ""


def _prose(text: str | None) -> str:
    """Text of a declaration in Markdown: its signs mean themselves, but code stays code."""
    parts = (text or "").split("`")
    for at in range(0, len(parts), 2):
        parts[at] = escape(parts[at], quote=False)
        for sign in "*_[]":
            parts[at] = parts[at].replace(sign, "\\" + sign)
    return "`".join(parts)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
