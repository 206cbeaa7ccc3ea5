"""Roles that the past of a series gives: the error of a naive forecast in a table of past values.

A loss declares them, `from_history={"scale": "absolute"}`; what stands beside its parameters, `mase:season=7`, says
which naive forecast it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from losscli.errors import UsageError
from losscli.lazy import dataclass

HISTORY = "history"
"""The role of the table."""

Change = Literal["absolute", "squared"]
"""The mean of |y[t] - y[t - season]|, or the root of the mean of its squares."""


@dataclass(frozen=True)
class NaiveForecast:
    """The naive forecast whose error is the scale: the value `season` steps before.

    With `cut_zeros` a series begins at its first value other than 0, as of products that were not yet sold.
    """

    season: int = 1
    cut_zeros: bool = False

    @property
    def settings(self) -> list[str]:
        """What differs from the defaults, as it is written in a loss."""
        return [f"season={self.season}"] * (self.season != 1) + ["cut_zeros=true"] * self.cut_zeros

    def said(self, change: Change) -> str:
        """What the number is, in words."""
        step = f"|y[t] - y[t-{self.season}]|"
        mean = f"mean {step}" if change == "absolute" else f"root mean {step}^2"
        return mean + " from the first y other than 0" * self.cut_zeros


class LookedUp(NamedTuple):
    """The column of the numbers that a loss takes for a role; `sha256` is the hash of the numbers of all series."""

    loss: str
    forecast: NaiveForecast | None
    role: str
    column: str
    sha256: str


def take_naive_forecast(loss_name: str, params: dict[str, Any]) -> NaiveForecast | None:
    """What the parameters say of a naive forecast, taken out of them; None where they say nothing."""
    found = {name: params.pop(name) for name in ("season", "cut_zeros") if name in params}
    if not found:
        return None
    season, cut = found.get("season", 1), found.get("cut_zeros", "false")
    number = str(season)
    if not number.isdecimal() or not 1 <= int(number) <= 1_000_000:
        raise UsageError(f"'season' of '{loss_name}' must be a whole number from 1 on; got {season}",
                         hint=f"{loss_name}:season=12", code="USAGE_BAD_PARAMETER")  # fmt: skip
    if str(cut).lower() not in ("true", "false"):
        raise UsageError(f"'cut_zeros' of '{loss_name}' must be true or false; got {cut}", code="USAGE_BAD_PARAMETER")
    return NaiveForecast(int(number), str(cut).lower() == "true")


def checked_roles(given: Mapping[str, Change] | None) -> dict[str, Change]:
    """The roles of a declaration that the past of a series gives."""
    for role, change in (given or {}).items():
        if change not in get_args(Change):
            raise ValueError(f"'{role}' is made of {change}, not of one of {', '.join(get_args(Change))}")
    return dict(given or {})
