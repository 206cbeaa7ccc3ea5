"""Saved maps: a JSON file with the schema `losscli.map/1` -> a `MapResult`. It is untrusted, and read strictly."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from losscli.baselines.json_file import InvalidDocument, read_document
from losscli.contract.kinds import Array
from losscli.errors import DataError
from losscli.execution.calibration.links import LINKS
from losscli.execution.calibration.maps import MAPS, Domain, Map
from losscli.io.remote.address import redacted
from losscli.results.calibration import MapResult

SCHEMA = "losscli.map/1"
_HINT = "losscli calibrate --map FILE.json saves a map"
_FIELDS = {"schema", "losscli", "method", "formula", "link", "roles", "labels", "loss", "parameters", "knots", "rows"}


def read_map(path: str) -> MapResult:
    """Read a map; what is not exactly what `calibrate` writes is a DataError."""
    document = read_document(path, "map", SCHEMA, _HINT)
    try:
        found = _map(document)
        _check(found)
    except InvalidDocument as error:
        raise DataError(f"not a {SCHEMA}: {error}", path=redacted(path), hint=_HINT,
                        code="DATA_BAD_REPORT") from None  # fmt: skip
    return found


def _map(document: dict[str, Any]) -> MapResult:
    for name in sorted(document.keys() ^ _FIELDS):
        raise InvalidDocument(f"the map has no '{name}'" if name in _FIELDS else f"'{name}' is unknown")
    for name in ("losscli", "method", "formula", "link", "loss"):
        if not isinstance(document[name], str):
            raise InvalidDocument(f"'{name}' is not text")
    if type(document["rows"]) is not int or document["rows"] < 0:
        raise InvalidDocument("'rows' is not a count")
    if not isinstance(document["parameters"], dict) or not isinstance(document["knots"], list):
        raise InvalidDocument("'parameters' is not an object, or 'knots' is not a list")
    parameters = {name: _number(value, f"parameter '{name}'") for name, value in document["parameters"].items()}
    return MapResult(
        document["method"], document["formula"], document["link"], _texts(document, "roles"),
        _texts(document, "labels"), document["loss"], parameters, [_knot(each) for each in document["knots"]],
        document["rows"],
    )  # fmt: skip


def _texts(document: dict[str, Any], name: str) -> tuple[str, ...]:
    given = document[name]
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise InvalidDocument(f"'{name}' is not a list of texts")
    return tuple(given)


def _number(value: Any, what: str) -> float:
    if type(value) not in (int, float) or not -sys.float_info.max <= value <= sys.float_info.max:
        raise InvalidDocument(f"{what} is not a number")
    return float(value)


def _knot(given: Any) -> tuple[float, float]:
    if not isinstance(given, list) or len(given) != 2:
        raise InvalidDocument("a knot is not a pair of numbers")
    return _number(given[0], "a knot"), _number(given[1], "a knot")


def _check(found: MapResult) -> None:
    """The parts agree: the method suits such predictions, and has exactly its parameters or knots."""
    known = {each.name: each for each in MAPS}
    domain = Domain(tuple(found.roles), found.link, tuple(found.labels))
    if found.method not in known:
        raise InvalidDocument(f"the method '{found.method}' is unknown")
    chosen = known[found.method]
    if found.link not in LINKS or not chosen.suits(domain):
        raise InvalidDocument(f"the method '{found.method}' does not suit its link, roles and labels")
    named = chosen.parameters(domain)
    if found.parameters.keys() != {each.name for each in named} or bool(found.knots) == bool(named):
        raise InvalidDocument(f"its parameters are not those of '{found.method}'")
    for each in named:
        if each.positive and not found.parameters[each.name] > 0:
            raise InvalidDocument(f"'{each.name}' is not above 0")
    places, values = ([knot[at] for knot in found.knots] for at in (0, 1))
    if places != sorted(set(places)) or values != sorted(values):
        raise InvalidDocument("the knots do not rise")


def fitted(found: MapResult, domain: Domain, path: str) -> tuple[Map, Array]:
    """The map and its parameters for these predictions; a DataError if it was made of another kind of predictions."""
    if (found.link, tuple(found.roles)) != (domain.link, domain.roles) or len(found.labels) != len(domain.labels):
        raise DataError(
            f"the map is of {_predictions(found.link, found.roles, found.labels)}, and these are "
            f"{_predictions(domain.link, domain.roles, domain.labels)}", path=path, code="DATA_NOT_COMPARABLE",
            hint="apply it to the same kind of predictions, with a loss of the same kind",
        )  # fmt: skip
    if not domain.single and set(found.labels) != set(domain.labels):
        missing = next(label for label in found.labels if label not in domain.labels)
        raise DataError(f"the map has '{missing}', which is none of these predictions", path=path,
                        code="DATA_NOT_COMPARABLE")  # fmt: skip
    (chosen,) = [each for each in MAPS if each.name == found.method]
    if found.knots:
        return chosen, np.array(found.knots).T.ravel()
    return chosen, np.array([found.parameters[each.name] for each in chosen.parameters(domain)])


def _predictions(link: str, roles: Any, labels: Any) -> str:
    words = {"sigmoid": "probabilities", "softmax": "class probabilities", "logit": "logits", "identity": "numbers"}
    many = f", {len(labels)} a row" if len(labels) > 1 else ""
    return f"{words.get(link, link)} ({' and '.join(roles)}{many})"
