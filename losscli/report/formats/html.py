"""One static page: it has no script and fetches nothing, and its content security policy forbids both.

Verdicts come first, in words, then pictures and numbers, then their data and columns. All text from data is escaped.
The same run always gives the same bytes, so that two pages can be compared.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from html import escape

from losscli._version import __version__
from losscli.report.page.markup import safe
from losscli.report.page.sections import blocks
from losscli.report.page.style import STYLE
from losscli.report.renderer import Renderer
from losscli.report.suites import error_lines, evaluated, sections, status
from losscli.report.verdicts import comparison_headline, gate_headline
from losscli.report.view import View
from losscli.results import ErrorResult, Origin, SuiteResult

_NAMED = 3  # sources in the title


class Html(Renderer):
    """A page in HTML."""

    summary = "One static page with pictures and without scripts."
    suffixes = (".html", ".htm")
    shows_gates = True
    shows_hashes = True
    shows_diagnostics = True
    shows_origin = True

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The page, with one section per suite."""
        return self.page(suites, view)

    def page(self, suites: Sequence[SuiteResult], view: View, first: str = "") -> str:
        """The page, whose first sections may be other ones."""
        named = any(suite.name is not None for suite in suites)
        body = sections(
            suites,
            lambda suite: _heading(suite, view),
            lambda error: _failure(error, view),
            lambda evaluation: "".join(blocks(evaluation, view, 3 if named else 2)),
        )
        outcome = _outcome(suites)
        title = escape(f"losscli: {outcome}")
        whole = f"{_header(suites, outcome, view)}<main>\n{first}{body}{_version_note()}</main>\n"
        shown = whole.encode("ascii", "xmlcharrefreplace").decode("ascii") if view.ascii_only else whole
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{shown}</body>\n</html>\n"
        )


RENDERER = Html()


def _policy() -> str:
    """The content security policy: this style sheet alone, and no script, image, font, frame or form."""
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _header(suites: Sequence[SuiteResult], outcome: str, view: View) -> str:
    """What was scored, how it ended, and the command that did it."""
    found = [evaluation for _, evaluation in evaluated(suites)]
    paths = list(dict.fromkeys(source.path for evaluation in found for source in evaluation.sources))
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    title = f"Evaluation of {', '.join(paths[:_NAMED])}{more}" if paths else "Evaluation"
    colour = {"passed": "good", "failed": "bad", "error": "bad"}[status(suites)]
    judged = any(evaluation.gates for evaluation in found) or colour == "bad"
    word = _word(suites) if judged else ""
    said = f'<p class="outcome{" " + colour if judged else ""}">{word}{escape(outcome)}</p>\n'
    origins = [evaluation.origin for evaluation in found if evaluation.origin is not None]
    return f"<header>\n<h1>{safe(title, view)}</h1>\n{said}{_origin(origins[0], view) if origins else ''}</header>\n"


def _word(suites: Sequence[SuiteResult]) -> str:
    return {"passed": "PASS: ", "failed": "FAIL: ", "error": "ERROR: "}[status(suites)]


def _origin(origin: Origin, view: View) -> str:
    date = f'<p class="note">{safe(origin.date, view)}</p>\n' if origin.date else ""
    command = f"<pre><code>{safe(shlex.join(origin.command), view, None)}</code></pre>\n" if origin.command else ""
    return date + command


def _version_note() -> str:
    return f'<p class="note">losscli {escape(__version__)}</p>\n'


def _outcome(suites: Sequence[SuiteResult]) -> str:
    """The outcome of all suites in words."""
    if len(suites) == 1 and suites[0].evaluation is not None and suites[0].error is None:
        found = suites[0].evaluation
        count = len(found.results)
        return gate_headline(found) or comparison_headline(found) or f"{count} result{'s' * (count != 1)}"
    bad = sum(status([suite]) != "passed" for suite in suites)
    if any(suite.name is not None for suite in suites):
        return f"{bad} of {len(suites)} suites did not pass" if bad else f"{len(suites)} suites passed"
    return "the run ended in an error"


def _heading(suite: SuiteResult, view: View) -> str:
    if suite.name is None:
        return ""
    outcome = "" if suite.evaluation is None else gate_headline(suite.evaluation)
    return f"<h2>{safe(suite.name, view)}{': ' + outcome if outcome else ''}</h2>\n"


def _failure(error: ErrorResult, view: View) -> str:
    first, *others = (escape(line) for line in error_lines(error, view))
    more = "".join(f"<br>{line}" for line in others)
    return f'<p><span class="bad">error</span>: {first}{more}</p>\n'
