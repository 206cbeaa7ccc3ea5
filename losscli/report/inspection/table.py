"""What people read at a terminal: tables in its width, then losses, what looks wrong, and commands to copy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from losscli.lazy import pattern
from losscli.report.aligned import Aligned, StyledTexts, aligned
from losscli.report.inspection import words
from losscli.report.view import View, counted, short
from losscli.results.inspections import ColumnResult, FitResult, Inspection

_MOST_COLUMNS = 40
_INDENT = "  "
# A word of the shell; an option together with its value.
_WORD = r"""(?:[^\s'"]|'[^']*'|"[^"]*")+"""
_PIECE = pattern(rf"-[^\s=]+ (?!-){_WORD}|{_WORD}")


def text(found: Inspection, view: View) -> str:
    """The blocks, with an empty line between them."""
    columns = counted(len(found.columns) + len(found.unseen), "column")
    head = f"{words.sources(found)}: {columns}; {words.rows_read(found)}"
    blocks = [_filled(head, view), _columns(found, view), _roles(found, view)]
    blocks += [_fit(fit, number, view) for number, fit in enumerate(found.fits)]
    if not found.fits:
        blocks.append(_filled("No column looks like a prediction of another: name them with -t and -p.", view))
    if found.findings:
        lines = [_filled(f"! {one.message}" + (f" ({one.hint})" if one.hint else ""), view, "    ")
                 for one in found.findings]  # fmt: skip
        blocks.append("What looks wrong\n" + "".join(lines))
    if found.drift:
        blocks.append(_drift(found, view))
    if found.commands:
        blocks.append("Commands to try\n" + "".join(_command(command, view) for command in found.commands))
    return "\n".join(block for block in blocks if block)


def _filled(text: str, view: View, margin: str = "") -> str:
    """A paragraph in the width of the terminal; `margin` begins its further lines."""
    shown = view.text(text, None)
    if view.width is None:
        return shown + "\n"
    lines = textwrap.wrap(shown, view.width, subsequent_indent=margin, break_on_hyphens=False)
    return "".join(line + "\n" for line in lines)


def _table(titles: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]], view: View) -> str:
    return _aligned(titles, right, rows, view).text(view) if rows else ""


def _aligned(titles: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]], view: View) -> Aligned:
    columns = [[row[at] for row in rows] for at in range(len(titles))]
    return aligned(titles, right, [StyledTexts([view.text(cell) for cell in column], {}) for column in columns])


def _columns(found: Inspection, view: View) -> str:
    shown = _grouped(found.columns)[:_MOST_COLUMNS]
    alone = [group[0] if len(group) == 1 else None for group in shown]
    columns = {
        "column": [_name(group) for group in shown],
        "type": [group[0].type for group in shown],
        "missing": [f"{sum(one.missing + one.nan for one in group):,}" for group in shown],
        "distinct": [words.distinct(one) if one else "" for one in alone],
        "range or values": [words.extent(group) for group in shown],
    }
    wide, narrow = ([words.bars(one, view.ascii_only, bins) if one else "" for one in alone] for bins in (16, 8))
    tables = [{**columns, "histogram": bars} for bars in (wide, narrow) if any(bars)]
    for left_out in ((), ("type",), ("type", "missing"), ("type", "missing", "distinct")):
        tables.append({title: cells for title, cells in columns.items() if title not in left_out})
    return _first_that_fits(tables, ("missing", "distinct"), view) + _left_out(found)


def _first_that_fits(tables: Sequence[dict[str, list[str]]], right: Sequence[str], view: View) -> str:
    """The first of these tables, by the titles of their columns, that is not wider than the terminal; else the last."""
    for table in tables:
        if not next(iter(table.values())):
            return ""
        drawn = _aligned([*table], [title in right for title in table], [*zip(*table.values(), strict=True)], view)
        if view.width is None or drawn.width <= view.width:
            break
    return drawn.text(view)


def _grouped(columns: Sequence[ColumnResult]) -> list[list[ColumnResult]]:
    """Each column alone, or with those that play a role together with it."""
    found: dict[str, list[ColumnResult]] = {}
    for at, one in enumerate(columns):
        found.setdefault(one.group or f"{at}", []).append(one)
    return list(found.values())


def _name(group: Sequence[ColumnResult]) -> str:
    return group[0].name if len(group) == 1 else f"{group[0].group} ({len(group)})"


def _left_out(found: Inspection) -> str:
    lines = []
    if (more := len(_grouped(found.columns)) - _MOST_COLUMNS) > 0:
        lines.append(f"{more:,} more: -f plain and -f json have all\n")
    if found.unseen:
        names = ", ".join(found.unseen[:5]) + (", ..." if len(found.unseen) > 5 else "")
        lines.append(f"not looked at: {names}\n")
    return "".join(lines)


def _roles(found: Inspection, view: View) -> str:
    rows = [(_name(group), role.role, role.why) for group in _grouped(found.columns)[:_MOST_COLUMNS]
            for role in group[0].roles]  # fmt: skip
    return _table(("column", "can be", "why"), (False, False, False), rows, view)


def _fit(fit: FitResult, number: int, view: View) -> str:
    title = "Losses that fit" if number == 0 else "Or"
    rows = [(choice.spec, choice.summary, choice.why) for choice in fit.losses]
    head = _filled(f"{title} {words.roles(fit)}", view, _INDENT)
    return head + "".join(_choices(rows, view))


def _choices(rows: Sequence[tuple[str, str, str]], view: View) -> Iterator[str]:
    wide = max(len(spec) for spec, _, _ in rows)
    for spec, summary, why in rows:
        yield _filled(f"{_INDENT}{spec:<{wide}}  {summary}", view, " " * (wide + 4))
        yield _filled(f"{_INDENT}{'':<{wide}}  because: {why}", view, " " * (wide + 6))


def _drift(found: Inspection, view: View) -> str:
    reference = found.reference
    head = "" if reference is None else (
        f"Drift from {words.sources(reference)}: {words.rows_read(reference)}"
    )  # fmt: skip
    numbers = {
        "PSI": [one.psi for one in found.drift], "5 % limit": [one.psi_critical for one in found.drift],
        "Wasserstein": [one.wasserstein for one in found.drift],
        "before": [one.reference_mean for one in found.drift], "mean": [one.mean for one in found.drift],
    }  # fmt: skip
    columns = {
        "column": [one.name for one in found.drift], "is": [one.role for one in found.drift],
        **{title: ["" if each is None else short(each) for each in cells] for title, cells in numbers.items()},
        "PSI says": [words.shift(one) for one in found.drift],
    }  # fmt: skip
    tables = [{title: cells for title, cells in columns.items() if title not in left_out}
              for left_out in ((), ("5 % limit",), ("before", "mean"), ("5 % limit", "before", "mean"))]  # fmt: skip
    return _filled(head, view) + _first_that_fits(tables, [*numbers], view)


def _command(command: str, view: View) -> str:
    """A command, cut before options with a backslash where it is too long for a line, so that it can be pasted."""
    shown = view.text(command, None)
    if view.width is None or len(shown) + len(_INDENT) <= view.width:
        return f"{_INDENT}{shown}\n"
    lines, line = [], _INDENT
    for piece in _PIECE.findall(shown):
        if line.strip() and len(line) + len(piece) + 3 > view.width:
            lines.append(f"{line}\\")
            line = _INDENT * 3
        line += f"{piece} "
    return "\n".join([*lines, line.rstrip()]) + "\n"
