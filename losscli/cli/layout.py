"""Text to the width of a screen: paragraphs, lists of terms and commands. No word is ever broken.

A page (a help topic, the examples of a command) is written as plain text, and three indents tell its parts:

- none: a paragraph. Its lines are joined and filled.
- two spaces: an item. Two or more spaces inside it separate a term from its definition, which gets a column of its own.
  Deeper lines right below continue the item.
- four spaces, below anything but an item: code, which stays as it is. A command may end its lines in a backslash; it is
  joined, and cut again where the screen needs that, so that it can be pasted at every width.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from losscli.lazy import pattern

DEFAULT_WIDTH = 80
MAX_WIDTH = 100
"""The widest page of help: the eye loses its line in longer ones."""

_INDENT = 2
_COMMAND = pattern(r"([^#]*\| )?losscli ")
_SHELL_WORD = pattern(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
_BRACKETED = pattern(r"\[[^\[\]]{1,24}\]")


def screen_width(descriptor: int = 1) -> int:
    """How many characters a line may have: COLUMNS, or the width of the terminal; 80 where there is neither.

    So what goes into a pipe or a file has the same lines everywhere, unless COLUMNS asks for others.
    """
    given = os.environ.get("COLUMNS", "")
    if given:
        return int(given) if given.isdecimal() and 20 <= int(given) <= 10_000 else DEFAULT_WIDTH
    try:
        return os.get_terminal_size(descriptor).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH


def page_width() -> int:
    """The width of a page of help on standard output."""
    return min(screen_width(), MAX_WIDTH)


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide character, none for a mark on the one before."""
    if text.isascii():
        return len(text)
    return sum((unicodedata.east_asian_width(char) in "WF") + (not unicodedata.combining(char)) for char in text)


def filled(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """A paragraph as lines of at most `width`; `first` begins the first of them, and `rest` the others.

    It is cut at spaces alone, so a longer word has a line of its own, and a path or an option can be copied.
    """
    line, empty = first, True
    lines = []
    for word in text.split(" "):
        if not empty and cells(line) + 1 + cells(word) > width:
            lines.append(line.rstrip(" "))
            line, empty = rest, True
        if empty and not word:
            continue
        line += word if empty else f" {word}"
        empty = False
    return [*lines, line.rstrip(" ")]


def listed(items: Iterable[tuple[str, str]], width: int, indent: int = _INDENT) -> list[str]:
    """Terms and their definitions in two columns; a term that is too long for the first has a line of its own.

    An item without a definition takes the whole width.
    """
    items = list(items)
    limit = width // 3
    column = max((cells(term) for term, about in items if about and cells(term) <= limit), default=2)
    margin = " " * (indent + column + 2)
    lines: list[str] = []
    for term, about in items:
        if about and cells(term) <= column:
            first = " " * indent + term + " " * (column - cells(term) + 2)
            lines += filled(about, width, first, margin)
            continue
        lines += filled(term, width, " " * indent, " " * (indent + 2))
        if about:
            lines += filled(about, width, margin, margin)
    return lines


def option_list(items: Iterable[tuple[str, str]], width: int) -> list[str]:
    """The same for options, whose helps end in `[default: …]`: a short one stays on one line."""
    bound = [(term, _BRACKETED.sub(lambda match: match[0].replace(" ", "\0"), about)) for term, about in items]
    return [line.replace("\0", " ") for line in listed(bound, width)]


def command_lines(text: str, width: int) -> list[str]:
    """A command of the shell, cut before its options and ended by backslashes where it is too long for one line."""
    indent = " " * _INDENT
    if cells(text) + _INDENT <= width:
        return [indent + text]
    lines, line = [], indent
    for piece in _pieces(text):
        if line.strip() and cells(line) + cells(piece) + 3 > width:
            lines.append(f"{line}\\")
            line = indent * 3
        line += f"{piece} "
    return [*lines, line.rstrip(" ")]


def code_lines(line: str, width: int, mark: str = "") -> list[str]:
    """A line of Python, which goes on below itself, further to the right or after a `mark`, where it is too long."""
    code = line.lstrip(" ")
    indent = " " * (_INDENT + len(line) - len(code))
    return filled(code, width, indent, indent + (mark or " " * 4))


def _pieces(command: str) -> Iterator[str]:
    """The words of a command, an option together with its value."""
    held = ""
    for word in _SHELL_WORD.findall(command):
        if held and word.startswith("-") and len(word) > 1:
            yield held
            held = ""
        if held:
            yield f"{held} {word}"
            held = ""
        elif word.startswith("-") and len(word) > 1:
            held = word
        else:
            yield word
    if held:
        yield held


def page(text: str, width: int) -> str:
    """A page laid out; see the head of this module for how one is written."""
    lines: list[str] = []
    for kind, parts in groupby(_parts(text), key=lambda part: part[0]):
        texts = [content for _, content in parts]
        if kind == "item":
            lines += listed([_item(content) for content in texts], width)
            continue
        for content in texts:
            if kind == "prose":
                lines += filled(content, width)
            elif kind == "code" and _COMMAND.match(content):
                lines += command_lines(content, width)
            else:
                lines.append(f"{' ' * _INDENT}{content}" if content else "")
    return "".join(f"{line}\n" for line in lines)


def commands(text: str) -> list[str]:
    """The commands in a page, each on one line."""
    return [content for kind, content in _parts(text) if kind == "code" and _COMMAND.match(content)]


def _item(text: str) -> tuple[str, str]:
    term, *about = re.split(" {2,}", text, maxsplit=1)
    return term, "".join(about)


def _parts(text: str) -> Sequence[tuple[str, str]]:
    """The parts of a page, as pairs of kind ("prose", "item", "code", "blank") and text."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        before, content = found[-1] if found else ("blank", "")
        indent = len(line) - len(line.lstrip(" "))
        if before == "code" and content.endswith("\\") and _COMMAND.match(content):
            found[-1] = (before, f"{content[:-1].rstrip()} {line.strip()}")
        elif not line:
            found.append(("blank", ""))
        elif (before == "prose" and not indent) or (before == "item" and indent >= 2 * _INDENT):
            found[-1] = (before, f"{content} {line.strip()}")
        elif indent >= 2 * _INDENT:
            found.append(("code", line[2 * _INDENT :]))
        else:
            found.append(("item" if indent >= _INDENT else "prose", line.strip()))
    return found
