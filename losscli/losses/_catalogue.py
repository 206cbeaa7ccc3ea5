"""The declarations as plain values: what `list`, `show`, the table of the documents and other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from losscli.contract.loss import Loss
from losscli.contract.presets import Preset
from losscli.losses import every
from losscli.losses._tasks import TASKS, tasks


def entry(loss: Loss, *, whole: bool = False) -> dict[str, Any]:
    """One loss as `losscli list --format json` shows it; `whole` adds notes and example."""
    found: dict[str, Any] = {
        "name": loss.name,
        "aliases": list(loss.aliases),
        "family": loss.family,
        "tasks": list(tasks(loss)),
        "summary": loss.summary,
        "formula": loss.formula,
        "roles": [
            {"name": r.name, "kinds": [k.name for k in r.kinds], "says": " or ".join(k.says for k in r.kinds),
             "optional": r.optional}
            for r in loss.roles.values()
        ],
        "params": [
            {"name": p.name, "type": p.type, "default": p.default, "range": p.param.range, "choices": list(p.choices),
             "optional": p.optional, "required": p.required, "per_row": p.param.per_row, "level_of": p.param.level_of,
             "help": p.param.help}
            for p in loss.params.values()
        ],
        "gradients": list(loss.gradients),
        "scope": loss.scope,
        "unit": loss.unit,
        "same_as": {library: preset.settings for library, preset in loss.same_as.items()},
        "presets": {library: _preset(preset) for library, preset in loss.same_as.items()},
        "cite": loss.cite,
        "direction": loss.direction,
        "consistent_for": loss.consistent_for,
        "cdf": loss.cdf is not None,
        "scores": list(loss.scores),
        "score_of": loss.score_of.name if loss.score_of else None,
        "revision": loss.revision,
    }  # fmt: skip
    return found | {"notes": loss.notes, "example": loss.example} if whole else found


def _preset(preset: Preset) -> dict[str, Any]:
    return {"settings": preset.settings, "divide_by": preset.divide_by, "notes": preset.notes,
            "refuses": preset.refused}  # fmt: skip


def matching(words: Sequence[str]) -> list[Loss]:
    """The losses that speak of all these words, or whose scores do, in order of task, family and name."""
    found = []
    for loss in sorted(every().values(), key=lambda loss: (TASKS.index(tasks(loss)[0]), loss.family, loss.name)):
        if loss.score_of is not None:
            continue
        text = " ".join(map(_spoken, (loss, *loss.scores.values()))).lower()
        if all(word.lower() in text for word in words):
            found.append(loss)
    return found


def _spoken(loss: Loss) -> str:
    return " ".join(
        [loss.name, *loss.aliases, loss.family, *tasks(loss), loss.summary, loss.notes, loss.cite, *loss.same_as]
    )


def command_line(loss: Loss) -> str:
    """A command that scores this loss, with the roles it needs."""
    options = {"target": "-t {}", "pred": "-p {}"}
    words = []
    for role in loss.roles.values():
        if role.optional:
            continue
        kind = role.kinds[0]
        if kind.shape == "matrix":
            words.append(f"--table {role.name}={role.name}.csv")
            continue
        columns = f"'{role.name}_*'" if kind.shape in ("vector", "vectors") else role.name
        words.append(options.get(role.name, f"-c {role.name}={{}}").format(columns))
    source = "preds.csv " if loss.source_roles else ""
    return f"losscli eval {source}{' '.join(words)} -l {loss.name}"
