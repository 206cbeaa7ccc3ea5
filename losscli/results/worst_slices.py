"""Slices whose loss is worse than that of the other rows by more than chance, among those of many columns."""

from __future__ import annotations

from collections.abc import Mapping

from losscli.lazy import dataclass


@dataclass(frozen=True)
class SearchedColumnResult:
    """A column whose values make slices.

    Attributes
    ----------
    name : str
        What `--by` makes the same slices by: the column, or with the edges of intervals.
    column : str
        The column.
    slices : int
        How many slices it makes.
    """

    name: str
    column: str
    slices: int


@dataclass(frozen=True)
class LeftOutColumnResult:
    """A column that makes no slices, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class WorstSlice:
    """A slice with a worse loss than the rest of the rows.

    Attributes
    ----------
    model, loss, spec : str or None, str, str
        The model, and the loss, with its parameters as it can be typed.
    by : Mapping[str, str]
        The slice: one or two columns -> the value.
    value, count : float, int
        The mean loss of its rows, and their number.
    rest_value, rest_count : float, int
        Those of the other rows.
    difference : float
        `value` minus `rest_value`.
    stderr, df : float, float or None
        The standard error of the difference, and its degrees of freedom by Welch's method; None for Fisher's test.
    test : str
        "welch" (t test of samples with unequal variances), or "fisher" (exact, of losses that are 0 or 1).
    p, p_adjusted : float
        The two-sided p-value, and the same adjusted by Holm's method for all slices that were tested.
    nested : bool
        Whether one that stands before it holds it, is a part of it, or has the same rows.

    References
    ----------
    Welch 1947, doi:10.1093/biomet/34.1-2.28; Fisher 1935, The logic of inductive inference, doi:10.2307/2342435; Holm
    1979, https://www.jstor.org/stable/4615733
    """

    model: str | None
    loss: str
    spec: str
    by: Mapping[str, str]
    value: float
    count: int
    rest_value: float
    rest_count: int
    difference: float
    stderr: float
    df: float | None
    test: str
    p: float
    p_adjusted: float
    nested: bool = False


@dataclass(frozen=True)
class WorstSlices:
    """What a search for the worst slices found.

    Attributes
    ----------
    columns : tuple[SearchedColumnResult, ...]
        The columns whose slices were searched.
    pairs, pairs_left_out : int
        How many pairs of these columns were searched too, and how many were too many.
    left_out : tuple[LeftOutColumnResult, ...]
        Columns that made no slices.
    losses : tuple[str, ...]
        The losses whose slices were tested: those that are means of the losses of rows.
    minimum_count : int
        Slices with fewer rows are not tested, nor those that leave fewer.
    tests : int
        How many tests were made, of all losses and models.
    level : float
        A slice is found where its adjusted p-value is below 1 - `level`.
    found : int
        How many slices were found; `slices` has at most 100 of each loss and model.
    slices : tuple[WorstSlice, ...]
        The slices, by loss and model, the one with the smallest p-value first.
    """

    columns: tuple[SearchedColumnResult, ...]
    pairs: int
    pairs_left_out: int
    left_out: tuple[LeftOutColumnResult, ...]
    losses: tuple[str, ...]
    minimum_count: int
    tests: int
    level: float
    found: int
    slices: tuple[WorstSlice, ...]
