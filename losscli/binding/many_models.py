"""`-p '*=model_*'`: one binding that stands for many models, each with one of the columns that match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from losscli.binding.column_names import ColumnSet, exact_columns
from losscli.binding.request import Request, RoleBinding
from losscli.errors import UsageError

_SHOWN = 12  # models that a note lists


def each_model(binding: RoleBinding, columns: ColumnSet, taken: Mapping[str, str]) -> Iterator[RoleBinding]:
    """A binding for each of the columns, whose starred part stands in the model's name for the star of the binding.

    `taken` says what else columns are, if they are something.
    """
    assert binding.many is not None
    if columns.labels is None or len(binding.columns.pieces) != 1:
        raise UsageError(
            f"'{binding.text}' names many models, but '{binding.columns.text}' is not one glob",
            hint=r"-p '*=model_*' makes a model of each column; \* is an ordinary character", code="USAGE_COLUMNS",
        )  # fmt: skip
    before, behind = binding.many
    for column, label in zip(columns.names, columns.labels, strict=True):
        model = before + label + behind
        if not model:
            raise UsageError(f"'{binding.text}': column '{column}' would be a model without a name",
                             hint=f"name it apart: -p NAME={column}, and a glob without it",
                             code="USAGE_COLUMNS")  # fmt: skip
        if column in taken:
            raise UsageError(f"'{binding.text}' names column '{column}', which is {taken[column]}",
                             hint="use a glob that the columns of the models alone match",
                             code="USAGE_COLUMNS")  # fmt: skip
        yield RoleBinding(binding.role, model, exact_columns([column]))


def taken(request: Request, columns: Sequence[str], targets: Sequence[str]) -> dict[str, str]:
    """The columns that have a meaning of their own, and what it is."""
    found = dict.fromkeys(request.key_columns(lambda name: name in columns), "a column of --by")
    found |= dict.fromkeys((*request.on, *request.targets_on), "a key")
    found |= dict.fromkeys(request.parameter_columns, "a parameter of a loss")
    settings = {"the weight": request.weight, "the column of batches": request.batch_by,
                "the column of clusters or times": request.inference.grouping}  # fmt: skip
    found |= {name if name in columns else name.rpartition(":")[0]: what for what, name in settings.items() if name}
    return found | dict.fromkeys(targets, "the target")


def note(binding: RoleBinding, columns: ColumnSet) -> str:
    """What to say of the models that a binding names."""
    assert binding.many is not None and columns.labels is not None
    before, behind = binding.many
    models = [before + label + behind for label in columns.labels]
    shown = ", ".join(models[:_SHOWN]) + (", …" if len(models) > _SHOWN else "")
    return f"'{binding.text}' names {len(models)} model{'s' * (len(models) > 1)}: {shown}"
