"""The words that the formats for people and for tools share."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.report.view import counted, short
from losscli.results.inspections import ColumnResult, DriftResult, FitResult, Inspection

_BARS, _ASCII_BARS = " ▁▂▃▄▅▆▇█", " .:-=+*#%"
_TEXTS, _LONGEST_TEXT = 3, 16
_SHARES = ((0.1, "stable"), (0.25, "moderate shift"), (float("inf"), "major shift"))
"""What a population stability index below a limit is called (Siddiqi 2006)."""


def rows_read(found: Inspection) -> str:
    """How many rows were read, and whether these are all."""
    if found.complete:
        return "1 row" if found.rows == 1 else f"all {found.rows:,} rows"
    return f"the first {counted(found.rows, 'row')}; --limit all reads all"


def sources(found: Inspection) -> str:
    """The first file, its format, and how many more there are."""
    if not found.sources:
        return "no files"
    path, format = found.sources[0]
    more = len(found.sources) - 1
    return f"{path} ({format})" + (f" and {more:,} more" if more else "")


def distinct(column: ColumnResult) -> str:
    """How many different values there are; `~` before an estimate."""
    return "" if column.distinct is None else f"{'' if column.distinct_exact else '~'}{column.distinct:,}"


def extent(columns: Sequence[ColumnResult]) -> str:
    """The range of the numbers in all of these, or the most frequent texts of the first."""
    lows, highs = ([end for end in ends if end is not None]
                   for ends in ([one.low for one in columns], [one.high for one in columns]))  # fmt: skip
    if lows and highs:
        low, high = min(lows), max(highs)
        return short(low) if low == high else f"{short(low)} to {short(high)}"
    texts = [text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}..." for text, _ in columns[0].values]
    more = columns[0].distinct is not None and columns[0].distinct > len(texts[:_TEXTS])
    return ", ".join(texts[:_TEXTS]) + (", ..." if more and texts else "")


def bars(column: ColumnResult, ascii_only: bool, bins: int) -> str:
    """The counts of the histogram, each as a bar of one character; any count is seen. `bins` divide those there are."""
    counts = () if column.histogram is None else column.histogram.counts
    if len(counts) < 2:
        return ""
    step = len(counts) // bins
    joined = [sum(counts[at : at + step]) for at in range(0, len(counts), step)]
    signs = _ASCII_BARS if ascii_only else _BARS
    return "".join(signs[-(-count * (len(signs) - 1) // max(joined))] for count in joined)


def roles(fit: FitResult) -> str:
    """Who plays what: `target=y pred=a,b`."""
    shown = {**fit.roles, **({"pred": " ".join(fit.preds)} if fit.preds else {})}
    return ", ".join(f"{role}: {cols}" for role, cols in shown.items())


def shift(one: DriftResult) -> str:
    """What the index is called; below what chance gives often, it says nothing."""
    if one.psi is None:
        return ""
    word = next(word for limit, word in _SHARES if one.psi < limit)
    by_chance = one.psi_critical is not None and one.psi <= one.psi_critical and word != _SHARES[0][1]
    return "within chance" if by_chance else word
