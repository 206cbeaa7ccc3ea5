"""The tables of a request and the roles that losses have for them, as far as no file is needed to judge them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from losscli.binding.request import MatrixSource, Request
from losscli.binding.role_names import role_names
from losscli.binding.spec import LossSpec
from losscli.contract.history import HISTORY
from losscli.contract.loss import Role
from losscli.errors import UsageError, did_you_mean

_PARTS = ("class",)  # what of a table has a column of its own: `-c prototypes.class=COL`
_PARTS_OF_HISTORY = ("series", "time")


def check_tables(request: Request) -> None:
    """A UsageError for a table that no loss takes, for one that a loss lacks, and for columns of what none has."""
    _check_history(request)
    roles = list(_matrix_roles(request))
    known = dict.fromkeys(role.name for _, role in roles)
    for table in request.tables:
        if table.role != HISTORY and table.role not in known:
            raise _of_columns(table) if table.role in role_names(request) else unknown_table(table.role, known)
    named = {table.role for table in request.tables} | {binding.role for binding in request.columns}
    for part, role in roles:
        if not role.optional and role.name not in named:
            raise missing_table(part, role)
    _check_parts(request)


def unknown_table(role: str, known: Iterable[str]) -> UsageError:
    """The error about a table that nothing reads."""
    return UsageError(f"no loss here has the role '{role}'", hint=did_you_mean(role, known, "remove its --table"),
                      code="USAGE_COLUMNS")  # fmt: skip


def _of_columns(table: MatrixSource) -> UsageError:
    """The error about a table for a role that each row has a value of its own for."""
    return UsageError(f"the role '{table.role}' is played by columns of the data, not by a table",
                      hint=f"-c {table.role}=COLS; --targets FILE and --beside FILE have columns of other files",
                      code="USAGE_COLUMNS")  # fmt: skip


def missing_table(part: LossSpec, role: Role) -> UsageError:
    """The error about a loss without its table."""
    return UsageError(f"'{part.loss.name}' needs the table '{role.name}'", hint=f"--table {role.name}=FILE",
                      code="USAGE_COLUMNS")  # fmt: skip


def _matrix_roles(request: Request) -> Iterator[tuple[LossSpec, Role]]:
    """The roles of losses that a file plays as a whole."""
    parts = (part for spec in request.losses for _, part in spec.parts)
    yield from ((part, role) for part in parts for role in part.loss.roles.values() if is_matrix(role))


def is_matrix(role: Role) -> bool:
    """Whether a file plays the role as a whole."""
    return any(kind.shape == "matrix" for kind in role.kinds)


def _check_history(request: Request) -> None:
    """The table of past values, which is that of all models, and the losses that take a role of it need each other."""
    parts = [part for spec in request.losses for _, part in spec.parts]
    given = [table for table in request.tables if table.role == HISTORY]
    lacking = next((part for part in parts if part.history is not None), None)
    if not given and lacking is not None:
        said = ", ".join(lacking.history.settings if lacking.history else ()) or "season=1"
        raise UsageError(f"'{lacking.text}': {said} is about the history of the series, and there is none",
                         hint=f"--table {HISTORY}=FILE, a table of past values", code="USAGE_INCOMPLETE")  # fmt: skip
    if given and not any(part.loss.from_history for part in parts):
        raise UsageError(f"no loss here takes anything of the table '{HISTORY}'", hint="remove its --table",
                         code="USAGE_COLUMNS")  # fmt: skip
    if len(given) > 1 or any(table.model is not None for table in given):
        raise UsageError("there is one history, that of all models", hint=f"--table {HISTORY}=FILE",
                         code="USAGE_CONFLICT")  # fmt: skip


def _check_parts(request: Request) -> None:
    """Columns of a table are those of its numbers, `ROLE=COLS`, or of something that tables of this role have."""
    tables = {table.role for table in request.tables}
    for binding in request.columns:
        table, dot, part = binding.role.partition(".")
        parts = _PARTS_OF_HISTORY if table == HISTORY else _PARTS
        if dot and table in tables and part not in parts:
            known = [f"{table}.{one}" for one in parts]
            raise UsageError(f"the table '{table}' has no '{binding.role}' ('{binding.columns.text}')",
                             hint=did_you_mean(binding.role, known, f"its columns are: {', '.join(known)}"),
                             code="USAGE_COLUMNS")  # fmt: skip
