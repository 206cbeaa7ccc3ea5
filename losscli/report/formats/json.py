"""The whole report as one JSON document: `losscli.report/1` of a run, `losscli.check/1` of several suites."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.report.json_document import check_document, document, dumps
from losscli.report.renderer import Renderer
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult


class Json(Renderer):
    """JSON, two spaces per level. `losscli show --schema` prints its schema."""

    summary = "Everything: terms, weights, parameters, bindings, warnings."
    suffixes = (".json",)
    shows_hashes = True

    def render(self, evaluation: Evaluation, view: View) -> str:
        """The document of a run."""
        return dumps(document(evaluation), view, indent=True) + "\n"

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The document of a check: each suite with the report that it would have alone, and the error that ended it."""
        if len(suites) == 1 and suites[0].name is None and suites[0].evaluation is not None:
            return self.render(suites[0].evaluation, view)
        return dumps(check_document(suites), view, indent=True) + "\n"


RENDERER = Json()
