"""The distribution that a forecast is, for losses that declare its cumulative distribution function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Cdf: TypeAlias = Callable[..., Any]
"""P(Y <= target) of each row, by the arrays of roles; parameters of the loss are keyword-only."""


def cdf_arguments(cdf: Cdf) -> tuple[list[str], dict[str, Any]]:
    """The roles that a function takes, and the parameters with the defaults that losses without them have."""
    given = inspect.signature(cdf).parameters.values()
    roles = [one.name for one in given if one.kind is not one.KEYWORD_ONLY]
    return roles, {one.name: one.default for one in given if one.kind is one.KEYWORD_ONLY}


def checked_cdf(cdf: Cdf | None, roles: Iterable[str], params: Iterable[str]) -> Cdf | None:
    """The function of a declaration; a ValueError where it takes what the loss has not."""
    if cdf is None:
        return None
    own, of_params = cdf_arguments(cdf)
    required = [name for name, default in of_params.items() if default is inspect.Parameter.empty]
    if "target" not in own:
        raise ValueError("the function of cdf= takes no 'target'")
    for name in [name for name in own if name not in {*roles}] + [name for name in required if name not in {*params}]:
        raise ValueError(f"the function of cdf= takes '{name}', which is no role or parameter of the loss")
    return cdf
