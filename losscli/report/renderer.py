"""What a report format is: a `Renderer` in a module of `losscli.report.formats`, which bears the name of the format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from losscli.report.suites import error_lines, sections, single_suite
from losscli.report.view import View
from losscli.results import ErrorResult, Evaluation, SuiteResult


class Renderer:
    r"""A report format. A subclass writes `render` or `render_suites`; everything else has a default.

    A format is a module of `losscli.report.formats` that has an instance of its subclass by the name `RENDERER`. The
    name of the module is the name of the format, with a hyphen for each underscore. A renderer computes nothing, and
    neither prints nor opens a file.

    Attributes
    ----------
    summary : str
        One line for `losscli help formats`.
    suffixes : tuple[str, ...]
        How the names of files end that are written in this format if no format is named, in lower case: ".md". A whole
        file name may stand for a suffix.
    shows_gates : bool
        The verdicts of gates are in the text for standard output, so they are not printed beside it.
    shows_errors : bool
        A run that ends in an error is reported too. Files of other formats are left as they were.
    shows_hashes : bool
        The hashes of the data are in the report. They are only computed if a report shows them.
    shows_diagnostics : bool
        Pictures are in the report. What they show is only computed if a report has them.
    shows_origin : bool
        The command that made the report is in it.
    prints_workflow_commands : bool
        The text for standard output contains commands for a build server, which must reach it unchanged.
    appended_variables : tuple[str, ...]
        The environment variables that name files to which `render_appended` adds.

    Examples
    --------
    >>> class Values(Renderer):
    ...     summary = "One value per line."
    ...     suffixes = (".values",)
    ...
    ...     def render(self, evaluation, view):
    ...         return "".join(f"{result.value!r}\n" for result in evaluation.results)
    """

    summary: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    shows_gates: ClassVar[bool] = False
    shows_errors: ClassVar[bool] = False
    shows_hashes: ClassVar[bool] = False
    shows_diagnostics: ClassVar[bool] = False
    shows_origin: ClassVar[bool] = False
    prints_workflow_commands: ClassVar[bool] = False
    appended_variables: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.render is Renderer.render and cls.render_suites is Renderer.render_suites:
            raise TypeError(f"{cls.__name__} writes neither render nor render_suites")  # each calls the other
        if not isinstance(getattr(cls, "summary", None), str):
            raise TypeError(f"{cls.__name__} has no summary")

    def render(self, evaluation: Evaluation, view: View) -> str:
        """One run as text, which ends with a line feed.

        Parameters
        ----------
        evaluation : Evaluation
            The results of the run.
        view : View
            Where the text goes. `view.text` makes text from data safe to show.
        """
        return self.render_suites(single_suite(evaluation), view)

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """A check of several suites as text; a run is one suite without a name.

        By default each suite has a line with its name, the error that ended it, and what `render` makes of its results.

        Parameters
        ----------
        suites : Sequence[SuiteResult]
            The suites. Each has results, an error, or both.
        view : View
            Where the text goes.
        """

        def heading(suite: SuiteResult) -> str:
            return "" if suite.name is None else f"{view.text(suite.name)}\n\n"

        def failure(error: ErrorResult) -> str:
            first, *others = error_lines(error, view)
            return "".join(f"{line}\n" for line in (f"error: {first}", *others))

        return sections(suites, heading, failure, lambda evaluation: self.render(evaluation, view))

    def render_file(self, suites: Sequence[SuiteResult]) -> str:
        """The text of a file of this format. By default it is the text for standard output, without colour and width.

        Parameters
        ----------
        suites : Sequence[SuiteResult]
            The suites; a run is one suite without a name.
        """
        return self.render_suites(suites, View())

    def render_appended(
        self, suites: Sequence[SuiteResult], variable: str, size: int, exit_code: int | None = None
    ) -> str:
        """The text to append to the file that an environment variable names.

        Parameters
        ----------
        suites : Sequence[SuiteResult]
            The suites; a run is one suite without a name.
        variable : str
            One of `appended_variables`.
        size : int
            How many bytes the file has so far.
        exit_code : int, optional
            The exit code of the process, if the suites alone do not tell it.
        """
        return ""

    def omitted(self, evaluation: Evaluation) -> list[str]:
        """The results for which the format has no place, in words; a note on standard error names them.

        Parameters
        ----------
        evaluation : Evaluation
            The results of the run.
        """
        return []
