"""The limit on predictions that were left out: a gate of its own, as a number of a few rows may pass every other."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from losscli.errors import UsageError
from losscli.lazy import dataclass, pattern
from losscli.results import GateResult, RowCounts

_COUNT = pattern(r"\d{1,18}", re.ASCII)
_SHARE = pattern(r"(\d{1,3}(?:\.\d{0,15})?|\.\d{1,15})\s*%", re.ASCII)


@dataclass(frozen=True)
class DropLimit:
    """How many predictions may be lost, as `N` or `P%` of those that were to be scored. `text` is as typed.

    `path` and `line` locate the limit, or the gates that imply it, in a configuration file. A limit that was not
    `given` has a verdict only if it is exceeded.
    """

    text: str = "0"
    count: int = 0
    share: Fraction | None = None
    path: str | None = None
    line: int | None = None
    given: bool = True

    @property
    def gate(self) -> str:
        """The name in verdicts."""
        return f"max-dropped<={self.text}"

    def allowed(self, rows: RowCounts) -> Fraction:
        """How many of these rows may be lost."""
        return Fraction(self.count) if self.share is None else self.share * rows.wanted


NO_DROPS = DropLimit(given=False)
"""The limit where there is a gate and none was given."""


def parse_drop_limit(given: str | int, path: str | None = None, line: int | None = None) -> DropLimit:
    """A whole number, or a percentage from 0 to 100; anything else is a UsageError."""
    text = str(given).strip()
    if not isinstance(given, bool) and _COUNT.fullmatch(text):
        return DropLimit(text, int(text), None, path, line)
    found = _SHARE.fullmatch(text)
    if found is None or (share := Fraction(found[1]) / 100) > 1:
        raise UsageError(f"'{text[:80]}' does not say how many predictions may be dropped",
                         "--max-dropped 5 or --max-dropped 1%", path, line=line, code="USAGE_BAD_VALUE")  # fmt: skip
    return DropLimit(text, 0, share, path, line)


def drop_limit(given: str | int | None) -> DropLimit | None:
    """The limit of `parse_drop_limit`; None where none was given."""
    return None if given is None else parse_drop_limit(given)


def judge_dropped(rows: RowCounts, limit: DropLimit) -> GateResult:
    """The verdict on the predictions that a run lost to its policies and joins."""
    allowed = limit.allowed(rows)
    passed = rows.lost <= allowed
    reason = _lost_text(rows)
    if not passed:
        share = "" if limit.share is None else f" = {float(allowed):g}"
        reason += f" > {limit.text}{share}; --max-dropped {rows.lost} allows it"
    return GateResult(limit.gate, None, {}, float(rows.lost), _double(allowed),
                      "passed" if passed else "failed", reason=reason, path=limit.path, line=limit.line)  # fmt: skip


def _lost_text(rows: RowCounts) -> str:
    were = f"{rows.lost} of {rows.wanted} predictions dropped"
    listed = ", ".join(f"{count} {reason}" for reason, count in rows.lost_by_reason.items())
    return f"{were} ({listed})" if listed else were


def _double(number: Fraction) -> float:
    """The nearest double that is not above the number, so that what is shown as the limit was allowed."""
    nearest = float(number)
    return nearest if Fraction(nearest) <= number else math.nextafter(nearest, 0.0)
