"""The style sheet of the page: by day, by night, on a telephone and on paper.

Colours of series are those of Okabe and Ito, which people with any colour vision tell apart; by night they are lighter.
"""

from __future__ import annotations

from collections.abc import Mapping

_DAY = {
    "page": "#ffffff", "text": "#1b1f23", "soft": "#57606a", "line": "#c9d1d9", "head": "#f3f5f7",
    "good": "#0b6b2b", "bad": "#b00020", "grid": "#e4e8ec", "band": "#cfe3f2", "a": "#0072b2", "b": "#b34700",
    "c": "#00805d", "d": "#a3477f", "e": "#8a6100", "f": "#3d3d3d",
}  # fmt: skip
_NIGHT = {
    "page": "#14171a", "text": "#e6e8ea", "soft": "#a8b0b8", "line": "#3d444d", "head": "#1f2429",
    "good": "#7bd88f", "bad": "#ff8a80", "grid": "#2a3036", "band": "#1d3b52", "a": "#56b4e9", "b": "#ff9d5c",
    "c": "#35c79a", "d": "#e59cc4", "e": "#e6b84c", "f": "#d0d0d0",
}  # fmt: skip


COLOURS: Mapping[str, str] = _DAY
"""The colours by day."""


def _declared(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


_SCHEMES = f"""
:root {{ color-scheme: light dark; {_declared(_DAY)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_declared(_NIGHT)} }} }}
"""

_PICTURES = """
text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.axis { stroke: var(--soft); } .grid { stroke: var(--grid); }
.ref { fill: none; stroke: var(--text); stroke-width: 1.3; stroke-dasharray: 4 3; }
.line { fill: none; stroke-width: 2; } .whisker { stroke: var(--a); stroke-width: 2; } .dot { fill: var(--a); }
.bar { fill: var(--a); } .points { fill: none; stroke-width: 3; stroke-linecap: round; stroke-opacity: 0.55; }
.large { stroke-width: 7; stroke-opacity: 1; }
.band { fill: var(--band); stroke: none; }
.sa { stroke: var(--a); } .sb { stroke: var(--b); stroke-dasharray: 7 3; }
.sc { stroke: var(--c); stroke-dasharray: 2 3; } .sd { stroke: var(--d); stroke-dasharray: 9 3 2 3; }
.se { stroke: var(--e); stroke-dasharray: 4 2; }
.sf { stroke: var(--f); stroke-dasharray: 1 2; }
.counts { fill: var(--line); } .frame { fill: none; stroke: var(--line); } .strong { fill: var(--text); }
.ring { fill: none; stroke: var(--text); stroke-width: 1.5; }
.solid { stroke-dasharray: none; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
"""
"""What the elements of pictures look like."""

STYLE = (
    _SCHEMES
    + """\
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 0.5rem clamp(0.75rem, 3vw, 2rem) 3rem; }
header { padding: 1rem clamp(0.75rem, 3vw, 2rem) 0; max-width: 76rem; margin: 0 auto; }
main > h2:first-child { margin-top: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 0.75rem; } h3 { font-size: 1.05rem; margin: 1.5rem 0 0.5rem; }
h2, h3 { overflow-wrap: anywhere; }
p { margin: 0.5rem 0; }
.outcome { border-left: 0.35rem solid var(--soft); background: var(--head); padding: 0.6rem 1rem; font-size: 1.15rem;
  font-weight: 600; margin: 0.75rem 0; }
.outcome.good { border-color: var(--good); } .outcome.bad { border-color: var(--bad); }
pre { background: var(--head); padding: 0.6rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5rem 0; }
.wide { overflow-x: auto; margin: 0.75rem 0; }
:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--head); vertical-align: bottom; } tbody th { font-weight: 400; }
.w { white-space: nowrap; } .n { text-align: right; white-space: nowrap; } th.n { white-space: normal; }
.part { color: var(--soft); } th.part { padding-left: 2rem; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.note { color: var(--soft); overflow-wrap: anywhere; }
code, .hash { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); gap: 0.5rem 2rem; }
.pairs > * { min-width: 0; } .pairs > .note { margin-top: -0.5rem; }
.strips { width: 100%; } .strips th { overflow-wrap: break-word; }
.strips .broken { white-space: normal; } .strips .n span { white-space: nowrap; }
.strips td, .strips tbody th { padding-top: 0.1rem; padding-bottom: 0.1rem; vertical-align: middle; }
.strips .plot { width: 36%; min-width: 7.5rem; padding: 0 0.2rem; vertical-align: middle; }
.strips .short { white-space: nowrap; }
.strips thead .plot { vertical-align: bottom; font-weight: 400; }
.strips tbody tr:last-child > * { border-bottom: 0; }
.strips tfoot td { border: 0; }
.tables { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: flex-start; } .tables > * { max-width: 100%; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; min-width: 0; max-width: 34rem; break-inside: avoid; }
figcaption { font-weight: 600; overflow-wrap: anywhere; }
figcaption span, .legend { font-weight: 400; color: var(--soft); }
svg { display: block; overflow: visible; } figure > svg { width: 100%; height: auto; }
"""
    + _PICTURES.lstrip()
    + """\
.legend { list-style: none; padding: 0; margin: 0.25rem 0; font-size: 0.9rem; }
.legend svg { display: inline-block; width: 1.75rem; height: 0.75rem; margin-right: 0.4rem; }
.q1 { background: color-mix(in srgb, var(--a) 10%, var(--page)); }
.q2 { background: color-mix(in srgb, var(--a) 20%, var(--page)); }
.q3 { background: color-mix(in srgb, var(--a) 30%, var(--page)); }
.q4 { background: color-mix(in srgb, var(--a) 36%, var(--page)); }
.q5 { background: color-mix(in srgb, var(--a) 42%, var(--page)); }
.above { color: var(--soft); font-size: 0.8rem; margin: 0.25rem 0 0; }
figure > .note { font-size: 0.9rem; }
details { margin: 0.4rem 0; } summary { color: var(--soft); cursor: pointer; padding: 0.2rem 0; }
math { font-size: 1.15rem; margin: 0.35rem 0; } .formula { padding: 0.1rem 0 0.1rem 1rem; }
@media (max-width: 34rem) {
  th, td { padding: 0.3rem 0.4rem; } h1 { font-size: 1.4rem; }
  .strips .n, .strips .short { white-space: normal; } .strips .plot { width: 40%; min-width: 6rem; }
}
@media print {
  :root { color-scheme: light; --page: #ffffff; --text: #000000; --soft: #444444; --line: #999999; --head: #eeeeee;
    --good: #0b6b2b; --bad: #b00020; --grid: #dddddd; --band: #cfe3f2;
    --a: #0072b2; --b: #b34700; --c: #00805d; --d: #a3477f; --e: #8a6100; --f: #3d3d3d; }
  body { font-size: 10pt; print-color-adjust: exact; } main, header { max-width: none; padding: 0; }
  tr, p, li, pre, .strips { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  .wide { overflow: visible; } table { max-width: 100%; font-size: 8.5pt; }
  th, td { padding: 0.15rem 0.35rem; overflow-wrap: anywhere; } .n, .w { white-space: normal; }
  td.good, td.bad { white-space: nowrap; } math { font-size: 0.85rem; }
  .charts, .pairs { grid-template-columns: 1fr 1fr; gap: 0.5rem; } summary { display: none; }
}
"""
)


def drawing_style(by_night: bool) -> str:
    """The style of an SVG document: the colours themselves, as few programs but browsers know names of colours."""
    rules = f"{_PICTURES}.title {{ font-weight: 600; fill: var(--text); }}\n.page {{ fill: var(--page); }}\n"
    day, night = (_coloured(rules, colours) for colours in (_DAY, _NIGHT))
    return f"{day}@media (prefers-color-scheme: dark) {{{night}}}\n" if by_night else day


def _coloured(rules: str, colours: Mapping[str, str]) -> str:
    for name, colour in colours.items():
        rules = rules.replace(f"var(--{name})", colour)
    return rules
