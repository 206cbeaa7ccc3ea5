"""Derived columns beside those of the data: what they are, what they read, and their values in each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal

from losscli.errors import DataError, Location, UsageError
from losscli.io.arrow.spelled_vectors import form_of_type
from losscli.io.arrow.types import is_vector
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.binding.expressions import Let
    from losscli.binding.expressions.functions import ValueKind
    from losscli.binding.request import Request
    from losscli.io.arrow.decode import NumberFormat
    from losscli.io.sides import Sides

ReadAs = Literal["number", "text"]


@dataclass(frozen=True)
class DerivedColumns:
    """The derived columns of a run.

    Attributes
    ----------
    lets
        All of them by name.
    kinds
        What each is.
    types
        The Arrow type of each, as binding sees it.
    spelled
        The columns of texts that spell vectors.
    readings
        How those are read that are used beside the filter; empty before binding.
    """

    lets: Mapping[str, Let] = field(default_factory=dict)
    kinds: Mapping[str, ValueKind] = field(default_factory=dict)
    types: Mapping[str, Any] = field(default_factory=dict)
    spelled: frozenset[str] = frozenset()
    readings: Mapping[str, ReadAs] = field(default_factory=dict)

    def projection(self, asked: Mapping[str, ReadAs]) -> tuple[dict[str, ReadAs], DerivedColumns]:
        """What is read of the data for these names, and the derived columns that know how they are read."""
        from losscli.binding.expressions.let import with_used

        found = {name: how for name, how in asked.items() if name not in self.lets}
        readings = {name: how for name, how in asked.items() if name in self.lets}
        for name in readings:
            for column, how in self.lets[name].columns.items():
                wanted = readings[name] if how == "any" else how
                if wanted == "text" or column in self.spelled:
                    found[column] = "text"
                else:
                    found.setdefault(column, "number")
        if not found and readings:
            listed = "; ".join(self.lets[name].text for name in readings)
            raise UsageError(f"no column of the data is used: {listed}", code="USAGE_COLUMNS",
                             hint="at least one role must depend on a column")  # fmt: skip
        order = with_used(readings, self.lets)
        return found, replace(self, readings={name: readings[name] for name in order if name in readings})

    def behind(self, names: Iterable[str], request: Request) -> list[str]:
        """The derived columns among these names and in the filter, and those that they use, in their order."""
        from losscli.binding.expressions.let import with_used

        return with_used([*names, *(() if request.where is None else request.where.lets)], self.lets)

    def texts(self, names: Iterable[str], request: Request) -> tuple[str, ...]:
        """Those of `behind` as they were written; those of several models' files once, and in the order of all."""
        used = {self.lets[name].text for name in self.behind(names, request)} if self.lets else set()
        return tuple(text for text in dict.fromkeys(let.text for let in self.lets.values()) if text in used)

    def columns_of(self, names: Iterable[str]) -> set[str]:
        """The columns of the data behind these names."""
        return {column for name in names for column in (self.lets[name].columns if name in self.lets else (name,))}

    def said_of(self, name: str) -> str:
        """What uses a column of the data, for the error where there is none of this name."""
        using = [self.lets[other].text for other in self.readings if name in self.lets[other].columns]
        return f" (in {using[0]})" if using else ""

    def added(
        self,
        names: Collection[str | None],
        data: Any,
        location: Location,
        number_format: NumberFormat,
        warned: Counter[str],
    ) -> Any:  # fmt: skip
        """The batch with those of its derived columns that have these names and are not there yet."""
        wanted = [name for name in self.readings if name in names and name not in data.schema.names]
        if not wanted:
            return data
        import pyarrow as pa

        from losscli.binding.expressions.decoded_batch import DecodedBatch
        from losscli.binding.expressions.let import as_column, with_used

        batch = DecodedBatch(data, location, number_format, warned, self.lets, self.spelled)
        batch.computed(with_used(wanted, self.lets))
        arrays = [as_column(self.lets[name], self.kinds[name], batch) for name in wanted]
        return pa.RecordBatch.from_arrays([*data.columns, *arrays], names=[*data.schema.names, *wanted])

    def named_in(self, error: DataError) -> DataError:
        """The error, which says how a derived column was computed that it is about."""
        let = self.lets.get(error.column or "")
        return error if let is None else let.named_in(error)


def unused_notes(request: Request, derived: DerivedColumns) -> list[str]:
    """Notes on derived columns that nothing uses; of those of models, where no model does."""
    used = derived.texts(derived.readings, request)
    return [f"{text} is not used" for text in dict.fromkeys(let.text for let in request.lets) if text not in used]


def refuse_derived_keys(lets: Sequence[Let], keys: Sequence[str]) -> None:
    """A UsageError if a key of a join is derived: files are joined before anything is computed."""
    for let in lets:
        if let.name in keys:
            raise UsageError(f"'{let.name}' is derived ({let.text}), and files are joined by columns that they have",
                             hint="--key-match trim,case looks over white space and case", code="USAGE_COLUMNS",
                             )  # fmt: skip


def derived_columns(
    lets: Sequence[Let], columns: Collection[str], types: Mapping[str, Any], sides: Sides | None
) -> DerivedColumns:
    """What the derived columns are beside these columns; one that has the name of a column is an error."""
    if not lets:
        return DerivedColumns()
    known = {let.name: let for let in lets}
    for let in lets:
        if let.name in columns or (sides is not None and sides.is_known(let.name)):
            raise DataError(
                f"'{let.name}' is a column of the data, and it is derived, too: {let.text}", column=let.name,
                hint="give the derived column another name", code="DATA_DUPLICATE_COLUMN",
            )  # fmt: skip
    spelled = frozenset(name for name, kind in types.items() if kind is not None and form_of_type(kind) is not None)
    kinds: dict[str, ValueKind] = {}

    def kind_of(name: str) -> ValueKind:
        if name in kinds:
            return kinds[name]
        kind = types.get(name)
        return "vector" if name in spelled or (kind is not None and is_vector(kind)) else "number"

    found: dict[str, Any] = {}
    for let in lets:  # a column that is not there is an error of those that are used
        kinds[let.name] = let.kind(kind_of)
        found[let.name] = types.get(let.renamed) if let.renamed is not None else _type(kinds[let.name])
    return DerivedColumns(known, kinds, found, spelled)


def _type(kind: ValueKind) -> Any:
    import pyarrow as pa

    types = {"number": pa.float64(), "vector": pa.list_(pa.float64()), "text": pa.string(), "condition": pa.bool_()}
    return types[kind]
