"""A picture that Python callers get: a notebook shows it, and it is saved as `-o plot:NAME=FILE` writes it."""

from __future__ import annotations

import base64
import os
from html import escape
from typing import Any

from losscli.errors import UsageError
from losscli.io.write.atomic import replaced
from losscli.report.page.drawings import ROW_PICTURES
from losscli.report.picture_files import Pictures, check_name, pictures_of
from losscli.results import Evaluation


class Plot:
    """A picture of a report, or several of one kind beside each other: one for each model or loss.

    Parameters
    ----------
    pictures : Pictures
        What is drawn.

    Examples
    --------
    >>> import losscli
    >>> table = {"y": [1.0, 0.0, 1.0], "p": [0.9, 0.2, 0.6]}
    >>> losscli.evaluate(table, "bce", target="y", pred="p", diagnostics=True).plot("reliability")
    <Plot: Reliability of p>
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    @property
    def title(self) -> str:
        """What the pictures show, for those who cannot see them."""
        return self._pictures.title

    @property
    def svg(self) -> str:
        """An SVG document with its own style, by day and by night; it has no script and fetches nothing."""
        return self._pictures.svg

    def to_vega(self) -> dict[str, Any]:
        """The picture as a specification of Vega-Lite, a plain dict that holds its numbers.

        Examples
        --------
        >>> import losscli
        >>> table = {"y": [1.0, 2.0], "p": [1.5, 2.0]}
        >>> report = losscli.evaluate(table, "mse", target="y", pred="p", diagnostics=True)
        >>> report.plot("residuals").to_vega()["layer"][0]["data"]["values"]
        [{'x': 1.5, 'y': 0.5}, {'x': 2.0, 'y': 0.0}]
        """
        return self._pictures.vega

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced. Its name ends with `.svg`, `.png` (needs the extra `plots`), or with
            `.vl.json` or `.json`: the specification of Vega-Lite.

        Raises
        ------
        UsageError
            The name ends otherwise, or the extra is not installed.
        FileError
            The file cannot be written.
        """
        content = self._pictures.content(os.fspath(path))
        with replaced(path) as file:
            file.write(content)

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
    check_name(name)
    if name in ROW_PICTURES and evaluation.diagnostics is None:
        raise UsageError("the report has no diagnostics, which pictures of rows show",
                         hint="evaluate(…, diagnostics=True) computes them", code="USAGE_INCOMPLETE")  # fmt: skip
    return Plot(pictures_of([evaluation], name))
