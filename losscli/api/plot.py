"""A picture that Python callers get: a notebook shows it, and it is saved as SVG."""

from __future__ import annotations

import base64
import os
from html import escape

from losscli.errors import UsageError
from losscli.io.write.atomic import write_text
from losscli.report.page.drawings import by_name, document
from losscli.report.view import View
from losscli.results import Evaluation


class Plot:
    """A picture of a report, or several of one kind beside each other: one for each model or loss.

    Parameters
    ----------
    svg : str
        An SVG document with its own style, by day and by night; it has no script and fetches nothing.
    title : str
        What the pictures show, for those who cannot see them.

    Examples
    --------
    >>> import losscli
    >>> table = {"y": [1.0, 0.0, 1.0], "p": [0.9, 0.2, 0.6]}
    >>> losscli.evaluate(table, "bce", target="y", pred="p", diagnostics=True).plot("reliability")
    <Plot: Reliability of p>
    """

    def __init__(self, svg: str, title: str) -> None:
        self.svg = svg
        self.title = title

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the SVG document to a file.

        Parameters
        ----------
        path : str or path
            The file, whose name ends with `.svg`; one that exists is replaced.

        Raises
        ------
        UsageError
            The name ends otherwise.
        FileError
            The file cannot be written.
        """
        if not os.fspath(path).lower().endswith(".svg"):
            raise UsageError(f"a picture is saved as SVG, not as '{os.fspath(path)}'",
                             hint="name a file that ends with .svg", code="USAGE_BAD_VALUE")  # fmt: skip
        write_text(path, self.svg)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        # As an image, so that its style does not reach the page that it is on.
        data = base64.b64encode(self.svg.encode()).decode()
        return f'<img alt="{escape(self.title)}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'

    def __repr__(self) -> str:
        return f"<Plot: {self.title}>"


def plot(evaluation: Evaluation, name: str) -> Plot:
    """The pictures of this kind; a UsageError lists those that the run has."""
    if evaluation.diagnostics is None:
        raise UsageError("the report has no diagnostics, which pictures show",
                         hint="evaluate(…, diagnostics=True) computes them", code="USAGE_INCOMPLETE")  # fmt: skip
    found = by_name(evaluation.diagnostics)
    if name not in found:
        hint = f"it has {', '.join(found)}" if found else "its losses have none: they have no values of rows"
        raise UsageError(f"the report has no picture '{name}'", hint=hint, code="USAGE_BAD_VALUE")
    title = "; ".join(View().text(picture.title) for picture in found[name])
    return Plot(document(title, found[name], View()), title)
