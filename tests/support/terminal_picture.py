"""A picture of a terminal, from the text that it was sent: SVG that is the same for the same text.

Each run of characters has its place and its width, so that columns stand below each other in whatever font there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

_SIZE = 14  # of the font, in pixels
_CELL = 8.4  # width of a character of most fonts of this size
_LINE = 20
_EDGE = 16
_BAR = 34  # the height of the window's bar

_COLOURS = {"31": "red", "32": "green", "33": "yellow", "36": "cyan"}
_STYLES = {"1": "bold", "2": "dim", "3": "italic"}
_CONTROL = re.compile(r"\x1b\[([\d;]*)m")

_STYLE = """\
text { font: %dpx ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3;
       white-space: pre }
.typed { fill: #ffffff; font-weight: 600 } .sign { fill: #7ee787 }
.bold { font-weight: 700 } .dim { fill: #9da7b3 } .italic { font-style: italic }
.red { fill: #ff7b72 } .green { fill: #7ee787 } .yellow { fill: #e3b341 } .cyan { fill: #79c0ff }"""


def picture(session: Sequence[tuple[str, str]], width: int) -> str:
    """An SVG of commands, and what a terminal of `width` columns was sent after each of them.

    Parameters
    ----------
    session : sequence of (str, str)
        Each command as it was typed, and the text that followed, with its sequences for bold and for colours.
    width : int
        The columns of the terminal.

    Returns
    -------
    str
        The text of the SVG, which ends in a line end.
    """
    whole = [line for command, shown in session for line in _lines(command, shown)][:-1]  # the last one is empty
    lines = [part for line in whole for part in _cut(line, width)]
    across, down = round(width * _CELL) + 2 * _EDGE, len(lines) * _LINE + _BAR + _EDGE
    told = escape("\n".join(f"$ {command}\n{_CONTROL.sub('', shown)}" for command, shown in session))
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" width="{across}" height="{down}" '
        'role="img" aria-labelledby="title">',
        f'<title id="title">{told}</title>',
        f"<style>{_STYLE % _SIZE}</style>",
        f'<rect width="{across}" height="{down}" rx="10" fill="#0d1117"/>',
        *(f'<circle cx="{20 + 20 * at}" cy="18" r="6" fill="{fill}"/>'
          for at, fill in enumerate(("#ff5f57", "#febc2e", "#28c840"))),
    ]  # fmt: skip
    for number, line in enumerate(lines):
        drawn += _drawn(line, _BAR + _LINE * (number + 1) - 6)
    return "\n".join([*drawn, "</svg>"]) + "\n"


def _lines(command: str, shown: str) -> Iterator[list[tuple[str, str]]]:
    """Lines of (classes, text): the command, what it printed, and an empty one."""
    for number, part in enumerate(command.split("\n")):
        yield [("sign", "$ "), ("typed", part)] if number == 0 else [("typed", part)]
    classes = ""
    for line in shown.removesuffix("\n").split("\n"):
        parts = _CONTROL.split(line)
        runs = [(classes, parts[0])]
        for control, text in zip(parts[1::2], parts[2::2], strict=True):
            classes = _classes(control)
            runs.append((classes, text))
        yield runs
    yield []


def _cut(line: list[tuple[str, str]], width: int) -> Iterator[list[tuple[str, str]]]:
    """A line as a terminal of `width` columns shows it: what is longer goes on below."""
    part: list[tuple[str, str]] = []
    room = width
    for classes, text in line:
        while len(text) > room:
            yield [*part, (classes, text[:room])]
            part, text, room = [], text[room:], width
        part.append((classes, text))
        room -= len(text)
    yield part


def _classes(control: str) -> str:
    """What a sequence begins with: each one says all, as `0` or nothing ends what was before."""
    known = {**_STYLES, **_COLOURS}
    return " ".join(known[code] for code in control.split(";") if code not in ("", "0"))


def _drawn(line: list[tuple[str, str]], y: int) -> Iterator[str]:
    at = 0
    for classes, text in line:
        if text.strip():
            first = at + len(text) - len(text.lstrip(" "))
            inner = text.strip(" ")
            named = f' class="{classes}"' if classes else ""
            yield (f'<text x="{_EDGE + first * _CELL:.1f}" y="{y}" textLength="{len(inner) * _CELL:.1f}"{named}>'
                   f"{escape(inner)}</text>")  # fmt: skip
        at += len(text)
