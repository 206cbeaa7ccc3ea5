"""The docstring of a loss in NumPy form, written from its declaration: what `help` in Python shows.

The author writes what nothing else says (summary, notes, example); roles, parameters, shapes, errors and the source
stand in the declaration already. The text is made when it is asked for, as imports pay for nothing that few read.
"""

from __future__ import annotations

import textwrap
from typing import Any, Literal, Protocol

from losscli.contract.kinds import Kind
from losscli.contract.parameters import Parameter, Role
from losscli.contract.presets import Preset
from losscli.results.directions import best_in_words

_WIDTH = 80
_SHAPES = {
    "number": "(N,) or (N, outputs)",
    "vector": "(N, D)",
    "vectors": "(N, K, D)",
    "matrix": "(rows, D)",
    "class": "(N,)",
}
_TYPES = {"numbers": "sequence of float"}
_FEW = 5  # numbers that a line has room for
_UNITS = {
    "row": "one value a row",
    "pair": "one value a pair",
    "group": "one value a batch",
    "element": "one value an element",
}


class Declared(Protocol):
    """What a docstring says of a loss."""

    summary: str
    notes: str
    example: str
    formula: str
    cite: str
    roles: dict[str, Role]
    params: dict[str, Parameter]
    same_as: dict[str, Preset]
    no_library: str | None
    no_gradient: str | None
    scope: Literal["row", "group", "table"]
    unit: Literal["row", "pair", "group", "element", "table"]
    sorted_by: tuple[str, ...]
    direction: Literal["lower", "higher", "zero"]
    gradients: dict[str, Any]

    @property
    def own_combine(self) -> bool:
        """Whether the value is something else than the sum of the term means."""
        ...


class GeneratedDocstring:
    """A `__doc__` that a class has as text and its instances make when they are asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, instance: Declared | None, owner: Any = None) -> str:
        return self.text if instance is None else numpy_docstring(instance)


def numpy_docstring(loss: Declared) -> str:
    """The whole docstring of a loss.

    Parameters
    ----------
    loss : Declared
        A declared loss.

    Returns
    -------
    str
        Summary, notes, and the sections Parameters, Returns, Raises, See Also, References and Examples.
    """
    sections = [
        loss.summary,
        loss.notes,
        _section("Parameters", [*_roles(loss), *_parameters(loss)]),
        _section("Returns", _returns(loss)),
        _section("Raises", _raises()),
        _section("Notes", _notes(loss)),
        _section("References", [_wrapped(f".. [1] {loss.cite}", "       ")]),
        _section("Examples", [loss.example]),
    ]
    return "\n\n".join(section for section in sections if section)


def _section(title: str, entries: list[str]) -> str:
    return "\n".join([title, "-" * len(title), *entries]) if entries else ""


def _wrapped(text: str, indent: str = "    ", first: str = "") -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False,
                         break_long_words=False)  # fmt: skip


def _entry(name: str, type_: str, text: str) -> str:
    return f"{name} : {type_}\n{_wrapped(text, first='    ')}"


def _roles(loss: Declared) -> list[str]:
    found = []
    for role in loss.roles.values():
        shapes = " or ".join(dict.fromkeys(_SHAPES[kind.shape] for kind in role.kinds))
        kind = f"array_like, shape {shapes}{', optional' if role.optional else ''}"
        found.append(_entry(role.name, kind, _sentence(" or ".join(map(_meaning, role.kinds)))))
    return found


def _meaning(kind: Kind) -> str:
    return f"{kind.says} (a position counted from 0 among class columns)" if kind.shape == "class" else kind.says


def _parameters(loss: Declared) -> list[str]:
    found = []
    for spec in loss.params.values():
        type_ = "{" + ", ".join(map(repr, spec.choices)) + "}" if spec.choices else _TYPES.get(spec.type, spec.type)
        text = f"{spec.param.help}; {spec.param.range}" if spec.param.range else spec.param.help
        none = " or None" if spec.optional else ""
        none += " or array_like, shape (N,)" if spec.param.per_row else ""
        default = "" if spec.required else f", default {spec.default!r}"
        if isinstance(spec.default, tuple) and len(spec.default) > _FEW:
            default = f", default of {len(spec.default)} numbers"
        found.append(_entry(spec.name, f"{type_}{none}{default}", _sentence(text)))
    return found


def _returns(loss: Declared) -> list[str]:
    if loss.sorted_by:
        text = "The mean of each term over all rows, which are one table. The final value is made of these means: "
        return [_entry("values", "dict of str to Term, of one value each", text + "see the formula.")]
    text = f"The loss itself, {_UNITS[loss.unit]}; several outputs a row keep their columns. "
    if loss.own_combine:
        text += "The final value is made of the terms' means: see the formula."
    else:
        text += "The final value (the cost) is the mean, or the sum of the terms' means."
    if loss.scope == "group":
        text += " All rows of a call are one batch."
    return [_entry("values", "ndarray, shape (N,), or dict of str to Term", text)]


def _raises() -> list[str]:
    data = "A column has a wrong shape or length, or a value outside its domain; the error has its row."
    usage = "A column is missing, or a parameter is unknown or out of its range."
    return [f"{name}\n{_wrapped(text, first='    ')}" for name, text in (("DataError", data), ("UsageError", usage))]


def _notes(loss: Declared) -> list[str]:
    roles = ", ".join(f"`{role}`" for role in loss.gradients) or "none"
    presets = ", ".join(f"{library} ({preset.settings or 'the defaults'})" for library, preset in loss.same_as.items())
    sentences = [
        f"Gradients by: {roles}. {best_in_words(loss.direction).capitalize()} is better.",
        f"The same number in: {presets}." if presets else "",
        f"No library has it: {loss.no_library}" if loss.no_library else "",
        f"It has no gradient: {loss.no_gradient}." if loss.no_gradient else "",
    ]
    formula = textwrap.indent(loss.formula, "    ")
    return [
        "The formula for one row, as Python (the tests run it)::", "", formula, "",
        *(_wrapped(sentence, "") for sentence in sentences if sentence),
    ]  # fmt: skip


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
