r"""Text from data, file names and libraries, sanitized: safe to show on a terminal, in a log and on a page.

A column name may contain an escape sequence that repaints the terminal, a bidirectional override that reorders what
the reader sees, or a line that a build server takes for a command. `sanitized` writes each such character as Python's
escape (`\x1b`, `\u202e`), so that the reader sees what is there. Ordinary text in any script is unchanged.
Backslashes are not doubled: paths and patterns stay legible, and the text is not meant to be parsed again.
"""

from __future__ import annotations

import unicodedata

from losscli.lazy import pattern

ELLIPSIS = "..."
_MARKS_IN_A_ROW = 4
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
# Characters of category Cf that have a shape of their own: signs written before Arabic, Syriac and Kaithi numbers.
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
# Letters by category, but blank on the screen: they hide differences between names.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_JOINERS = "\u200c\u200d"


def sanitized(text: str, limit: int | None = 200) -> str:
    r"""`text` with a visible escape for each character that acts on a terminal or misleads a reader.

    Parameters
    ----------
    text : str
        The text.
    limit : int or None
        The largest number of characters of the result. A text that is cut ends in three dots. None: no limit.

    Examples
    --------
    >>> sanitized("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isascii() and text.isprintable() and (limit is None or len(text) <= limit):
        return text
    # Each character gives at least one, so those beyond the limit are not needed: a cell of 200 MB costs nothing.
    window = text if limit is None else text[: limit + 1]
    shown: list[str] = []
    length = marks = 0
    for index, char in enumerate(window):
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        keep = marks <= _MARKS_IN_A_ROW and not (_acts(char) and not _joins(text, index))
        visible = char if keep else escaped(char)
        length += len(visible)
        if limit is not None and length > limit:
            return _cut(shown, limit)
        shown.append(visible)
    return "".join(shown)


def escaped(char: str) -> str:
    """The visible form of one character."""
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _acts(char: str) -> bool:
    """Whether a character is a control, format or invisible character, a lone surrogate, or unassigned for good."""
    code = ord(char)
    if char in _BLANK_LETTERS or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:  # noncharacters
        return True
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _VISIBLE_FORMATS


def _joins(text: str, index: int) -> bool:
    """Whether the joiner at `index` is needed there: inside an emoji, a Persian or an Indic word."""
    if text[index] not in _JOINERS or not 0 < index < len(text) - 1:
        return False
    before, after = text[index - 1], text[index + 1]
    if "\u0600" <= before <= "\u0dff" and "\u0600" <= after <= "\u0dff":
        return after not in _JOINERS
    pictured = before == "\ufe0f" or unicodedata.category(before) in ("So", "Sk")
    return text[index] == "\u200d" and pictured and unicodedata.category(after) == "So"


def _cut(shown: list[str], limit: int) -> str:
    """As many whole characters and escapes as leave room for the dots: half an escape would mislead."""
    room = max(limit - len(ELLIPSIS), 0)
    length = sum(map(len, shown))
    while shown and length > room:
        length -= len(shown.pop())
    return ("".join(shown) + ELLIPSIS)[:limit]


# Build servers run commands from lines of the log: GitHub "::name::" after white space and "##[name]" anywhere in a
# line, Azure and TeamCity "##name[", GitLab "section_start:" and "section_end:".
_LINE_COMMAND = pattern(r"(\A|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(\s*):(?=:)")
_HASH_COMMAND = pattern(r"##(\w*)\[")
_SECTION = pattern(r"section_(start|end):")


def break_workflow_commands(text: str) -> str:
    """`text` with a space inside each command that a build server would run. The rest is unchanged.

    Examples
    --------
    >>> break_workflow_commands("  ::error::x")
    '  : :error::x'
    """
    text = _LINE_COMMAND.sub(r"\1\2: ", text)
    text = _HASH_COMMAND.sub(r"##\1 [", text)
    return _SECTION.sub(r"section_\1 :", text)
