"""Every loss, one module a family. A new module here is found by itself; nothing else has to know it."""

from __future__ import annotations

import importlib
import pkgutil

from losscli.contract.loss import ALIASES as ALIASES
from losscli.contract.loss import REGISTRY as REGISTRY
from losscli.contract.loss import Loss

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

globals().update(REGISTRY)


def __getattr__(name: str) -> Loss:
    if name in ALIASES:
        return REGISTRY[ALIASES[name]]
    raise AttributeError(f"unknown loss '{name}'")
