"""The names that `-c NAME=COLS` may have in a run: the roles of its losses, and their parameters that are columns."""

from __future__ import annotations

from collections.abc import Iterator

from losscli.binding.request import Request, RoleBinding
from losscli.errors import UsageError, did_you_mean


def refuse_unknown_roles(request: Request) -> None:
    """A misspelled role is an error of its own: it comes before the one about the role that is missing."""
    names, tables = set(role_names(request)), {table.role for table in request.tables}
    for binding in bindings_of(request):
        if binding.role not in names and binding.role.partition(".")[0] not in tables:
            raise unused(request, binding)


def bindings_of(request: Request) -> Iterator[RoleBinding]:
    """All that is said of columns and roles: predictions, other roles, the target."""
    yield from (*request.preds, *request.columns)
    if request.target is not None:
        yield RoleBinding("target", None, request.target)


def unused(request: Request, binding: RoleBinding) -> UsageError:
    """The error about columns that nothing reads."""
    names = role_names(request)
    hint = did_you_mean(binding.role, names, f"the roles are: {', '.join(names)}")
    return UsageError(
        f"no loss here has the role '{binding.role}' ('{binding.columns.text}')", hint=hint, code="USAGE_COLUMNS"
    )


def role_names(request: Request) -> list[str]:
    """The roles of all losses, then the parameters that rows have."""
    parts = [part for spec in request.losses for _, part in spec.parts]
    roles = [role for part in parts for role in part.loss.roles]
    return list(dict.fromkeys([*roles, *(name for part in parts for name in part.row_parameters)]))
