"""What the presets of a loss give on the input of its example."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from losscli.contract.loss import Loss


def values(loss: Loss, library: str) -> list[float] | None:
    """The values on the example's input, to six digits; None where they are several terms, or the preset refuses it."""
    import numpy as np

    from losscli.binding.spec import parse_loss
    from losscli.errors import LosscliError

    if not loss.example:  # Python runs without docstrings
        return None
    columns, given = _input(loss)
    try:
        answer = loss(*columns, **{**given, **parse_loss(f"{loss.name}@{library}").params})
    except (LosscliError, ValueError, TypeError):
        return None
    return [float(f"{value:.6g}") for value in answer] if isinstance(answer, np.ndarray) and answer.ndim == 1 else None


def _input(loss: Loss) -> tuple[list[Any], dict[str, Any]]:
    """What the first command of the example calls the loss with."""
    lines = loss.example.splitlines()
    command = lines[0].removeprefix(">>> ") + "".join(
        line.removeprefix("...") for line in lines[1:] if line.startswith("...")
    )
    call = next(node for node in ast.walk(ast.parse(command)) if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name) and node.func.id == loss.name)  # fmt: skip
    return (
        [ast.literal_eval(argument) for argument in call.args],
        {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg},
    )
