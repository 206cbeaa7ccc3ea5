"""From numbers to places in a picture: scales with round ticks, and numbers as short as a picture needs them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from losscli.lazy import dataclass

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A linear scale, or one of logarithms, from numbers in `low`..`high` to places in `start`..`stop`."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def at(self, value: float) -> str:
        """The place of a number, to a tenth of a unit; what lies beyond is at the end."""
        return place(self.place(value))

    def place(self, value: float) -> float:
        """The place of a number."""
        low, high, value = (self._moved(each) for each in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Round numbers, about `count` of them."""
        if self.log:
            found = _decades(self.low, self.high, count)
            if len(found) > 1:
                return found
        return round_numbers(self.low, self.high, count)

    def _moved(self, value: float) -> float:
        return math.log(max(value, 5e-324)) if self.log else value


def spanning(values: Iterable[float], start: float, stop: float, *, margin: float = 0.04) -> Scale:
    """The scale that has room for all finite ones of these numbers."""
    found = [value for value in values if math.isfinite(value)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    room = (high - low) * margin or abs(high) * margin or 1.0
    low, high = max(low - room, -1.7e308), min(high + room, 1.7e308)
    return Scale(low, high, start, stop)


def round_numbers(low: float, high: float, count: int = 5) -> list[float]:
    """Multiples of a round step between two numbers."""
    width = high - low
    if not (width > 0 and math.isfinite(width)):
        return [low]
    power = 10.0 ** math.floor(math.log10(width / count))
    if not power:
        return [low, high]
    step = next(power * factor for factor in _ROUND if width / (power * factor) <= count)
    first = math.ceil(low / step - 1e-9)
    return [step * (first + at) + 0.0 for at in range(count + 1) if step * (first + at) <= high + 1e-9 * width]


def _decades(low: float, high: float, count: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / count))
    return [10.0**power for power in range(first, last + 1, step)]


def place(value: float) -> str:
    """A place in a picture."""
    text = f"{value:.1f}"
    return text.removesuffix(".0").replace("-0", "0") if text in ("-0.0", "0.0") else text.removesuffix(".0")


def label(value: float) -> str:
    """A number beside a tick."""
    text = f"{value:.6g}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def rounded(value: float) -> str:
    """A number of a picture's table."""
    return f"{value:.4g}"
