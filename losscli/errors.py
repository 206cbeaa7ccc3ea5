"""The exceptions of losscli.

LosscliError                  exit
├── UsageError                 2   the command line, a spec or a configuration is wrong
├── DataError                  3   the input was read, its content is not acceptable
├── FileError                  4   could not read or write
├── EmptyError                 5   nothing to score
└── PluginError               70   code that is not ours failed

An error holds data (code, path, row, line, column, value) and one hint; the command line prints it as text or as a
line of JSON. Nothing here formats for a terminal: messages may contain text from data, which is sanitized when printed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from enum import IntEnum
from typing import Any, ClassVar, Literal, Protocol, get_args

from losscli.lazy import dataclass


class ExitCode(IntEnum):
    """The exit codes of the process, a fixed list that callers may rely on."""

    OK = 0
    GATE = 1
    USAGE = 2
    DATA = 3
    IO = 4
    EMPTY = 5
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE = 141
    TERMINATED = 143


# Error codes for programs. The word before the first underscore is the exit code; a code is never renamed.
# 'losscli help errors' describes each.
Code = Literal[
    "USAGE", "USAGE_UNKNOWN_COMMAND", "USAGE_UNKNOWN_OPTION", "USAGE_UNKNOWN_LOSS", "USAGE_BAD_VALUE",
    "USAGE_BAD_PARAMETER", "USAGE_BAD_FILTER", "USAGE_BAD_EXPRESSION", "USAGE_BAD_GATE", "USAGE_COLUMNS",
    "USAGE_CONFIG", "USAGE_CONFLICT", "USAGE_INCOMPLETE", "USAGE_MISSING_PACKAGE",
    "DATA", "DATA_MISSING_COLUMN", "DATA_DUPLICATE_COLUMN", "DATA_WRONG_TYPE", "DATA_MISMATCH", "DATA_BAD_CELL",
    "DATA_BAD_ROW", "DATA_ENCODING", "DATA_MISSING_VALUE", "DATA_NAN", "DATA_INFINITE", "DATA_OUT_OF_RANGE",
    "DATA_UNKNOWN_CLASS", "DATA_DUPLICATE_KEY", "DATA_UNMATCHED_KEY", "DATA_WRONG_FORMAT", "DATA_CORRUPT_FILE",
    "DATA_BAD_REPORT", "DATA_NOT_COMPARABLE", "DATA_NO_DESCENT",
    "IO", "IO_NOT_FOUND", "IO_PERMISSION", "IO_NO_SPACE", "IO_MEMORY", "IO_NETWORK", "IO_CLUSTER",
    "EMPTY", "EMPTY_NO_ROWS", "EMPTY_ALL_WEIGHTS_ZERO",
    "INTERNAL_BUG", "INTERNAL_PLUGIN",
]  # fmt: skip
CODES: tuple[Code, ...] = get_args(Code)


class Hint(str):
    """A hint with the names that it suggests."""

    suggestions: tuple[str, ...] = ()


@dataclass
class LosscliError(Exception):
    """The base of all errors that a user can fix.

    Parameters
    ----------
    message : str
        What is wrong.
    hint : str or None, default None
        How to fix it.
    path : str or None, default None
        The file.
    row : int or None, default None
        The row number in the file, from 1, without the header.
    line : int or None, default None
        The line of a text file, from 1, with the header.
    column : str or None, default None
        The column.
    value : str or None, default None
        The value that is wrong.
    suggestions : tuple of str
        Similar names that exist, if a name is unknown.
    character : int or None, default None
        The position in the line, from 1, in files without columns of data.
    code : str or None, default None
        The error code, such as ``"DATA_NAN"``; None is the general code of the class.
    """

    message: str
    hint: str | None = None
    path: str | None = None
    row: int | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    suggestions: tuple[str, ...] = field(default=())
    character: int | None = None
    code: Code | None = field(default=None, kw_only=True)

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL
    default_code: ClassVar[Code] = "INTERNAL_BUG"  # where no more precise code is given

    def __post_init__(self) -> None:
        self.code = self.code or self.default_code
        if self.code.partition("_")[0] != self.exit_code.name:
            raise ValueError(f"{self.code} is not a code of {type(self).__name__}")
        if isinstance(self.hint, Hint):
            self.suggestions = self.suggestions or self.hint.suggestions

    def __str__(self) -> str:
        """The message and the hint; not a note (`add_note`), as `str` and many loggers leave notes out."""
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UsageError(LosscliError):
    """The command line, a loss spec, a parameter or a configuration file is wrong."""

    exit_code = ExitCode.USAGE
    default_code = "USAGE"


class DataError(LosscliError):
    """The input could be read, but its content is not acceptable."""

    exit_code = ExitCode.DATA
    default_code = "DATA"


class FileError(LosscliError):
    """A file or stream could not be read or written."""

    exit_code = ExitCode.IO
    default_code = "IO"


class EmptyError(LosscliError):
    """There is nothing to score."""

    exit_code = ExitCode.EMPTY
    default_code = "EMPTY"


class PluginError(LosscliError):
    """A loss of a plugin raised an exception, or returned something that is not a loss value."""

    default_code = "INTERNAL_PLUGIN"


_SYSTEM: dict[int, Code] = {
    errno.ENOENT: "IO_NOT_FOUND", errno.EACCES: "IO_PERMISSION",
    errno.EPERM: "IO_PERMISSION", errno.EROFS: "IO_PERMISSION", errno.ENOSPC: "IO_NO_SPACE",
    errno.EFBIG: "IO_NO_SPACE", errno.ENOMEM: "IO_MEMORY",
}  # fmt: skip


def system_code(error: OSError) -> Code:
    """The error code of an error of the operating system."""
    return _SYSTEM.get(error.errno or 0, "IO")


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """At most three of `known` that are similar to `word`, ignoring case and surrounding space; best first."""
    import difflib  # here, as only errors need it

    names = list(dict.fromkeys(known))
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.strip().casefold(), name)
    close = difflib.get_close_matches(word.strip().casefold(), list(folded), n=3, cutoff=0.6)
    return tuple(folded[name] for name in close)


def did_you_mean(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """The hint about an unknown name: similar names, or else `otherwise`."""
    found = nearest(word, known)
    if not found:
        return otherwise
    listed = " or ".join(f"'{name}'" for name in found)
    hint = Hint(f"did you mean {listed}?" + (f" {otherwise}" if otherwise else ""))
    hint.suggestions = found
    return hint


def _no_line(index: int) -> int | None:
    return None


class Indices(Protocol):
    """A list or an array of integers."""

    def __getitem__(self, index: int, /) -> Any: ...


@dataclass(frozen=True)
class Location:
    """The location of consecutive rows, from which an error about one of them gets its file, row and line."""

    path: str
    first_row: int
    line_of: Callable[[int], int | None] = _no_line
    original_index: Callable[[int], int] = int  # the index of a row before other rows were filtered out

    def take(self, kept: Indices) -> Location:
        """The location of the rows at the indices `kept` only."""
        return replace(self, original_index=lambda index: self.original_index(int(kept[index])))

    def path_of(self, column: str | None) -> str:
        """The file that has a column."""
        return self.path

    def written(self, index: int, column: str) -> str | None:
        """The cell of the row at `index` as the file has it; None where the reader cannot tell."""
        cell_of = getattr(self.line_of, "cell", None)
        return None if cell_of is None else cell_of(self.original_index(index), column)

    def error(
        self, index: int, column: str | None, message: str, value: object = None, hint: str | None = None,
        *, code: Code | None = None,
    ) -> DataError:  # fmt: skip
        """The error about the row at `index`."""
        index = self.original_index(index)
        return DataError(
            message,
            hint=hint,
            path=self.path,
            row=self.first_row + index,
            line=self.line_of(index),
            column=column,
            value=None if value is None else str(value),
            code=code,
        )
