"""Saved reports: a JSON file with the schema `losscli.report/1` -> an `Evaluation`. A report is untrusted input.

It may come from another machine and another version: every field is checked, and fields that a newer version added are
ignored. Neither the scored data nor any loss is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from losscli.baselines import report_columns
from losscli.baselines.diagnostics import read_diagnostics
from losscli.baselines.json_file import InvalidDocument, parse_document, read_content
from losscli.baselines.line_results import Line, LineResults, by_line
from losscli.errors import DataError, UsageError
from losscli.io.remote.address import REMOTE_URL, beside, local_path, redacted
from losscli.results import (
    BatchResult,
    Evaluation,
    LossResult,
    PartResult,
    RowCounts,
    SourceResult,
    TermResult,
    Uncertainty,
    WarningResult,
)
from losscli.results.directions import DIRECTIONS

SCHEMA = "losscli.report/1"
_NONFINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}

Value = TypeVar("Value")


def read_report(path: str) -> Evaluation:
    """Read a JSON report, which may be remote; the path "-" is standard input. An invalid report is a DataError."""
    what, hint = "JSON report", "-o FILE.json saves a report"
    content = read_content(path, what)
    found = report_columns.cut(content, lambda found, where: _result(_Object(found, where)))
    if found is not None:
        # On errors it is read again as a whole: only there do messages name line and place.
        with suppress(DataError, InvalidDocument):
            document = parse_document(found.rest, path, what, SCHEMA, hint)
            if document.get("results") == [found.mark]:
                return _evaluation(_Object(document, "the report"), found.results)
    document = parse_document(content, path, what, SCHEMA, hint)
    try:
        return _evaluation(_Object(document, "the report"))
    except InvalidDocument as error:
        raise DataError(f"not a {SCHEMA}: {error}", path=redacted(path), hint="-o FILE.json saves a report",
                        code="DATA_BAD_REPORT") from None  # fmt: skip


def check_rows_file(saved: Evaluation, path: str) -> str:
    """The path of the row values that were saved with this report; without them, a UsageError says how to save them."""
    hint = "save them with the baseline: -o BASELINE.json -o rows=FILE.parquet"
    if saved.rows_file is None:
        raise UsageError("a significance test against the baseline needs its row values, but the baseline names "
                         "no file with them", hint=hint, path=redacted(path), code="USAGE_INCOMPLETE")  # fmt: skip
    rows_path, there = _beside(path, saved.rows_file)
    if not there:
        raise UsageError("a significance test against the baseline needs its row values, but their file does not exist",
                         hint=hint, path=redacted(rows_path), code="USAGE_INCOMPLETE")  # fmt: skip
    return rows_path


def _beside(path: str, name: str) -> tuple[str, bool]:
    """The file of this name in the folder of `path`, and whether it exists."""
    found = beside(local_path(path), name)
    if not REMOTE_URL.match(found):
        return found, Path(found).is_file()
    from losscli.io.remote.whole import is_file

    return found, is_file(found)


class _Object:
    """A JSON object with typed access to its fields; `where` names it in messages."""

    def __init__(self, fields: Any, where: str) -> None:
        if not isinstance(fields, dict):
            raise InvalidDocument(f"{where} is not an object")
        self.fields, self.where = fields, where

    def _get(self, name: str, kinds: tuple[type, ...], what: str, default: Any = ...) -> Any:
        value = self.fields.get(name, default)
        if value is ...:
            raise InvalidDocument(f"{self.where} has no '{name}'")
        if type(value) not in kinds and value is not default:  # not isinstance, which takes a bool for an int
            raise InvalidDocument(f"'{name}' of {self.where} is not {what}")
        return value

    def text(self, name: str) -> str:
        return str(self._get(name, (str,), "text"))

    def optional_text(self, name: str) -> str | None:
        value = self._get(name, (str, type(None)), "text", None)
        return None if value is None else str(value)

    def count(self, name: str, default: Any = ...) -> int:
        value = self._get(name, (int,), "a count", default)
        if value < 0:
            raise InvalidDocument(f"'{name}' of {self.where} is not a count")
        return int(value)

    def number(self, name: str) -> float:
        """A number; null stands for a non-finite one, which `nonfinite` names where it is present, else for NaN."""
        value = self._get(name, (int, float, type(None)), "a number")
        if value is None:
            kind = self.fields.get("nonfinite")
            return _NONFINITE.get(kind, math.nan) if isinstance(kind, str) else math.nan
        return _double(value, name, self.where)

    def value_or_nonfinite(self) -> float:
        """The number `value`, which must agree with `nonfinite`."""
        kind = self.optional_text("nonfinite")
        value = self.number("value")
        if (self.fields["value"] is None) != (kind in _NONFINITE) or (kind is not None and kind not in _NONFINITE):
            raise InvalidDocument(f"'value' and 'nonfinite' of {self.where} do not agree")
        return value

    def optional_number(self, name: str) -> float | None:
        return None if self.fields.get(name) is None else self.number(name)

    def object(self, name: str) -> _Object:
        return _Object(self._get(name, (dict,), "an object"), f"'{name}' of {self.where}")

    def texts(self, name: str) -> dict[str, str]:
        """An object whose values are texts."""
        inner = self.object(name)
        return {key: inner.text(key) for key in inner.fields}

    def objects(self, name: str, parse: Callable[[_Object], Value], default: Any = ...) -> tuple[Value, ...]:
        """The objects of a list, each parsed by `parse`."""
        items = self._get(name, (list,), "a list", default)
        return tuple(parse(_Object(item, f"{name}[{i}]")) for i, item in enumerate(items))

    def optional(self, name: str, parse: Callable[[_Object], Value]) -> Value | None:
        return None if self.fields.get(name) is None else parse(self.object(name))


def _double(value: float, name: str, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidDocument(f"'{name}' of {where} is too large for a number")
    return number


def _evaluation(report: _Object, known: Sequence[LossResult] | None = None) -> Evaluation:
    """The report; its results are read from it where they are not `known`."""
    rows, data = report.object("rows"), report.object("data")
    results = report.objects("results", _result) if known is None else known
    slices: dict[Line, set[Hashable]] = {}
    for some in map(LineResults, by_line(results)):
        slices.setdefault(some.line, set()).update(some.slices)
    if sum(map(len, slices.values())) < len(results):
        raise InvalidDocument("two results have the same model, loss and slice")
    rows_file = data.optional_text("rows_file")
    if rows_file is not None and (rows_file in ("", "..") or Path(rows_file).name != rows_file or "\\" in rows_file):
        raise InvalidDocument("'rows_file' of its data is not the bare name of a file in the same folder")
    return Evaluation(
        sources=report.objects("sources", lambda s: SourceResult(s.text("path"), s.text("format"), s.count("rows"))),
        rows=_row_counts(rows),
        results=results,
        bindings=_bindings(report.object("bindings")),
        rows_sha256=data.optional_text("rows_sha256"),
        targets_sha256=data.optional_text("targets_sha256"),
        weights_sha256=data.optional_text("weights_sha256"),
        batches_sha256=data.optional_text("batches_sha256"),
        slices_sha256=data.optional_text("slices_sha256"),
        rows_file=rows_file,
        environment=_names(report.fields.get("environment", []), "environment"),
        lets=_names(report.fields.get("let", []), "let"),
        warnings=report.objects("warnings", _warning),
        diagnostics=None if (found := report.fields.get("diagnostics")) is None else read_diagnostics(found),
    )


def _names(names: Any, key: str) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidDocument(f"'{key}' of the report is not a list of names")
    return tuple(names)


def _row_counts(rows: _Object) -> RowCounts:
    """The counts; reports of older versions only have the first three."""
    unmatched = rows.object("unmatched") if "unmatched" in rows.fields else _Object({}, "unmatched")
    sides = {side: unmatched.count(side) for side in unmatched.fields}
    names = ("filtered", "missing", "nan", "weightless", "lost")
    filtered, missing, nan, weightless, lost = (rows.count(name, 0) for name in names)
    return RowCounts(rows.count("read"), rows.count("used"), rows.count("dropped"), filtered, missing, nan, weightless,
                     sides, max(lost - missing - nan, 0))  # fmt: skip


def _warning(found: _Object) -> WarningResult:
    return WarningResult(found.text("message"), found.count("count", 1), kind=found.optional_text("kind") or "warning")


def _bindings(found: _Object) -> dict[str, dict[str, tuple[str, ...]]]:
    bindings: dict[str, dict[str, tuple[str, ...]]] = {}
    for model in found.fields:
        roles = found.object(model)
        bindings[model] = {}
        for role, columns in roles.fields.items():
            if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
                raise InvalidDocument(f"'{role}' of {roles.where} is not a list of columns")
            bindings[model][role] = tuple(columns)
    return bindings


def _result(one: _Object) -> LossResult:
    direction = one.text("direction")
    if direction not in DIRECTIONS:
        raise InvalidDocument(f"'direction' of {one.where} is '{direction}', not lower, higher or zero")
    terms = one.object("terms")
    return LossResult(
        model=one.optional_text("model"), by=one.texts("by"), loss=one.text("loss"), spec=one.text("spec"),
        params=_params(one.object("params")), reduction=one.text("reduction"), value=one.value_or_nonfinite(),
        count=one.count("count"), weight=one.number("weight"),
        terms={name: _term(terms.object(name)) for name in terms.fields}, direction=direction,
        revision=one.count("revision"), signature=one.text("signature"),
        parts=None if one.fields.get("parts") is None
        else one.objects("parts", lambda p: PartResult(p.text("spec"), p.number("factor"), p.value_or_nonfinite())),
        batch=one.optional("batch", _batch), excluded_count=one.count("without_part", 0),
        stderr=one.optional_number("stderr"), interval=_interval(one),
        uncertainty=one.optional("uncertainty", _uncertainty),
        n_eff=one.optional_number("n_eff"), constant=one.optional_number("constant") or 0.0,
    )  # fmt: skip


def _params(found: _Object) -> dict[str, float | int | bool | str | None]:
    for name, value in found.fields.items():
        if not isinstance(value, bool | int | float | str | None):
            raise InvalidDocument(f"'{name}' of {found.where} is not a parameter value")
    return dict(found.fields)


def _term(one: _Object) -> TermResult:
    return TermResult(one.number("mean"), one.number("sum"), one.count("count"), one.number("weight"))


def _batch(one: _Object) -> BatchResult:
    size = None if one.fields.get("size") is None else one.count("size")
    return BatchResult(one.text("how"), size, one.optional_text("by"), one.count("groups"))


def _interval(one: _Object) -> tuple[float, float] | None:
    ends = one.fields.get("interval")
    if ends is None:
        return None
    if not isinstance(ends, list) or len(ends) != 2 or any(type(end) not in (int, float, type(None)) for end in ends):
        raise InvalidDocument(f"'interval' of {one.where} is not a pair of numbers")
    low, high = (math.nan if end is None else _double(end, "interval", one.where) for end in ends)
    return low, high


def _uncertainty(one: _Object) -> Uncertainty:
    def whole(name: str) -> int | None:
        return None if one.fields.get(name) is None else one.count(name)

    return Uncertainty(one.text("method"), one.number("level"), one.text("units"), one.count("count"),
                       one.optional_number("df"), whole("resamples"), whole("seed"),
                       whole("lag"), one.optional_text("kernel"), one.optional_number("autocorrelation"),
                       whole("block"), skewness=one.optional_number("skewness"),
                       reason=one.optional_text("reason"))  # fmt: skip
