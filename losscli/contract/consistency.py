"""Which functional of the targets a loss is consistent for: the constant prediction that is best on average."""

from __future__ import annotations

from collections.abc import Mapping


def functionals(said: Mapping[str, str] | str | None) -> dict[str, str]:
    """Role -> expression of the targets, of what a declaration says of the prediction alone or of several roles.

    Empty where nothing is said: then the best constant is no functional that has a name, or there is none, as all
    constants are as good for a batch loss that compares rows, or as nothing is predicted.
    """
    return {"pred": said} if isinstance(said, str) else dict(said or {})
