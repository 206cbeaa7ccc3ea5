"""Every loss, one module a family, of which a run imports those that it needs.

`names.txt` says in which module each name stands; `python tests/generate.py --tables` writes it from the declarations.
A loss that it lacks, as one that was just written, is found all the same: then all families are imported.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from losscli.contract.loss import ALIASES as _ALIASES
from losscli.contract.loss import REGISTRY as _REGISTRY
from losscli.contract.loss import Loss

NAMES = Path(__file__).parent / "names.txt"
"""One line a name of a loss or score, with tabs between: name, module, summary, parameters, libraries."""


@functools.cache
def _modules() -> dict[str, str]:
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t")[:2] for line in lines)


def names() -> list[str]:
    """The names and aliases of all losses and scores; no family is imported for it."""
    return list(dict.fromkeys([*_modules(), *_REGISTRY, *_ALIASES]))


def _is_known(name: str) -> bool:
    return name in _REGISTRY or name in _ALIASES


def find(name: str) -> Loss | None:
    """The loss of that name or alias, whose family is imported; None if there is none."""
    if not _is_known(name) and name in _modules():
        importlib.import_module(f"{__name__}.{_modules()[name]}")
    if not _is_known(name):
        every()
    return _REGISTRY.get(_ALIASES.get(name, name))


def every() -> Mapping[str, Loss]:
    """All losses and scores by name: all families are imported."""
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{__name__}.{module.name}")
    return _REGISTRY


def __getattr__(name: str) -> Any:
    if name.startswith("_"):  # asked by import and inspect, and no loss's name begins so
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    if name in ("REGISTRY", "ALIASES"):
        every()
        return {"REGISTRY": _REGISTRY, "ALIASES": _ALIASES}[name]
    found = find(name)
    if found is None:
        raise AttributeError(f"unknown loss '{name}'")
    return found


def __dir__() -> list[str]:
    return [*globals(), *names()]
