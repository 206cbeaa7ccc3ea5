"""The policies for missing values, and the domains that values of a batch must lie in before a kernel gets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from losscli.binding.let_hints import derived_column
from losscli.binding.plan import Input, Plan
from losscli.binding.ragged_lists import elements, is_ragged, row_of, with_elements
from losscli.contract.kinds import FAR, NEAR, Array, Kind, KnownBounds
from losscli.errors import Code, DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.matrix import TOGETHER
from losscli.lazy import dataclass

_NOUNS = {"pred": "prediction"}  # roles whose names are no words
_FIRST = 64  # rows that are looked at before all are
_SHORT = 64  # numbers of a row that are added column by column


@dataclass(frozen=True)
class RowChecks:
    """The checks of one run; `warned` counts what is accepted with a warning."""

    plan: Plan
    warned: Counter[str]

    def dropped(
        self, columns: Sequence[tuple[str, Array, Array | None]], rows: int, site: Location
    ) -> tuple[Array, Array]:
        """Which rows the policies leave out, and which of them for a missing value; the others have NaN.

        Missing and NaN are an error or dropped; infinite is always an error.

        All columns are tested for missing values and NaN before an infinite value is an error: its row may be dropped.
        """
        drop = np.zeros(rows, bool)
        unsure = []
        for shown, values, missing in columns:
            if missing is not None and missing.any():
                if self.plan.request.missing == "error":
                    raise self._gap(
                        missing,
                        shown,
                        "has no value",
                        "--missing drop leaves such rows out",
                        site,
                        code="DATA_MISSING_VALUE",
                    )
                drop |= missing
            # One sum finds NaN and infinities without a mask. It overflows only where values are huge, which are then
            # tested one by one.
            if values.dtype.kind == "f" and len(values) and not np.isfinite(values.sum()):
                unsure.append((shown, values.reshape(len(values), -1)))
        without_value = drop.copy()
        for shown, flat in unsure:
            nan = np.isnan(flat).any(axis=1) & ~drop
            if nan.any():
                if self.plan.request.nan == "error":
                    raise self._gap(
                        nan, shown, "is NaN", "--nan drop leaves such rows out", site, "nan", code="DATA_NAN"
                    )
                drop |= nan
        for shown, flat in unsure:
            infinite = np.isinf(flat)
            inf = infinite.any(axis=1) & ~drop
            if inf.any():
                first = int(np.argmax(inf))
                value = site.written(first, shown) or shortest(flat[first][infinite[first]][0])
                raise self._gap(
                    inf, shown, "is infinite", "leave such rows out with --where", site, value, code="DATA_INFINITE"
                )
        return drop, without_value

    def _gap(
        self, which: Array, shown: str, what: str, hint: str, site: Location, value: str | None = None, *, code: Code
    ) -> DataError:
        first, more = int(np.argmax(which)), int(which.sum()) - 1
        also = f" (and {more} more in these rows)" if more else ""
        return site.error(first, shown, f"column '{shown}' {what}{also}", value, hint, code=code)

    def check_domains(self, arrays: dict[Input, Array], index: RowNumbers, site: Location) -> None:
        """A DataError where a value is outside the domain of its role; values that barely are, are set to the bound."""
        known_bounds: KnownBounds = {}  # several kinds may have one column
        for item, given in arrays.items():
            if item.kind.shape == "class" or (item.classed and given.dtype.kind == "i"):
                continue  # positions of labels
            values = elements(given)
            # `dropped` has found all values of used rows to be finite.
            known = item.kind.any_number and not is_ragged(given) and given.dtype.kind == "f"
            bad = None if known else item.kind.outside(values, known_bounds)
            if bad is not None and item.kind.slack:
                values, bad = self._nudged(item, values, bad)
                arrays[item] = with_elements(given, values) if is_ragged(given) else values
            if bad is not None:
                flat = int(np.argmax(bad))
                width = values.size // len(values)
                row, column = (row_of(given, flat), 0) if is_ragged(given) else divmod(flat, width)
                name = item.columns[column if not item.listed else 0]
                value = shortest(values.ravel()[flat])
                raise site.error(
                    int(index[row]), name,
                    f"column '{name}' is not a valid {_NOUNS.get(item.role, item.role)}: expected {item.kind.says}",
                    value, item.kind.hint or self._logits_hint(item, float(values.ravel()[flat])),
                    code="DATA_OUT_OF_RANGE",
                )  # fmt: skip
            if (row_problem := item.kind.bad_row(values)) is not None:
                row, what = row_problem
                raise site.error(
                    int(index[row]), item.columns[0],
                    f"column '{item.columns[0]}' is not a valid {_NOUNS.get(item.role, item.role)}: "
                    f"expected {item.kind.says}", what, item.kind.hint, code="DATA_OUT_OF_RANGE",
                )  # fmt: skip
            if item.kind.total is not None and len(values):
                self._check_totals(item, values, index, site)

    def _logits_hint(self, item: Input, value: float) -> str | None:
        """What to do where predicted probabilities may be logits, or percentages."""
        if item.kind.link is None or item.role == "target":
            return None
        losses = [job.spec.loss for job in self.plan.jobs if item in job.inputs]
        if all(loss.of_logits is not None for loss in losses):
            hint = "if these are logits, use the loss of the same name with '_with_logits'"
        else:
            hint = f"if these are logits, apply the {item.kind.link} to them first"
        if 2 < value <= 100 and not item.classed:
            return f"{hint}; if these are percentages{_as_fractions(item)}"
        return hint

    def _nudged(self, item: Input, values: Array, bad: Array) -> tuple[Array, Array | None]:
        """Values that miss a bound by no more than the slack are set to it, and counted."""
        kind: Kind = item.kind
        near = bad & (values >= kind.low - kind.slack) & (values <= kind.high + kind.slack)
        if near.any():
            self.warned[f"'{item.columns[0]}': outside [{kind.low:g}, {kind.high:g}] by at most {NEAR:g}, "
                        "clipped to the bound"] += int(near.sum())  # fmt: skip
            values = np.where(near, np.clip(values, kind.low, kind.high), values)
            bad = bad & ~near
        return values, bad if bad.any() else None

    def _check_totals(self, item: Input, values: Array, index: RowNumbers, site: Location) -> None:
        off = np.abs(_row_sums(values) - item.kind.total)
        if off.max() <= NEAR:
            return
        shown = item.columns[0] if item.listed else f"{item.columns[0]}…{item.columns[-1]}"
        if off.max() > FAR:
            row = int(np.argmax(off > FAR))
            raise site.error(
                int(index[row]), shown,
                f"the class probabilities of '{item.role}' sum to {values[row].sum():.6g}, not 1",
                shortest(values[row].sum()),
                "normalize them (renormalize=true divides by the sum), or check that all class columns are named",
                code="DATA_OUT_OF_RANGE",
            )  # fmt: skip
        self.warned[f"'{shown}': the sum of the class probabilities differs from 1 by more than {NEAR:g}"] += int(
            (off > NEAR).sum()
        )

    def checked_weights(self, given: Array, index: RowNumbers, site: Location) -> Array:
        """The weights of the used rows, unchanged; a negative weight is a DataError."""
        negative = given < 0
        if negative.any():
            row = int(np.argmax(negative))
            raise site.error(int(index[row]), self.plan.weight, f"the weight in '{self.plan.weight}' is negative",
                             shortest(given[row]), "weights must be at least 0; 0 leaves a row out",
                             code="DATA_OUT_OF_RANGE")  # fmt: skip
        return given


def _as_fractions(item: Input) -> str:
    """How percentages become fractions: with a command where that is a matter of one column of numbers."""
    (column, *others), listed = item.columns, item.listed or item.keyed or item.spelled
    if others or listed or item.role != "pred" or ":" in column:  # the colon is that of a model's file
        return ", divide them by 100"
    name, option = derived_column(column, "fraction", "/ 100")
    return f": {option} -p {name}"


def are_probabilities(kind: Kind, values: Array) -> bool:
    """Whether logits look like probabilities: each in [0, 1], and those of several classes sum to 1."""
    for some in (values[:_FIRST], values) if values.size else ():  # nearly always a few of them tell
        if some.min() < 0 or some.max() > 1:
            return False
    return kind.shape != "vector" or bool((np.abs(_row_sums(values) - 1) <= FAR).all())


def _row_sums(values: Array) -> Array:
    """The sum of each row: NumPy's own takes ten times as long where rows are short."""
    if values.shape[1] > _SHORT:
        return np.asarray(values.sum(axis=-1))
    sums = np.empty(len(values))
    step = max(1, TOGETHER // values.shape[1])
    for start in range(0, len(values), step):
        rows = values[start : start + step]
        total = rows[:, 0].copy()
        for column in range(1, rows.shape[1]):
            total += rows[:, column]
        sums[start : start + step] = total
    return sums


def shortest(value: float) -> str:
    """A number as text: 1.00001, not 1.0000100000000001; 2, not 2.0."""
    return repr(float(value)).removesuffix(".0")


def shown_columns(names: tuple[str, ...]) -> str:
    """Up to three names for a message, and an ellipsis if there are more."""
    return ", ".join(names[:3]) + ("…" if len(names) > 3 else "")
