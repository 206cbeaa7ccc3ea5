"""Tab-separated tables with a header, an empty line between them; nothing is cut, and numbers have all digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from losscli.report.inspection import words
from losscli.report.view import View, exact
from losscli.results.inspections import Inspection

_COLUMNS = ("column", "type", "missing", "nan", "infinite", "distinct", "low", "high", "roles")


def text(found: Inspection, view: View) -> str:
    """All tables that have rows; the rows that were read come first."""
    tables = [
        (("source", "format"), found.sources),
        (("rows", "read"), [(str(found.rows), words.rows_read(found))]),
        (_COLUMNS, list(_columns(found))),
        (("fit", "loss", "roles", "why"), list(_fits(found))),
        (("finding", "columns", "message", "hint"),
         [(one.code, ",".join(one.columns), one.message, one.hint or "") for one in found.findings]),
        (("drift", "role", "psi", "psi_critical", "wasserstein", "mean", "reference_mean"), list(_drift(found))),
        (("command",), [(command,) for command in found.commands]),
    ]  # fmt: skip
    return "\n".join(_table(titles, rows, view) for titles, rows in tables if rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], view: View) -> str:
    lines = [titles, *([view.text(cell, None) for cell in row] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _columns(found: Inspection) -> Iterator[Sequence[str]]:
    for one in found.columns:
        ends = ["" if end is None else exact(end) for end in (one.low, one.high)]
        roles = "; ".join(f"{role.role} ({role.why})" for role in one.roles)
        yield (one.name, one.type, str(one.missing), str(one.nan), str(one.infinite), words.distinct(one), *ends, roles)


def _fits(found: Inspection) -> Iterator[Sequence[str]]:
    for number, fit in enumerate(found.fits, 1):
        for choice in fit.losses:
            yield str(number), choice.spec, words.roles(fit), choice.why


def _drift(found: Inspection) -> Iterator[Sequence[str]]:
    for one in found.drift:
        numbers = (one.psi, one.psi_critical, one.wasserstein, one.mean, one.reference_mean)
        yield (one.name, one.role, *("" if number is None else exact(number) for number in numbers))
