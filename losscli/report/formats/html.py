"""One static page: it has no script and fetches nothing, and its content security policy forbids both.

Verdicts come first, in words, then the numbers, then their data and columns. All text from data is escaped. The same
run always gives the same bytes, so that two pages can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from losscli._version import __version__
from losscli.report import standings, verdicts
from losscli.report.influence import influence
from losscli.report.layout import Cell, Column, Layout, footnotes, layout_of
from losscli.report.renderer import Renderer
from losscli.report.suites import error_lines, sections, status
from losscli.report.verdicts import gate_headline, reasons
from losscli.report.view import View
from losscli.results import ErrorResult, Evaluation, SuiteResult

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --text: #1b1f23; --soft: #57606a; --line: #c9d1d9; --head: #f3f5f7;
  --good: #0b6b2b; --bad: #b00020; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --text: #e6e8ea; --soft: #a8b0b8; --line: #3d444d; --head: #1f2429; --good: #7bd88f;
    --bad: #ff8a80; }
}
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.8rem; text-align: left; vertical-align: top; }
thead th { background: var(--head); } tbody th { font-weight: 400; }
.n { text-align: right; white-space: nowrap; }
.part { color: var(--soft); } th.part { padding-left: 2rem; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.note { color: var(--soft); }
code, .hash { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
@media print {
  :root { --page: #ffffff; --text: #000000; --soft: #444444; --line: #999999; --head: #eeeeee; --good: #0b6b2b;
    --bad: #b00020; }
  main { max-width: none; padding: 0; } tr { break-inside: avoid; } .wide { overflow: visible; }
}
"""


class Html(Renderer):
    """A page in HTML."""

    summary = "One static page without scripts."
    suffixes = (".html", ".htm")
    shows_gates = True
    shows_hashes = True

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The page, with one section per suite."""
        body = sections(
            suites,
            lambda suite: _heading(suite, view),
            lambda error: _failure(error, view),
            lambda evaluation: "".join(_blocks(evaluation, view)),
        )
        title = escape("losscli: " + _outcome(suites))
        shown = body.encode("ascii", "xmlcharrefreplace").decode("ascii") if view.ascii_only else body
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n"
            f"<body>\n<main>\n<h1>{title}</h1>\n{shown}{_version_note()}</main>\n</body>\n</html>\n"
        )


RENDERER = Html()


def _policy() -> str:
    """The content security policy: this style sheet alone, and no script, image, font, frame or form."""
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _version_note() -> str:
    return f'<p class="note">losscli {escape(__version__)}</p>\n'


def _outcome(suites: Sequence[SuiteResult]) -> str:
    """The outcome of all suites in words."""
    if len(suites) == 1 and suites[0].evaluation is not None and suites[0].error is None:
        count = len(suites[0].evaluation.results)
        return gate_headline(suites[0].evaluation) or f"{count} result{'s' * (count != 1)}"
    bad = sum(status([suite]) != "passed" for suite in suites)
    if any(suite.name is not None for suite in suites):
        return f"{bad} of {len(suites)} suites did not pass" if bad else f"{len(suites)} suites passed"
    return "the run ended in an error"


def _heading(suite: SuiteResult, view: View) -> str:
    if suite.name is None:
        return ""
    outcome = "" if suite.evaluation is None else gate_headline(suite.evaluation)
    return f"<h2>{_safe(suite.name, view)}{': ' + outcome if outcome else ''}</h2>\n"


def _failure(error: ErrorResult, view: View) -> str:
    first, *others = (escape(line) for line in error_lines(error, view))
    more = "".join(f"<br>{line}" for line in others)
    return f'<p><span class="bad">error</span>: {first}{more}</p>\n'


def _blocks(evaluation: Evaluation, view: View) -> Iterator[str]:
    if evaluation.gates:
        yield _table("Gates", verdicts.gates(evaluation), view)
        yield _list([f"{verdict} {gate}: {why}" for verdict, gate, why in reasons(evaluation)], view)
    yield _table("Results", layout_of(evaluation), view)
    yield f'<p class="note">{_safe(footnotes(evaluation), view)}</p>\n'
    if standings.has_slice_differences(evaluation):
        yield _table("Differences between slices", standings.slice_differences(evaluation), view)
    if standings.has_rankings(evaluation):
        yield _table("Models beside each other", standings.rankings(evaluation), view)
        yield f'<p class="note">{_safe(standings.note(evaluation), view)}</p>\n'
    if evaluation.comparisons:
        yield _table("Comparisons of models on the same rows", verdicts.comparisons(evaluation), view)
        yield f'<p class="note">{_safe(verdicts.decision_note(evaluation), view)}</p>\n'
    if evaluation.influence:
        yield _table("Influence of single units", influence(evaluation), view)
    if evaluation.warnings:
        counted = [(w.message, f" ({w.count} times)" if w.count > 1 else "") for w in evaluation.warnings]
        yield "<h3>Warnings</h3>\n" + _list([message + count for message, count in counted], view)
    yield from _baseline(evaluation, view)
    yield _table("Data", _data(evaluation), view)
    yield _table("Columns", _bindings(evaluation), view) if evaluation.bindings else ""
    yield _table("Losses (-l) and signatures", _signatures(evaluation), view)


def _baseline(evaluation: Evaluation, view: View) -> Iterator[str]:
    found = evaluation.baseline
    if found is not None:
        yield f"<h3>Baseline</h3>\n<p>{_safe(found.path, view)}</p>\n"
        absent = [f"not in this run: {one}" for one in found.absent]
        yield _list([*(f"not comparable: {reason}" for reason in found.incomparable), *absent], view)


def _data(evaluation: Evaluation) -> Layout:
    rows = evaluation.rows
    facts = [(source.path, f"{source.format}, {source.rows} rows") for source in evaluation.sources]
    facts.append(("rows", f"{rows.read} read, {rows.used} used, {rows.dropped} dropped"))
    facts += [(f"rows: {name.replace('_', ' ', 1)}", str(count)) for name, count in rows.names.items()]
    facts += [("from the environment", ", ".join(evaluation.environment))] if evaluation.environment else []
    hashes = {
        "rows (SHA-256)": evaluation.rows_sha256,
        "targets (SHA-256)": evaluation.targets_sha256,
        "weights (SHA-256)": evaluation.weights_sha256,
        "batches (SHA-256)": evaluation.batches_sha256,
        "slices (SHA-256)": evaluation.slices_sha256,
    }
    facts += [("derived column", text) for text in evaluation.lets]
    facts += [(name, value) for name, value in hashes.items() if value is not None]
    facts += [] if evaluation.rows_file is None else [("row values", evaluation.rows_file)]
    return _listed(("what", "value"), facts)


def _bindings(evaluation: Evaluation) -> Layout:
    bound = [
        (model, role, ", ".join(columns))
        for model, roles in sorted(evaluation.bindings.items())
        for role, columns in sorted(roles.items())
    ]
    return _listed(("model", "role", "columns"), bound)


def _signatures(evaluation: Evaluation) -> Layout:
    found = dict.fromkeys((result.spec, result.signature) for result in evaluation.results)
    return _listed(("loss", "signature"), list(found))


def _listed(titles: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Layout:
    columns = tuple(Column(title) for title in titles)
    return Layout(columns, tuple(tuple(map(Cell, row)) for row in rows))


def _list(items: Sequence[str], view: View) -> str:
    return "<ul>\n" + "".join(f"<li>{_safe(item, view)}</li>\n" for item in items) + "</ul>\n" if items else ""


def _table(caption: str, layout: Layout, view: View) -> str:
    titles = "".join(
        f'<th scope="col"{_class("n" if column.number else "")}>{_safe(column.title, view)}</th>'
        for column in layout.columns
    )
    rows = "".join(_row(row, layout.columns, view) for row in layout.rows)
    head = f"<thead><tr>{titles}</tr></thead>"
    return f'<div class="wide"><table>\n<caption>{caption}</caption>\n{head}\n<tbody>\n{rows}</tbody>\n</table></div>\n'


def _row(row: Sequence[Cell], columns: Sequence[Column], view: View) -> str:
    cells = []
    for at, (cell, column) in enumerate(zip(row, columns, strict=True)):
        text = _safe(cell.text, view)
        names = ["n" if column.number else "", "part" if cell.part else "", cell.verdict]
        tag, scope = ("th", ' scope="row"') if at == 0 else ("td", "")
        best = f"<strong>{text}</strong> (best)" if cell.best else text
        cells.append(f"<{tag}{scope}{_class(*names)}>{best}</{tag}>")
    return f"<tr>{''.join(cells)}</tr>\n"


def _class(*names: str) -> str:
    found = " ".join(filter(None, names))
    return f' class="{found}"' if found else ""


def _safe(text: str, view: View) -> str:
    """Text that is shown as it is, whatever it contains."""
    return escape(View(view.width, view.color).text(text, limit=1000))
