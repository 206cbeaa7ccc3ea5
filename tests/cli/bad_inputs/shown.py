"""I: text from data that would act on a terminal, a build server, a spreadsheet or a page."""

from __future__ import annotations

import pyarrow as pa
from bad_inputs.case import PLAIN, Here, case

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

ATTACKS = {
    "colour": "a\x1b[31mred\x1b[0m", "title": "a\x1b]0;owned\x07", "link": "a\x1b]8;;http://x\x1b\\b", "clipboard":
    "a\x1b]52;c;ZWNobw==\x07", "c1": "a\x9b31mb", "return": "safe\rEVIL", "backspace": "a\b\b\bb", "bidi":
    "a\u202eb\u2066c", "invisible": "a\u200b\u2060b", "combining": "a" + "\u0301" * 500, "tab": "a\tb",
    "newline": "a\nb",
    "delete": "a\x7fb", "separator": "a\u2028b",
}
FORMATS = ("table", "plain", "csv", "markdown", "json", "jsonl")


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _attack(row: str, label: str, word: str) -> None:
    def sliced(here: Here, format_: str):
        return [here.file(f"y,p,g\n1,2,{_quoted(word)}\n"), *PLAIN[:-1], "--by", "g", "-f", format_]

    def as_name(here: Here, format_: str):
        return [here.file(f"y,{_quoted(word)}\n1,2\n"), "-t", "y", "-p", word, "-l", "mae", "-f", format_]

    def in_error(here: Here):
        return here.file(f"y,p\n1,{_quoted(word)}\n")

    def as_class(here: Here):
        return [here.file(f"y,p_a,p_b\n{_quoted(word)},0.5,0.5\n"), "-t", "y", "-p", "p_*", "-l", "cross_entropy"]

    def as_file(here: Here):
        return word.replace("/", "") + ".csv"

    def as_option(here: Here):
        return [here.file("y,p\n1,2\n"), "-t", word, "-p", "p", "-l", "mae"]

    def as_model(here: Here):
        return [here.file("y,p\n1,2\n"), "-t", "y", "-p", f"{word.replace('=', '')}=p", "-l", "mae"]

    for format_ in FORMATS:
        for make in (sliced, as_name) if word.startswith("a") else (sliced,):
            def formatted(here: Here, make=make, format_=format_):
                return make(here, format_)

            formatted.__name__ = f"{label}_{make.__name__}_{format_}"
            case(row)(formatted)
    for make, code in ((in_error, 3), (as_class, 3), (as_file, 4), (as_option, 3), (as_model, 0)):
        def said(here: Here, make=make):
            return make(here)

        said.__name__ = f"{label}_{make.__name__}"
        case(row, code)(said)


for _label, _word in ATTACKS.items():
    _attack("B151" if _label in ("colour", "title", "link", "clipboard", "c1") else "B153", _label, _word)


def _markup(word: str, number: int) -> None:
    for format_ in ("table", "plain"):
        def make(here: Here, format_: str = format_):
            return [here.file(f"y,p,g\n1,2,{_quoted(word)}\n"), *PLAIN[:-1], "--by", "g", "-f", format_]

        make.__name__ = f"markup_{number}_{format_}"
        case("B152", shows=(word,))(make)

    def refused(here: Here):
        return here.file(f"y,p\n1,{_quoted(word)}\n")

    refused.__name__ = f"markup_{number}_in_error"
    case("B152", 3, f"'{word}' is not a number")(refused)


for _number, _word in enumerate(("[red]", "[/x]", "[link=http://x]y[/link]", ":smile:", "[bold]x", "\\[x]", "{x}",
"%s", "[b")):
    _markup(_word, _number)

COMMANDS = {"error": "::error::x", "stop": " ::stop-commands::t", "hash": "a ##[error]b", "azure": "##vso[x]y",
            "newline": "a\n::error::x", "section": "section_start:1:x"}


def _command(label: str, word: str) -> None:
    def in_error(here: Here):
        here.patch.setenv("GITHUB_ACTIONS", "true")
        return here.file(f"y,p\n1,{_quoted(word)}\n")

    in_error.__name__ = f"command_{label}_in_error"
    case("B154", 3)(in_error)


for _label, _word in COMMANDS.items():
    _command(_label, _word)


@case("B155", shows=("<code>a&#124;b</code>", "<code>&#96;x&#96;</code>", "a\\nb"))
def markdown_cells(here: Here):
    words = ("a|b", "`x`", "<img onerror=alert(1)>", "a\nb", "**x**", "[x](javascript:y)")
    rows = "".join(f"1,2,{_quoted(word)}\n" for word in words)
    return [here.file(f"y,p,g\n{rows}"), *PLAIN[:-1], "--by", "g", "-f", "markdown"]


@case("B156", shows=("&lt;/script&gt;&lt;script&gt;", "Content-Security-Policy", "&quot;", "javascript:x"))
def html_cells(here: Here):
    words = ("</script><script>alert(1)</script>", "<img onerror=alert(1)>", '"', "'", "javascript:x")
    rows = "".join(f"1,2,{_quoted(word)}\n" for word in words)
    return [here.file(f"y,p,g\n{rows}"), *PLAIN[:-1], "--by", "g", "-f", "html"]


@case("B157", shows=("'=cmd|x", "'+1+1", "'@SUM"))
def formulas_in_csv(here: Here):
    rows = "".join(f"1,2,{_quoted(word)}\n" for word in ("=cmd|x", "+1+1", "@SUM(1)", "-2+3", "\t=1"))
    return [here.file(f"y,p,g\n{rows}"), *PLAIN[:-1], "--by", "g", "-f", "csv"]


@case("B158", shows=("\\u0001",))
def controls_in_json(here: Here):
    return [here.file("y,p,g\n1,2,a\x01b\n"), *PLAIN[:-1], "--by", "g", "-f", "json"]


@case("B158", 0, shows=('"path": "a\\\\udcffb.csv"',))
def lone_surrogates_in_json(here: Here):
    name = b"a\xffb.csv".decode("utf-8", "surrogateescape")
    return [here.file("y,p\n1,2\n", name), *PLAIN[:-1], "-f", "json"]


@case("B159", 3, "in: p.csv")
def raw_bytes_in_a_row(here: Here):
    return here.file(b"y,p\n1,2\n\x80\x81\x1b[31m\xff,3,4\n")


@case("B159", 3, "in: p.parquet")
def raw_bytes_in_a_type(here: Here):
    column = pa.array([{"\x1b[31mx": 1}])
    return here.parquet({"y": [1.0], "p": column})


@case("B160", 4, "refuses the connection", "in: http://127.0.0.1:1/p.csv\n")
def password_in_a_url(here: Here):
    return "http://user:secret@127.0.0.1:1/p.csv?token=abc"
