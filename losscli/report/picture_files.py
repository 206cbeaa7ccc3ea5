"""Pictures as files: an SVG document, a PNG made of it, or a specification of Vega-Lite.

The same run gives the same bytes. Only PNG needs more than losscli: vl-convert, which brings its own fonts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.util import find_spec

from losscli.errors import UsageError, did_you_mean
from losscli.lazy import dataclass
from losscli.report.page.drawings import NAMES, ROW_PICTURES, Drawing, by_name, document
from losscli.report.vega import Spec, specification
from losscli.report.view import View
from losscli.results import Evaluation

SUFFIXES = (".png", ".svg", ".vl.json", ".json")
"""How the names of files of pictures end."""
_SCALE = 2  # pixels of a PNG for one of the SVG, for screens of today
_NO_ROWS = "they have no diagnostics of rows, as states of shards and most saved reports"
_ABSENT = {"models": ": no loss has several models or a baseline", "slices": ": they have no slices"}


@dataclass(frozen=True)
class Pictures:
    """The pictures of one kind: one for each model or loss, beside each other."""

    title: str
    drawings: Sequence[Drawing]

    @staticmethod
    def of(drawings: Sequence[Drawing]) -> Pictures:
        """These, with their titles as one."""
        return Pictures("; ".join(View().text(one.title) for one in drawings), drawings)

    @property
    def svg(self) -> str:
        """An SVG document with its own style, by day and by night."""
        return document(self.title, self.drawings, View())

    @property
    def vega(self) -> Spec:
        """The specification of Vega-Lite."""
        return specification(self.title, self.drawings)

    def content(self, path: str) -> bytes:
        """What a file has whose name ends with one of `SUFFIXES`."""
        suffix = check_suffix(path)
        if suffix == ".png":
            import vl_convert

            return bytes(vl_convert.svg_to_png(document(self.title, self.drawings, View(), by_night=False), _SCALE))
        text = self.svg if suffix == ".svg" else json.dumps(self.vega, indent=1, ensure_ascii=False) + "\n"
        return text.encode("utf-8", "backslashreplace")


def pictures_of(evaluations: Iterable[Evaluation], name: str) -> Pictures:
    """The pictures of this kind of one run, or of the suites of a check.

    Raises
    ------
    UsageError
        There is no such kind, or these runs have none; the hint lists those that they have.
    """
    check_name(name)
    evaluations = list(evaluations)
    found = [by_name(evaluation) for evaluation in evaluations]
    drawings = [one for each in found for one in each.get(name, ())]
    if not drawings:
        known = ", ".join(one for one in NAMES if any(one in each for each in found))
        rows = name not in ROW_PICTURES or all(one.diagnostics is not None for one in evaluations)
        why = _ABSENT.get(name, "") if rows else f": {_NO_ROWS}"
        raise UsageError(f"these results have no picture '{name}'{why}", hint=f"they have {known}" if known else None,
                         code="USAGE_BAD_VALUE")  # fmt: skip
    return Pictures.of(drawings)


def check_name(name: str, known: Sequence[str] = tuple(NAMES)) -> None:
    """A UsageError that lists the kinds of pictures that are known, unless this is one."""
    if name not in known:
        hint = did_you_mean(name, known, f"pictures: {', '.join(known)}")
        raise UsageError(f"unknown picture '{name}'", hint=hint, code="USAGE_BAD_VALUE")


def check_suffix(path: str) -> str:
    """How the name of a file of a picture ends; a UsageError where it cannot be written, or not here."""
    suffix = next((one for one in SUFFIXES if path.lower().endswith(one)), None)
    if suffix is None:
        raise UsageError(f"'{path}': its suffix is not that of a picture", hint=f"name it {', '.join(SUFFIXES)}",
                         code="USAGE_BAD_VALUE")  # fmt: skip
    if suffix == ".png" and find_spec("vl_convert") is None:
        raise UsageError("a PNG needs vl-convert", hint="pip install 'losscli[plots]'; .svg and .json need nothing",
                         code="USAGE_MISSING_PACKAGE")  # fmt: skip
    return suffix
