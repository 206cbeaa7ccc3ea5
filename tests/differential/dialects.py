"""A table as delimited text in the dialects of other programs, and the options that read each."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from differential.random_tables import FLOATS, NUMBERS, Case, Column
from losscli.io.source import ReadOptions

Spelling = Callable[[Column, Any], str]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else "" if value is None else str(value)


def _lines(columns: list[Column], spelled: Spelling, delimiter: str, end: str = "\n") -> str:
    rows = [[spelled(column, value) for value in column.values] for column in columns]
    lines = [delimiter.join(cells) for cells in zip(*rows, strict=True)]
    return end.join([delimiter.join(column.name for column in columns), *lines, ""])


def escaped(columns: list[Column]) -> str:
    """As databases export: no quotes, and a backslash before a tab, a line end and itself."""
    return _lines(columns, lambda _, value: re.sub(r"[\t\r\n\\]", r"\\\g<0>", _cell(value)), "\t")


def of_excel(columns: list[Column]) -> str:
    """As Excel saves it in Germany, with the line that names the delimiter, and a title above."""

    def spelled(column: Column, value: Any) -> str:
        text = _cell(value)
        if column.name != "g" and (found := re.fullmatch(r"([+-]?)([0-9]+)(?:\.([0-9]+))?(e.*)?", text)):
            sign, whole, fraction, exponent = found.groups(default="")
            grouped = f"{int(whole):,}".replace(",", ".")
            return sign + grouped + (f",{fraction}" if fraction else "") + exponent
        doubled = text.replace('"', '""')
        return f'"{doubled}"' if re.search(r'[;"\r\n]', text) else text

    return 'Export of 1,5 "\r\nsep=;\r\n' + _lines(columns, spelled, ";", "\r\n")


def aligned(columns: list[Column]) -> str:
    """Columns of one width, separated by blanks, where NA is a missing number; with comments."""

    def spelled(column: Column, value: Any) -> str:
        text = "NA" if value is None else _cell(value)
        doubled = text.replace('"', '""')
        return f'  "{doubled}"' if not text or re.search(r'[\s"#]', text) else f"{text:>12}"

    lines = _lines(columns, spelled, " \t ").split("\n", 1)
    return f'# made "by hand\n  {lines[0]}\n# units\n{lines[1]}'


def of_r(columns: list[Column]) -> str:
    """As R's write.table writes it: the row names have no name, and texts are in quotes."""

    def spelled(column: Column, value: Any) -> str:
        doubled = _cell(value).replace('"', '""')
        return "NA" if value is None else f'"{doubled}"' if column.kind in ("text", "date") else doubled

    rows = zip(*[[spelled(column, value) for value in column.values] for column in columns], strict=True)
    lines = [" ".join([f'"{number}"', *cells]) for number, cells in enumerate(rows, 1)]
    return "\n".join([" ".join(f'"{column.name}"' for column in columns), *lines, ""])


DIALECTS: dict[str, tuple[Callable[[list[Column]], str], ReadOptions]] = {
    "escaped.tsv": (escaped, ReadOptions(escape="\\", quote=None)),
    "excel.csv": (of_excel, ReadOptions(skip_lines=1, decimal=",", thousands=".")),
    "r.csv": (of_r, ReadOptions(delimiter=" ")),
    "aligned.csv": (aligned, ReadOptions(delimiter="blanks", comment="#")),
}


def in_dialects(case: Case, columns: list[Column]) -> dict[str, bytes]:
    """The texts of the dialects that hold this table: not all tell an empty text from a missing one, or labels."""
    texts = {"escaped.tsv": escaped(columns).encode()}
    regression = bool({"mse", "mae", "rmse", "log_cosh"} & set(case.losses))
    # Cells of the labels' column g keep their points, so they cannot be its numbers.
    labels = (*FLOATS, "decimal") if "|" in str(case.settings.get("by")) else ("float64", "float32")
    if regression and all(column.kind not in labels for column in columns if column.name == "g"):
        texts["excel.csv"] = of_excel(columns).encode()
    if all(None not in column.values or (regression and column.kind in (*NUMBERS, "null")) for column in columns):
        texts["aligned.csv"] = aligned(columns).encode()
        if len(columns[0].values):  # without rows nothing tells of row names
            texts["r.csv"] = of_r(columns).encode()
    return texts
