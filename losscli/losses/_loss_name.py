"""The names of losses as a type.

Type checkers and editors read `_loss_name.pyi` instead, which `python tests/generate.py --tables` writes: there it is
the Literal of all names, so that an editor proposes them. A program may declare losses of its own, so any text is one.
"""

from typing import TypeAlias

LossName: TypeAlias = str
