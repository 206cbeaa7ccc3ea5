"""Requests for the tests, from the texts that the command line takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from losscli.binding.column_names import read_columns
from losscli.binding.request import Request, read_filter, read_matrix, read_prediction, read_role
from losscli.binding.spec import parse


def typed_request(
    *losses: str,
    target: str | None = None,
    preds: Iterable[str] = (),
    columns: Iterable[str] = (),
    tables: Iterable[str] = (),
    where: str | None = None,
    **more: Any,
) -> Request:
    """What `eval -l … -t TARGET -p PRED… -c COLUMN… --table TABLE… --where WHERE` asks for."""
    return Request(
        tuple(map(parse, losses)),
        target=None if target is None else read_columns(target),
        preds=tuple(map(read_prediction, preds)),
        columns=tuple(map(read_role, columns)),
        tables=tuple(map(read_matrix, tables)),
        where=None if where is None else read_filter(where),
        **more,
    )
