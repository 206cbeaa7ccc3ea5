"""The picture of a loss: its curves and their gradients, as SVG that is the same for the same numbers.

Colours are those of Okabe and Ito, which colour-blind people tell apart; dashes tell the curves apart without colours.
Lines and text take the colour of the page, so that it is readable in the light and in the dark.
"""

from __future__ import annotations

from html import escape

import numpy as np
from curves import Curves

from losscli.contract.kinds import Array
from losscli.report.page.scales import round_numbers

_WIDTH, _HEIGHT = 300, 200  # of one panel
_LEFT, _TOP, _BOTTOM = 46, 24, 34
_STYLES = (("#0072b2", ""), ("#d55e00", "6 3"), ("#009e73", "2 3"))


def picture(shown: Curves, title: str) -> str:
    """The panels side by side, as one element `figure` without blank lines, which Markdown lets through.

    Parameters
    ----------
    shown : Curves
        The curves of a loss.
    title : str
        What a reader hears who does not see the picture.

    Returns
    -------
    str
        HTML with the SVG in it.
    """
    panels = [("loss", [curve.values for curve in shown.curves])]
    if all(curve.gradients is not None for curve in shown.curves):
        panels.append(("gradient", [curve.gradients for curve in shown.curves if curve.gradients is not None]))
    labels = [curve.label for curve in shown.curves if curve.label]
    height = _TOP + _HEIGHT + _BOTTOM + (22 if labels else 0)
    apart = 50 + 6 * max(map(len, labels), default=0)
    width = max(len(panels) * (_LEFT + _WIDTH + 14), _LEFT + apart * len(labels))
    drawn = [
        f'<figure class="loss-picture" tabindex="0"><svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        'style="max-width:100%;height:auto">',
        f"<title>{escape(title)}</title>",
    ]
    for number, (name, lines) in enumerate(panels):
        drawn += _panel(name, lines, shown, number * (_LEFT + _WIDTH + 14) + _LEFT)
    drawn += [
        f'<line x1="{at}" x2="{at + 26}" y1="{height - 10}" y2="{height - 10}" '
        f'stroke="{_STYLES[number][0]}" stroke-width="2" stroke-dasharray="{_STYLES[number][1]}"/>'
        f'<text x="{at + 32}" y="{height - 6}" font-size="12" fill="currentColor">{escape(label)}</text>'
        for number, at, label in ((number, _LEFT + apart * number, label) for number, label in enumerate(labels))
    ]
    return "\n".join([*drawn, "</svg></figure>"])


def _panel(name: str, lines: list[Array], shown: Curves, left: int) -> list[str]:
    low, high = _range(lines)
    first, last = float(shown.along[0]), float(shown.along[-1])

    def across(x: float) -> float:
        return left + (x - first) / (last - first) * _WIDTH

    def down(y: float) -> float:
        return _TOP + (high - y) / (high - low) * _HEIGHT

    drawn = [
        f'<text x="{left}" y="{_TOP - 8}" font-size="13" font-weight="600" fill="currentColor">{name}</text>',
        f'<rect x="{left}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="currentColor" '
        'stroke-opacity="0.25"/>',
        f'<text x="{left + _WIDTH / 2:g}" y="{_TOP + _HEIGHT + 30}" font-size="12" text-anchor="middle" '
        f'fill="currentColor">{escape(shown.axis)}</text>',
    ]
    for x in round_numbers(first, last):
        drawn.append(f'<text x="{across(x):.1f}" y="{_TOP + _HEIGHT + 15}" font-size="11" text-anchor="middle" '
                     f'fill="currentColor">{x:g}</text>')  # fmt: skip
    for y in round_numbers(low, high):
        drawn.append(f'<line x1="{left}" x2="{left + _WIDTH}" y1="{down(y):.1f}" y2="{down(y):.1f}" '
                     f'stroke="currentColor" stroke-opacity="{0.5 if y == 0 else 0.12}"/>'
                     f'<text x="{left - 5}" y="{down(y) + 4:.1f}" font-size="11" text-anchor="end" '
                     f'fill="currentColor">{y:g}</text>')  # fmt: skip
    if shown.mark is not None and first <= shown.mark <= last:
        drawn.append(f'<line x1="{across(shown.mark):.1f}" x2="{across(shown.mark):.1f}" y1="{_TOP}" '
                     f'y2="{_TOP + _HEIGHT}" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="1 3"/>'
                     f'<text x="{across(shown.mark) + 4:.1f}" y="{_TOP + 13}" font-size="11" '
                     'fill="currentColor">target</text>')  # fmt: skip
    for values, (colour, dash) in zip(lines, _STYLES, strict=False):
        for part in _parts(values, low, high):
            points = " ".join(f"{across(float(shown.along[i])):.1f},{down(float(values[i])):.1f}" for i in part)
            drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
                         f'stroke-dasharray="{dash}"/>')  # fmt: skip
    return drawn


def _range(lines: list[Array]) -> tuple[float, float]:
    """What a panel shows: all of it, unless a few values are so large that nothing else could be seen."""
    values = np.sort(np.concatenate([line[np.isfinite(line)] for line in lines]))
    low, high = float(values[0]), float(values[-1])
    inner_low, inner_high = np.percentile(values, [4, 96])
    room = inner_high - inner_low
    if room > 0:
        low, high = max(low, inner_low - room), min(high, inner_high + room)
    margin = (high - low) * 0.05 or 1.0
    return low - margin, high + margin


def _parts(values: Array, low: float, high: float) -> list[list[int]]:
    """The stretches of a line that are to be seen."""
    found: list[list[int]] = [[]]
    for i, value in enumerate(values):
        if np.isfinite(value) and low <= value <= high:
            found[-1].append(i)
        elif found[-1]:
            found.append([])
    return [part for part in found if len(part) > 1]
